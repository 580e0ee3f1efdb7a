//! The messages that a client has not acknowledged yet, and later entries that wait for them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use parking_lot::Mutex;
use socketio::{Mark, Reason, Socket};
use tokio::sync::Notify;

/// Entries that may wait for acknowledgements. Of messages the transport lets no more wait.
const MOST: usize = 4096;

/// The unacknowledged messages of a client that acknowledges every message.
#[derive(Default)]
pub(super) struct Unacked {
    /// By conversation and `seq`. An acknowledged entry is `true`, and stays while an earlier one is not acknowledged.
    entries: Mutex<BTreeMap<(u64, u64), bool>>,
    /// Notified when there are fewer entries.
    fewer: Notify,
}

impl Unacked {
    /// A message is being emitted.
    pub(super) fn wait_for(&self, mark: Mark) {
        self.entries.lock().insert((mark.0, mark.1), false);
    }

    /// Lets an entry without an acknowledgement of its own wait for the unacknowledged messages of its conversation.
    /// False if there are none.
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

    /// A message was acknowledged. Gives the new delivered mark of the conversation, if it moves.
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

    /// Waits until fewer than `count` entries wait, acknowledged or not, or the socket has ended.
    pub(super) async fn wait_below<S: Send + Sync + 'static>(&self, count: usize, socket: &Socket<S>) {
        loop {
            let fewer = self.fewer.notified();
            let mut fewer = std::pin::pin!(fewer);
            // Before the check, so that no change is missed.
            fewer.as_mut().enable();
            if self.entries.lock().len() < count || !socket.is_connected() {
                return;
            }
            fewer.await;
        }
    }

    /// The socket has ended.
    pub(super) fn ended(&self) {
        self.fewer.notify_waiters();
    }
}

/// The entries of a mark's conversation.
fn of_conversation(mark: Mark) -> RangeInclusive<(u64, u64)> {
    (mark.0, 0)..=(mark.0, u64::MAX)
}
