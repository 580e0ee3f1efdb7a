//! Attachments: uploading files, and downloading them if the caller may see them.

mod slot;
mod upload;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use protocol::AttachmentId;
use tokio::sync::Semaphore;

use crate::Settings;
use crate::context::Context;
use crate::error::Error;
use crate::files::Files;
use crate::media;
use crate::person::Caller;
use crate::picture::Pictures;
use crate::store::{AttachmentRecord, Blob, BlobHash, StoreAge};

pub(crate) use slot::{UploadSlot, UploadSlots};
pub use upload::Upload;

/// Takes uploads, hands files out, and removes unused ones.
pub struct Attachments {
    context: Arc<Context>,
    files: Arc<Files>,
    pictures: Arc<Pictures>,
    bytes: u64,
    quota: u64,
    unused: Duration,
    /// Whether metadata is left out of pictures.
    strip_metadata: bool,
    /// Pictures whose metadata is being left out.
    stripping: Arc<Semaphore>,
    slots: UploadSlots,
    last_sweep: Mutex<LastSweep>,
}

/// What the last sweep left for the next one.
#[derive(Clone, Copy, Default)]
struct LastSweep {
    /// When it was, on the clock that never goes back. The store's age counts the time since.
    at: Option<Duration>,
    /// Uploads unused since this age of the store were counted in the server's output, and go with the next sweep.
    due: Option<Duration>,
    /// When all stored bytes were last compared with what is in the store, on the clock that never goes back.
    compared: Option<Duration>,
}

/// A file to hand out.
pub struct Opened {
    /// The media type to send. Never one that a browser would run.
    pub kind: &'static str,
    /// Whether a browser may show it in a page; if not, it is downloaded.
    pub shown: bool,
    /// The file name that the uploader gave.
    pub name: Box<str>,
    /// The hash of its bytes.
    pub hash: BlobHash,
    /// The bytes themselves.
    pub blob: Arc<dyn Blob>,
}

impl Attachments {
    /// How often all stored bytes are compared with what is in the store, to find bytes that a power cut left
    /// behind.
    const COMPARE: Duration = Duration::from_hours(6);
    /// How long files are not removed while the database may be the wrong one for them, counted in the age of the
    /// store. That holds for bytes that belong to nothing in the store. It also holds for unused uploads after an older
    /// database was put beside the files.
    const DOUBT: Duration = Duration::from_hours(7 * 24);
    /// Pictures whose metadata is left out at the same time. Far fewer than tokio has threads that may block, because each
    /// waits for the thread that writes what is left.
    const STRIPPING: usize = 4;
    /// Files in one step of a sweep.
    const SWEPT: usize = 256;

    pub(crate) fn new(
        context: Arc<Context>,
        files: Arc<Files>,
        pictures: Arc<Pictures>,
        slots: UploadSlots,
        settings: &Settings,
    ) -> Self {
        Self {
            context,
            files,
            pictures,
            bytes: settings.attachment_bytes,
            quota: settings.attachment_quota,
            unused: settings.attachment_unused,
            strip_metadata: settings.strip_metadata,
            stripping: Arc::new(Semaphore::new(Self::STRIPPING)),
            slots,
            last_sweep: Mutex::default(),
        }
    }

    /// Opens a file; not found if the caller may not see it.
    pub async fn open(&self, caller: &Caller, id: AttachmentId) -> Result<Opened, Error> {
        let record = self.record(caller, id).await?;
        let (kind, shown) = media::served(&record.kind);
        let blob = self.files.open(record.hash).await?;
        Ok(Opened { kind, shown, name: record.name, hash: record.hash, blob })
    }

    /// Fails with not found if the caller may not see a file.
    pub async fn check(&self, caller: &Caller, id: AttachmentId) -> Result<(), Error> {
        self.record(caller, id).await.map(drop)
    }

