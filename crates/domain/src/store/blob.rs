//! The port to the bytes of files. Separate from [`super::Store`], so that they can be kept somewhere else.

use std::io::{Read, Seek};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::StoreError;

/// The SHA-256 of some bytes, which serves as their name.
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

/// Bytes that can be read from any place in them.
pub trait ReadSeek: Read + Seek + Send {}

impl<T: Read + Seek + Send> ReadSeek for T {}

/// New bytes that are being written. If this is dropped before [`NewBlob::keep`], they are removed.
#[async_trait]
pub trait NewBlob: Send {
    /// Appends bytes.
    async fn write(&mut self, bytes: Bytes) -> Result<(), StoreError>;

    /// The bytes written so far, from the beginning. Reading them may block the thread.
    async fn written(&mut self) -> Result<Box<dyn ReadSeek>, StoreError>;

    /// Keeps the bytes durably under their hash. False if the same bytes were kept already.
    async fn keep(self: Box<Self>, hash: BlobHash) -> Result<bool, StoreError>;
}

/// Stored bytes. They can be read to the end even if they are removed meanwhile.
#[async_trait]
pub trait Blob: Send + Sync {
    /// How many bytes there are.
    fn size(&self) -> u64;

    /// Reads `count` bytes; fewer only at the end.
    async fn read(&self, from: u64, count: usize) -> Result<Bytes, StoreError>;
}

/// The bytes of files. The same bytes are stored once.
#[async_trait]
pub trait BlobStore: Send + Sync {
    /// Begins to write new bytes.
    async fn begin(&self) -> Result<Box<dyn NewBlob>, StoreError>;

    /// The bytes with this hash, if they are stored.
    async fn open(&self, hash: BlobHash) -> Result<Option<Arc<dyn Blob>>, StoreError>;

    /// Removes the bytes with this hash; does nothing if there are none.
    async fn remove(&self, hash: BlobHash) -> Result<(), StoreError>;

    /// All hashes that begin with this byte.
    async fn list(&self, first: u8) -> Result<Vec<BlobHash>, StoreError>;
}
