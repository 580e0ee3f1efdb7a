use async_trait::async_trait;
use domain::store::{Avatar, AvatarStore, GroupAvatar, GroupEvent, SetGroupAvatar, StoreError, UserId};
use protocol::{ConversationId, ConversationKind, Role};

use super::MemoryStore;

impl MemoryStore {
    /// The pictures of all groups.
    pub(super) fn group_avatars(&self) -> Vec<Avatar> {
        self.conversations.read().all().filter_map(|conversation| conversation.about.lock().avatar).collect()
    }
}

#[async_trait]
impl AvatarStore for MemoryStore {
    async fn set_avatar(&self, user: UserId, avatar: Option<Avatar>) -> Result<Option<Avatar>, StoreError> {
        let mut accounts = self.accounts.write();
        let account = accounts.get_mut(user).filter(|account| account.deleted_at.is_none());
        let Some(account) = account else { return Ok(None) };
        let before = std::mem::replace(&mut account.avatar, avatar);
        self.attachments.write().forget_unnamed(avatar.iter().flat_map(Avatar::blobs));
        Ok(before)
    }

    async fn set_group_avatar(&self, change: GroupAvatar) -> Result<Option<SetGroupAvatar>, StoreError> {
        let GroupAvatar { conversation: key, by, at, avatar } = change;
        let conversation = self.conversations.read().get(key).cloned();
        let conversation = conversation.filter(|there| there.kind == ConversationKind::Group);
        let Some(conversation) = conversation else { return Ok(None) };
        let mut log = conversation.log.lock();
        if log.member(by).is_none_or(|member| member.role == Role::Member) {
            return Ok(None);
        }
        let before = std::mem::replace(&mut conversation.about.lock().avatar, avatar);
        if before == avatar {
            return Ok(Some(SetGroupAvatar { entry: None, before }));
        }
        self.attachments.write().forget_unnamed(avatar.iter().flat_map(Avatar::blobs));
        let entry = self.push_changed(key, &mut log, by, at, vec![GroupEvent::Picture(avatar.is_some())]);
        Ok(Some(SetGroupAvatar { entry: Some(entry), before }))
    }

    async fn group_avatar(
        &self,
        reader: UserId,
        conversation: ConversationId,
    ) -> Result<Option<Avatar>, StoreError> {
        let conversation = self.conversations.read().by_id(conversation).cloned();
        Ok(conversation.and_then(|conversation| {
            let log = conversation.log.lock();
            log.member(reader)?;
            conversation.about.lock().avatar
        }))
    }
}
