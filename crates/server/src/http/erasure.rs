//! Deleting one's account over HTTP.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use protocol::{DeleteAccount, Problem};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Bearer, Body, Limited};
use super::problem::Failure;
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(delete_account))
}

/// Delete one's account, for ever
///
/// Its sessions and API tokens end, and its profile, e-mail address, blocks and unsent files are erased. The username stays
/// taken, and shows as deleted. The answer comes once the account is closed; what it left in groups and messages is erased in
/// the moments after, also if the server is started anew meanwhile.
#[utoipa::path(
    delete, path = "/auth/account", tag = "accounts", security(("token" = [])), request_body = DeleteAccount,
    responses(
        (status = 204),
        (status = 401, body = Problem, description = "`credentials_invalid`: not the password of the account"),
        (status = 403, body = Problem, description = "`forbidden` with an API token"),
        (status = 409, body = Problem, description = "`last_admin`: nobody else could see to the server"),
        (status = 429, body = Problem, description = "`rate_limited`: too many wrong passwords"),
        (status = 503, body = Problem, description = "`overloaded`"),
    ),
)]
async fn delete_account(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Limited(address): Limited,
    Body(request): Body<DeleteAccount>,
) -> Result<StatusCode, Failure> {
    app.domain.erasures.delete_own(&caller, request, address).await?;
    Ok(StatusCode::NO_CONTENT)
}
