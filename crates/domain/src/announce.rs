//! The announcer: follows the log and announces its entries to live sockets. Nothing else does.

use std::any::Any;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{FuturesUnordered, StreamExt};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::announcement::Announcements;
use crate::context::Context;
use crate::error::Error;
use crate::store::{Committed, ConversationKey, EntryKind, Follower, Position, StoreError, UserId};

/// Follows the log and announces its entries, each conversation's in the order of their `seq`.
///
/// Most announcements are made at once, in the order of positions. One that takes longer, such as a message to
/// thousands or a change of a group, is made in the background. Later entries of the same conversation wait for it;
/// other conversations go on. If an announcement fails, the sockets that should have had it are closed, so that their
/// clients resume from the log.
pub struct Announcer {
    context: Arc<Context>,
    announcements: Announcements,
    /// All entries up to this position have been announced; 0 before [`Announcer::run`].
    announced: AtomicU64,
    announced_more: Notify,
    /// Members who are to be sent a conversation as they see it, because their own settings of it changed.
    views: Mutex<BTreeSet<(ConversationKey, UserId)>>,
    views_requested: Notify,
}

impl Announcer {
    /// Entries announced before other tasks have their turn. Enough to keep up with the senders: they have at most
    /// 16,384 in flight, and entries that wait fall out of the processor's caches (docs/decisions/0006).
    const BATCH: usize = 16 * 1024;
    /// Bytes of entries that may wait for an announcement of their conversation in the background. Past it no more
    /// entries are taken from the log.
    const WAITING: usize = 32 << 20;
    /// Messages of a conversation that are told together, if so many wait.
    const TOGETHER: usize = 32;
    /// Bytes of messages after which no more are told together with them.
    const TOGETHER_BYTES: usize = 256 << 10;
    /// Wait after the store failed.
    const RETRY_DELAY: Duration = Duration::from_secs(1);

    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self {
            announcements: Announcements::new(context.clone()),
            context,
            announced: AtomicU64::new(0),
            announced_more: Notify::new(),
            views: Mutex::default(),
            views_requested: Notify::new(),
        }
    }

    /// Waits until all entries up to a position have been announced to the sockets that are in the live stream.
    pub async fn wait_until_announced(&self, position: Position) {
        loop {
            let mut more = std::pin::pin!(self.announced_more.notified());
            // Before the check, so that no announcement is missed.
            more.as_mut().enable();
            if self.announced.load(Ordering::Acquire) >= position.0 {
                return;
            }
            more.await;
        }
    }

    /// Sends a member a conversation as they see it, in order with the entries of that conversation.
    pub(crate) fn tell_view(&self, user: UserId, conversation: ConversationKey) {
        self.views.lock().insert((conversation, user));
        self.views_requested.notify_one();
    }

    /// Announces the entries that are committed from now on, until `stop`.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let start = async {
            loop {
                match self.context.store.position().await {
                    Ok(position) => break position,
                    Err(error) => wait_for(&error).await,
                }
            }
        };
        let start = tokio::select! {
            start = start => start,
            () = &mut stop => return self.end(),
        };
        let follower = self.context.store.follow(start);
        self.has_announced(start);
        let mut announcing = Announcing::new(self, start);
        // Outside the loop, so that a read goes on while other branches of the `select` run.
        let mut read = std::pin::pin!(self.read(&*follower));
        let mut in_a_row = 0;
        loop {
            tokio::select! {
                committed = &mut read, if announcing.weight < Self::WAITING => {
                    let Some(committed) = committed else { break };
                    in_a_row += committed.len();
                    announcing.take(committed);
                    read.set(self.read(&*follower));
                }
                Some(conversation) = announcing.in_background.next() => announcing.go_on(conversation),
                () = self.views_requested.notified() => {
                    for (conversation, user) in std::mem::take(&mut *self.views.lock()) {
                        announcing.take_view(conversation, user);
                    }
                }
                () = &mut stop => break,
            }
            self.has_announced(announcing.announced());
            if in_a_row >= Self::BATCH {
                in_a_row = 0;
                tokio::task::yield_now().await;
            }
        }
        self.end();
    }

    /// The next committed entries. Retries for as long as the store fails; `None` once it is closed.
    async fn read(&self, follower: &dyn Follower) -> Option<Vec<Arc<Committed>>> {
        loop {
            match follower.next(Self::BATCH).await {
                Ok(committed) => return Some(committed),
                Err(StoreError::Closed) => return None,
                Err(error) => wait_for(&error).await,
            }
        }
    }

    /// Releases those who wait in [`Announcer::wait_until_announced`]: nothing more is announced.
    fn end(&self) {
        self.has_announced(Position(u64::MAX));
    }

    fn has_announced(&self, upto: Position) {
        self.announced.store(upto.0, Ordering::Release);
        self.announced_more.notify_waiters();
    }

    /// Makes an announcement in the background.
    async fn announce(&self, conversation: ConversationKey, item: &Item) {
        let told = async {
            match item {
                Item::GroupChanges(committed) => {
                    self.announcements.group_changes(conversation, committed).await
                }
                Item::Messages(committed) => self.announcements.messages(conversation, committed).await,
                Item::Views(users) => {
                    self.announcements.views(users.clone(), conversation, None).await;
                    Ok(())
                }
            }
        };
        let told = AssertUnwindSafe(told).catch_unwind().await;
        self.or_close(conversation, item, told);
    }

    /// If an announcement failed, closes the sockets that should have had it.
    fn or_close(
        &self,
        conversation: ConversationKey,
        item: &Item,
        told: Result<Result<(), Error>, Box<dyn Any + Send>>,
    ) {
        let cause = match told {
            Ok(Ok(())) => return,
            Ok(Err(error)) => {
                error.cause.map_or_else(|| error.detail.into_owned(), |cause| cause.to_string())
            }
            Err(_) => "it panicked".to_owned(),
        };
        tracing::error!(conversation = conversation.0, cause, "an announcement failed; its sockets resume");
        match item {
            Item::GroupChanges(committed) | Item::Messages(committed) => {
                for committed in committed {
                    self.announcements.close_to_resume(committed);
                }
            }
            Item::Views(users) => {
                self.context.broker.close_to_resume(Some(&users.iter().copied().collect::<Vec<_>>()));
            }
        }
    }
}

