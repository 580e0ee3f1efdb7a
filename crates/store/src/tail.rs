//! The end of the log, kept in memory for its followers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use domain::store::{Committed, Position, StoreError};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// The last committed entries that some follower has not been given yet.
pub(crate) struct Tail {
    held: Mutex<TailState>,
    grown: Notify,
}

struct TailState {
    /// Ascending by position, without a gap.
    entries: VecDeque<Arc<Committed>>,
    weight: usize,
    /// All committed entries above this position are in `entries`.
    begin: Position,
    /// The position that each follower has come to, by the follower's number.
    followers: BTreeMap<u64, Position>,
    next_number: u64,
    is_closed: bool,
}

/// A follower of the tail. Until it is dropped, the entries that it has not had are kept, up to [`Tail::MOST`] bytes.
pub(crate) struct TailFollower<'a> {
    tail: &'a Tail,
    number: u64,
}

/// What a follower gets next.
enum Next {
    Entries(Vec<Arc<Committed>>),
    /// The follower is at this position, and entries above it are no longer kept: read them from the log.
    Overrun(Position),
    /// The follower has had everything, and the log is closed.
    Closed,
}

impl Tail {
    /// Most bytes kept. The announcer alone never needs half of them: senders wait when too much is not announced yet.
    const MOST: usize = 128 << 20;

    /// An empty tail of a log whose last position is `end`.
    pub(crate) fn new(end: Position) -> Self {
        let held = TailState {
            entries: VecDeque::new(),
            weight: 0,
            begin: end,
            followers: BTreeMap::new(),
            next_number: 0,
            is_closed: false,
        };
        Self { held: Mutex::new(held), grown: Notify::new() }
    }

    /// Adds committed entries, ascending by position. If they are too many, or nobody follows, all are dropped.
    pub(crate) fn push(&self, committed: impl IntoIterator<Item = Arc<Committed>>) {
        let mut held = self.held.lock();
        for committed in committed {
            held.weight += committed.weight();
            held.entries.push_back(committed);
        }
        if held.weight > Self::MOST || held.followers.is_empty() {
            held.begin = held.entries.back().map_or(held.begin, |last| last.entry.position);
            held.weight = 0;
            held.entries = VecDeque::new();
        }
        drop(held);
        self.grown.notify_waiters();
    }

    /// A follower that gets every entry above a position.
    pub(crate) fn follow(&self, after: Position) -> TailFollower<'_> {
        let mut held = self.held.lock();
        let number = held.next_number;
        held.next_number += 1;
        held.followers.insert(number, after);
        TailFollower { tail: self, number }
    }

    /// Call this when no more entries will come.
    pub(crate) fn close(&self) {
        self.held.lock().is_closed = true;
        self.grown.notify_waiters();
    }
}

impl TailFollower<'_> {
    /// Waits for the next entries, at most `limit`, and moves behind them. `read` reads the entries above a
    /// position from the log. It is called when the tail no longer has them.
    pub(crate) async fn next_or<F>(
        &self,
        limit: usize,
        read: impl Fn(Position) -> F,
    ) -> Result<Vec<Arc<Committed>>, StoreError>
    where
        F: Future<Output = Result<Vec<Arc<Committed>>, StoreError>>,
    {
        loop {
            let after = match self.next(limit).await {
                Next::Entries(entries) => return Ok(entries),
                Next::Closed => return Err(StoreError::Closed),
                Next::Overrun(after) => after,
            };
            let entries = read(after).await?;
            if let Some(last) = entries.last() {
                self.move_to(last.entry.position);
                return Ok(entries);
            }
        }
    }

    async fn next(&self, limit: usize) -> Next {
        loop {
            let mut grown = std::pin::pin!(self.tail.grown.notified());
            // Registered before looking, so that no push in between is missed.
            grown.as_mut().enable();
            if let Some(next) = self.tail.held.lock().next(self.number, limit) {
                return next;
            }
            grown.await;
        }
    }

    /// Moves behind an entry that was read from the log.
    fn move_to(&self, position: Position) {
        self.tail.held.lock().move_to(self.number, position);
    }
}

impl Drop for TailFollower<'_> {
    fn drop(&mut self) {
        let mut held = self.tail.held.lock();
        held.followers.remove(&self.number);
        held.let_go();
    }
}

impl TailState {
    fn next(&mut self, number: u64, limit: usize) -> Option<Next> {
        let after = *self.followers.get(&number)?;
        if after < self.begin {
            return Some(Next::Overrun(after));
        }
        let given = self.entries.partition_point(|committed| committed.entry.position <= after);
        let entries: Vec<_> = self.entries.range(given..).take(limit).cloned().collect();
        let Some(last) = entries.last() else {
            // The remaining entries were already read from the log. They are dropped, because senders wait
            // for their memory permits.
            self.let_go();
            return self.is_closed.then_some(Next::Closed);
        };
        self.move_to(number, last.entry.position);
        Some(Next::Entries(entries))
    }

