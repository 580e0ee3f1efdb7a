//! Typing from a socket.

use socketio::Event;

use super::reply::Reply;
use super::request::decode;
use crate::app::App;
use crate::client::Socket;

pub(super) async fn set(app: &App, socket: &Socket, event: &Event, reply: Reply) {
    match decode(event) {
        Ok(request) => {
            let client = socket.session();
            reply.result(app.domain.typings.set(&client.caller, &client.typing, request).await);
        }
        Err(error) => reply.error(&error),
    }
}
