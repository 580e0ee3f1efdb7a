//! Invitations over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::{Conversation, ConversationId, Invitation, Invitee, Page, Problem};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Bearer, NextQuery, Parameters, Segment};
use super::problem::Failure;
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(accept, decline)).routes(routes!(of_group))
}

/// The invitations that wait for the caller, the latest first, 200 in a page
///
/// The event `invitation` tells when one comes or ends.
#[utoipa::path(
    get, path = "/api/invitations", operation_id = "list_invitations", tag = "conversations",
    security(("token" = [])), params(NextQuery),
    responses((status = 200, body = Page<Invitation>), (status = 400, body = Problem, description = "`cursor_invalid`")),
)]
async fn list(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Parameters(query): Parameters<NextQuery>,
) -> Result<Json<Page<Invitation>>, Failure> {
    Ok(Json(app.domain.invitations.list(&caller, query.next.as_deref()).await?))
}

/// Accept an invitation
///
/// The caller becomes a member, which is a change of the group like any other. The same again answers with the group.
#[utoipa::path(
    post, path = "/api/invitations/{id}", operation_id = "accept_invitation", tag = "conversations",
    security(("token" = [])),
    params(("id" = ConversationId, Path)),
    responses(
        (status = 200, body = Conversation),
        (status = 404, body = Problem, description = "It was declined or taken back, or never was"),
        (status = 409, body = Problem, description = "`group_full`"),
        (status = 429, body = Problem, description = "`rate_limited`: it counts as a message"),
    ),
)]
async fn accept(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment(id): Segment<ConversationId>,
) -> Result<Json<Conversation>, Failure> {
    Ok(Json(app.domain.invitations.accept(&caller, id).await?))
}

/// Decline an invitation
///
/// For seven days the group cannot ask again. Neither can an inviter of whom the caller declines three.
#[utoipa::path(
    delete, path = "/api/invitations/{id}", operation_id = "decline_invitation", tag = "conversations",
    security(("token" = [])),
    params(("id" = ConversationId, Path)),
    responses(
        (status = 204),
        (status = 404, body = Problem),
        (status = 429, body = Problem, description = "`rate_limited`: it counts as a message"),
    ),
)]
async fn decline(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment(id): Segment<ConversationId>,
) -> Result<StatusCode, Failure> {
    app.domain.invitations.decline(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whom a group has invited, for its owner and admins, 200 in a page
///
/// An invitation is taken back as a member is taken out.
#[utoipa::path(
    get, path = "/api/conversations/{id}/invitations", operation_id = "list_invited", tag = "conversations",
    security(("token" = [])),
    params(("id" = ConversationId, Path), NextQuery),
    responses(
        (status = 200, body = Page<Invitee>),
        (status = 400, body = Problem, description = "`cursor_invalid`"),
        (status = 403, body = Problem, description = "`forbidden`"),
        (status = 404, body = Problem),
    ),
)]
async fn of_group(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment(id): Segment<ConversationId>,
    Parameters(query): Parameters<NextQuery>,
) -> Result<Json<Page<Invitee>>, Failure> {
    Ok(Json(app.domain.invitations.of_group(&caller, id, query.next.as_deref()).await?))
}
