use std::time::Duration;

use async_trait::async_trait;
use protocol::{AttachmentId, Timestamp};

use super::{BlobHash, StoreError, UserId};

/// A file that was uploaded, as it is stored; its bytes are in a [`super::BlobStore`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentRecord {
    /// Its id for clients.
    pub id: AttachmentId,
    /// Who uploaded it.
    pub owner: UserId,
    /// Names its bytes in the [`super::BlobStore`].
    pub hash: BlobHash,
    /// The file name that the uploader gave.
    pub name: Box<str>,
    /// Its media type.
    pub kind: Box<str>,
    /// Its length in bytes.
    pub size: u64,
    /// `None` if it is no picture, or one that cannot be read.
    pub picture: Option<Picture>,
    /// When it was uploaded.
    pub created_at: Timestamp,
}

/// The size and the thumbnail of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// In pixels, after it is turned the way the camera was held.
    pub width: u32,
    /// In pixels, after it is turned the way the camera was held.
    pub height: u32,
    /// Whether it moves.
    pub animated: bool,
    /// The hash of the thumbnail; `None` if none could be made.
    pub thumbnail: Option<BlobHash>,
}

impl AttachmentRecord {
    /// The least that a file counts for: even an empty one takes a row and a file.
    const LEAST: u64 = 4096;
    /// What a thumbnail counts for: about as many bytes as one takes.
    const THUMBNAIL: u64 = 32 * 1024;

    /// The hashes of the file and of its thumbnail.
    pub fn blobs(&self) -> impl Iterator<Item = BlobHash> {
        let thumbnail = self.picture.as_ref().and_then(|picture| picture.thumbnail);
        std::iter::once(self.hash).chain(thumbnail)
    }

    /// How many bytes it counts for in its owner's quota.
    pub fn weight(&self) -> u64 {
        let thumbnail = self.picture.as_ref().and_then(|picture| picture.thumbnail);
        self.size.max(Self::LEAST) + thumbnail.map_or(0, |_| Self::THUMBNAIL)
    }
}

/// How long servers have run on a store. Measured by time that passed, so that a wrong clock does not matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreAge {
    /// The running time so far.
    pub age: Duration,
    /// The running time when the database was last put beside files that may belong to another one, for example by
    /// restoring an old copy of it; `None` if it never was.
    pub doubted: Option<Duration>,
}

/// Uploads, and which messages carry them.
#[async_trait]
pub trait AttachmentStore: Send + Sync {
    /// Stores an upload, unless its owner's uploads would exceed `quota` bytes with it; false then.
    async fn add_attachment(&self, attachment: AttachmentRecord, quota: u64) -> Result<bool, StoreError>;

    /// How many bytes a user's uploads count for together; see [`AttachmentRecord::weight`].
    async fn attachments_weigh(&self, owner: UserId) -> Result<u64, StoreError>;

    /// A user's uploads with an id above `after`, ascending.
    async fn attachments_of(
        &self,
        owner: UserId,
        after: Option<AttachmentId>,
        limit: usize,
    ) -> Result<Vec<AttachmentRecord>, StoreError>;

    /// An upload, if the reader may see it: they uploaded it, or they may see a message that carries it.
    async fn attachment(
        &self,
        id: AttachmentId,
        reader: UserId,
    ) -> Result<Option<AttachmentRecord>, StoreError>;

    /// Adds to the age of the store, and gives the new age.
    async fn grow_older(&self, by: Duration) -> Result<StoreAge, StoreError>;

    /// Notes, with the store's `age`, which uploads no message carries. Then removes at most `limit` of those that
    /// were noted at the age `before` or earlier and that no message has carried since. Gives the hashes of their
    /// bytes, which may belong to something else, too. Empty if no upload was removed.
    async fn forget_unused(
        &self,
        age: Duration,
        before: Option<Duration>,
        limit: usize,
    ) -> Result<Vec<BlobHash>, StoreError>;

    /// How many uploads were noted at the age `before` or earlier, and no message has carried since.
    async fn count_unused(&self, before: Duration) -> Result<usize, StoreError>;

    /// Those of these hashes that belong to nothing: to no upload and to no avatar.
    async fn unused_blobs(&self, hashes: Vec<BlobHash>) -> Result<Vec<BlobHash>, StoreError>;

    /// Notes, with the store's `age`, that the blob store has these hashes although they belong to nothing. Gives
    /// those that were noted at the age `before` or earlier, and have belonged to nothing since.
    async fn note_unnamed(
        &self,
        hashes: Vec<BlobHash>,
        age: Duration,
        before: Option<Duration>,
    ) -> Result<Vec<BlobHash>, StoreError>;

    /// Removes the notes of these hashes, because their bytes have been removed.
    async fn forget_unnamed(&self, hashes: Vec<BlobHash>) -> Result<(), StoreError>;
}
