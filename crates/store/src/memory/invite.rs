use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use domain::store::{Deed, InviteRecord, InviteStore, StoreError, UserId};
use protocol::{AuditAction, Timestamp};

use super::MemoryStore;

/// Invites to the server, which accounts count the uses of.
#[derive(Default)]
pub(super) struct Invites {
    all: BTreeMap<u64, InviteRecord>,
    last: u64,
    /// With which invite somebody registered who has not verified the account yet.
    by: HashMap<UserId, u64>,
}

impl Invites {
    pub(super) fn of_code(&self, code: &str) -> Option<&InviteRecord> {
        self.all.values().find(|invite| invite.code == code)
    }

    pub(super) fn count_use(&mut self, number: u64, user: UserId) {
        if let Some(invite) = self.all.get_mut(&number) {
            invite.used += 1;
            self.by.insert(user, number);
        }
    }

    /// Gives back the use of an account that is removed. The invite may be gone.
    pub(super) fn give_back(&mut self, user: UserId) {
        let invite = self.by.remove(&user).and_then(|number| self.all.get_mut(&number));
        if let Some(invite) = invite {
            invite.used = invite.used.saturating_sub(1);
        }
    }

    /// The account is verified: its use stays counted.
    pub(super) fn keep(&mut self, user: UserId) {
        self.by.remove(&user);
    }
}

#[async_trait]
impl InviteStore for MemoryStore {
    async fn create_invite(&self, invite: InviteRecord, most: usize, deed: Deed) -> Result<bool, StoreError> {
        let mut accounts = self.accounts.write();
        let Invites { all, last, .. } = &mut accounts.invites;
        if all.len() >= most {
            return Ok(false);
        }
        *last += 1;
        let label = InviteRecord::label(&invite.code);
        all.insert(*last, InviteRecord { number: *last, ..invite });
        self.audit.lock().put(&deed, AuditAction::InviteAdded, None, Some(label));
        Ok(true)
    }

    async fn invite_of_code(&self, code: &str) -> Result<Option<InviteRecord>, StoreError> {
        Ok(self.accounts.read().invites.of_code(code).cloned())
    }

    async fn invites(&self, below: Option<u64>, limit: usize) -> Result<Vec<InviteRecord>, StoreError> {
        let accounts = self.accounts.read();
        let below = accounts.invites.all.range(..below.unwrap_or(u64::MAX)).rev();
        Ok(below.take(limit).map(|(_, invite)| invite.clone()).collect())
    }

    async fn remove_invite(&self, code: &str, deed: Deed) -> Result<bool, StoreError> {
        let mut accounts = self.accounts.write();
        let Some(number) = accounts.invites.of_code(code).map(|invite| invite.number) else {
            return Ok(false);
        };
        accounts.invites.all.remove(&number);
        let label = InviteRecord::label(code);
        self.audit.lock().put(&deed, AuditAction::InviteRemoved, None, Some(label));
        Ok(true)
    }

    async fn forget_invites(&self, until: Timestamp) -> Result<(), StoreError> {
        self.accounts.write().invites.all.retain(|_, invite| {
            let is_expired = invite.expires_at.is_some_and(|at| at <= until);
            let is_used_up = invite.uses.is_some_and(|uses| invite.used >= uses);
            !(is_expired || is_used_up && invite.created_at <= until)
        });
        Ok(())
    }
}
