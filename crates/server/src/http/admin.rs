//! Seeing to the server over HTTP: for admins, and for the command line on a socket of its own.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use domain::Admin;
use protocol::{AddedUser, AdminUser, AuditEntry, ChangeUser, NewUser, Page, Problem};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Bearer, Body, NextQuery, Parameters, Segment};
use super::problem::Failure;
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(find, add))
        .routes(routes!(user, change))
        .routes(routes!(log_out))
        .routes(routes!(audit))
}

/// Put into a request that came from the command line. Nothing that a client sends can put it there.
#[derive(Clone, Copy, Debug)]
pub(super) struct CommandLine;

/// The admin who asks: a person who logged in and is one, or the command line.
pub(super) struct AdminCaller(pub(super) Admin);

impl FromRequestParts<Arc<App>> for AdminCaller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Failure> {
        if parts.extensions.get::<CommandLine>().is_some() {
            return Ok(Self(Admin::command_line()));
        }
        let Bearer(caller) = Bearer::from_request_parts(parts, app).await?;
        Ok(Self(app.domain.admins.admin(&caller).await?))
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct FindQuery {
    /// The beginning of a name or address; left out, everybody is listed.
    query: Option<String>,
    /// The `next` of the page before.
    next: Option<String>,
}

/// Find people, also those who are shut out or have not verified their account
///
/// Those whose username begins with `query`, in any case, then those whose display name does, then those whose e-mail
/// address does; 50 in a page.
#[utoipa::path(
    get, path = "/admin/users", operation_id = "list_people", tag = "admin", security(("token" = [])),
    params(FindQuery),
    responses(
        (status = 200, body = Page<AdminUser>),
        (status = 400, body = Problem, description = "`cursor_invalid`"),
        (status = 403, body = Problem, description = "`forbidden`: not an admin, or an API token"),
    ),
)]
async fn find(
    State(app): State<Arc<App>>,
    _: AdminCaller,
    Parameters(FindQuery { query, next }): Parameters<FindQuery>,
) -> Result<Json<Page<AdminUser>>, Failure> {
    Ok(Json(app.domain.admins.find(&query.unwrap_or_default(), next.as_deref()).await?))
}

/// Make a verified account for somebody
///
/// Where the password is left out, one is drawn and shown once, to hand over.
#[utoipa::path(
    post, path = "/admin/users", operation_id = "add_person", tag = "admin", security(("token" = [])),
    request_body = NewUser,
    responses(
        (status = 201, body = AddedUser),
        (status = 403, body = Problem, description = "`forbidden`: not an admin, or an API token"),
        (status = 409, body = Problem, description = "`username_taken`"),
        (status = 422, body = Problem, description = "`invalid`, with the field named"),
    ),
)]
async fn add(
    State(app): State<Arc<App>>,
    AdminCaller(admin): AdminCaller,
    Body(request): Body<NewUser>,
) -> Result<(StatusCode, Json<AddedUser>), Failure> {
    Ok((StatusCode::CREATED, Json(app.domain.admins.add(&admin, request).await?)))
}

/// Somebody, as admins see them
#[utoipa::path(
    get, path = "/admin/users/{username}", operation_id = "get_person", tag = "admin", security(("token" = [])),
    params(("username" = String, Path)),
    responses(
        (status = 200, body = AdminUser),
        (status = 403, body = Problem, description = "`forbidden`: not an admin, or an API token"),
        (status = 404, body = Problem),
    ),
)]
async fn user(
    State(app): State<Arc<App>>,
    _: AdminCaller,
    Segment(username): Segment<String>,
) -> Result<Json<AdminUser>, Failure> {
    Ok(Json(app.domain.admins.get(&username).await?))
}

/// Shut somebody out or let them in, make them an admin or not, or change the name to show
///
/// What is left out stays. Shutting somebody out ends their sessions and API tokens and cuts their sockets; letting them
/// in again gives back the log-in alone.
#[utoipa::path(
    patch, path = "/admin/users/{username}", operation_id = "change_person", tag = "admin", security(("token" = [])),
    params(("username" = String, Path)), request_body = ChangeUser,
    responses(
        (status = 200, body = AdminUser),
        (status = 403, body = Problem, description = "`forbidden`: not an admin, or an API token"),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "`last_admin`: nobody else could see to the server"),
        (status = 422, body = Problem, description = "`invalid`, with the field named"),
    ),
)]
async fn change(
    State(app): State<Arc<App>>,
    AdminCaller(admin): AdminCaller,
    Segment(username): Segment<String>,
    Body(request): Body<ChangeUser>,
) -> Result<Json<AdminUser>, Failure> {
    Ok(Json(app.domain.admins.change(&admin, &username, request).await?))
}

/// End all sessions and API tokens of somebody and cut their sockets
#[utoipa::path(
    post, path = "/admin/users/{username}/logout", operation_id = "log_person_out", tag = "admin",
    security(("token" = [])), params(("username" = String, Path)),
    responses(
        (status = 204),
        (status = 403, body = Problem, description = "`forbidden`: not an admin, or an API token"),
        (status = 404, body = Problem),
    ),
)]
async fn log_out(
    State(app): State<Arc<App>>,
    AdminCaller(admin): AdminCaller,
    Segment(username): Segment<String>,
) -> Result<StatusCode, Failure> {
    app.domain.admins.log_out(&admin, &username).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What was done to the server and its people, the latest first, 100 in a page
///
/// Kept for a year, and 100,000 entries at most. It never has a text of a message.
#[utoipa::path(
    get, path = "/admin/audit", operation_id = "list_audit", tag = "admin", security(("token" = [])),
    params(NextQuery),
    responses(
        (status = 200, body = Page<AuditEntry>),
        (status = 400, body = Problem, description = "`cursor_invalid`"),
        (status = 403, body = Problem, description = "`forbidden`: not an admin, or an API token"),
    ),
)]
async fn audit(
    State(app): State<Arc<App>>,
    _: AdminCaller,
    Parameters(query): Parameters<NextQuery>,
) -> Result<Json<Page<AuditEntry>>, Failure> {
    Ok(Json(app.domain.admins.audit(query.next.as_deref()).await?))
}
