//! Users over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use protocol::{ChangeMe, Page, Problem, User};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Bearer, Body, Parameters, Segment};
use super::problem::Failure;
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(find)).routes(routes!(me, change_me)).routes(routes!(user))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct FindQuery {
    /// At least two characters.
    query: Option<String>,
    /// The `next` of the page before.
    next: Option<String>,
}

/// Find people by the beginning of a name
///
/// People whose username begins with `query`, in any case, and then those whose display name does; 20 in a page, or
/// fewer and yet a `next`: the server looks at only so many at once.
#[utoipa::path(
    get, path = "/api/users", operation_id = "find_users", tag = "users", security(("token" = [])), params(FindQuery),
    responses(
        (status = 200, body = Page<User>),
        (status = 400, body = Problem, description = "`cursor_invalid`"),
        (status = 422, body = Problem, description = "`invalid`: `query` is too short"),
        (status = 429, body = Problem, description = "`rate_limited`: it counts as a message"),
    ),
)]
async fn find(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Parameters(FindQuery { query, next }): Parameters<FindQuery>,
) -> Result<Json<Page<User>>, Failure> {
    Ok(Json(app.domain.users.find(&caller, &query.unwrap_or_default(), next.as_deref()).await?))
}

/// One's own user
#[utoipa::path(
    get, path = "/api/users/me", operation_id = "get_me", tag = "users", security(("token" = [])),
    responses((status = 200, body = User)),
)]
async fn me(State(app): State<Arc<App>>, Bearer(caller): Bearer) -> Result<Json<User>, Failure> {
    Ok(Json(app.domain.users.me(&caller).await?))
}

/// Change one's own user
///
/// What is left out stays. Who hides their presence does not see that of others.
#[utoipa::path(
    patch, path = "/api/users/me", tag = "users", security(("token" = [])), request_body = ChangeMe,
    responses(
        (status = 200, body = User),
        (status = 403, body = Problem, description = "`forbidden` with an API token"),
        (status = 422, body = Problem, description = "`invalid`, with the field named"),
    ),
)]
async fn change_me(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Body(request): Body<ChangeMe>,
) -> Result<Json<User>, Failure> {
    Ok(Json(app.domain.users.change_me(&caller, request).await?))
}

/// Somebody's user
#[utoipa::path(
    get, path = "/api/users/{username}", operation_id = "get_user", tag = "users", security(("token" = [])),
    params(("username" = String, Path)),
    responses((status = 200, body = User), (status = 404, body = Problem)),
)]
async fn user(
    State(app): State<Arc<App>>,
    _: Bearer,
    Segment(username): Segment<String>,
) -> Result<Json<User>, Failure> {
    Ok(Json(app.domain.users.get(&username).await?))
}
