//! The port that knows who is connected, over all nodes.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::live::NodeId;
use crate::store::UserId;

/// Knows which users are connected to which node. Each node has its own: it reports its users and asks about all.
///
/// A user who comes back at once, for example by loading the page again, counts as connected all the time. So a node
/// calls
/// [`Liveness::left`] only some seconds after the last socket. Nobody is connected to a node that has stopped.
pub trait Liveness: Send + Sync {
    /// A user is connected to this node. Says whether that is new.
    fn came(&self, user: UserId) -> bool;

    /// A user is no longer connected to this node.
    fn left(&self, user: UserId);

    /// Whether a user is connected to any node. May be wrong for a while after a node was killed.
    fn is_live(&self, user: UserId) -> bool;
}

/// For nodes in one process, or for one node alone. When it is dropped, its node counts as stopped.
pub struct LocalLiveness {
    node: NodeId,
    live: Arc<Mutex<BTreeSet<(UserId, NodeId)>>>,
}

impl LocalLiveness {
    /// For a first node. Others join with [`LocalLiveness::beside`].
    pub fn new(node: NodeId) -> Self {
        Self { node, live: Arc::default() }
    }

    /// For another node, which knows the same users.
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
