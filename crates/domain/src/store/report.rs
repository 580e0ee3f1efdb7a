use async_trait::async_trait;
use protocol::{ConversationId, MessageId, ReportId, Timestamp};

use super::{ConversationKey, Deed, StoreError, UserId};

/// A report of a message or a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportRecord {
    /// Rises with each report; 0 for one that is to be stored.
    pub number: u64,
    /// Names it for admins.
    pub id: ReportId,
    /// The username of who reports.
    pub by: String,
    /// The username of whom it is about.
    pub username: String,
    /// The message that it is about.
    pub message: Option<ReportedPlace>,
    /// What is wrong with it.
    pub reason: Option<String>,
    /// The message and those around it, as JSON, if they were shown.
    pub context: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When an admin was done with it.
    pub resolved_at: Option<Timestamp>,
    /// The username of that admin; `None` for the command line.
    pub resolved_by: Option<String>,
    /// When an admin removed the message.
    pub removed_at: Option<Timestamp>,
}

/// Where a reported message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportedPlace {
    /// The conversation.
    pub conversation: ConversationKey,
    /// The id of the conversation.
    pub conversation_id: ConversationId,
    /// The message.
    pub message: MessageId,
    /// Its sender.
    pub sender: UserId,
}

/// Reports. The message of one is removed by [`Action::Remove`](super::Action::Remove).
#[async_trait]
pub trait ReportStore: Send + Sync {
    /// Stores a report, unless who reports has `most` already with which no admin is done; false then.
    async fn add_report(&self, report: ReportRecord, most: usize) -> Result<bool, StoreError>;

    /// A report.
    async fn report(&self, id: ReportId) -> Result<Option<ReportRecord>, StoreError>;

    /// The newest reports below a number, descending.
    async fn reports(&self, below: Option<u64>, limit: usize) -> Result<Vec<ReportRecord>, StoreError>;

    /// Stores whether the admins are done with a report, and gives its new state. What is so already stays.
    async fn resolve_report(
        &self,
        id: ReportId,
        resolved: bool,
        deed: Deed,
    ) -> Result<Option<ReportRecord>, StoreError>;

    /// Removes the reports with which the admins were done by this time.
    async fn forget_reports(&self, until: Timestamp) -> Result<(), StoreError>;
}
