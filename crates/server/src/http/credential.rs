//! Passwords and e-mail addresses over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::{ChangeEmail, ChangePassword, Forgot, Problem, Reset, Verified, VerifyEmail};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Asking, Bearer, Body};
use super::problem::Failure;
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(change_password))
        .routes(routes!(forgot))
        .routes(routes!(reset))
        .routes(routes!(change_email))
        .routes(routes!(verify_email))
}

/// Change one's password
///
/// Ends all other sessions of the account. API tokens stay.
#[utoipa::path(
    post, path = "/auth/password", tag = "accounts", request_body = ChangePassword, security(("token" = [])),
    responses(
        (status = 204),
        (status = 401, body = Problem, description = "`credentials_invalid`: the password is wrong"),
        (status = 403, body = Problem, description = "`forbidden` with an API token"),
        (status = 422, body = Problem, description = "`invalid`: the new password is too short or used by many"),
        (status = 429, body = Problem, description = "`rate_limited`"),
    ),
)]
async fn change_password(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Asking(asker): Asking,
    Body(request): Body<ChangePassword>,
) -> Result<StatusCode, Failure> {
    app.domain.credentials.change_password(&caller, request, asker).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask for a code to set a new password
///
/// Takes a username or an e-mail address. Answers alike, and as fast, whether or not there is such an account.
#[utoipa::path(
    post, path = "/auth/forgot", tag = "accounts", request_body = Forgot,
    responses(
        (status = 202),
        (status = 422, body = Problem, description = "`invalid`: neither of the two, or both"),
        (status = 429, body = Problem, description = "`rate_limited`"),
    ),
)]
async fn forgot(
    State(app): State<Arc<App>>,
    Asking(asker): Asking,
    Body(request): Body<Forgot>,
) -> Result<StatusCode, Failure> {
    app.domain.credentials.forgot(request, asker).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Set a new password with a code
///
/// Ends all sessions of the account. API tokens stay.
#[utoipa::path(
    post, path = "/auth/reset", tag = "accounts", request_body = Reset,
    responses(
        (status = 204),
        (status = 400, body = Problem, description = "`otp_invalid`: wrong, expired or used"),
        (status = 422, body = Problem, description = "`invalid`: the new password is too short or used by many"),
        (status = 429, body = Problem, description = "`otp_locked`: ask for a new code"),
    ),
)]
async fn reset(
    State(app): State<Arc<App>>,
    Asking(asker): Asking,
    Body(request): Body<Reset>,
) -> Result<StatusCode, Failure> {
    app.domain.credentials.reset(request, asker).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask for a code to change one's e-mail address
///
/// The code goes to the new address, and the old one is told.
#[utoipa::path(
    post, path = "/auth/email", tag = "accounts", request_body = ChangeEmail, security(("token" = [])),
    responses(
        (status = 202),
        (status = 401, body = Problem, description = "`credentials_invalid`: the password is wrong"),
        (status = 403, body = Problem, description = "`forbidden` with an API token"),
        (status = 422, body = Problem, description = "`invalid`: not an e-mail address"),
        (status = 429, body = Problem, description = "`rate_limited`"),
    ),
)]
async fn change_email(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Asking(asker): Asking,
    Body(request): Body<ChangeEmail>,
) -> Result<StatusCode, Failure> {
    app.domain.credentials.change_email(&caller, request, asker).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Change one's e-mail address with the code that was sent to it
#[utoipa::path(
    post, path = "/auth/email/verify", tag = "accounts", request_body = VerifyEmail, security(("token" = [])),
    responses(
        (status = 200, body = Verified),
        (status = 400, body = Problem, description = "`otp_invalid`: wrong, expired or used"),
        (status = 403, body = Problem, description = "`forbidden` with an API token"),
        (status = 429, body = Problem, description = "`otp_locked`: ask for a new code"),
    ),
)]
async fn verify_email(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Asking(asker): Asking,
    Body(VerifyEmail { otp }): Body<VerifyEmail>,
) -> Result<Json<Verified>, Failure> {
    let user = app.domain.credentials.verify_email(&caller, &otp, asker).await?;
    Ok(Json(Verified { user }))
}
