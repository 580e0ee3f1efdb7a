//! Receipts over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use domain::Error;
use protocol::{Code, ConversationId, Cursors, MoveCursors, Problem, Reached};
use tokio::sync::oneshot;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Bearer, Body, Segment};
use super::problem::Failure;
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(advance))
}

/// Move one's own cursors forward
///
/// They never go back and stop at the conversation's head. Answered once they are stored.
#[utoipa::path(
    post, path = "/api/conversations/{id}/receipt", operation_id = "move_cursors", tag = "conversations",
    security(("token" = [])),
    params(("id" = ConversationId, Path)), request_body = Reached,
    responses((status = 200, body = Cursors), (status = 404, body = Problem)),
)]
async fn advance(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment(conversation_id): Segment<ConversationId>,
    Body(Reached { delivered_seq, read_seq }): Body<Reached>,
) -> Result<Json<Cursors>, Failure> {
    let (answer, answered) = oneshot::channel();
    let request = MoveCursors { conversation_id, delivered_seq, read_seq };
    app.domain.receipts.advance_to(&caller, request, move |result| drop(answer.send(result))).await;
    let stopping = || Error::new(Code::StoreUnavailable, "The server is stopping; try again.");
    Ok(Json(answered.await.map_err(|_| stopping())??))
}
