//! One-time codes, with which people verify their accounts.

use std::net::IpAddr;

use async_trait::async_trait;
use protocol::Timestamp;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::random::{self, Random};
use crate::store::{Account, OneTimeCode};

/// The port through which codes reach people.
#[async_trait]
pub trait OtpChannel: Send + Sync {
    /// The name that clients are told: `fixed`, `log`, `email` or `webhook`.
    fn name(&self) -> &'static str;

    /// The code that everybody gets; `None` for a new random one each time.
    fn fixed_code(&self) -> Option<&'static str> {
        None
    }

    /// Sends a code. A failure is logged and not told to the client, who asks for another code.
    async fn send(&self, account: &Account, code: &str, expires_at: Timestamp) -> Result<(), String>;
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
    code: &str,
    expires_at: Timestamp,
    asker: Option<IpAddr>,
    random: &dyn Random,
) -> OneTimeCode {
    let salt = random::bytes(random);
    OneTimeCode { hash: hash(code, salt), salt, expires_at, asker }
}

/// Whether `entered` is the code. Takes the same time however much of it is right.
pub(crate) fn matches(code: &OneTimeCode, entered: &str) -> bool {
    hash(entered, code.salt).ct_eq(&code.hash).into()
}

fn hash(code: &str, salt: [u8; 16]) -> [u8; 32] {
    Sha256::new().chain_update(salt).chain_update(code).finalize().into()
}
