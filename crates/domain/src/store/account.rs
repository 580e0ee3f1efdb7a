use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use protocol::Timestamp;

use super::{StoreError, UserId};

/// An account, as it is stored.
#[derive(Clone, Debug)]
pub struct Account {
    /// Stable.
    pub id: UserId,
    /// In the spelling it was registered with.
    pub username: String,
    /// The name to show.
    pub display_name: String,
    /// Where a code may be sent.
    pub email: Option<String>,
    /// A PHC string.
    pub password_hash: String,
    /// Whether a code has been entered.
    pub verified: bool,
    /// When it was registered.
    pub created_at: Timestamp,
    /// Whether nobody is told when they are connected.
    pub hide_presence: bool,
    /// When their last device left.
    pub last_seen_at: Option<Timestamp>,
}

impl Account {
    /// By what it is found besides its username: the name to show, compared without case.
    pub fn display_key(display_name: &str) -> String {
        display_name.to_lowercase()
    }
}

/// A change of an account: what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// See [`Account::display_name`].
    pub display_name: Option<String>,
    /// See [`Account::hide_presence`].
    pub hide_presence: Option<bool>,
}

/// An account to create, unverified.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// See [`Account::username`].
    pub username: String,
    /// See [`Account::display_name`].
    pub display_name: String,
    /// See [`Account::email`].
    pub email: Option<String>,
    /// See [`Account::password_hash`].
    pub password_hash: String,
    /// See [`Account::created_at`].
    pub created_at: Timestamp,
}

/// A one-time code that waits to be entered. A user has at most one of each address that asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneTimeCode {
    /// Of the salt and the code.
    pub hash: [u8; 32],
    /// Fresh for each code.
    pub salt: [u8; 16],
    /// After this it is no longer accepted.
    pub expires_at: Timestamp,
    /// The address that asked for it; `None` is the server's own machine.
    pub asker: Option<IpAddr>,
}

/// A code with how often it was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeTry {
    /// What was sent.
    pub code: OneTimeCode,
    /// By the address that asked for it.
    pub tries: u32,
    /// By all others.
    pub others: u32,
}

/// That somebody's last device left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Who.
    pub user: UserId,
    /// When.
    pub at: Timestamp,
}

/// Somebody looks at somebody's presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Look {
    /// Who looks.
    pub from: UserId,
    /// At whom.
    pub at: UserId,
}

/// Somebody whose presence was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Who.
    pub user: UserId,
    /// Their handle.
    pub username: Arc<str>,
    /// Whether it may be seen by who asked: see [`AccountStore::sees`].
    pub visible: bool,
    /// See [`Account::last_seen_at`].
    pub last_seen_at: Option<Timestamp>,
}

/// People to find by the beginning of their display name.
#[derive(Clone, Debug)]
pub struct NameSearch {
    /// Who looks for them.
    pub reader: UserId,
    /// What the [`Account::display_key`] begins with.
    pub prefix: String,
    /// Only those above this key and id.
    pub after: Option<(String, UserId)>,
    /// At most so many.
    pub limit: usize,
    /// At most so many are looked at.
    pub looks: usize,
}

/// A part of the people there are to find.
#[derive(Clone, Debug, Default)]
pub struct FoundAccounts {
    /// In their order.
    pub accounts: Vec<Account>,
    /// Where the search was given up, since it had looked at as many as it may: those above were not looked at.
    pub stopped: Option<(String, UserId)>,
}

/// Accounts and their one-time codes. Usernames are compared without case.
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Creates an account with its first code; `None` if the username is taken. One that is not verified and
    /// was created at `freed` or before gives its username up, and its codes.
    async fn create_account(
        &self,
        account: NewAccount,
        code: OneTimeCode,
        freed: Timestamp,
    ) -> Result<Option<UserId>, StoreError>;

    /// Removes accounts that are not verified and were created at `freed` or before, at most `limit`; says
    /// how many. May leave the newest account, since an id is given to nobody else.
    async fn forget_unverified(&self, freed: Timestamp, limit: usize) -> Result<usize, StoreError>;

    /// The account of a username.
    async fn account(&self, username: &str) -> Result<Option<Account>, StoreError>;

    /// The account of an id.
    async fn account_of(&self, user: UserId) -> Result<Option<Account>, StoreError>;

    /// Replaces the code that its asker has for the user; the tries start again. Does nothing for an account
    /// that is verified or not there.
    async fn put_code(&self, user: UserId, code: OneTimeCode) -> Result<(), StoreError>;

    /// The user's codes that have not expired at `now`.
    async fn codes(&self, user: UserId, now: Timestamp) -> Result<Vec<CodeTry>, StoreError>;

    /// Counts a try from an address and gives the codes it counts for, of those that have not expired: the
    /// one that this address asked for, and with `others` all others. Tries at the same time are counted one
    /// by one.
    async fn try_code(
        &self,
        user: UserId,
        from: Option<IpAddr>,
        others: bool,
        now: Timestamp,
    ) -> Result<Vec<CodeTry>, StoreError>;

    /// Marks the account verified and uses up its codes, if `code` is still one of them; says whether it was.
    async fn use_code(&self, user: UserId, code: &OneTimeCode) -> Result<bool, StoreError>;

    /// Changes an account; gives it as it is then.
    async fn change_account(
        &self,
        user: UserId,
        change: AccountChange,
    ) -> Result<Option<Account>, StoreError>;

    /// Verified accounts whose username begins with `prefix` (in lower case), by their username in lower case,
    /// from above `after` on; `reader` looks for them.
    async fn accounts_by_username(
        &self,
        reader: UserId,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Account>, StoreError>;

    /// Verified accounts whose [`Account::display_key`] begins with a prefix and whose username does not, by that
    /// key and their id. Those whose username does are looked at, too, so it may find nobody and yet not have come to
    /// the end.
    async fn accounts_by_display_name(&self, search: NameSearch) -> Result<FoundAccounts, StoreError>;

    /// Notes when people left; what is not later than what is stored changes nothing.
    async fn note_seen(&self, seen: Vec<Seen>) -> Result<(), StoreError>;

    /// Whose presence `from` asks for, in the order of the usernames; who is unknown or not verified is left out.
    async fn look_for(&self, from: UserId, usernames: Vec<String>) -> Result<Vec<Sighting>, StoreError>;

    /// Which presence may be seen, one answer for each look, in order: that of oneself and of people with whom one
    /// shares a conversation and who have not blocked one; not where either of the two hides their own.
    async fn sees(&self, looks: Vec<Look>) -> Result<Vec<bool>, StoreError>;
}
