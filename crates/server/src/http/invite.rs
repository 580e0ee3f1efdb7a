//! Invites to the server over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::{Invite, NewInvite, Page, Problem};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::admin::AdminCaller;
use super::extract::{NextQuery, Optional, Parameters, Segment};
use super::problem::Failure;
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(remove))
}

/// Make an invite, with which people register where not everybody may
#[utoipa::path(
    post, path = "/admin/invites", operation_id = "create_invite", tag = "admin", security(("token" = [])),
    request_body = NewInvite,
    responses(
        (status = 201, body = Invite),
        (status = 403, body = Problem, description = "`forbidden`: not an admin, or an API token"),
        (status = 409, body = Problem, description = "`too_many_invitations`"),
        (status = 422, body = Problem, description = "`invalid`, with the field named"),
    ),
)]
async fn create(
    State(app): State<Arc<App>>,
    AdminCaller(admin): AdminCaller,
    Optional(request): Optional<NewInvite>,
) -> Result<(StatusCode, Json<Invite>), Failure> {
    Ok((StatusCode::CREATED, Json(app.domain.invites.create(&admin, request).await?)))
}

/// The invites to the server, the latest first, 100 in a page
///
/// Those that nobody can use any more are listed for a month.
#[utoipa::path(
    get, path = "/admin/invites", operation_id = "list_invites", tag = "admin", security(("token" = [])),
    params(NextQuery),
    responses(
        (status = 200, body = Page<Invite>),
        (status = 400, body = Problem, description = "`cursor_invalid`"),
        (status = 403, body = Problem, description = "`forbidden`: not an admin, or an API token"),
    ),
)]
async fn list(
    State(app): State<Arc<App>>,
    _: AdminCaller,
    Parameters(query): Parameters<NextQuery>,
) -> Result<Json<Page<Invite>>, Failure> {
    Ok(Json(app.domain.invites.list(query.next.as_deref()).await?))
}

/// Take an invite back
///
/// Who has registered with it stays.
#[utoipa::path(
    delete, path = "/admin/invites/{code}", operation_id = "remove_invite", tag = "admin", security(("token" = [])),
    params(("code" = String, Path)),
    responses(
        (status = 204),
        (status = 403, body = Problem, description = "`forbidden`: not an admin, or an API token"),
        (status = 404, body = Problem),
    ),
)]
async fn remove(
    State(app): State<Arc<App>>,
    AdminCaller(admin): AdminCaller,
    Segment(code): Segment<String>,
) -> Result<StatusCode, Failure> {
    app.domain.invites.remove(&admin, &code).await?;
    Ok(StatusCode::NO_CONTENT)
}
