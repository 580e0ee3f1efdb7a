//! An event from a client.

use std::ops::Deref;

use crate::{Ack, Payload};

/// An event from a client. Its arguments are those of its [`Payload`].
#[derive(Debug)]
pub struct Event {
    payload: Payload,
    /// The name, if it is not written as it is.
    name: Option<Box<str>>,
    ack: Option<Ack>,
}

impl Event {
    pub(crate) fn new(payload: Payload, name: Option<Box<str>>, ack: Option<Ack>) -> Self {
        Self { payload, name, ack }
    }

    /// Its name, which is none that the client libraries keep for themselves.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_else(|| self.payload.written_name())
    }

    /// The means to answer, if the client asked for an answer; given once.
    pub fn take_ack(&mut self) -> Option<Ack> {
        self.ack.take()
    }
}

impl Deref for Event {
    type Target = Payload;

    fn deref(&self) -> &Payload {
        &self.payload
    }
}
