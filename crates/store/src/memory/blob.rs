use std::collections::HashMap;
use std::io::Cursor;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use domain::store::{Blob, BlobHash, BlobStore, NewBlob, ReadSeek, StoreError};
use parking_lot::Mutex;

/// Stores blobs in memory, up to a bound.
pub struct MemoryBlobs(Arc<BlobMemory>);

struct BlobMemory {
    most: usize,
    state: Mutex<BlobState>,
}

#[derive(Default)]
struct BlobState {
    kept: HashMap<BlobHash, Bytes>,
    /// Bytes of all stored blobs and of unfinished ones.
    bytes: usize,
}

impl MemoryBlobs {
    /// An empty store for at most `most` bytes. A write past that fails with [`StoreError::Unavailable`].
    pub fn new(most: usize) -> Self {
        Self(Arc::new(BlobMemory { most, state: Mutex::default() }))
    }
}

struct IncomingBlob {
    held: Arc<BlobMemory>,
    bytes: BytesMut,
}

impl Drop for IncomingBlob {
    fn drop(&mut self) {
        self.held.state.lock().bytes -= self.bytes.len();
    }
}

#[async_trait]
impl NewBlob for IncomingBlob {
    async fn write(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        let mut state = self.held.state.lock();
        if state.bytes + bytes.len() > self.held.most {
            return Err(StoreError::Unavailable("files fill the memory that is meant for them".into()));
        }
        state.bytes += bytes.len();
        self.bytes.extend_from_slice(&bytes);
        Ok(())
    }

    async fn written(&mut self) -> Result<Box<dyn ReadSeek>, StoreError> {
        Ok(Box::new(Cursor::new(self.bytes.clone())))
    }

    async fn keep(mut self: Box<Self>, hash: BlobHash) -> Result<bool, StoreError> {
        let held = self.held.clone();
        // Taking `bytes` out leaves them counted when this is dropped: they are the stored blob's from here on.
        let mut state = held.state.lock();
        let new = !state.kept.contains_key(&hash);
        if new {
            state.kept.insert(hash, std::mem::take(&mut self.bytes).freeze());
        }
        Ok(new)
    }
}

struct StoredBlob(Bytes);

#[async_trait]
impl Blob for StoredBlob {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    async fn read(&self, from: u64, count: usize) -> Result<Bytes, StoreError> {
        let from = usize::try_from(from).unwrap_or(usize::MAX).min(self.0.len());
        Ok(self.0.slice(from..from.saturating_add(count).min(self.0.len())))
    }
}

#[async_trait]
impl BlobStore for MemoryBlobs {
    async fn begin(&self) -> Result<Box<dyn NewBlob>, StoreError> {
        Ok(Box::new(IncomingBlob { held: self.0.clone(), bytes: BytesMut::new() }))
    }

    async fn open(&self, hash: BlobHash) -> Result<Option<Arc<dyn Blob>>, StoreError> {
        let kept = self.0.state.lock().kept.get(&hash).cloned();
        Ok(kept.map(|bytes| Arc::new(StoredBlob(bytes)) as Arc<dyn Blob>))
    }

    async fn remove(&self, hash: BlobHash) -> Result<(), StoreError> {
        let mut state = self.0.state.lock();
        if let Some(bytes) = state.kept.remove(&hash) {
            state.bytes -= bytes.len();
        }
        Ok(())
    }

    async fn list(&self, first: u8) -> Result<Vec<BlobHash>, StoreError> {
        let state = self.0.state.lock();
        Ok(state.kept.keys().filter(|hash| hash.0[0] == first).copied().collect())
    }
}
