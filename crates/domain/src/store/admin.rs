use async_trait::async_trait;
use protocol::{AccountRole, AuditAction, SessionId, Timestamp};

use super::{Account, Deed, NewAccount, StoreError, UserId};

/// A change of an account by an admin. A field that is `None` stays as it is.
#[derive(Clone, Debug)]
pub struct AdminChange {
    /// Whose account.
    pub user: UserId,
    /// See [`Account::disabled`].
    pub disabled: Option<bool>,
    /// See [`Account::role`].
    pub role: Option<AccountRole>,
    /// See [`Account::display_name`].
    pub display_name: Option<String>,
    /// Whether it is refused if no admin would be left who can log in.
    pub keeps_an_admin: bool,
    /// For the audit log.
    pub deed: Deed,
}

impl AdminChange {
    /// Changes the account, and gives what the audit log says of it: nothing for what was so before.
    pub fn apply(&self, account: &mut Account) -> Vec<AuditAction> {
        let mut actions = Vec::new();
        if let Some(disabled) = self.disabled.filter(|disabled| *disabled != account.disabled) {
            account.disabled = disabled;
            actions.push(if disabled { AuditAction::UserDisabled } else { AuditAction::UserEnabled });
        }
        if let Some(role) = self.role.filter(|role| *role != account.role) {
            account.role = role;
            actions.push(match role {
                AccountRole::Admin => AuditAction::AdminAdded,
                AccountRole::Member => AuditAction::AdminRemoved,
            });
        }
        if let Some(name) = self.display_name.as_ref().filter(|name| **name != account.display_name) {
            account.display_name.clone_from(name);
            actions.push(AuditAction::UserRenamed);
        }
        actions
    }
}

/// The outcome of an [`AdminChange`].
#[derive(Clone, Debug)]
pub enum AdminChanged {
    /// It is changed. If it was disabled, its sessions and API tokens have ended.
    Changed {
        /// The new state.
        account: Box<AdminAccount>,
        /// The sessions and API tokens that have ended.
        ended: Vec<SessionId>,
    },
    /// No admin would be left who can log in.
    LastAdmin,
    /// There is no such account.
    Unknown,
}

/// An account as admins see it.
#[derive(Clone, Debug)]
pub struct AdminAccount {
    /// The account.
    pub account: Account,
    /// Its sessions that have not ended, without API tokens.
    pub sessions: u64,
}

/// Where a search of accounts found one, which is also its place in the order of what is found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountPlace {
    /// By what it was found.
    pub field: FoundBy,
    /// The field, as it is compared.
    pub key: String,
    /// The account.
    pub user: UserId,
}

/// What a search of accounts looks at, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FoundBy {
    /// The username in lower case.
    Username,
    /// [`Account::display_key`].
    DisplayName,
    /// The e-mail address in lower case.
    Email,
}

impl FoundBy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Username, Self::DisplayName, Self::Email];
}

impl AccountPlace {
    /// Where an account is found by the beginning of a field.
    pub fn of(account: &Account, query: &str) -> Option<Self> {
        let found = FoundBy::ALL.into_iter().find_map(|field| {
            let key = match field {
                FoundBy::Username => account.username.to_ascii_lowercase(),
                FoundBy::DisplayName => Account::display_key(&account.display_name),
                FoundBy::Email => account.email.as_ref()?.to_ascii_lowercase(),
            };
            key.starts_with(&Self::query(field, query)).then_some((field, key))
        });
        found.map(|(field, key)| Self { field, key, user: account.id })
    }

    /// The beginning to look for in a field.
    pub fn query(field: FoundBy, query: &str) -> String {
        match field {
            FoundBy::Username | FoundBy::Email => query.to_ascii_lowercase(),
            FoundBy::DisplayName => Account::display_key(query),
        }
    }
}

/// What admins and the command line do with accounts.
#[async_trait]
pub trait AdminStore: Send + Sync {
    /// Adds a verified account; `None` if the username is taken. As in
    /// [`AccountStore::create_account`](super::AccountStore::create_account), an unverified account that was created
    /// at `freed` or before does not keep its username.
    async fn add_account(
        &self,
        account: NewAccount,
        role: AccountRole,
        deed: Deed,
        freed: Timestamp,
    ) -> Result<Option<UserId>, StoreError>;

    /// Changes an account. If that disables it, its sessions and API tokens end with it.
    async fn administer(&self, change: AdminChange) -> Result<AdminChanged, StoreError>;

    /// Ends all sessions and API tokens of a user, and gives them.
    async fn log_out(&self, user: UserId, deed: Deed) -> Result<Vec<SessionId>, StoreError>;

    /// Accounts of which a field begins with the query, verified or not, in the order of their places: each once, in
    /// its first. All accounts begin with an empty query.
    async fn find_accounts(
        &self,
        query: &str,
        after: Option<AccountPlace>,
        limit: usize,
    ) -> Result<Vec<AdminAccount>, StoreError>;

    /// An account with the number of its sessions.
    async fn admin_account(&self, user: UserId) -> Result<Option<AdminAccount>, StoreError>;

    /// Whether there is an admin who can log in.
    async fn has_admin(&self) -> Result<bool, StoreError>;
}
