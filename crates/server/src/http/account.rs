//! Accounts over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::{AuthSettings, Problem, Register, Registered, Resend, Verified, Verify};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Asking, Body, Limited};
use super::problem::Failure;
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(settings))
        .routes(routes!(register))
        .routes(routes!(verify))
        .routes(routes!(resend))
}

/// What a page must know before anybody has logged in
#[utoipa::path(
    get, path = "/auth/settings", operation_id = "get_auth_settings", tag = "accounts",
    responses((status = 200, body = AuthSettings)),
)]
async fn settings(State(app): State<Arc<App>>) -> Json<AuthSettings> {
    Json(app.domain.accounts.settings())
}

/// Register an account
///
/// Sends a one-time code, which `POST /auth/verify` takes.
#[utoipa::path(
    post, path = "/auth/register", tag = "accounts", request_body = Register,
    responses(
        (status = 201, body = Registered),
        (status = 403, body = Problem, description = "`registration_closed` or `invite_invalid`"),
        (status = 409, body = Problem, description = "`username_taken`"),
        (status = 422, body = Problem, description = "`invalid`, with the field named"),
        (status = 429, body = Problem, description = "`rate_limited`"),
    ),
)]
async fn register(
    State(app): State<Arc<App>>,
    Asking(asker): Asking,
    Body(request): Body<Register>,
) -> Result<(StatusCode, Json<Registered>), Failure> {
    let registered = app.domain.accounts.register(request, asker).await?;
    Ok((StatusCode::CREATED, Json(registered)))
}

/// Verify an account with its one-time code
#[utoipa::path(
    post, path = "/auth/verify", tag = "accounts", request_body = Verify,
    responses(
        (status = 200, body = Verified),
        (status = 400, body = Problem, description = "`otp_invalid`: wrong, expired or used"),
        (status = 429, body = Problem, description = "`otp_locked`: ask for a new code"),
    ),
)]
async fn verify(
    State(app): State<Arc<App>>,
    Limited(address): Limited,
    Body(Verify { username, otp }): Body<Verify>,
) -> Result<Json<Verified>, Failure> {
    let user = app.domain.accounts.verify(&username, &otp, address).await?;
    Ok(Json(Verified { user }))
}

/// Ask for a new one-time code
///
/// Answers alike whether or not there is such an account. Codes that other addresses asked for stay good.
#[utoipa::path(post, path = "/auth/resend", tag = "accounts", request_body = Resend, responses((status = 202)))]
async fn resend(
    State(app): State<Arc<App>>,
    Asking(asker): Asking,
    Body(request): Body<Resend>,
) -> Result<StatusCode, Failure> {
    app.domain.accounts.resend(&request.username, asker).await?;
    Ok(StatusCode::ACCEPTED)
}
