//! Blobs in a folder. Each blob is a file named by the SHA-256 of its bytes: `attachments/ab/cdef…`.

use std::fs::{DirBuilder, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use domain::store::{Blob, BlobHash, BlobStore, NewBlob, ReadSeek, StoreError};

use crate::reserve::is_full;

/// Bytes gathered before a write, because each write goes to another thread and back.
const WRITE_BUFFER: usize = 256 << 10;

/// Stores blobs in a folder. Nothing else may use that folder. It has no lock of its own: the lock of the data folder
/// guards it.
pub struct FileBlobs {
    folder: Arc<Path>,
    /// The name of the next temporary file.
    next: AtomicU64,
}

impl FileBlobs {
    /// Opens the folder `attachments` in a data folder, and makes it if it is missing. Removes unfinished uploads of
    /// the last process.
    pub fn open(data: &Path) -> Result<Self, std::io::Error> {
        let folder: Arc<Path> = data.join("attachments").into();
        let new = folder.join("new");
        match std::fs::remove_dir_all(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        match make(&new) {
            // `begin` makes the folder once there is room.
            Err(error) if is_full(&error) => {}
            made => made?,
        }
        sync(data)?;
        Ok(Self { folder, next: AtomicU64::new(0) })
    }
}

/// The folder and the file of a hash.
fn place(folder: &Path, hash: BlobHash) -> (PathBuf, PathBuf) {
    let name = hash.to_string();
    let (first, rest) = name.split_at(2);
    let inner = folder.join(first);
    let file = inner.join(rest);
    (inner, file)
}

fn make(folder: &Path) -> Result<(), std::io::Error> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Makes the entries of a folder durable, such as a renamed file.
fn sync(folder: &Path) -> Result<(), std::io::Error> {
    File::open(folder)?.sync_all()
}

/// Runs work with files on a thread that may block.
async fn run<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, std::io::Error> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Closed)?;
    done.map_err(|error| StoreError::Unavailable(error.to_string()))
}

struct IncomingFile {
    folder: Arc<Path>,
    /// The file, which is removed when this is dropped, unless `keep` has renamed it.
    temporary: Arc<TemporaryFile>,
    file: Arc<File>,
    gathered: Vec<u8>,
}

/// A path that is removed on drop. After a rename nothing is there to remove. Work on another thread holds a clone, so
/// that the file is not removed while that work still writes it.
struct TemporaryFile(PathBuf);

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl IncomingFile {
    async fn flush(&mut self) -> Result<(), StoreError> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let (file, held) = (self.file.clone(), self.temporary.clone());
        let mut bytes = std::mem::take(&mut self.gathered);
        self.gathered = run(move || {
            let _held = held;
            (&*file).write_all(&bytes)?;
            bytes.clear();
            Ok(bytes)
        })
        .await?;
        Ok(())
    }
}

#[async_trait]
impl NewBlob for IncomingFile {
    async fn write(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        self.gathered.extend_from_slice(&bytes);
        if self.gathered.len() < WRITE_BUFFER { Ok(()) } else { self.flush().await }
    }

    async fn written(&mut self) -> Result<Box<dyn ReadSeek>, StoreError> {
        self.flush().await?;
        let held = self.temporary.clone();
        run(move || Ok(Box::new(File::open(&held.0)?) as Box<dyn ReadSeek>)).await
    }

    async fn keep(mut self: Box<Self>, hash: BlobHash) -> Result<bool, StoreError> {
        self.flush().await?;
        run(move || {
            let (inner, file) = place(&self.folder, hash);
            let new = !file.try_exists()?;
            if new {
                // The bytes must be on the disk before the file gets its name.
                self.file.sync_all()?;
                make(&inner)?;
                std::fs::rename(&self.temporary.0, &file)?;
            }
            sync(&inner)?;
            sync(&self.folder)?;
            Ok(new)
        })
        .await
    }
}

struct StoredFile {
    file: Arc<File>,
    size: u64,
}

#[async_trait]
impl Blob for StoredFile {
    fn size(&self) -> u64 {
        self.size
    }

    async fn read(&self, from: u64, count: usize) -> Result<Bytes, StoreError> {
        let count = usize::try_from(self.size.saturating_sub(from)).unwrap_or(usize::MAX).min(count);
        let file = self.file.clone();
        run(move || {
            let mut bytes = vec![0; count];
            file.read_exact_at(&mut bytes, from)?;
            Ok(bytes.into())
        })
        .await
    }
}

#[async_trait]
impl BlobStore for FileBlobs {
    async fn begin(&self) -> Result<Box<dyn NewBlob>, StoreError> {
        let name = self.next.fetch_add(1, Ordering::Relaxed).to_string();
        let (folder, path) = (self.folder.clone(), self.folder.join("new").join(name));
        run(move || {
            let create = || File::options().write(true).create_new(true).mode(0o600).open(&path);
            let file = match create() {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    make(&folder.join("new"))?;
                    create()?
                }
                file => file?,
            };
            let temporary = Arc::new(TemporaryFile(path));
            let incoming = IncomingFile { folder, temporary, file: Arc::new(file), gathered: Vec::new() };
            Ok(Box::new(incoming) as Box<dyn NewBlob>)
        })
        .await
    }

    async fn open(&self, hash: BlobHash) -> Result<Option<Arc<dyn Blob>>, StoreError> {
        let (_, path) = place(&self.folder, hash);
        run(move || match File::open(path) {
            Ok(file) => {
                let size = file.metadata()?.len();
                Ok(Some(Arc::new(StoredFile { file: Arc::new(file), size }) as Arc<dyn Blob>))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    async fn remove(&self, hash: BlobHash) -> Result<(), StoreError> {
        let (_, path) = place(&self.folder, hash);
        run(move || match std::fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
        .await
    }

    async fn list(&self, first: u8) -> Result<Vec<BlobHash>, StoreError> {
        let begin = format!("{first:02x}");
        let inner = self.folder.join(&begin);
        run(move || {
            let files = match std::fs::read_dir(inner) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
                files => files?,
            };
            let mut hashes = Vec::new();
            for file in files {
                // Files that are not named by a hash are not ours. Leave them alone.
                let name = file?.file_name();
                hashes.extend(name.to_str().and_then(|rest| parse(&format!("{begin}{rest}"))));
            }
            Ok(hashes)
        })
        .await
    }
}

fn parse(name: &str) -> Option<BlobHash> {
    if name.len() != 64 || !name.is_ascii() {
        return None;
    }
    let mut hash = [0; 32];
    for (index, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&name[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(BlobHash(hash))
}
