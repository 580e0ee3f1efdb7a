use async_trait::async_trait;

use super::{BlobHash, StoreError, UserId};

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

/// Pictures of people and groups.
#[async_trait]
pub trait AvatarStore: Send + Sync {
    /// Gives a user a picture, or with `None` none. Returns the one before.
    async fn set_avatar(&self, user: UserId, avatar: Option<Avatar>) -> Result<Option<Avatar>, StoreError>;
}
