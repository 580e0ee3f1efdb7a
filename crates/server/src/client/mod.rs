//! A connected client: how far it is in the stream of its user's entries.

mod expiry;
mod unacked;

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use domain::store::{ConversationKey, EntryKind, Position, Since};
use domain::{Caller, Error, Live, SocketKey, TypingThrottle};
use parking_lot::Mutex;
use socketio::{Mark, Payload, SendError};
use tokio::sync::oneshot;

use expiry::Expiry;
use unacked::{Emission, Unacked};

/// Live entries that are held back while a client catches up. If more come, they are dropped and read from the log.
const MAX_HELD: usize = 256;

/// A connected client.
pub(crate) type Socket = socketio::Socket<Client>;

/// What the server knows of a connected socket: its user, and how far it is in the stream.
pub(crate) struct Client {
    pub(crate) key: SocketKey,
    pub(crate) caller: Caller,
    /// Its unacknowledged messages, if it acknowledges every message (`acks`).
    acks: Option<Box<Unacked>>,
    phase: Mutex<Phase>,
    /// When its token expires, if it is one of a host application.
    pub(crate) expiry: Option<Box<Expiry>>,
    /// Limits how often its typing is told.
    pub(crate) typing: TypingThrottle,
    /// Whether a `sync` without a cursor is being answered: from the request on, also while the client still catches
    /// up. There is at most one.
    pub(crate) syncing: AtomicBool,
}

/// Where a client goes on from.
pub(crate) struct Start {
    pub(crate) since: Since,
    /// The position of the store before the client was let in. Entries up to here were not sent by this socket.
    pub(crate) before: Position,
    /// Why its cursor was refused, to tell it.
    pub(crate) refused: Option<Box<Error>>,
}

/// How far a client is in the stream of its user's entries.
enum Phase {
    /// The flush runs; live entries are held back.
    CatchingUp(Box<CatchingUp>),
    /// It was sent every entry up to `floor` by the flush, and all later ones live.
    Live { floor: Position },
    /// Live, but entries are held back until a `sync` is answered.
    Syncing(Box<Syncing>),
    /// The socket has ended.
    Over,
}

/// What proves that a client has an entry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// Its own acknowledgement, or that of a message before it.
    Acknowledgement,
    /// The pong of a ping that is sent behind it.
    Pong,
}

struct Syncing {
    floor: Position,
    held: Vec<HeldEntry>,
}

struct CatchingUp {
    start: Option<Start>,
    held: Vec<HeldEntry>,
    /// Whether more entries came than can be held.
    overflowed: bool,
    /// Entries that this socket sent meanwhile. They are not emitted to it, because it gets their acknowledgements.
    own: BTreeSet<Position>,
    /// A `sync` that waits for the end; it is woken when this is dropped.
    waiting: Option<oneshot::Sender<()>>,
}

/// A live entry that is held back.
struct HeldEntry {
    position: Position,
    kind: EntryKind,
    mark: Mark,
    payload: Payload,
}

impl Client {
    pub(crate) fn new(key: SocketKey, caller: Caller, start: Start, acks: bool) -> Self {
        let catching_up = CatchingUp {
            start: Some(start),
            held: Vec::new(),
            overflowed: false,
            own: BTreeSet::new(),
            waiting: None,
        };
        let expiry = caller.expires_at().map(|at| Box::new(Expiry::new(at)));
        Self {
            key,
            caller,
            expiry,
            acks: acks.then(Box::default),
            phase: Mutex::new(Phase::CatchingUp(Box::new(catching_up))),
            typing: TypingThrottle::default(),
            syncing: AtomicBool::new(false),
        }
    }

