//! API tokens over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::{ApiToken, NewApiToken, Problem, SessionId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Bearer, Body, Segment};
use super::problem::Failure;
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(end))
}

/// Make an API token, with which a program is this account
///
/// The token is shown in this answer and never again. It is used as an access token is, and lives until it is ended
/// or expires. It may do everything but what concerns the account itself: that needs a login.
#[utoipa::path(
    post, path = "/auth/tokens", operation_id = "create_api_token", tag = "sessions", security(("token" = [])),
    request_body = NewApiToken,
    responses(
        (status = 201, body = ApiToken),
        (status = 403, body = Problem, description = "`forbidden` with an API token"),
        (status = 409, body = Problem, description = "`too_many_tokens`"),
        (status = 422, body = Problem, description = "`invalid`, with the field named"),
    ),
)]
async fn create(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Body(request): Body<NewApiToken>,
) -> Result<(StatusCode, Json<ApiToken>), Failure> {
    let token = app.domain.api_tokens.create(&caller, request).await?;
    Ok((StatusCode::CREATED, Json(token)))
}

/// One's own API tokens, the latest first
#[utoipa::path(
    get, path = "/auth/tokens", operation_id = "list_api_tokens", tag = "sessions", security(("token" = [])),
    responses(
        (status = 200, body = Vec<ApiToken>),
        (status = 403, body = Problem, description = "`forbidden` with an API token"),
    ),
)]
async fn list(State(app): State<Arc<App>>, Bearer(caller): Bearer) -> Result<Json<Vec<ApiToken>>, Failure> {
    Ok(Json(app.domain.api_tokens.list(&caller).await?))
}

/// End one of one's own API tokens and cut its sockets
#[utoipa::path(
    delete, path = "/auth/tokens/{id}", operation_id = "end_api_token", tag = "sessions", security(("token" = [])),
    params(("id" = SessionId, Path)),
    responses(
        (status = 204),
        (status = 403, body = Problem, description = "`forbidden` with an API token"),
        (status = 404, body = Problem),
    ),
)]
async fn end(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment(id): Segment<SessionId>,
) -> Result<StatusCode, Failure> {
    app.domain.api_tokens.end(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
