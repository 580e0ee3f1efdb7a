//! The event with which a socket watches people's presence.

use socketio::Event;

use super::reply::Reply;
use super::request::decode;
use crate::app::App;
use crate::client::Socket;

pub(super) async fn watch(app: &App, socket: &Socket, event: &Event, reply: Reply) {
    match decode(event) {
        Ok(request) => {
            let client = socket.session();
            let answer = |result| reply.result(result);
            app.domain.presences.watch(&client.caller, client.key, request, answer).await;
        }
        Err(error) => reply.error(&error),
    }
}
