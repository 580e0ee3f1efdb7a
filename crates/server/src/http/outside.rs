//! What lies outside the base path: the probes, and for all else the way inside.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Router, middleware};
use protocol::Code;

use super::problem::Failure;
use super::{SOCKET, guard, health, other_method};
use crate::app::App;

/// The answers to requests outside the base path.
pub(crate) fn outside(app: Arc<App>) -> Router {
    Router::from(health::routes())
        .method_not_allowed_fallback(other_method)
        .fallback(lead_inside)
        .layer(middleware::from_fn_with_state(app.clone(), guard::guard))
        .with_state(app)
}

async fn lead_inside(State(app): State<Arc<App>>, uri: Uri) -> Response {
    let base = app.config.base_path.as_str();
    if uri.path() == base {
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        // Not for ever: a browser would remember it when the server has moved.
        return Redirect::temporary(&format!("{base}/{query}")).into_response();
    }
    let detail = format!(
        "This server is under {base}/, and a socket connects at the path {base}{SOCKET}. A proxy in front of it passes \
         the whole path on."
    );
    Failure::new(Code::NotFound, detail).into_response()
}
