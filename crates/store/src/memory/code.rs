use std::net::IpAddr;

use async_trait::async_trait;
use domain::store::{Account, CodeStore, CodeTry, CodeUse, OneTimeCode, Purpose, StoreError, UserId};
use protocol::Timestamp;

use super::MemoryStore;

#[async_trait]
impl CodeStore for MemoryStore {
    async fn put_code(&self, user: UserId, code: OneTimeCode) -> Result<(), StoreError> {
        let mut accounts = self.accounts.write();
        let wanted = |account: &Account| {
            !account.disabled
                && account.deleted_at.is_none()
                && account.verified == (code.purpose != Purpose::Verify)
        };
        if accounts.get(user).is_some_and(wanted) {
            let codes = accounts.codes.entry(user).or_default();
            let other = |held: &OneTimeCode| held.asker != code.asker || held.purpose != code.purpose;
            codes.retain(|attempt| other(&attempt.code));
            codes.push(CodeTry { code, tries: 0, others: 0 });
        }
        Ok(())
    }

    async fn codes(
        &self,
        user: UserId,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Vec<CodeTry>, StoreError> {
        let accounts = self.accounts.read();
        let codes = accounts.codes.get(&user).into_iter().flatten();
        Ok(codes.filter(|attempt| is_valid(attempt, purpose, now)).cloned().collect())
    }

    async fn try_code(
        &self,
        user: UserId,
        purpose: Purpose,
        from: Option<IpAddr>,
        others: bool,
        now: Timestamp,
    ) -> Result<Vec<CodeTry>, StoreError> {
        let mut accounts = self.accounts.write();
        let codes = accounts.codes.get_mut(&user).into_iter().flatten();
        let tried = codes.filter(|attempt| is_valid(attempt, purpose, now));
        let tried = tried.filter(|attempt| others || attempt.code.asker == from);
        let count = |attempt: &mut CodeTry| {
            let tries = if attempt.code.asker == from { &mut attempt.tries } else { &mut attempt.others };
            *tries = tries.saturating_add(1);
            attempt.clone()
        };
        Ok(tried.map(count).collect())
    }

    async fn use_code(&self, user: UserId, code: &OneTimeCode, by: CodeUse) -> Result<bool, StoreError> {
        let mut accounts = self.accounts.write();
        let Some(codes) = accounts.codes.get_mut(&user) else { return Ok(false) };
        if !codes.iter().any(|attempt| attempt.code == *code) {
            return Ok(false);
        }
        codes.retain(|attempt| attempt.code.purpose != code.purpose);
        let Some(account) = accounts.get_mut(user) else { return Ok(false) };
        match by {
            CodeUse::Verify { .. } => accounts.verify(user),
            CodeUse::Reset { password_hash, at } => {
                account.password_hash = password_hash;
                drop(accounts);
                self.end_sessions(user, None, at);
            }
            CodeUse::Email { .. } => account.email.clone_from(&code.email),
        }
        Ok(true)
    }
}

fn is_valid(attempt: &CodeTry, purpose: Purpose, now: Timestamp) -> bool {
    attempt.code.purpose == purpose && attempt.code.expires_at > now
}
