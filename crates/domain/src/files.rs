//! Files: their bytes, and when bytes may be removed.

use std::sync::Arc;

use tokio::sync::{RwLock, RwLockReadGuard};

use crate::error::Error;
use crate::store::{Blob, BlobHash, BlobStore, Store};

/// The bytes of uploads and avatars. The same bytes are stored once, whatever they belong to.
pub(crate) struct Files {
    store: Arc<dyn Store>,
    pub(crate) blobs: Arc<dyn BlobStore>,
    /// See [`Files::keeping`].
    keeping: RwLock<()>,
}

impl Files {
    pub(crate) fn new(store: Arc<dyn Store>, blobs: Arc<dyn BlobStore>) -> Self {
        Self { store, blobs, keeping: RwLock::default() }
    }

    /// Keeps bytes from being removed between storing them and storing what they belong to: held meanwhile. A removal
    /// waits until nobody holds it.
    pub(crate) async fn keeping(&self) -> RwLockReadGuard<'_, ()> {
        self.keeping.read().await
    }

    /// The bytes that something in the store belongs to.
    pub(crate) async fn open(&self, hash: BlobHash) -> Result<Arc<dyn Blob>, Error> {
        let blob = self.blobs.open(hash).await?;
        blob.ok_or_else(|| {
            tracing::error!(%hash, "the bytes of a file are missing");
            Error::not_found("file")
        })
    }

    /// Removes those of these bytes that belong to nothing.
    pub(crate) async fn remove_unused(&self, hashes: Vec<BlobHash>) -> Result<(), Error> {
        // So that nobody stores the same bytes between the question and the removal.
        let _alone = self.keeping.write().await;
        for hash in self.store.unused_blobs(hashes).await? {
            self.blobs.remove(hash).await?;
        }
        Ok(())
    }
}
