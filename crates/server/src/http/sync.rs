//! Catching up over HTTP: the events of `sync` as a list.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use domain::store::{EntryKind, Since, UserId};
use domain::{Caught, Error};
use protocol::{Problem, SyncEvent, SyncPage, limit};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Bearer, Parameters};
use super::problem::Failure;
use crate::app::App;
use crate::socket::{EMPTY, is_outdated};

/// Bytes of text after which a page is full.
const BYTES: usize = 1 << 20;

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
    let limit = limit.unwrap_or(limit::SYNC_PAGE_DEFAULT);
    if !limit::SYNC_PAGE.contains(&limit) {
        return Err(Error::invalid("limit", "A page has 1 to 1,000 events.").into());
    }
    let upto = app.domain.syncs.position();
    let Some(cursor) = cursor else {
        return Ok(Json(SyncPage { events: Vec::new(), cursor: app.domain.syncs.cursor(upto), more: false }));
    };
    let since = app.domain.syncs.resume(&cursor)?;
    let user = caller.person.id;
    let mut reader = app.domain.syncs.reader(user, Since::Position(since), upto).await?;
    let (mut events, mut bytes, mut left, mut empty) = (Vec::new(), 0, limit as usize, 0);
    while left > 0 && bytes < BYTES && empty < EMPTY && !reader.is_done() {
        let entries = reader.next(left.min(64)).await?;
        left -= entries.len();
        empty += usize::from(entries.is_empty());
        for (index, caught) in entries.iter().enumerate() {
            bytes += caught.message.as_ref().map_or(0, |message| message.text.len());
            if !is_outdated(caught, &entries[index + 1..]) {
                events.extend(event(&app, user, caught).await?);
            }
        }
    }
    let cursor = app.domain.syncs.cursor(reader.reached());
    Ok(Json(SyncPage { events, cursor, more: !reader.is_done() }))
}

/// The event that tells an entry; none if the reader has left its conversation meanwhile.
async fn event(app: &App, user: UserId, caught: &Caught) -> Result<Option<SyncEvent>, Error> {
    let Some(message) = caught.message.clone() else {
        let view = app.domain.conversations.view(user, caught.conversation).await?;
        return Ok(view.map(SyncEvent::Conversation));
    };
    Ok(Some(match caught.kind {
        EntryKind::Message => SyncEvent::Message(message),
        EntryKind::Edit | EntryKind::Delete | EntryKind::Reaction | EntryKind::Conversation => {
            SyncEvent::MessageUpdated(message)
        }
    }))
}
