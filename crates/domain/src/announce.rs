//! The announcer: the one place from which entries of the log reach live sockets.

use std::any::Any;
use std::collections::hash_map::Entry as Slot;
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
use crate::store::{Committed, ConversationKey, EntryKind, Position, StoreError, UserId};

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
        self.has_announced(start);
        let mut stream = Stream::new(self, start);
        let mut in_a_row = 0;
        loop {
            tokio::select! {
                read = self.context.store.follow(stream.after, Self::BATCH) => match read {
                    Ok(committed) => {
                        in_a_row += committed.len();
                        for committed in committed {
                            stream.after = committed.entry.position;
                            stream.take(committed.conversation, Item::Entry(committed));
                        }
                    }
                    Err(StoreError::Closed) => break,
                    Err(error) => wait_for(&error).await,
                },
                Some((conversation, version)) = stream.telling.next() => stream.go_on(conversation, version),
                () = self.views_asked.notified() => {
                    for (conversation, user) in std::mem::take(&mut *self.views.lock()) {
                        stream.take(conversation, Item::View(user));
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
                Item::View(user) => {
                    self.announcements.view(*user, conversation).await;
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
            Item::View(user) => self.context.broker.interrupt(Some(&[*user])),
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
    /// What the conversation is for a member.
    View(UserId),
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
}

/// A conversation of which something is being told.
#[derive(Default)]
struct Busy {
    /// The entry that is being told.
    position: Option<Position>,
    /// What comes behind it.
    waiting: VecDeque<Item>,
    /// The `seq` of the last change of the conversation that has been told.
    version: u64,
}

impl<'a> Stream<'a> {
    fn new(announcer: &'a Announcer, after: Position) -> Self {
        Self {
            announcer,
            after,
            busy: HashMap::new(),
            telling: FuturesUnordered::new(),
            unfinished: BTreeSet::new(),
        }
    }

    /// Everything up to here has been announced.
    fn announced(&self) -> Position {
        self.unfinished.first().map_or(self.after, |first| Position(first.0.saturating_sub(1)))
    }

    /// Announces the next item of a conversation, at once if that is possible.
    fn take(&mut self, conversation: ConversationKey, item: Item) {
        if !self.busy.contains_key(&conversation) && self.tell_at_once(conversation, &item) {
            return;
        }
        if let Item::Entry(committed) = &item {
            self.unfinished.insert(committed.entry.position);
        }
        match self.busy.entry(conversation) {
            Slot::Occupied(mut busy) => busy.get_mut().waiting.push_back(item),
            Slot::Vacant(free) => {
                free.insert(Busy::default());
                self.begin(conversation, item);
            }
        }
    }

    /// Says no where it takes longer.
    fn tell_at_once(&self, conversation: ConversationKey, item: &Item) -> bool {
        let Item::Entry(committed) = item else { return false };
        let announcements = &self.announcer.announcements;
        let told = catch_unwind(AssertUnwindSafe(|| announcements.message_at_once(committed)));
        let at_once = *told.as_ref().unwrap_or(&true);
        self.announcer.checked(conversation, item, told.map(|_| Ok(0)));
        at_once
    }

    fn begin(&mut self, conversation: ConversationKey, item: Item) {
        let announcer = self.announcer;
        if let (Some(busy), Item::Entry(committed)) = (self.busy.get_mut(&conversation), &item) {
            busy.position = Some(committed.entry.position);
        }
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
            let Some(item) = busy.waiting.pop_front() else {
                self.busy.remove(&conversation);
                return;
            };
            let version = busy.version;
            let is_told = matches!(&item, Item::Entry(committed) if committed.tells_no_more_than(version));
            if !is_told && !self.tell_at_once(conversation, &item) {
                return self.begin(conversation, item);
            }
            if let Item::Entry(committed) = &item {
                self.unfinished.remove(&committed.entry.position);
            }
        }
    }
}
