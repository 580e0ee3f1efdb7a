//! The hub: the live sockets of this node.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::store::UserId;
use domain::{Broker, Clock, Live, SocketKey};
use parking_lot::Mutex;
use protocol::{Code, SessionId};
use rustc_hash::FxHashMap;
use socketio::Reason;

use crate::client::Socket;
use crate::event;

/// The users are divided among so many locks.
const SHARDS: usize = 64;
/// How long an ended session is remembered. Longer than any handshake takes.
const REMEMBERED: Duration = Duration::from_mins(5);

/// Knows the live sockets of each user, and sends them events.
pub(crate) struct Hub {
    clock: Arc<dyn Clock>,
    shards: [Mutex<Shard>; SHARDS],
    /// The number of live sockets of each address.
    addresses: Mutex<HashMap<IpAddr, u32>>,
}

#[derive(Default)]
struct Shard {
    sockets: FxHashMap<UserId, Vec<Socket>>,
    /// Sessions that ended lately, and when. [`Hub::join`] looks here, because a handshake may be let in before its
    /// session ends and join after that.
    ended: HashMap<SessionId, Duration>,
}

impl Hub {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, shards: std::array::from_fn(|_| Mutex::default()), addresses: Mutex::default() }
    }

    /// Adds a socket to the live stream of its user. False if its session has ended, and the socket must be closed.
    pub(crate) fn join(&self, socket: &Socket) -> bool {
        let caller = &socket.session().caller;
        *self.addresses.lock().entry(socket.address()).or_default() += 1;
        let mut shard = self.shard(caller.person.id).lock();
        // Most people have one device, so room for one.
        let sockets = shard.sockets.entry(caller.person.id).or_insert_with(|| Vec::with_capacity(1));
        sockets.push(socket.clone());
        !shard.ended.contains_key(&caller.session)
    }

    /// Removes a socket.
    pub(crate) fn leave(&self, socket: &Socket) {
        let user = socket.session().caller.person.id;
        let mut shard = self.shard(user).lock();
        if let Some(sockets) = shard.sockets.get_mut(&user) {
            sockets.retain(|other| other.id() != socket.id());
            if sockets.is_empty() {
                shard.sockets.remove(&user);
            }
        }
        shrink(&mut shard.sockets);
        drop(shard);
        let mut addresses = self.addresses.lock();
        if let Some(count) = addresses.get_mut(&socket.address()) {
            *count -= 1;
            if *count == 0 {
                addresses.remove(&socket.address());
            }
        }
        shrink(&mut addresses);
    }

    /// How many live sockets an address has.
    pub(crate) fn sockets_of(&self, address: IpAddr) -> u32 {
        self.addresses.lock().get(&address).copied().unwrap_or_default()
    }

    /// How many live sockets there are.
    pub(crate) fn sockets(&self) -> u64 {
        self.addresses.lock().values().map(|count| u64::from(*count)).sum()
    }

    /// How many users have live sockets.
    pub(crate) fn users(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().sockets.len()).sum()
    }

    fn shard(&self, user: UserId) -> &Mutex<Shard> {
        &self.shards[usize::try_from(user.0).unwrap_or_default() % SHARDS]
    }
}

/// Gives memory back after many items were removed.
fn shrink<K: Eq + Hash, V, S: BuildHasher>(map: &mut HashMap<K, V, S>) {
    if map.capacity() > 64 && map.len() < map.capacity() / 4 {
        map.shrink_to(map.len() * 2);
    }
}

impl Broker for Hub {
    fn tell(&self, users: &mut dyn Iterator<Item = UserId>, live: Live) {
        // Encoded once, and only if there is a socket.
        let mut encoded = None;
        for user in users {
            let shard = self.shard(user).lock();
            let Some(sockets) = shard.sockets.get(&user) else { continue };
            let payload = encoded.get_or_insert_with(|| event::live(&live));
            for socket in sockets {
                socket.session().offer(socket, &live, payload);
            }
        }
    }

    fn tell_sockets(&self, sockets: &mut dyn Iterator<Item = (UserId, SocketKey)>, live: Live) {
        let mut encoded = None;
        for (user, key) in sockets {
            let shard = self.shard(user).lock();
            let mut sockets = shard.sockets.get(&user).into_iter().flatten();
            let Some(socket) = sockets.find(|socket| socket.session().key == key) else { continue };
            let payload = encoded.get_or_insert_with(|| event::live(&live));
            socket.session().offer(socket, &live, payload);
        }
    }

    fn is_live(&self, user: UserId) -> bool {
        self.shard(user).lock().sockets.contains_key(&user)
    }

    fn close_to_resume(&self, users: Option<&[UserId]>) {
        match users {
            Some(users) => {
                for user in users {
                    close_all(self.shard(*user).lock().sockets.get(user));
                }
            }
            None => {
                for shard in &self.shards {
                    close_all(shard.lock().sockets.values());
                }
            }
        }
    }

    fn close_session(&self, user: UserId, session: SessionId) {
        let now = self.clock.monotonic();
        let mut shard = self.shard(user).lock();
        shard.ended.retain(|_, at| now.saturating_sub(*at) < REMEMBERED);
        shard.ended.insert(session, now);
        for socket in shard.sockets.get(&user).into_iter().flatten() {
            if socket.session().caller.session == session {
                // Not after sending what waits: whoever holds an ended session must not get it.
                socket.abort_with(Code::SessionRevoked.as_str());
            }
        }
    }
}

/// Closes sockets that missed an event. What waits for them is not sent, because it comes after the missed event.
fn close_all<'a>(sockets: impl IntoIterator<Item = &'a Vec<Socket>>) {
    for socket in sockets.into_iter().flatten() {
        socket.abort(Reason::Application);
    }
}
