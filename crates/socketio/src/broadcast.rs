//! Emitting to all sockets of a room.

use crate::{Id, Payload, engine::Tell, packet::Kind, room::Rooms, socket::AnySocket};

/// The sockets of a room, to emit to.
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

    /// All but one.
    #[must_use]
    pub fn except(self, id: Id) -> Self {
        Self { except: Some(id), ..self }
    }

    /// Emits an event to each; the payload is shared, not copied. Gives to how many.
    pub fn emit(&self, event: &Payload) -> usize {
        self.each(|socket| socket.core.send(Kind::Event, None, event, Tell::Nothing).is_ok())
    }

    /// Emits an event to each whose transport is keeping up. Gives to how many.
    pub fn emit_volatile(&self, event: &Payload) -> usize {
        self.each(|socket| socket.core.send_volatile(event))
    }

    fn each(&self, emit: impl Fn(&AnySocket) -> bool) -> usize {
        self.rooms.count(self.namespace, self.name, |id, socket| Some(id) != self.except && emit(socket))
    }
}
