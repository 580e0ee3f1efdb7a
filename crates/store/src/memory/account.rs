use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;

use async_trait::async_trait;
use domain::store::{
    Account, AccountChange, AccountStore, Avatar, CodeTry, FirstCode, FoundAccounts, LastSeen, NameSearch,
    NewAccount, OneTimeCode, PresenceQuery, PresenceState, StoreError, UserId,
};
use protocol::{AccountRole, AddMe, SessionId, Timestamp};

use super::MemoryStore;

#[derive(Default)]
pub(super) struct Accounts {
    /// The account of user `n` is at `n - 1`, unless it was removed.
    all: Vec<Option<Account>>,
    by_name: HashMap<String, UserId>,
    /// The codes of each user, one for each purpose and address that asked.
    pub(super) codes: HashMap<UserId, Vec<CodeTry>>,
    /// Verified users, by their username in lower case.
    usernames: BTreeSet<(String, UserId)>,
    /// Verified users, by [`Account::display_key`].
    display_names: BTreeSet<(String, UserId)>,
}

/// The account is that of the only admin, and others are there.
pub(super) struct LastAdmin;

impl Accounts {
    pub(super) fn get(&self, user: UserId) -> Option<&Account> {
        self.all.get(usize::try_from(user.0).ok()?.checked_sub(1)?)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, user: UserId) -> Option<&mut Account> {
        self.all.get_mut(usize::try_from(user.0).ok()?.checked_sub(1)?)?.as_mut()
    }

    /// The pictures of all users.
    pub(super) fn avatars(&self) -> impl Iterator<Item = Avatar> {
        self.all.iter().flatten().filter_map(|account| account.avatar)
    }

    /// Removes the codes for which `expired` returns true.
    pub(super) fn forget_codes(&mut self, expired: impl Fn(&OneTimeCode) -> bool) {
        self.codes.retain(|_, codes| {
            codes.retain(|attempt| !expired(&attempt.code));
            !codes.is_empty()
        });
    }

    /// Closes an account, and gives the picture that it had. `None` if there is no such account, and an error if it is
    /// that of the last admin.
    pub(super) fn close(&mut self, user: UserId, at: Timestamp) -> Option<Result<Option<Avatar>, LastAdmin>> {
        let there = |account: &&Account| account.verified && account.deleted_at.is_none();
        let account = self.get(user).filter(there)?.clone();
        if account.role == AccountRole::Admin {
            let others = || self.all.iter().flatten().filter(there).filter(|other| other.id != user);
            let leads = |other: &Account| other.role == AccountRole::Admin && !other.disabled;
            if others().next().is_some() && !others().any(leads) {
                return Some(Err(LastAdmin));
            }
        }
        self.codes.remove(&user);
        self.usernames.remove(&(account.username.to_ascii_lowercase(), user));
        self.display_names.remove(&(Account::display_key(&account.display_name), user));
        let closed = Account {
            id: user,
            display_name: account.username.clone(),
            username: account.username,
            email: None,
            password_hash: String::new(),
            verified: true,
            created_at: account.created_at,
            hide_presence: true,
            add_me: AddMe::Nobody,
            avatar: None,
            last_seen_at: None,
            role: AccountRole::default(),
            disabled: false,
            deleted_at: Some(at),
        };
        *self.get_mut(user)? = closed;
        Some(Ok(account.avatar))
    }

