//! Rooms: named sets of a namespace's sockets.

use std::{collections::HashMap, sync::Arc};

use parking_lot::RwLock;

use crate::Id;

type Members<S> = HashMap<Id, S>;
type Namespace<S> = HashMap<Arc<str>, Members<S>>;

/// All rooms, by namespace and name; an empty room does not exist.
pub(crate) struct Rooms<S>(RwLock<HashMap<Arc<str>, Namespace<S>>>);

impl<S> Default for Rooms<S> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<S> Rooms<S> {
    /// Adds a socket; gives the name of the room, which its members share.
    pub(crate) fn join(&self, namespace: &Arc<str>, room: &str, id: Id, socket: S) -> Arc<str> {
        let mut namespaces = self.0.write();
        let rooms = namespaces.entry(namespace.clone()).or_default();
        let name = rooms.get_key_value(room).map_or_else(|| room.into(), |(name, _)| name.clone());
        rooms.entry(name.clone()).or_default().insert(id, socket);
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

    /// Counts those of a room for which something holds. It is called under a lock, and calls nothing of the
    /// application's.
    pub(crate) fn count(&self, namespace: &str, room: &str, holds: impl Fn(Id, &S) -> bool) -> usize {
        let namespaces = self.0.read();
        let members = namespaces.get(namespace).and_then(|rooms| rooms.get(room));
        members.map_or(0, |members| members.iter().filter(|(id, socket)| holds(**id, socket)).count())
    }
}
