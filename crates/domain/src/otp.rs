//! One-time codes, and the port through which they reach people.

use std::net::IpAddr;

use async_trait::async_trait;
use protocol::Timestamp;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::language::Language;
use crate::random::{self, Random};
use crate::store::{Account, OneTimeCode, Purpose};

/// What people are told outside of the server.
#[derive(Clone, Debug)]
pub struct Notice<'a> {
    /// Whom.
    pub account: &'a Account,
    /// The e-mail address for it: that of the account, or the one that it is to have.
    pub email: Option<&'a str>,
    /// In which language.
    pub language: Language,
    /// What.
    pub content: NoticeContent<'a>,
}

/// What a notice tells.
#[derive(Clone, Copy, Debug)]
pub enum NoticeContent<'a> {
    /// A one-time code.
    Code {
        /// What it is for.
        purpose: Purpose,
        /// The code.
        code: &'a str,
        /// Until when it is accepted.
        expires_at: Timestamp,
    },
    /// Somebody with the password wants another e-mail address for the account.
    EmailChanging,
    /// The password has changed.
    PasswordChanged,
}

/// Why a notice was not sent.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SendError {
    /// It would not be taken later either: for example, there is no such address.
    #[error("refused: {0}")]
    Refused(String),
    /// It may be taken later.
    #[error("not available: {0}")]
    Unavailable(String),
}

/// The port through which codes reach people.
#[async_trait]
pub trait OtpChannel: Send + Sync {
    /// The name that clients are told: `fixed`, `log`, `email` or `webhook`.
    fn name(&self) -> &'static str;

    /// The code that everybody gets; `None` for a new random one each time.
    fn fixed_code(&self) -> Option<&'static str> {
        None
    }

    /// Whether sending takes time and may fail. Then it is done after the request that asked for it was answered.
    fn takes_time(&self) -> bool {
        false
    }

    /// Whether codes go to the e-mail address of an account, which thereby needs one.
    fn needs_email(&self) -> bool {
        false
    }

    /// Sends a notice. Ends by itself, within a minute.
    async fn send(&self, notice: &Notice<'_>) -> Result<(), SendError>;
}

/// Six random digits. All codes are equally likely.
pub(crate) fn draw(random: &dyn Random) -> String {
    const CODES: u32 = 1_000_000;
    loop {
        let drawn = u32::from_le_bytes(random::bytes(random));
        // Numbers above the last whole million would make the lowest codes likelier.
        if drawn < u32::MAX / CODES * CODES {
            return format!("{:06}", drawn % CODES);
        }
    }
}

/// A code as it is stored, hashed. A fast hash is enough, because a code lives for minutes and has few tries.
pub(crate) fn seal(
    purpose: Purpose,
    code: &str,
    expires_at: Timestamp,
    asker: Option<IpAddr>,
    random: &dyn Random,
) -> OneTimeCode {
    let salt = random::bytes(random);
    OneTimeCode { purpose, hash: hash(code, salt), salt, expires_at, asker, email: None }
}

/// Whether `entered` is the code. Takes the same time however much of it is right.
pub(crate) fn matches(code: &OneTimeCode, entered: &str) -> bool {
    hash(entered, code.salt).ct_eq(&code.hash).into()
}

fn hash(code: &str, salt: [u8; 16]) -> [u8; 32] {
    Sha256::new().chain_update(salt).chain_update(code).finalize().into()
}
