//! The port to what keeps the bytes of files. Apart from [`super::Store`], so that they can be somewhere else.

use std::io::{Read, Seek};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::StoreError;

/// The SHA-256 of bytes; their name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobHash(pub [u8; 32]);

impl std::fmt::Display for BlobHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for BlobHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BlobHash({self})")
    }
}

/// What can be read from any place.
pub trait ReadSeek: Read + Seek + Send {}

impl<T: Read + Seek + Send> ReadSeek for T {}

/// Bytes on their way in; dropped before they are kept, they are gone.
#[async_trait]
pub trait NewBlob: Send {
    /// Adds to them.
    async fn write(&mut self, bytes: Bytes) -> Result<(), StoreError>;

    /// What has been written, from its beginning; to be read where it may block.
    async fn written(&mut self) -> Result<Box<dyn ReadSeek>, StoreError>;

    /// Keeps them durably under their hash. False where the same bytes were kept already.
    async fn keep(self: Box<Self>, hash: BlobHash) -> Result<bool, StoreError>;
}

/// Bytes that are kept; they can be read to their end even if they are removed meanwhile.
#[async_trait]
pub trait Blob: Send + Sync {
    /// How many.
    fn size(&self) -> u64;

    /// Some of them; fewer than `count` only at the end.
    async fn read(&self, from: u64, count: usize) -> Result<Bytes, StoreError>;
}

/// The bytes of files, once for each hash.
#[async_trait]
pub trait BlobStore: Send + Sync {
    /// Begins to take bytes.
    async fn begin(&self) -> Result<Box<dyn NewBlob>, StoreError>;

    /// The bytes of a hash.
    async fn open(&self, hash: BlobHash) -> Result<Option<Arc<dyn Blob>>, StoreError>;

    /// Removes them, if they are there.
    async fn remove(&self, hash: BlobHash) -> Result<(), StoreError>;

    /// What is kept under hashes that begin with a byte.
    async fn list(&self, first: u8) -> Result<Vec<BlobHash>, StoreError>;
}
