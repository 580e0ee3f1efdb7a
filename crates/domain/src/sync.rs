//! Catching up: what a reader lacks, oldest first over all its conversations.

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
use crate::receipt::Receipts;
use crate::store::{
    Behind, ConversationKey, Entry, EntryKind, Epoch, Position, Range, Read, Since, Upto, UserId,
};

/// Where a client that keeps its own store goes on from; opaque to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cursor {
    /// When it was given: a position alone could be another log's.
    epoch: Epoch,
    position: Position,
}

impl Cursor {
    /// The first byte of every cursor, so that another kind can be told apart one day.
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

/// An entry on its way to a reader.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// What happened.
    pub kind: EntryKind,
    /// The message, in its present state; none for [`EntryKind::Conversation`].
    pub message: Option<Message>,
    /// Within the store.
    pub conversation: ConversationKey,
    /// The entry's own `seq`.
    pub seq: u64,
    /// The entry's place in the store.
    pub position: Position,
    /// Whether it is a message that the reader sent. Changes of it are not: others may have changed it before.
    pub own: bool,
}

/// A part of what a reader lacks, as one reading of the store brought it.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// What to send, oldest first. Empty in a long part of the log that the reader is not sent.
    pub deliveries: Vec<Delivery>,
    /// Up to which `seq` of a conversation there is nothing for the reader behind the deliveries of this page and
    /// those before it. It counts as delivered when they do.
    pub passed: Vec<(ConversationKey, u64)>,
}

