//! Letting a client in.

use std::time::Duration;

use domain::store::Since;
use domain::{Error, LimitWarning};
use protocol::Code;
use serde_json::{Value, json};
use socketio::{Connect, Refusal};

use crate::app::App;
use crate::client::{Client, Start};
use crate::log::Rare;

/// How long a refused client should wait. A guess, because nobody knows when others will close their sockets.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// The only namespace.
const NAMESPACE: &str = "/";

/// Whether a client may ask for a namespace at all.
pub(super) fn namespace(name: &str) -> Result<(), Error> {
    if name == NAMESPACE {
        return Ok(());
    }
    let detail = "Everything is in the default namespace; connect to /, and leave this one out.";
    Err(Error::new(Code::NamespaceUnknown, detail))
}

pub(super) async fn connect(app: &App, request: &Connect) -> Result<Client, Error> {
    let limited = !request.address.is_loopback();
    if limited && app.hub.sockets_of(request.address) >= app.config.sockets_per_address {
        static REFUSED: LimitWarning = LimitWarning::new("sockets-per-address");
        REFUSED.tell(request.address, app.clock.monotonic());
        let detail = "Too many sockets are open from this address; close some.";
        return Err(Error { retry_after: Some(RETRY_AFTER), ..Error::new(Code::RateLimited, detail) });
    }
    let auth = auth(request)?;
    let token = match &auth["token"] {
        Value::String(token) if !token.is_empty() => token,
        Value::Null | Value::String(_) => {
            return Err(Error::new(Code::TokenRequired, "Send a token as auth.token."));
        }
        _ => return Err(Error::new(Code::TokenInvalid, "auth.token must be a string.")),
    };
    let caller = app.domain.sessions.authenticate(token).await?;
    let mut start = start(app, &auth["cursor"]).await?;
    let acks = flag(&auth["acks"]).unwrap_or_else(|| {
        // A refused cursor matters more: a client that is not told of it would miss messages.
        let error = Error::invalid("acks", "acks is true or false; it counts as false.");
        start.refused.get_or_insert(Box::new(error));
        false
    });
    Ok(Client::new(app.domain.socket_key(), caller, start, acks))
}

/// The `auth` object that the client sent. If it is a string, that is the token.
fn auth(request: &Connect) -> Result<Value, Error> {
    match request.auth() {
        Ok(auth @ Value::Object(_)) => Ok(auth),
        Ok(Value::String(token)) => Ok(json!({ "token": token })),
        _ => Err(Error::new(
            Code::Malformed,
            "Send auth as an object: { token }, with cursor and acks if you like.",
        )),
    }
}

/// Reads true or false. Some libraries, such as the one for Java, can send only strings in `auth`, so `"true"` and
/// `"false"` count as well. Nothing and an empty string are false.
fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Null => Some(false),
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.is_empty() || text.eq_ignore_ascii_case("false") => Some(false),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        _ => None,
    }
}

/// Where a client goes on from. If its cursor is not of this log, it is told so, and is served like a client without
/// one.
async fn start(app: &App, cursor: &Value) -> Result<Start, Error> {
    let before = app.domain.syncs.position().await?;
    let since = match cursor {
        Value::Null => Ok(Since::Delivered),
        Value::String(none) if none.is_empty() => Ok(Since::Delivered),
        Value::String(cursor) => app.domain.syncs.resume(cursor).map(Since::Position),
        _ => Err(Error::new(Code::CursorInvalid, "A cursor is a string.").about("cursor")),
    };
    Ok(match since {
        Ok(since) => Start { since, before, refused: None },
        Err(error) => Start { since: Since::Delivered, before, refused: Some(Box::new(error)) },
    })
}

/// What the client sees as `connect_error`.
pub(super) fn refusal(error: &Error) -> Refusal {
    static FAILED: Rare = Rare::new();
    if let Some(cause) = &error.cause
        && let Some(left_out) = FAILED.left_out()
    {
        tracing::error!(code = error.code.as_str(), %cause, left_out, "a handshake failed");
    }
    let problem = serde_json::to_value(error.problem()).expect("a wire type is JSON");
    Refusal::new(error.code.as_str()).with_data(problem)
}