    fn move_to(&mut self, number: u64, position: Position) {
        self.followers.insert(number, position);
        self.let_go();
    }

    /// Drops the entries that every follower has been given. Followers that are behind `begin` do not count: they have
    /// to read the log anyway.
    fn let_go(&mut self) {
        let here = self.followers.values().filter(|position| **position >= self.begin);
        let all_given = here.min().copied().unwrap_or(Position(u64::MAX));
        let given = self.entries.partition_point(|committed| committed.entry.position <= all_given);
        for committed in self.entries.drain(..given) {
            self.weight -= committed.weight();
            self.begin = committed.entry.position;
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::store::{ConversationKey, Entry, EntryKind, GroupEntry, Origin, UserId};
    use futures_util::FutureExt;
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

    async fn next(follower: &TailFollower<'_>, limit: usize) -> Vec<u64> {
        match follower.next(limit).await {
            Next::Entries(entries) => entries.iter().map(|committed| committed.entry.position.0).collect(),
            Next::Overrun(_) | Next::Closed => Vec::new(),
        }
    }

    fn kept(tail: &Tail) -> Vec<u64> {
        tail.held.lock().entries.iter().map(|committed| committed.entry.position.0).collect()
    }

    #[tokio::test]
    async fn entries_are_dropped_once_they_were_followed() {
        let tail = Tail::new(Position(7));
        let follower = tail.follow(Position(7));
        tail.push([committed(8, 1), committed(9, 1), committed(10, 1)]);
        assert_eq!(next(&follower, 2).await, [8, 9]);
        assert_eq!(kept(&tail), [10]);
        assert!(matches!(tail.follow(Position(8)).next(2).await, Next::Overrun(Position(8))));
        tail.close();
        assert_eq!(next(&follower, 2).await, [10]);
        assert!(matches!(follower.next(2).await, Next::Closed));
    }

    #[tokio::test]
    async fn entries_are_kept_until_the_slowest_follower_has_them() {
        let tail = Tail::new(Position(0));
        let (fast, slow) = (tail.follow(Position(0)), tail.follow(Position(0)));
        tail.push([committed(1, 1), committed(2, 1), committed(3, 1)]);
        assert_eq!(next(&fast, 9).await, [1, 2, 3]);
        assert_eq!(next(&slow, 1).await, [1]);
        assert_eq!(kept(&tail), [2, 3]);
        tail.push([committed(4, 1)]);
        assert_eq!(next(&fast, 9).await, [4]);
        assert_eq!(next(&slow, 9).await, [2, 3, 4]);
        assert_eq!(kept(&tail), [0; 0]);
        // Entries are not kept for a follower that was dropped.
        tail.push([committed(5, 1), committed(6, 1)]);
        assert_eq!(next(&fast, 1).await, [5]);
        drop(slow);
        assert_eq!(kept(&tail), [6]);
        drop(fast);
        assert_eq!(kept(&tail), [0; 0]);
        tail.push([committed(7, 1)]);
        assert_eq!(kept(&tail), [0; 0]);
    }

    #[tokio::test]
    async fn a_follower_that_reads_the_log_keeps_no_entries_and_comes_back() {
        let tail = Tail::new(Position(9));
        let (late, fast) = (tail.follow(Position(3)), tail.follow(Position(9)));
        tail.push([committed(10, 1)]);
        assert_eq!(next(&fast, 9).await, [10]);
        assert_eq!(kept(&tail), [0; 0]);
        assert!(matches!(late.next(9).await, Next::Overrun(Position(3))));
        late.move_to(Position(10));
        tail.push([committed(11, 1)]);
        assert_eq!((next(&fast, 9).await, next(&late, 9).await), (vec![11], vec![11]));
    }

    #[tokio::test]
    async fn what_a_follower_has_read_from_the_log_is_not_kept() {
        let tail = Tail::new(Position(9));
        let follower = tail.follow(Position(9));
        follower.move_to(Position(10));
        tail.push([committed(10, 1)]);
        assert!(follower.next(9).now_or_never().is_none());
        assert_eq!(kept(&tail), [0; 0]);
    }

    #[tokio::test]
    async fn it_is_bounded() {
        let tail = Tail::new(Position(0));
        let follower = tail.follow(Position(0));
        for position in 1..=5 {
            tail.push([committed(position, Tail::MOST / 4)]);
        }
        assert!(matches!(follower.next(9).await, Next::Overrun(Position(0))));
        follower.move_to(Position(4));
        assert_eq!(next(&follower, 9).await, [5]);
    }

    #[test]
    fn a_group_entry_weighs_little() {
        let entry = Entry { seq: 1, position: Position(1), kind: EntryKind::GroupChange, message: None };
        let change = GroupEntry {
            seq: 1,
            previous: 0,
            by: UserId(1),
            at: Timestamp::from_millis(1),
            events: Vec::new(),
        };
        assert!(Committed::of_group(ConversationKey(1), entry, change).weight() < 1024);
    }
}
