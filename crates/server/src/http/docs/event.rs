//! Events of the socket, both ways.

use std::fmt::Write;

use serde_json::Value;

use super::html::{Section, escape, inline, place, prose};
use super::kind::kind;

/// What clients emit, and what they listen for.
pub(super) fn sections(asyncapi: &Value) -> [Section; 2] {
    let about = prose(asyncapi["info"]["description"].as_str().unwrap_or_default());
    let mut emitted = section(asyncapi, "receive", "emit", "Socket: what clients emit");
    emitted.html = about + &emitted.html;
    [emitted, section(asyncapi, "send", "on", "Socket: what clients listen for")]
}

fn section(asyncapi: &Value, action: &str, id: &str, title: &str) -> Section {
    let (mut items, mut html) = (Vec::new(), String::new());
    let messages = &asyncapi["components"]["messages"];
    for (key, _) in asyncapi["operations"].as_object().into_iter().flatten() {
        if !key.starts_with(&format!("{action}.")) {
            continue;
        }
        let (message, reply) = (&messages[key], &messages[format!("{key}.reply")]);
        let name = message["name"].as_str().unwrap_or_default();
        let place = format!("{id}-{}", place(name));
        items.push((place.clone(), format!("<code>{}</code>", escape(name))));
        let _ = write!(
            html,
            "<article aria-labelledby=\"{place}\">\n<h3 id=\"{place}\"><code><b>{}</b></code></h3>\n<p>{}</p>\n<p>Payload: {}</p>\n",
            escape(name),
            inline(message["summary"].as_str().unwrap_or_default()),
            kind(&message["payload"]),
        );
        // An answer is one of two types; the first is the one for success.
        let data = &reply["payload"]["oneOf"][0]["properties"]["data"];
        if !data.is_null() {
            let _ = writeln!(html, "<p>Answer: {} as <code>data</code>, or a problem</p>", kind(data));
        }
        html.push_str("</article>\n");
    }
    Section { id: format!("socket-{id}"), title: title.to_owned(), items, html }
}