async fn wait_for(error: &StoreError) {
    tracing::warn!(%error, "the log cannot be followed; it is tried again");
    tokio::time::sleep(Announcer::RETRY_DELAY).await;
}

/// One announcement in a conversation.
enum Item {
    /// Changes of the group itself, in their order.
    GroupChanges(Vec<Arc<Committed>>),
    /// Messages and changes of messages, in their order.
    Messages(Vec<Arc<Committed>>),
    /// The conversation as each of these members sees it.
    Views(BTreeSet<UserId>),
}

impl Item {
    fn of(committed: Arc<Committed>) -> Self {
        match committed.entry.kind {
            EntryKind::GroupChange => Self::GroupChanges(vec![committed]),
            EntryKind::Message | EntryKind::MessageChange => Self::Messages(vec![committed]),
        }
    }
}

/// The state of a running announcer.
struct Announcing<'a> {
    announcer: &'a Announcer,
    /// All entries up to this position have been taken from the log.
    after: Position,
    /// Conversations with an announcement in the background.
    busy: HashMap<ConversationKey, Busy>,
    /// The announcements in the background; each gives its conversation.
    in_background: FuturesUnordered<BoxFuture<'a, ConversationKey>>,
    /// Entries that have been taken from the log and not been announced.
    unfinished: BTreeSet<Position>,
    /// Estimated bytes of the entries that wait in `busy`.
    weight: usize,
}

/// A conversation with an announcement in the background.
#[derive(Default)]
struct Busy {
    /// The entries that are being announced; none for views.
    positions: Vec<Position>,
    /// Announcements that wait for it, in order.
    waiting: VecDeque<Waiting>,
    /// The members for [`Waiting::Views`], which is in `waiting` at most once.
    views: BTreeSet<UserId>,
}

/// An announcement that waits for an earlier one.
enum Waiting {
    Entry(Arc<Committed>),
    /// The conversation as each of [`Busy::views`] sees it.
    Views,
}

impl<'a> Announcing<'a> {
    fn new(announcer: &'a Announcer, after: Position) -> Self {
        Self {
            announcer,
            after,
            busy: HashMap::new(),
            in_background: FuturesUnordered::new(),
            unfinished: BTreeSet::new(),
            weight: 0,
        }
    }

    /// The position up to which all entries have been announced.
    fn announced(&self) -> Position {
        self.unfinished.first().map_or(self.after, |first| Position(first.0.saturating_sub(1)))
    }

