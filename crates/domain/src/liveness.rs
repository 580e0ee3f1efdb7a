//! The port to who is connected, over all nodes.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::live::NodeId;
use crate::store::UserId;

/// Knows who is connected to which node: one for each node, which says what holds there and asks about all.
///
/// A user who is back a moment after their last socket left was never gone, so [`Liveness::left`] comes after that
/// moment. Once a node has stopped nobody is connected to it.
pub trait Liveness: Send + Sync {
    /// A user is connected to this node. Says whether that is new.
    fn came(&self, user: UserId) -> bool;

    /// A user is no longer connected to this node.
    fn left(&self, user: UserId);

    /// Whether a user is connected to any node. A hint: a node that was killed is believed for a while.
    fn is_live(&self, user: UserId) -> bool;
}

/// For nodes in one process, and for one alone. Dropped, its node has stopped.
pub struct LocalLiveness {
    node: NodeId,
    live: Arc<Mutex<BTreeSet<(UserId, NodeId)>>>,
}

impl LocalLiveness {
    /// That of a node, which is alone until another is [beside](Self::beside) it.
    pub fn new(node: NodeId) -> Self {
        Self { node, live: Arc::default() }
    }

    /// That of another node.
    #[must_use]
    pub fn beside(&self, node: NodeId) -> Self {
        Self { node, live: self.live.clone() }
    }
}

impl Liveness for LocalLiveness {
    fn came(&self, user: UserId) -> bool {
        self.live.lock().insert((user, self.node))
    }

    fn left(&self, user: UserId) {
        self.live.lock().remove(&(user, self.node));
    }

    fn is_live(&self, user: UserId) -> bool {
        self.live.lock().range((user, NodeId::default())..).next().is_some_and(|(live, _)| *live == user)
    }
}

impl Drop for LocalLiveness {
    fn drop(&mut self) {
        self.live.lock().retain(|(_, node)| *node != self.node);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_live_while_they_are_connected_to_any_node() {
        let one = LocalLiveness::new(NodeId(1));
        let other = one.beside(NodeId(2));
        let [ann, bob, eve] = [1, 2, 3].map(UserId);
        assert!(one.came(ann) && other.came(ann) && other.came(eve));
        assert!(!other.came(ann));
        let live = || [ann, bob, eve].map(|user| one.is_live(user));
        assert_eq!(live(), [true, false, true]);
        one.left(ann);
        assert_eq!(live(), [true, false, true]);
        other.left(ann);
        assert_eq!(live(), [false, false, true]);
    }

    #[test]
    fn nobody_is_connected_to_a_node_that_has_stopped() {
        let one = LocalLiveness::new(NodeId(1));
        let other = one.beside(NodeId(2));
        let [ann, bob] = [1, 2].map(UserId);
        assert!(one.came(ann) && other.came(ann) && other.came(bob));
        drop(other);
        assert!(one.is_live(ann) && !one.is_live(bob));
    }
}
