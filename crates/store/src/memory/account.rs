use std::collections::HashMap;

use async_trait::async_trait;
use domain::store::{Account, AccountStore, CodeTry, NewAccount, OneTimeCode, StoreError, UserId};

use super::MemoryStore;

#[derive(Default)]
pub(super) struct Accounts {
    /// The account of user `n` is at `n - 1`.
    all: Vec<Account>,
    by_name: HashMap<String, UserId>,
    codes: HashMap<UserId, CodeTry>,
}

impl Accounts {
    pub(super) fn get(&self, user: UserId) -> Option<&Account> {
        self.all.get(usize::try_from(user.0).ok()?.checked_sub(1)?)
    }

    fn get_mut(&mut self, user: UserId) -> Option<&mut Account> {
        self.all.get_mut(usize::try_from(user.0).ok()?.checked_sub(1)?)
    }

    /// Forgets the codes for which `expired` holds.
    pub(super) fn forget_codes(&mut self, expired: impl Fn(&OneTimeCode) -> bool) {
        self.codes.retain(|_, attempt| !expired(&attempt.code));
    }
}

#[async_trait]
impl AccountStore for MemoryStore {
    async fn create_account(&self, new: NewAccount, code: OneTimeCode) -> Result<Option<UserId>, StoreError> {
        let mut accounts = self.accounts.write();
        let name = new.username.to_ascii_lowercase();
        if accounts.by_name.contains_key(&name) {
            return Ok(None);
        }
        let NewAccount { username, display_name, email, password_hash, created_at } = new;
        let id = UserId(i64::try_from(accounts.all.len()).unwrap_or(i64::MAX) + 1);
        accounts.all.push(Account {
            id,
            username,
            display_name,
            email,
            password_hash,
            verified: false,
            created_at,
        });
        accounts.by_name.insert(name, id);
        accounts.codes.insert(id, CodeTry { code, tries: 0 });
        Ok(Some(id))
    }

    async fn account(&self, username: &str) -> Result<Option<Account>, StoreError> {
        let accounts = self.accounts.read();
        let id = accounts.by_name.get(&username.to_ascii_lowercase());
        Ok(id.and_then(|&id| accounts.get(id)).cloned())
    }

    async fn account_of(&self, user: UserId) -> Result<Option<Account>, StoreError> {
        Ok(self.accounts.read().get(user).cloned())
    }

    async fn put_code(&self, user: UserId, code: OneTimeCode) -> Result<(), StoreError> {
        self.accounts.write().codes.insert(user, CodeTry { code, tries: 0 });
        Ok(())
    }

    async fn try_code(&self, user: UserId) -> Result<Option<CodeTry>, StoreError> {
        let mut accounts = self.accounts.write();
        let attempt = accounts.codes.get_mut(&user);
        Ok(attempt.map(|attempt| {
            attempt.tries = attempt.tries.saturating_add(1);
            attempt.clone()
        }))
    }

    async fn use_code(&self, user: UserId, code: &OneTimeCode) -> Result<bool, StoreError> {
        let mut accounts = self.accounts.write();
        if accounts.codes.get(&user).is_none_or(|attempt| attempt.code != *code) {
            return Ok(false);
        }
        accounts.codes.remove(&user);
        if let Some(account) = accounts.get_mut(user) {
            account.verified = true;
        }
        Ok(true)
    }
}
