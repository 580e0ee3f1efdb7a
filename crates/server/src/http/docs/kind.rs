//! Types of payloads and fields, as HTML.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use super::html::{Section, escape, inline, prose, table};

/// All types of both descriptions.
pub(super) fn section(openapi: &Value, asyncapi: &Value) -> Section {
    let of = |document: &'_ Value| document["components"]["schemas"].as_object().cloned().unwrap_or_default();
    let all: BTreeMap<_, _> = of(openapi).into_iter().chain(of(asyncapi)).collect();
    let (mut items, mut html) = (Vec::new(), String::new());
    for (name, schema) in &all {
        let id = format!("type-{}", escape(name));
        items.push((id.clone(), format!("<code>{}</code>", escape(name))));
        let _ = writeln!(
            html,
            "<article aria-labelledby=\"{id}\">\n<h3 id=\"{id}\"><code>{}</code></h3>",
            escape(name)
        );
        html.push_str(&prose(schema["description"].as_str().unwrap_or_default()));
        html.push_str(&definition(schema));
        html.push_str("</article>\n");
    }
    Section { id: "types".into(), title: "Types".into(), items, html }
}

fn definition(schema: &Value) -> String {
    let Some(properties) = schema["properties"].as_object() else {
        return format!("<p>{}</p>\n", kind(schema));
    };
    let required: Vec<_> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let rows = properties.iter().map(|(name, property)| {
        let must = if required.contains(&name.as_str()) { "yes" } else { "no" };
        vec![format!("<code>{}</code>", escape(name)), kind(property), must.to_owned(), description(property)]
    });
    table("Members", &["Name", "Type", "Always there", "Meaning"], rows)
}

/// What a member is for; where it may be left out, that is said one level further in.
fn description(property: &Value) -> String {
    let inner = ["oneOf", "allOf"].iter().map(|key| &property[*key][0]["description"]);
    let text = std::iter::once(&property["description"]).chain(inner).find_map(Value::as_str);
    inline(text.unwrap_or_default())
}

/// A type as HTML, with links. `null` is left out: what is not there is not sent.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = escape(reference.rsplit('/').next().unwrap_or(reference));
        return format!("<a href=\"#type-{name}\"><code>{name}</code></a>");
    }
    for key in ["oneOf", "allOf", "anyOf"] {
        if let Some(parts) = schema[key].as_array() {
            let parts: Vec<_> = parts.iter().filter(|part| part["type"] != "null").map(kind).collect();
            return parts.join(" or ");
        }
    }
    if let Some(words) = schema["enum"].as_array() {
        let words = words.iter().filter_map(Value::as_str);
        return words.map(|word| format!("<code>{}</code>", escape(word))).collect::<Vec<_>>().join(", ");
    }
    let named = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null").unwrap_or(&Value::Null),
        kind => kind,
    };
    match named.as_str() {
        Some("array") => format!("list of {}", kind(&schema["items"])),
        Some("object") if schema["additionalProperties"].is_object() => {
            format!("by name, {}", kind(&schema["additionalProperties"]))
        }
        Some("object") if schema["properties"].is_object() => {
            let members = schema["properties"].as_object().into_iter().flatten();
            let members: Vec<_> = members
                .map(|(name, member)| format!("<code>{}</code>: {}", escape(name), kind(member)))
                .collect();
            format!("{{ {} }}", members.join(", "))
        }
        Some("object") => "an empty object".to_owned(),
        Some(other) => match schema["format"].as_str() {
            Some(format) if other == "string" => format!("{} ({})", escape(other), escape(format)),
            _ => escape(other),
        },
        None => "anything".to_owned(),
    }
}
