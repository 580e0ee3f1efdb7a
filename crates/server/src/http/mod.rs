//! HTTP: decodes requests, calls the domain, and encodes the answers.

mod account;
mod api_token;
mod asyncapi;
mod attachment;
mod block;
mod conversation;
mod docs;
pub(crate) mod extract;
mod group;
pub(crate) mod guard;
mod health;
mod invitation;
mod message;
mod openapi;
pub(crate) mod problem;
mod range;
mod reaction;
mod receipt;
mod search;
mod session;
mod sync;
mod user;
mod web;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Extensions, HeaderMap, StatusCode, Version};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Router, middleware};
use protocol::Code;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
pub(crate) use asyncapi::asyncapi;
pub(crate) use health::LIVEZ;
use problem::Failure;

/// The web client's files are compressed beforehand.
fn is_json(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
}

/// All routes, and their description.
fn documented() -> (Router<Arc<App>>, OpenApi) {
    let (routes, mut document) = OpenApiRouter::with_openapi(description())
        .merge(account::routes())
        .merge(session::routes())
        .merge(api_token::routes())
        .merge(user::routes())
        .merge(conversation::routes())
        .merge(group::routes())
        .merge(invitation::routes())
        .merge(block::routes())
        .merge(message::routes())
        .merge(reaction::routes())
        .merge(receipt::routes())
        .merge(search::routes())
        .merge(sync::routes())
        .merge(attachment::routes())
        .merge(health::routes())
        .split_for_parts();
    openapi::complete(&mut document);
    (routes, document)
}

/// The document served at `/openapi.json`.
pub(crate) fn openapi() -> OpenApi {
    documented().1
}

/// Everything over HTTP but the path of the socket.
pub(crate) fn router(app: Arc<App>) -> Router {
    let (routes, document) = documented();
    let openapi = serde_json::to_value(&document).expect("a description is JSON");
    let asyncapi = asyncapi();
    let docs = docs::routes(&openapi, &asyncapi);
    let (openapi, asyncapi) = (Bytes::from(openapi.to_string()), Bytes::from(asyncapi.to_string()));
    routes
        .merge(docs)
        .route("/openapi.json", get(move || async move { json(openapi) }))
        .route("/asyncapi.json", get(move || async move { json(asyncapi) }))
        .method_not_allowed_fallback(|| async { Failure::new(Code::MethodNotAllowed, "Use another method.") })
        .fallback(web::serve)
        .layer(DefaultBodyLimit::max(app.config.body_limit.bytes()))
        .layer(CompressionLayer::new().gzip(true).compress_when(DefaultPredicate::new().and(is_json)))
        .layer(middleware::from_fn_with_state(app.clone(), guard::guard))
        .with_state(app)
}

fn json(document: Bytes) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], document)
}

fn description() -> OpenApi {
    use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
    use utoipa::openapi::{ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApiBuilder};
    let license = LicenseBuilder::new().name("Apache-2.0 OR MIT").build();
    let info = InfoBuilder::new()
        .title("Aldis")
        .version(env!("CARGO_PKG_VERSION"))
        .license(Some(license))
        .description(Some(
            "Everything that is asked for, over HTTP; what happens live is told over Socket.IO (`/asyncapi.json`). \
             Errors are problems (RFC 9457) with a stable `code`.",
        ))
        .build();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The access token of a login (a JWT), or an API token (`aldis_…`)."))
        .build();
    let components = ComponentsBuilder::new().security_scheme("token", SecurityScheme::Http(bearer)).build();
    OpenApiBuilder::new().info(info).components(Some(components)).build()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Generators of clients name functions by it.
    #[test]
    fn every_operation_has_a_name_of_its_own() {
        let document = serde_json::to_value(openapi()).unwrap();
        let mut names = HashSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let name = operation["operationId"].as_str().unwrap();
                assert!(names.insert(name.to_owned()), "{method} {path} is another {name}");
            }
        }
    }
}
