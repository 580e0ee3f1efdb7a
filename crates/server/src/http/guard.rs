//! Checks and headers for every HTTP request and answer.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use protocol::Code;

use super::problem::Failure;
use crate::app::App;

/// Static, so that a cached page stays valid: no nonce. Scripts and styles come from the server alone.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; \
    img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const SECURITY: [(HeaderName, &str); 1] = [(X_CONTENT_TYPE_OPTIONS, "nosniff")];

/// What rules a document; scripts, styles and fonts have no use for it, and it is as long as some of them.
const DOCUMENT: [(HeaderName, &str); 5] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(self), payment=()",
    ),
];

const PREFLIGHT: [(HeaderName, &str); 2] =
    [(ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, PATCH, DELETE"), (ACCESS_CONTROL_MAX_AGE, "600")];
const CROSS_ORIGIN: [(HeaderName, &str); 1] =
    [(ACCESS_CONTROL_EXPOSE_HEADERS, "content-disposition, content-range, etag, retry-after")];

/// How long a refusal by a limit is held back. Whoever asks again at once, whatever the answer says, is slowed by it,
/// because refusing costs something, too.
const REFUSED: Duration = Duration::from_millis(200);

/// Refuses pages of other sites, answers preflights, and puts the headers on that every answer has.
pub(super) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = if let Some(refusal) = app.origins.refusal(request.headers()) {
        Failure::new(Code::OriginNotAllowed, refusal).into_response()
    } else {
        let cross_origin = app.origins.cors(request.headers());
        let preflight = request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        let wanted = request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS).filter(|_| preflight).cloned();
        let mut response = if request.method() == Method::OPTIONS && preflight {
            StatusCode::NO_CONTENT.into_response()
        } else {
            next.run(request).await
        };
        if cross_origin.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
            let allowed: &[_] = if preflight { &PREFLIGHT } else { &CROSS_ORIGIN };
            put(response.headers_mut(), allowed);
            // A page of an allowed origin may send the headers that its libraries add, such as those of a tracer.
            if let Some(wanted) = wanted {
                response.headers_mut().insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted);
            }
        }
        for (name, value) in &cross_origin {
            response.headers_mut().append(name, value.clone());
        }
        response
    };
    if response.status() == StatusCode::TOO_MANY_REQUESTS {
        tokio::time::sleep(REFUSED).await;
    }
    let headers = response.headers_mut();
    put(headers, &SECURITY);
    let of_a_page = |kind: &HeaderValue| {
        ["text/javascript", "text/css", "font/"]
            .iter()
            .any(|start| kind.as_bytes().starts_with(start.as_bytes()))
    };
    if !headers.get(CONTENT_TYPE).is_some_and(of_a_page) {
        // Files that users uploaded are sent with a stricter policy of their own.
        let own = headers.get(CONTENT_SECURITY_POLICY).cloned();
        put(headers, &DOCUMENT);
        if let Some(own) = own {
            headers.insert(CONTENT_SECURITY_POLICY, own);
        }
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    app.metrics.http(response.status());
    response
}

/// Refuses what a proxy on this machine brings that nobody named.
pub(crate) fn refuse_proxy(app: &App, peer: IpAddr) -> Response {
    let peer = peer.to_canonical();
    let detail = format!(
        "This came through a proxy that the server was not told of; its operator has to set \
         --trusted-proxy {peer}."
    );
    let mut response = Failure::new(Code::ProxyNotTrusted, detail).into_response();
    put(response.headers_mut(), &SECURITY);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    app.metrics.http(response.status());
    response
}

fn put(headers: &mut HeaderMap, values: &[(HeaderName, &'static str)]) {
    for (name, value) in values {
        headers.insert(name.clone(), HeaderValue::from_static(value));
    }
}
