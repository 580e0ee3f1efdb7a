//! Blocks over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::{Block, Page, Problem};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Bearer, Segment};
use super::problem::Failure;
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get, block, unblock))
}

/// Whom one has blocked, the latest first
#[utoipa::path(
    get, path = "/api/blocks", tag = "users", operation_id = "list_blocks", security(("token" = [])),
    responses((status = 200, body = Page<Block>)),
)]
async fn list(State(app): State<Arc<App>>, Bearer(caller): Bearer) -> Result<Json<Page<Block>>, Failure> {
    Ok(Json(app.domain.blocks.list(&caller).await?))
}

/// Whether one has blocked somebody
#[utoipa::path(
    get, path = "/api/blocks/{username}", tag = "users", operation_id = "get_block", security(("token" = [])),
    params(("username" = String, Path)),
    responses((status = 200, body = Block), (status = 404, body = Problem, description = "Not blocked")),
)]
async fn get(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment(username): Segment<String>,
) -> Result<Json<Block>, Failure> {
    Ok(Json(app.domain.blocks.get(&caller, &username).await?))
}

/// Block somebody
///
/// What they send to the caller alone is acknowledged to them as always and does not arrive.
#[utoipa::path(
    put, path = "/api/blocks/{username}", tag = "users", security(("token" = [])),
    params(("username" = String, Path)),
    responses((status = 200, body = Block), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
async fn block(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment(username): Segment<String>,
) -> Result<Json<Block>, Failure> {
    Ok(Json(app.domain.blocks.block(&caller, &username).await?))
}

/// Take a block back
#[utoipa::path(
    delete, path = "/api/blocks/{username}", tag = "users", security(("token" = [])),
    params(("username" = String, Path)),
    responses((status = 204), (status = 404, body = Problem, description = "Not blocked")),
)]
async fn unblock(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Segment(username): Segment<String>,
) -> Result<StatusCode, Failure> {
    app.domain.blocks.unblock(&caller, &username).await?;
    Ok(StatusCode::NO_CONTENT)
}
