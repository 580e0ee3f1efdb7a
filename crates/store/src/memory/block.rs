use std::collections::HashMap;

use async_trait::async_trait;
use domain::store::{BlockStore, Blocked, StoreError, UserId};
use protocol::Timestamp;

use super::MemoryStore;

/// Whom each user has blocked, the latest last.
pub(super) type Blocks = HashMap<UserId, Vec<(UserId, Timestamp)>>;

#[async_trait]
impl BlockStore for MemoryStore {
    async fn block(&self, user: UserId, other: UserId, at: Timestamp) -> Result<(), StoreError> {
        let mut blocks = self.blocks.write();
        let of_user = blocks.entry(user).or_default();
        if of_user.iter().all(|(blocked, _)| *blocked != other) {
            of_user.push((other, at));
        }
        Ok(())
    }

    async fn unblock(&self, user: UserId, other: UserId) -> Result<bool, StoreError> {
        let mut blocks = self.blocks.write();
        let Some(of_user) = blocks.get_mut(&user) else { return Ok(false) };
        let before = of_user.len();
        of_user.retain(|(blocked, _)| *blocked != other);
        Ok(of_user.len() < before)
    }

    async fn blocks(&self, user: UserId) -> Result<Vec<Blocked>, StoreError> {
        let accounts = self.accounts.read();
        let blocks = self.blocks.read();
        let of_user = blocks.get(&user).into_iter().flatten().rev();
        let blocked = of_user.filter_map(|&(user, at)| {
            Some(Blocked { user, username: accounts.get(user)?.username.as_str().into(), at })
        });
        Ok(blocked.collect())
    }
}
