use std::sync::Arc;

use async_trait::async_trait;
use protocol::{AccountRole, AddMe, SessionId, Timestamp};

use super::{Avatar, NoticeRequest, OneTimeCode, StoreError, UserId};

/// An account, as it is stored.
#[derive(Clone, Debug)]
pub struct Account {
    /// Never given to another account.
    pub id: UserId,
    /// In the spelling it was registered with.
    pub username: String,
    /// The name that clients show.
    pub display_name: String,
    /// An address for one-time codes.
    pub email: Option<String>,
    /// As a PHC string, with its salt and parameters.
    pub password_hash: String,
    /// Whether its owner has entered a one-time code.
    pub verified: bool,
    /// When it was registered.
    pub created_at: Timestamp,
    /// Whether their presence is hidden from everybody; they see nobody else's either.
    pub hide_presence: bool,
    /// Who may add them to a group without asking.
    pub add_me: AddMe,
    /// Their picture.
    pub avatar: Option<Avatar>,
    /// When their last device disconnected; `None` if none ever did.
    pub last_seen_at: Option<Timestamp>,
    /// Whether they run the server.
    pub role: AccountRole,
    /// Whether an admin has shut them out: they cannot log in, and have neither sessions nor API tokens.
    pub disabled: bool,
    /// When the account was deleted. Nothing is left of it but its username, which stays taken.
    pub deleted_at: Option<Timestamp>,
}

impl Account {
    /// Whether its owner sees to the server, and can log in to do so.
    pub fn is_active_admin(&self) -> bool {
        self.role == AccountRole::Admin && self.verified && !self.disabled && self.deleted_at.is_none()
    }

    /// The key for finding people by display name, which compares without case.
    pub fn display_key(display_name: &str) -> String {
        display_name.to_lowercase()
    }
}

/// A change of an account. A field that is `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// See [`Account::display_name`].
    pub display_name: Option<String>,
    /// See [`Account::hide_presence`].
    pub hide_presence: Option<bool>,
    /// See [`Account::add_me`].
    pub add_me: Option<AddMe>,
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

/// How a new account gets its first code.
#[derive(Clone, Debug)]
pub enum FirstCode {
    /// The code is drawn.
    Drawn(OneTimeCode),
    /// The code is drawn when this notice is sent.
    Requested(NoticeRequest),
}

/// When a user's last device disconnected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastSeen {
    /// The user.
    pub user: UserId,
    /// The time to show as last seen.
    pub at: Timestamp,
}

/// One user wants to see another's presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PresenceQuery {
    /// The user who wants to see it.
    pub from: UserId,
    /// The user whose presence it is.
    pub at: UserId,
}

/// A user whose presence was asked for, and whether the asker may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresenceState {
    /// The user.
    pub user: UserId,
    /// Their username as it was registered.
    pub username: Arc<str>,
    /// Whether the asker may see their presence: see [`AccountStore::sees`].
    pub visible: bool,
    /// See [`Account::last_seen_at`].
    pub last_seen_at: Option<Timestamp>,
}

/// People to find by the beginning of their display name.
#[derive(Clone, Debug)]
pub struct NameSearch {
    /// The user who searches.
    pub reader: UserId,
    /// Find those whose [`Account::display_key`] begins with this.
    pub prefix: String,
    /// Only those above this key and id.
    pub after: Option<(String, UserId)>,
    /// Give at most so many.
    pub limit: usize,
    /// Scan at most so many.
    pub looks: usize,
}

/// Some of the people whom a [`NameSearch`] finds.
#[derive(Clone, Debug, Default)]
pub struct FoundAccounts {
    /// Sorted by display key and id.
    pub accounts: Vec<Account>,
    /// Where the search stopped because it had scanned [`NameSearch::looks`]; those above this were not scanned.
    pub stopped: Option<(String, UserId)>,
}

/// Accounts. Usernames are compared without case.
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Creates an account with its first code; `None` if the username is taken. An unverified account that was
    /// created at `freed` or before does not keep its username: it and its codes are replaced.
    async fn create_account(
        &self,
        account: NewAccount,
        code: FirstCode,
        freed: Timestamp,
    ) -> Result<Option<UserId>, StoreError>;

    /// Removes at most `limit` unverified accounts that were created at `freed` or before, and says how many. May
    /// leave the newest account, because its id must not be given to another.
    async fn forget_unverified(&self, freed: Timestamp, limit: usize) -> Result<usize, StoreError>;

    /// The account with this username, verified or not.
    async fn account(&self, username: &str) -> Result<Option<Account>, StoreError>;

    /// The account with this id, verified or not.
    async fn account_of(&self, user: UserId) -> Result<Option<Account>, StoreError>;

    /// The verified accounts with an e-mail address, compared without the case of ASCII letters; at most `limit`, the
    /// oldest first.
    async fn accounts_by_email(&self, email: &str, limit: usize) -> Result<Vec<Account>, StoreError>;

    /// Gives an account a new password, and ends all its sessions but `keep`. Does nothing, and says so, if its
    /// password is no longer `before`.
    async fn change_password(
        &self,
        user: UserId,
        before: String,
        password_hash: String,
        keep: SessionId,
        at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Changes an account and gives its new state; `None` if there is none.
    async fn change_account(
        &self,
        user: UserId,
        change: AccountChange,
    ) -> Result<Option<Account>, StoreError>;

    /// Verified accounts that are not disabled and whose username begins with `prefix`, above `after`, in ascending order. Usernames are
    /// compared in lower case. `reader` is the user who searches.
    async fn accounts_by_username(
        &self,
        reader: UserId,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Account>, StoreError>;

    /// Verified accounts that are not disabled, whose [`Account::display_key`] begins with the prefix and whose username
    /// does not, sorted by that key and their id. The others with that key are scanned as well, so one search may find
    /// nobody although there are more.
    async fn accounts_by_display_name(&self, search: NameSearch) -> Result<FoundAccounts, StoreError>;

    /// Stores when users were last seen. A time that is not later than the stored one changes nothing.
    async fn note_seen(&self, seen: Vec<LastSeen>) -> Result<(), StoreError>;

    /// The users with these usernames, in the same order, for `from` who asks for their presence. Unknown and
    /// unverified users are left out.
    async fn presence_states(
        &self,
        from: UserId,
        usernames: Vec<String>,
    ) -> Result<Vec<PresenceState>, StoreError>;

    /// Whether each presence may be seen; one answer for each look, in order. A user sees their own, and that of
    /// people who share a conversation with them and have not blocked them. If either of the two hides their
    /// presence, they do not see each other's.
    async fn sees(&self, looks: Vec<PresenceQuery>) -> Result<Vec<bool>, StoreError>;
}
