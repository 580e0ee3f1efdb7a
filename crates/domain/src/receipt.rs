//! Receipts: delivered and read marks of members. Moves are gathered for a moment, stored, and then told.

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

/// The user comes first, so that all moves of a user are side by side.
type Key = (UserId, ConversationKey);
type Answer = Box<dyn FnOnce(Result<Cursors, Error>) + Send>;

/// Moves the marks of members; marks never move back.
///
/// A move is gathered for [`crate::Settings::receipt_delay`], or up to ten times as long when hundreds of marks move
/// at once, and then stored. A crash in between loses the move: the messages are delivered again.
/// [`Receipts::flush_soon`] ends the wait.
pub struct Receipts {
    context: Arc<Context>,
    delay: Duration,
    moves: Mutex<Moves>,
    moved: Notify,
    flush_now: Notify,
}

#[derive(Default)]
struct Moves {
    /// Moves to be stored.
    waiting: BTreeMap<Key, Waiting>,
    /// The delivered marks of the moves that are being stored.
    storing: BTreeMap<Key, u64>,
}

#[derive(Default)]
struct Waiting {
    to: Cursors,
    /// Up to where a client has proved to have everything. A mark that the client named itself is left out, because it
    /// may be above the last `seq`, and only the store knows that.
    proved_seq: u64,
    answers: Vec<Answer>,
}

impl Receipts {
    /// With this many moves they are stored without waiting for the delay.
    const FLUSH_AT: usize = 4096;
    /// Moves gathered in one delay. For each so many more, one more delay is waited, because each move is told to
    /// every device of two people or more and would soon cost more than the messages.
    const MOVES_PER_DELAY: usize = 200;
    /// The most additional delays.
    const MORE_DELAYS: usize = 9;
    /// Moves told before other tasks have their turn: each wakes every device of its people.
    const TELL_BATCH: usize = 16;
    /// In a group with more members than this, only read marks are told, and only to the member's own devices.
    /// Otherwise one message to a thousand members would bring a million receipts.
    const LARGE_GROUP: usize = 64;
    /// Wait after the store failed.
    const RETRY_DELAY: Duration = Duration::from_secs(1);

    pub(crate) fn new(context: Arc<Context>, delay: Duration) -> Self {
        Self { context, delay, moves: Mutex::default(), moved: Notify::new(), flush_now: Notify::new() }
    }

    /// A client has proved or acknowledged that it has everything of a conversation up to `seq`.
    pub fn delivered(&self, user: UserId, conversation: ConversationKey, seq: u64) {
        self.advance((user, conversation), Cursors { delivered_seq: seq, read_seq: 0 }, None);
    }

    /// Ends the wait for more moves and stores those that wait. Called when a client has gone: what it has should not
    /// be sent again, even if the server crashes next.
    pub fn flush_soon(&self) {
        if !self.moves.lock().waiting.is_empty() {
            self.flush_now.notify_one();
        }
    }

    /// Moves the marks that a client names itself. `reply` is called with the stored marks.
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

    /// A user's delivered marks that are not stored yet. Ask for them before asking the store: a move leaves this
    /// list once the store has it.
    pub(crate) fn unstored_delivered(&self, user: UserId) -> BTreeMap<ConversationKey, u64> {
        let keys = (user, ConversationKey(i64::MIN))..=(user, ConversationKey(i64::MAX));
        let moves = self.moves.lock();
        let storing = moves.storing.range(keys.clone()).map(|(&(_, key), seq)| (key, *seq));
        let waiting = moves.waiting.range(keys).map(|(&(_, key), waiting)| (key, waiting.proved_seq));
        let mut delivered = BTreeMap::new();
        for (key, seq) in storing.chain(waiting) {
            let furthest = delivered.entry(key).or_default();
            *furthest = seq.max(*furthest);
        }
        delivered
    }

    /// Stores and tells moves as they come, until `stop`. Then stores those that are left.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                () = self.moved.notified() => {}
                () = &mut stop => break,
            }
            let gathered = async {
                tokio::time::sleep(self.delay).await;
                let many = self.moves.lock().waiting.len() / Self::MOVES_PER_DELAY;
                let more = u32::try_from(many.min(Self::MORE_DELAYS)).unwrap_or_default();
                tokio::time::sleep(self.delay * more).await;
            };
            if self.moves.lock().waiting.len() < Self::FLUSH_AT {
                tokio::select! {
                    () = gathered => {}
                    () = self.flush_now.notified() => {}
                    () = &mut stop => break,
                }
            }
            if self.flush().await.is_err() {
                tokio::select! {
                    () = tokio::time::sleep(Self::RETRY_DELAY) => {}
                    () = &mut stop => break,
                }
            }
        }
        // Messages whose marks cannot be stored now are delivered again.
        let _ = self.flush().await;
    }

    fn advance(&self, key: Key, to: Cursors, answer: Option<Answer>) {
        let mut moves = self.moves.lock();
        let before = moves.waiting.len();
        let waiting = moves.waiting.entry(key).or_default();
        waiting.to = further(waiting.to, to);
        if answer.is_none() {
            waiting.proved_seq = waiting.proved_seq.max(to.delivered_seq);
        }
        waiting.answers.extend(answer);
        let after = moves.waiting.len();
        drop(moves);
        if before == 0 {
            self.moved.notify_one();
        } else if before < after && after == Self::FLUSH_AT {
            self.flush_now.notify_one();
        }
    }

    /// Stores the gathered moves, tells those that changed something, and answers the clients.
    async fn flush(&self) -> Result<(), StoreError> {
        let gathered = {
            let mut moves = self.moves.lock();
            let gathered = mem::take(&mut moves.waiting);
            // `unstored_delivered` must give them until the store has them.
            moves.storing = gathered.iter().map(|(key, waiting)| (*key, waiting.proved_seq)).collect();
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
                    if number % Self::TELL_BATCH == Self::TELL_BATCH - 1 {
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
                self.keep_for_later(&moves, answers, &error);
                Err(error)
            }
        }
    }

    /// The store failed: answers the clients with the error, and keeps the moves for the next attempt.
    fn keep_for_later(&self, moves: &[CursorMove], answers: Vec<Vec<Answer>>, error: &StoreError) {
        tracing::warn!(%error, moves = moves.len(), "receipts could not be stored; they are kept for later");
        // Under one lock, so that `unstored_delivered` misses none in between.
        let mut kept = self.moves.lock();
        let storing = mem::take(&mut kept.storing);
        for CursorMove { conversation, user, to } in moves {
            let key = (*user, *conversation);
            let waiting = kept.waiting.entry(key).or_default();
            waiting.to = further(waiting.to, *to);
            waiting.proved_seq = waiting.proved_seq.max(storing.get(&key).copied().unwrap_or_default());
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

    /// Sends the receipt to the members who are connected to this node. False if no receipt is sent in such a group.
    pub(crate) async fn tell_here(
        &self,
        conversation: ConversationKey,
        user: UserId,
        cursors: Cursors,
        read: bool,
    ) -> bool {
        // Only a hint: a client that misses it gets the marks with the conversation.
        let Ok(Some(channel)) = self.context.channels.of_key(conversation).await else { return false };
        let large = channel.members.len() > Self::LARGE_GROUP;
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
