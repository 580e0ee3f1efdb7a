//! Rooms: named sets of a namespace's sockets.

use std::{collections::HashMap, sync::Arc};

use parking_lot::RwLock;

use crate::{Id, Payload, engine::Tell, packet::Kind, socket::AnySocket};

type Members = HashMap<Id, AnySocket>;
type Namespace = HashMap<Arc<str>, Members>;

/// All rooms, by namespace and name; an empty room does not exist.
#[derive(Default)]
pub(crate) struct Rooms(RwLock<HashMap<Arc<str>, Namespace>>);

impl Rooms {
    /// Adds a socket; gives the name of the room, which its members share.
    pub(crate) fn join(&self, namespace: &Arc<str>, room: &str, socket: AnySocket) -> Arc<str> {
        let mut namespaces = self.0.write();
        let rooms = namespaces.entry(namespace.clone()).or_default();
        let name = rooms.get_key_value(room).map_or_else(|| room.into(), |(name, _)| name.clone());
        rooms.entry(name.clone()).or_default().insert(socket.core.id, socket);
        name
    }

    pub(crate) fn leave(&self, namespace: &str, room: &str, id: Id) {
        let mut namespaces = self.0.write();
        let Some(rooms) = namespaces.get_mut(namespace) else { return };
        let Some(members) = rooms.get_mut(room) else { return };
        let left = members.remove(&id);
        if members.is_empty() {
            rooms.remove(room);
        } else if members.capacity() > 64 && members.len() < members.capacity() / 4 {
            members.shrink_to_fit();
        }
        if rooms.is_empty() {
            namespaces.remove(namespace);
        }
        drop(namespaces);
        // Not under the lock: it may have been the last to hold the application's session.
        drop(left);
    }
}

/// The sockets of a room, to emit to.
pub struct Room<'a> {
    rooms: &'a Rooms,
    namespace: &'a str,
    name: &'a str,
    except: Option<Id>,
}

impl<'a> Room<'a> {
    pub(crate) fn new(rooms: &'a Rooms, namespace: &'a str, name: &'a str) -> Self {
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
        // Emitting calls nothing of the application's, so that the lock is held for the queueing alone.
        let namespaces = self.rooms.0.read();
        let Some(members) = namespaces.get(self.namespace).and_then(|rooms| rooms.get(self.name)) else {
            return 0;
        };
        members.iter().filter(|(id, socket)| Some(**id) != self.except && emit(socket)).count()
    }
}
