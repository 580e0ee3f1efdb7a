//! Attachments: uploading files, and downloading them if the caller may see them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use protocol::{Attachment, AttachmentId, Code, limit};
use sha2::{Digest, Sha256};
use tokio::sync::RwLock;

use crate::Settings;
use crate::channel::shown;
use crate::context::Context;
use crate::error::Error;
use crate::media::{self, Utf8};
use crate::person::Caller;
use crate::picture::Pictures;
use crate::random;
use crate::store::{AttachmentRecord, Blob, BlobHash, BlobStore, NewBlob, Picture, StoreAge, UserId};
use crate::visible::turns;

/// Takes uploads, hands files out, and removes unused ones.
pub struct Attachments {
    context: Arc<Context>,
    blobs: Arc<dyn BlobStore>,
    pictures: Pictures,
    bytes: u64,
    quota: u64,
    unused: Duration,
    /// The number of running uploads of each user.
    uploads: Mutex<HashMap<UserId, usize>>,
    /// Keeps bytes from being removed between storing them and storing their upload. An upload holds it for reading
    /// meanwhile; a removal of unused bytes holds it for writing.
    keeping: RwLock<()>,
    last_sweep: Mutex<LastSweep>,
}

/// What the last sweep left for the next one.
#[derive(Clone, Copy, Default)]
struct LastSweep {
    /// When it was, on the clock that never goes back. The store's age counts the time since.
    at: Option<Duration>,
    /// Uploads unused since this age of the store were counted in the server's output, and go with the next sweep.
    due: Option<Duration>,
    /// When all stored bytes were last compared with the uploads in the store, on the clock that never goes back.
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

/// A running upload. If it is dropped before [`Upload::finish`], nothing of it is kept.
pub struct Upload<'a> {
    attachments: &'a Attachments,
    owner: UserId,
    name: Box<str>,
    /// The media type that the uploader named.
    claimed: Option<Cow<'static, str>>,
    /// The media type, once [`media::HEAD`] bytes have come.
    kind: Option<Cow<'static, str>>,
    /// The first [`media::HEAD`] bytes.
    head: Vec<u8>,
    /// Checks whether the bytes are UTF-8; `None` once they are not.
    utf8: Option<Utf8>,
    size: u64,
    /// What is left of the owner's quota.
    room: u64,
    hash: Sha256,
    blob: Box<dyn NewBlob>,
    _slot: UploadSlot<'a>,
}

/// Counts a running upload of a user until it is dropped.
struct UploadSlot<'a>(&'a Mutex<HashMap<UserId, usize>>, UserId);

impl Drop for UploadSlot<'_> {
    fn drop(&mut self) {
        let mut uploads = self.0.lock();
        if let Some(count) = uploads.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                uploads.remove(&self.1);
            }
        }
    }
}

impl Attachments {
    /// How often all stored bytes are compared with the uploads in the store, to find bytes that a power cut left
    /// behind.
    const COMPARE: Duration = Duration::from_hours(6);
    /// How long files are not removed while the database may be the wrong one for them, counted in the age of the
    /// store. That holds for bytes of which the store has no upload. It also holds for unused uploads after an older
    /// database was put beside the files.
    const DOUBT: Duration = Duration::from_hours(7 * 24);
    /// Files in one step of a sweep.
    const SWEPT: usize = 256;

    pub(crate) fn new(context: Arc<Context>, blobs: Arc<dyn BlobStore>, settings: &Settings) -> Self {
        Self {
            context,
            blobs,
            pictures: Pictures::new(),
            bytes: settings.attachment_bytes,
            quota: settings.attachment_quota,
            unused: settings.attachment_unused,
            uploads: Mutex::default(),
            keeping: RwLock::default(),
            last_sweep: Mutex::default(),
        }
    }