/// Catches readers up.
///
/// Everybody who catches up asks for [`Syncs::page`] until it gives none: the flush after connecting, the `sync` event
/// and `GET /api/sync`. What a page leaves out is decided below it: the log leaves out what [`MessageStore::entries`]
/// says, and the marks and cursors given here stand behind that, too.
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

    /// Everything up to here can be read now. Whoever joins the live stream first and asks then misses
    /// nothing: what is told later and is not above it has been readable, too.
    pub async fn position(&self) -> Result<Position, Error> {
        Ok(self.context.store.position().await?)
    }

    /// Everything up to here has been told to whoever was in the live stream.
    pub async fn told(&self) -> Result<Position, Error> {
        let position = self.context.store.position().await?;
        self.announcer.told(position).await;
        Ok(position)
    }

    /// The cursor of who has everything up to a position.
    pub fn cursor(&self, position: Position) -> String {
        Cursor { epoch: self.context.store.epoch(), position }.encode()
    }

    /// The position of who has kept a cursor.
    pub fn resume(&self, cursor: &str) -> Result<Position, Error> {
        let invalid = |detail| Err(Error::new(Code::CursorInvalid, detail).about("cursor"));
        match Cursor::decode(cursor) {
            Some(Cursor { epoch, position }) if self.context.store.reached(epoch, position) => Ok(position),
            Some(_) => invalid("The cursor is of another log; begin without one."),
            None => invalid("Use the cursor of the last `sync:done` as it was, or none."),
        }
    }

    /// A reader of everything that `user` lacks, up to `upto`.
    pub async fn reader(&self, user: UserId, since: Since, upto: Position) -> Result<LogReader, Error> {
        let (delivered, position) = match since {
            Since::Delivered => (self.receipts.delivered_to(user), Position(0)),
            Since::Position(position) => (BTreeMap::new(), position),
        };
        let behind = self.context.store.behind(user, since).await?;
        let streams: Vec<_> = behind
            .into_iter()
            .map(|Behind { conversation, after_seq }| {
                let seq = delivered.get(&conversation).map_or(after_seq, |seq| after_seq.max(*seq));
                Stream {
                    conversation,
                    looked_at: Upto { seq, position, ended: false },
                    passed: seq,
                    channel: None,
                    entries: VecDeque::new(),
                }
            })
            .collect();
        Ok(LogReader::new(user, upto, streams))
    }

    /// A reader of at most `limit` events behind a cursor; of none, and everything up to now, without a cursor.
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
        // First, so that a cursor that was good is not above it.
        let since = cursor.map(|cursor| self.resume(cursor)).transpose()?;
        let upto = self.position().await?;
        let budget = Budget { events: limit as usize, ..Budget::SYNC };
        let reader = match since {
            Some(since) => self.reader(user, Since::Position(since), upto).await?,
            None => LogReader::new(user, upto, Vec::new()),
        };
        Ok(LogReader { budget, ..reader })
    }

    /// The next page, or none once everything has been given out, or as much as the reader was to give.
    pub async fn page(&self, reader: &mut LogReader) -> Result<Option<Page>, Error> {
        if reader.is_done() || reader.budget.is_spent() {
            return Ok(None);
        }
        let lacking = std::mem::take(&mut reader.lacking);
        self.fill(reader, &lacking).await?;
        let mut deliveries = Vec::new();
        // What one of them lacks may come before what the others have.
        if reader.lacking.is_empty() {
            self.merge(reader, &mut deliveries).await?;
        }
        reader.budget.spend(&deliveries);
        Ok(Some(Page { deliveries, passed: reader.passed() }))
    }

    /// The event that tells a delivery; none if the reader has left its conversation meanwhile. To be asked right
    /// before it is sent: it says what the conversation is now, and a later state may have been told live.
    pub async fn event(&self, user: UserId, delivery: Delivery) -> Result<Option<SyncEvent>, Error> {
        let Delivery { kind, message, conversation, .. } = delivery;
        let Some(message) = message else {
            let record = self.context.store.conversation(user, conversation).await?;
            return Ok(record.map(|record| SyncEvent::Conversation(self.context.channels.view(record, user))));
        };
        Ok(Some(match kind {
            EntryKind::Message => SyncEvent::Message(message),
            EntryKind::Change | EntryKind::Conversation => SyncEvent::MessageUpdated(message),
        }))
    }

    /// Moves entries into the page, until it is full or something must be read first.
    async fn merge(&self, reader: &mut LogReader, page: &mut Vec<Delivery>) -> Result<(), Error> {
        let limit = reader.budget.events.min(LogReader::PAGE);
        while page.len() < limit
            && let Some(Reverse((_, index))) = reader.heads.pop()
        {
            let stream = &mut reader.streams[index];
            if let Some(entry) = stream.entries.pop_front() {
                stream.passed = entry.seq;
                page.extend(self.deliver(reader.user, stream, entry).await?);
            }
            if let Some(entry) = stream.entries.front() {
                reader.heads.push(Reverse((entry.position, index)));
            } else if !stream.looked_at.ended {
                // Refilled before the others give more, which may come behind what it has next.
                reader.lacking.push(index);
                break;
            }
        }
        Ok(())
    }

    async fn deliver(
        &self,
        user: UserId,
        stream: &mut Stream,
        entry: Entry,
    ) -> Result<Option<Delivery>, Error> {
        let channel = match &stream.channel {
            Some(channel) => channel,
            None => match self.context.channels.of_key(stream.conversation).await? {
                Some(channel) => stream.channel.insert(channel),
                None => return Ok(None),
            },
        };
        let Entry { seq, position, kind, message } = entry;
        let sent = message.as_ref().is_some_and(|message| message.sender == user);
        Ok(Some(Delivery {
            kind,
            conversation: stream.conversation,
            seq,
            position,
            own: sent && kind == EntryKind::Message,
            message: message.as_ref().map(|message| channel.message(message)),
        }))
    }

    /// Reads on in these streams.
    async fn fill(&self, reader: &mut LogReader, indexes: &[usize]) -> Result<(), Error> {
        if indexes.is_empty() {
            return Ok(());
        }
        let share = reader.streams.len().max(1);
        let (limit, bytes) = ((LogReader::ENTRIES / share).max(2), LogReader::BYTES / share);
        let range = |&index: &usize| {
            let stream = &reader.streams[index];
            Range {
                conversation: stream.conversation,
                reader: reader.user,
                after_seq: stream.looked_at.seq,
                limit,
                bytes,
            }
        };
        let ranges = indexes.iter().map(range).collect();
        let read = self.context.store.entries(ranges, reader.upto).await?;
        for (&index, Read { entries, upto }) in indexes.iter().zip(read) {
            let stream = &mut reader.streams[index];
            stream.looked_at = upto;
            match entries.first() {
                Some(first) => reader.heads.push(Reverse((first.position, index))),
                None if upto.ended => {}
                None => reader.lacking.push(index),
            }
            stream.entries = entries.into();
        }
        Ok(())
    }
}

