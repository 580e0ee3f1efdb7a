use async_trait::async_trait;
use domain::store::{Avatar, AvatarStore, StoreError, UserId};

use super::MemoryStore;

#[async_trait]
impl AvatarStore for MemoryStore {
    async fn set_avatar(&self, user: UserId, avatar: Option<Avatar>) -> Result<Option<Avatar>, StoreError> {
        let mut accounts = self.accounts.write();
        let Some(account) = accounts.get_mut(user) else { return Ok(None) };
        let before = std::mem::replace(&mut account.avatar, avatar);
        self.attachments.write().forget_unnamed(avatar.iter().flat_map(Avatar::blobs));
        Ok(before)
    }
}