    /// All accounts, verified or not.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Account> {
        self.all.iter().flatten()
    }

    /// Creates a verified account without a password; `None` if the username is taken.
    pub(super) fn create_verified(
        &mut self,
        username: String,
        display_name: String,
        created_at: Timestamp,
        freed: Timestamp,
    ) -> Option<UserId> {
        let password_hash = String::new();
        let account = NewAccount { username, display_name, email: None, password_hash, created_at };
        let id = self.insert(account, freed)?;
        self.verify(id);
        Some(id)
    }

    /// Inserts an unverified account; `None` if the username is taken. An unverified account that was created at
    /// `freed` or before does not keep its username.
    pub(super) fn insert(&mut self, new: NewAccount, freed: Timestamp) -> Option<UserId> {
        let name = new.username.to_ascii_lowercase();
        if let Some(&holder) = self.by_name.get(&name) {
            if !self.get(holder).is_some_and(|account| !account.verified && account.created_at <= freed) {
                return None;
            }
            self.remove(holder);
        }
        let NewAccount { username, display_name, email, password_hash, created_at } = new;
        let id = UserId(i64::try_from(self.all.len()).unwrap_or(i64::MAX) + 1);
        self.all.push(Some(Account {
            id,
            username,
            display_name,
            email,
            password_hash,
            verified: false,
            created_at,
            hide_presence: false,
            add_me: AddMe::default(),
            avatar: None,
            last_seen_at: None,
            role: AccountRole::default(),
            disabled: false,
            deleted_at: None,
        }));
        self.by_name.insert(name, id);
        Some(id)
    }

    /// Marks an account verified and removes its codes.
    pub(super) fn verify(&mut self, user: UserId) {
        self.codes.remove(&user);
        if let Some(account) = self.get_mut(user) {
            account.verified = true;
            let (name, display) =
                (account.username.to_ascii_lowercase(), Account::display_key(&account.display_name));
            self.usernames.insert((name, user));
            self.display_names.insert((display, user));
        }
    }

    /// Changes the name to show.
    pub(super) fn rename(&mut self, user: UserId, display_name: String) {
        let Some(account) = self.get_mut(user) else { return };
        let after = Account::display_key(&display_name);
        let before = Account::display_key(&std::mem::replace(&mut account.display_name, display_name));
        if self.display_names.remove(&(before, user)) {
            self.display_names.insert((after, user));
        }
    }

    /// Removes an account that was never verified. Only its codes refer to it.
    fn remove(&mut self, user: UserId) {
        let slot = usize::try_from(user.0 - 1).ok().and_then(|place| self.all.get_mut(place));
        if let Some(account) = slot.and_then(Option::take) {
            self.by_name.remove(&account.username.to_ascii_lowercase());
        }
        self.codes.remove(&user);
    }
}

#[async_trait]
impl AccountStore for MemoryStore {
    async fn create_account(
        &self,
        new: NewAccount,
        code: FirstCode,
        freed: Timestamp,
    ) -> Result<Option<UserId>, StoreError> {
        let mut accounts = self.accounts.write();
        let Some(id) = accounts.insert(new, freed) else { return Ok(None) };
        match code {
            FirstCode::Drawn(code) => {
                accounts.codes.insert(id, vec![CodeTry { code, tries: 0, others: 0 }]);
            }
            FirstCode::Requested(request) => self.notices.lock().add(request),
        }
        Ok(Some(id))
    }

    async fn forget_unverified(&self, freed: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let mut accounts = self.accounts.write();
        let gone = accounts.all.iter().flatten();
        let gone = gone.filter(|account| !account.verified && account.created_at <= freed);
        let gone: Vec<_> = gone.map(|account| account.id).take(limit).collect();
        for user in &gone {
            accounts.remove(*user);
        }
        Ok(gone.len())
    }

    async fn account(&self, username: &str) -> Result<Option<Account>, StoreError> {
        let accounts = self.accounts.read();
        let id = accounts.by_name.get(&username.to_ascii_lowercase());
        Ok(id.and_then(|&id| accounts.get(id)).cloned())
    }

    async fn account_of(&self, user: UserId) -> Result<Option<Account>, StoreError> {
        Ok(self.accounts.read().get(user).cloned())
    }

