//! A connected client: where it stands in the stream of its user.

mod unacked;

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use domain::store::{ConversationKey, EntryKind, Position, Since};
use domain::{Caller, Error, Live, Pace, SocketKey};
use parking_lot::Mutex;
use socketio::{Mark, Payload, SendError};
use tokio::sync::oneshot;

use unacked::Unacked;

/// Live events held back while a client catches up; past it, what is missing is read from the log again.
const HELD: usize = 256;

/// A connected client.
pub(crate) type Socket = socketio::Socket<Client>;

/// What the server knows of a connected client.
pub(crate) struct Client {
    pub(crate) key: SocketKey,
    pub(crate) caller: Caller,
    /// Whether it acknowledges every message.
    acks: Option<Box<Unacked>>,
    stream: Mutex<Stream>,
    /// How often its typing is told.
    pub(crate) pace: Pace,
    /// Whether a `sync` waits for the stream.
    pub(crate) syncing: AtomicBool,
}

/// Where a client goes on from.
pub(crate) struct Start {
    pub(crate) since: Since,
    /// Where the store stood before the client was let in: what its user sent up to here was not sent by it.
    pub(crate) before: Position,
    /// Why its own cursor was not taken.
    pub(crate) refused: Option<Box<Error>>,
}

/// Where a client stands.
enum Stream {
    CatchingUp(Box<CatchingUp>),
    /// It has had everything up to `floor`, and everything that was told since.
    Live {
        floor: Position,
    },
    /// Live, but what is told waits until a `sync` is answered.
    Syncing(Box<Syncing>),
    Over,
}

struct Syncing {
    floor: Position,
    held: Vec<Held>,
}

struct CatchingUp {
    start: Option<Start>,
    held: Vec<Held>,
    /// Whether more was told than could be held.
    overflown: bool,
    /// Sent by this socket itself meanwhile: its acknowledgement says the same.
    own: BTreeSet<Position>,
    /// The `sync` that waits for the end of it.
    waiting: Option<oneshot::Sender<()>>,
}

