//! Receipts: cursors that only move forward, gathered for a moment, stored, and then told.

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use protocol::{Cursors, MoveCursors, Receipt};
use tokio::sync::Notify;

use crate::bus::Hint;
use crate::context::Context;
use crate::error::Error;
use crate::live::Live;
use crate::person::Caller;
use crate::store::{ConversationKey, CursorMove, Moved, StoreError, UserId};

/// The user first, so that all of a user's moves are found together.
type Key = (UserId, ConversationKey);
type Answer = Box<dyn FnOnce(Result<Cursors, Error>) + Send>;

/// How far members have come.
///
/// A move is kept here for [`crate::Settings::receipt_delay`], up to ten times as long when hundreds of
/// conversations move at once, and then stored. So a crash takes back the last moves: what was delivered in that
/// moment is delivered again. [`Receipts::hurry`] makes the moment shorter.
pub struct Receipts {
    context: Arc<Context>,
    delay: Duration,
    moves: Mutex<Moves>,
    moved: Notify,
    hurried: Notify,
}

#[derive(Default)]
struct Moves {
    /// To be stored.
    waiting: BTreeMap<Key, Waiting>,
    /// Being stored: how far was delivered.
    storing: BTreeMap<Key, u64>,
}

#[derive(Default)]
struct Waiting {
    to: Cursors,
    /// How far the server knows that it was delivered. What a client says of itself may be above what there is,
    /// and only the store knows that.
    delivered: u64,
    answers: Vec<Answer>,
}

impl Receipts {
    /// Moves that are stored at once, without waiting for the delay.
    const FULL: usize = 4096;
    /// Moves that one delay may bring. With more they are gathered longer in proportion: each goes to every
    /// device of two people or more, and would soon cost more than the messages do.
    const EASY: usize = 200;
    /// By how many delays at most.
    const LONGER: usize = 9;
    /// Moves that are told in one go; then others have their turn, since each wakes every device of its people.
    const GO: usize = 16;
    /// In a group of more than this a receipt is told to the devices of its own member only, and only of what was
    /// read: a message to a thousand would bring a million of them.
    const LARGE: usize = 64;
    /// How long a store that fails is given.
    const PATIENCE: Duration = Duration::from_secs(1);

    pub(crate) fn new(context: Arc<Context>, delay: Duration) -> Self {
        Self { context, delay, moves: Mutex::default(), moved: Notify::new(), hurried: Notify::new() }
    }

    /// A transport took, or a client acknowledged, everything of a conversation up to `seq`.
    pub fn delivered(&self, user: UserId, conversation: ConversationKey, seq: u64) {
        self.advance((user, conversation), Cursors { delivered_seq: seq, read_seq: 0 }, None);
    }

    /// Stores what waits without waiting longer: a client has gone, and what it was sent should not come
    /// again whatever happens next.
    pub fn hurry(&self) {
        if !self.moves.lock().waiting.is_empty() {
            self.hurried.notify_one();
        }
    }

    /// A client moves its own cursors; `reply` is called with them once they are stored.
    pub async fn advance_to(
        &self,
        caller: &Caller,
        request: MoveCursors,
        reply: impl FnOnce(Result<Cursors, Error>) + Send + 'static,
    ) {
        let MoveCursors { conversation_id, delivered_seq, read_seq } = request;
        let user = caller.person.id;
        match self.context.channels.of_member(conversation_id, user).await {
            Ok(channel) => {
                let read_seq = read_seq.unwrap_or_default();
                let delivered_seq = delivered_seq.unwrap_or_default().max(read_seq);
                let to = Cursors { delivered_seq, read_seq };
                self.advance((user, channel.key), to, Some(Box::new(reply)));
            }
            Err(error) => reply(Err(error)),
        }
    }

    /// Up to where everything was delivered to a user, as far as moves tell that are not stored yet. To be
    /// asked before the store is: a move goes out of sight here once it is in sight there.
    pub(crate) fn delivered_to(&self, user: UserId) -> BTreeMap<ConversationKey, u64> {
        let keys = (user, ConversationKey(i64::MIN))..=(user, ConversationKey(i64::MAX));
        let moves = self.moves.lock();
        let storing = moves.storing.range(keys.clone()).map(|(&(_, key), seq)| (key, *seq));
        let waiting = moves.waiting.range(keys).map(|(&(_, key), waiting)| (key, waiting.delivered));
        let mut delivered = BTreeMap::new();
        for (key, seq) in storing.chain(waiting) {
            let furthest = delivered.entry(key).or_default();
            *furthest = seq.max(*furthest);
        }
        delivered
    }

