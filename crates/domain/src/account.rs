//! Accounts: registering, and verifying with a one-time code.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use protocol::{
    AccountRole, AddMe, AuthSettings, Code, OtpNotice, Register, Registered, Registration, Timestamp, User,
    limit,
};

use crate::Settings;
use crate::context::Context;
use crate::error::Error;
use crate::limit::{Limiter, Rate};
use crate::line::check_line;
use crate::log_limit::LimitWarning;
use crate::otp::{self, OtpChannel};
use crate::password::Passwords;
use crate::random;
use crate::store::{Account, CodeTry, NewAccount, NotCreated, OneTimeCode, UserId};
use crate::url::picture_of_person;

/// Addresses that did not ask for a code have, all together, this many times the tries of the address that did. Few,
/// because tries from many addresses are guesses. Using them up keeps nobody out: anybody can ask for a code of their
/// own.
const OTHERS: u32 = 2;

/// Registering and verifying.
///
/// Strangers ask for codes and guess them, too. So each address that asks gets a code and tries of its own, which
/// nobody else can use up or replace. The code also works from other addresses, because people register on one device
/// and read their mail on another; all other addresses share a number of tries at it. Whatever strangers do, the
/// person who registered can verify from the same address until the code expires. Anybody who can ask for one more
/// code has five tries at it.
///
/// With the defaults an account has 31 codes at once and then 30 an hour, each with 15 tries. So in the first hour an
/// attacker with hundreds of addresses guesses right with a chance of 1 in 1,100, and one with a single address with
/// 1 in 9,500. After a day an unverified account is removed.
pub struct Accounts {
    context: Arc<Context>,
    channel: Arc<dyn OtpChannel>,
    passwords: Arc<Passwords>,
    registrations: Limiter<IpAddr>,
    refused: LimitWarning,
    resends: Limiter<(UserId, Option<IpAddr>)>,
    resends_of_account: Limiter<UserId>,
    /// Tries from one address at codes that other addresses asked for.
    strangers: Limiter<(UserId, Option<IpAddr>)>,
    registration: Registration,
    otp_lifetime: Duration,
    otp_tries: u32,
    unverified_lifetime: Duration,
}

impl Accounts {
    pub(crate) fn new(
        context: Arc<Context>,
        channel: Arc<dyn OtpChannel>,
        passwords: Arc<Passwords>,
        settings: &Settings,
    ) -> Self {
        Self {
            context,
            channel,
            passwords,
            registrations: Limiter::new(settings.registrations),
            refused: LimitWarning::new("registrations-per-hour"),
            resends: Limiter::new(settings.resends),
            resends_of_account: Limiter::new(settings.resends_of_account),
            strangers: Limiter::new(Rate::per(settings.otp_lifetime, settings.otp_tries)),
            registration: settings.registration,
            otp_lifetime: settings.otp_lifetime,
            otp_tries: settings.otp_tries,
            unverified_lifetime: settings.unverified_lifetime,
        }
    }

    /// Registers an account and sends its first code. `address` is `None` if limits for addresses do not apply.
    pub async fn register(&self, request: Register, address: Option<IpAddr>) -> Result<Registered, Error> {
        let Register { username, password, email, display_name, invite } = request;
        if self.registration == Registration::Closed {
            return Err(Error::new(Code::RegistrationClosed, "Ask whoever runs this server for an account."));
        }
        check_username(&username)?;
        check_password(&password)?;
        let email = email.map(|email| check_email(&email).map(|()| email)).transpose()?;
        let display_name = check_display_name(display_name.as_deref().unwrap_or(&username))?;
        if let Some(address) = address {
            let now = self.context.clock.monotonic();
            if let Err(wait) = self.registrations.take(address, now) {
                self.refused.tell(address, now);
                return Err(Error::rate_limited(wait));
            }
        }
        let invite = invite.filter(|_| self.registration == Registration::Invite);
        // Decided atomically by the store below. This check and the next only save hashing the password for nothing.
        if self.registration == Registration::Invite {
            self.check_invite(invite.as_deref()).await?;
        }
        let taken = || Error::new(Code::UsernameTaken, "Choose another username.");
        let freed = self.freed();
        let holds = |account: &Account| account.verified || account.created_at > freed;
        if self.context.store.account(&username).await?.is_some_and(|account| holds(&account)) {
            return Err(taken());
        }
        let password_hash = self.passwords.hash(password, random::bytes(&*self.context.random)).await?;
        let created_at = self.context.clock.now();
        let account = NewAccount { username, display_name, email, password_hash, created_at, invite };
        let (code, sealed) = self.new_code(address);
        let id = self.context.store.create_account(account.clone(), sealed.clone(), freed).await?;
        let id = id.map_err(|refused| match refused {
            NotCreated::UsernameTaken => taken(),
            NotCreated::InviteInvalid => invite_invalid(),
        })?;
        let NewAccount { username, display_name, email, password_hash, .. } = account;
        let account = Account {
            id,
            username,
            display_name,
            email,
            password_hash,
            verified: false,
            created_at,
            hide_presence: false,
            add_me: AddMe::default(),
            avatar: None,
            last_seen_at: None,
            role: AccountRole::default(),
            disabled: false,
            deleted_at: None,
        };
        self.send(&account, &code, &sealed).await;
        let otp = OtpNotice { channel: self.channel.name().to_owned(), expires_at: sealed.expires_at };
        Ok(Registered { user: own_user(account), otp })
    }

