//! The port to the live sockets of this node. Everything told here is a hint: the log is the truth.

use std::sync::Arc;

use protocol::{Conversation, Message, Presence, Receipt, SessionId, Typing};

use crate::store::{ConversationKey, EntryKind, Position, UserId};

/// A server among those that share a store. A server alone is any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u16);

/// A live socket; unique over all nodes while its node lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketKey {
    /// The node that it is connected to.
    pub node: NodeId,
    /// Counts the sockets of the node.
    pub number: u64,
}

/// What is told to live sockets.
#[derive(Clone, Debug)]
pub enum Live {
    /// An entry of a log that the user can read.
    Entry {
        /// What happened.
        kind: EntryKind,
        /// The message, in its state after it.
        message: Arc<Message>,
        /// Within the store.
        conversation: ConversationKey,
        /// The entry's own `seq`.
        seq: u64,
        /// The entry's place in the store.
        position: Position,
        /// The socket that sent it: its acknowledgement says the same.
        origin: Option<SocketKey>,
    },
    /// A member's cursors moved.
    Receipt(Receipt),
    /// A conversation is new or changed, as this one user sees it.
    Conversation(Box<Conversation>),
    /// A member types, or has stopped.
    Typing(Typing),
    /// Somebody came or went.
    Presence(Presence),
}

/// Tells the live sockets that users have on this node.
pub trait Broker: Send + Sync {
    /// Tells every live socket of these users. At most once, and perhaps not at all: a socket that cannot
    /// take it is closed and resumes from the log. Calls in an order arrive in that order at each socket.
    /// Never blocks.
    fn tell(&self, users: &mut dyn Iterator<Item = UserId>, live: Live);

    /// Tells these sockets alone, each named with its user; otherwise as [`Broker::tell`].
    fn tell_sockets(&self, sockets: &mut dyn Iterator<Item = (UserId, SocketKey)>, live: Live);

    /// Whether a user has a live socket on this node. A hint, too.
    fn is_live(&self, user: UserId) -> bool;

    /// Closes every live socket of these users, or of everybody: what they should have been told was not, and they
    /// resume from the log.
    fn interrupt(&self, users: Option<&[UserId]>);

    /// Cuts the live sockets of a user's session that has ended, also those that are about to join.
    fn cut(&self, user: UserId, session: SessionId);
}
