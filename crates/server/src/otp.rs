//! How one-time codes reach people on the server's own machine. [`crate::mail`] and [`crate::webhook`] reach others.

use async_trait::async_trait;
use domain::{Notice, NoticeContent, OtpChannel, SendError};

use crate::mail;

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

    async fn send(&self, _: &Notice<'_>) -> Result<(), SendError> {
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

    async fn send(&self, notice: &Notice<'_>) -> Result<(), SendError> {
        if let NoticeContent::Code { code, expires_at, .. } = notice.content {
            let (username, purpose) = (&notice.account.username, mail::kind(notice.content));
            tracing::info!(username, code, purpose, %expires_at, "one-time code");
        }
        Ok(())
    }
}
