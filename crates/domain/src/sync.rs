//! Catching up: the entries that a reader lacks, oldest first over all its conversations.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use protocol::{Code, Message, SyncEvent, limit};

use crate::announce::Announcer;
use crate::channel::Channel;
use crate::context::Context;
use crate::error::Error;
use crate::person::Caller;
use crate::receipt::Receipts;
use crate::store::{
    ConversationKey, Entry, EntryKind, EntryPage, EntryRange, Epoch, Lag, Position, ScanEnd, Since, UserId,
};

/// The opaque token with which a client resumes: it has every entry up to this position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cursor {
    /// The run of the store in which it was given, because a position alone could be of another log.
    epoch: Epoch,
    position: Position,
}

impl Cursor {
    /// The first byte of every cursor, so that a later format can be told apart.
    const VERSION: u8 = 2;

    fn encode(self) -> String {
        let mut bytes = [Self::VERSION; 17];
        bytes[1..9].copy_from_slice(&self.epoch.0);
        bytes[9..].copy_from_slice(&self.position.0.to_be_bytes());
        BASE64URL.encode(bytes)
    }

    fn decode(text: &str) -> Option<Self> {
        let bytes = <[u8; 17]>::try_from(BASE64URL.decode(text).ok()?).ok()?;
        let (version, bytes) = bytes.split_first()?;
        let (epoch, position) = bytes.split_first_chunk()?;
        let position = Position(u64::from_be_bytes(position.try_into().ok()?));
        (*version == Self::VERSION).then_some(Self { epoch: Epoch(*epoch), position })
    }
}

/// An entry to send to a reader.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// What the entry is about.
    pub kind: EntryKind,
    /// The message in its present state; `None` for [`EntryKind::GroupChange`].
    pub message: Option<Message>,
    /// The conversation's number within the store.
    pub conversation: ConversationKey,
    /// The entry's own `seq`.
    pub seq: u64,
    /// The entry's number in the whole store.
    pub position: Position,
    /// Whether it is a new message that the reader sent. False for changes of it, because they also show what others
    /// changed before.
    pub own: bool,
}

/// The next part of the entries that a reader lacks.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The entries to send, oldest first. Empty if the part that was scanned is all hidden from the reader.
    pub deliveries: Vec<Delivery>,
    /// The conversations in which entries behind the last delivery were skipped, because the reader may not see them,
    /// and the `seq` of the last of these. That `seq` counts as delivered once the deliveries before it do.
    pub skipped: Vec<(ConversationKey, u64)>,
}

/// Catches readers up.
///
/// The flush after connecting, the `sync` event and `GET /api/sync` all do the same: they make a reader and ask for
/// [`Syncs::page`] until it gives `None`. [`MessageStore::entries`] says which entries are left out. The marks and
/// cursors given here count those as read, too.
///
/// [`MessageStore::entries`]: crate::store::MessageStore::entries
pub struct Syncs {
    context: Arc<Context>,
    receipts: Arc<Receipts>,
    announcer: Arc<Announcer>,
}

impl Syncs {
    pub(crate) fn new(context: Arc<Context>, receipts: Arc<Receipts>, announcer: Arc<Announcer>) -> Self {
        Self { context, receipts, announcer }
    }

    /// The position up to which the log can be read now. A socket that joins the live stream first and asks afterwards
    /// misses no entry: entries up to this position can be read, and later ones will be announced to it.
    pub async fn position(&self) -> Result<Position, Error> {
        Ok(self.context.store.position().await?)
    }

    /// Waits until all entries up to the present position have been announced to the sockets in the live stream.
    /// Gives that position.
    pub async fn wait_until_announced(&self) -> Result<Position, Error> {
        let position = self.context.store.position().await?;
        self.announcer.wait_until_announced(position).await;
        Ok(position)
    }

    /// The cursor for a client that has every entry up to a position.
    pub fn cursor(&self, position: Position) -> String {
        Cursor { epoch: self.context.store.epoch(), position }.encode()
    }

    /// The position of a cursor that a client kept.
    pub fn resume(&self, cursor: &str) -> Result<Position, Error> {
        let invalid = |detail| Err(Error::new(Code::CursorInvalid, detail).about("cursor"));
        match Cursor::decode(cursor) {
            Some(Cursor { epoch, position }) if self.context.store.reached(epoch, position) => Ok(position),
            Some(_) => invalid("The cursor is of another log; begin without one."),
            None => invalid("Use the cursor of the last `sync:done` as it was, or none."),
        }
    }

