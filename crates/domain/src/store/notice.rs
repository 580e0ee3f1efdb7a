use std::net::IpAddr;

use async_trait::async_trait;
use protocol::Timestamp;

use super::StoreError;
use crate::language::Language;

/// What a notice tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// A code to verify a new account.
    Verify,
    /// A code to set a new password.
    Reset,
    /// A code to change the e-mail address, sent to the new one.
    Email,
    /// That the e-mail address is about to change, sent to the old one.
    EmailChanging,
    /// That the password has changed.
    PasswordChanged,
}

/// For whom a notice is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// The account with this username, if there is one.
    Username(String),
    /// The accounts with this e-mail address, if there are any.
    Email(String),
    /// The account with this username, at this address instead of its own.
    At(String, String),
}

/// A notice that is to be sent to somebody. It says neither whether there is such an account nor, of a code, which: the
/// code is drawn when the notice is sent, so that it is stored nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeRequest {
    /// What it tells.
    pub kind: NoticeKind,
    /// For whom it is.
    pub recipient: Recipient,
    /// The address that asked for it; `None` if it was asked for on the server's own machine.
    pub asker: Option<IpAddr>,
    /// The language of who asked.
    pub language: Language,
    /// When it was asked for.
    pub at: Timestamp,
}

/// A notice that waits to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingNotice {
    /// Its number in the store.
    pub number: i64,
    /// What was asked for.
    pub request: NoticeRequest,
    /// How often sending it has failed.
    pub failures: u32,
}

/// Notices that wait to be sent.
#[async_trait]
pub trait NoticeStore: Send + Sync {
    /// Adds a notice, to be sent at once.
    async fn request_notice(&self, request: NoticeRequest) -> Result<(), StoreError>;

    /// The first `limit` notices that are due at `now`, those due longest first.
    async fn due_notices(&self, now: Timestamp, limit: usize) -> Result<Vec<WaitingNotice>, StoreError>;

    /// Removes a notice that was sent, or is not to be.
    async fn remove_notice(&self, number: i64) -> Result<(), StoreError>;

    /// Counts a failure of a notice, which is due again at `due_at`.
    async fn put_notice_off(&self, number: i64, due_at: Timestamp) -> Result<(), StoreError>;
}
