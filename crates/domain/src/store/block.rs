use std::sync::Arc;

use async_trait::async_trait;
use protocol::Timestamp;

use super::{StoreError, UserId};

/// Somebody whom a user has blocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// The blocked user.
    pub user: UserId,
    /// Their username as it was registered.
    pub username: Arc<str>,
    /// When they were blocked.
    pub at: Timestamp,
}

/// Who has blocked whom.
#[async_trait]
pub trait BlockStore: Send + Sync {
    /// Blocks `other` for `user`, and gives since when they are blocked. An earlier block stays as it is. `None` if
    /// the user has blocked `most` others already. Invitations of `other` that wait for `user` end.
    async fn block(
        &self,
        user: UserId,
        other: UserId,
        at: Timestamp,
        most: usize,
    ) -> Result<Option<Timestamp>, StoreError>;

    /// Takes a block back; false if there was none.
    async fn unblock(&self, user: UserId, other: UserId) -> Result<bool, StoreError>;

    /// Since when `user` has blocked `other`; `None` if they have not.
    async fn blocked_since(&self, user: UserId, other: UserId) -> Result<Option<Timestamp>, StoreError>;

    /// The people whom a user has blocked, the latest first, and by descending id if they were blocked at the same
    /// time. With `before`, only those after that place in this order.
    async fn blocks(
        &self,
        user: UserId,
        before: Option<(Timestamp, UserId)>,
        limit: usize,
    ) -> Result<Vec<Blocked>, StoreError>;
}
