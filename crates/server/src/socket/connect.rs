//! Letting a client in.

use domain::store::Since;
use domain::{Cursor, Error};
use protocol::{Auth, Code};
use serde_json::Value;
use socketio::{Connect, Refusal};

use super::client::{Client, Start};
use crate::app::App;

/// The only namespace.
const NAMESPACE: &str = "/";

pub(super) async fn connect(app: &App, request: &Connect) -> Result<Client, Error> {
    if request.namespace != NAMESPACE {
        return Err(Error::new(Code::NotFound, "There is no such namespace; connect to /."));
    }
    let limited = !request.address.is_loopback();
    if limited && app.hub.sockets_of(request.address) >= app.config.sockets_per_address {
        let detail = "Too many sockets are open from this address; close some.";
        return Err(Error::new(Code::RateLimited, detail));
    }
    let auth: Value = request.auth().unwrap_or_default();
    let token = match &auth["token"] {
        Value::Null => return Err(Error::new(Code::TokenRequired, "Send the access token as auth.token.")),
        Value::String(token) => token,
        _ => return Err(Error::new(Code::TokenInvalid, "auth.token must be a string.")),
    };
    let caller = app.domain.sessions.authenticate(token).await?;
    let auth: Auth = serde_json::from_value(auth.clone()).unwrap_or_default();
    Ok(Client::new(caller, start(app, auth.cursor.as_deref()), auth.acks.unwrap_or_default()))
}

/// Where a client goes on from. A cursor that is not of this log cannot be gone on from: such a client is
/// told, and served as one that has none.
fn start(app: &App, cursor: Option<&str>) -> Start {
    let Some(cursor) = cursor else { return Start { since: Since::Delivered, refused: None } };
    match Cursor::decode(cursor) {
        Ok(Cursor(position)) if position <= app.domain.syncs.position() => {
            Start { since: Since::Position(position), refused: None }
        }
        Ok(_) => {
            let error = Error::new(Code::CursorInvalid, "The cursor is of another log; begin without one.");
            Start { since: Since::Delivered, refused: Some(Box::new(error)) }
        }
        Err(error) => Start { since: Since::Delivered, refused: Some(Box::new(error)) },
    }
}

/// What the client sees as `connect_error`.
pub(super) fn refusal(error: &Error) -> Refusal {
    if let Some(cause) = &error.cause {
        tracing::error!(code = error.code.as_str(), %cause, "a handshake failed");
    }
    let problem = serde_json::to_value(error.problem()).expect("a wire type is JSON");
    Refusal::new(error.code.as_str()).with_data(problem)
}
