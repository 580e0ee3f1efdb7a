use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use protocol::{AttachmentId, ConversationId, MessageId, Timestamp};
use sha2::{Digest, Sha256};

use super::{AttachmentRecord, ConversationKey, ConversationRecord, StoreError, UserId};
use crate::random::{self, Random};

/// A place in the order in which the whole store committed; higher is later. Clients hold it as an opaque
/// cursor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

/// A run of a store, from one opening to the next, named by randomness: no other run of any store has the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Epoch(pub [u8; 8]);

impl Epoch {
    /// Draws a name.
    pub fn draw(random: &dyn Random) -> Self {
        Self(random::bytes(random))
    }
}

/// The sender's own name for a message, unique for the sender.
pub type ClientId = Box<str>;

/// A message in its present state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRecord {
    /// Where it is.
    pub conversation: ConversationKey,
    /// Its place there.
    pub seq: u64,
    /// Minted from `timestamp`, `seq` and randomness when it was stored.
    pub id: MessageId,
    /// Who sent it.
    pub sender: UserId,
    /// The sender's own name for it.
    pub client_id: Option<ClientId>,
    /// Empty once deleted.
    pub text: Box<str>,
    /// When it was taken.
    pub timestamp: Timestamp,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// When its text was last changed.
    pub edited_at: Option<Timestamp>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// Files that it carries, in the order in which the sender named them.
    pub attachments: Vec<Arc<AttachmentRecord>>,
    /// The members whom its text named when that was stored, in the order of the text; `None` in a message that is
    /// older than this list.
    pub mentions: Option<Box<[UserId]>>,
    /// Who reacted with which emoji, in the order in which they did.
    pub reactions: Vec<Reaction>,
    /// Who had blocked the sender when it was sent: to them it and its changes are not there.
    pub hidden_from: Option<UserId>,
    /// The `seq` of its latest change.
    pub change_seq: Option<u64>,
}

/// Somebody's reaction to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// With what.
    pub emoji: Box<str>,
    /// Who.
    pub user: UserId,
}

impl MessageRecord {
    fn attachment_ids(&self) -> impl Iterator<Item = AttachmentId> {
        self.attachments.iter().map(|attachment| attachment.id)
    }

    /// Whether it says this; what it said at first where it has not changed.
    pub fn says(&self, text: &str, reply_to: Option<MessageId>, attachments: &[AttachmentId]) -> bool {
        *self.text == *text
            && self.reply_to == reply_to
            && self.attachment_ids().eq(attachments.iter().copied())
    }

    /// A digest of what it says; see [`first_body`].
    pub fn body(&self) -> [u8; 16] {
        first_body(&self.text, self.reply_to, &self.attachment_ids().collect::<Vec<_>>())
    }

    /// About what it costs to hold, in bytes of text.
    fn weight(&self) -> usize {
        let attachments = self.attachments.iter().map(|attachment| attachment.name.len() + 256);
        self.text.len() + attachments.sum::<usize>()
    }

    /// Whether somebody has reacted with an emoji.
    pub fn has_reaction(&self, user: UserId, emoji: &str) -> bool {
        self.reactions.iter().any(|reaction| reaction.user == user && *reaction.emoji == *emoji)
    }

    /// Whether one more reaction with an emoji is within [`protocol::limit::REACTIONS`].
    pub fn has_room_for(&self, emoji: &str) -> bool {
        let (kinds, each) = protocol::limit::REACTIONS;
        let with_it = self.reactions.iter().filter(|reaction| *reaction.emoji == *emoji).count();
        let others: std::collections::HashSet<_> =
            self.reactions.iter().map(|reaction| &reaction.emoji).collect();
        if with_it > 0 { with_it < each } else { others.len() < kinds }
    }
}

/// What a message said at first, of which a store keeps a digest once it has changed: so that a sender who
/// repeats a `client_id` is told from one who uses it again.
pub fn first_body(text: &str, reply_to: Option<MessageId>, attachments: &[AttachmentId]) -> [u8; 16] {
    let reply_to = reply_to.as_ref().map_or(&[][..], |id| id.as_bytes());
    // The first byte says where the text begins: what is in front of it has 16 bytes each.
    let count = u8::try_from(attachments.len()).unwrap_or(u8::MAX >> 1);
    let whole = Sha256::new().chain_update([count << 1 | u8::from(!reply_to.is_empty())]);
    let whole = whole.chain_update(reply_to);
    let whole = attachments.iter().fold(whole, |whole, id| whole.chain_update(id.as_bytes()));
    let mut first = [0; 16];
    first.copy_from_slice(&whole.chain_update(text).finalize()[..16]);
    first
}

