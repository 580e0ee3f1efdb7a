//! Messages from a socket.

use domain::{Error, Sent};
use socketio::Event;

use super::reply::Reply;
use super::{Socket, decode};
use crate::app::App;

pub(super) async fn send(app: &App, socket: &Socket, event: &Event, reply: Reply) {
    let client = socket.session();
    match decode(event) {
        Ok(request) => {
            let done = answer(app, reply);
            app.domain.messages.send(&client.caller, request, Some(client.key), done).await;
        }
        Err(error) => reply.error(&error),
    }
}

pub(super) async fn edit(app: &App, socket: &Socket, event: &Event, reply: Reply) {
    let client = socket.session();
    match decode(event) {
        Ok(request) => {
            let done = answer(app, reply);
            app.domain.messages.edit(&client.caller, request, Some(client.key), done).await;
        }
        Err(error) => reply.error(&error),
    }
}

pub(super) async fn delete(app: &App, socket: &Socket, event: &Event, reply: Reply) {
    let client = socket.session();
    match decode(event) {
        Ok(request) => {
            let done = answer(app, reply);
            app.domain.messages.delete(&client.caller, request, Some(client.key), done).await;
        }
        Err(error) => reply.error(&error),
    }
}

/// Called once it is durable and told, or refused.
fn answer(app: &App, reply: Reply) -> impl FnOnce(Result<Sent, Error>) + Send + use<> {
    let metrics = app.metrics.clone();
    move |result| {
        metrics.message(&result);
        match result {
            Ok(sent) => reply.ok(&*sent.message),
            Err(error) => reply.error(&error),
        }
    }
}
