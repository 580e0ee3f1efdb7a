//! How one-time codes reach people.

use async_trait::async_trait;
use domain::OtpChannel;
use domain::store::Account;
use protocol::Timestamp;

/// Everybody gets the same code. For development only.
pub(crate) struct Fixed;

#[async_trait]
impl OtpChannel for Fixed {
    fn name(&self) -> &'static str {
        "fixed"
    }

    fn fixed_code(&self) -> Option<&'static str> {
        Some("123456")
    }

    async fn send(&self, _: &Account, _: &str, _: Timestamp) -> Result<(), String> {
        Ok(())
    }
}

/// The code is written to the log, for an operator who hands it on. No other secret is ever logged, and this one only
/// because the operator chose this channel.
pub(crate) struct Log;

#[async_trait]
impl OtpChannel for Log {
    fn name(&self) -> &'static str {
        "log"
    }

    async fn send(&self, account: &Account, code: &str, expires_at: Timestamp) -> Result<(), String> {
        tracing::info!(username = account.username, code, %expires_at, "one-time code");
        Ok(())
    }
}