/// What kind of entry of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A new message.
    Message,
    /// A message was edited.
    Edit,
    /// A message was deleted.
    Delete,
    /// A message was reacted to, or a reaction was taken back.
    Reaction,
    /// The conversation itself began or changed: its title, its members or their roles.
    Conversation,
}

/// An entry of a conversation's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its own place in the conversation.
    pub seq: u64,
    /// Its place in the whole store.
    pub position: Position,
    /// What happened.
    pub kind: EntryKind,
    /// The message that is new or was changed, in its present state; none for [`EntryKind::Conversation`].
    pub message: Option<MessageRecord>,
}

/// Where an entry goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A direct conversation that is there.
    Conversation(ConversationKey),
    /// A group that is there.
    Group(ConversationKey),
    /// The direct conversation of the sender and this user; opened with this id where there is none.
    Direct(UserId, ConversationId),
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A new message.
    Message {
        /// Makes a resend harmless.
        client_id: Option<ClientId>,
        /// What it says.
        text: Box<str>,
        /// A message of the same conversation.
        reply_to: Option<MessageId>,
        /// Uploads of the sender.
        attachments: Vec<AttachmentId>,
        /// Who has blocked the sender; in a direct conversation only.
        hidden_from: Option<UserId>,
    },
    /// A new text for a message of the sender.
    Edit {
        /// Which.
        id: MessageId,
        /// The new text.
        text: Box<str>,
    },
    /// A message of the sender goes.
    Delete {
        /// Which.
        id: MessageId,
    },
    /// The sender's reaction to a message comes or goes.
    React {
        /// Which.
        id: MessageId,
        /// With what.
        emoji: Box<str>,
        /// Whether it is there afterwards.
        on: bool,
    },
}

/// An entry to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// Where.
    pub target: Target,
    /// Who; a member of the conversation.
    pub sender: UserId,
    /// When.
    pub at: Timestamp,
    /// Fresh randomness for the message's id.
    pub random: u64,
    /// What.
    pub change: Change,
    /// Whom its text names, if it has one; in a group, those who are not members when it is stored are left out.
    pub mentions: Vec<UserId>,
}

/// An entry that is stored.
#[derive(Clone, Debug)]
pub struct Appended {
    /// What is in the log now.
    pub entry: Entry,
    /// Whether it had been there before: the sender repeated a `client_id` or a reaction.
    pub duplicate: bool,
    /// Who was in the group when it was stored and may see the message, if the target was [`Target::Group`].
    pub roster: Option<Roster>,
    /// Where it went, if the target was [`Target::Direct`].
    pub direct: Option<Box<Direct>>,
}

/// The members of a group.
pub type Roster = Arc<[UserId]>;

/// The direct conversation that an entry went to.
#[derive(Clone, Debug)]
pub struct Direct {
    /// The conversation, without what depends on who asks.
    pub conversation: ConversationRecord,
    /// Whether this entry opened it.
    pub opened: bool,
}

/// Why an entry was not appended.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    /// The sender used this `client_id` for another message.
    #[error("the clientId was used for another message")]
    ClientIdReused,
    /// `reply_to` is not a message of the conversation.
    #[error("the message answered is not in the conversation")]
    ReplyUnknown,
    /// One of the attachments is not there, or somebody else's.
    #[error("an attachment is not there")]
    AttachmentUnknown,
    /// The message to change is not in the conversation.
    #[error("the message is not in the conversation")]
    MessageUnknown,
    /// The message to change is somebody else's.
    #[error("the message is somebody else's")]
    NotSender,
    /// The message to change is deleted.
    #[error("the message is deleted")]
    MessageDeleted,
    /// The sender is not in the group.
    #[error("the sender is not in the group")]
    NotMember,
    /// The message has too many reactions; see [`protocol::limit::REACTIONS`].
    #[error("the message has too many reactions")]
    ReactionsFull,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is called once an entry is stored or refused.
pub type Done = Box<dyn FnOnce(Result<Appended, AppendError>) + Send>;

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

/// The log.
#[async_trait]
pub trait MessageStore: Send + Sync {
    /// Appends an entry. The order of the calls is the order of the entries; an entry takes the next `seq`
    /// of its conversation, without a gap.
    ///
    /// `done` is called exactly once, after the entry is durable, and for the entries of a conversation in
    /// the order of their `seq`: what it announces is announced in that order. It must not block and must
    /// not call the store.
    ///
    /// Gives a future where the queue has no room; the entry is submitted when that is ready. Dropped
    /// before, the entry is not submitted and `done` is dropped uncalled.
    #[must_use = "the entry may not be submitted yet"]
    fn append(&self, append: Append, done: Done) -> Option<BoxFuture<'_, ()>>;

    /// A position with everything up to it readable; everything announced later is above it, or was
    /// readable already.
    fn position(&self) -> Position;

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
