use std::collections::HashMap;
use std::io::Cursor;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use domain::store::{Blob, BlobHash, BlobStore, NewBlob, ReadSeek, StoreError};
use parking_lot::Mutex;

/// Keeps the bytes of files in memory, up to a bound.
pub struct MemoryBlobs(Arc<Held>);

struct Held {
    most: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    kept: HashMap<BlobHash, Bytes>,
    /// Of what is kept, and of what is on its way in.
    bytes: usize,
}

impl MemoryBlobs {
    /// Takes at most so many bytes.
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Held { most, state: Mutex::default() }))
    }
}

struct Coming {
    held: Arc<Held>,
    bytes: BytesMut,
}

impl Drop for Coming {
    fn drop(&mut self) {
        self.held.state.lock().bytes -= self.bytes.len();
    }
}

#[async_trait]
impl NewBlob for Coming {
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
        // What it counts for is that of the kept one from here on.
        let mut state = held.state.lock();
        let new = !state.kept.contains_key(&hash);
        if new {
            state.kept.insert(hash, std::mem::take(&mut self.bytes).freeze());
        }
        Ok(new)
    }
}

struct Kept(Bytes);

#[async_trait]
impl Blob for Kept {
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
        Ok(Box::new(Coming { held: self.0.clone(), bytes: BytesMut::new() }))
    }

    async fn open(&self, hash: BlobHash) -> Result<Option<Arc<dyn Blob>>, StoreError> {
        let kept = self.0.state.lock().kept.get(&hash).cloned();
        Ok(kept.map(|bytes| Arc::new(Kept(bytes)) as Arc<dyn Blob>))
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
