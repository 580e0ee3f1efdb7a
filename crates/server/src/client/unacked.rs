//! The messages that a client has not acknowledged yet, and what came behind them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use parking_lot::Mutex;
use socketio::{Mark, Reason, Socket};
use tokio::sync::Notify;

/// Entries that may wait for acknowledgements, as many as the transport lets messages wait for theirs.
const MOST: usize = 4096;

/// What a client that acknowledges every message has not acknowledged yet.
#[derive(Default)]
pub(super) struct Unacked {
    /// By conversation and `seq`; `true` once acknowledged, kept while one before it is not.
    entries: Mutex<BTreeMap<(u64, u64), bool>>,
    fewer: Notify,
}

impl Unacked {
    /// A message is being emitted.
    pub(super) fn wait_for(&self, mark: Mark) {
        self.entries.lock().insert((mark.0, mark.1), false);
    }

    /// Puts an entry that asks for no acknowledgement behind the messages of its conversation that wait for
    /// theirs; says whether there are any.
    pub(super) fn follow<S: Send + Sync + 'static>(&self, socket: &Socket<S>, mark: Mark) -> bool {
        let mut entries = self.entries.lock();
        let follows = entries.range(of_conversation(mark)).next().is_some();
        if follows {
            entries.insert((mark.0, mark.1), true);
        }
        if entries.len() > MOST {
            socket.abort(Reason::Unacknowledged);
        }
        follows
    }

    /// A message was acknowledged: up to where its conversation is delivered now, if further.
    pub(super) fn acked(&self, mark: Mark) -> Option<Mark> {
        let mut entries = self.entries.lock();
        *entries.get_mut(&(mark.0, mark.1))? = true;
        let mut through = None;
        while let Some((&(conversation, seq), true)) = entries.range(of_conversation(mark)).next() {
            entries.remove(&(conversation, seq));
            through = Some(Mark(conversation, seq));
        }
        drop(entries);
        self.fewer.notify_waiters();
        through
    }

    /// Waits until fewer than `count` wait, or the socket is over.
    pub(super) async fn fewer_than<S: Send + Sync + 'static>(&self, count: usize, socket: &Socket<S>) {
        loop {
            let fewer = self.fewer.notified();
            let mut fewer = std::pin::pin!(fewer);
            // Before looking, so that no change is missed.
            fewer.as_mut().enable();
            if self.entries.lock().len() < count || !socket.is_connected() {
                return;
            }
            fewer.await;
        }
    }

    /// The socket is over.
    pub(super) fn ended(&self) {
        self.fewer.notify_waiters();
    }
}

/// The entries of a mark's conversation.
fn of_conversation(mark: Mark) -> RangeInclusive<(u64, u64)> {
    (mark.0, 0)..=(mark.0, u64::MAX)
}
