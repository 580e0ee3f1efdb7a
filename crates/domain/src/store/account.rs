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

/// A one-time code that waits to be entered; a user has at most one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneTimeCode {
    /// Of the salt and the code.
    pub hash: [u8; 32],
    /// Fresh for each code.
    pub salt: [u8; 16],
    /// After this it is no longer accepted.
    pub expires_at: Timestamp,
}

/// A code with the number of tries, this one counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeTry {
    /// What was sent.
    pub code: OneTimeCode,
    /// 1 on the first try.
    pub tries: u32,
}

/// Accounts and their one-time codes. Usernames are compared without case.
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Creates an account with its first code; `None` if the username is taken.
    async fn create_account(
        &self,
        account: NewAccount,
        code: OneTimeCode,
    ) -> Result<Option<UserId>, StoreError>;

    /// The account of a username.
    async fn account(&self, username: &str) -> Result<Option<Account>, StoreError>;

    /// The account of an id.
    async fn account_of(&self, user: UserId) -> Result<Option<Account>, StoreError>;

    /// Replaces the user's code; its tries start again.
    async fn put_code(&self, user: UserId, code: OneTimeCode) -> Result<(), StoreError>;

    /// Counts a try and gives the code; tries at the same time are counted one by one.
    async fn try_code(&self, user: UserId) -> Result<Option<CodeTry>, StoreError>;

    /// Marks the account verified and uses up its code, if `code` is still the user's code; says whether
    /// it was.
    async fn use_code(&self, user: UserId, code: &OneTimeCode) -> Result<bool, StoreError>;
}
