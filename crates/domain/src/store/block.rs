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
    /// Blocks somebody; if they are already, that stays as it is.
    async fn block(&self, user: UserId, other: UserId, at: Timestamp) -> Result<(), StoreError>;

    /// Takes a block back; says whether there was one.
    async fn unblock(&self, user: UserId, other: UserId) -> Result<bool, StoreError>;

    /// Whom a user has blocked, the latest first.
    async fn blocks(&self, user: UserId) -> Result<Vec<Blocked>, StoreError>;
}
