use async_trait::async_trait;
use protocol::{ConversationId, Timestamp};

use super::{BlobHash, ConversationKey, GroupEntry, StoreError, UserId};

/// The picture of a person or group, in two sizes; its bytes are in a [`super::BlobStore`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Avatar {
    /// Names the bytes of the large size.
    pub large: BlobHash,
    /// Names the bytes of the small size.
    pub small: BlobHash,
}

impl Avatar {
    /// Both sizes.
    pub fn blobs(&self) -> [BlobHash; 2] {
        [self.large, self.small]
    }

    /// Differs from that of any other picture.
    pub fn version(&self) -> String {
        let mut version = self.large.to_string();
        version.truncate(16);
        version
    }
}

/// A new picture of a group, or with `None` the removal of its picture.
#[derive(Clone, Copy, Debug)]
pub struct GroupAvatar {
    /// The group.
    pub conversation: ConversationKey,
    /// Who changes it.
    pub by: UserId,
    /// When it was asked for.
    pub at: Timestamp,
    /// The picture.
    pub avatar: Option<Avatar>,
}

/// What a [`GroupAvatar`] changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetGroupAvatar {
    /// The entry of the group's log; `None` if the group had this picture already.
    pub entry: Option<GroupEntry>,
    /// The picture before.
    pub before: Option<Avatar>,
}

/// Pictures of people and groups.
#[async_trait]
pub trait AvatarStore: Send + Sync {
    /// Gives a user a picture, or with `None` none. Returns the one before.
    async fn set_avatar(&self, user: UserId, avatar: Option<Avatar>) -> Result<Option<Avatar>, StoreError>;

    /// Gives a group a picture, or none, by an entry of its log. `None` if it is no group, or if the user is neither its
    /// owner nor an admin when it is stored.
    async fn set_group_avatar(&self, change: GroupAvatar) -> Result<Option<SetGroupAvatar>, StoreError>;

    /// The picture of a group; `None` if it has none, or if the reader is not a member.
    async fn group_avatar(
        &self,
        reader: UserId,
        conversation: ConversationId,
    ) -> Result<Option<Avatar>, StoreError>;
}