    /// Verifies an account with a code. An unknown account gets the same answer as a code that is wrong, expired or
    /// used. `address` is `None` if the request came from the server's own machine.
    pub async fn verify(
        &self,
        username: &str,
        entered: &str,
        address: Option<IpAddr>,
    ) -> Result<User, Error> {
        let invalid = || Error::new(Code::OtpInvalid, "Check the code, or ask for a new one.").about("otp");
        // A verified account has no code. Counting a try for it would let anybody cause a write.
        let account = self.context.store.account(username).await?.filter(|account| !account.verified);
        let account = account.ok_or_else(invalid)?;
        let now = self.context.clock.now();
        let mut codes = self.context.store.codes(account.id, now).await?;
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
            && self.strangers.take((account.id, address), self.context.clock.monotonic()).is_ok();
        // No write without a try left.
        if !others && !codes.iter().any(is_own) {
            return Err(locked());
        }
        // Counts this try. Tries at the same time are counted, too, so the number is checked once more.
        let mut codes = self.context.store.try_code(account.id, address, others, now).await?;
        codes.retain(|code| self.tries_left(code, address) >= 0);
        if codes.is_empty() {
            return Err(locked());
        }
        let right = codes.into_iter().map(|code| code.code).find(|code| otp::matches(code, entered));
        if !self.context.store.use_code(account.id, &right.ok_or_else(invalid)?).await? {
            return Err(invalid());
        }
        Ok(own_user(account))
    }

    /// Sends a new code for an unverified account. The answer is the same if there is no such account. `address` is
    /// `None` if the request came from the server's own machine.
    pub async fn resend(&self, username: &str, address: Option<IpAddr>) -> Result<(), Error> {
        let account = self.context.store.account(username).await?;
        let Some(account) = account.filter(|account| !account.verified) else {
            return Ok(());
        };
        let now = self.context.clock.monotonic();
        let taken = self.resends.take((account.id, address), now);
        if taken.and_then(|()| self.resends_of_account.take(account.id, now)).is_err() {
            tracing::info!(username = account.username, "no new code: too many were asked for");
            return Ok(());
        }
        let (code, sealed) = self.new_code(address);
        self.context.store.put_code(account.id, sealed.clone()).await?;
        self.send(&account, &code, &sealed).await;
        Ok(())
    }

    /// What a page must know before anybody has logged in.
    pub fn settings(&self) -> AuthSettings {
        let otp = self.channel.name();
        AuthSettings {
            registration: self.registration,
            otp: otp.to_owned(),
            email_required: otp == "email",
            providers: Vec::new(),
        }
    }

    /// Checks that somebody could register with an invite now. It has 128 random bits, so nobody finds one by trying.
    async fn check_invite(&self, code: Option<&str>) -> Result<(), Error> {
        let code = code.ok_or_else(invite_invalid)?;
        let invite = self.context.store.invite_of_code(code).await?;
        let is_good = invite.is_some_and(|invite| invite.is_good(self.context.clock.now()));
        if is_good { Ok(()) } else { Err(invite_invalid()) }
    }

    /// Removes the accounts that nobody verified in time.
    pub async fn sweep(&self) -> Result<(), Error> {
        // Accounts in one transaction, because messages wait for it.
        const SWEPT: usize = 500;
        while self.context.store.forget_unverified(self.freed(), SWEPT).await? == SWEPT {}
        Ok(())
    }