    /// Stores and tells moves as they come, until `stop`; then once more what is left.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                () = self.moved.notified() => {}
                () = &mut stop => break,
            }
            let gathered = async {
                tokio::time::sleep(self.delay).await;
                let many = self.moves.lock().waiting.len() / Self::EASY;
                tokio::time::sleep(self.delay * u32::try_from(many.min(Self::LONGER)).unwrap_or_default())
                    .await;
            };
            if self.moves.lock().waiting.len() < Self::FULL {
                tokio::select! {
                    () = gathered => {}
                    () = self.hurried.notified() => {}
                    () = &mut stop => break,
                }
            }
            if self.flush().await.is_err() {
                tokio::select! {
                    () = tokio::time::sleep(Self::PATIENCE) => {}
                    () = &mut stop => break,
                }
            }
        }
        // What cannot be stored now is delivered again.
        let _ = self.flush().await;
    }

    fn advance(&self, key: Key, to: Cursors, answer: Option<Answer>) {
        let mut moves = self.moves.lock();
        let before = moves.waiting.len();
        let waiting = moves.waiting.entry(key).or_default();
        waiting.to = further(waiting.to, to);
        if answer.is_none() {
            waiting.delivered = waiting.delivered.max(to.delivered_seq);
        }
        waiting.answers.extend(answer);
        let after = moves.waiting.len();
        drop(moves);
        if before == 0 {
            self.moved.notify_one();
        } else if before < after && after == Self::FULL {
            self.hurried.notify_one();
        }
    }

    /// Stores what has been gathered, answers, and tells what changed.
    async fn flush(&self) -> Result<(), StoreError> {
        let gathered = {
            let mut moves = self.moves.lock();
            let gathered = mem::take(&mut moves.waiting);
            // Kept in sight of `delivered_to` until the store has them.
            moves.storing = gathered.iter().map(|(key, waiting)| (*key, waiting.delivered)).collect();
            gathered
        };
        if gathered.is_empty() {
            return Ok(());
        }
        let (moves, answers): (Vec<_>, Vec<_>) = gathered
            .into_iter()
            .map(|((user, conversation), Waiting { to, answers, .. })| {
                (CursorMove { conversation, user, to }, answers)
            })
            .unzip();
        match self.context.store.move_cursors(moves.clone()).await {
            Ok(moved) => {
                self.moves.lock().storing.clear();
                for (number, ((moved, step), answers)) in moved.iter().zip(&moves).zip(answers).enumerate() {
                    if number % Self::GO == Self::GO - 1 {
                        tokio::task::yield_now().await;
                    }
                    if moved.changed {
                        self.tell(moved, step.to.read_seq > 0).await;
                    }
                    for answer in answers {
                        answer(Ok(moved.cursors));
                    }
                }
                Ok(())
            }
            Err(error) => {
                self.take_back(&moves, answers, &error);
                Err(error)
            }
        }
    }

    /// The store failed: who asked is told, and the moves wait for the next time.
    fn take_back(&self, moves: &[CursorMove], answers: Vec<Vec<Answer>>, error: &StoreError) {
        tracing::warn!(%error, moves = moves.len(), "receipts could not be stored; they are kept for later");
        // At once, so that none is out of sight in between.
        let mut kept = self.moves.lock();
        let storing = mem::take(&mut kept.storing);
        for CursorMove { conversation, user, to } in moves {
            let key = (*user, *conversation);
            let waiting = kept.waiting.entry(key).or_default();
            waiting.to = further(waiting.to, *to);
            waiting.delivered = waiting.delivered.max(storing.get(&key).copied().unwrap_or_default());
        }
        drop(kept);
        self.moved.notify_one();
        for answer in answers.into_iter().flatten() {
            answer(Err(error.clone().into()));
        }
    }

    async fn tell(&self, moved: &Moved, read: bool) {
        let Moved { conversation, user, cursors, .. } = *moved;
        if self.tell_here(conversation, user, cursors, read).await {
            self.context.bus.publish(Hint::Receipt { conversation, user, cursors, read });
        }
    }

    /// Tells the members who are connected to this node. Says whether a receipt is told at all.
    pub(crate) async fn tell_here(
        &self,
        conversation: ConversationKey,
        user: UserId,
        cursors: Cursors,
        read: bool,
    ) -> bool {
        // Only a hint: whoever misses it reads the cursors with the conversation.
        let Ok(Some(channel)) = self.context.channels.of_key(conversation).await else { return false };
        let large = channel.members.len() > Self::LARGE;
        if large && !read {
            return false;
        }
        let Some(member) = channel.member(user) else { return false };
        let receipt = Receipt {
            conversation_id: channel.id,
            username: member.username.to_string(),
            delivered_seq: cursors.delivered_seq,
            read_seq: cursors.read_seq,
        };
        if large {
            self.context.broker.tell(&mut std::iter::once(user), Live::Receipt(receipt));
        } else {
            self.context.broker.tell(&mut channel.users(), Live::Receipt(receipt));
        }
        true
    }
}

fn further(one: Cursors, other: Cursors) -> Cursors {
    Cursors {
        delivered_seq: one.delivered_seq.max(other.delivered_seq),
        read_seq: one.read_seq.max(other.read_seq),
    }
}
