use std::collections::HashMap;

use async_trait::async_trait;
use domain::store::{HostAccount, HostAccountStore, NewHostAccount, StoreError, UserId};
use protocol::{SessionId, Timestamp};

use super::MemoryStore;

#[derive(Default)]
pub(super) struct HostAccounts {
    /// By issuer and subject.
    by_subject: HashMap<(String, String), UserId>,
    by_session: HashMap<SessionId, UserId>,
    records: HashMap<UserId, Record>,
}

#[derive(Clone, Copy)]
struct Record {
    session: SessionId,
    not_before: Option<Timestamp>,
}

impl HostAccounts {
    /// Removes a person, and gives the session that their tokens had.
    pub(super) fn remove(&mut self, user: UserId) -> Option<SessionId> {
        let Record { session, .. } = self.records.remove(&user)?;
        self.by_session.remove(&session);
        self.by_subject.retain(|_, other| *other != user);
        Some(session)
    }
}

impl MemoryStore {
    /// A person's account with what `hosts` knows of it.
    fn whole(&self, hosts: &HostAccounts, user: UserId) -> Option<HostAccount> {
        let Record { session, not_before } = *hosts.records.get(&user)?;
        let account = self.accounts.read().get(user)?.clone();
        Some(HostAccount { account, session, not_before })
    }
}

#[async_trait]
impl HostAccountStore for MemoryStore {
    async fn host_account(&self, issuer: &str, subject: &str) -> Result<Option<HostAccount>, StoreError> {
        let hosts = self.host_accounts.read();
        let user = hosts.by_subject.get(&(issuer.to_owned(), subject.to_owned()));
        Ok(user.and_then(|user| self.whole(&hosts, *user)))
    }

    async fn host_account_of(&self, session: SessionId) -> Result<Option<HostAccount>, StoreError> {
        let hosts = self.host_accounts.read();
        Ok(hosts.by_session.get(&session).and_then(|user| self.whole(&hosts, *user)))
    }

    async fn create_host_account(
        &self,
        new: NewHostAccount,
        freed: Timestamp,
    ) -> Result<Option<HostAccount>, StoreError> {
        let NewHostAccount { issuer, subject, username, display_name, created_at, session } = new;
        let mut hosts = self.host_accounts.write();
        let person = (issuer, subject);
        if let Some(user) = hosts.by_subject.get(&person) {
            return Ok(self.whole(&hosts, *user));
        }
        let taken = self.accounts.write().create_verified(username, display_name, created_at, freed);
        let Some(user) = taken else { return Ok(None) };
        hosts.by_subject.insert(person, user);
        hosts.by_session.insert(session, user);
        hosts.records.insert(user, Record { session, not_before: None });
        Ok(self.whole(&hosts, user))
    }

    async fn refuse_host_tokens(
        &self,
        user: UserId,
        next: SessionId,
        now: Timestamp,
    ) -> Result<Option<SessionId>, StoreError> {
        let mut hosts = self.host_accounts.write();
        let Some(record) = hosts.records.get_mut(&user) else { return Ok(None) };
        let ended = std::mem::replace(record, Record { session: next, not_before: Some(now) }).session;
        hosts.by_session.remove(&ended);
        hosts.by_session.insert(next, user);
        self.ended_sessions.lock().push(user, ended, now);
        Ok(Some(ended))
    }
}
