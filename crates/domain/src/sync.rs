//! Catching up: what a reader lacks, oldest first over all its conversations.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use protocol::{Code, Message};

use crate::conversation::{Channel, Channels};
use crate::error::Error;
use crate::receipt::Receipts;
use crate::store::{
    Behind, ConversationKey, EntryKind, Epoch, Position, Range, Read, Since, Store, Upto, UserId,
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
pub struct Caught {
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
    /// Whether the reader sent it.
    pub own: bool,
}

/// Catches readers up.
pub struct Syncs {
    store: Arc<dyn Store>,
    channels: Arc<Channels>,
    receipts: Arc<Receipts>,
}

impl Syncs {
    pub(crate) fn new(store: Arc<dyn Store>, channels: Arc<Channels>, receipts: Arc<Receipts>) -> Self {
        Self { store, channels, receipts }
    }

    /// Everything up to here can be read now. Whoever joins the live stream first and asks then misses
    /// nothing: what is told later and is not above it has been readable, too.
    pub fn position(&self) -> Position {
        self.store.position()
    }

    /// Everything up to here has been told to whoever was in the live stream.
    pub async fn told(&self) -> Position {
        let position = self.store.position();
        self.store.settle().await;
        position
    }

    /// The cursor of who has everything up to a position.
    pub fn cursor(&self, position: Position) -> String {
        Cursor { epoch: self.store.epoch(), position }.encode()
    }

    /// The position of who has kept a cursor.
    pub fn resume(&self, cursor: &str) -> Result<Position, Error> {
        let invalid = |detail| Err(Error::new(Code::CursorInvalid, detail).about("cursor"));
        match Cursor::decode(cursor) {
            Some(Cursor { epoch, position }) if self.store.reached(epoch, position) => Ok(position),
            Some(_) => invalid("The cursor is of another log; begin without one."),
            None => invalid("Use the cursor of the last `sync:done` as it was, or none."),
        }
    }

    /// A reader of what `user` lacks, up to `upto`.
    pub async fn reader(&self, user: UserId, since: Since, upto: Position) -> Result<Reader, Error> {
        let (delivered, position) = match since {
            Since::Delivered => (self.receipts.delivered_to(user), Position(0)),
            Since::Position(position) => (BTreeMap::new(), position),
        };
        let behind = self.store.behind(user, since).await?;
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
        let (store, channels) = (self.store.clone(), self.channels.clone());
        let lacking = (0..streams.len()).collect();
        Ok(Reader { store, channels, user, upto, streams, heads: BinaryHeap::new(), lacking })
    }
}

/// Merges the logs of a user's conversations into one stream in the order of commitment. Holds a bounded
/// part of them at a time, and at least one entry of each that has one.
pub struct Reader {
    store: Arc<dyn Store>,
    channels: Arc<Channels>,
    user: UserId,
    upto: Position,
    streams: Vec<Stream>,
    /// The first entry of each stream that has one, lowest position first.
    heads: BinaryHeap<Reverse<(Position, usize)>>,
    /// The streams of which nothing is at hand and more may be in the store.
    lacking: Vec<usize>,
}

struct Stream {
    conversation: ConversationKey,
    /// How far it has been read.
    looked_at: Upto,
    /// Up to here its entries were given out, or [`Reader::passed`] said that there are none.
    passed: u64,
    channel: Option<Arc<Channel>>,
    /// Read and not given out yet.
    entries: VecDeque<crate::store::Entry>,
}

impl Reader {
    /// Entries read at a time, over all conversations.
    const ENTRIES: usize = 512;
    /// Bytes of text read at a time, over all conversations.
    const BYTES: usize = 128 * 1024;

    /// The next entries, at most `limit`. Gives what one reading of the store brought rather than reading again, so
    /// that a page is not larger than that. There may be none in a long part of the log that is hidden from the user:
    /// it goes on as long as [`Reader::is_done`] says no.
    pub async fn next(&mut self, limit: usize) -> Result<Vec<Caught>, Error> {
        let mut page = Vec::new();
        let lacking = std::mem::take(&mut self.lacking);
        self.fill(&lacking).await?;
        // What one of them lacks may come before what the others have.
        if self.lacking.is_empty() {
            self.merge(&mut page, limit).await?;
        }
        Ok(page)
    }

    /// Where the log was passed over since this was last asked: up to which `seq` of a conversation there is nothing
    /// for the user behind what was given out.
    pub fn passed(&mut self) -> Vec<(ConversationKey, u64)> {
        let mut passed = Vec::new();
        for stream in &mut self.streams {
            if stream.entries.is_empty() && stream.looked_at.seq > stream.passed {
                stream.passed = stream.looked_at.seq;
                passed.push((stream.conversation, stream.passed));
            }
        }
        passed
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

    /// Moves entries into the page, until it is full or something must be read first.
    async fn merge(&mut self, page: &mut Vec<Caught>, limit: usize) -> Result<(), Error> {
        while page.len() < limit
            && let Some(Reverse((_, index))) = self.heads.pop()
        {
            page.extend(self.take(index).await?);
            let stream = &self.streams[index];
            if let Some(entry) = stream.entries.front() {
                self.heads.push(Reverse((entry.position, index)));
            } else if !stream.looked_at.ended {
                // What the others have must not come before what it has next.
                self.lacking.push(index);
                break;
            }
        }
        Ok(())
    }

    /// Whether everything has been read.
    pub fn is_done(&self) -> bool {
        self.lacking.is_empty() && self.heads.is_empty()
    }

    async fn take(&mut self, index: usize) -> Result<Option<Caught>, Error> {
        let stream = &mut self.streams[index];
        let Some(entry) = stream.entries.pop_front() else {
            return Ok(None);
        };
        stream.passed = entry.seq;
        let channel = match &stream.channel {
            Some(channel) => channel,
            None => match self.channels.of_key(stream.conversation).await? {
                Some(channel) => stream.channel.insert(channel),
                None => return Ok(None),
            },
        };
        let own = entry.message.as_ref().is_some_and(|message| message.sender == self.user);
        Ok(Some(Caught {
            kind: entry.kind,
            conversation: stream.conversation,
            seq: entry.seq,
            position: entry.position,
            own,
            message: entry.message.map(|message| channel.message(message)),
        }))
    }

    /// Reads on in these streams.
    async fn fill(&mut self, indexes: &[usize]) -> Result<(), Error> {
        if indexes.is_empty() {
            return Ok(());
        }
        let share = self.streams.len().max(1);
        let (limit, bytes) = ((Self::ENTRIES / share).max(2), Self::BYTES / share);
        let range = |&index: &usize| {
            let stream = &self.streams[index];
            Range {
                conversation: stream.conversation,
                reader: self.user,
                after_seq: stream.looked_at.seq,
                limit,
                bytes,
            }
        };
        let ranges = indexes.iter().map(range).collect();
        let read = self.store.entries(ranges, self.upto).await?;
        for (&index, Read { entries, upto }) in indexes.iter().zip(read) {
            let stream = &mut self.streams[index];
            stream.looked_at = upto;
            match entries.first() {
                Some(first) => self.heads.push(Reverse((first.position, index))),
                None if upto.ended => {}
                None => self.lacking.push(index),
            }
            stream.entries = entries.into();
        }
        Ok(())
    }
}
