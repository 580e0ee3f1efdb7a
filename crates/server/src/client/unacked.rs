//! The messages that a client has not acknowledged yet, later entries that wait for them, and what is held back
//! until it has.

use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;

use domain::store::EntryKind;
use parking_lot::Mutex;
use socketio::{Mark, PACKET_OVERHEAD, Payload, Reason, SendError, Socket};
use tokio::sync::Notify;

use super::Proof;

/// Entries that may wait for acknowledgements. What comes then is held back. The transport has the same limit.
const MAX_UNACKED: usize = 4096;
/// Bytes of entries that may be held back. Past it the socket is closed, and its client resumes from the log.
const MAX_HELD_BYTES: usize = 1 << 20;

/// The unacknowledged messages of a client that acknowledges every message.
#[derive(Default)]
pub(super) struct Unacked {
    /// By conversation and `seq`. An acknowledged entry is `true`, and stays while an earlier one is not acknowledged.
    entries: Mutex<BTreeMap<(u64, u64), bool>>,
    /// Notified when there are fewer entries, or fewer are held back.
    fewer: Notify,
    /// Locked while something is emitted, so that the order of the calls is the order on the wire.
    held: Mutex<Held>,
}

/// What is held back, in its order.
#[derive(Default)]
struct Held {
    emissions: VecDeque<(Emission, Mark)>,
    bytes: usize,
}

/// How an entry is shown to the client.
pub(super) enum Emission {
    Entry(EntryKind, Payload),
    /// Not at all; only its mark moves.
    Nothing,
}

impl Emission {
    fn cost(&self) -> usize {
        PACKET_OVERHEAD + if let Self::Entry(_, payload) = self { payload.bytes() } else { 0 }
    }
}

impl Unacked {
    /// Emits an entry, or holds it back while too many wait.
    pub(super) fn emit<S: Send + Sync + 'static>(
        &self,
        socket: &Socket<S>,
        emission: Emission,
        mark: Mark,
    ) -> Result<Proof, SendError> {
        let mut held = self.held.lock();
        if held.emissions.is_empty() && self.has_room() {
            return self.emit_now(socket, &emission, mark);
        }
        held.bytes += emission.cost();
        held.emissions.push_back((emission, mark));
        if held.bytes > MAX_HELD_BYTES {
            *held = Held::default();
            socket.abort(Reason::Unacknowledged);
            return Err(SendError::Closed);
        }
        Ok(Proof::Acknowledgement)
    }

    fn has_room(&self) -> bool {
        self.entries.lock().len() < MAX_UNACKED
    }

    fn emit_now<S: Send + Sync + 'static>(
        &self,
        socket: &Socket<S>,
        emission: &Emission,
        mark: Mark,
    ) -> Result<Proof, SendError> {
        if let Emission::Entry(EntryKind::Message, payload) = emission {
            self.entries.lock().insert((mark.0, mark.1), false);
            return socket.emit_confirmed(payload, mark).map(|()| Proof::Acknowledgement);
        }
        // Only messages are acknowledged. A change counts as delivered when the messages before it are.
        let follows = self.follow(mark);
        match emission {
            Emission::Entry(_, payload) if follows => socket.emit(payload),
            Emission::Entry(_, payload) => socket.emit_marked(payload, mark),
            Emission::Nothing if follows => Ok(()),
            Emission::Nothing => socket.mark(mark),
        }?;
        Ok(if follows { Proof::Acknowledgement } else { Proof::Pong })
    }

    /// Lets an entry without an acknowledgement of its own wait for the unacknowledged messages of its conversation.
    /// False if there are none.
    fn follow(&self, mark: Mark) -> bool {
        let mut entries = self.entries.lock();
        let follows = entries.range(of_conversation(mark)).next().is_some();
        if follows {
            entries.insert((mark.0, mark.1), true);
        }
        follows
    }

    /// A message was acknowledged: emits what was held back and may follow now. Gives the new delivered mark of the
    /// conversation, if it moves.
    pub(super) fn acked<S: Send + Sync + 'static>(&self, socket: &Socket<S>, mark: Mark) -> Option<Mark> {
        let through = self.acknowledge(mark);
        let mut held = self.held.lock();
        while self.has_room()
            && let Some((emission, mark)) = held.emissions.pop_front()
        {
            held.bytes -= emission.cost();
            if self.emit_now(socket, &emission, mark).is_err() {
                // It is closed, and its client resumes from the log.
                *held = Held::default();
            }
        }
        drop(held);
        self.fewer.notify_waiters();
        through
    }

    fn acknowledge(&self, mark: Mark) -> Option<Mark> {
        let mut entries = self.entries.lock();
        *entries.get_mut(&(mark.0, mark.1))? = true;
        let mut through = None;
        while let Some((&(conversation, seq), true)) = entries.range(of_conversation(mark)).next() {
            entries.remove(&(conversation, seq));
            through = Some(Mark(conversation, seq));
        }
        through
    }

    /// Whether something is held back.
    pub(super) fn holds_back(&self) -> bool {
        !self.held.lock().emissions.is_empty()
    }

    /// Waits until fewer than `count` entries wait, acknowledged or not, or the socket has ended.
    pub(super) async fn wait_below<S: Send + Sync + 'static>(&self, count: usize, socket: &Socket<S>) {
        self.wait_until(socket, || self.entries.lock().len() < count).await;
    }

    /// Waits until nothing is held back, or the socket has ended.
    pub(super) async fn wait_until_emitted<S: Send + Sync + 'static>(&self, socket: &Socket<S>) {
        self.wait_until(socket, || !self.holds_back()).await;
    }

    async fn wait_until<S: Send + Sync + 'static>(&self, socket: &Socket<S>, is_so: impl Fn() -> bool) {
        loop {
            let fewer = self.fewer.notified();
            let mut fewer = std::pin::pin!(fewer);
            // Before the check, so that no change is missed.
            fewer.as_mut().enable();
            if is_so() || !socket.is_connected() {
                return;
            }
            fewer.await;
        }
    }

    /// The socket has ended.
    pub(super) fn ended(&self) {
        *self.held.lock() = Held::default();
        self.fewer.notify_waiters();
    }
}

/// The entries of a mark's conversation.
fn of_conversation(mark: Mark) -> RangeInclusive<(u64, u64)> {
    (mark.0, 0)..=(mark.0, u64::MAX)
}
