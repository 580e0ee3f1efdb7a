use async_trait::async_trait;
use protocol::{AuditAction, Timestamp};

use super::StoreError;

/// Who sees to the server, and when: what an entry of the audit log says whatever was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// The username of the admin; `None` for the command line.
    pub by: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// An entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Rises with each entry.
    pub number: u64,
    /// Who did it, and when.
    pub deed: Deed,
    /// What was done.
    pub action: AuditAction,
    /// The person to whom it was done.
    pub username: Option<String>,
    /// What else tells it from others.
    pub details: Option<String>,
}

/// The audit log. Its entries are added by the operations that change something, each in the transaction of its change.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// The newest entries below a number, descending.
    async fn audit(&self, below: Option<u64>, limit: usize) -> Result<Vec<AuditRecord>, StoreError>;

    /// Removes the entries from this time or before, and all but the newest `most`.
    async fn forget_audit(&self, until: Timestamp, most: u64) -> Result<(), StoreError>;
}
