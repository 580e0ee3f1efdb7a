//! Avatars: the pictures of people and groups. On the wire each is a `picture`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use protocol::{Code, Conversation, ConversationId, User, limit};
use sha2::{Digest, Sha256};

use crate::Rate;
use crate::account::own_user;
use crate::attachment::{Opened, UploadSlot, UploadSlots};
use crate::context::Context;
use crate::conversation::Conversations;
use crate::error::Error;
use crate::files::Files;
use crate::group::{check_leads, not_leading, role_of_caller};
use crate::limit::Limiter;
use crate::person::Caller;
use crate::picture::{Pictures, Squares, Unfit};
use crate::session::check_alive;
use crate::store::{
    Avatar, BlobHash, ConversationKey, GroupAvatar, NewBlob, SetGroupAvatar, StoreError, UserId,
};

/// Takes the pictures of people and groups, and hands them out.
pub struct Avatars {
    context: Arc<Context>,
    conversations: Conversations,
    files: Arc<Files>,
    pictures: Arc<Pictures>,
    slots: UploadSlots,
    uploads: Limiter<UserId>,
}

/// The sizes in which a picture is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AvatarSize {
    /// 512 pixels wide and high.
    Large,
    /// 96 pixels wide and high.
    Small,
}

/// A picture to hand out.
pub struct OpenedAvatar {
    /// Its bytes in the size that was asked for.
    pub file: Opened,
    /// See [`Avatar::version`].
    pub version: String,
}

/// A picture that is being uploaded. If it is dropped before it is set, nothing of it is kept.
pub struct AvatarUpload {
    blob: Box<dyn NewBlob>,
    size: u64,
    slot: UploadSlot,
}

impl AvatarUpload {
    /// Takes the next bytes of the picture.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.size += bytes.len() as u64;
        check_size(self.size)?;
        Ok(self.blob.write(bytes).await?)
    }
}

impl Avatars {
    pub(crate) fn new(
        context: Arc<Context>,
        files: Arc<Files>,
        pictures: Arc<Pictures>,
        slots: UploadSlots,
    ) -> Self {
        let uploads = Rate::per(Duration::from_hours(1), limit::PICTURES_PER_HOUR);
        let conversations = Conversations::new(context.clone());
        Self { context, conversations, files, pictures, slots, uploads: Limiter::new(uploads) }
    }

    /// Opens the picture of a person.
    pub async fn open(&self, username: &str, size: AvatarSize) -> Result<OpenedAvatar, Error> {
        let person = self.context.people.named(username).await?.ok_or_else(|| Error::not_found("user"))?;
        let account = self.context.store.account_of(person.id).await?;
        self.opened(account.and_then(|account| account.avatar), size).await
    }

    /// Begins to take a picture of the caller. `size` is its length in bytes, if that is known: a picture that is too
    /// large is refused before its bytes come.
    pub async fn upload(&self, caller: &Caller, size: Option<u64>) -> Result<AvatarUpload, Error> {
        caller.check_in_person()?;
        self.begin(caller, size).await
    }

    /// Gives the caller the uploaded picture in place of the one before.
    pub async fn set(&self, caller: &Caller, upload: AvatarUpload) -> Result<User, Error> {
        let squares = self.squares(upload).await?;
        check_alive(&self.context, caller).await?;
        let user = caller.person.id;
        let keeping = self.files.keeping().await;
        let avatar = self.keep(squares).await?;
        let before = self.context.store.set_avatar(user, Some(avatar)).await?;
        drop(keeping);
        self.forget(before).await;
        let account = self.context.store.account_of(user).await?;
        account.map(own_user).ok_or_else(|| Error::not_found("user"))
    }

    /// Removes the caller's picture, if they have one.
    pub async fn remove(&self, caller: &Caller) -> Result<(), Error> {
        caller.check_in_person()?;
        self.context.charge(caller)?;
        let before = self.context.store.set_avatar(caller.person.id, None).await?;
        self.forget(before).await;
        Ok(())
    }

    /// Opens the picture of a group; not found if the caller is not a member.
    pub async fn open_group(
        &self,
        caller: &Caller,
        id: ConversationId,
        size: AvatarSize,
    ) -> Result<OpenedAvatar, Error> {
        self.opened(self.context.store.group_avatar(caller.person.id, id).await?, size).await
    }

    /// As [`Avatars::upload`], for a group that the caller leads.
    pub async fn upload_group(
        &self,
        caller: &Caller,
        id: ConversationId,
        size: Option<u64>,
    ) -> Result<AvatarUpload, Error> {
        self.led(caller, id).await?;
        self.begin(caller, size).await
    }

