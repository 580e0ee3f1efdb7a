//! Groups over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use protocol::{
    ChangeConversation, Conversation, ConversationId, Member, NewGroup, Page, Problem, PutMember,
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Bearer, Body, NextQuery, Optional, Parameters, Segment};
use super::problem::Failure;
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(get, change, leave))
        .routes(routes!(list_members))
        .routes(routes!(put_member, remove_member))
}

/// Begin a group
///
/// The caller is its owner. Its members are told with the event `conversation`. Whoever does not let the caller add them
/// is invited instead; `invited` in the answer names them.
#[utoipa::path(
    post, path = "/api/conversations", operation_id = "create_group", tag = "conversations",
    security(("token" = [])), request_body = NewGroup,
    responses(
        (status = 201, body = Conversation),
        (status = 403, body = Problem, description = "`forbidden`: somebody has blocked the caller"),
        (status = 404, body = Problem, description = "`receiver_unknown`"),
        (status = 409, body = Problem, description = "`too_many_invitations` or `invitation_declined`"),
        (status = 422, body = Problem, description = "`invalid`, with the field named"),
    ),
)]
async fn create(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Body(request): Body<NewGroup>,
) -> Result<(StatusCode, Json<Conversation>), Failure> {
    Ok((StatusCode::CREATED, Json(app.domain.groups.create(&caller, request).await?)))
}

/// A conversation
#[utoipa::path(
    get, path = "/api/conversations/{id}", operation_id = "get_conversation", tag = "conversations",
    security(("token" = [])),
    params(("id" = ConversationId, Path)),
    responses((status = 200, body = Conversation), (status = 404, body = Problem)),
)]
async fn get(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment(id): Segment<ConversationId>,
) -> Result<Json<Conversation>, Failure> {
    Ok(Json(app.domain.conversations.get(&caller, id).await?))
}

/// Change a conversation
///
/// `muted` is the caller's own; a group's `title` and `history` are changed by its owner and admins.
#[utoipa::path(
    patch, path = "/api/conversations/{id}", operation_id = "change_conversation", tag = "conversations",
    security(("token" = [])),
    params(("id" = ConversationId, Path)), request_body = ChangeConversation,
    responses(
        (status = 200, body = Conversation),
        (status = 403, body = Problem, description = "`forbidden`"),
        (status = 404, body = Problem),
        (status = 422, body = Problem, description = "`invalid`, with the field named"),
    ),
)]
async fn change(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment(id): Segment<ConversationId>,
    Body(request): Body<ChangeConversation>,
) -> Result<Json<Conversation>, Failure> {
    Ok(Json(app.domain.groups.change(&caller, id, request).await?))
}

/// Leave a group
///
/// The owner of a group with other members hands it on first.
#[utoipa::path(
    delete, path = "/api/conversations/{id}", operation_id = "leave_conversation", tag = "conversations",
    security(("token" = [])),
    params(("id" = ConversationId, Path)),
    responses(
        (status = 204),
        (status = 403, body = Problem, description = "`forbidden`: a direct conversation cannot be left"),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "`owner_leaves`"),
    ),
)]
async fn leave(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment(id): Segment<ConversationId>,
) -> Result<StatusCode, Failure> {
    app.domain.groups.leave(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The members of a conversation
///
/// Those who lead come first; 200 in a page. The conversation itself shows all of up to 100.
#[utoipa::path(
    get, path = "/api/conversations/{id}/members", tag = "conversations", security(("token" = [])),
    params(("id" = ConversationId, Path), NextQuery),
    responses(
        (status = 200, body = Page<Member>),
        (status = 400, body = Problem, description = "`cursor_invalid`"),
        (status = 404, body = Problem),
    ),
)]
async fn list_members(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment(id): Segment<ConversationId>,
    Parameters(query): Parameters<NextQuery>,
) -> Result<Json<Page<Member>>, Failure> {
    Ok(Json(app.domain.conversations.members(&caller, id, query.next.as_deref()).await?))
}

/// Add a member, or give one another role
///
/// The owner and admins add members; only the owner gives roles. Who gives `owner` away becomes an admin. Whoever does
/// not let the caller add them is invited instead, to be a member; `invited` in the answer names them.
#[utoipa::path(
    put, path = "/api/conversations/{id}/members/{username}", tag = "conversations", security(("token" = [])),
    params(("id" = ConversationId, Path), ("username" = String, Path)), request_body = PutMember,
    responses(
        (status = 200, body = Conversation),
        (status = 403, body = Problem, description = "`forbidden`"),
        (status = 404, body = Problem, description = "`not_found` or `receiver_unknown`"),
        (
            status = 409, body = Problem,
            description = "`group_full`, `owner_leaves`, `too_many_invitations` or `invitation_declined`",
        ),
    ),
)]
async fn put_member(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment((id, username)): Segment<(ConversationId, String)>,
    Optional(request): Optional<PutMember>,
) -> Result<Json<Conversation>, Failure> {
    Ok(Json(app.domain.groups.put_member(&caller, id, &username, request).await?))
}

/// Take a member out, or take an invitation back
///
/// 204 if that is the caller, who leaves by it.
#[utoipa::path(
    delete, path = "/api/conversations/{id}/members/{username}", tag = "conversations", security(("token" = [])),
    params(("id" = ConversationId, Path), ("username" = String, Path)),
    responses(
        (status = 200, body = Conversation),
        (status = 204, description = "The caller has left"),
        (status = 403, body = Problem, description = "`forbidden`"),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "`owner_leaves`"),
    ),
)]
async fn remove_member(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment((id, username)): Segment<(ConversationId, String)>,
) -> Result<Response, Failure> {
    Ok(match app.domain.groups.remove_member(&caller, id, &username).await? {
        Some(conversation) => Json(conversation).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}