    /// A reader of all entries that `user` lacks up to the position `upto`.
    pub async fn reader(&self, user: UserId, since: Since, upto: Position) -> Result<LogReader, Error> {
        let (delivered, position) = match since {
            Since::Delivered => (self.receipts.unstored_delivered(user), Position(0)),
            Since::Position(position) => (BTreeMap::new(), position),
        };
        let behind = self.context.store.behind(user, since).await?;
        let logs: Vec<_> = behind
            .into_iter()
            .map(|Lag { conversation, after_seq }| {
                let seq = delivered.get(&conversation).map_or(after_seq, |seq| after_seq.max(*seq));
                ConversationLog {
                    conversation,
                    scanned: ScanEnd { seq, position, is_complete: false },
                    settled_seq: seq,
                    channel: None,
                    entries: VecDeque::new(),
                }
            })
            .collect();
        Ok(LogReader::new(user, upto, logs))
    }

    /// A reader of at most `limit` events after a cursor. Without a cursor there is nothing to read: the client
    /// begins now.
    pub async fn reader_after(
        &self,
        user: UserId,
        cursor: Option<&str>,
        limit: Option<u32>,
    ) -> Result<LogReader, Error> {
        let limit = limit.unwrap_or(limit::SYNC_PAGE_DEFAULT);
        if !limit::SYNC_PAGE.contains(&limit) {
            return Err(Error::invalid("limit", "A page has 1 to 1,000 events."));
        }
        // Before the position is read, so that the cursor cannot be above it.
        let since = cursor.map(|cursor| self.resume(cursor)).transpose()?;
        let upto = self.position().await?;
        let budget = Budget { events: limit as usize, ..Budget::SYNC };
        let reader = match since {
            Some(since) => self.reader(user, Since::Position(since), upto).await?,
            None => LogReader::new(user, upto, Vec::new()),
        };
        Ok(LogReader { budget, ..reader })
    }

    /// The next page. `None` once the reader has given everything, or as many events as it may.
    pub async fn page(&self, reader: &mut LogReader) -> Result<Option<Page>, Error> {
        if reader.is_done() || reader.budget.is_spent() {
            return Ok(None);
        }
        let to_refill = std::mem::take(&mut reader.to_refill);
        self.fill(reader, &to_refill).await?;
        let mut deliveries = Vec::new();
        // A log of which nothing is read yet may have the oldest entry.
        if reader.to_refill.is_empty() {
            self.merge(reader, &mut deliveries).await?;
        }
        reader.budget.spend(&deliveries);
        Ok(Some(Page { deliveries, skipped: reader.skipped() }))
    }

    /// The event for a delivery; `None` if the reader has left the conversation meanwhile. Make it right before it is
    /// sent, because it shows the conversation as it is now: an older state must not follow a newer one sent live.
    ///
    /// A conversation is read for it, which counts like a request of the reader and may wait for its turn.
    pub async fn event(&self, reader: &Caller, delivery: Delivery) -> Result<Option<SyncEvent>, Error> {
        let Delivery { kind, message, conversation, .. } = delivery;
        let Some(message) = message else {
            reader.pace(&*self.context.clock).await;
            let user = reader.person.id;
            let record = self.context.store.conversation(user, conversation).await?;
            return Ok(record.map(|record| SyncEvent::Conversation(self.context.channels.view(record, user))));
        };
        Ok(Some(match kind {
            EntryKind::Message => SyncEvent::Message(message),
            EntryKind::MessageChange | EntryKind::GroupChange => SyncEvent::MessageUpdated(message),
        }))
    }

    /// Moves entries from the logs into the page, until it is full or more of a log has to be read.
    async fn merge(&self, reader: &mut LogReader, page: &mut Vec<Delivery>) -> Result<(), Error> {
        let limit = reader.budget.events.min(LogReader::PAGE);
        while page.len() < limit
            && let Some(Reverse((_, index))) = reader.heads.pop()
        {
            let log = &mut reader.logs[index];
            if let Some(entry) = log.entries.pop_front() {
                log.settled_seq = entry.seq;
                page.extend(self.deliver(reader.user, log, entry).await?);
            }
            if let Some(entry) = log.entries.front() {
                reader.heads.push(Reverse((entry.position, index)));
            } else if !log.scanned.is_complete {
                // Read more of this log before taking from the others, or entries would be out of order.
                reader.to_refill.push(index);
                break;
            }
        }
        Ok(())
    }

    async fn deliver(
        &self,
        user: UserId,
        log: &mut ConversationLog,
        entry: Entry,
    ) -> Result<Option<Delivery>, Error> {
        let Entry { seq, position, kind, message } = entry;
        let conversation = log.conversation;
        let Some(message) = message else {
            return Ok(Some(Delivery { kind, message: None, conversation, seq, position, own: false }));
        };
        let channel = match &log.channel {
            Some(channel) => channel,
            None => match self.context.channels.of_key(conversation).await? {
                Some(channel) => log.channel.insert(channel),
                None => return Ok(None),
            },
        };
        let own = message.sender == user && kind == EntryKind::Message;
        let message = Some(channel.message(&message));
        Ok(Some(Delivery { kind, message, conversation, seq, position, own }))
    }

