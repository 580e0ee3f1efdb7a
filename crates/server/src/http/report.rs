//! Reports over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::{ChangeReport, NewReport, Page, Problem, Report, ReportId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::admin::AdminCaller;
use super::extract::{Bearer, Body, NextQuery, Parameters, Segment};
use super::problem::Failure;
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(list))
        .routes(routes!(change))
        .routes(routes!(remove_message))
}

/// Tell the admins of a person or of a message
///
/// Of a message that the caller may see, they may read it and up to five around it only with `context`. A person makes 20
/// reports in an hour, and has 50 with which no admin is done.
#[utoipa::path(
    post, path = "/api/reports", operation_id = "create_report", tag = "messages", security(("token" = [])),
    request_body = NewReport,
    responses(
        (status = 204),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "`message_deleted`"),
        (status = 422, body = Problem, description = "`invalid`, with the field named: nobody reports themselves"),
        (status = 429, body = Problem, description = "`rate_limited`: it counts as a message, too"),
    ),
)]
async fn create(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Body(request): Body<NewReport>,
) -> Result<StatusCode, Failure> {
    app.domain.reports.create(&caller, request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What people reported, the latest first, 50 in a page
///
/// Reports with which the admins are done are kept for 90 days.
#[utoipa::path(
    get, path = "/admin/reports", operation_id = "list_reports", tag = "admin", security(("token" = [])),
    params(NextQuery),
    responses(
        (status = 200, body = Page<Report>),
        (status = 400, body = Problem, description = "`cursor_invalid`"),
        (status = 403, body = Problem, description = "`forbidden`: not an admin, or an API token"),
    ),
)]
async fn list(
    State(app): State<Arc<App>>,
    _: AdminCaller,
    Parameters(query): Parameters<NextQuery>,
) -> Result<Json<Page<Report>>, Failure> {
    Ok(Json(app.domain.reports.list(query.next.as_deref()).await?))
}

/// Say whether the admins are done with a report
#[utoipa::path(
    patch, path = "/admin/reports/{id}", operation_id = "change_report", tag = "admin", security(("token" = [])),
    params(("id" = ReportId, Path)), request_body = ChangeReport,
    responses(
        (status = 200, body = Report),
        (status = 403, body = Problem, description = "`forbidden`: not an admin, or an API token"),
        (status = 404, body = Problem),
    ),
)]
async fn change(
    State(app): State<Arc<App>>,
    AdminCaller(admin): AdminCaller,
    Segment(id): Segment<ReportId>,
    Body(request): Body<ChangeReport>,
) -> Result<Json<Report>, Failure> {
    Ok(Json(app.domain.reports.change(&admin, id, request).await?))
}

/// Remove the message of a report, for everybody
///
/// It is an entry of the log like any deletion, which the members are told of by `message:updated`.
#[utoipa::path(
    delete, path = "/admin/reports/{id}/message", operation_id = "remove_reported_message", tag = "admin",
    security(("token" = [])), params(("id" = ReportId, Path)),
    responses(
        (status = 204),
        (status = 403, body = Problem, description = "`forbidden`: not an admin, or an API token"),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "`message_deleted`"),
    ),
)]
async fn remove_message(
    State(app): State<Arc<App>>,
    AdminCaller(admin): AdminCaller,
    Segment(id): Segment<ReportId>,
) -> Result<StatusCode, Failure> {
    app.domain.reports.remove_message(&admin, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
