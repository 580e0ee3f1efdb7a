//! Whether the server lives and can work.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use protocol::{Code, Problem};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Failure;
use crate::app::App;

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

/// Whether it takes work: 503 while it stops or the store fails
#[utoipa::path(
    get, path = "/readyz", tag = "operating",
    responses(
        (status = 200, body = str),
        (status = 503, body = Problem, description = "`store_unavailable`, or `overloaded` while it stops"),
    ),
)]
async fn readyz(State(app): State<Arc<App>>) -> Result<&'static str, Failure> {
    if app.stopping.load(Ordering::Relaxed) {
        return Err(Failure::new(Code::Overloaded, "The server is stopping."));
    }
    match app.store.check().await {
        Ok(()) => Ok("ok"),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            Err(Failure::new(Code::StoreUnavailable, "The store is unavailable."))
        }
    }
}
