use std::time::Duration;

use async_trait::async_trait;
use protocol::{AttachmentId, Timestamp};

use super::{BlobHash, StoreError, UserId};

/// A file that was uploaded, as it is stored; its bytes are in a [`super::BlobStore`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentRecord {
    /// For clients.
    pub id: AttachmentId,
    /// Who uploaded it.
    pub owner: UserId,
    /// Its bytes.
    pub hash: BlobHash,
    /// As it was uploaded.
    pub name: Box<str>,
    /// Its media type.
    pub kind: Box<str>,
    /// In bytes.
    pub size: u64,
    /// What is known of a picture.
    pub picture: Option<Picture>,
    /// When it was uploaded.
    pub created_at: Timestamp,
}

/// What is known of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// In pixels, as it is shown.
    pub width: u32,
    /// In pixels, as it is shown.
    pub height: u32,
    /// The bytes of a small one, where one could be made.
    pub thumbnail: Option<BlobHash>,
}

impl AttachmentRecord {
    /// What a file counts for at least, however small: a row and a file are not free either.
    const LEAST: u64 = 4096;

    /// The names of its bytes: of the file, and of the small picture.
    pub fn blobs(&self) -> impl Iterator<Item = BlobHash> {
        let thumbnail = self.picture.as_ref().and_then(|picture| picture.thumbnail);
        std::iter::once(self.hash).chain(thumbnail)
    }

    /// What it counts for in its owner's quota.
    pub fn weight(&self) -> u64 {
        self.size.max(Self::LEAST)
    }
}

/// How long servers have run on a store, whatever clocks said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreAge {
    /// Until now.
    pub age: Duration,
    /// Until it was last put beside files that may be those of another store.
    pub doubted: Option<Duration>,
}

/// Uploads, and which messages carry them.
#[async_trait]
pub trait AttachmentStore: Send + Sync {
    /// Keeps an upload, if with it those of its owner weigh no more than `quota`. Says whether it was kept.
    async fn add_attachment(&self, attachment: AttachmentRecord, quota: u64) -> Result<bool, StoreError>;

    /// What the uploads of a user weigh together.
    async fn attachments_weigh(&self, owner: UserId) -> Result<u64, StoreError>;

    /// An upload, for who uploaded it, and for the members of a conversation in which a message carries it that they
    /// may see.
    async fn attachment(
        &self,
        id: AttachmentId,
        reader: UserId,
    ) -> Result<Option<AttachmentRecord>, StoreError>;

    /// Adds to the age of the store. Gives the age.
    async fn grow_older(&self, by: Duration) -> Result<StoreAge, StoreError>;

    /// Takes note, at an age, of the uploads that no message carries. Then forgets some of those that were noted at
    /// `before` or earlier and have been carried by none since, at most `limit`. Gives the bytes that they had; others
    /// may have the same. None, if there were no such uploads.
    async fn forget_unused(
        &self,
        age: Duration,
        before: Option<Duration>,
        limit: usize,
    ) -> Result<Vec<BlobHash>, StoreError>;

    /// How many uploads were noted at `before` or earlier and have been carried by no message since.
    async fn count_unused(&self, before: Duration) -> Result<usize, StoreError>;

    /// Which of these bytes no upload has.
    async fn unused_blobs(&self, hashes: Vec<BlobHash>) -> Result<Vec<BlobHash>, StoreError>;

    /// Takes note, at an age, that these bytes are there while no upload has them. Gives those that were noted at
    /// `before` or earlier, and that no upload has had since.
    async fn note_unnamed(
        &self,
        hashes: Vec<BlobHash>,
        age: Duration,
        before: Option<Duration>,
    ) -> Result<Vec<BlobHash>, StoreError>;

    /// Forgets that these bytes were noted: they are removed.
    async fn forget_unnamed(&self, hashes: Vec<BlobHash>) -> Result<(), StoreError>;
}
