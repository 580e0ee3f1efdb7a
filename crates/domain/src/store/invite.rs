use async_trait::async_trait;
use protocol::Timestamp;

use super::{Deed, StoreError};

/// An invite to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InviteRecord {
    /// Rises with each invite; 0 for one that is to be stored.
    pub number: u64,
    /// With which people register.
    pub code: String,
    /// How many may register with it.
    pub uses: Option<u32>,
    /// How many have.
    pub used: u32,
    /// Who made it; `None` for the command line.
    pub created_by: Option<String>,
    /// When.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

impl InviteRecord {
    /// Whether one more may register with it.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.uses.is_none_or(|uses| self.used < uses) && self.expires_at.is_none_or(|at| at > now)
    }

    /// What the audit log names it by: enough to tell it from others, too little to register with.
    pub fn label(code: &str) -> String {
        code.chars().take(6).collect()
    }
}

/// Invites. A use is counted by [`AccountStore::create_account`](super::AccountStore::create_account), and given back
/// when an account is removed that was not verified.
#[async_trait]
pub trait InviteStore: Send + Sync {
    /// Stores an invite, unless there are `most` already; false then.
    async fn create_invite(&self, invite: InviteRecord, most: usize, deed: Deed) -> Result<bool, StoreError>;

    /// The invite with this code, good or not.
    async fn invite_of_code(&self, code: &str) -> Result<Option<InviteRecord>, StoreError>;

    /// The newest invites below a number, descending.
    async fn invites(&self, below: Option<u64>, limit: usize) -> Result<Vec<InviteRecord>, StoreError>;

    /// Removes an invite; false if there was none. Who has registered with it stays.
    async fn remove_invite(&self, code: &str, deed: Deed) -> Result<bool, StoreError>;

    /// Removes the invites that expired by this time, and those from before it that are used up.
    async fn forget_invites(&self, until: Timestamp) -> Result<(), StoreError>;
}
