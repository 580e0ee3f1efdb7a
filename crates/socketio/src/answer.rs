//! Acknowledgements that the client asks for.

use crate::{Payload, SendError, engine::Role, packet::Kind, socket::AnySocket};

/// The client's wish to be answered. Dropped, it is not.
pub struct Ack {
    socket: AnySocket,
    id: u64,
    /// How many bytes the answer is taken to have, until it is queued.
    owed: usize,
}

/// What an answer is taken to have beside what the request had.
const ANSWER: usize = 1024;

impl Ack {
    pub(crate) fn new(socket: AnySocket, id: u64, request: usize) -> Self {
        let owed = request + ANSWER;
        socket.core.link.owe(owed);
        Self { socket, id, owed }
    }

    /// Calls the client's callback with arguments ([`Payload::arguments`]); from anywhere, at any time.
    pub fn send(self, arguments: &Payload) -> Result<(), SendError> {
        self.socket.core.send(Kind::Ack, Some(self.id), arguments, Role::Answer)
    }
}

impl Drop for Ack {
    fn drop(&mut self) {
        self.socket.core.link.settle(self.owed);
    }
}

impl std::fmt::Debug for Ack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Ack").field(&self.id).finish()
    }
}
