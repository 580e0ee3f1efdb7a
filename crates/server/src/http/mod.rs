//! HTTP: decodes requests, calls the domain, and encodes the answers.

mod account;
mod admin;
mod api_token;
mod asyncapi;
mod attachment;
mod avatar;
mod block;
mod conversation;
mod credential;
mod docs;
mod erasure;
mod export;
pub(crate) mod extract;
mod group;
pub(crate) mod guard;
mod health;
mod incoming;
mod invitation;
mod invite;
mod message;
mod openapi;
mod outside;
pub(crate) mod problem;
mod range;
mod reaction;
mod receipt;
mod report;
mod search;
mod session;
mod sync;
mod user;
mod web;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, Uri, Version};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Extension, Router, middleware};
use protocol::Code;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate};
use utoipa::openapi::{OpenApi, ServerBuilder};
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
pub(crate) use asyncapi::asyncapi;
pub(crate) use health::LIVEZ;
pub(crate) use outside::outside;
use problem::Failure;

/// Where a socket connects, below the base path.
pub(crate) const SOCKET: &str = "/socket.io/";

/// The web client's files are compressed beforehand, all but the page of one under a base path.
fn is_json_or_page(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    kind.starts_with(b"application/json") || kind.starts_with(b"text/html")
}

/// All routes, and their description.
fn documented() -> (Router<Arc<App>>, OpenApi) {
    let (routes, mut document) = OpenApiRouter::with_openapi(description())
        .merge(account::routes())
        .merge(credential::routes())
        .merge(erasure::routes())
        .merge(export::routes())
        .merge(session::routes())
        .merge(api_token::routes())
        .merge(user::routes())
        .merge(admin::routes())
        .merge(invite::routes())
        .merge(report::routes())
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
        .merge(avatar::routes())
        .merge(health::routes())
        .split_for_parts();
    openapi::complete(&mut document);
    (routes, document)
}

/// The document served at `/openapi.json`.
pub(crate) fn openapi() -> OpenApi {
    documented().1
}

/// Everything over HTTP but the path of the socket, at paths without the base path.
pub(crate) fn router(app: Arc<App>) -> Router {
    let base = app.config.base_path.as_str();
    let (routes, mut document) = documented();
    if !base.is_empty() {
        document.servers = Some(vec![ServerBuilder::new().url(base).build()]);
    }
    let openapi = serde_json::to_value(&document).expect("a description is JSON");
    let mut asyncapi = asyncapi();
    asyncapi["servers"]["local"]["pathname"] = format!("{base}{SOCKET}").into();
    let docs = docs::routes(&openapi, &asyncapi, base);
    let client = Arc::new(web::Client::under(base));
    let (openapi, asyncapi) = (Bytes::from(openapi.to_string()), Bytes::from(asyncapi.to_string()));
    routes
        .merge(docs)
        .route("/openapi.json", get(move || async move { json(openapi) }))
        .route("/asyncapi.json", get(move || async move { json(asyncapi) }))
        .method_not_allowed_fallback(other_method)
        .fallback(move |method: Method, uri: Uri, headers: HeaderMap| async move {
            client.serve(&method, &uri, &headers)
        })
        .layer(DefaultBodyLimit::max(app.config.body_limit.bytes()))
        .layer(CompressionLayer::new().gzip(true).compress_when(DefaultPredicate::new().and(is_json_or_page)))
        .layer(middleware::from_fn_with_state(app.clone(), guard::guard))
        .with_state(app)
}

/// What is below `/admin`, for the command line: whoever asks is an admin.
pub(crate) fn command_line(app: Arc<App>) -> Router {
    let (routes, _) = admin::routes().merge(invite::routes()).split_for_parts();
    let missing = || async { Failure::new(Code::NotFound, "There is nothing at this path.") };
    routes.merge(export::of_anybody()).fallback(missing).layer(Extension(admin::CommandLine)).with_state(app)
}

async fn other_method() -> Failure {
    Failure::new(Code::MethodNotAllowed, "Use another method.")
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
        .description(Some("The access token of a login (a JWT), an API token (`aldis_…`) or a JWT of a trusted host application."))
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
