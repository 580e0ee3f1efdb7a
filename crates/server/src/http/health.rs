//! Whether the server lives and can work.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::store::StoreError;
use protocol::{Code, Problem};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::respond;
use crate::app::App;
use crate::log::Rare;

/// Where it answers whether the process lives.
pub(crate) const LIVEZ: &str = "/livez";

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(livez)).routes(routes!(readyz))
}

/// Whether the process answers
#[utoipa::path(get, path = "/livez", tag = "operating", responses((status = 200, body = str)))]
async fn livez() -> &'static str {
    "ok"
}

/// Whether it takes work: 503 while it stops, the store fails, or a commit takes more than five seconds
#[utoipa::path(
    get, path = "/readyz", tag = "operating",
    responses(
        (status = 200, body = str),
        (
            status = 503, body = Problem,
            description = "`store_unavailable`, `store_damaged`, or `overloaded` while it stops",
        ),
    ),
)]
async fn readyz(State(app): State<Arc<App>>) -> Result<&'static str, Response> {
    static NOT_READY: Rare = Rare::new();
    if app.stopping.load(Ordering::Relaxed) {
        return Err(unready(Code::Overloaded, "The server is stopping."));
    }
    match app.store.check().await {
        Ok(()) => Ok("ok"),
        Err(error) => {
            if let Some(left_out) = NOT_READY.left_out() {
                tracing::warn!(%error, left_out, "not ready");
            }
            Err(match error {
                StoreError::Damaged(_) => unready(Code::StoreDamaged, "The store is damaged."),
                StoreError::Unavailable(_) | StoreError::TooMany | StoreError::Closed => {
                    unready(Code::StoreUnavailable, "The store is unavailable.")
                }
            })
        }
    }
}

/// Always 503: that is what a probe looks for, whatever the code's own status is.
fn unready(code: Code, detail: &str) -> Response {
    let mut problem = Problem::new(code, detail);
    problem.status = StatusCode::SERVICE_UNAVAILABLE.as_u16();
    respond(&problem)
}
