//! The live sockets of this process.

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

/// Users are spread over so many locks.
const SHARDS: usize = 64;
/// How long a session that was cut is remembered: longer than any handshake that is under way.
const REMEMBERED: Duration = Duration::from_mins(5);

/// Knows the live sockets of users, and tells them.
pub(crate) struct Hub {
    clock: Arc<dyn Clock>,
    shards: [Mutex<Shard>; SHARDS],
    addresses: Mutex<HashMap<IpAddr, u32>>,
}

#[derive(Default)]
struct Shard {
    sockets: FxHashMap<UserId, Vec<Socket>>,
    /// Sessions cut lately, so that a socket that was let in before and joins after is cut, too.
    cut: HashMap<SessionId, Duration>,
}

impl Hub {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            shards: [const { None }; SHARDS].map(|_: Option<()>| Mutex::default()),
            addresses: Mutex::default(),
        }
    }

    /// Adds a socket to the live stream of its user. Says whether its session still lives.
    pub(crate) fn join(&self, socket: &Socket) -> bool {
        let caller = &socket.session().caller;
        *self.addresses.lock().entry(socket.address()).or_default() += 1;
        let mut shard = self.shard(caller.person.id).lock();
        // Most people have one device: room for exactly one.
        let sockets = shard.sockets.entry(caller.person.id).or_insert_with(|| Vec::with_capacity(1));
        sockets.push(socket.clone());
        !shard.cut.contains_key(&caller.session)
    }

    /// Takes a socket out.
    pub(crate) fn leave(&self, socket: &Socket) {
        let user = socket.session().caller.person.id;
        let mut shard = self.shard(user).lock();
        if let Some(sockets) = shard.sockets.get_mut(&user) {
            sockets.retain(|other| other.id() != socket.id());
            if sockets.is_empty() {
                shard.sockets.remove(&user);
            }
        }
        give_back(&mut shard.sockets);
        drop(shard);
        let mut addresses = self.addresses.lock();
        if let Some(count) = addresses.get_mut(&socket.address()) {
            *count -= 1;
            if *count == 0 {
                addresses.remove(&socket.address());
            }
        }
        give_back(&mut addresses);
    }

    /// How many live sockets an address has.
    pub(crate) fn sockets_of(&self, address: IpAddr) -> u32 {
        self.addresses.lock().get(&address).copied().unwrap_or_default()
    }

    /// How many users have live sockets.
    pub(crate) fn users(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().sockets.len()).sum()
    }

    fn shard(&self, user: UserId) -> &Mutex<Shard> {
        &self.shards[usize::try_from(user.0).unwrap_or_default() % SHARDS]
    }
}

/// Gives memory back after many have gone.
fn give_back<K: Eq + Hash, V, S: BuildHasher>(map: &mut HashMap<K, V, S>) {
    if map.capacity() > 64 && map.len() < map.capacity() / 4 {
        map.shrink_to(map.len() * 2);
    }
}

impl Broker for Hub {
    fn tell(&self, users: &mut dyn Iterator<Item = UserId>, live: Live) {
        // Encoded once, when the first socket wants it.
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

    fn interrupt(&self, users: Option<&[UserId]>) {
        match users {
            Some(users) => {
                for user in users {
                    interrupt(self.shard(*user).lock().sockets.get(user));
                }
            }
            None => {
                for shard in &self.shards {
                    interrupt(shard.lock().sockets.values());
                }
            }
        }
    }

    fn cut(&self, user: UserId, session: SessionId) {
        let now = self.clock.monotonic();
        let mut shard = self.shard(user).lock();
        shard.cut.retain(|_, at| now.saturating_sub(*at) < REMEMBERED);
        shard.cut.insert(session, now);
        for socket in shard.sockets.get(&user).into_iter().flatten() {
            if socket.session().caller.session == session {
                // At once: what waits for it is not for who holds an ended session.
                socket.abort_with(Code::SessionRevoked.as_str());
            }
        }
    }
}

/// Closes sockets that have missed something. What waits for them is not sent: it would be behind what they missed.
fn interrupt<'a>(sockets: impl IntoIterator<Item = &'a Vec<Socket>>) {
    for socket in sockets.into_iter().flatten() {
        socket.abort(Reason::Application);
    }
}