    /// Begins an upload. `kind` is the media type that the caller names. `size` is the length of the file, if it is
    /// known: a file that is too large is refused before its bytes come.
    pub async fn upload(
        &self,
        caller: &Caller,
        name: &str,
        kind: Option<&str>,
        size: Option<u64>,
    ) -> Result<Upload<'_>, Error> {
        let owner = caller.person.id;
        let name = check_name(name)?;
        let claimed = media::claimed(kind);
        if size.is_some_and(|size| size > self.bytes) {
            return Err(self.too_large());
        }
        self.context.charge(caller)?;
        let slot = self.slot(owner)?;
        let room = self.quota.saturating_sub(self.context.store.attachments_weigh(owner).await?);
        if room == 0 || size.is_some_and(|size| size > room) {
            return Err(self.quota_exceeded());
        }
        Ok(Upload {
            attachments: self,
            owner,
            name,
            claimed,
            kind: None,
            head: Vec::with_capacity(media::HEAD),
            utf8: Some(Utf8::default()),
            size: 0,
            room,
            hash: Sha256::new(),
            blob: self.blobs.begin().await?,
            _slot: slot,
        })
    }

    /// Opens a file; not found if the caller may not see it.
    pub async fn open(&self, caller: &Caller, id: AttachmentId) -> Result<Opened, Error> {
        let record = self.record(caller, id).await?;
        let (kind, shown) = media::served(&record.kind);
        let blob = self.blob(record.hash).await?;
        Ok(Opened { kind, shown, name: record.name, hash: record.hash, blob })
    }

    /// Opens the thumbnail of a picture; not found if the caller may not see it.
    pub async fn open_thumbnail(&self, caller: &Caller, id: AttachmentId) -> Result<Opened, Error> {
        let record = self.record(caller, id).await?;
        let hash = record.picture.and_then(|picture| picture.thumbnail);
        let hash = hash.ok_or_else(|| Error::not_found("thumbnail"))?;
        let blob = self.blob(hash).await?;
        let kind = media::kind_of(&blob.read(0, media::HEAD).await?, None, "");
        let (kind, shown) = media::served(&kind);
        Ok(Opened { kind, shown, name: record.name, hash, blob })
    }

    /// Removes uploads that no message carries and bytes that belong to no upload, once that has been so for long
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
            self.remove_unused(forgotten).await?;
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

    /// Compares all stored bytes with the uploads in the store. Removes bytes that were noted at the age `before` or
    /// earlier as belonging to no upload, and have belonged to none since.
    async fn compare(&self, age: Duration, before: Option<Duration>) -> Result<(), Error> {
        let (mut files, mut bytes, mut old) = (0_u64, 0, Vec::new());
        for first in 0..=u8::MAX {
            for hashes in self.blobs.list(first).await?.chunks(Self::SWEPT) {
                let unnamed = self.context.store.unused_blobs(hashes.to_vec()).await?;
                for hash in &unnamed {
                    if let Some(blob) = self.blobs.open(*hash).await? {
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
            self.remove_unused(hashes.to_vec()).await?;
            self.context.store.forget_unnamed(hashes.to_vec()).await?;
        }
        Ok(())
    }

    async fn remove_unused(&self, hashes: Vec<BlobHash>) -> Result<(), Error> {
        // So that no upload stores the same bytes between the question and the removal.
        let _alone = self.keeping.write().await;
        for hash in self.context.store.unused_blobs(hashes).await? {
            self.blobs.remove(hash).await?;
        }
        Ok(())
    }

    async fn record(&self, caller: &Caller, id: AttachmentId) -> Result<AttachmentRecord, Error> {
        let found = self.context.store.attachment(id, caller.person.id).await?;
        found.ok_or_else(|| Error::not_found("attachment"))
    }

    async fn blob(&self, hash: BlobHash) -> Result<Arc<dyn Blob>, Error> {
        let blob = self.blobs.open(hash).await?;
        blob.ok_or_else(|| {
            tracing::error!(%hash, "the bytes of an attachment are missing");
            Error::not_found("attachment")
        })
    }

    fn slot(&self, owner: UserId) -> Result<UploadSlot<'_>, Error> {
        let mut uploads = self.uploads.lock();
        let count = uploads.entry(owner).or_default();
        if *count >= limit::UPLOADS {
            return Err(Error::rate_limited(Duration::from_secs(1)));
        }
        *count += 1;
        Ok(UploadSlot(&self.uploads, owner))
    }

    fn too_large(&self) -> Error {
        Error::new(Code::TooLarge, format!("A file has at most {} bytes.", self.bytes))
    }

    fn quota_exceeded(&self) -> Error {
        let detail = format!("Your files may have {} bytes together; delete messages with some.", self.quota);
        Error::new(Code::QuotaExceeded, detail)
    }
}

impl Upload<'_> {
    /// Takes the next bytes of the file.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.size += bytes.len() as u64;
        if self.size > self.attachments.bytes {
            return Err(self.attachments.too_large());
        }
        if self.size > self.room {
            return Err(self.attachments.quota_exceeded());
        }
        if self.kind.is_none() {
            let lacking = media::HEAD - self.head.len();
            self.head.extend_from_slice(&bytes[..lacking.min(bytes.len())]);
            if self.head.len() == media::HEAD {
                self.kind = Some(media::kind_of(&self.head, self.claimed.take(), &self.name));
            }
        }
        if self.utf8.as_mut().is_some_and(|utf8| !utf8.take(&bytes)) {
            self.utf8 = None;
        }
        self.hash.update(&bytes);
        self.blob.write(bytes).await?;
        Ok(())
    }

    /// Stores the file, once all its bytes have come.
    pub async fn finish(mut self) -> Result<Attachment, Error> {
        let kind = self.kind.take();
        let kind = kind.unwrap_or_else(|| media::kind_of(&self.head, self.claimed.take(), &self.name));
        let is_utf8 = self.utf8.as_ref().is_some_and(Utf8::is_whole);
        let kind = if is_utf8 { kind } else { media::without_utf8(kind) };
        let Self { attachments, owner, name, size, hash, mut blob, _slot, .. } = self;
        let seen = if media::is_picture(&kind) {
            attachments.pictures.inspect(&kind, blob.written().await?).await
        } else {
            None
        };
        let (picture, thumbnail) = match seen {
            Some(seen) => {
                let hash = seen.thumbnail.as_deref().map(|bytes| BlobHash(Sha256::digest(bytes).into()));
                let picture = Picture { width: seen.width, height: seen.height, thumbnail: hash };
                (Some(picture), hash.zip(seen.thumbnail))
            }
            None => (None, None),
        };
        let created_at = attachments.context.clock.now();
        let random = u128::from_le_bytes(random::bytes(&*attachments.context.random));
        let record = AttachmentRecord {
            id: AttachmentId::mint(created_at, random),
            owner,
            hash: BlobHash(hash.finalize().into()),
            name,
            kind: kind.into(),
            size,
            picture,
            created_at,
        };
        let attachment = shown(&record);
        let keeping = attachments.keeping.read().await;
        // Bytes that were stored before may belong to another upload.
        let mut new = Vec::new();
        if blob.keep(record.hash).await? {
            new.push(record.hash);
        }
        if let Some((hash, bytes)) = thumbnail {
            let mut small = attachments.blobs.begin().await?;
            small.write(bytes.into()).await?;
            if small.keep(hash).await? {
                new.push(hash);
            }
        }
        let kept = attachments.context.store.add_attachment(record, attachments.quota).await?;
        drop(keeping);
        if !kept {
            attachments.remove_unused(new).await?;
            return Err(attachments.quota_exceeded());
        }
        Ok(attachment)
    }
}

/// Accepts names that are safe to save a file under, and that look like what they are.
fn check_name(name: &str) -> Result<Box<str>, Error> {
    let unfit = |char: char| char.is_control() || matches!(char, '/' | '\\') || turns(char);
    if limit::FILE_NAME.contains(&name.len()) && !name.contains(unfit) && !matches!(name, "." | "..") {
        return Ok(name.into());
    }
    let detail = "A file's name has 1 to 255 bytes, and no control characters, slashes or backslashes.";
    Err(Error::invalid("name", detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["a", "photo.jpg", "отчёт 2026.pdf", ".bashrc", "...", &"x".repeat(255)] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in
            ["", "..", ".", "a/b", "a\\b", "a\nb", "a\0", "a\u{85}b", "a\u{202e}gpj.exe", &"x".repeat(256)]
        {
            assert_eq!(check_name(bad).unwrap_err().field.as_deref(), Some("name"), "{bad}");
        }
    }
}
