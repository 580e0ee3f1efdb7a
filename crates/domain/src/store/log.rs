//! The log: submitting entries, following them as they are committed, and reading them.

use std::sync::Arc;

use async_trait::async_trait;

use super::append::{Append, Committed, Origin, Submitted};
use super::message::{Entry, Epoch, MessageRecord, Position};
use super::{ConversationKey, StoreError, UserId};

/// Which entries of a conversation to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryRange {
    /// The conversation to read.
    pub conversation: ConversationKey,
    /// Only entries that this user may see; see [`MessageStore::entries`].
    pub reader: UserId,
    /// Only entries with a higher `seq`.
    pub after_seq: u64,
    /// At most so many entries.
    pub limit: usize,
    /// Stop after the entry with which texts and attachments reach so many bytes.
    pub bytes: usize,
}

/// The entries that were read of an [`EntryRange`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryPage {
    /// The entries that the reader may see, by ascending `seq`.
    pub entries: Vec<Entry>,
    /// How far the log was scanned. `entries` may be empty although the reader may see entries above this.
    pub upto: ScanEnd,
}

/// How far a conversation was scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanEnd {
    /// The last entry that was scanned, whether or not the reader may see it.
    pub seq: u64,
    /// The position of that entry.
    pub position: Position,
    /// Whether no entry above `seq` is at or below the position that was asked for.
    pub is_complete: bool,
}

impl EntryPage {
    /// Entries that one call of [`MessageStore::entries`] scans, over all of its ranges. A bound of its own, because any number of entries in a
    /// row may be hidden from the reader.
    const MAX_SCANNED: u64 = 8192;

    /// How many entries it scans in each of its `ranges`.
    pub fn span(ranges: usize) -> u64 {
        (Self::MAX_SCANNED / (ranges as u64).max(1)).max(16)
    }

    /// Takes entries until a limit of the range is reached. `entries` are those that the reader may see; the range was
    /// scanned up to `upto` for them.
    pub fn of<E>(
        range: &EntryRange,
        upto: ScanEnd,
        mut entries: impl Iterator<Item = Result<Entry, E>>,
    ) -> Result<Self, E> {
        let mut read = Self { entries: Vec::new(), upto };
        let mut bytes = 0;
        while let Some(entry) = entries.next().transpose()? {
            bytes += entry.message.as_ref().map_or(0, MessageRecord::weight);
            let (seq, position) = (entry.seq, entry.position);
            read.entries.push(entry);
            if read.entries.len() >= range.limit || bytes >= range.bytes {
                // The entries above this one are left for the next reading.
                read.upto = ScanEnd { seq, position, is_complete: false };
                break;
            }
        }
        Ok(read)
    }
}

/// A reader of the whole log as it grows, such as the announcer.
#[async_trait]
pub trait Follower: Send + Sync {
    /// Waits for entries above those given before. Gives between one and `limit` of them, in the order of positions.
    /// If the future is dropped, no entry is lost: the next call gives the same ones.
    async fn next(&self, limit: usize) -> Result<Vec<Arc<Committed>>, StoreError>;
}

/// The part of a store that holds the log.
#[async_trait]
pub trait MessageStore: Send + Sync {
    /// Queues an entry. Entries that one caller queues one after the other are stored in that order. An entry gets
    /// the next `seq` of its conversation, without a gap.
    fn submit(&self, append: Append, origin: Origin) -> Submitted;

    /// Follows the entries above a position. Until the follower is dropped, new entries are kept in memory for it, up
    /// to a limit; past the limit it reads them from the log.
    fn follow(&self, after: Position) -> Box<dyn Follower + '_>;

    /// The highest position that can be read. No entry will appear at or below it later.
    async fn position(&self) -> Result<Position, StoreError>;

    /// The epoch of this run of the store.
    fn epoch(&self) -> Epoch;

    /// Whether this log contains what was committed up to `position` when the store ran in `epoch`. False for an
    /// epoch of another log. False, too, if this log is a restored copy and the position was written after the copy
    /// was made.
    fn reached(&self, epoch: Epoch, position: Position) -> bool;

    /// Entries of several conversations, none above `upto`, as they are sent to the reader. Left out are
    ///
    /// * all entries, if the reader is not a member;
    /// * messages that are hidden from the reader, messages from before the reader joined, and changes of either;
    /// * a change of a message, if there is a later change of it up to `upto`. The later one is enough, because every
    ///   entry has the message in its present state. The message's own entry stays: a client that lacks the message
    ///   has to be told that it is new;
    /// * a change of the conversation, if there is a later one up to `upto`. The one by which the reader joined
    ///   stays, so that they are told of the group before its first message.
    async fn entries(&self, ranges: Vec<EntryRange>, upto: Position) -> Result<Vec<EntryPage>, StoreError>;

    /// The newest `limit` messages with a `seq` below `before`, by ascending `seq`. Only messages that the reader may
    /// see: none if they are not a member.
    async fn messages_before(
        &self,
        reader: UserId,
        conversation: ConversationKey,
        before: u64,
        limit: usize,
    ) -> Result<Vec<MessageRecord>, StoreError>;

    /// The oldest `limit` messages with a `seq` above `after`, by ascending `seq`. Only messages that the reader may
    /// see: none if they are not a member.
    async fn messages_after(
        &self,
        reader: UserId,
        conversation: ConversationKey,
        after: u64,
        limit: usize,
    ) -> Result<Vec<MessageRecord>, StoreError>;
}
