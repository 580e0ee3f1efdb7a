use async_trait::async_trait;
use protocol::{SessionId, Timestamp};

use super::{Hash, StoreError, UserId};

/// An API token that has not ended; it may have expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiTokenRecord {
    /// Stable.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// What it is for.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, as far as that was noted.
    pub last_used_at: Option<Timestamp>,
}

/// API tokens, each known by its hash.
#[async_trait]
pub trait ApiTokenStore: Send + Sync {
    /// Keeps a new token, unless its user has `most` already; says whether it did.
    async fn create_api_token(
        &self,
        token: ApiTokenRecord,
        hash: Hash,
        most: usize,
    ) -> Result<bool, StoreError>;

    /// The token of a hash.
    async fn api_token(&self, hash: Hash) -> Result<Option<ApiTokenRecord>, StoreError>;

    /// A user's tokens, the latest first.
    async fn api_tokens_of(&self, user: UserId) -> Result<Vec<ApiTokenRecord>, StoreError>;

    /// Notes that a token was used; does nothing where it has ended.
    async fn note_api_token_used(&self, hash: Hash, at: Timestamp) -> Result<(), StoreError>;

    /// Ends a token of a user; says whether there was one.
    async fn end_api_token(&self, user: UserId, id: SessionId, at: Timestamp) -> Result<bool, StoreError>;

    /// Ends the tokens that expired by `now`, and gives them.
    async fn end_expired_api_tokens(&self, now: Timestamp) -> Result<Vec<ApiTokenRecord>, StoreError>;
}
