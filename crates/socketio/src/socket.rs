//! A client, connected to a namespace.

use std::{
    any::Any,
    fmt,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use tokio::time::timeout;

use crate::{
    Id, Mark, Payload, Reason, SendError,
    ack::{AckError, Acks, Waiting},
    engine::{Link, Role},
    packet::{Kind, head},
    room::Rooms,
};

/// A client, connected to a namespace. Cheap to clone; may be used from any thread.
///
/// What is emitted to one socket arrives in the order of the calls. Emitting never waits: packets queue up
/// to `max_pending_bytes`, past which the session is closed as [`Reason::SlowReader`].
pub struct Socket<S>(Arc<Inner<S>>);

/// A socket, whatever its session is.
pub(crate) type AnySocket = Arc<Inner<dyn Any + Send + Sync>>;

pub(crate) struct Inner<S: ?Sized> {
    pub(crate) core: Core,
    session: S,
}

/// What does not depend on the application.
pub(crate) struct Core {
    pub(crate) id: Id,
    pub(crate) lane: u32,
    pub(crate) namespace: Arc<str>,
    pub(crate) link: Arc<Link>,
    /// Neither side has ended it.
    open: AtomicBool,
    pub(crate) acks: Mutex<Acks>,
    rooms: Arc<Rooms<AnySocket>>,
    joined: Mutex<Vec<Arc<str>>>,
}

impl<S> Clone for Socket<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: Send + Sync + 'static> fmt::Debug for Socket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").field("id", &self.id()).field("namespace", &self.namespace()).finish()
    }
}

impl<S: Send + Sync + 'static> Socket<S> {
    pub(crate) fn new(core: Core, session: S) -> Self {
        Self(Arc::new(Inner { core, session }))
    }

    pub(crate) fn core(&self) -> &Core {
        &self.0.core
    }

    pub(crate) fn any(&self) -> AnySocket {
        self.0.clone()
    }

    /// Its id, which the client knows as `socket.id`.
    pub fn id(&self) -> Id {
        self.0.core.id
    }

    /// The namespace that the client is connected to: `/`, or a name behind a `/`.
    pub fn namespace(&self) -> &str {
        &self.0.core.namespace
    }

    /// What [`crate::Handler::connect`] gave for it.
    pub fn session(&self) -> &S {
        &self.0.session
    }

    /// The client's address, as it was given to [`crate::Server::handle`].
    pub fn address(&self) -> IpAddr {
        self.0.core.link.address()
    }

    /// Whether neither side has ended it yet.
    pub fn is_connected(&self) -> bool {
        self.0.core.is_open()
    }

    /// Emits an event. That it is queued says nothing of whether it arrives: see [`Socket::emit_marked`] and
    /// [`Socket::emit_confirmed`].
    pub fn emit(&self, event: &Payload) -> Result<(), SendError> {
        self.0.core.send(Kind::Event, None, event, Role::Plain)
    }

    /// Emits an event that answers one of the client's. It is counted with the acknowledgements: of what the
    /// client asks for it is made to take some before more is read, instead of being closed.
    pub fn reply(&self, event: &Payload) -> Result<(), SendError> {
        self.0.core.send(Kind::Event, None, event, Role::Answer)
    }

    /// Emits an event; [`crate::Handler::received`] is called with the mark once the client has it.
    pub fn emit_marked(&self, event: &Payload, mark: Mark) -> Result<(), SendError> {
        self.0.core.send(Kind::Event, None, event, Role::Marked(mark))
    }

    /// Emits nothing; [`crate::Handler::received`] is called with the mark once the client has everything
    /// that was emitted before.
    pub fn mark(&self, mark: Mark) -> Result<(), SendError> {
        let core = &self.0.core;
        if core.is_open() { core.link.mark(core.lane, mark) } else { Err(SendError::Closed) }
    }

    /// Asks the client now to prove that it has what was emitted before, instead of a moment later.
    pub fn ask_proof(&self) {
        self.0.core.link.ask_proof();
    }

    /// Emits an event that asks the client for an acknowledgement; [`crate::Handler::acked`] is called with
    /// the mark when it comes. Cheap: no task and no future waits for it. At most `max_unacknowledged` may be
    /// on their way; one more ends the session as [`Reason::Unacknowledged`].
    pub fn emit_confirmed(&self, event: &Payload, mark: Mark) -> Result<(), SendError> {
        self.0.core.ask(event, Waiting::Mark(mark)).map(drop)
    }

    /// Emits an event and waits for the client's acknowledgement.
    ///
    /// Not to be awaited in [`crate::Handler::event`] of the same session: while that is at work nothing is
    /// read, the acknowledgement neither. Spawn a task that waits.
    pub async fn emit_with_ack(&self, event: &Payload, within: Duration) -> Result<Payload, AckError> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let id = self.0.core.ask(event, Waiting::Call(sender))?;
        let _forget = Forget(&self.0.core, id);
        match timeout(within, receiver).await {
            Ok(answer) => answer.map_err(|_| AckError::Closed),
            Err(_) => Err(AckError::Timeout),
        }
    }

    /// Adds it to a room of its namespace, until it leaves or disconnects. Nothing if it is in it, or over.
    pub fn join(&self, room: &str) {
        let core = &self.0.core;
        let mut joined = core.joined.lock();
        // Under the lock: whoever disconnects it waits, and takes it out again.
        if core.is_open() && !joined.iter().any(|known| **known == *room) {
            joined.push(core.rooms.join(&core.namespace, room, core.id, self.any()));
        }
    }

    /// Takes it out of a room. Nothing if it is not in it.
    pub fn leave(&self, room: &str) {
        let core = &self.0.core;
        let mut joined = core.joined.lock();
        if let Some(index) = joined.iter().position(|known| **known == *room) {
            joined.swap_remove(index);
            core.rooms.leave(&core.namespace, room, core.id);
        }
    }

    /// Disconnects it from its namespace: what was emitted before is sent, then the client is told. The
    /// client does not reconnect by itself.
    pub fn disconnect(&self) {
        let core = &self.0.core;
        if core.open.swap(false, Ordering::Relaxed) {
            let head = head(Kind::Disconnect, 0, &core.namespace, None);
            // If the session is closed, that disconnects it as well.
            let _ = core.link.send(core.lane, head, Arc::new([]), &[], Role::LastOfLane);
        }
    }

    /// Closes the whole session: what was emitted before is sent, for at most `close_timeout`. The client
    /// sees a `transport close` and reconnects by itself.
    pub fn close(&self, reason: Reason) {
        self.0.core.link.close(reason);
    }

    /// Closes the whole session at once: what waits is not sent. The client sees a `transport close` and
    /// reconnects by itself.
    pub fn abort(&self, reason: Reason) {
        self.0.core.link.abort(reason);
    }

    /// As [`Socket::abort`] for [`Reason::Application`]; the client is told why, by the reason of the close
    /// frame.
    pub fn abort_with(&self, word: &'static str) {
        self.0.core.link.abort_with(word);
    }

    /// How much waits for the transport, as `max_pending_bytes` counts it, over all sockets of the session.
    pub fn pending_bytes(&self) -> usize {
        self.0.core.link.pending_bytes()
    }

    /// Resolves once the transport has taken everything that was emitted before the call, or is gone. May be
    /// awaited in [`crate::Handler::event`].
    pub fn drained(&self) -> impl Future<Output = ()> + Send + use<S> {
        self.0.core.link.drained()
    }
}

