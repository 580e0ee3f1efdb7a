//! Messages from a socket.

use domain::{Error, Sent};
use serde::de::DeserializeOwned;
use socketio::Event;

use super::reply::Reply;
use super::{Socket, decode};
use crate::app::App;

pub(super) async fn send(app: &App, socket: &Socket, event: &Event, reply: Reply) {
    let Some((request, reply)) = request(event, reply) else { return };
    let client = socket.session();
    app.domain.messages.send(&client.caller, request, Some(client.key), answer(app, reply)).await;
}

pub(super) async fn edit(app: &App, socket: &Socket, event: &Event, reply: Reply) {
    let Some((request, reply)) = request(event, reply) else { return };
    let client = socket.session();
    app.domain.messages.edit(&client.caller, request, Some(client.key), answer(app, reply)).await;
}

pub(super) async fn delete(app: &App, socket: &Socket, event: &Event, reply: Reply) {
    let Some((request, reply)) = request(event, reply) else { return };
    let client = socket.session();
    app.domain.messages.delete(&client.caller, request, Some(client.key), answer(app, reply)).await;
}

pub(super) async fn react(app: &App, socket: &Socket, event: &Event, reply: Reply) {
    let Some((request, reply)) = request(event, reply) else { return };
    let client = socket.session();
    app.domain.messages.react(&client.caller, request, Some(client.key), answer(app, reply)).await;
}

/// The request, and who waits for its answer. One that cannot be read is answered here.
fn request<T: DeserializeOwned>(event: &Event, reply: Reply) -> Option<(T, Reply)> {
    match decode(event) {
        Ok(request) => Some((request, reply)),
        Err(error) => {
            reply.error(&error);
            None
        }
    }
}

/// Called once it is durable and told, or refused.
fn answer(app: &App, reply: Reply) -> impl FnOnce(Result<Sent, Error>) + Send + use<> {
    let metrics = app.metrics.clone();
    move |result| {
        metrics.message(&result);
        match result {
            Ok(sent) => reply.message(&sent.message),
            Err(error) => reply.error(&error),
        }
    }
}
