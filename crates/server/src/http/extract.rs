//! Extracts the parts of requests for handlers, with the errors of the contract.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::{ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use domain::{Asker, Caller, Language};
use protocol::Code;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use utoipa::IntoParams;

use super::problem::Failure;
use crate::app::App;
use crate::malformed;

/// How long a request's body may take.
const BODY: Duration = Duration::from_secs(15);

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Failure> {
        if !is_json(request.headers()) {
            return Err(Failure::new(
                Code::UnsupportedMediaType,
                "Send JSON, with Content-Type: application/json.",
            ));
        }
        let late = |_| Failure::new(Code::Malformed, "The body took too long to arrive.");
        let read = tokio::time::timeout(BODY, Bytes::from_request(request, app)).await.map_err(late)?;
        let bytes = read.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Failure::new(Code::TooLarge, "The body is over the limit."),
            _ => Failure::new(Code::Malformed, "The body could not be read."),
        })?;
        parse(&bytes).map(Self)
    }
}

/// A JSON body of which everything may be left out, and so may be the body.
pub(crate) struct Optional<T>(pub(crate) T);

impl<T: DeserializeOwned + Default> FromRequest<Arc<App>> for Optional<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Failure> {
        if request.body().is_end_stream() {
            return Ok(Self(T::default()));
        }
        Body::from_request(request, app).await.map(|Body(value)| Self(value))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

/// Reads JSON: what is not JSON is malformed, what is but does not fit is invalid, with the field named.
pub(crate) fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, Failure> {
    // serde would accept an array of the fields' values, too.
    if json.trim_ascii_start().first().is_some_and(|first| *first != b'{') {
        // Text that is not JSON at all gets the error for that.
        serde_json::from_slice::<IgnoredAny>(json).map_err(|error| malformed::not_json(&error))?;
        return Err(Failure::new(Code::Invalid, "Send an object."));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        // Where an enum is wanted, serde reports a number as a syntax error although it is JSON.
        if inner.is_data() || serde_json::from_slice::<serde_json::Value>(json).is_ok() {
            malformed::unfit(&path, &inner.to_string())
        } else {
            malformed::not_json(&inner)
        }
    })?;
    deserializer.end().map_err(|error| malformed::not_json(&error))?;
    Ok(value)
}

/// The bearer of an access token whose session lives, or of an API token.
pub(crate) struct Bearer(pub(crate) Caller);

impl FromRequestParts<Arc<App>> for Bearer {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Failure> {
        let value =
            parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let token = match value.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            _ => {
                let detail = "Send a token: Authorization: Bearer <token>.";
                return Err(Failure::new(Code::TokenRequired, detail));
            }
        };
        let caller = app.domain.sessions.authenticate(token).await?;
        caller.wait_for_turn(&*app.clock).await?;
        Ok(Self(caller))
    }
}

/// The client's address where limits per address apply to it.
pub(crate) struct Limited(pub(crate) Option<IpAddr>);

/// The client's address, put into the request where it is accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

impl FromRequestParts<Arc<App>> for Limited {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Failure> {
        let address = parts.extensions.get::<ClientAddress>().map(|address| address.0);
        Ok(Self(address.filter(|address| !address.is_loopback())))
    }
}

/// Who asks for a code or the like: their address where limits per address apply to it, and their language.
pub(crate) struct Asking(pub(crate) Asker);

impl FromRequestParts<Arc<App>> for Asking {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Failure> {
        let Limited(address) = Limited::from_request_parts(parts, app).await?;
        let wanted = parts.headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Ok(Self(Asker { address, language: Language::accepted(wanted.unwrap_or_default()) }))
    }
}

/// Part of the path; what does not fit is not there.
pub(crate) struct Segment<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<App>> for Segment<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Failure> {
        let path = Path::<T>::from_request_parts(parts, app).await;
        path.map(|path| Self(path.0))
            .map_err(|_| Failure::new(Code::NotFound, "There is nothing at this path."))
    }
}

/// The query of a list that is read page by page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct NextQuery {
    /// The `next` of the page before.
    pub(crate) next: Option<String>,
}

/// The query.
pub(crate) struct Parameters<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<App>> for Parameters<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Failure> {
        let query = Query::<T>::try_from_uri(&parts.uri);
        query.map(|query| Self(query.0)).map_err(|error| {
            Failure::new(Code::Invalid, format!("The query does not fit: {}.", error.body_text()))
        })
    }
}