    async fn accounts_by_email(&self, email: &str, limit: usize) -> Result<Vec<Account>, StoreError> {
        let accounts = self.accounts.read();
        let has = |account: &&Account| {
            account.verified && account.email.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(email))
        };
        Ok(accounts.all.iter().flatten().filter(has).take(limit).cloned().collect())
    }

    async fn change_password(
        &self,
        user: UserId,
        before: String,
        password_hash: String,
        keep: SessionId,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        {
            let mut accounts = self.accounts.write();
            let account = accounts.get_mut(user).filter(|account| account.password_hash == before);
            let Some(account) = account else { return Ok(false) };
            account.password_hash = password_hash;
        }
        self.end_sessions(user, Some(keep), at);
        Ok(true)
    }

    async fn change_account(
        &self,
        user: UserId,
        change: AccountChange,
    ) -> Result<Option<Account>, StoreError> {
        let mut accounts = self.accounts.write();
        if accounts.get(user).is_none_or(|account| account.deleted_at.is_some()) {
            return Ok(None);
        }
        if let Some(display_name) = change.display_name {
            accounts.rename(user, display_name);
        }
        let Some(account) = accounts.get_mut(user) else { return Ok(None) };
        account.hide_presence = change.hide_presence.unwrap_or(account.hide_presence);
        account.add_me = change.add_me.unwrap_or(account.add_me);
        Ok(Some(account.clone()))
    }

    async fn accounts_by_username(
        &self,
        _: UserId,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Account>, StoreError> {
        let accounts = self.accounts.read();
        let from = (after.max(prefix).to_owned(), UserId(0));
        let found = accounts.usernames.range(from..).take_while(|(name, _)| name.starts_with(prefix));
        let found = found.filter(|(name, _)| name != after);
        let found = found.filter_map(|(_, user)| accounts.get(*user).filter(|account| !account.disabled));
        Ok(found.take(limit).cloned().collect())
    }

    async fn accounts_by_display_name(&self, search: NameSearch) -> Result<FoundAccounts, StoreError> {
        let NameSearch { reader: _, prefix, after, limit, looks } = search;
        let accounts = self.accounts.read();
        let from = after.map_or_else(|| Bound::Included((prefix.clone(), UserId(0))), Bound::Excluded);
        let named = accounts.display_names.range((from, Bound::Unbounded));
        let named = named.take_while(|(name, _)| name.starts_with(&prefix)).take(looks);
        let mut found = FoundAccounts::default();
        for (scanned, (name, user)) in (1..).zip(named) {
            let account = accounts.get(*user);
            let account = account.filter(|account| {
                !account.disabled && !account.username.to_ascii_lowercase().starts_with(&prefix)
            });
            found.accounts.extend(account.cloned());
            if found.accounts.len() == limit {
                break;
            }
            if scanned == looks {
                found.stopped = Some((name.clone(), *user));
            }
        }
        Ok(found)
    }

    async fn note_seen(&self, seen: Vec<LastSeen>) -> Result<(), StoreError> {
        let mut accounts = self.accounts.write();
        for LastSeen { user, at } in seen {
            if let Some(account) = accounts.get_mut(user).filter(|account| account.deleted_at.is_none()) {
                account.last_seen_at = account.last_seen_at.max(Some(at));
            }
        }
        Ok(())
    }

    async fn presence_states(
        &self,
        from: UserId,
        usernames: Vec<String>,
    ) -> Result<Vec<PresenceState>, StoreError> {
        let mut sightings = Vec::with_capacity(usernames.len());
        for username in usernames {
            let account = self.account(&username).await?.filter(|account| account.verified);
            sightings.extend(account.map(|account| PresenceState {
                user: account.id,
                username: account.username.into(),
                visible: self.may_see(PresenceQuery { from, at: account.id }),
                last_seen_at: account.last_seen_at,
            }));
        }
        Ok(sightings)
    }

    async fn sees(&self, looks: Vec<PresenceQuery>) -> Result<Vec<bool>, StoreError> {
        Ok(looks.into_iter().map(|look| self.may_see(look)).collect())
    }
}

impl MemoryStore {
    /// The rule of [`AccountStore::sees`].
    fn may_see(&self, PresenceQuery { from, at }: PresenceQuery) -> bool {
        let hidden = {
            let accounts = self.accounts.read();
            [from, at].into_iter().any(|user| accounts.get(user).is_none_or(|account| account.hide_presence))
        };
        let blocked = self.blocks.read().get(&at).is_some_and(|blocked| blocked.contains_key(&from));
        !hidden && !blocked && (from == at || self.conversations.read().have_in_common(from, at))
    }
}
