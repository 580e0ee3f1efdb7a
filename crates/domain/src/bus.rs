//! The port to the other nodes.

use protocol::Cursors;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::live::NodeId;
use crate::store::{ConversationKey, UserId};

/// Tells the other nodes that something may have changed. They find out what from the store and from what they know.
///
/// A hint may be lost, or come twice. Entries of the log and ended sessions need no hints, because every node follows
/// those in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// A member's marks moved.
    Receipt {
        /// The conversation.
        conversation: ConversationKey,
        /// The member.
        user: UserId,
        /// The stored marks.
        cursors: Cursors,
        /// Whether the member's client moved the read mark, too.
        read: bool,
    },
    /// A member types, or has stopped.
    Typing {
        /// The conversation.
        conversation: ConversationKey,
        /// The member.
        user: UserId,
        /// False if they have stopped.
        typing: bool,
    },
    /// A user went online or offline.
    Presence(UserId),
    /// Whose presence a user may see, or who may see theirs, may have changed.
    Visibility(UserId),
    /// The first user has blocked the second, or has taken that back.
    Block(UserId, UserId),
    /// An invitation of a user to a group came or ended.
    Invitation(UserId, ConversationKey),
    /// This node was too slow and some hints were lost.
    Lost,
}

/// Carries hints between nodes. Each node has its own.
pub trait Bus: Send + Sync {
    /// Sends a hint to the other nodes. Never blocks.
    fn publish(&self, hint: Hint);

    /// The hints that other nodes send from now on.
    fn subscribe(&self) -> Hints;
}

/// The hints of other nodes.
pub struct Hints {
    node: NodeId,
    received: broadcast::Receiver<(NodeId, Hint)>,
}

impl Hints {
    /// Receives from a channel that carries the hints of every node. Those of `node` itself are left out.
    pub fn new(node: NodeId, received: broadcast::Receiver<(NodeId, Hint)>) -> Self {
        Self { node, received }
    }

    /// Waits for the next hint; `None` once the bus is gone.
    pub async fn next(&mut self) -> Option<Hint> {
        loop {
            match self.received.recv().await {
                Ok((node, _)) if node == self.node => {}
                Ok((_, hint)) => return Some(hint),
                Err(RecvError::Lagged(_)) => return Some(Hint::Lost),
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

/// A bus for nodes in one process, or for one node alone.
pub struct LocalBus {
    node: NodeId,
    hints: broadcast::Sender<(NodeId, Hint)>,
}

impl LocalBus {
    /// Hints that may wait for a node. Past it the node loses the oldest.
    const WAITING: usize = 1024;

    /// The bus of a first node. Others join with [`LocalBus::beside`].
    pub fn new(node: NodeId) -> Self {
        Self { node, hints: broadcast::Sender::new(Self::WAITING) }
    }

    /// The same bus for another node.
    #[must_use]
    pub fn beside(&self, node: NodeId) -> Self {
        Self { node, hints: self.hints.clone() }
    }
}

impl Bus for LocalBus {
    fn publish(&self, hint: Hint) {
        // A node alone would only wake itself.
        if self.hints.receiver_count() > 1 {
            let _ = self.hints.send((self.node, hint));
        }
    }

    fn subscribe(&self) -> Hints {
        Hints::new(self.node, self.hints.subscribe())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn presence(user: i64) -> Hint {
        Hint::Presence(UserId(user))
    }

    #[tokio::test]
    async fn hints_come_to_the_others_in_order() {
        let one = LocalBus::new(NodeId(1));
        let other = one.beside(NodeId(2));
        let (mut to_one, mut to_other) = (one.subscribe(), other.subscribe());
        one.publish(presence(1));
        other.publish(presence(2));
        one.publish(presence(3));
        assert_eq!(to_one.next().await, Some(presence(2)));
        assert_eq!(to_other.next().await, Some(presence(1)));
        assert_eq!(to_other.next().await, Some(presence(3)));
        assert_eq!((to_one.next().now_or_never(), to_other.next().now_or_never()), (None, None));
    }

    #[tokio::test]
    async fn a_node_that_does_not_keep_up_is_told_so() {
        let one = LocalBus::new(NodeId(1));
        let (_to_one, mut to_other) = (one.subscribe(), one.beside(NodeId(2)).subscribe());
        for user in 0..=1024 {
            one.publish(presence(user));
        }
        assert_eq!(to_other.next().await, Some(Hint::Lost));
        assert_eq!(to_other.next().await, Some(presence(1)));
    }
}
