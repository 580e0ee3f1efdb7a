//! The port to the live sockets of this node. Everything told here is a hint: the log is the truth.

use std::sync::Arc;

use protocol::{Conversation, InvitationChange, Message, Presence, Receipt, SessionId, Typing};

use crate::store::{ConversationKey, EntryKind, Position, UserId};

/// The id of a node: one of the servers that share a store. A server alone may have any id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u16);

/// The name of a live socket. Unique over all nodes for as long as its node runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketKey {
    /// The node that it is connected to.
    pub node: NodeId,
    /// Unlike that of any other socket of the node.
    pub number: u64,
}

/// An event for live sockets.
#[derive(Clone, Debug)]
pub enum Live {
    /// An entry of a log that the user can read.
    Entry {
        /// What happened.
        kind: EntryKind,
        /// The message in its state after this entry.
        message: Arc<Message>,
        /// The conversation's number within the store.
        conversation: ConversationKey,
        /// The entry's own `seq`.
        seq: u64,
        /// The entry's number in the whole store.
        position: Position,
        /// The socket that sent the entry, which learns of it from the acknowledgement instead.
        origin: Option<SocketKey>,
    },
    /// A member's marks moved.
    Receipt(Receipt),
    /// A conversation is new or changed, as this one user sees it.
    Conversation(Box<Conversation>),
    /// An invitation of the user came or ended.
    Invitation(Box<InvitationChange>),
    /// A member types, or has stopped.
    Typing(Typing),
    /// Somebody came or went.
    Presence(Presence),
}

/// Tells the live sockets that users have on this node.
pub trait Broker: Send + Sync {
    /// Sends an event to every live socket of these users. Calls one after the other arrive in that order at each
    /// socket. A socket that cannot take the event is closed, and its client resumes from the log. Never blocks.
    fn tell(&self, users: &mut dyn Iterator<Item = UserId>, live: Live);

    /// Like [`Broker::tell`], for these sockets alone; each is named with its user.
    fn tell_sockets(&self, sockets: &mut dyn Iterator<Item = (UserId, SocketKey)>, live: Live);

    /// Whether a user has a live socket on this node. The answer may be out of date at once.
    fn is_live(&self, user: UserId) -> bool;

    /// Closes every live socket of these users, or of everybody with `None`. For sockets that missed an event: their
    /// clients connect again and resume from the log.
    fn close_to_resume(&self, users: Option<&[UserId]>);

    /// Closes the live sockets of a session that has ended, and those that are just being connected.
    fn close_session(&self, user: UserId, session: SessionId);
}
