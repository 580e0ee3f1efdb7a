//! A copy of what the server has for a person, over HTTP.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, Response};
use axum::response::IntoResponse;
use axum::routing::get;
use bytes::{Bytes, BytesMut};
use domain::Export;
use futures_util::{Stream, stream};
use protocol::{Problem, Timestamp};
use tokio::io::AsyncReadExt;
use tokio::task::JoinHandle;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Bearer, Segment};
use super::problem::Failure;
use crate::app::App;
use crate::zip;

/// Bytes of an archive that wait to be sent.
const WAITING: usize = 64 << 10;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(export))
}

/// Everything that the server has for one, as a ZIP archive
///
/// The profile, the sessions, the API tokens without their secrets, the blocks and the conversations as JSON, each message that
/// one may see on a line of its own (`messages/<id>.jsonl`), and the files (`files/`): what one uploaded and what is in those
/// messages. Once an hour. It ends early, without its directory, if the session ends meanwhile.
#[utoipa::path(
    get, path = "/auth/export", operation_id = "export_account", tag = "accounts", security(("token" = [])),
    responses(
        (status = 200, body = String, content_type = "application/zip"),
        (status = 403, body = Problem, description = "`forbidden` with an API token"),
        (status = 429, body = Problem, description = "`rate_limited`"),
    ),
)]
async fn export(State(app): State<Arc<App>>, Bearer(caller): Bearer) -> Result<Response<Body>, Failure> {
    Ok(answer(&app, app.domain.exports.own(&caller).await?))
}

/// The same of anybody, for the command line alone: admins read nobody's messages.
pub(super) fn of_anybody() -> Router<Arc<App>> {
    Router::new().route("/admin/users/{username}/export", get(export_of))
}

async fn export_of(
    State(app): State<Arc<App>>,
    Segment(username): Segment<String>,
) -> Result<Response<Body>, Failure> {
    Ok(answer(&app, app.domain.exports.of(&username).await?))
}

fn answer(app: &App, export: Export) -> Response<Body> {
    let now = app.clock.now();
    let (username, day) = (export.username(), now.to_string());
    let day = day.split('T').next().unwrap_or_default();
    let named = format!("attachment; filename=\"aldis-{username}-{day}.zip\"");
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/zip")),
        (CONTENT_DISPOSITION, HeaderValue::from_str(&named).expect("a username is printable ASCII")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, Body::from_stream(archive(export, now))).into_response()
}

/// The bytes of the archive, as fast as they are taken. If they are taken no more, the export ends.
fn archive(export: Export, at: Timestamp) -> impl Stream<Item = io::Result<Bytes>> {
    let (mut writes, reads) = tokio::io::duplex(WAITING);
    let writing = tokio::spawn(async move { zip::write(export, at, &mut writes).await });
    stream::try_unfold((reads, writing), async |(mut reads, writing)| {
        let mut bytes = BytesMut::with_capacity(WAITING);
        if reads.read_buf(&mut bytes).await? > 0 {
            return Ok(Some((bytes.freeze(), (reads, writing))));
        }
        whole(writing).await.map(|()| None)
    })
}

/// Fails if the archive is not whole, so that the answer breaks off instead of ending.
async fn whole(writing: JoinHandle<Result<(), zip::Fault>>) -> io::Result<()> {
    match writing.await.map_err(io::Error::other)? {
        Ok(()) => Ok(()),
        Err(fault) => {
            tracing::warn!(%fault, "an export ended early");
            Err(io::Error::other(fault))
        }
    }
}