    /// Takes an event for the client's user: emits it, holds it back, or leaves it out if the client has it already.
    pub(crate) fn offer(&self, socket: &Socket, live: &Live, payload: &Payload) {
        let Live::Entry { kind, conversation, seq, position, origin, .. } = live else {
            // A socket that cannot take it is closed, and its client reads the state anew.
            let _ = socket.emit(payload);
            return;
        };
        let mark = mark(*conversation, *seq);
        let own = *origin == Some(self.key);
        // Locked until it is emitted, so that the order of the calls is the order on the wire.
        let mut phase = self.phase.lock();
        match &mut *phase {
            Phase::Live { floor } if !own && position > floor => {
                // A socket that cannot take it is closed, and its client resumes from the log.
                let _ = self.emit(socket, *kind, mark, payload);
            }
            Phase::CatchingUp(catching_up) if own => drop(catching_up.own.insert(*position)),
            Phase::CatchingUp(catching_up) => {
                catching_up.hold(HeldEntry {
                    position: *position,
                    kind: *kind,
                    mark,
                    payload: payload.clone(),
                });
            }
            Phase::Syncing(syncing) if !own && *position > syncing.floor => {
                syncing.held.push(HeldEntry {
                    position: *position,
                    kind: *kind,
                    mark,
                    payload: payload.clone(),
                });
                if syncing.held.len() >= MAX_HELD {
                    // Harmless: the cursor in the answer will be below some entries that were emitted before it.
                    self.resume(socket, &mut phase);
                }
            }
            Phase::Live { .. } | Phase::Syncing(_) | Phase::Over => {}
        }
    }

    /// Where to begin catching up; `None` from the second call on.
    pub(crate) fn start(&self) -> Option<Start> {
        match &mut *self.phase.lock() {
            Phase::CatchingUp(catching_up) => catching_up.start.take(),
            Phase::Live { .. } | Phase::Syncing(_) | Phase::Over => None,
        }
    }

    /// Whether this socket sent the entry at this position while it was catching up.
    pub(crate) fn has_sent(&self, position: Position) -> bool {
        match &*self.phase.lock() {
            Phase::CatchingUp(catching_up) => catching_up.own.contains(&position),
            Phase::Live { .. } | Phase::Syncing(_) | Phase::Over => false,
        }
    }

    /// Everything up to `upto` has been emitted. Emits `done` and then the held entries, and goes live. False if more
    /// entries came than can be held: the flush must go on from `upto`.
    pub(crate) fn go_live(&self, socket: &Socket, upto: Position, done: &Payload) -> bool {
        let mut phase = self.phase.lock();
        let Phase::CatchingUp(catching_up) = &mut *phase else { return true };
        if catching_up.overflowed {
            catching_up.overflowed = false;
            return false;
        }
        let _ = socket.emit(done);
        for held in std::mem::take(&mut catching_up.held) {
            if held.position > upto {
                self.release(socket, &held);
            }
        }
        *phase = Phase::Live { floor: upto };
        true
    }

    /// Begins to answer a `sync`: waits until the client is live, and holds entries back until [`Client::finish_sync`],
    /// so that none is emitted that the answer's cursor does not count. False if the socket has ended.
    pub(crate) async fn hold_for_sync(&self) -> bool {
        loop {
            let over = {
                let mut phase = self.phase.lock();
                match &mut *phase {
                    Phase::Live { floor } => {
                        let floor = *floor;
                        *phase = Phase::Syncing(Box::new(Syncing { floor, held: Vec::new() }));
                        return true;
                    }
                    Phase::Syncing(_) => return true,
                    Phase::Over => return false,
                    Phase::CatchingUp(catching_up) => {
                        let (waiting, over) = oneshot::channel();
                        catching_up.waiting = Some(waiting);
                        over
                    }
                }
            };
            // Resolves when the sender is dropped with `CatchingUp`, however that ends.
            let _ = over.await;
        }
    }

