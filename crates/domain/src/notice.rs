//! Sending notices: one-time codes and what else people are told by e-mail or by another way outside of the server.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use protocol::Timestamp;
use tokio::sync::Notify;

use crate::Settings;
use crate::context::Context;
use crate::limit::Limiter;
use crate::otp::{self, Notice, NoticeContent, OtpChannel, SendError};
use crate::store::{
    Account, NoticeKind, NoticeRequest, OneTimeCode, Purpose, Recipient, Store, StoreError, WaitingNotice,
};

/// Notices that are sent at the same time.
const AT_ONCE: usize = 8;
/// Notices that are read at a time.
const PAGE: usize = 64;
/// How often the store is asked for notices that are due, if nobody asks for one.
const LOOK: Duration = Duration::from_secs(1);
/// The wait after the first failure of a notice. It doubles with each further one, up to [`LONGEST`].
const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_mins(5);
/// A notice that was not sent by then is given up: whoever waited for it has asked for another.
const GIVEN_UP: Duration = Duration::from_hours(1);
/// Accounts with the same e-mail address that are told.
const SHARING: usize = 5;

/// Sends the notices that were asked for.
///
/// A request for a notice is stored, and answered at once. A notice is removed from the store after it was sent, so a
/// crash between the two sends it twice, and loses none. A code is drawn when it is sent and stored hashed. If sending
/// fails, the next try has a new code.
pub struct Notices {
    context: Arc<Context>,
    channel: Arc<dyn OtpChannel>,
    /// Notices to one e-mail address, or to one account that has none.
    recipients: Limiter<Box<str>>,
    lifetime: Duration,
    asked: Notify,
}

impl Notices {
    pub(crate) fn new(context: Arc<Context>, channel: Arc<dyn OtpChannel>, settings: &Settings) -> Self {
        let recipients = Limiter::new(settings.notices_of_recipient);
        Self { context, channel, recipients, lifetime: settings.otp_lifetime, asked: Notify::new() }
    }

    /// A notice was asked for.
    pub(crate) fn wake(&self) {
        self.asked.notify_one();
    }

    /// Sends notices until `stop`.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            let sent = tokio::select! {
                sent = self.send_due() => sent,
                () = &mut stop => return,
            };
            match sent {
                Ok(PAGE..) => continue,
                Ok(_) => {}
                Err(StoreError::Closed) => return,
                Err(error) => tracing::warn!(%error, "notices cannot be sent now; it is tried again"),
            }
            tokio::select! {
                () = self.asked.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
                () = &mut stop => return,
            }
        }
    }

    /// Sends the notices that are due now, and says how many there were.
    pub async fn send_due(&self) -> Result<usize, StoreError> {
        let due = self.context.store.due_notices(self.context.clock.now(), PAGE).await?;
        let count = due.len();
        let mut settled = stream::iter(due).map(|notice| self.settle(notice)).buffer_unordered(AT_ONCE);
        let mut outcome = Ok(count);
        while let Some(settled) = settled.next().await {
            outcome = settled.and(outcome);
        }
        outcome
    }

    /// Sends a notice, and removes it or puts it off.
    async fn settle(
        &self,
        WaitingNotice { number, request, failures }: WaitingNotice,
    ) -> Result<(), StoreError> {
        let now = self.context.clock.now();
        let kind = request.kind;
        let error = match self.send(&request).await? {
            Ok(()) => return self.context.store.remove_notice(number).await,
            Err(error) => error,
        };
        let channel = self.channel.name();
        let final_error = matches!(error, SendError::Refused(_)) || request.at.plus(GIVEN_UP) <= now;
        if final_error {
            tracing::warn!(channel, ?kind, %error, "a notice was not sent and is given up");
            return self.context.store.remove_notice(number).await;
        }
        let wait = FIRST.saturating_mul(1 << failures.min(16)).min(LONGEST);
        tracing::warn!(channel, ?kind, %error, ?wait, "a notice was not sent; it is tried again");
        self.context.store.put_notice_off(number, self.context.clock.now().plus(wait)).await
    }

    /// Sends a notice to everybody for whom it is. Nobody is no error.
    async fn send(&self, request: &NoticeRequest) -> Result<Result<(), SendError>, StoreError> {
        let accounts = recipients(&*self.context.store, &request.recipient).await?;
        let at = match &request.recipient {
            Recipient::At(_, email) => Some(email.as_str()),
            Recipient::Username(_) | Recipient::Email(_) => None,
        };
        for account in accounts.iter().filter(|account| is_for(request.kind, account)) {
            let email = at.or(account.email.as_deref());
            if self.channel.needs_email() && email.is_none() {
                tracing::info!(username = account.username, "no notice: the account has no e-mail address");
                continue;
            }
            let recipient: Box<str> = email.unwrap_or(&account.username).to_lowercase().into();
            if self.recipients.take(recipient.clone(), self.context.clock.monotonic()).is_err() {
                tracing::warn!(username = account.username, "no notice: too many went to the same recipient");
                continue;
            }
            if let Err(error) = self.send_to(account, email, at, request).await? {
                self.recipients.refund(&recipient);
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    async fn send_to(
        &self,
        account: &Account,
        email: Option<&str>,
        proves: Option<&str>,
        request: &NoticeRequest,
    ) -> Result<Result<(), SendError>, StoreError> {
        let language = request.language;
        let purpose = match request.kind {
            NoticeKind::Verify => Purpose::Verify,
            NoticeKind::Reset => Purpose::Reset,
            NoticeKind::Email => Purpose::Email,
            NoticeKind::EmailChanging | NoticeKind::PasswordChanged => {
                let content = if request.kind == NoticeKind::EmailChanging {
                    NoticeContent::EmailChanging
                } else {
                    NoticeContent::PasswordChanged
                };
                return Ok(self.channel.send(&Notice { account, email, language, content }).await);
            }
        };
        let expires_at: Timestamp = self.context.clock.now().plus(self.lifetime);
        let code = otp::draw(&*self.context.random);
        let sealed = otp::seal(purpose, &code, expires_at, request.asker, &*self.context.random);
        let sealed = OneTimeCode { email: proves.map(str::to_owned), ..sealed };
        // Before it is sent, because it may be entered at once.
        self.context.store.put_code(account.id, sealed).await?;
        let content = NoticeContent::Code { purpose, code: &code, expires_at };
        Ok(self.channel.send(&Notice { account, email, language, content }).await)
    }
}

/// The accounts for which a notice may be.
pub(crate) async fn recipients(store: &dyn Store, recipient: &Recipient) -> Result<Vec<Account>, StoreError> {
    Ok(match recipient {
        Recipient::Email(email) => store.accounts_by_email(email, SHARING).await?,
        Recipient::Username(username) | Recipient::At(username, _) => {
            store.account(username).await?.into_iter().collect()
        }
    })
}

/// Whether a notice is for an account as it is now.
pub(crate) fn is_for(kind: NoticeKind, account: &Account) -> bool {
    let there = !account.disabled && account.deleted_at.is_none();
    // Who has no password belongs to a host application, which alone lets them in.
    let keeps = kind != NoticeKind::Reset || !account.password_hash.is_empty();
    there && keeps && account.verified == (kind != NoticeKind::Verify)
}