    /// Opens the thumbnail of a picture; not found if the caller may not see it.
    pub async fn open_thumbnail(&self, caller: &Caller, id: AttachmentId) -> Result<Opened, Error> {
        let record = self.record(caller, id).await?;
        let hash = record.picture.and_then(|picture| picture.thumbnail);
        let hash = hash.ok_or_else(|| Error::not_found("thumbnail"))?;
        let blob = self.files.open(hash).await?;
        let kind = media::kind_of(&blob.read(0, media::HEAD).await?, None, "");
        let (kind, shown) = media::served(&kind);
        Ok(Opened { kind, shown, name: record.name, hash, blob })
    }

    /// Removes uploads that no message carries and bytes that belong to nothing, once that has been so for long
    /// enough.
    ///
    /// Time is counted by the age of the store: how long servers have run on it. So neither a clock that jumps nor a
    /// restored old database removes files at once. A sweep logs how many uploads are due, and the next sweep removes
    /// them.
    pub async fn sweep(&self) -> Result<(), Error> {
        let now = self.context.clock.monotonic();
        let LastSweep { at: last, due, compared } = *self.last_sweep.lock();
        let StoreAge { age, doubted } =
            self.context.store.grow_older(now.saturating_sub(last.unwrap_or(now))).await?;
        self.last_sweep.lock().at = Some(now);
        loop {
            let forgotten = self.context.store.forget_unused(age, due, Self::SWEPT).await?;
            if forgotten.is_empty() {
                break;
            }
            self.files.remove_unused(forgotten).await?;
        }
        let in_doubt = doubted.is_some_and(|since| age < since + Self::DOUBT);
        if in_doubt && last.is_none() {
            tracing::warn!(
                "an older database was accepted, or one without the file identity; no upload is removed until servers \
                 have run on it for a week"
            );
        }
        let due = age.checked_sub(self.unused).filter(|_| !in_doubt);
        if let Some(before) = due {
            let uploads = self.context.store.count_unused(before).await?;
            if uploads > 0 {
                tracing::info!(uploads, "uploads that no message carries are removed at the next look");
            }
        }
        self.last_sweep.lock().due = due;
        tracing::debug!(?age, "looked for uploads that no message carries");
        if compared.is_some_and(|last| now < last + Self::COMPARE) {
            return Ok(());
        }
        self.compare(age, compared.and_then(|_| age.checked_sub(Self::DOUBT))).await?;
        self.last_sweep.lock().compared = Some(now);
        Ok(())
    }

    /// Compares all stored bytes with what is in the store. Removes bytes that were noted at the age `before` or
    /// earlier as belonging to nothing, and have belonged to nothing since.
    async fn compare(&self, age: Duration, before: Option<Duration>) -> Result<(), Error> {
        let (mut files, mut bytes, mut old) = (0_u64, 0, Vec::new());
        for first in 0..=u8::MAX {
            for hashes in self.files.blobs.list(first).await?.chunks(Self::SWEPT) {
                let unnamed = self.context.store.unused_blobs(hashes.to_vec()).await?;
                for hash in &unnamed {
                    if let Some(blob) = self.files.blobs.open(*hash).await? {
                        files += 1;
                        bytes += blob.size();
                    }
                }
                if !unnamed.is_empty() {
                    old.extend(self.context.store.note_unnamed(unnamed, age, before).await?);
                }
            }
        }
        if files > 0 {
            tracing::warn!(
                files,
                bytes,
                removed = old.len(),
                "the database does not know some files among the attachments; each is removed once this server has run \
                 for a week since it was first seen so"
            );
        }
        for hashes in old.chunks(Self::SWEPT) {
            self.files.remove_unused(hashes.to_vec()).await?;
            self.context.store.forget_unnamed(hashes.to_vec()).await?;
        }
        Ok(())
    }

    async fn record(&self, caller: &Caller, id: AttachmentId) -> Result<AttachmentRecord, Error> {
        let found = self.context.store.attachment(id, caller.person.id).await?;
        found.ok_or_else(|| Error::not_found("attachment"))
    }
}
