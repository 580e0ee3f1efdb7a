use std::cmp::Reverse;
use std::collections::HashMap;

use async_trait::async_trait;
use domain::store::{ApiTokenRecord, ApiTokenStore, Hash, StoreError, UserId};
use protocol::{SessionId, Timestamp};

use super::MemoryStore;

pub(super) type ApiTokens = HashMap<Hash, ApiTokenRecord>;

#[async_trait]
impl ApiTokenStore for MemoryStore {
    async fn create_api_token(
        &self,
        token: ApiTokenRecord,
        hash: Hash,
        most: usize,
    ) -> Result<bool, StoreError> {
        if self.is_deleted(token.user) {
            return Ok(false);
        }
        let accounts = self.accounts.read();
        let mut tokens = self.api_tokens.write();
        let is_shut_out = accounts.get(token.user).is_none_or(|account| account.disabled);
        if is_shut_out || tokens.values().filter(|other| other.user == token.user).count() >= most {
            return Ok(false);
        }
        tokens.insert(hash, token);
        Ok(true)
    }

    async fn api_token(&self, hash: Hash) -> Result<Option<ApiTokenRecord>, StoreError> {
        Ok(self.api_tokens.read().get(&hash).cloned())
    }

    async fn api_tokens_of(&self, user: UserId) -> Result<Vec<ApiTokenRecord>, StoreError> {
        let tokens = self.api_tokens.read();
        let mut of_user: Vec<_> = tokens.values().filter(|token| token.user == user).cloned().collect();
        of_user.sort_by_key(|token| Reverse(token.id));
        Ok(of_user)
    }

    async fn note_api_token_used(&self, hash: Hash, at: Timestamp) -> Result<(), StoreError> {
        if let Some(token) = self.api_tokens.write().get_mut(&hash) {
            token.last_used_at = token.last_used_at.max(Some(at));
        }
        Ok(())
    }

    async fn end_api_token(&self, user: UserId, id: SessionId, at: Timestamp) -> Result<bool, StoreError> {
        let mut tokens = self.api_tokens.write();
        let theirs = tokens.extract_if(|_, token| token.user == user && token.id == id);
        let mut ended = self.ended_sessions.lock();
        Ok(theirs.inspect(|_| ended.push(user, id, at)).count() > 0)
    }

    async fn end_expired_api_tokens(&self, now: Timestamp) -> Result<Vec<ApiTokenRecord>, StoreError> {
        let mut tokens = self.api_tokens.write();
        let expired = tokens.extract_if(|_, token| token.expires_at.is_some_and(|at| at <= now));
        let mut ended = self.ended_sessions.lock();
        Ok(expired.map(|(_, token)| token).inspect(|token| ended.push(token.user, token.id, now)).collect())
    }
}