    /// Unverified accounts that were created at this time or before give their usernames up.
    fn freed(&self) -> Timestamp {
        self.context.clock.now().minus(self.unverified_lifetime)
    }

    /// How many tries an address has left at a code; below 0 if it has made one too many.
    fn tries_left(&self, code: &CodeTry, address: Option<IpAddr>) -> i64 {
        if code.code.asker == address {
            i64::from(self.otp_tries) - i64::from(code.tries)
        } else {
            i64::from(self.otp_tries) * i64::from(OTHERS) - i64::from(code.others)
        }
    }

    fn new_code(&self, asker: Option<IpAddr>) -> (String, OneTimeCode) {
        let code = self.channel.fixed_code().map_or_else(|| otp::draw(&*self.context.random), str::to_owned);
        let expires_at = self.context.clock.now().plus(self.otp_lifetime);
        let sealed = otp::seal(&code, expires_at, asker, &*self.context.random);
        (code, sealed)
    }

    async fn send(&self, account: &Account, code: &str, sealed: &OneTimeCode) {
        if let Err(error) = self.channel.send(account, code, sealed.expires_at).await {
            let channel = self.channel.name();
            tracing::warn!(channel, username = account.username, error, "a one-time code was not sent");
        }
    }
}

fn invite_invalid() -> Error {
    Error::new(Code::InviteInvalid, "Ask for a new invite; this one is unknown, used up or over.")
        .about("invite")
}

/// An account as its owner sees it.
pub(crate) fn own_user(account: Account) -> User {
    let Account { username, display_name, email, created_at, hide_presence, add_me, avatar, role, .. } =
        account;
    let picture_url = avatar.map(|avatar| picture_of_person(&username, avatar));
    User {
        username,
        display_name,
        created_at,
        picture_url,
        email,
        hide_presence: Some(hide_presence),
        add_me: Some(add_me),
        role: Some(role),
        deleted: account.deleted_at.is_some(),
    }
}

/// Whether a text has the form of a username.
pub(crate) fn is_username(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    limit::USERNAME.contains(&name.len()) && name.bytes().all(allowed)
}

pub(crate) fn check_username(username: &str) -> Result<(), Error> {
    let invalid = |detail| Err(Error::invalid("username", detail));
    if !is_username(username) {
        return invalid("A username has 2 to 32 of the characters a-z A-Z 0-9 . _ -");
    }
    // `/api/users/me` is the caller, and HTTP clients remove `..` from a path.
    if username.eq_ignore_ascii_case("me") || username.bytes().all(|byte| byte == b'.') {
        return invalid("This username is reserved; choose another.");
    }
    Ok(())
}

pub(crate) fn check_password(password: &str) -> Result<(), Error> {
    if limit::PASSWORD.contains(&password.chars().count()) {
        return Ok(());
    }
    Err(Error::invalid("password", "A password has 8 to 256 characters."))
}

/// Checks the rough form only. Whether mail arrives there is known after sending a code.
pub(crate) fn check_email(email: &str) -> Result<(), Error> {
    let plausible = |(name, host): (&str, &str)| {
        !name.is_empty()
            && host.contains('.')
            && !email.contains(|c: char| c.is_whitespace() || c.is_control())
    };
    if email.len() <= limit::EMAIL && email.rsplit_once('@').is_some_and(plausible) {
        return Ok(());
    }
    Err(Error::invalid("email", "This is not an e-mail address."))
}

pub(crate) fn check_display_name(name: &str) -> Result<String, Error> {
    check_line("displayName", "A display name", name, &limit::DISPLAY_NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames() {
        for good in ["al", "Ann_B.c-9", "mei", "..a", &"x".repeat(32)] {
            assert!(check_username(good).is_ok(), "{good}");
        }
        for bad in ["", "a", &"x".repeat(33), "a b", "añn", "ann/..", "ann\0", "me", "Me", "..", "..."] {
            assert_eq!(check_username(bad).unwrap_err().field.as_deref(), Some("username"), "{bad}");
        }
    }

    #[test]
    fn emails() {
        assert!(check_email("ann@example.org").is_ok());
        for bad in
            ["", "ann", "@example.org", "ann@localhost", "a b@example.org", "ann@example.org\r\nBcc: x"]
        {
            assert!(check_email(bad).is_err(), "{bad}");
        }
    }
}
