//! Attachments: taking files, and handing them out to who may see them.

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

/// Takes files, and hands them out.
pub struct Attachments {
    context: Arc<Context>,
    blobs: Arc<dyn BlobStore>,
    pictures: Pictures,
    bytes: u64,
    quota: u64,
    unused: Duration,
    /// How many uploads of each user are under way.
    uploads: Mutex<HashMap<UserId, usize>>,
    /// Held for reading from when bytes are kept until the store knows of them; for writing while bytes that the
    /// store does not know of are removed.
    keeping: RwLock<()>,
    looks: Mutex<Looks>,
}

/// When this server looked for what is not used.
#[derive(Clone, Copy, Default)]
struct Looks {
    /// Up to when the store has grown older.
    aged: Option<Duration>,
    /// Uploads that had been unused since this age were due, and go at the next look.
    due: Option<Duration>,
    /// When all bytes that are kept were last compared with what the store knows.
    compared: Option<Duration>,
}

/// A file that is handed out.
pub struct Opened {
    /// As what it is handed out: never as something that a browser would run.
    pub kind: &'static str,
    /// Whether it may be shown where it is.
    pub shown: bool,
    /// As it was uploaded.
    pub name: Box<str>,
    /// Of its bytes.
    pub hash: BlobHash,
    /// Its bytes.
    pub blob: Arc<dyn Blob>,
}

/// A file on its way in; dropped before it is finished, nothing of it is kept.
pub struct Upload<'a> {
    attachments: &'a Attachments,
    owner: UserId,
    name: Box<str>,
    claimed: Option<Cow<'static, str>>,
    /// Known once there are enough bytes to tell.
    kind: Option<Cow<'static, str>>,
    head: Vec<u8>,
    /// Of a text.
    utf8: Option<Utf8>,
    size: u64,
    /// What is left of the owner's quota.
    room: u64,
    hash: Sha256,
    blob: Box<dyn NewBlob>,
    _place: Place<'a>,
}

/// The place of an upload among those of its user.
struct Place<'a>(&'a Mutex<HashMap<UserId, usize>>, UserId);

