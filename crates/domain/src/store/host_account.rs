use async_trait::async_trait;
use protocol::{SessionId, Timestamp};

use super::{Account, StoreError, UserId};

/// An account that was made for a person of a host application.
#[derive(Clone, Debug)]
pub struct HostAccount {
    /// The account.
    pub account: Account,
    /// Stands for a session behind all tokens of the person. Another one after their tokens were refused.
    pub session: SessionId,
    /// Tokens that were issued before are refused; `None` if none are.
    pub not_before: Option<Timestamp>,
}

/// An account to create for a person of a host application. It has no password, and is verified.
#[derive(Clone, Debug)]
pub struct NewHostAccount {
    /// The issuer of the person's tokens. The account is that issuer's for ever.
    pub issuer: String,
    /// The person, as the issuer names them.
    pub subject: String,
    /// See [`Account::username`].
    pub username: String,
    /// See [`Account::display_name`].
    pub display_name: String,
    /// See [`Account::created_at`].
    pub created_at: Timestamp,
    /// See [`HostAccount::session`].
    pub session: SessionId,
}

/// Accounts of people whom a host application vouches for.
#[async_trait]
pub trait HostAccountStore: Send + Sync {
    /// The account of a person of an issuer.
    async fn host_account(&self, issuer: &str, subject: &str) -> Result<Option<HostAccount>, StoreError>;

    /// The account with this session.
    async fn host_account_of(&self, session: SessionId) -> Result<Option<HostAccount>, StoreError>;

    /// Creates an account, or gives the one that its person has already. `None` if the username is somebody else's. An
    /// unverified account that was created at `freed` or before does not keep its username.
    async fn create_host_account(
        &self,
        account: NewHostAccount,
        freed: Timestamp,
    ) -> Result<Option<HostAccount>, StoreError>;

    /// Refuses the tokens of a user that were issued before `now`: their session ends, and `next` takes its place. Gives
    /// the session that ended; `None` if no host application made the account.
    async fn refuse_host_tokens(
        &self,
        user: UserId,
        next: SessionId,
        now: Timestamp,
    ) -> Result<Option<SessionId>, StoreError>;
}
