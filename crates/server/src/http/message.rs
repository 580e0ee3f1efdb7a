//! Sending messages over HTTP, for programs that hold no socket.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use domain::{Caller, Error};
use protocol::{Code, ConversationId, Message, Problem, SendMessage};
use tokio::sync::oneshot;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Bearer, Body, Segment};
use super::problem::Failure;
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(send)).routes(routes!(send_to_conversation))
}

/// Send a message
///
/// Answered once it is stored durably. The header `Idempotency-Key` is the `clientId`: a repeat answers 200
/// with the first message.
#[utoipa::path(
    post, path = "/api/messages", tag = "messages", security(("token" = [])), request_body = SendMessage,
    params(("Idempotency-Key" = Option<String>, Header, description = "The `clientId`")),
    responses(
        (status = 201, body = Message),
        (status = 200, body = Message, description = "It was stored before"),
        (status = 403, body = Problem, description = "`sender_mismatch`"),
        (status = 404, body = Problem, description = "`receiver_unknown`"),
        (status = 409, body = Problem, description = "`client_id_reused`"),
        (status = 413, body = Problem, description = "`text_too_long`"),
        (status = 422, body = Problem, description = "`text_empty`, `reply_unknown` or `invalid`"),
        (status = 429, body = Problem, description = "`rate_limited`"),
        (status = 503, body = Problem, description = "`store_unavailable`: nothing was stored"),
    ),
)]
async fn send(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    headers: HeaderMap,
    Body(request): Body<SendMessage>,
) -> Result<(StatusCode, Json<Message>), Failure> {
    submit(&app, &caller, &headers, request).await
}

/// Send a message to a conversation
///
/// As `POST /api/messages`.
#[utoipa::path(
    post, path = "/api/conversations/{id}/messages", tag = "messages", security(("token" = [])),
    request_body = SendMessage,
    params(
        ("id" = ConversationId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "The `clientId`"),
    ),
    responses((status = 201, body = Message), (status = 404, body = Problem)),
)]
async fn send_to_conversation(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment(id): Segment<ConversationId>,
    headers: HeaderMap,
    Body(request): Body<SendMessage>,
) -> Result<(StatusCode, Json<Message>), Failure> {
    if request.conversation_id.is_some_and(|named| named != id) {
        return Err(Error::invalid("conversationId", "The path names another conversation.").into());
    }
    submit(&app, &caller, &headers, SendMessage { conversation_id: Some(id), ..request }).await
}

async fn submit(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    mut request: SendMessage,
) -> Result<(StatusCode, Json<Message>), Failure> {
    if let Some(key) = headers.get("idempotency-key") {
        let key = key.to_str().map_err(|_| Error::invalid("Idempotency-Key", "Use ASCII characters."))?;
        if request.client_id.as_deref().is_some_and(|named| named != key) {
            return Err(Error::invalid("clientId", "It differs from the Idempotency-Key.").into());
        }
        request.client_id = Some(key.to_owned());
    }
    let (answer, answered) = oneshot::channel();
    app.domain.messages.send(caller, request, None, move |result| drop(answer.send(result))).await;
    let gone = || Error::new(Code::StoreUnavailable, "The server is stopping; try again.");
    let sent = answered.await.map_err(|_| gone())??;
    let status = if sent.duplicate { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(Arc::unwrap_or_clone(sent.message))))
}
