//! The description of the socket: AsyncAPI 3.0, from the table of events.

use protocol::schema::{EventSchema, Type};
use protocol::{Auth, Problem, client_events, server_events};
use serde_json::{Map, Value, json};

const ABOUT: &str = "Live messages over Socket.IO (protocol 5 over Engine.IO 4), path `/socket.io/`, the default \
    namespace, any client library. The handshake's `auth` is an `Auth`, with the access token of a login, an API \
    token or a token of a host application. Each event has one argument. Every event from the client takes a callback, called with `{ status: \"ok\", data }` or \
    `{ status: \"error\", error }`; without one, a failure is told by `request:error`.";

/// The document served at `/asyncapi.json`.
pub(crate) fn asyncapi() -> Value {
    let mut document = Document::default();
    document.know(&Type::of::<Auth>());
    document.know(&Type::of::<Problem>());
    // The actions are the server's: it receives the events that clients emit.
    for event in client_events() {
        document.add("receive", &event);
    }
    for event in server_events() {
        document.add("send", &event);
    }
    let Document { messages, operations, schemas } = document;
    let of_channel: Map<_, _> = messages
        .keys()
        .map(|key| (key.clone(), json!({ "$ref": format!("#/components/messages/{key}") })))
        .collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Aldis",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "Apache-2.0 OR MIT" },
        },
        "defaultContentType": "application/json",
        "servers": {
            "local": {
                "host": "localhost:5000",
                "pathname": "/socket.io/",
                "protocol": "ws",
                "description": "Where `aldis serve` listens if it is not told otherwise.",
            },
        },
        "channels": {
            "socket": { "address": "/", "title": "The default namespace", "messages": of_channel },
        },
        "operations": operations,
        "components": { "messages": messages, "schemas": schemas },
    })
}

#[derive(Default)]
struct Document {
    messages: Map<String, Value>,
    operations: Map<String, Value>,
    schemas: Map<String, Value>,
}

impl Document {
    fn know(&mut self, kind: &Type) {
        for (name, schema) in &kind.schemas {
            let schema = serde_json::to_value(schema).expect("a schema is JSON");
            self.schemas.insert(name.clone(), schema);
        }
    }

    fn add(&mut self, action: &str, event: &EventSchema) {
        let EventSchema { name, description, payload, reply } = event;
        self.know(payload);
        // The action is part of the key because `message` is an event in both directions. A key must not have a colon.
        let key = format!("{action}.{}", name.replace(':', "."));
        let description = description.trim();
        let message = json!({ "name": name, "summary": description, "payload": reference(payload) });
        self.messages.insert(key.clone(), message);
        let mut operation = json!({
            "action": action,
            "channel": { "$ref": "#/channels/socket" },
            "summary": description,
            "messages": [{ "$ref": format!("#/channels/socket/messages/{key}") }],
        });
        if let Some(reply) = reply {
            self.know(reply);
            let answer = format!("{key}.reply");
            operation["reply"] = json!({
                "channel": { "$ref": "#/channels/socket" },
                "messages": [{ "$ref": format!("#/channels/socket/messages/{answer}") }],
            });
            let message = json!({
                "name": name,
                "summary": format!("What the callback of `{name}` is called with."),
                "payload": answer_schema(reply),
            });
            self.messages.insert(answer, message);
        }
        self.operations.insert(key, operation);
    }
}

fn reference(kind: &Type) -> Value {
    json!({ "$ref": format!("#/components/schemas/{}", kind.name) })
}

fn answer_schema(reply: &Type) -> Value {
    let one = |status: &str, member: &str, kind: Value| {
        json!({
            "type": "object",
            "required": ["status", member],
            "properties": { "status": { "type": "string", "const": status }, member: kind },
        })
    };
    let problem = json!({ "$ref": "#/components/schemas/Problem" });
    json!({ "oneOf": [one("ok", "data", reference(reply)), one("error", "error", problem)] })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything a document refers to.
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = asyncapi();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 50);
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn every_event_is_there_both_ways() {
        let document = asyncapi();
        let operations = document["operations"].as_object().unwrap();
        assert_eq!(operations.len(), client_events().len() + server_events().len());
        assert_eq!(operations["receive.message.edit"]["action"], "receive");
        let reply = &document["components"]["messages"]["receive.message.edit.reply"]["payload"];
        assert_eq!(reply["oneOf"][0]["properties"]["data"]["$ref"], "#/components/schemas/Message");
        assert!(operations["send.sync.done"].get("reply").is_none());
    }
}
