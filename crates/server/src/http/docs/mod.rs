//! `/docs`: the two descriptions as a page for people, written once at the start.
//!
//! The page needs no script, and its sheet comes from here: it obeys the policy that every page does.

mod endpoint;
mod event;
mod html;
mod kind;

use std::fmt::Write;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::routing::get;
use protocol::Code;
use serde_json::Value;

use crate::app::App;
use html::{Section, escape, prose};

const STYLE: &str = include_str!("style.css");

/// The page and its sheet.
pub(super) fn routes(openapi: &Value, asyncapi: &Value, base: &str) -> Router<Arc<App>> {
    let page = Bytes::from(page(openapi, asyncapi, base));
    let html = move || async move {
        ([(CONTENT_TYPE, "text/html; charset=utf-8"), (CACHE_CONTROL, "no-cache")], page)
    };
    let style =
        || async { ([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "no-cache")], STYLE) };
    Router::new().route("/docs", get(html)).route("/docs/style.css", get(style))
}

fn page(openapi: &Value, asyncapi: &Value, base: &str) -> String {
    let mut sections = endpoint::sections(openapi);
    sections.extend(event::sections(asyncapi));
    sections.push(kind::section(openapi, asyncapi));
    sections.push(codes());
    let mut contents = String::new();
    let mut body = String::new();
    for Section { id, title, items, html } in &sections {
        let title = escape(title);
        let _ = write!(contents, "<li><a href=\"#{id}\">{title}</a>");
        if !items.is_empty() {
            contents.push_str("<ul>");
            for (id, label) in items {
                let _ = write!(contents, "<li><a href=\"#{id}\">{label}</a></li>");
            }
            contents.push_str("</ul>");
        }
        contents.push_str("</li>\n");
        let _ = write!(
            body,
            "<section id=\"{id}\" aria-labelledby=\"{id}-title\">\n<h2 id=\"{id}-title\">{title}</h2>\n{html}</section>\n"
        );
    }
    let info = &openapi["info"];
    let version = escape(info["version"].as_str().unwrap_or_default());
    let about = prose(info["description"].as_str().unwrap_or_default());
    let under =
        if base.is_empty() { String::new() } else { prose(&format!("All paths are under `{base}` here.")) };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>Aldis: the API</title>\n\
         <link rel=\"stylesheet\" href=\"{base}/docs/style.css\">\n<link rel=\"icon\" href=\"data:,\">\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the content</a>\n\
         <header>\n<h1>Aldis: the API</h1>\n<p>Version {version}. For programs: \
         <a href=\"{base}/openapi.json\">openapi.json</a>, <a href=\"{base}/asyncapi.json\">asyncapi.json</a>.</p>\n\
         {about}{under}</header>\n\
         <nav aria-label=\"Contents\">\n<ul>\n{contents}</ul>\n</nav>\n\
         <main id=\"main\" tabindex=\"-1\">\n{body}</main>\n</body>\n</html>\n"
    )
}

/// All codes of errors.
fn codes() -> Section {
    let mut html = prose(
        "One shape everywhere, `Problem`: over HTTP as `application/problem+json`, over the socket as `error` of an answer or \
         as `request:error`. Branch on `code`.",
    );
    let rows = Code::ALL.iter().map(|code| {
        let again = if code.retryable() { "yes" } else { "no" };
        let word = format!("<code>{}</code>", code.as_str());
        vec![word, code.status().to_string(), escape(code.title()), again.to_owned()]
    });
    html.push_str(&html::table(
        "Codes",
        &["Code", "Status", "Meaning", "May succeed later, unchanged"],
        rows,
    ));
    Section { id: "errors".into(), title: "Errors".into(), items: Vec::new(), html }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> String {
        let openapi = serde_json::to_value(crate::http::openapi()).unwrap();
        page(&openapi, &crate::http::asyncapi::asyncapi(), "")
    }

    #[test]
    fn everything_is_on_the_page() {
        let page = whole();
        for part in ["id=\"type-Message\"", "<code>client_id_reused</code>"] {
            assert!(page.contains(part), "{part}");
        }
        let openapi = serde_json::to_value(crate::http::openapi()).unwrap();
        for (path, methods) in openapi["paths"].as_object().unwrap() {
            for method in methods.as_object().unwrap().keys() {
                let id = format!("id=\"{}\"", html::place(&format!("{method} {path}")));
                assert!(page.contains(&id), "{id}");
            }
        }
        let [emitted, heard] = [protocol::client_events(), protocol::server_events()];
        for (way, events) in [("emit", emitted), ("on", heard)] {
            for event in events {
                let id = format!("id=\"{way}-{}\"", html::place(event.name));
                assert!(page.contains(&id), "{id}");
            }
        }
        assert!(!page.contains("<script") && !page.contains("style="));
    }

    #[test]
    fn every_link_leads_somewhere_and_no_place_has_two() {
        let page = whole();
        let attributes = |start: &str| -> Vec<String> {
            page.split(start).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
        };
        let ids = attributes(" id=\"");
        let unique: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len());
        for link in attributes("href=\"#") {
            assert!(unique.contains(&link), "{link}");
        }
    }
}
