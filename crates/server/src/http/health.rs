//! Whether the server lives and can work.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

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
    responses((status = 200, body = str), (status = 503, body = str, description = "The part that is down")),
)]
async fn readyz(State(app): State<Arc<App>>) -> (StatusCode, String) {
    if app.stopping.load(Ordering::Relaxed) {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping".into());
    }
    match app.store.check().await {
        Ok(()) => (StatusCode::OK, "ok".into()),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "store: unavailable".into())
        }
    }
}
