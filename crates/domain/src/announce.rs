//! The announcer: the one place from which entries of the log reach live sockets.

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
/// What is ready at once is announced in the order of positions. What takes longer, such as a group of thousands or a
/// change of a group, is announced beside the rest; what comes behind it in its conversation waits for it. An
/// announcement that fails closes the sockets of those whom it concerned, so that they resume from the log.
pub struct Announcer {
    context: Arc<Context>,
    announcements: Announcements,
    /// Everything up to here has been announced; 0 before [`Announcer::run`].
    announced: AtomicU64,
    announced_more: Notify,
    /// Members who are to be told what a conversation is for them.
    views: Mutex<BTreeSet<(ConversationKey, UserId)>>,
    views_asked: Notify,
}

impl Announcer {
    /// Entries announced before other tasks have their turn: enough to keep up with those who send meanwhile, since what
    /// waits grows cold. With 64 a message took a quarter more of the processor, and came three times as late.
    const BATCH: usize = 1024;
    /// Bytes of entries that may wait behind what is being told of their conversations. Past it no more is taken from
    /// the log, which keeps the rest.
    const WAITING: usize = 32 << 20;
    /// How long a store that fails is given.
    const PATIENCE: Duration = Duration::from_secs(1);

    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self {
            announcements: Announcements::new(context.clone()),
            context,
            announced: AtomicU64::new(0),
            announced_more: Notify::new(),
            views: Mutex::default(),
            views_asked: Notify::new(),
        }
    }

    /// Waits until everything up to a position has been announced to whoever was in the live stream.
    pub async fn told(&self, position: Position) {
        loop {
            let mut more = std::pin::pin!(self.announced_more.notified());
            // Before looking, so that nothing is missed.
            more.as_mut().enable();
            if self.announced.load(Ordering::Acquire) >= position.0 {
                return;
            }
            more.await;
        }
    }

    /// Tells a member what a conversation is for them, in its place among its entries.
    pub(crate) fn tell_view(&self, user: UserId, conversation: ConversationKey) {
        self.views.lock().insert((conversation, user));
        self.views_asked.notify_one();
    }

    /// Announces what is committed from now on, until `stop`.
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
        let mut stream = Stream::new(self, start);
        // Goes on while other things happen: a read that was begun is not begun again.
        let mut read = std::pin::pin!(self.read(&*follower));
        let mut in_a_row = 0;
        loop {
            tokio::select! {
                committed = &mut read, if stream.weight < Self::WAITING => {
                    let Some(committed) = committed else { break };
                    in_a_row += committed.len();
                    for committed in committed {
                        stream.after = committed.entry.position;
                        stream.take(committed);
                    }
                    read.set(self.read(&*follower));
                }
                Some((conversation, version)) = stream.telling.next() => stream.go_on(conversation, version),
                () = self.views_asked.notified() => {
                    for (conversation, user) in std::mem::take(&mut *self.views.lock()) {
                        stream.take_view(conversation, user);
                    }
                }
                () = &mut stop => break,
            }
            self.has_announced(stream.announced());
            if in_a_row >= Self::BATCH {
                in_a_row = 0;
                tokio::task::yield_now().await;
            }
        }
        self.end();
    }

    /// What is committed next, however long the store fails; nothing once it is closed.
    async fn read(&self, follower: &dyn Follower) -> Option<Vec<Arc<Committed>>> {
        loop {
            match follower.next(Self::BATCH).await {
                Ok(committed) => return Some(committed),
                Err(StoreError::Closed) => return None,
                Err(error) => wait_for(&error).await,
            }
        }
    }

    /// Nobody is to wait for what is not announced any more.
    fn end(&self) {
        self.has_announced(Position(u64::MAX));
    }

    fn has_announced(&self, upto: Position) {
        self.announced.store(upto.0, Ordering::Release);
        self.announced_more.notify_waiters();
    }

    /// Announces what takes longer. Gives the `seq` of the last change of the conversation that has been told.
    async fn tell(&self, conversation: ConversationKey, item: &Item) -> u64 {
        let told = async {
            match item {
                Item::Entry(committed) if committed.entry.kind == EntryKind::Conversation => {
                    self.announcements.change(committed).await
                }
                Item::Entry(committed) => self.announcements.message(committed).await.map(|()| 0),
                Item::Views(users) => {
                    self.announcements.views(users.iter().copied(), conversation).await;
                    Ok(0)
                }
            }
        };
        let told = AssertUnwindSafe(told).catch_unwind().await;
        self.checked(conversation, item, told)
    }

    /// Has those resume whom a failed announcement concerned.
    fn checked(
        &self,
        conversation: ConversationKey,
        item: &Item,
        told: Result<Result<u64, Error>, Box<dyn Any + Send>>,
    ) -> u64 {
        let cause = match told {
            Ok(Ok(version)) => return version,
            Ok(Err(error)) => {
                error.cause.map_or_else(|| error.detail.into_owned(), |cause| cause.to_string())
            }
            Err(_) => "it panicked".to_owned(),
        };
        tracing::error!(conversation = conversation.0, cause, "an announcement failed; its sockets resume");
        match item {
            Item::Entry(committed) => self.announcements.interrupt(committed),
            Item::Views(users) => self.context.broker.interrupt(Some(users)),
        }
        0
    }
}

