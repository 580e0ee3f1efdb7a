use std::collections::HashMap;

use async_trait::async_trait;
use domain::store::{BlockStore, Blocked, StoreError, UserId};
use protocol::Timestamp;

use super::MemoryStore;

/// Whom each user has blocked, and since when.
pub(super) type Blocks = HashMap<UserId, HashMap<UserId, Timestamp>>;

#[async_trait]
impl BlockStore for MemoryStore {
    async fn block(
        &self,
        user: UserId,
        other: UserId,
        at: Timestamp,
        most: usize,
    ) -> Result<Option<Timestamp>, StoreError> {
        let mut invitations = self.invitations.write();
        let mut blocks = self.blocks.write();
        let of_user = blocks.entry(user).or_default();
        if let Some(&since) = of_user.get(&other) {
            return Ok(Some(since));
        }
        if of_user.len() >= most {
            return Ok(None);
        }
        of_user.insert(other, at);
        invitations.end_those_by(user, other);
        Ok(Some(at))
    }

    async fn unblock(&self, user: UserId, other: UserId) -> Result<bool, StoreError> {
        let mut blocks = self.blocks.write();
        Ok(blocks.get_mut(&user).is_some_and(|of_user| of_user.remove(&other).is_some()))
    }

    async fn blocked_since(&self, user: UserId, other: UserId) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.blocks.read().get(&user).and_then(|of_user| of_user.get(&other)).copied())
    }

    async fn blocks(
        &self,
        user: UserId,
        before: Option<(Timestamp, UserId)>,
        limit: usize,
    ) -> Result<Vec<Blocked>, StoreError> {
        let accounts = self.accounts.read();
        let blocks = self.blocks.read();
        let of_user = blocks.get(&user).into_iter().flatten().map(|(&other, &at)| (at, other));
        let mut page: Vec<_> =
            of_user.filter(|blocked| before.is_none_or(|before| *blocked < before)).collect();
        page.sort_unstable_by(|one, other| other.cmp(one));
        let blocked = page.into_iter().take(limit).filter_map(|(at, user)| {
            Some(Blocked { user, username: accounts.get(user)?.username.as_str().into(), at })
        });
        Ok(blocked.collect())
    }
}