/// A live entry that waits until what came before it has been read.
struct Held {
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
            overflown: false,
            own: BTreeSet::new(),
            waiting: None,
        };
        Self {
            key,
            caller,
            acks: acks.then(Box::default),
            stream: Mutex::new(Stream::CatchingUp(Box::new(catching_up))),
            pace: Pace::default(),
            syncing: AtomicBool::new(false),
        }
    }

    /// Whether it acknowledges every message.
    pub(crate) fn acknowledges(&self) -> bool {
        self.acks.is_some()
    }

    /// Takes note of something that is told to the client's user.
    pub(crate) fn offer(&self, socket: &Socket, live: &Live, payload: &Payload) {
        let Live::Entry { kind, conversation, seq, position, origin, .. } = live else {
            // A socket that cannot take it is closed, and reads the state anew.
            let _ = socket.emit(payload);
            return;
        };
        let mark = mark(*conversation, *seq);
        let own = *origin == Some(self.key);
        // Locked until it is emitted, so that the order of the calls is the order on the wire.
        let mut stream = self.stream.lock();
        match &mut *stream {
            Stream::Live { floor } if !own && position > floor => {
                // A socket that cannot take it is closed, and resumes from the log.
                let _ = self.emit(socket, *kind, mark, payload);
            }
            Stream::CatchingUp(catching_up) if own => drop(catching_up.own.insert(*position)),
            Stream::CatchingUp(catching_up) => {
                catching_up.hold(Held { position: *position, kind: *kind, mark, payload: payload.clone() });
            }
            Stream::Syncing(syncing) if !own && *position > syncing.floor => {
                syncing.held.push(Held { position: *position, kind: *kind, mark, payload: payload.clone() });
                if syncing.held.len() >= HELD {
                    // The answer will be of a place behind some of it, which is harmless.
                    self.resume(socket, &mut stream);
                }
            }
            Stream::Live { .. } | Stream::Syncing(_) | Stream::Over => {}
        }
    }

    /// Where to begin catching up; given once.
    pub(crate) fn start(&self) -> Option<Start> {
        match &mut *self.stream.lock() {
            Stream::CatchingUp(catching_up) => catching_up.start.take(),
            Stream::Live { .. } | Stream::Syncing(_) | Stream::Over => None,
        }
    }

    /// Whether the socket itself sent the entry at this position while catching up.
    pub(crate) fn sent(&self, position: Position) -> bool {
        match &*self.stream.lock() {
            Stream::CatchingUp(catching_up) => catching_up.own.contains(&position),
            Stream::Live { .. } | Stream::Syncing(_) | Stream::Over => false,
        }
    }

    /// Everything up to `upto` has been emitted: goes live, first `done` and then what was held back. Or,
    /// if more was told than could be held, says no: there is more to read.
    pub(crate) fn go_live(&self, socket: &Socket, upto: Position, done: &Payload) -> bool {
        let mut stream = self.stream.lock();
        let Stream::CatchingUp(catching_up) = &mut *stream else { return true };
        if catching_up.overflown {
            catching_up.overflown = false;
            return false;
        }
        let _ = socket.emit(done);
        for held in std::mem::take(&mut catching_up.held) {
            if held.position > upto {
                self.release(socket, &held);
            }
        }
        *stream = Stream::Live { floor: upto };
        true
    }

    /// Waits until it is live, and holds back what is told from here on until [`Client::synced`]: so that no more
    /// has been emitted then than the answer says. Says no if the socket is over.
    pub(crate) async fn sync(&self) -> bool {
        loop {
            let over = {
                let mut stream = self.stream.lock();
                match &mut *stream {
                    Stream::Live { floor } => {
                        let floor = *floor;
                        *stream = Stream::Syncing(Box::new(Syncing { floor, held: Vec::new() }));
                        return true;
                    }
                    Stream::Syncing(_) => return true,
                    Stream::Over => return false,
                    Stream::CatchingUp(catching_up) => {
                        let (waiting, over) = oneshot::channel();
                        catching_up.waiting = Some(waiting);
                        over
                    }
                }
            };
            // Dropped with the state, however the catching up ends.
            let _ = over.await;
        }
    }

    /// Everything up to `told` has been told: emits what of it was held back, calls `answer` with the place
    /// that the socket has come to, and goes on.
    pub(crate) fn synced(&self, socket: &Socket, told: Position, answer: impl FnOnce(Position)) {
        let mut stream = self.stream.lock();
        let floor = match &mut *stream {
            Stream::Syncing(syncing) => {
                for held in syncing.held.extract_if(.., |held| held.position <= told) {
                    self.release(socket, &held);
                }
                syncing.floor
            }
            Stream::Live { floor } => *floor,
            Stream::CatchingUp(_) | Stream::Over => return,
        };
        answer(told.max(floor));
        self.resume(socket, &mut stream);
    }

    /// Goes on without an answer.
    pub(crate) fn not_synced(&self, socket: &Socket) {
        self.resume(socket, &mut self.stream.lock());
    }

    /// Emits what was held back for a `sync`, and holds nothing back any more.
    fn resume(&self, socket: &Socket, stream: &mut Stream) {
        if let Stream::Syncing(syncing) = stream {
            let Syncing { floor, held } = &mut **syncing;
            for held in held.drain(..) {
                self.release(socket, &held);
            }
            *stream = Stream::Live { floor: *floor };
        }
    }

    fn release(&self, socket: &Socket, held: &Held) {
        // A socket that cannot take it is closed, and resumes from the log.
        let _ = self.emit(socket, held.kind, held.mark, &held.payload);
    }

    /// Emits an entry; the mark is told once the client has proved or acknowledged that it has it.
    pub(crate) fn emit(
        &self,
        socket: &Socket,
        kind: EntryKind,
        mark: Mark,
        payload: &Payload,
    ) -> Result<(), SendError> {
        match (&self.acks, kind) {
            (Some(unacked), EntryKind::Message) => {
                unacked.wait_for(mark);
                socket.emit_confirmed(payload, mark)
            }
            // Only messages are acknowledged; a change counts with the messages before it.
            (Some(unacked), _) if unacked.follow(socket, mark) => socket.emit(payload),
            _ => socket.emit_marked(payload, mark),
        }
    }

    /// An entry is not emitted: it counts as delivered with what came before it.
    pub(crate) fn pass_over(&self, socket: &Socket, mark: Mark) -> Result<(), SendError> {
        match &self.acks {
            Some(unacked) if unacked.follow(socket, mark) => Ok(()),
            _ => socket.mark(mark),
        }
    }

    /// The client acknowledged a message: up to where its conversation is delivered now, if further.
    pub(crate) fn acked(&self, mark: Mark) -> Option<Mark> {
        self.acks.as_ref()?.acked(mark)
    }

    /// Waits until fewer than `count` messages are not acknowledged, or the socket is over.
    pub(crate) async fn fewer_unacked_than(&self, socket: &Socket, count: usize) {
        if let Some(unacked) = &self.acks {
            unacked.fewer_than(count, socket).await;
        }
    }

    /// The socket is over.
    pub(crate) fn ended(&self) {
        *self.stream.lock() = Stream::Over;
        if let Some(unacked) = &self.acks {
            unacked.ended();
        }
    }
}

impl CatchingUp {
    fn hold(&mut self, held: Held) {
        if self.held.len() < HELD && !self.overflown {
            self.held.push(held);
        } else {
            self.overflown = true;
            self.held = Vec::new();
        }
    }
}

/// An entry, as a mark on its packet.
pub(crate) fn mark(conversation: ConversationKey, seq: u64) -> Mark {
    Mark(conversation.0.unsigned_abs(), seq)
}
