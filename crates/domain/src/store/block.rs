use std::sync::Arc;

use async_trait::async_trait;
use protocol::Timestamp;

use super::{StoreError, UserId};

/// Somebody whom a user has blocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// Who.
    pub user: UserId,
    /// Their handle.
    pub username: Arc<str>,
    /// Since when.
    pub at: Timestamp,
}

/// Who has blocked whom.
#[async_trait]
pub trait BlockStore: Send + Sync {
    /// Blocks somebody; if they are already, that stays as it is. Gives since when they are; `None` for who has
    /// blocked `most` others.
    async fn block(
        &self,
        user: UserId,
        other: UserId,
        at: Timestamp,
        most: usize,
    ) -> Result<Option<Timestamp>, StoreError>;

    /// Takes a block back; says whether there was one.
    async fn unblock(&self, user: UserId, other: UserId) -> Result<bool, StoreError>;

    /// Since when a user has blocked somebody, if they have.
    async fn blocked_since(&self, user: UserId, other: UserId) -> Result<Option<Timestamp>, StoreError>;

    /// Whom a user has blocked, the latest first and of the same time by descending id, from below `before` on.
    async fn blocks(
        &self,
        user: UserId,
        before: Option<(Timestamp, UserId)>,
        limit: usize,
    ) -> Result<Vec<Blocked>, StoreError>;
}
