//! Emitting to all sockets of a room.

use crate::{Id, Payload, engine::Role, packet::Kind, room::Rooms, socket::AnySocket};

/// The sockets of a room, to emit to. Who is in it is looked up at each emit.
pub struct Room<'a> {
    rooms: &'a Rooms<AnySocket>,
    namespace: &'a str,
    name: &'a str,
    except: Option<Id>,
}

impl<'a> Room<'a> {
    pub(crate) fn new(rooms: &'a Rooms<AnySocket>, namespace: &'a str, name: &'a str) -> Self {
        Self { rooms, namespace, name, except: None }
    }

    /// All but the socket with this id: as a rule the one whose event is passed on.
    #[must_use]
    pub fn except(self, id: Id) -> Self {
        Self { except: Some(id), ..self }
    }

    /// Emits an event to each; the payload is shared, not copied. Gives at how many it is queued: not at those
    /// that are closing, or closed by it because too much waits for them.
    pub fn emit(&self, event: &Payload) -> usize {
        self.rooms.count(self.namespace, self.name, |id, socket| {
            Some(id) != self.except && socket.core.send(Kind::Event, None, event, Role::Plain).is_ok()
        })
    }
}