/// Merges the logs of a user's conversations into one stream in the order of commitment. Holds a bounded
/// part of them at a time, and at least one entry of each that has one.
pub struct LogReader {
    user: UserId,
    upto: Position,
    streams: Vec<Stream>,
    /// The first entry of each stream that has one, lowest position first.
    heads: BinaryHeap<Reverse<(Position, usize)>>,
    /// The streams of which nothing is at hand and more may be in the store.
    lacking: Vec<usize>,
    budget: Budget,
}

struct Stream {
    conversation: ConversationKey,
    /// How far it has been read.
    looked_at: Upto,
    /// Up to here its entries were given out, or a page said that there are none.
    passed: u64,
    channel: Option<Arc<Channel>>,
    /// Read and not given out yet.
    entries: VecDeque<Entry>,
}

/// What a reader may still give out.
struct Budget {
    events: usize,
    /// Bytes of text, to within a page.
    bytes: usize,
    /// Pages without an event.
    empty: usize,
}

impl Budget {
    /// For who is sent everything.
    const ENDLESS: Self = Self { events: usize::MAX, bytes: usize::MAX, empty: usize::MAX };
    /// For who asks again with the next cursor.
    const SYNC: Self = Self { bytes: 1 << 20, empty: 16, ..Self::ENDLESS };

    fn is_spent(&self) -> bool {
        self.events == 0 || self.bytes == 0 || self.empty == 0
    }

    fn spend(&mut self, deliveries: &[Delivery]) {
        let texts = deliveries.iter().filter_map(|delivery| delivery.message.as_ref());
        let bytes = texts.map(|message| message.text.len()).sum();
        self.events = self.events.saturating_sub(deliveries.len());
        self.bytes = self.bytes.saturating_sub(bytes);
        self.empty = self.empty.saturating_sub(usize::from(deliveries.is_empty()));
    }
}

impl LogReader {
    /// Entries read at a time, over all conversations.
    const ENTRIES: usize = 512;
    /// Bytes of text read at a time, over all conversations.
    const BYTES: usize = 128 * 1024;
    /// Entries in a page.
    const PAGE: usize = 256;

    /// Of everything in these streams.
    fn new(user: UserId, upto: Position, streams: Vec<Stream>) -> Self {
        let lacking = (0..streams.len()).collect();
        Self { user, upto, streams, heads: BinaryHeap::new(), lacking, budget: Budget::ENDLESS }
    }

    /// Up to here everything was given out.
    pub fn reached(&self) -> Position {
        let reached = |stream: &Stream| match stream.entries.front() {
            Some(next) => Position(next.position.0.saturating_sub(1)),
            None if stream.looked_at.ended => self.upto,
            None => stream.looked_at.position,
        };
        self.streams.iter().map(reached).min().unwrap_or(self.upto)
    }

    /// Whether everything has been given out.
    pub fn is_done(&self) -> bool {
        self.lacking.is_empty() && self.heads.is_empty()
    }

    /// Where the log was passed over since this was last asked.
    fn passed(&mut self) -> Vec<(ConversationKey, u64)> {
        let mut passed = Vec::new();
        for stream in &mut self.streams {
            if stream.entries.is_empty() && stream.looked_at.seq > stream.passed {
                stream.passed = stream.looked_at.seq;
                passed.push((stream.conversation, stream.passed));
            }
        }
        passed
    }
}
