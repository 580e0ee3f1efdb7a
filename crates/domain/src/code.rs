//! Codes: asking for them and checking what people enter.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use protocol::{Code, OtpNotice, Timestamp};

use crate::Settings;
use crate::context::Context;
use crate::error::Error;
use crate::language::Language;
use crate::limit::{Limiter, Rate};
use crate::notice::Notices;
use crate::otp::{self, Notice, NoticeContent, OtpChannel};
use crate::store::{Account, CodeTry, NoticeKind, NoticeRequest, OneTimeCode, Purpose, Recipient, UserId};

/// Addresses that did not ask for a code have, all together, this many times the tries of the address that did. Few,
/// because tries from many addresses are guesses. Using them up keeps nobody out: anybody can ask for a code of their
/// own.
const OTHERS: u32 = 2;

/// Who asks, and how they want to be written to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asker {
    /// Their address; `None` if they are on the server's own machine.
    pub address: Option<IpAddr>,
    /// Their language.
    pub language: Language,
}

/// Draws, sends and checks one-time codes.
///
/// Strangers ask for codes and guess them, too. So each address that asks gets a code and tries of its own, which
/// nobody else can use up or replace. The code also works from other addresses, because people ask on one device and
/// read their mail on another; all other addresses share a number of tries at it. Whatever strangers do, the person
/// who asked can enter the code from the same address until it expires. Anybody who can ask for one more code has five
/// tries at it.
///
/// With the defaults an account has 31 codes at once and then 30 an hour, each with 15 tries. So in the first hour an
/// attacker with hundreds of addresses guesses right with a chance of 1 in 1,100, and one with a single address with
/// 1 in 9,500.
pub(crate) struct Codes {
    context: Arc<Context>,
    pub(crate) channel: Arc<dyn OtpChannel>,
    notices: Arc<Notices>,
    asked_of_address: Limiter<IpAddr>,
    asked: Limiter<(Box<str>, Option<IpAddr>)>,
    asked_of_account: Limiter<Box<str>>,
    /// Tries from one address at codes that other addresses asked for.
    strangers: Limiter<(UserId, Option<IpAddr>)>,
    tries: u32,
    lifetime: Duration,
}

impl Codes {
    pub(crate) fn new(
        context: Arc<Context>,
        channel: Arc<dyn OtpChannel>,
        notices: Arc<Notices>,
        settings: &Settings,
    ) -> Self {
        Self {
            context,
            channel,
            notices,
            asked_of_address: Limiter::new(settings.codes_of_address),
            asked: Limiter::new(settings.resends),
            asked_of_account: Limiter::new(settings.resends_of_account),
            strangers: Limiter::new(Rate::per(settings.otp_lifetime, settings.otp_tries)),
            tries: settings.otp_tries,
            lifetime: settings.otp_lifetime,
        }
    }

    /// That a code is on its way.
    pub(crate) fn notice(&self) -> OtpNotice {
        OtpNotice { channel: self.channel.name().to_owned(), expires_at: self.expires_at() }
    }

    /// Counts a request for a code by the address of who asks, whatever account they name; fails with the time to wait
    /// if there were too many. To be counted first, because who makes up names would otherwise fill the other limits'
    /// tables, and the store with requests.
    pub(crate) fn charge_address(&self, asker: Asker) -> Result<(), Duration> {
        let now = self.context.clock.monotonic();
        asker.address.map_or(Ok(()), |address| self.asked_of_address.take(address, now))
    }

    /// Counts a request for a code; fails with the time to wait if there were too many. `about` is a username or an
    /// e-mail address.
    pub(crate) fn charge(&self, about: &str, asker: Asker) -> Result<(), Duration> {
        let now = self.context.clock.monotonic();
        let about: Box<str> = about.to_ascii_lowercase().into();
        self.asked.take((about.clone(), asker.address), now)?;
        self.asked_of_account.take(about, now)
    }

    /// A request for a notice.
    pub(crate) fn request(&self, kind: NoticeKind, recipient: Recipient, asker: Asker) -> NoticeRequest {
        let Asker { address, language } = asker;
        NoticeRequest { kind, recipient, asker: address, language, at: self.context.clock.now() }
    }

