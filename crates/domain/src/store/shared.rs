use async_trait::async_trait;
use protocol::SharedKind;

use super::{AttachmentRecord, ConversationKey, MessageRecord, StoreError, UserId};
use crate::{link, media};

/// The kind of a file with this media type. A picture of which no thumbnail could be made is a file like any other.
pub fn kind_of_file(media_type: &str, has_thumbnail: bool) -> SharedKind {
    let is_film = media_type.starts_with("video/") && media::served(media_type).1;
    if has_thumbnail || is_film { SharedKind::Media } else { SharedKind::Files }
}

/// Whether a text has an address of the web.
pub fn has_link(text: &str) -> bool {
    link::is_in(text)
}

impl AttachmentRecord {
    fn shared_kind(&self) -> SharedKind {
        kind_of_file(&self.kind, self.picture.as_ref().is_some_and(|picture| picture.thumbnail.is_some()))
    }
}

impl MessageRecord {
    /// What it shares now, each kind once. A deleted message shares nothing.
    pub fn shares(&self) -> impl Iterator<Item = SharedKind> {
        let has = |kind| match kind {
            SharedKind::Links => link::is_in(&self.text),
            SharedKind::Media | SharedKind::Files => {
                self.attachments.iter().any(|file| file.shared_kind() == kind)
            }
        };
        SharedKind::ALL.into_iter().filter(move |kind| has(*kind))
    }
}

/// Which messages to read.
#[derive(Clone, Copy, Debug)]
pub struct SharedRange {
    /// Only messages that this user may see: none if they are not a member.
    pub reader: UserId,
    /// The conversation that they are in.
    pub conversation: ConversationKey,
    /// Only messages that share this.
    pub kind: SharedKind,
    /// Only messages below this `seq`.
    pub before: u64,
    /// At most so many messages.
    pub limit: usize,
}

/// Some messages that share something.
#[derive(Clone, Debug, Default)]
pub struct SharedPage {
    /// The newest first.
    pub messages: Vec<MessageRecord>,
    /// What is left to be read is below this `seq`; `None` if nothing is.
    pub rest_below: Option<u64>,
}

impl SharedPage {
    /// How many messages are looked at for a page: any number in a row may be hidden from the reader.
    pub const SCAN: usize = 2048;
}

/// Lists what was shared.
#[async_trait]
pub trait SharedStore: Send + Sync {
    /// The newest messages of a range, as they are now. Reads no other messages than those that share what is looked for,
    /// and at most [`SharedPage::SCAN`] of these, so that there may be fewer than `limit` although some are left.
    async fn shared(&self, range: SharedRange) -> Result<SharedPage, StoreError>;
}