impl Drop for Place<'_> {
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
    /// How often all bytes are compared with what the store knows: what a power cut left is found then.
    const COMPARE: Duration = Duration::from_hours(6);
    /// How long bytes stay where the store may be the wrong one, of the time that servers run on it: those that it does
    /// not know, and those of unused uploads after it was put beside files that may be those of another.
    const DOUBT: Duration = Duration::from_hours(7 * 24);
    /// Files looked at in one go of a sweep.
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
            looks: Mutex::default(),
        }
    }

    /// Begins to take a file. `kind` is the media type that its sender names, `size` how long it will be, where that
    /// is known: what is too large is refused before any of it comes.
    pub async fn upload(
        &self,
        caller: &Caller,
        name: &str,
        kind: Option<&str>,
        size: Option<u64>,
    ) -> Result<Upload<'_>, Error> {
        let owner = caller.person.id;
        let name = check_name(name)?;
        let claimed = media::claimed(kind)?;
        if size.is_some_and(|size| size > self.bytes) {
            return Err(self.too_large());
        }
        let place = self.place(owner)?;
        let room = self.quota.saturating_sub(self.context.store.attachments_weigh(owner).await?);
        if room == 0 || size.is_some_and(|size| size > room) {
            return Err(self.quota_exceeded());
        }
        let is_text = claimed.as_ref().is_some_and(|kind| kind.starts_with("text/"));
        Ok(Upload {
            attachments: self,
            owner,
            name,
            claimed,
            kind: None,
            head: Vec::with_capacity(media::HEAD),
            utf8: is_text.then(Utf8::default),
            size: 0,
            room,
            hash: Sha256::new(),
            blob: self.blobs.begin().await?,
            _place: place,
        })
    }

    /// A file, for who may see it.
    pub async fn open(&self, caller: &Caller, id: AttachmentId) -> Result<Opened, Error> {
        let record = self.record(caller, id).await?;
        let (kind, shown) = media::served(&record.kind);
        let blob = self.blob(record.hash).await?;
        Ok(Opened { kind, shown, name: record.name, hash: record.hash, blob })
    }

    /// The small picture of one, for who may see it.
    pub async fn open_thumbnail(&self, caller: &Caller, id: AttachmentId) -> Result<Opened, Error> {
        let record = self.record(caller, id).await?;
        let hash = record.picture.and_then(|picture| picture.thumbnail);
        let hash = hash.ok_or_else(|| Error::not_found("thumbnail"))?;
        let blob = self.blob(hash).await?;
        let kind = media::kind_of(&blob.read(0, media::HEAD).await?, None)?;
        let (kind, shown) = media::served(&kind);
        Ok(Opened { kind, shown, name: record.name, hash, blob })
    }

    /// Forgets uploads that no message came to carry, and removes bytes that no upload has, each once it has been so
    /// for long enough. Time is how long servers have run on this store, so neither a clock that jumps nor a store
    /// that was put in the place of another makes anything go. How many uploads are due is logged, and they go at the
    /// next look.
    pub async fn sweep(&self) -> Result<(), Error> {
        let now = self.context.clock.monotonic();
        let Looks { aged, due, compared } = *self.looks.lock();
        let StoreAge { age, doubted } =
            self.context.store.grow_older(now.saturating_sub(aged.unwrap_or(now))).await?;
        self.looks.lock().aged = Some(now);
        loop {
            let forgotten = self.context.store.forget_unused(age, due, Self::SWEPT).await?;
            if forgotten.is_empty() {
                break;
            }
            self.remove_unused(forgotten).await?;
        }
        let in_doubt = doubted.is_some_and(|since| age < since + Self::DOUBT);
        if in_doubt && aged.is_none() {
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
        self.looks.lock().due = due;
        tracing::debug!(?age, "looked for uploads that no message carries");
        if compared.is_some_and(|last| now < last + Self::COMPARE) {
            return Ok(());
        }
        self.compare(age, compared.and_then(|_| age.checked_sub(Self::DOUBT))).await?;
        self.looks.lock().compared = Some(now);
        Ok(())
    }

    /// Compares all bytes with what the store knows. Removes those that it did not know at an age, nor since.
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
        // Nobody keeps the same bytes between the question and the removal.
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

    fn place(&self, owner: UserId) -> Result<Place<'_>, Error> {
        let mut uploads = self.uploads.lock();
        let count = uploads.entry(owner).or_default();
        if *count >= limit::UPLOADS {
            return Err(Error::rate_limited(Duration::from_secs(1)));
        }
        *count += 1;
        Ok(Place(&self.uploads, owner))
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
    /// Takes the next bytes.
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
                self.kind = Some(media::kind_of(&self.head, self.claimed.take())?);
            }
        }
        if self.utf8.as_mut().is_some_and(|utf8| !utf8.take(&bytes)) {
            return Err(not_utf8());
        }
        self.hash.update(&bytes);
        self.blob.write(bytes).await?;
        Ok(())
    }

    /// All bytes have come: keeps the file.
    pub async fn finish(mut self) -> Result<Attachment, Error> {
        if self.utf8.as_ref().is_some_and(|utf8| !utf8.is_whole()) {
            return Err(not_utf8());
        }
        let kind = match self.kind.take() {
            Some(kind) => kind,
            None => media::kind_of(&self.head, self.claimed.take())?,
        };
        let Self { attachments, owner, name, size, hash, mut blob, _place, .. } = self;
        let seen = if media::is_picture(&kind) {
            attachments.pictures.look(&kind, blob.written().await?).await
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
        // Of what was there before, others may know.
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

fn not_utf8() -> Error {
    Error::new(Code::UnsupportedMediaType, "A text is UTF-8; send other bytes without a type of text.")
}

/// A name that is safe to save a file under, and that looks like what it is.
fn check_name(name: &str) -> Result<Box<str>, Error> {
    /// Characters that turn the direction of those after them, so that `gpj.exe` is seen where `exe.jpg` is.
    fn turns(char: char) -> bool {
        matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    }
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