    /// Reads the next entries of these conversations.
    async fn fill(&self, reader: &mut LogReader, indexes: &[usize]) -> Result<(), Error> {
        if indexes.is_empty() {
            return Ok(());
        }
        let share = reader.logs.len().max(1);
        let (limit, bytes) = ((LogReader::ENTRIES / share).max(2), LogReader::BYTES / share);
        let range = |&index: &usize| {
            let log = &reader.logs[index];
            EntryRange {
                conversation: log.conversation,
                reader: reader.user,
                after_seq: log.scanned.seq,
                limit,
                bytes,
            }
        };
        let ranges = indexes.iter().map(range).collect();
        let read = self.context.store.entries(ranges, reader.upto).await?;
        for (&index, EntryPage { entries, upto }) in indexes.iter().zip(read) {
            let log = &mut reader.logs[index];
            log.scanned = upto;
            match entries.first() {
                Some(first) => reader.heads.push(Reverse((first.position, index))),
                None if upto.is_complete => {}
                None => reader.to_refill.push(index),
            }
            log.entries = entries.into();
        }
        Ok(())
    }
}

/// Merges the logs of a user's conversations into one stream in the order of positions. Holds a bounded number of
/// entries at a time.
pub struct LogReader {
    user: UserId,
    upto: Position,
    logs: Vec<ConversationLog>,
    /// The first entry of each log that has one, lowest position first.
    heads: BinaryHeap<Reverse<(Position, usize)>>,
    /// The logs whose entries were all given out, and which may have more in the store.
    to_refill: Vec<usize>,
    budget: Budget,
}

/// The log of one conversation.
struct ConversationLog {
    conversation: ConversationKey,
    /// How far it has been scanned.
    scanned: ScanEnd,
    /// The `seq` up to which its entries were given out, or named in [`Page::skipped`].
    settled_seq: u64,
    channel: Option<Arc<Channel>>,
    /// Entries that were read and not given out yet.
    entries: VecDeque<Entry>,
}

/// How much a reader may still give out.
struct Budget {
    events: usize,
    /// Bytes of text. Checked after each page.
    bytes: usize,
    /// Pages without an event.
    empty_pages: usize,
}

impl Budget {
    /// For the flush, which sends everything.
    const UNLIMITED: Self = Self { events: usize::MAX, bytes: usize::MAX, empty_pages: usize::MAX };
    /// For `sync`, where the client asks again with the next cursor.
    const SYNC: Self = Self { bytes: 1 << 20, empty_pages: 16, ..Self::UNLIMITED };

    fn is_spent(&self) -> bool {
        self.events == 0 || self.bytes == 0 || self.empty_pages == 0
    }

    fn spend(&mut self, deliveries: &[Delivery]) {
        let texts = deliveries.iter().filter_map(|delivery| delivery.message.as_ref());
        let bytes = texts.map(|message| message.text.len()).sum();
        self.events = self.events.saturating_sub(deliveries.len());
        self.bytes = self.bytes.saturating_sub(bytes);
        self.empty_pages = self.empty_pages.saturating_sub(usize::from(deliveries.is_empty()));
    }
}

impl LogReader {
    /// Entries read at a time, over all conversations.
    const ENTRIES: usize = 512;
    /// Bytes of text read at a time, over all conversations.
    const BYTES: usize = 128 * 1024;
    /// Entries in a page.
    const PAGE: usize = 256;

    /// A reader of everything in these logs.
    fn new(user: UserId, upto: Position, logs: Vec<ConversationLog>) -> Self {
        let to_refill = (0..logs.len()).collect();
        Self { user, upto, logs, heads: BinaryHeap::new(), to_refill, budget: Budget::UNLIMITED }
    }

    /// The position up to which everything was given out.
    pub fn reached(&self) -> Position {
        let reached = |log: &ConversationLog| match log.entries.front() {
            Some(next) => Position(next.position.0.saturating_sub(1)),
            None if log.scanned.is_complete => self.upto,
            None => log.scanned.position,
        };
        self.logs.iter().map(reached).min().unwrap_or(self.upto)
    }

    /// Whether everything has been given out.
    pub fn is_done(&self) -> bool {
        self.to_refill.is_empty() && self.heads.is_empty()
    }

    /// See [`Page::skipped`]: what is new since the last call.
    fn skipped(&mut self) -> Vec<(ConversationKey, u64)> {
        let mut skipped = Vec::new();
        for log in &mut self.logs {
            if log.entries.is_empty() && log.scanned.seq > log.settled_seq {
                log.settled_seq = log.scanned.seq;
                skipped.push((log.conversation, log.settled_seq));
            }
        }
        skipped
    }
}
