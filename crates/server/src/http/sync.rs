//! Catching up over HTTP: the events of `sync` as a list.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use protocol::{Problem, SyncPage};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Bearer, Parameters};
use super::problem::Failure;
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(sync))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SyncQuery {
    /// The `cursor` of the page before, or one that a socket was given. Left out: from now on.
    cursor: Option<String>,
    /// At most so many events: 1 to 1,000, default 200.
    limit: Option<u32>,
}

/// What came after a cursor
///
/// The events that a socket would have been sent, in their order, and a cursor to go on from; without a cursor, one
/// that stands for now, and no events. Nothing counts as delivered by it: `receipt` says that.
#[utoipa::path(
    get, path = "/api/sync", tag = "messages", security(("token" = [])), params(SyncQuery),
    responses(
        (status = 200, body = SyncPage),
        (status = 400, body = Problem, description = "`cursor_invalid`"),
        (status = 422, body = Problem, description = "`invalid`, with the field named"),
    ),
)]
async fn sync(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Parameters(SyncQuery { cursor, limit }): Parameters<SyncQuery>,
) -> Result<Json<SyncPage>, Failure> {
    let syncs = &app.domain.syncs;
    let mut reader = syncs.reader_after(caller.person.id, cursor.as_deref(), limit).await?;
    let mut events = Vec::new();
    while let Some(page) = syncs.page(&mut reader).await? {
        for delivery in page.deliveries {
            events.extend(syncs.event(&caller, delivery).await?);
        }
    }
    Ok(Json(SyncPage { events, cursor: syncs.cursor(reader.reached()), more: !reader.is_done() }))
}
