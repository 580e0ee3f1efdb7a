//! Errors over HTTP: the one mapping from the domain's.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::Error;
use protocol::{Code, Problem};

use crate::log::Rare;

/// An error on its way to a client.
#[derive(Debug)]
pub(crate) struct Failure(Error);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl Failure {
    pub(crate) fn new(code: Code, detail: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        Self(Error::new(code, detail))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        // Logged only here, where the error is handled.
        static FAILED: Rare = Rare::new();
        if let Some(cause) = &self.0.cause
            && let Some(left_out) = FAILED.left_out()
        {
            tracing::error!(code = self.0.code.as_str(), %cause, left_out, "a request failed");
        }
        respond(&self.0.problem())
    }
}

/// A problem as a response (RFC 9457).
pub(crate) fn respond(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Json(problem)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(seconds) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}
