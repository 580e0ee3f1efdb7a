//! Engine.IO 4: sessions over HTTP long-polling and WebSocket.
//!
//! [`Engine`] opens sessions, finds them again by their id, and closes them; each is owned by one task
//! and may be written to by anyone ([`Link`]). What the messages mean is up to a [`Protocol`];
//! [`crate::Server`] is one that speaks Socket.IO.

mod bodies;
mod command;
mod doubt;
mod driver;
pub(crate) mod frame;
mod handshake;
mod head;
mod heartbeat;
mod item;
mod link;
mod mailbox;
mod mask;
mod outbox;
pub(crate) mod packet;
mod parking;
mod phase;
mod polling;
mod protocol;
pub(crate) mod reader;
mod refused;
mod requests;
mod response;
mod route;
mod stream;
mod upgrade;
mod websocket;
mod wire;

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::time::{Instant, timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{bodies::LongBodyPermits, mailbox::Mailbox, refused::Refused};
pub use self::{
    head::Head,
    item::{Mark, Note, PACKET_OVERHEAD, Role},
    link::{Link, SendError},
    protocol::{Message, Protocol, Received, Work},
    response::Body,
    wire::Wire,
};
use crate::{Config, Id, Metrics, Reason, limit::Addresses, metrics::Counters};

/// The sessions of one server.
pub struct Engine<P> {
    config: Config,
    protocol: P,
    sessions: Mutex<Sessions>,
    counters: Arc<Counters>,
    long_body_permits: LongBodyPermits,
    tasks: TaskTracker,
    /// Cancelled when [`Engine::close`] stops waiting: then nothing may wait for a client any more.
    force_close: CancellationToken,
}

/// The sessions that are open.
#[derive(Default)]
struct Sessions {
    links: HashMap<Id, Arc<Link>>,
    addresses: Addresses,
    /// No more are let in.
    closing: bool,
}

impl<P: Protocol> Engine<P> {
    /// An engine without sessions. It accepts no connections: whoever does gives it their requests.
    pub fn new(config: Config, protocol: P) -> Arc<Self> {
        Self::counting(config, protocol, Arc::default())
    }

    pub(crate) fn counting(config: Config, protocol: P, counters: Arc<Counters>) -> Arc<Self> {
        Arc::new(Self {
            config,
            protocol,
            sessions: Mutex::default(),
            counters,
            long_body_permits: LongBodyPermits::new(),
            tasks: TaskTracker::new(),
            force_close: CancellationToken::new(),
        })
    }

    /// The protocol that it was made with.
    pub fn protocol(&self) -> &P {
        &self.protocol
    }

    /// Whether requests of a path are for [`Engine::handle`]: [`Config::path`], with its last slash or without.
    pub fn serves(&self, path: &str) -> bool {
        path.starts_with(&self.config.path) || Some(path) == self.config.path.strip_suffix('/')
    }

    fn find(&self, id: Id) -> Result<Arc<Link>, Refused> {
        self.sessions.lock().links.get(&id).cloned().ok_or(Refused::Session)
    }

    /// Whether one more session may be opened.
    fn admit(&self, sessions: &Sessions, address: IpAddr) -> Result<(), Refused> {
        let Config { max_sessions, max_sessions_per_address, .. } = self.config;
        if sessions.closing {
            Err(Refused::Closing)
        } else if sessions.links.len() >= max_sessions
            || !sessions.addresses.has_room(address, max_sessions_per_address)
        {
            Err(Refused::TooMany)
        } else {
            Ok(())
        }
    }

    /// Makes a session known.
    fn enter(&self, address: IpAddr, mailbox: Option<Box<Mailbox>>) -> Result<Arc<Link>, Refused> {
        let id = Id::draw(self.config.random);
        let link = Arc::new(Link::new(id, address, self.config.max_pending_bytes, mailbox));
        let mut sessions = self.sessions.lock();
        self.admit(&sessions, address)?;
        sessions.addresses.enter(address);
        sessions.links.insert(id, link.clone());
        drop(sessions);
        self.counters.opened.fetch_add(1, Ordering::Relaxed);
        Ok(link)
    }

    /// Forgets a session, which must have entered.
    fn leave(&self, link: &Link) {
        let mut sessions = self.sessions.lock();
        sessions.addresses.leave(link.address());
        let links = &mut sessions.links;
        links.remove(&link.id);
        // Memory is given back, but not over and over.
        if links.capacity() > 1024 && links.len() < links.capacity() / 4 {
            links.shrink_to(links.len() * 2);
        }
    }

    /// See [`crate::Server::quiesce`].
    pub async fn quiesce(&self) {
        let links = self.shut();
        let quiet: Vec<_> = links.iter().map(|link| link.quiesce()).collect();
        for quiet in quiet {
            // One that has ended is quiet, too.
            let _ = quiet.await;
        }
    }

    /// See [`crate::Server::close`].
    pub async fn close(&self, bound: Duration) {
        let until = Instant::now() + bound;
        let _ = tokio::time::timeout_at(until, async {
            // A handler that does not end must not cost the others their orderly end.
            let _ = timeout(bound / 2, self.quiesce()).await;
            for link in self.shut() {
                link.close(Reason::ServerClosing);
            }
            self.tasks.wait().await;
        })
        .await;
        self.force_close.cancel();
        for link in self.shut() {
            link.abort(Reason::Aborted);
        }
        self.tasks.wait().await;
    }

    /// Lets no new session in; gives those that are there.
    fn shut(&self) -> Vec<Arc<Link>> {
        let mut sessions = self.sessions.lock();
        sessions.closing = true;
        self.tasks.close();
        sessions.links.values().cloned().collect()
    }

    /// What is counted, at this moment. Looks at every session, so it costs more the more there are.
    pub fn metrics(&self) -> Metrics {
        let links: Vec<_> = self.sessions.lock().links.values().cloned().collect();
        self.counters.read(links.len(), links.iter().map(|link| link.pending_bytes()).sum())
    }
}
