use std::net::IpAddr;

use async_trait::async_trait;
use protocol::Timestamp;

use super::{StoreError, UserId};

/// What a one-time code is for. A code for one purpose is no code for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Verifying a new account.
    Verify,
    /// Setting a new password.
    Reset,
    /// Changing the e-mail address of the account.
    Email,
}

/// A one-time code that waits to be entered. For each purpose a user has at most one for each address that asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneTimeCode {
    /// What it is for.
    pub purpose: Purpose,
    /// SHA-256 of the salt and the code.
    pub hash: [u8; 32],
    /// Random, new for each code.
    pub salt: [u8; 16],
    /// Until when it is accepted.
    pub expires_at: Timestamp,
    /// The address that asked for it; `None` if it was asked for on the server's own machine.
    pub asker: Option<IpAddr>,
    /// The e-mail address that the code proves; only for [`Purpose::Email`].
    pub email: Option<String>,
}

/// A code and how many tries were counted for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeTry {
    /// The code.
    pub code: OneTimeCode,
    /// Tries from the address that asked for it.
    pub tries: u32,
    /// Tries from all other addresses together.
    pub others: u32,
}

/// What becomes of an account by a right code.
#[derive(Clone, Debug)]
pub enum CodeUse {
    /// It is verified.
    Verify {
        /// Whether the code was sent to the account's e-mail address, which it thereby proves.
        email_proven: bool,
    },
    /// It gets a new password, and all its sessions end.
    Reset {
        /// See [`Account::password_hash`](super::Account::password_hash).
        password_hash: String,
        /// When.
        at: Timestamp,
    },
    /// It gets the e-mail address of the code.
    Email {
        /// Whether the code was sent to that address.
        email_proven: bool,
    },
}

/// One-time codes.
#[async_trait]
pub trait CodeStore: Send + Sync {
    /// Stores a code in place of the one that the same address asked for, with no tries counted. A code for
    /// [`Purpose::Verify`] is stored only if the account is not verified, any other only if it is. Codes are stored
    /// for no account that is disabled, deleted or not there.
    async fn put_code(&self, user: UserId, code: OneTimeCode) -> Result<(), StoreError>;

    /// The user's codes for a purpose that have not expired at `now`.
    async fn codes(&self, user: UserId, purpose: Purpose, now: Timestamp)
    -> Result<Vec<CodeTry>, StoreError>;

    /// Counts a try from the address `from`, and gives the codes for which it was counted: the code that this address
    /// asked for and, with `others`, the codes that other addresses asked for. Expired codes are left out. Tries at
    /// the same time are counted one by one.
    async fn try_code(
        &self,
        user: UserId,
        purpose: Purpose,
        from: Option<IpAddr>,
        others: bool,
        now: Timestamp,
    ) -> Result<Vec<CodeTry>, StoreError>;

    /// Changes the account and removes its codes for the purpose, if `code` is still one of them; says whether it was.
    async fn use_code(&self, user: UserId, code: &OneTimeCode, by: CodeUse) -> Result<bool, StoreError>;
}
