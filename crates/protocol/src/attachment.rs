//! Attachments: files that messages carry.

use crate::wire::wire;
use crate::{AttachmentId, Timestamp};

wire! {
    /// A file that was uploaded.
    #[derive(Eq)]
    pub struct Attachment {
        /// The id, which never changes.
        pub id: AttachmentId,
        /// Its name, as it was uploaded.
        pub name: String,
        /// Its media type, which the server checked against the bytes.
        #[serde(rename = "type")]
        pub kind: String,
        /// In bytes.
        pub size: u64,
        /// Pixels; images only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub width: Option<u32>,
        /// Pixels; images only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub height: Option<u32>,
        /// Whether it moves: a GIF, PNG or WebP of more than one picture.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        pub animated: bool,
        /// Where the bytes are, for members of a conversation that holds it: a path below that of the server.
        pub url: String,
        /// Where a small picture of it is, which does not move; images only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub thumbnail_url: Option<String>,
    }
}

wire! {
    /// A link to a file, for elements of a page that cannot send a token.
    #[derive(Eq)]
    pub struct AttachmentLink {
        /// The path of the file, with a key in it.
        pub url: String,
        /// When the key expires. It ends with its session, too.
        pub expires_at: Timestamp,
    }
}
