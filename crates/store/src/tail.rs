//! The end of the log, kept at hand for who follows it.

use std::collections::VecDeque;
use std::sync::Arc;

use domain::store::{Committed, Position};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// The entries that were committed last and have not been followed yet.
pub(crate) struct Tail {
    held: Mutex<Held>,
    grown: Notify,
}

struct Held {
    /// By ascending position, without a gap.
    entries: VecDeque<Arc<Committed>>,
    weight: usize,
    /// Everything above this is in `entries`.
    begin: Position,
    is_closed: bool,
}

/// What follows a position.
pub(crate) enum Next {
    Entries(Vec<Arc<Committed>>),
    /// More was committed than is kept here: it is in the log.
    Overrun,
    /// Nothing, and nothing will.
    Closed,
}

impl Tail {
    /// Bytes kept at most. Who announces leaves less than half of it, since senders wait for room.
    const MOST: usize = 128 << 20;

    /// The tail of a log that ends at a position.
    pub(crate) fn new(end: Position) -> Self {
        let held = Held { entries: VecDeque::new(), weight: 0, begin: end, is_closed: false };
        Self { held: Mutex::new(held), grown: Notify::new() }
    }

    /// Adds entries that have been committed, in their order.
    pub(crate) fn push(&self, committed: impl IntoIterator<Item = Arc<Committed>>) {
        let mut held = self.held.lock();
        for committed in committed {
            held.weight += committed.weight();
            held.entries.push_back(committed);
        }
        if held.weight > Self::MOST {
            held.begin = held.entries.back().map_or(held.begin, |last| last.entry.position);
            held.weight = 0;
            held.entries = VecDeque::new();
        }
        drop(held);
        self.grown.notify_waiters();
    }

    /// Waits for entries above a position; lets go of those that are not.
    pub(crate) async fn next(&self, after: Position, limit: usize) -> Next {
        loop {
            let mut grown = std::pin::pin!(self.grown.notified());
            // Before looking, so that nothing is missed.
            grown.as_mut().enable();
            if let Some(next) = self.held.lock().next(after, limit) {
                return next;
            }
            grown.await;
        }
    }

    /// Nothing is added any more.
    pub(crate) fn close(&self) {
        self.held.lock().is_closed = true;
        self.grown.notify_waiters();
    }
}

impl Held {
    fn next(&mut self, after: Position, limit: usize) -> Option<Next> {
        if after < self.begin {
            return Some(Next::Overrun);
        }
        let followed = self.entries.partition_point(|committed| committed.entry.position <= after);
        for committed in self.entries.drain(..followed) {
            self.weight -= committed.weight();
            self.begin = committed.entry.position;
        }
        match (self.entries.is_empty(), self.is_closed) {
            (true, true) => Some(Next::Closed),
            (true, false) => None,
            (false, _) => Some(Next::Entries(self.entries.iter().take(limit).cloned().collect())),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::store::{ConversationKey, Entry, EntryKind, GroupEntry, Origin, UserId};
    use protocol::Timestamp;

    use super::*;

    fn committed(position: u64, bytes: usize) -> Arc<Committed> {
        let message = domain::store::MessageRecord {
            conversation: ConversationKey(1),
            seq: position,
            id: protocol::MessageId::mint(Timestamp::from_millis(1), position, 0),
            sender: UserId(1),
            client_id: None,
            text: "x".repeat(bytes).into(),
            timestamp: Timestamp::from_millis(1),
            reply_to: None,
            edited_at: None,
            deleted_at: None,
            attachments: Vec::new(),
            mentions: None,
            reactions: Vec::new(),
            hidden_from: None,
            change_seq: None,
        };
        let entry = Entry {
            seq: position,
            position: Position(position),
            kind: EntryKind::Message,
            message: Some(message),
        };
        Arc::new(Committed::of_message(ConversationKey(1), entry, None, Origin::default()))
    }

    async fn positions(tail: &Tail, after: u64, limit: usize) -> Vec<u64> {
        match tail.next(Position(after), limit).await {
            Next::Entries(entries) => entries.iter().map(|committed| committed.entry.position.0).collect(),
            Next::Overrun | Next::Closed => Vec::new(),
        }
    }

    #[tokio::test]
    async fn it_lets_go_of_what_was_followed() {
        let tail = Tail::new(Position(7));
        tail.push([committed(8, 1), committed(9, 1), committed(10, 1)]);
        assert_eq!(positions(&tail, 7, 2).await, [8, 9]);
        assert_eq!(positions(&tail, 9, 2).await, [10]);
        assert!(matches!(tail.next(Position(8), 2).await, Next::Overrun));
        tail.close();
        assert_eq!(positions(&tail, 9, 2).await, [10]);
        assert!(matches!(tail.next(Position(10), 2).await, Next::Closed));
    }

    #[tokio::test]
    async fn it_is_bounded() {
        let tail = Tail::new(Position(0));
        for position in 1..=5 {
            tail.push([committed(position, Tail::MOST / 4)]);
        }
        assert!(matches!(tail.next(Position(0), 9).await, Next::Overrun));
        assert_eq!(positions(&tail, 4, 9).await, [5]);
    }

    #[test]
    fn a_group_entry_weighs_little() {
        let entry = Entry { seq: 1, position: Position(1), kind: EntryKind::Conversation, message: None };
        let change = GroupEntry { seq: 1, by: UserId(1), at: Timestamp::from_millis(1), events: Vec::new() };
        assert!(Committed::of_group(ConversationKey(1), entry, change).weight() < 1024);
    }
}