    /// Takes the next entries of the log. Announces each at once if possible, else in the background or after what runs
    /// there.
    fn take(&mut self, entries: Vec<Arc<Committed>>) {
        let mut begun = Vec::new();
        for committed in entries {
            self.after = committed.entry.position;
            let conversation = committed.conversation;
            let is_busy = self.busy.contains_key(&conversation);
            if !is_busy && self.announce_at_once(&committed) {
                continue;
            }
            if !is_busy {
                begun.push(conversation);
            }
            self.unfinished.insert(committed.entry.position);
            self.weight += committed.weight();
            self.busy.entry(conversation).or_default().waiting.push_back(Waiting::Entry(committed));
        }
        // Not before all are taken, so that messages of one commit are told together.
        for conversation in begun {
            self.go_on(conversation);
        }
    }

    /// Sends a member the conversation as they see it, after the announcement that runs for it.
    fn take_view(&mut self, conversation: ConversationKey, user: UserId) {
        let Some(busy) = self.busy.get_mut(&conversation) else {
            return self.start_in_background(conversation, Item::Views(BTreeSet::from([user])));
        };
        if busy.views.is_empty() {
            busy.waiting.push_back(Waiting::Views);
        }
        busy.views.insert(user);
    }

    /// Announces an entry if that takes neither the store nor long; false if it does.
    fn announce_at_once(&self, committed: &Arc<Committed>) -> bool {
        let announcements = &self.announcer.announcements;
        let told = catch_unwind(AssertUnwindSafe(|| announcements.message_at_once(committed)));
        told.unwrap_or_else(|panic| {
            self.announcer.or_close(committed.conversation, &Item::of(committed.clone()), Err(panic));
            true
        })
    }

    fn start_in_background(&mut self, conversation: ConversationKey, item: Item) {
        let announcer = self.announcer;
        self.busy.entry(conversation).or_default().positions = match &item {
            Item::GroupChanges(committed) | Item::Messages(committed) => {
                committed.iter().map(|committed| committed.entry.position).collect()
            }
            Item::Views(_) => Vec::new(),
        };
        let announced = async move {
            announcer.announce(conversation, &item).await;
            conversation
        };
        self.in_background.push(announced.boxed());
    }

    /// Adds the entries that wait for an announcement and can be told together with it: to messages those right behind
    /// them, and to changes of a group later ones, because what is told of the group is its state.
    fn join(&mut self, conversation: ConversationKey, item: &mut Item) {
        let Some(busy) = self.busy.get_mut(&conversation) else { return };
        let (entries, of_group) = match item {
            Item::Messages(messages) => (messages, false),
            Item::GroupChanges(changes) => (changes, true),
            Item::Views(_) => return,
        };
        let mut bytes: usize = entries.iter().map(|committed| committed.weight()).sum();
        let mut place = 0;
        while entries.len() < Announcer::TOGETHER && bytes < Announcer::TOGETHER_BYTES {
            let Some(waiting) = busy.waiting.get(place) else { return };
            match waiting {
                Waiting::Entry(next) if (next.entry.kind == EntryKind::GroupChange) == of_group => {
                    // Whoever leaves is told of nothing after that, and of the messages before it first.
                    let is_late = next.has_left() && place > 0;
                    if is_late || entries.last().is_some_and(|last| last.has_left()) {
                        return;
                    }
                    let next = next.clone();
                    busy.waiting.remove(place);
                    self.weight -= next.weight();
                    bytes += next.weight();
                    entries.push(next);
                }
                _ if of_group => place += 1,
                _ => return,
            }
        }
    }

    /// Goes on with the announcements that wait in a conversation, because none has begun or the last one has ended.
    fn go_on(&mut self, conversation: ConversationKey) {
        for _ in 0..Announcer::BATCH {
            let Some(busy) = self.busy.get_mut(&conversation) else { return };
            for position in std::mem::take(&mut busy.positions) {
                self.unfinished.remove(&position);
            }
            match busy.waiting.pop_front() {
                Some(Waiting::Entry(committed)) => {
                    self.weight -= committed.weight();
                    if !self.announce_at_once(&committed) {
                        let mut item = Item::of(committed);
                        self.join(conversation, &mut item);
                        return self.start_in_background(conversation, item);
                    }
                    self.unfinished.remove(&committed.entry.position);
                }
                Some(Waiting::Views) => {
                    let users = std::mem::take(&mut busy.views);
                    return self.start_in_background(conversation, Item::Views(users));
                }
                None => {
                    self.busy.remove(&conversation);
                    return;
                }
            }
        }
        // Others have their turn.
        self.in_background.push(async move { conversation }.boxed());
    }
}
