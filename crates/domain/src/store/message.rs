use std::sync::Arc;

use protocol::{AttachmentId, MessageId, Timestamp};
use sha2::{Digest, Sha256};

use super::{AttachmentRecord, ConversationKey, Reacted, UserId};
use crate::random::{self, Random};

/// The number of an entry in the whole store, in the order of commits. Clients have it inside an opaque cursor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

/// Names one run of a store, from opening to closing. Random, so no other run of any store has the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Epoch(pub [u8; 8]);

impl Epoch {
    /// A new random epoch.
    pub fn draw(random: &dyn Random) -> Self {
        Self(random::bytes(random))
    }
}

/// The sender's own name for a message, unique for the sender.
pub type ClientId = Box<str>;

/// A message in its present state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRecord {
    /// The conversation that it is in.
    pub conversation: ConversationKey,
    /// Its number in the conversation.
    pub seq: u64,
    /// Minted from `timestamp`, `seq` and randomness when it was stored.
    pub id: MessageId,
    /// Who sent it.
    pub sender: UserId,
    /// The sender's own name for it.
    pub client_id: Option<ClientId>,
    /// Empty once deleted.
    pub text: Box<str>,
    /// When the server received it.
    pub timestamp: Timestamp,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// When its text was last edited.
    pub edited_at: Option<Timestamp>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// Its files, in the order in which the sender named them.
    pub attachments: Vec<Arc<AttachmentRecord>>,
    /// Members whom its text mentioned when the text was stored, in the order of the text. `None` for messages stored
    /// before mentions were.
    pub mentions: Option<Box<[UserId]>>,
    /// Its reactions, ascending by emoji.
    pub reactions: Vec<Reacted>,
    /// The person who had blocked the sender when it was sent. They never see it or its changes.
    pub hidden_from: Option<UserId>,
    /// The `seq` of its latest change; `None` if it has not changed.
    pub change_seq: Option<u64>,
}

impl MessageRecord {
    fn attachment_ids(&self) -> impl Iterator<Item = AttachmentId> {
        self.attachments.iter().map(|attachment| attachment.id)
    }

    /// Whether it has this text, this answered message and these attachments now.
    pub fn says(&self, text: &str, reply_to: Option<MessageId>, attachments: &[AttachmentId]) -> bool {
        *self.text == *text
            && self.reply_to == reply_to
            && self.attachment_ids().eq(attachments.iter().copied())
    }

    /// A digest of what it says now; see [`content_digest`].
    pub fn digest(&self) -> [u8; 16] {
        content_digest(&self.text, self.reply_to, &self.attachment_ids().collect::<Vec<_>>())
    }

    /// The people whom it shows by name: its sender, those whom it mentions, and those who reacted first.
    pub fn people(&self) -> impl Iterator<Item = UserId> {
        let mentioned = self.mentions.as_deref().unwrap_or_default();
        let reacted = self.reactions.iter().flat_map(|reacted| &reacted.first);
        std::iter::once(self.sender).chain(mentioned.iter().chain(reacted).copied())
    }

    /// Estimates the memory that it takes, in bytes of text.
    pub(super) fn weight(&self) -> usize {
        let attachments = self.attachments.iter().map(|attachment| attachment.name.len() + 256);
        let reactions = self.reactions.iter().map(Reacted::weight);
        self.text.len() + attachments.sum::<usize>() + reactions.sum::<usize>()
    }
}

/// A digest of what a message says. A store keeps that of what it said at first once it has changed. With it a sender
/// who sends the same message again is told apart from one who uses its `client_id` for another message.
pub fn content_digest(text: &str, reply_to: Option<MessageId>, attachments: &[AttachmentId]) -> [u8; 16] {
    let reply_to = reply_to.as_ref().map_or(&[][..], |id| id.as_bytes());
    // The first byte says how many ids come before the text; each has 16 bytes.
    let count = u8::try_from(attachments.len()).unwrap_or(u8::MAX >> 1);
    let whole = Sha256::new().chain_update([count << 1 | u8::from(!reply_to.is_empty())]);
    let whole = whole.chain_update(reply_to);
    let whole = attachments.iter().fold(whole, |whole, id| whole.chain_update(id.as_bytes()));
    let mut digest = [0; 16];
    digest.copy_from_slice(&whole.chain_update(text).finalize()[..16]);
    digest
}

/// What an entry of the log is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A new message.
    Message,
    /// A message changed: it was edited, deleted or reacted to.
    MessageChange,
    /// The group itself began or changed: its title, its members, their roles, or what new members may read.
    GroupChange,
}

/// An entry of a conversation's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number in the conversation.
    pub seq: u64,
    /// Its number in the whole store.
    pub position: Position,
    /// What happened.
    pub kind: EntryKind,
    /// The message that is new or was changed, in its present state. `None` for [`EntryKind::GroupChange`].
    pub message: Option<MessageRecord>,
}