    /// Has a notice sent.
    pub(crate) async fn ask(&self, request: NoticeRequest) -> Result<(), Error> {
        self.context.store.request_notice(request).await?;
        self.notices.wake();
        Ok(())
    }

    /// A notice was asked for together with something else.
    pub(crate) fn wake(&self) {
        self.notices.wake();
    }

    /// A new code with what is stored of it.
    pub(crate) fn draw(&self, purpose: Purpose, asker: Option<IpAddr>) -> (String, OneTimeCode) {
        let random = &*self.context.random;
        let code = self.channel.fixed_code().map_or_else(|| otp::draw(random), str::to_owned);
        let sealed = otp::seal(purpose, &code, self.expires_at(), asker, random);
        (code, sealed)
    }

    /// Draws a code and sends it at once. Only for a channel that takes no time.
    pub(crate) async fn send_now(
        &self,
        account: &Account,
        purpose: Purpose,
        email: Option<String>,
        asker: Asker,
    ) -> Result<(), Error> {
        let (code, sealed) = self.draw(purpose, asker.address);
        let sealed = OneTimeCode { email, ..sealed };
        self.context.store.put_code(account.id, sealed.clone()).await?;
        self.hand_over(account, &code, &sealed, asker.language).await;
        Ok(())
    }

    /// Sends a code that is stored. Only for a channel that takes no time.
    pub(crate) async fn hand_over(
        &self,
        account: &Account,
        code: &str,
        sealed: &OneTimeCode,
        language: Language,
    ) {
        let OneTimeCode { purpose, expires_at, .. } = *sealed;
        let email = sealed.email.as_deref().or(account.email.as_deref());
        let content = NoticeContent::Code { purpose, code, expires_at };
        if let Err(error) = self.channel.send(&Notice { account, email, language, content }).await {
            let channel = self.channel.name();
            tracing::warn!(channel, username = account.username, %error, "a one-time code was not sent");
        }
    }

    /// The code that was entered, if it is right. It is still to be used. `address` is `None` if the request came from
    /// the server's own machine.
    pub(crate) async fn check(
        &self,
        user: UserId,
        purpose: Purpose,
        entered: &str,
        address: Option<IpAddr>,
    ) -> Result<OneTimeCode, Error> {
        let now = self.context.clock.now();
        let mut codes = self.context.store.codes(user, purpose, now).await?;
        let expires_at = codes.iter().map(|code| code.code.expires_at).max().ok_or_else(invalid)?;
        let locked = || {
            // Locked until the code would have expired.
            let left = expires_at.as_millis().abs_diff(now.as_millis());
            let retry_after = Some(Duration::from_millis(left));
            Error { retry_after, ..Error::new(Code::OtpLocked, "Ask for a new code.") }
        };
        codes.retain(|code| self.tries_left(code, address) > 0);
        let is_own = |code: &CodeTry| code.code.asker == address;
        let others = codes.iter().any(|code| !is_own(code))
            && self.strangers.take((user, address), self.context.clock.monotonic()).is_ok();
        // No write without a try left.
        if !others && !codes.iter().any(is_own) {
            return Err(locked());
        }
        // Counts this try. Tries at the same time are counted, too, so the number is checked once more.
        let mut codes = self.context.store.try_code(user, purpose, address, others, now).await?;
        codes.retain(|code| self.tries_left(code, address) >= 0);
        if codes.is_empty() {
            return Err(locked());
        }
        let right = codes.into_iter().map(|code| code.code).find(|code| otp::matches(code, entered));
        right.ok_or_else(invalid)
    }

    fn expires_at(&self) -> Timestamp {
        self.context.clock.now().plus(self.lifetime)
    }

    /// How many tries an address has left at a code; below 0 if it has made one too many.
    fn tries_left(&self, code: &CodeTry, address: Option<IpAddr>) -> i64 {
        if code.code.asker == address {
            i64::from(self.tries) - i64::from(code.tries)
        } else {
            i64::from(self.tries) * i64::from(OTHERS) - i64::from(code.others)
        }
    }
}

/// The answer to a code that is wrong, expired or used, and where there is none.
pub(crate) fn invalid() -> Error {
    Error::new(Code::OtpInvalid, "Check the code, or ask for a new one.").about("otp")
}
