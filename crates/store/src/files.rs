//! The bytes of files, each a file of its own: `attachments/ab/cdef…`, named by their SHA-256.

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

/// What is gathered before it is written: each time goes to another thread and back.
const GATHERED: usize = 256 << 10;

/// Keeps the bytes of files in a folder. Nothing else may use it: the folder is guarded by the lock of the store
/// beside it.
pub struct FileBlobs {
    folder: Arc<Path>,
    /// Names what is on its way in.
    next: AtomicU64,
}

impl FileBlobs {
    /// Opens the folder `attachments` in a data folder; makes it where it is missing, and removes what was on its way
    /// in when the last process ended.
    pub fn open(data: &Path) -> Result<Self, std::io::Error> {
        let folder: Arc<Path> = data.join("attachments").into();
        let new = folder.join("new");
        match std::fs::remove_dir_all(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        match make(&new) {
            // It is made once there is room.
            Err(error) if is_full(&error) => {}
            made => made?,
        }
        sync(data)?;
        Ok(Self { folder, next: AtomicU64::new(0) })
    }
}

/// Where the bytes of a hash are: the folder, and the file in it.
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

/// Makes the names in a folder durable.
fn sync(folder: &Path) -> Result<(), std::io::Error> {
    File::open(folder)?.sync_all()
}

/// Works with files on a thread that may block.
async fn run<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, std::io::Error> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Closed)?;
    done.map_err(|error| StoreError::Unavailable(error.to_string()))
}

struct Coming {
    folder: Arc<Path>,
    /// Removed with this.
    temporary: Arc<Temporary>,
    file: Arc<File>,
    gathered: Vec<u8>,
}

/// A file that is removed, unless it has been renamed. Work on another thread holds it, too, so that nothing appears
/// under its name after it was removed.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Coming {
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
impl NewBlob for Coming {
    async fn write(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        self.gathered.extend_from_slice(&bytes);
        if self.gathered.len() < GATHERED { Ok(()) } else { self.flush().await }
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
                // Whole on the disk before it has its name.
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

struct Kept {
    file: Arc<File>,
    size: u64,
}

#[async_trait]
impl Blob for Kept {
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
            let temporary = Arc::new(Temporary(path));
            let coming = Coming { folder, temporary, file: Arc::new(file), gathered: Vec::new() };
            Ok(Box::new(coming) as Box<dyn NewBlob>)
        })
        .await
    }

    async fn open(&self, hash: BlobHash) -> Result<Option<Arc<dyn Blob>>, StoreError> {
        let (_, path) = place(&self.folder, hash);
        run(move || match File::open(path) {
            Ok(file) => {
                let size = file.metadata()?.len();
                Ok(Some(Arc::new(Kept { file: Arc::new(file), size }) as Arc<dyn Blob>))
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
                // What has no hash for its name is not ours to touch.
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
