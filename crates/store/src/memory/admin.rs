use std::collections::VecDeque;

use async_trait::async_trait;
use domain::store::{
    Account, AccountPlace, AdminAccount, AdminChange, AdminChanged, AdminStore, AuditRecord, AuditStore,
    Deed, NewAccount, StoreError, UserId,
};
use protocol::{AccountRole, AuditAction, SessionId, Timestamp};

use super::MemoryStore;

/// The audit log, ascending by number.
#[derive(Default)]
pub(super) struct Audit {
    entries: VecDeque<AuditRecord>,
    last: u64,
}

impl Audit {
    pub(super) fn put(
        &mut self,
        deed: &Deed,
        action: AuditAction,
        username: Option<&str>,
        details: Option<String>,
    ) {
        self.last += 1;
        let (deed, username) = (deed.clone(), username.map(str::to_owned));
        self.entries.push_back(AuditRecord { number: self.last, deed, action, username, details });
    }
}

impl MemoryStore {
    fn with_sessions(&self, account: Account) -> AdminAccount {
        let sessions = self.sessions.read().count(account.id);
        AdminAccount { account, sessions }
    }

    /// Ends all sessions and API tokens of a user, and gives them. Its caller holds `accounts`.
    fn end_all(&self, user: UserId, at: Timestamp) -> Vec<SessionId> {
        let (mut sessions, mut tokens) = (self.sessions.write(), self.api_tokens.write());
        let mut ended = self.ended_sessions.lock();
        let mut ids = sessions.end_all(user, at, &mut ended);
        let tokens = tokens.extract_if(|_, token| token.user == user).map(|(_, token)| token.id);
        ids.extend(tokens.inspect(|id| ended.push(user, *id, at)));
        ids
    }
}

#[async_trait]
impl AdminStore for MemoryStore {
    async fn add_account(
        &self,
        new: NewAccount,
        role: AccountRole,
        deed: Deed,
        freed: Timestamp,
    ) -> Result<Option<UserId>, StoreError> {
        let mut accounts = self.accounts.write();
        let username = new.username.clone();
        let Some(user) = accounts.insert(new, freed) else { return Ok(None) };
        accounts.verify(user);
        if let Some(account) = accounts.get_mut(user) {
            account.role = role;
        }
        let mut audit = self.audit.lock();
        audit.put(&deed, AuditAction::UserAdded, Some(&username), None);
        if role == AccountRole::Admin {
            audit.put(&deed, AuditAction::AdminAdded, Some(&username), None);
        }
        Ok(Some(user))
    }

    async fn administer(&self, change: AdminChange) -> Result<AdminChanged, StoreError> {
        let mut accounts = self.accounts.write();
        let Some(before) = accounts.get(change.user).cloned() else { return Ok(AdminChanged::Unknown) };
        let mut after = before.clone();
        let actions = change.apply(&mut after);
        let is_other_admin = |other: &Account| other.is_active_admin() && other.id != change.user;
        if change.keeps_an_admin
            && before.is_active_admin()
            && !after.is_active_admin()
            && !accounts.iter().any(is_other_admin)
        {
            return Ok(AdminChanged::LastAdmin);
        }
        accounts.rename(change.user, after.display_name.clone());
        if let Some(account) = accounts.get_mut(change.user) {
            account.clone_from(&after);
        }
        let is_shut_out = actions.contains(&AuditAction::UserDisabled);
        let ended = if is_shut_out { self.end_all(change.user, change.deed.at) } else { Vec::new() };
        for action in actions {
            self.audit.lock().put(&change.deed, action, Some(&after.username), None);
        }
        Ok(AdminChanged::Changed { account: Box::new(self.with_sessions(after)), ended })
    }

    async fn log_out(&self, user: UserId, deed: Deed) -> Result<Vec<SessionId>, StoreError> {
        let accounts = self.accounts.write();
        let Some(account) = accounts.get(user) else { return Ok(Vec::new()) };
        let ended = self.end_all(user, deed.at);
        self.audit.lock().put(&deed, AuditAction::UserLoggedOut, Some(&account.username), None);
        Ok(ended)
    }

    async fn find_accounts(
        &self,
        query: &str,
        after: Option<AccountPlace>,
        limit: usize,
    ) -> Result<Vec<AdminAccount>, StoreError> {
        let accounts = self.accounts.read();
        let found = accounts.iter().filter_map(|account| Some((AccountPlace::of(account, query)?, account)));
        let found = found.filter(|(place, _)| after.as_ref().is_none_or(|after| place > after));
        let mut found: Vec<_> = found.collect();
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(found.into_iter().take(limit).map(|(_, account)| self.with_sessions(account.clone())).collect())
    }

    async fn admin_account(&self, user: UserId) -> Result<Option<AdminAccount>, StoreError> {
        let accounts = self.accounts.read();
        Ok(accounts.get(user).map(|account| self.with_sessions(account.clone())))
    }

    async fn has_admin(&self) -> Result<bool, StoreError> {
        Ok(self.accounts.read().iter().any(Account::is_active_admin))
    }
}

#[async_trait]
impl AuditStore for MemoryStore {
    async fn audit(&self, below: Option<u64>, limit: usize) -> Result<Vec<AuditRecord>, StoreError> {
        let audit = self.audit.lock();
        let below = audit.entries.iter().rev().filter(|entry| below.is_none_or(|below| entry.number < below));
        Ok(below.take(limit).cloned().collect())
    }

    async fn forget_audit(&self, until: Timestamp, most: u64) -> Result<(), StoreError> {
        let Audit { entries, last } = &mut *self.audit.lock();
        entries.retain(|entry| entry.deed.at > until && entry.number > last.saturating_sub(most));
        Ok(())
    }
}
