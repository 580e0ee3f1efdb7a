//! One-time codes: how a person proves that they are there.

use std::net::IpAddr;

use async_trait::async_trait;
use protocol::Timestamp;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::random::{self, Random};
use crate::store::{Account, OneTimeCode};

/// How codes reach people.
#[async_trait]
pub trait OtpChannel: Send + Sync {
    /// As clients are told: `fixed`, `log`, `email`, `webhook`.
    fn name(&self) -> &'static str;

    /// The code that everybody gets; `None` for a fresh one each time.
    fn fixed_code(&self) -> Option<&'static str> {
        None
    }

    /// Sends a code. A failure is logged, not told: the person asks for another code.
    async fn send(&self, account: &Account, code: &str, expires_at: Timestamp) -> Result<(), String>;
}

/// Six digits, each as likely as the others.
pub(crate) fn draw(random: &dyn Random) -> String {
    const CODES: u32 = 1_000_000;
    loop {
        let drawn = u32::from_le_bytes(random::bytes(random));
        // Past the last whole million the first codes would be likelier.
        if drawn < u32::MAX / CODES * CODES {
            return format!("{:06}", drawn % CODES);
        }
    }
}

/// What is kept of a code. A fast hash is enough: it lives for minutes and dies after a few tries.
pub(crate) fn seal(
    code: &str,
    expires_at: Timestamp,
    asker: Option<IpAddr>,
    random: &dyn Random,
) -> OneTimeCode {
    let salt = random::bytes(random);
    OneTimeCode { hash: hash(code, salt), salt, expires_at, asker }
}

/// Whether `entered` is the code, in a time that does not tell how much of it is right.
pub(crate) fn matches(code: &OneTimeCode, entered: &str) -> bool {
    hash(entered, code.salt).ct_eq(&code.hash).into()
}

fn hash(code: &str, salt: [u8; 16]) -> [u8; 32] {
    Sha256::new().chain_update(salt).chain_update(code).finalize().into()
}
