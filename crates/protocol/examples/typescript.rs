//! Prints the wire types as TypeScript; `make generate` writes them into the web client.

use std::collections::BTreeMap;

use protocol::schema::{EventSchema, Type};
use protocol::{
    AddedUser, AdminUser, ApiToken, AttachmentLink, AuditEntry, Auth, AuthSettings, Block,
    ChangeConversation, ChangeEmail, ChangeMe, ChangeMessage, ChangePassword, ChangeReport, ChangeUser, Code,
    Conversation, ConversationChange, DeleteAccount, FOLDED, Forgot, Hit, Invitation, Invite, Invitee,
    IssuedCode, LoggedIn, Login, NewApiToken, NewGroup, NewInvite, NewReport, NewUser, Problem, PutMember,
    Reached, Refresh, Register, Registered, Report, Resend, Reset, ServerStats, Session, SharedKind,
    SyncPage, Verified, Verify, VerifyEmail, client_events, server_events,
};
use serde_json::Value;

const GENERICS: &str = "\
/** What the callback of a request is called with. */
export type Reply<T> = { status: 'ok'; data: T } | { status: 'error'; error: Problem };

/** A page of a list; `next` asks for the page after it. */
export interface Page<T> {
  items: T[];
  next?: string;
}
";

fn main() {
    let (client, server) = (client_events(), server_events());
    let http = [
        Type::of::<AddedUser>(),
        Type::of::<AdminUser>(),
        Type::of::<ApiToken>(),
        Type::of::<AttachmentLink>(),
        Type::of::<AuditEntry>(),
        Type::of::<Auth>(),
        Type::of::<AuthSettings>(),
        Type::of::<Block>(),
        Type::of::<ChangeConversation>(),
        Type::of::<ChangeEmail>(),
        Type::of::<ChangeMe>(),
        Type::of::<ChangeMessage>(),
        Type::of::<ChangePassword>(),
        Type::of::<Forgot>(),
        Type::of::<ChangeReport>(),
        Type::of::<ChangeUser>(),
        Type::of::<Code>(),
        Type::of::<Conversation>(),
        Type::of::<ConversationChange>(),
        Type::of::<DeleteAccount>(),
        Type::of::<Hit>(),
        Type::of::<Invitation>(),
        Type::of::<Invite>(),
        Type::of::<Invitee>(),
        Type::of::<IssuedCode>(),
        Type::of::<LoggedIn>(),
        Type::of::<Login>(),
        Type::of::<NewApiToken>(),
        Type::of::<NewGroup>(),
        Type::of::<NewInvite>(),
        Type::of::<NewReport>(),
        Type::of::<NewUser>(),
        Type::of::<Problem>(),
        Type::of::<PutMember>(),
        Type::of::<Reached>(),
        Type::of::<Refresh>(),
        Type::of::<Register>(),
        Type::of::<Registered>(),
        Type::of::<Report>(),
        Type::of::<Resend>(),
        Type::of::<Reset>(),
        Type::of::<ServerStats>(),
        Type::of::<Session>(),
        Type::of::<SharedKind>(),
        Type::of::<SyncPage>(),
        Type::of::<Verified>(),
        Type::of::<VerifyEmail>(),
        Type::of::<Verify>(),
    ];
    let events = client.iter().chain(&server);
    let types = events.flat_map(|event| event.reply.iter().chain([&event.payload])).chain(&http);
    let schemas: BTreeMap<_, _> = types.flat_map(|kind| kind.schemas.clone()).collect();

    println!("// Generated from crates/protocol by `make generate`. Do not edit.\n");
    for (name, schema) in &schemas {
        let schema = serde_json::to_value(schema).expect("a schema is JSON");
        print!("{}", declaration(name, &schema));
    }
    println!("{GENERICS}");
    print!("{}", map("ServerToClientEvents", &server));
    println!();
    print!("{}", map("ClientToServerEvents", &client));
    println!();
    print!("{}", folded());
}

/// The letters that stand for others in a search, so that a client folds as the server does.
fn folded() -> String {
    let mut out = comment("", "Letters that stand for others where case and diacritics do not matter.");
    out += "export const FOLDED: Readonly<Record<string, string>> = {\n";
    for (letter, plain) in FOLDED {
        out += &format!("  {letter}: '{plain}',\n");
    }
    out + "};\n"
}

/// The event map that `Socket<ServerToClientEvents, ClientToServerEvents>` of socket.io-client wants.
fn map(name: &str, events: &[EventSchema]) -> String {
    let mut out = format!("export interface {name} {{\n");
    for EventSchema { name, description, payload, reply } in events {
        out += &comment("  ", description);
        let callback = match reply {
            Some(reply) => format!(", reply: (reply: Reply<{}>) => void", reply.name),
            // With `acks: true` the server asks for an acknowledgement of this one.
            None if *name == "message" => ", received?: () => void".to_owned(),
            None => String::new(),
        };
        out += &format!("  '{name}': (payload: {}{callback}) => void;\n", payload.name);
    }
    out + "}\n"
}

fn comment(indent: &str, text: &str) -> String {
    let lines: Vec<_> = text.trim().lines().map(str::trim).collect();
    match lines.as_slice() {
        [] => String::new(),
        [line] => format!("{indent}/** {line} */\n"),
        lines => {
            let body: String =
                lines.iter().map(|line| format!("{indent} * {line}\n").replace("* \n", "*\n")).collect();
            format!("{indent}/**\n{body}{indent} */\n")
        }
    }
}

fn described(indent: &str, schema: &Value) -> String {
    comment(indent, schema["description"].as_str().unwrap_or_default())
}

fn declaration(name: &str, schema: &Value) -> String {
    let head = described("", schema);
    let Some(properties) = schema["properties"].as_object() else {
        return format!("{head}export type {name} = {};\n\n", expression(schema));
    };
    let required: Vec<_> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut out = format!("{head}export interface {name} {{\n");
    for (key, property) in properties {
        let optional = if required.contains(&key.as_str()) { "" } else { "?" };
        out += &format!("{}  {key}{optional}: {};\n", described("  ", property), expression(property));
    }
    out + "}\n\n"
}

/// A schema as a TypeScript type. `null` is left out: what is not there is not sent.
fn expression(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or(reference).to_owned();
    }
    for key in ["oneOf", "allOf", "anyOf"] {
        if let Some(parts) = schema[key].as_array() {
            let parts: Vec<_> = parts.iter().filter(|part| part["type"] != "null").map(expression).collect();
            return parts.join(" | ");
        }
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<_> = words.iter().filter_map(Value::as_str).map(|word| format!("'{word}'")).collect();
        return words.join(" | ");
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null").unwrap_or(&Value::Null),
        kind => kind,
    };
    match kind.as_str() {
        Some("string") => "string".to_owned(),
        Some("integer" | "number") => "number".to_owned(),
        Some("boolean") => "boolean".to_owned(),
        Some("object") if schema["additionalProperties"].is_object() => {
            format!("Record<string, {}>", expression(&schema["additionalProperties"]))
        }
        Some("object") if schema["properties"].is_object() => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            let members: Vec<_> =
                properties.map(|(key, property)| format!("{key}: {}", expression(property))).collect();
            format!("{{ {} }}", members.join("; "))
        }
        Some("object") => "Record<string, never>".to_owned(),
        Some("array") => format!("{}[]", expression(&schema["items"])),
        _ => "unknown".to_owned(),
    }
}
