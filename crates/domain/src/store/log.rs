//! The log: what is submitted to it, followed, and read.

use std::sync::Arc;

use async_trait::async_trait;

use super::append::{Append, Committed, Origin, Submitted};
use super::message::{Entry, Epoch, MessageRecord, Position};
use super::{ConversationKey, StoreError, UserId};

/// Which entries of a conversation to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Where.
    pub conversation: ConversationKey,
    /// For whom; see [`MessageStore::entries`].
    pub reader: UserId,
    /// Above this `seq`.
    pub after_seq: u64,
    /// At most so many.
    pub limit: usize,
    /// Not further once the texts and attachments read have so many bytes.
    pub bytes: usize,
}

/// What was read of a [`Range`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// By ascending `seq`; those that the reader is sent.
    pub entries: Vec<Entry>,
    /// How far the log was looked at. There may be more that the reader is sent, and none of it in `entries`.
    pub upto: Upto,
}

/// How far a reading has come in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upto {
    /// Everything up to here was looked at, whether or not the reader is sent it.
    pub seq: u64,
    /// Where that stands in the store.
    pub position: Position,
    /// Whether there is nothing more.
    pub ended: bool,
}

impl Read {
    /// Entries that one reading looks at, over all of its ranges: what is left out may be any number in a row.
    const LOOKED_AT: u64 = 8192;

    /// How many entries are looked at of each of so many ranges.
    pub fn span(ranges: usize) -> u64 {
        (Self::LOOKED_AT / (ranges as u64).max(1)).max(16)
    }

    /// Takes what a range's limits allow of the entries in it that the reader is sent, all of which have been looked
    /// at up to `upto`.
    pub fn of<E>(
        range: &Range,
        upto: Upto,
        mut entries: impl Iterator<Item = Result<Entry, E>>,
    ) -> Result<Self, E> {
        let mut read = Self { entries: Vec::new(), upto };
        let mut bytes = 0;
        while let Some(entry) = entries.next().transpose()? {
            bytes += entry.message.as_ref().map_or(0, MessageRecord::weight);
            let (seq, position) = (entry.seq, entry.position);
            read.entries.push(entry);
            if read.entries.len() >= range.limit || bytes >= range.bytes {
                // What is behind it may not have been looked at.
                read.upto = Upto { seq, position, ended: false };
                break;
            }
        }
        Ok(read)
    }
}

/// Somebody who reads the whole log as it grows.
#[async_trait]
pub trait Follower: Send + Sync {
    /// The committed entries behind those given before, in the order of positions, at most so many and at least one:
    /// waits for it. Dropped while it waits, it has given nothing.
    async fn next(&self, limit: usize) -> Result<Vec<Arc<Committed>>, StoreError>;
}

/// The log.
#[async_trait]
pub trait MessageStore: Send + Sync {
    /// Queues an entry. What one caller queues is stored in that order; an entry takes the next `seq` of its
    /// conversation, without a gap.
    fn submit(&self, append: Append, origin: Origin) -> Submitted;

    /// Follows what is committed above a position. Until the follower is dropped, what is new is kept at hand for it, as
    /// far as there is room.
    fn follow(&self, after: Position) -> Box<dyn Follower + '_>;

    /// Everything up to here is readable, and nothing will appear below it.
    async fn position(&self) -> Result<Position, StoreError>;

    /// The epoch that began when the store was opened.
    fn epoch(&self) -> Epoch;

    /// Whether the log stood at a position, or behind it, in an epoch. It did not in that of another log, nor
    /// where it was written on after the copy was made that this one goes on from.
    fn reached(&self, epoch: Epoch, position: Position) -> bool;

    /// Entries of several conversations, none above `upto`, as they are sent to the reader. Left out is
    ///
    /// * everything, if the reader is not a member;
    /// * what is hidden from the reader, and the changes of it and of messages from before the reader came;
    /// * a change of a message whose last change is later and not above `upto`: that one tells the same, as every
    ///   entry has the message in its present state. The message's own entry is never left out for it, since who
    ///   lacks the message is to be told that it is new;
    /// * a change of the conversation, likewise, but for the one by which the reader came: it is told before the
    ///   first message.
    async fn entries(&self, ranges: Vec<Range>, upto: Position) -> Result<Vec<Read>, StoreError>;

    /// The messages with `seq` below `before`, the newest `limit` of them, by ascending `seq`; as far as the
    /// reader, who must be a member, may see them.
    async fn messages_before(
        &self,
        reader: UserId,
        conversation: ConversationKey,
        before: u64,
        limit: usize,
    ) -> Result<Vec<MessageRecord>, StoreError>;

    /// The messages with `seq` above `after`, the oldest `limit` of them, by ascending `seq`; as far as the reader,
    /// who must be a member, may see them.
    async fn messages_after(
        &self,
        reader: UserId,
        conversation: ConversationKey,
        after: u64,
        limit: usize,
    ) -> Result<Vec<MessageRecord>, StoreError>;
}