async fn wait_for(error: &StoreError) {
    tracing::warn!(%error, "the log cannot be followed; it is tried again");
    tokio::time::sleep(Announcer::PATIENCE).await;
}

/// What is announced of a conversation.
enum Item {
    Entry(Arc<Committed>),
    /// What the conversation is for some of its members.
    Views(Vec<UserId>),
}

/// Where the announcer stands.
struct Stream<'a> {
    announcer: &'a Announcer,
    /// Everything up to here has been taken from the log.
    after: Position,
    /// Conversations of which something is being told.
    busy: HashMap<ConversationKey, Busy>,
    /// What is being told; ends as [`Announcer::tell`].
    telling: FuturesUnordered<BoxFuture<'a, (ConversationKey, u64)>>,
    /// Entries that have been taken and not been announced.
    unfinished: BTreeSet<Position>,
    /// About what the entries cost that wait, in bytes.
    weight: usize,
}

/// A conversation of which something is being told.
#[derive(Default)]
struct Busy {
    /// The entry that is being told.
    position: Option<Position>,
    /// What comes behind it.
    waiting: VecDeque<Waiting>,
    /// Who is to be told what the conversation is for them, at the one place for it in `waiting`.
    views: BTreeSet<UserId>,
    /// The `seq` of the last change of the conversation that has been told.
    version: u64,
}

/// What comes behind something that is being told.
enum Waiting {
    Entry(Arc<Committed>),
    /// All of [`Busy::views`].
    Views,
}

impl<'a> Stream<'a> {
    fn new(announcer: &'a Announcer, after: Position) -> Self {
        Self {
            announcer,
            after,
            busy: HashMap::new(),
            telling: FuturesUnordered::new(),
            unfinished: BTreeSet::new(),
            weight: 0,
        }
    }

    /// Everything up to here has been announced.
    fn announced(&self) -> Position {
        self.unfinished.first().map_or(self.after, |first| Position(first.0.saturating_sub(1)))
    }

    /// Announces the next entry, at once if that is possible.
    fn take(&mut self, committed: Arc<Committed>) {
        let conversation = committed.conversation;
        let is_busy = self.busy.contains_key(&conversation);
        if !is_busy && self.tell_at_once(&committed) {
            return;
        }
        self.unfinished.insert(committed.entry.position);
        if is_busy {
            self.weight += committed.weight();
            self.busy.entry(conversation).or_default().waiting.push_back(Waiting::Entry(committed));
        } else {
            self.begin(conversation, Item::Entry(committed));
        }
    }

    /// Tells a member what a conversation is for them, behind what is being told of it.
    fn take_view(&mut self, conversation: ConversationKey, user: UserId) {
        let Some(busy) = self.busy.get_mut(&conversation) else {
            return self.begin(conversation, Item::Views(vec![user]));
        };
        if busy.views.is_empty() {
            busy.waiting.push_back(Waiting::Views);
        }
        busy.views.insert(user);
    }

    /// Says no where it takes longer.
    fn tell_at_once(&self, committed: &Arc<Committed>) -> bool {
        let announcements = &self.announcer.announcements;
        let told = catch_unwind(AssertUnwindSafe(|| announcements.message_at_once(committed)));
        told.unwrap_or_else(|panic| {
            self.announcer.checked(committed.conversation, &Item::Entry(committed.clone()), Err(panic));
            true
        })
    }

    fn begin(&mut self, conversation: ConversationKey, item: Item) {
        let announcer = self.announcer;
        self.busy.entry(conversation).or_default().position = match &item {
            Item::Entry(committed) => Some(committed.entry.position),
            Item::Views(_) => None,
        };
        self.telling.push(async move { (conversation, announcer.tell(conversation, &item).await) }.boxed());
    }

    /// What was being told of a conversation has been told: goes on with what waits.
    fn go_on(&mut self, conversation: ConversationKey, version: u64) {
        loop {
            let Some(busy) = self.busy.get_mut(&conversation) else { return };
            busy.version = busy.version.max(version);
            if let Some(position) = busy.position.take() {
                self.unfinished.remove(&position);
            }
            match busy.waiting.pop_front() {
                Some(Waiting::Entry(committed)) => {
                    self.weight -= committed.weight();
                    if !committed.tells_no_more_than(busy.version) && !self.tell_at_once(&committed) {
                        return self.begin(conversation, Item::Entry(committed));
                    }
                    self.unfinished.remove(&committed.entry.position);
                }
                Some(Waiting::Views) => {
                    let users = std::mem::take(&mut busy.views).into_iter().collect();
                    return self.begin(conversation, Item::Views(users));
                }
                None => {
                    self.busy.remove(&conversation);
                    return;
                }
            }
        }
    }
}