    /// All entries up to `told` have been announced. Emits those of them that were held back, calls `answer` with the
    /// position that the client has reached, and goes live again. False, without an answer, if some cannot be emitted
    /// before the client has acknowledged more: see [`Client::wait_until_emitted`].
    pub(crate) fn finish_sync(&self, socket: &Socket, told: Position, answer: impl FnOnce(Position)) -> bool {
        let mut phase = self.phase.lock();
        let floor = match &mut *phase {
            Phase::Syncing(syncing) => {
                for held in syncing.held.extract_if(.., |held| held.position <= told) {
                    self.release(socket, &held);
                }
                syncing.floor
            }
            Phase::Live { floor } => *floor,
            Phase::CatchingUp(_) | Phase::Over => return true,
        };
        if self.acks.as_ref().is_some_and(|unacked| unacked.holds_back()) {
            return false;
        }
        answer(told.max(floor));
        self.resume(socket, &mut phase);
        true
    }

    /// Waits until nothing is held back for want of acknowledgements, or the socket has ended.
    pub(crate) async fn wait_until_emitted(&self, socket: &Socket) {
        if let Some(unacked) = &self.acks {
            unacked.wait_until_emitted(socket).await;
        }
    }

    /// The `sync` failed: goes live again.
    pub(crate) fn abort_sync(&self, socket: &Socket) {
        self.resume(socket, &mut self.phase.lock());
    }

    /// Emits the entries that were held back for a `sync`, and goes live again.
    fn resume(&self, socket: &Socket, phase: &mut Phase) {
        if let Phase::Syncing(syncing) = phase {
            let Syncing { floor, held } = &mut **syncing;
            for held in held.drain(..) {
                self.release(socket, &held);
            }
            *phase = Phase::Live { floor: *floor };
        }
    }

    fn release(&self, socket: &Socket, held: &HeldEntry) {
        // A socket that cannot take it is closed, and its client resumes from the log.
        let _ = self.emit(socket, held.kind, held.mark, &held.payload);
    }

    /// Emits an entry, or holds it back while too many are not acknowledged. Once the client has it, the handler is
    /// called with the mark.
    pub(crate) fn emit(
        &self,
        socket: &Socket,
        kind: EntryKind,
        mark: Mark,
        payload: &Payload,
    ) -> Result<Proof, SendError> {
        match &self.acks {
            Some(unacked) => unacked.emit(socket, Emission::Entry(kind, payload.clone()), mark),
            None => socket.emit_marked(payload, mark).map(|()| Proof::Pong),
        }
    }

    /// An entry is not emitted. It counts as delivered when the entries before it are.
    pub(crate) fn skip(&self, socket: &Socket, mark: Mark) -> Result<Proof, SendError> {
        match &self.acks {
            Some(unacked) => unacked.emit(socket, Emission::Nothing, mark),
            None => socket.mark(mark).map(|()| Proof::Pong),
        }
    }

    /// The client acknowledged a message, so what was held back may follow. Gives the new delivered mark of the
    /// conversation, if it moves.
    pub(crate) fn acked(&self, socket: &Socket, mark: Mark) -> Option<Mark> {
        self.acks.as_ref()?.acked(socket, mark)
    }

    /// Waits until fewer than `count` entries wait for acknowledgements, or the socket has ended.
    pub(crate) async fn wait_below(&self, socket: &Socket, count: usize) {
        if let Some(unacked) = &self.acks {
            unacked.wait_below(count, socket).await;
        }
    }

    /// The socket has ended.
    pub(crate) fn ended(&self) {
        *self.phase.lock() = Phase::Over;
        if let Some(expiry) = &self.expiry {
            expiry.ended();
        }
        if let Some(unacked) = &self.acks {
            unacked.ended();
        }
    }
}

impl CatchingUp {
    fn hold(&mut self, held: HeldEntry) {
        if self.held.len() < MAX_HELD && !self.overflowed {
            self.held.push(held);
        } else {
            self.overflowed = true;
            self.held = Vec::new();
        }
    }
}

/// The mark for the packet of an entry.
pub(crate) fn mark(conversation: ConversationKey, seq: u64) -> Mark {
    Mark(conversation.0.unsigned_abs(), seq)
}
