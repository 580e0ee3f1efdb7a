use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use domain::store::{BlobHash, BlobStore};
use store::{FileBlobs, MemoryBlobs};

const HASH: BlobHash = BlobHash([0xab; 32]);

async fn put(blobs: &dyn BlobStore, hash: BlobHash, bytes: &[u8]) -> bool {
    let mut new = blobs.begin().await.unwrap();
    for piece in bytes.chunks(100_000) {
        new.write(piece.to_vec().into()).await.unwrap();
    }
    let mut written = Vec::new();
    new.written().await.unwrap().read_to_end(&mut written).unwrap();
    assert!(written == bytes);
    new.keep(hash).await.unwrap()
}

async fn whole(blobs: &dyn BlobStore, hash: BlobHash) -> Option<Vec<u8>> {
    let blob = blobs.open(hash).await.unwrap()?;
    let bytes = blob.read(0, usize::MAX).await.unwrap();
    assert_eq!(bytes.len() as u64, blob.size());
    Some(bytes.to_vec())
}

async fn keeps_its_promises(blobs: Arc<dyn BlobStore>) {
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|number| (number % 251) as u8).collect();
    assert!(blobs.open(HASH).await.unwrap().is_none());
    assert!(put(&*blobs, HASH, &bytes).await);
    assert!(whole(&*blobs, HASH).await.unwrap() == bytes);
    // Storing the same bytes again changes nothing.
    assert!(!put(&*blobs, HASH, &bytes).await);
    let blob = blobs.open(HASH).await.unwrap().unwrap();
    assert_eq!(blob.read(999_998, 9).await.unwrap(), bytes[999_998..]);
    assert_eq!(blob.read(5, 3).await.unwrap(), bytes[5..8]);
    assert!(blob.read(1_000_000, 3).await.unwrap().is_empty());
    let empty = BlobHash([0xac; 32]);
    put(&*blobs, empty, b"").await;
    assert_eq!(whole(&*blobs, empty).await.unwrap(), b"");
    assert_eq!(blobs.list(0xab).await.unwrap(), [HASH]);
    assert_eq!(blobs.list(0xac).await.unwrap(), [empty]);
    assert_eq!(blobs.list(0).await.unwrap(), []);
    blobs.remove(HASH).await.unwrap();
    blobs.remove(HASH).await.unwrap();
    assert!(blobs.open(HASH).await.unwrap().is_none() && blobs.list(0xab).await.unwrap().is_empty());
    // A blob that is open can be read on after it was removed.
    assert_eq!(blob.read(5, 3).await.unwrap(), bytes[5..8]);
    let mut dropped = blobs.begin().await.unwrap();
    dropped.write(bytes.into()).await.unwrap();
    drop(dropped);
    assert!(blobs.list(0xab).await.unwrap().is_empty());
}

fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries.map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { 1 }).sum()
}

#[tokio::test]
async fn in_memory() {
    keeps_its_promises(Arc::new(MemoryBlobs::new(10_000_000))).await;
}

#[tokio::test]
async fn in_memory_up_to_a_bound() {
    let blobs = MemoryBlobs::new(100);
    put(&blobs, HASH, &[1; 60]).await;
    let mut more = blobs.begin().await.unwrap();
    more.write(vec![0; 30].into()).await.unwrap();
    assert!(more.write(vec![0; 30].into()).await.is_err());
    drop(more);
    // The same bytes stored twice count once.
    put(&blobs, BlobHash([1; 32]), &[1; 40]).await;
    blobs.remove(HASH).await.unwrap();
    put(&blobs, HASH, &[1; 60]).await;
}

#[tokio::test]
async fn in_files() {
    let folder = tempfile::tempdir().unwrap();
    keeps_its_promises(Arc::new(FileBlobs::open(folder.path()).unwrap())).await;
    // Of all that was tried, the empty one.
    assert_eq!(files(folder.path()), 1);
}

#[tokio::test]
async fn what_was_on_its_way_in_is_gone_and_what_was_kept_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = FileBlobs::open(folder.path()).unwrap();
    put(&blobs, HASH, b"kept").await;
    let mut new = blobs.begin().await.unwrap();
    new.write(vec![7; 1_000_000].into()).await.unwrap();
    // The folder as a killed process leaves it.
    std::mem::forget(new);
    assert_eq!(files(folder.path()), 2);
    let blobs = FileBlobs::open(folder.path()).unwrap();
    assert_eq!(files(folder.path()), 1);
    assert_eq!(whole(&blobs, HASH).await.unwrap(), b"kept");
}
