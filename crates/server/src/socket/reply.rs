//! Answers to requests.

use domain::Error;
use protocol::{Message, Reply as Answer, ServerEvent};
use serde::Serialize;
use socketio::{Ack, Payload};

use super::Socket;
use crate::hub::payload;

/// The answer that a request waits for: its callback, or where it has none, `request:error` if it fails.
pub(super) struct Reply {
    socket: Socket,
    ack: Option<Ack>,
}

impl Reply {
    pub(super) fn new(socket: &Socket, ack: Option<Ack>) -> Self {
        Self { socket: socket.clone(), ack }
    }

    pub(super) fn result<T: Serialize>(self, result: Result<T, Error>) {
        match result {
            Ok(data) => self.ok(data),
            Err(error) => self.error(&error),
        }
    }

    pub(super) fn message(self, message: &Message) {
        let Some(ack) = self.ack else { return };
        let argument = Payload::argument_written(|json| {
            json.extend_from_slice(br#"{"status":"ok","data":"#);
            message.write_json(json);
            json.push(b'}');
        });
        let argument = argument.expect("a message is of a bounded size");
        // A client that is gone sends again, with the same clientId.
        let _ = ack.send(&argument);
    }

    pub(super) fn ok(self, data: impl Serialize) {
        if let Some(ack) = self.ack {
            send(ack, &Answer::Ok { data });
        }
    }

    pub(super) fn error(self, error: &Error) {
        // Logged here, where it is handled, and nowhere else.
        if let Some(cause) = &error.cause {
            tracing::error!(code = error.code.as_str(), %cause, "a request failed");
        }
        let error = error.problem();
        match self.ack {
            Some(ack) => send(ack, &Answer::<()>::Error { error }),
            // Gone, it learns nothing any more: what it sent was not acknowledged.
            None => drop(self.socket.emit(&payload(ServerEvent::RequestError, &error))),
        }
    }
}

fn send(ack: Ack, answer: &impl Serialize) {
    let arguments = Payload::arguments(&(answer,)).expect("a wire type is JSON");
    // A client that is gone sends again, with the same clientId.
    let _ = ack.send(&arguments);
}
