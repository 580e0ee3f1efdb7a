//! Receipts from a socket.

use socketio::Event;

use super::reply::Reply;
use super::request::decode;
use crate::app::App;
use crate::client::Socket;

pub(super) async fn advance(app: &App, socket: &Socket, event: &Event, reply: Reply) {
    match decode(event) {
        Ok(request) => {
            let caller = &socket.session().caller;
            app.domain.receipts.advance_to(caller, request, |result| reply.result(result)).await;
        }
        Err(error) => reply.error(&error),
    }
}
