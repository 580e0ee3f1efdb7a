//! The port to the other nodes.

use protocol::Cursors;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::live::NodeId;
use crate::store::{ConversationKey, UserId};

/// Tells the other nodes that something may be new: they look for themselves, by what they and the store know.
///
/// A hint may be lost, or come twice. Entries of the log and ended sessions need none, since every node follows those.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// A member's cursors moved.
    Receipt {
        /// Where.
        conversation: ConversationKey,
        /// Whose.
        user: UserId,
        /// Where they stand now.
        cursors: Cursors,
        /// Whether that of what was read was to be moved.
        read: bool,
    },
    /// A member types, or has stopped.
    Typing {
        /// Where.
        conversation: ConversationKey,
        /// Who.
        user: UserId,
        /// Whether they type.
        typing: bool,
    },
    /// A user came or went.
    Presence(UserId),
    /// Who may see a user, or whom the user may see, may have changed.
    Visibility(UserId),
    /// A user has blocked another, or has taken that back.
    Block(UserId, UserId),
    /// Hints were lost.
    Lost,
}

/// Takes hints from node to node: one for each node.
pub trait Bus: Send + Sync {
    /// Tells the other nodes. Never blocks.
    fn publish(&self, hint: Hint);

    /// What other nodes tell from now on.
    fn subscribe(&self) -> Hints;
}

/// The hints of other nodes.
pub struct Hints {
    node: NodeId,
    received: broadcast::Receiver<(NodeId, Hint)>,
}

impl Hints {
    /// Those of a channel to which every node is heard, also the one that they are for.
    pub fn new(node: NodeId, received: broadcast::Receiver<(NodeId, Hint)>) -> Self {
        Self { node, received }
    }

    /// Waits for the next one; `None` once there is no bus any more.
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

/// For nodes in one process, and for one alone.
pub struct LocalBus {
    node: NodeId,
    hints: broadcast::Sender<(NodeId, Hint)>,
}

impl LocalBus {
    /// Hints that may wait for a node; past it, it loses the oldest.
    const WAITING: usize = 1024;

    /// That of a node, which is alone until another is [beside](Self::beside) it.
    pub fn new(node: NodeId) -> Self {
        Self { node, hints: broadcast::Sender::new(Self::WAITING) }
    }

    /// That of another node.
    #[must_use]
    pub fn beside(&self, node: NodeId) -> Self {
        Self { node, hints: self.hints.clone() }
    }
}

impl Bus for LocalBus {
    fn publish(&self, hint: Hint) {
        // A node alone would be woken for nothing.
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
