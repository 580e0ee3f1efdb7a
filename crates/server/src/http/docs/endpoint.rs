//! Endpoints, by tag.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use super::html::{Section, escape, inline, place, prose, table};
use super::kind::kind;

/// In this order; others behind them.
const TAGS: [&str; 6] = ["accounts", "sessions", "users", "conversations", "messages", "operating"];

/// The endpoints of each tag.
pub(super) fn sections(openapi: &Value) -> Vec<Section> {
    let mut tags: BTreeMap<(usize, &str), Vec<Endpoint<'_>>> = BTreeMap::new();
    for (path, methods) in openapi["paths"].as_object().into_iter().flatten() {
        for (method, about) in methods.as_object().into_iter().flatten() {
            let tag = about["tags"][0].as_str().unwrap_or("others");
            let order = TAGS.iter().position(|known| *known == tag).unwrap_or(TAGS.len());
            let method = method.to_ascii_uppercase();
            tags.entry((order, tag)).or_default().push(Endpoint { method, path, about });
        }
    }
    tags.into_iter().map(|((_, tag), endpoints)| section(tag, &endpoints)).collect()
}

struct Endpoint<'a> {
    method: String,
    path: &'a str,
    about: &'a Value,
}

fn section(tag: &str, endpoints: &[Endpoint<'_>]) -> Section {
    let (mut items, mut html) = (Vec::new(), String::new());
    for endpoint in endpoints {
        let Endpoint { method, path, .. } = endpoint;
        let id = place(&format!("{method} {path}"));
        // Lets the browser break the line before a slash.
        let parts = escape(path).replace('/', "<wbr>/");
        items.push((id.clone(), format!("<code>{method} {parts}</code>")));
        html.push_str(&article(&id, endpoint));
    }
    Section { id: format!("http-{}", place(tag)), title: format!("HTTP: {tag}"), items, html }
}

fn article(id: &str, Endpoint { method, path, about }: &Endpoint<'_>) -> String {
    let text = |key: &str| about[key].as_str().unwrap_or_default();
    let mut html = format!(
        "<article aria-labelledby=\"{id}\">\n<h3 id=\"{id}\"><code><b>{method}</b> {}</code></h3>\n<p>{}</p>\n",
        escape(path),
        inline(text("summary")),
    );
    html.push_str(&prose(text("description")));
    if about["security"].is_array() {
        html.push_str("<p class=\"note\">Needs an access token or an API token: <code>Authorization: Bearer …</code></p>\n");
    }
    let parameters = about["parameters"].as_array().into_iter().flatten().map(|parameter| {
        let text = |key: &str| parameter[key].as_str().unwrap_or_default();
        let must = if parameter["required"] == true { "yes" } else { "no" };
        vec![
            format!("<code>{}</code>", escape(text("name"))),
            escape(text("in")),
            kind(&parameter["schema"]),
            must.to_owned(),
            inline(text("description")),
        ]
    });
    html.push_str(&table("Parameters", &["Name", "In", "Type", "Required", "Meaning"], parameters));
    if let Some(body) = content(&about["requestBody"]) {
        let _ = writeln!(html, "<p>Body: {body}</p>");
    }
    let answers = about["responses"].as_object().into_iter().flatten().map(|(status, answer)| {
        let about = inline(answer["description"].as_str().unwrap_or_default());
        vec![escape(status), content(answer).unwrap_or_default(), about]
    });
    html.push_str(&table("Answers", &["Status", "Body", "When"], answers));
    html + "</article>\n"
}

/// The type of a body, if there is one.
fn content(of: &Value) -> Option<String> {
    let (_, content) = of["content"].as_object()?.iter().next()?;
    Some(kind(&content["schema"]))
}
