//! Reactions over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use domain::Caller;
use protocol::{ConversationId, Message, MessageId, Page, Problem, ReactToMessage, Reaction};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Bearer, NextQuery, Parameters, Segment};
use super::message::changed;
use super::problem::Failure;
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(react, take_back))
}

/// Who reacted to a message
///
/// By emoji, and of one emoji the oldest first; 200 in a page. The message itself names the first 20 of each.
#[utoipa::path(
    get, path = "/api/conversations/{id}/messages/{messageId}/reactions",
    operation_id = "list_reactions", tag = "messages",
    security(("token" = [])),
    params(("id" = ConversationId, Path), ("messageId" = MessageId, Path), NextQuery),
    responses(
        (status = 200, body = Page<Reaction>),
        (status = 400, body = Problem, description = "`cursor_invalid`"),
        (status = 404, body = Problem),
    ),
)]
async fn list(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment((conversation, message)): Segment<(ConversationId, MessageId)>,
    Parameters(query): Parameters<NextQuery>,
) -> Result<Json<Page<Reaction>>, Failure> {
    Ok(Json(app.domain.reactions.list(&caller, conversation, message, query.next.as_deref()).await?))
}

/// React to a message with an emoji
///
/// Once more is as good as once.
#[utoipa::path(
    put, path = "/api/conversations/{id}/messages/{messageId}/reactions/{emoji}",
    operation_id = "add_reaction", tag = "messages",
    security(("token" = [])),
    params(("id" = ConversationId, Path), ("messageId" = MessageId, Path), ("emoji" = String, Path)),
    responses(
        (status = 200, body = Message),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "`message_deleted`"),
        (status = 422, body = Problem, description = "`invalid`: no emoji, or the message has too many"),
        (status = 429, body = Problem, description = "`rate_limited`"),
    ),
)]
async fn react(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment(place): Segment<(ConversationId, MessageId, String)>,
) -> Result<Json<Message>, Failure> {
    set_reaction(&app, &caller, place, true).await
}

/// Take a reaction back
///
/// Also where there is none.
#[utoipa::path(
    delete, path = "/api/conversations/{id}/messages/{messageId}/reactions/{emoji}",
    operation_id = "remove_reaction", tag = "messages",
    security(("token" = [])),
    params(("id" = ConversationId, Path), ("messageId" = MessageId, Path), ("emoji" = String, Path)),
    responses(
        (status = 200, body = Message),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "`message_deleted`"),
        (status = 422, body = Problem, description = "`invalid`: no emoji"),
        (status = 429, body = Problem, description = "`rate_limited`"),
    ),
)]
async fn take_back(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment(place): Segment<(ConversationId, MessageId, String)>,
) -> Result<Json<Message>, Failure> {
    set_reaction(&app, &caller, place, false).await
}

async fn set_reaction(
    app: &App,
    caller: &Caller,
    (conversation_id, id, emoji): (ConversationId, MessageId, String),
    on: bool,
) -> Result<Json<Message>, Failure> {
    let request = ReactToMessage { conversation_id, id, emoji, on };
    changed(app.domain.messages.react(caller, request, None).await?).await
}
