//! Accounts: registering, and verifying with a one-time code.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use protocol::{
    AccountRole, AddMe, AuthSettings, Code, Register, Registered, Registration, Timestamp, User, limit,
};

use crate::Settings;
use crate::code::{self, Asker, Codes};
use crate::context::Context;
use crate::error::Error;
use crate::limit::Limiter;
use crate::line::check_line;
use crate::log_limit::LimitWarning;
use crate::password::{Passwords, check_password};
use crate::random;
use crate::store::{Account, CodeUse, FirstCode, NewAccount, NotCreated, NoticeKind, Purpose, Recipient};
use crate::url::picture_of_person;

/// Registering and verifying. After a day an unverified account is removed.
pub struct Accounts {
    context: Arc<Context>,
    codes: Arc<Codes>,
    passwords: Arc<Passwords>,
    registrations: Limiter<IpAddr>,
    refused: LimitWarning,
    registration: Registration,
    unverified_lifetime: Duration,
}

impl Accounts {
    pub(crate) fn new(
        context: Arc<Context>,
        codes: Arc<Codes>,
        passwords: Arc<Passwords>,
        settings: &Settings,
    ) -> Self {
        Self {
            context,
            codes,
            passwords,
            registrations: Limiter::new(settings.registrations),
            refused: LimitWarning::new("registrations-per-hour"),
            registration: settings.registration,
            unverified_lifetime: settings.unverified_lifetime,
        }
    }

    /// Registers an account and sends its first code.
    pub async fn register(&self, request: Register, asker: Asker) -> Result<Registered, Error> {
        let Register { username, password, email, display_name, invite } = request;
        if self.registration == Registration::Closed {
            return Err(Error::new(Code::RegistrationClosed, "Ask whoever runs this server for an account."));
        }
        check_username(&username)?;
        check_password("password", &password)?;
        let email = email.map(|email| check_email(&email).map(|()| email)).transpose()?;
        if email.is_none() && self.codes.channel.needs_email() {
            return Err(Error::invalid("email", "The code goes to your e-mail address; give one."));
        }
        let display_name = check_display_name(display_name.as_deref().unwrap_or(&username))?;
        if let Some(address) = asker.address {
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
        let drawn =
            (!self.codes.channel.takes_time()).then(|| self.codes.draw(Purpose::Verify, asker.address));
        let first = match &drawn {
            Some((_, sealed)) => FirstCode::Drawn(sealed.clone()),
            None => {
                let recipient = Recipient::Username(account.username.clone());
                FirstCode::Requested(self.codes.request(NoticeKind::Verify, recipient, asker))
            }
        };
        let id = self.context.store.create_account(account.clone(), first, freed).await?;
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
        match drawn {
            Some((code, sealed)) => self.codes.hand_over(&account, &code, &sealed, asker.language).await,
            None => self.codes.wake(),
        }
        Ok(Registered { user: own_user(account), otp: self.codes.notice() })
    }

    /// Verifies an account with a code. An unknown account gets the same answer as a code that is wrong, expired or
    /// used. `address` is `None` if the request came from the server's own machine.
    pub async fn verify(
        &self,
        username: &str,
        entered: &str,
        address: Option<IpAddr>,
    ) -> Result<User, Error> {
        // A verified account has no such code. Counting a try for it would let anybody cause a write.
        let account = self.context.store.account(username).await?.filter(|account| !account.verified);
        let account = account.ok_or_else(code::invalid)?;
        let right = self.codes.check(account.id, Purpose::Verify, entered, address).await?;
        let by = CodeUse::Verify { email_proven: self.codes.channel.needs_email() };
        if !self.context.store.use_code(account.id, &right, by).await? {
            return Err(code::invalid());
        }
        Ok(own_user(account))
    }

    /// Sends a new code for an unverified account. The answer is the same, after the same time, if there is no such
    /// account.
    pub async fn resend(&self, username: &str, asker: Asker) -> Result<(), Error> {
        let charged = || self.codes.charge_address(asker).and_then(|()| self.codes.charge(username, asker));
        if !is_username(username) || charged().is_err() {
            return Ok(());
        }
        if !self.codes.channel.takes_time() {
            let account = self.context.store.account(username).await?.filter(|account| !account.verified);
            if let Some(account) = account {
                return self.codes.send_now(&account, Purpose::Verify, None, asker).await;
            }
        }
        let recipient = Recipient::Username(username.to_owned());
        self.codes.ask(self.codes.request(NoticeKind::Verify, recipient, asker)).await
    }

    /// What a page must know before anybody has logged in.
    pub fn settings(&self) -> AuthSettings {
        AuthSettings {
            registration: self.registration,
            otp: self.codes.channel.name().to_owned(),
            email_required: self.codes.channel.needs_email(),
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
        role: Some(role).filter(|role| *role == AccountRole::Admin),
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
