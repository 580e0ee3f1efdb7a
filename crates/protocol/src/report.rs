//! Reports: somebody tells the admins of a message or a person.

use crate::wire::wire;
use crate::{ConversationId, MessageId, ReportId, Timestamp};

wire! {
    /// Body of `POST /api/reports`: of a person, or of a message that the caller may see.
    #[derive(Default)]
    pub struct NewReport {
        /// The person.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub username: Option<String>,
        /// Where the message is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub conversation_id: Option<ConversationId>,
        /// The message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub message_id: Option<MessageId>,
        /// What is wrong with it, in the caller's words; up to 1,000 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub reason: Option<String>,
        /// Whether admins may read the message and up to five around it. Without it they are told only which it is.
        #[serde(default)]
        pub context: bool,
    }

    /// A report, as admins see it.
    #[derive(Eq)]
    pub struct Report {
        /// For `PATCH /admin/reports/{id}`.
        pub id: ReportId,
        /// Who reports.
        pub by: String,
        /// Whom: the sender of the message, if it is about one.
        pub username: String,
        /// Where the message is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub conversation_id: Option<ConversationId>,
        /// The message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub message_id: Option<MessageId>,
        /// What is wrong with it, in the words of who reports.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub reason: Option<String>,
        /// The message and those around it as they were, ascending by time, if who reports showed them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub context: Vec<ReportedMessage>,
        /// When it was made.
        pub created_at: Timestamp,
        /// When an admin was done with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub resolved_at: Option<Timestamp>,
        /// The username of that admin.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub resolved_by: Option<String>,
        /// When an admin removed the message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub removed_at: Option<Timestamp>,
    }

    /// A message as it was when it was reported.
    #[derive(Eq)]
    pub struct ReportedMessage {
        /// Which one.
        pub id: MessageId,
        /// Username of the sender.
        pub sender: String,
        /// Up to 4,000 bytes of its text.
        pub text: String,
        /// When the server received it.
        pub timestamp: Timestamp,
        /// How many files it carried.
        pub attachments: usize,
    }

    /// Body of `PATCH /admin/reports/{id}`.
    pub struct ChangeReport {
        /// Whether the admins are done with it.
        pub resolved: bool,
    }
}