impl Core {
    pub(crate) fn new(
        id: Id,
        lane: u32,
        namespace: Arc<str>,
        link: Arc<Link>,
        max_unacknowledged: usize,
        rooms: Arc<Rooms<AnySocket>>,
    ) -> Self {
        Self {
            id,
            lane,
            namespace,
            link,
            open: AtomicBool::new(true),
            acks: Mutex::new(Acks::new(max_unacknowledged)),
            rooms,
            joined: Mutex::default(),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    /// Ends it: nothing more is emitted, and it is in no room. Gives the marks that wait to be acknowledged.
    pub(crate) fn end(&self) -> Vec<Mark> {
        self.open.store(false, Ordering::Relaxed);
        let rooms = std::mem::take(&mut *self.joined.lock());
        for room in rooms {
            self.rooms.leave(&self.namespace, &room, self.id);
        }
        self.acks.lock().close()
    }

    pub(crate) fn send(
        &self,
        kind: Kind,
        ack: Option<u64>,
        payload: &Payload,
        role: Role,
    ) -> Result<(), SendError> {
        if !self.is_open() {
            return Err(SendError::Closed);
        }
        let head = head(kind, payload.attachments().len(), &self.namespace, ack);
        self.link.send(self.lane, head, payload.json().clone(), payload.attachments(), role)
    }

    /// Emits an event that asks for an acknowledgement; gives its id.
    fn ask(&self, event: &Payload, waiting: Waiting) -> Result<u64, SendError> {
        if !self.is_open() {
            return Err(SendError::Closed);
        }
        // Under the lock, so that the ids are sent in their order.
        let mut acks = self.acks.lock();
        let Some(id) = acks.push(waiting) else {
            drop(acks);
            self.link.abort(Reason::Unacknowledged);
            return Err(SendError::Full);
        };
        let sent = self.send(Kind::Event, Some(id), event, Role::Plain);
        if sent.is_err() {
            acks.take(id);
        }
        sent.map(|()| id)
    }
}

/// Forgets an acknowledgement that nobody waits for any more.
struct Forget<'a>(&'a Core, u64);

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.0.acks.lock().take(self.1);
    }
}
