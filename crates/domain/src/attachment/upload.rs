//! Uploading a file.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use protocol::{Attachment, AttachmentId, Code, limit};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::Attachments;
use super::slot::UploadSlot;
use crate::channel::shown;
use crate::error::Error;
use crate::media::{self, Utf8};
use crate::metadata::{self, Format};
use crate::person::Caller;
use crate::picture::PictureInfo;
use crate::random;
use crate::scanner::ScanError;
use crate::store::{AttachmentRecord, BlobHash, BlobStore, NewBlob, Picture, StoreError, UserId};
use crate::visible::turns;

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
    /// What is left of the owner's quota.
    room: u64,
    content: Content,
    slot: UploadSlot,
}

/// The bytes of a file, as far as they have been written.
struct Content {
    blob: Box<dyn NewBlob>,
    size: u64,
    hash: Sha256,
}

impl Content {
    async fn begin(blobs: &Arc<dyn BlobStore>) -> Result<Self, StoreError> {
        Ok(Self { blob: blobs.begin().await?, size: 0, hash: Sha256::new() })
    }

    async fn write(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        self.size += bytes.len() as u64;
        self.hash.update(&bytes);
        self.blob.write(bytes).await
    }
}

impl Attachments {
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
        let slot = self.slots.take(owner)?;
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
            room,
            content: Content::begin(&self.files.blobs).await?,
            slot,
        })
    }

    fn too_large(&self) -> Error {
        Error::new(Code::TooLarge, format!("A file has at most {} bytes.", self.bytes))
    }

    fn quota_exceeded(&self) -> Error {
        let detail = format!("Your files may have {} bytes together; delete messages with some.", self.quota);
        Error::new(Code::QuotaExceeded, detail)
    }

    /// Writes a picture anew without its metadata.
    ///
    /// A thread reads the picture while its pieces are written here, so a few pieces are in memory at a time.
    async fn strip(&self, format: Format, picture: &mut Content) -> Result<Stripped, Error> {
        let bytes = picture.blob.written().await?;
        let (pieces, mut coming) = mpsc::channel::<Bytes>(1);
        let permit = self.stripping.clone().acquire_owned().await;
        let strip = tokio::task::spawn_blocking(move || {
            // Held until the work is done, even if the caller has gone.
            let _permit = permit;
            metadata::strip(format, bytes, |piece| pieces.blocking_send(piece).is_ok())
        });
        let write = async move {
            let mut content = None;
            while let Some(piece) = coming.recv().await {
                let content = match &mut content {
                    Some(content) => content,
                    None => content.insert(Content::begin(&self.files.blobs).await?),
                };
                content.write(piece).await?;
            }
            Ok::<_, StoreError>(content)
        };
        let (stripped, written) = tokio::join!(strip, write);
        let written = written?;
        match stripped {
            Ok(Ok(_)) => Ok(written.map_or(Stripped::Unchanged, Stripped::Changed)),
            Ok(Err(ScanError::Malformed)) => Ok(Stripped::Malformed),
            // Rather not stored than with its metadata.
            Ok(Err(ScanError::Io(error))) => Err(StoreError::Unavailable(error.to_string()).into()),
            Err(_) => {
                Err(StoreError::Unavailable("the metadata of a picture could not be read".into()).into())
            }
        }
    }
}

/// A picture without its metadata.
enum Stripped {
    /// There is none in it.
    Unchanged,
    Changed(Content),
    /// It cannot be read, so nobody knows whether there is some in it.
    Malformed,
}

impl Upload<'_> {
    /// Takes the next bytes of the file.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        let size = self.content.size + bytes.len() as u64;
        if size > self.attachments.bytes {
            return Err(self.attachments.too_large());
        }
        if size > self.room {
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
        self.content.write(bytes).await?;
        Ok(())
    }

    /// Stores the file, once all its bytes have come.
    pub async fn finish(mut self) -> Result<Attachment, Error> {
        let kind = self.kind.take();
        let kind = kind.unwrap_or_else(|| media::kind_of(&self.head, self.claimed.take(), &self.name));
        let is_utf8 = self.utf8.as_ref().is_some_and(Utf8::is_whole);
        let mut kind = if is_utf8 { kind } else { media::without_utf8(kind) };
        let Self { attachments, owner, name, head, mut content, mut slot, .. } = self;
        let format = media::metadata_format(&head).filter(|_| attachments.strip_metadata);
        if format.is_some() || media::is_picture(&kind) {
            slot.wait_for_turn().await;
        }
        let slot = Arc::new(slot);
        if let Some(format) = format {
            match attachments.strip(format, &mut content).await? {
                Stripped::Unchanged => {}
                Stripped::Changed(stripped) => content = stripped,
                // It is stored as it is, and browsers are not to show it.
                Stripped::Malformed => kind = media::without_picture(kind),
            }
        }
        let Content { mut blob, size, hash } = content;
        let seen = if media::is_picture(&kind) {
            attachments.pictures.inspect(&kind, blob.written().await?, slot.clone()).await
        } else {
            None
        };
        let (picture, thumbnail) = match seen {
            Some(seen) => {
                let hash = seen.thumbnail.as_deref().map(|bytes| BlobHash(Sha256::digest(bytes).into()));
                let PictureInfo { width, height, animated, .. } = seen;
                let picture = Picture { width, height, animated, thumbnail: hash };
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
        let keeping = attachments.files.keeping().await;
        // Bytes that were stored before may belong to another upload.
        let mut new = Vec::new();
        if blob.keep(record.hash).await? {
            new.push(record.hash);
        }
        if let Some((hash, bytes)) = thumbnail {
            let mut small = attachments.files.blobs.begin().await?;
            small.write(bytes.into()).await?;
            if small.keep(hash).await? {
                new.push(hash);
            }
        }
        let kept = attachments.context.store.add_attachment(record, attachments.quota).await?;
        drop(keeping);
        if !kept {
            attachments.files.remove_unused(new).await?;
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
    let detail = "A file's name (`?name=`) has 1 to 255 bytes, and no control characters, slashes, backslashes or \
                  characters that turn the direction of writing.";
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