    /// Gives a group the uploaded picture in place of the one before.
    pub async fn set_group(
        &self,
        caller: &Caller,
        id: ConversationId,
        upload: AvatarUpload,
    ) -> Result<Conversation, Error> {
        let key = self.led(caller, id).await?;
        let squares = self.squares(upload).await?;
        check_alive(&self.context, caller).await?;
        let keeping = self.files.keeping().await;
        let avatar = self.keep(squares).await?;
        let changed = self.change_group(caller, key, Some(avatar)).await;
        drop(keeping);
        let unwanted = match &changed {
            Ok(before) => *before,
            Err(refused) if refused.code == Code::Forbidden => Some(avatar),
            // The store failed: the sweep of files finds out what it has.
            Err(_) => None,
        };
        self.forget(unwanted).await;
        changed?;
        self.conversations.get(caller, id).await
    }

    /// Removes the picture of a group, if it has one.
    pub async fn remove_group(&self, caller: &Caller, id: ConversationId) -> Result<(), Error> {
        let key = self.led(caller, id).await?;
        self.context.charge(caller)?;
        let before = self.change_group(caller, key, None).await?;
        self.forget(before).await;
        Ok(())
    }

    /// Checks that the caller leads a group, and gives its key.
    async fn led(&self, caller: &Caller, id: ConversationId) -> Result<ConversationKey, Error> {
        let me = caller.person.id;
        let key = self.context.channels.of_member(id, me).await?.key;
        let record = self.context.store.brief(key, None, vec![me]).await?;
        let record = record.ok_or_else(|| Error::not_found("conversation"))?;
        check_leads(role_of_caller(&record, me)?)?;
        Ok(key)
    }

    /// Stores another picture of a group. Returns the one before.
    async fn change_group(
        &self,
        caller: &Caller,
        key: ConversationKey,
        avatar: Option<Avatar>,
    ) -> Result<Option<Avatar>, Error> {
        let (by, at) = (caller.person.id, self.context.clock.now());
        let change = GroupAvatar { conversation: key, by, at, avatar };
        let set = self.context.store.set_group_avatar(change).await?;
        // They led it a moment ago.
        let SetGroupAvatar { entry, before } = set.ok_or_else(not_leading)?;
        if let Some(entry) = entry {
            self.context.channels.apply(key, &entry).await;
        }
        Ok(before)
    }

    async fn begin(&self, caller: &Caller, size: Option<u64>) -> Result<AvatarUpload, Error> {
        check_size(size.unwrap_or(0))?;
        self.context.charge(caller)?;
        let (user, now) = (caller.person.id, self.context.clock.monotonic());
        let slot = self.slots.take(user)?;
        self.uploads.take(user, now).map_err(Error::rate_limited)?;
        Ok(AvatarUpload { blob: self.files.blobs.begin().await?, size: 0, slot })
    }

    async fn squares(&self, upload: AvatarUpload) -> Result<Squares, Error> {
        let AvatarUpload { mut blob, mut slot, .. } = upload;
        slot.wait_for_turn().await;
        let squares = self.pictures.squares(blob.written().await?, slot).await;
        let squares = squares.ok_or_else(|| StoreError::Unavailable("a picture could not be read".into()))?;
        squares.map_err(|unfit| {
            let detail = match unfit {
                Unfit::Unreadable => "Send a JPEG, PNG or WebP picture; these bytes cannot be read as one.",
                Unfit::TooLarge => "The picture has more than 40 megapixels; make it smaller first.",
            };
            Error::invalid("picture", detail)
        })
    }

    /// Stores the bytes of a picture. The caller holds [`Files::keeping`] until the store has the picture, too.
    async fn keep(&self, squares: Squares) -> Result<Avatar, StoreError> {
        let Squares { large, small } = squares;
        let [large, small] = [self.keep_blob(large).await?, self.keep_blob(small).await?];
        Ok(Avatar { large, small })
    }

    async fn keep_blob(&self, bytes: Vec<u8>) -> Result<BlobHash, StoreError> {
        let hash = BlobHash(Sha256::digest(&bytes).into());
        let mut blob = self.files.blobs.begin().await?;
        blob.write(bytes.into()).await?;
        blob.keep(hash).await?;
        Ok(hash)
    }

    /// Removes the bytes of a picture that was replaced. If that fails, the sweep of files removes them later.
    async fn forget(&self, before: Option<Avatar>) {
        let Some(before) = before else { return };
        if let Err(error) = self.files.remove_unused(before.blobs().to_vec()).await {
            tracing::warn!(%error, "the bytes of a replaced picture were not removed yet");
        }
    }

    async fn opened(&self, avatar: Option<Avatar>, size: AvatarSize) -> Result<OpenedAvatar, Error> {
        let avatar = avatar.ok_or_else(|| Error::not_found("picture"))?;
        let hash = match size {
            AvatarSize::Large => avatar.large,
            AvatarSize::Small => avatar.small,
        };
        let blob = self.files.open(hash).await?;
        let file = Opened { kind: "image/jpeg", shown: true, name: "picture.jpg".into(), hash, blob };
        Ok(OpenedAvatar { file, version: avatar.version() })
    }
}

fn check_size(bytes: u64) -> Result<(), Error> {
    if bytes <= limit::PICTURE {
        return Ok(());
    }
    Err(Error::new(Code::TooLarge, "A picture has at most 5 MiB."))
}
