//! Sessions over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::{LoggedIn, Login, Problem, Refresh, Session, SessionId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Bearer, Body, Limited, Segment};
use super::problem::Failure;
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(login))
        .routes(routes!(refresh))
        .routes(routes!(logout))
        .routes(routes!(list))
        .routes(routes!(end))
        .routes(routes!(jwks))
}

/// Log in
///
/// An unknown user and a wrong password are answered alike, and take as long.
#[utoipa::path(
    post, path = "/auth/login", tag = "sessions", request_body = Login,
    responses(
        (status = 200, body = LoggedIn),
        (status = 401, body = Problem, description = "`credentials_invalid`"),
        (status = 403, body = Problem, description = "`not_verified` or `account_disabled`, only after a right password"),
        (status = 429, body = Problem, description = "`rate_limited`"),
        (status = 503, body = Problem, description = "`overloaded`"),
    ),
)]
async fn login(
    State(app): State<Arc<App>>,
    Limited(address): Limited,
    Body(request): Body<Login>,
) -> Result<Json<LoggedIn>, Failure> {
    Ok(Json(app.domain.sessions.login(request, address).await?))
}

/// Exchange a refresh token for the next pair of tokens
///
/// Each refresh token works once. The one used last is answered again with the same successor for a minute,
/// while that was not used; any other second use ends its session.
#[utoipa::path(
    post, path = "/auth/refresh", tag = "sessions", request_body = Refresh,
    responses(
        (status = 200, body = LoggedIn),
        (status = 401, body = Problem, description = "`refresh_invalid`"),
        (status = 429, body = Problem, description = "`rate_limited`"),
    ),
)]
async fn refresh(
    State(app): State<Arc<App>>,
    Body(request): Body<Refresh>,
) -> Result<Json<LoggedIn>, Failure> {
    Ok(Json(app.domain.sessions.refresh(&request.refresh_token).await?))
}

/// End the session of the token and cut its sockets
#[utoipa::path(
    post, path = "/auth/logout", tag = "sessions", security(("token" = [])),
    responses((status = 204), (status = 403, body = Problem, description = "`forbidden` with an API token")),
)]
async fn logout(State(app): State<Arc<App>>, Bearer(caller): Bearer) -> Result<StatusCode, Failure> {
    app.domain.sessions.end(&caller, caller.session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One's own sessions, the latest first
#[utoipa::path(
    get, path = "/auth/sessions", operation_id = "list_sessions", tag = "sessions", security(("token" = [])),
    responses(
        (status = 200, body = Vec<Session>),
        (status = 403, body = Problem, description = "`forbidden` with an API token"),
    ),
)]
async fn list(State(app): State<Arc<App>>, Bearer(caller): Bearer) -> Result<Json<Vec<Session>>, Failure> {
    Ok(Json(app.domain.sessions.list(&caller).await?))
}

/// End one of one's own sessions and cut its sockets
#[utoipa::path(
    delete, path = "/auth/sessions/{id}", operation_id = "end_session", tag = "sessions", security(("token" = [])),
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
    app.domain.sessions.end(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The public keys of the access tokens (RFC 7517)
#[utoipa::path(
    get, path = "/.well-known/jwks.json", operation_id = "get_keys", tag = "sessions",
    responses((status = 200, body = serde_json::Value)),
)]
async fn jwks(State(app): State<Arc<App>>) -> Json<domain::Jwks> {
    Json(app.domain.sessions.jwks())
}
