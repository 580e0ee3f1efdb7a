//! Messages from a socket.

use domain::{Error, Sending, Sent};
use futures_util::FutureExt;
use serde::de::DeserializeOwned;
use socketio::Event;

use super::reply::Reply;
use super::request::decode;
use super::storing;
use crate::app::App;
use crate::client::Socket;

pub(super) async fn send(app: &App, socket: &Socket, event: &Event, reply: Reply) {
    let Some((request, reply)) = request(event, reply) else { return };
    let client = socket.session();
    answer(app, app.domain.messages.send(&client.caller, request, Some(client.key)).await, reply);
}

pub(super) async fn edit(app: &App, socket: &Socket, event: &Event, reply: Reply) {
    let Some((request, reply)) = request(event, reply) else { return };
    let client = socket.session();
    answer(app, app.domain.messages.edit(&client.caller, request, Some(client.key)).await, reply);
}

pub(super) async fn delete(app: &App, socket: &Socket, event: &Event, reply: Reply) {
    let Some((request, reply)) = request(event, reply) else { return };
    let client = socket.session();
    answer(app, app.domain.messages.delete(&client.caller, request, Some(client.key)).await, reply);
}

pub(super) async fn react(app: &App, socket: &Socket, event: &Event, reply: Reply) {
    let Some((request, reply)) = request(event, reply) else { return };
    let client = socket.session();
    answer(app, app.domain.messages.react(&client.caller, request, Some(client.key)).await, reply);
}

/// Decodes the request of an event. If it cannot be read, answers with the error and gives `None`.
fn request<T: DeserializeOwned>(event: &Event, reply: Reply) -> Option<(T, Reply)> {
    match decode(event) {
        Ok(request) => Some((request, reply)),
        Err(error) => {
            reply.error(&error);
            None
        }
    }
}

/// Answers once the message is durable or refused. Does not wait for that, so that the socket's next event is read.
fn answer(app: &App, sending: Result<Sending, Error>, reply: Reply) {
    let metrics = app.metrics.clone();
    let answer = move |result: Result<Sent, Error>| {
        metrics.message(&result);
        match result {
            Ok(sent) => reply.message(&sent.message),
            Err(error) => reply.error(&error),
        }
    };
    let sending = match sending {
        Ok(sending) => sending,
        Err(error) => return answer(Err(error)),
    };
    let storing = app.storing.token();
    let mut work = async move {
        answer(sending.stored().await);
        drop(storing);
    }
    .boxed();
    if (&mut work).now_or_never().is_none() {
        storing::finish(work);
    }
}
