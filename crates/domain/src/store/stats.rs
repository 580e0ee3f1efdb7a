use async_trait::async_trait;

use super::StoreError;

/// How much a store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoredStats {
    /// Accounts, verified or not.
    pub people: u64,
    /// Of these, those that are verified.
    pub verified: u64,
    /// Of these, those that are disabled.
    pub disabled: u64,
    /// Direct conversations and groups.
    pub conversations: u64,
    /// Messages, also those that were deleted. Some of the latest may not be counted yet.
    pub messages: u64,
    /// Files that were uploaded.
    pub files: u64,
    /// What they weigh in the quotas of their owners, in bytes.
    pub file_bytes: u64,
    /// Sessions that have not ended.
    pub sessions: u64,
}

/// Figures for those who see to the server.
#[async_trait]
pub trait StatsStore: Send + Sync {
    /// How much there is. Takes long where there is much.
    async fn stats(&self) -> Result<StoredStats, StoreError>;

    /// Counts on among the messages that are not counted yet, in at most `limit` entries of the log. Gives whether all
    /// are counted then.
    async fn count_messages(&self, limit: u64) -> Result<bool, StoreError>;
}
