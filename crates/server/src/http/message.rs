//! Sending and changing messages over HTTP, for programs that hold no socket.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use domain::{Caller, Error, Sending};
use protocol::{
    ChangeMessage, ConversationId, DeleteMessage, EditMessage, Message, MessageId, Problem, SendMessage,
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Bearer, Body, Segment};
use super::problem::Failure;
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(send))
        .routes(routes!(send_to_conversation))
        .routes(routes!(edit, delete))
}

/// Send a message
///
/// Answered once it is stored durably. The header `Idempotency-Key` is the `clientId`: a repeat answers 200
/// with the first message.
#[utoipa::path(
    post, path = "/api/messages", operation_id = "send_message", tag = "messages",
    security(("token" = [])), request_body = SendMessage,
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
    responses(
        (status = 201, body = Message),
        (status = 200, body = Message, description = "It was stored before"),
        (status = 404, body = Problem),
    ),
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
    let sent = app.domain.messages.send(caller, request, None).await?.stored().await?;
    let status = if sent.duplicate { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(Arc::unwrap_or_clone(sent.message))))
}

/// Change the text of a message of one's own
///
/// Answered once it is stored durably.
#[utoipa::path(
    patch, path = "/api/conversations/{id}/messages/{messageId}", operation_id = "edit_message", tag = "messages",
    security(("token" = [])),
    params(("id" = ConversationId, Path), ("messageId" = MessageId, Path)), request_body = ChangeMessage,
    responses(
        (status = 200, body = Message),
        (status = 403, body = Problem, description = "`forbidden`: it is somebody else's"),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "`message_deleted`"),
        (status = 413, body = Problem, description = "`text_too_long`"),
        (status = 422, body = Problem, description = "`text_empty`"),
        (status = 429, body = Problem, description = "`rate_limited`"),
    ),
)]
async fn edit(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment((conversation_id, id)): Segment<(ConversationId, MessageId)>,
    Body(ChangeMessage { text }): Body<ChangeMessage>,
) -> Result<Json<Message>, Failure> {
    let request = EditMessage { conversation_id, id, text };
    changed(app.domain.messages.edit(&caller, request, None).await?).await
}

/// Delete a message of one's own, or of a group that one leads, for everyone
///
/// Answered, with what is left of it, once that is stored durably.
#[utoipa::path(
    delete, path = "/api/conversations/{id}/messages/{messageId}", operation_id = "delete_message", tag = "messages",
    security(("token" = [])),
    params(("id" = ConversationId, Path), ("messageId" = MessageId, Path)),
    responses(
        (status = 200, body = Message),
        (status = 403, body = Problem, description = "`forbidden`: it is somebody else's, in no group that the caller leads"),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "`message_deleted`"),
        (status = 429, body = Problem, description = "`rate_limited`"),
    ),
)]
async fn delete(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment((conversation_id, id)): Segment<(ConversationId, MessageId)>,
) -> Result<Json<Message>, Failure> {
    let request = DeleteMessage { conversation_id, id };
    changed(app.domain.messages.delete(&caller, request, None).await?).await
}

pub(super) async fn changed(sending: Sending) -> Result<Json<Message>, Failure> {
    Ok(Json(Arc::unwrap_or_clone(sending.stored().await?.message)))
}
