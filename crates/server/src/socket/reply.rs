//! Answers to requests.

use domain::Error;
use protocol::{Message, Reply as Answer, ServerEvent};
use serde::Serialize;
use socketio::{Ack, Payload};

use crate::client::Socket;
use crate::event::payload;
use crate::log::Rare;

/// Answers a request: through its callback, or, if it has none, with the event `request:error` when it fails.
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
        if let Some(ack) = self.ack {
            send(ack, &stored(message));
        }
    }

    pub(super) fn ok(self, data: impl Serialize) {
        if let Some(ack) = self.ack {
            send(ack, &arguments(&Answer::Ok { data }));
        }
    }

    pub(super) fn error(self, error: &Error) {
        // Logged only here, where the error is handled.
        static FAILED: Rare = Rare::new();
        if let Some(cause) = &error.cause
            && let Some(left_out) = FAILED.left_out()
        {
            tracing::error!(code = error.code.as_str(), %cause, left_out, "a request failed");
        }
        let error = error.problem();
        match self.ack {
            Some(ack) => send(ack, &arguments(&Answer::<()>::Error { error })),
            // A client that is gone misses this; it knows that its request was not acknowledged.
            None => drop(self.socket.reply(&payload(ServerEvent::RequestError, &error))),
        }
    }
}

/// The answer for a stored message, written like `Answer::Ok`.
pub(crate) fn stored(message: &Message) -> Payload {
    let payload = Payload::argument_written(|json| {
        json.extend_from_slice(br#"{"status":"ok","data":"#);
        message.write_json(json);
        json.push(b'}');
    });
    payload.expect("a message is of a bounded size")
}

fn arguments(answer: &impl Serialize) -> Payload {
    Payload::arguments(&(answer,)).expect("a wire type is JSON")
}

fn send(ack: Ack, arguments: &Payload) {
    // A client that is gone misses the answer, and sends the message again with the same clientId.
    let _ = ack.send(arguments);
}
