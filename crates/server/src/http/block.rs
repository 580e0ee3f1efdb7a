//! Blocks over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::{Block, Page, Problem};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Bearer, NextQuery, Parameters, Segment};
use super::problem::Failure;
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get, block, unblock))
}

/// Whom one has blocked, the latest first, 200 in a page
#[utoipa::path(
    get, path = "/api/blocks", operation_id = "list_blocks", tag = "users", security(("token" = [])),
    params(NextQuery),
    responses((status = 200, body = Page<Block>), (status = 400, body = Problem, description = "`cursor_invalid`")),
)]
async fn list(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Parameters(query): Parameters<NextQuery>,
) -> Result<Json<Page<Block>>, Failure> {
    Ok(Json(app.domain.blocks.list(&caller, query.next.as_deref()).await?))
}

/// Whether one has blocked somebody
#[utoipa::path(
    get, path = "/api/blocks/{username}", operation_id = "get_block", tag = "users", security(("token" = [])),
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
    put, path = "/api/blocks/{username}", operation_id = "block_user", tag = "users", security(("token" = [])),
    params(("username" = String, Path)),
    responses(
        (status = 200, body = Block),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "`too_many_blocks`"),
        (status = 422, body = Problem),
        (status = 429, body = Problem, description = "`rate_limited`"),
    ),
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
    delete, path = "/api/blocks/{username}", operation_id = "unblock_user", tag = "users", security(("token" = [])),
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
