use async_trait::async_trait;
use protocol::{SessionId, Timestamp};

use super::{Hash, StoreError, UserId};

/// An API token that has not ended; it may have expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiTokenRecord {
    /// Its id, which stands for a session wherever one is needed.
    pub id: SessionId,
    /// The user whose token it is.
    pub user: UserId,
    /// The name that the user gave it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself; `None` if never.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to within ten minutes.
    pub last_used_at: Option<Timestamp>,
}

/// API tokens. Only the hash of a token is stored.
#[async_trait]
pub trait ApiTokenStore: Send + Sync {
    /// Stores a new token, unless its user has `most` already or is disabled; false then.
    async fn create_api_token(
        &self,
        token: ApiTokenRecord,
        hash: Hash,
        most: usize,
    ) -> Result<bool, StoreError>;

    /// The token with this hash, unless it has ended. It may have expired.
    async fn api_token(&self, hash: Hash) -> Result<Option<ApiTokenRecord>, StoreError>;

    /// A user's tokens, the latest first.
    async fn api_tokens_of(&self, user: UserId) -> Result<Vec<ApiTokenRecord>, StoreError>;

    /// Stores that a token was used; does nothing if it has ended.
    async fn note_api_token_used(&self, hash: Hash, at: Timestamp) -> Result<(), StoreError>;

    /// Ends a token of a user; false if there was none.
    async fn end_api_token(&self, user: UserId, id: SessionId, at: Timestamp) -> Result<bool, StoreError>;

    /// Ends the tokens that expired by `now`, and gives them.
    async fn end_expired_api_tokens(&self, now: Timestamp) -> Result<Vec<ApiTokenRecord>, StoreError>;
}
