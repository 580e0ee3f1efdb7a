//! Where files and pictures are: paths below that of the server.

use protocol::{AttachmentId, ConversationId};

use crate::store::Avatar;

/// Where the bytes of a file are.
pub(crate) fn of_attachment(id: AttachmentId) -> String {
    format!("/api/attachments/{id}")
}

/// Where the picture of a person is. Another one for each picture, so that clients may keep what they got.
pub(crate) fn picture_of_person(username: &str, avatar: Avatar) -> String {
    format!("/api/users/{username}/picture?v={}", avatar.version())
}

/// The same of a group.
pub(crate) fn picture_of_group(id: ConversationId, avatar: Avatar) -> String {
    format!("/api/conversations/{id}/picture?v={}", avatar.version())
}
