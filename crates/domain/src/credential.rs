//! What proves who somebody is: changing a password or an e-mail address, and setting a new password when the old one
//! is forgotten.

use std::sync::Arc;

use protocol::{ChangeEmail, ChangePassword, Code, Forgot, Reset, User};

use crate::account::{check_email, is_username, own_user};
use crate::code::{self, Asker, Codes};
use crate::context::Context;
use crate::error::Error;
use crate::login::Logins;
use crate::notice;
use crate::password::{Passwords, check_password};
use crate::person::Caller;
use crate::random;
use crate::store::{Account, CodeUse, NoticeKind, Purpose, Recipient};

/// Changing and resetting passwords, and changing e-mail addresses.
///
/// A changed or reset password ends sessions, because somebody else may have them. API tokens stay, because they are
/// ended one by one and the programs that use them do not know the password.
pub struct Credentials {
    context: Arc<Context>,
    codes: Arc<Codes>,
    passwords: Arc<Passwords>,
    logins: Arc<Logins>,
}

impl Credentials {
    pub(crate) fn new(
        context: Arc<Context>,
        codes: Arc<Codes>,
        passwords: Arc<Passwords>,
        logins: Arc<Logins>,
    ) -> Self {
        Self { context, codes, passwords, logins }
    }

    /// Changes the caller's password, and ends all their sessions but this one.
    pub async fn change_password(
        &self,
        caller: &Caller,
        request: ChangePassword,
        asker: Asker,
    ) -> Result<(), Error> {
        let ChangePassword { password, new_password } = request;
        check_password("newPassword", &new_password)?;
        let account = self.logins.confirm(caller, password, asker.address).await?;
        let hash = self.hash(new_password).await?;
        let (before, now) = (account.password_hash.clone(), self.context.clock.now());
        let store = &self.context.store;
        if !store.change_password(account.id, before, hash, caller.session, now).await? {
            // It was changed at the same time, so the password that came with this request is no longer right.
            return Err(Error::new(Code::CredentialsInvalid, "Check the password."));
        }
        self.tell_of_new_password(&account, asker).await
    }

    /// Sends a code to set a new password, if there is such a verified account. The answer is the same, after the same
    /// time, if there is none.
    pub async fn forgot(&self, request: Forgot, asker: Asker) -> Result<(), Error> {
        let Forgot { username, email } = request;
        let recipient = match (username, email) {
            (Some(username), None) => Recipient::Username(username),
            (None, Some(email)) => Recipient::Email(email),
            _ => return Err(Error::invalid("username", "Give either a username or an e-mail address.")),
        };
        self.codes.charge_address(asker).map_err(Error::rate_limited)?;
        let (about, is_one) = match &recipient {
            Recipient::Email(email) => (email, check_email(email).is_ok()),
            Recipient::Username(username) | Recipient::At(username, _) => (username, is_username(username)),
        };
        if !is_one || self.codes.charge(about, asker).is_err() {
            return Ok(());
        }
        if !self.codes.channel.takes_time() {
            let mut found = notice::recipients(&*self.context.store, &recipient).await?;
            found.retain(|account| notice::is_for(NoticeKind::Reset, account));
            for account in &found {
                self.codes.send_now(account, Purpose::Reset, None, asker).await?;
            }
            if !found.is_empty() {
                return Ok(());
            }
        }
        // Also for nobody, so that the answer takes as long.
        self.codes.ask(self.codes.request(NoticeKind::Reset, recipient, asker)).await
    }

    /// Sets a new password with a code, and ends all sessions of the account. An unknown account gets the same answer
    /// as a wrong code.
    pub async fn reset(&self, request: Reset, asker: Asker) -> Result<(), Error> {
        let Reset { username, otp, new_password } = request;
        check_password("newPassword", &new_password)?;
        let account = self.context.store.account(&username).await?.filter(|account| account.verified);
        let account = account.ok_or_else(code::invalid)?;
        let right = self.codes.check(account.id, Purpose::Reset, &otp, asker.address).await?;
        let by =
            CodeUse::Reset { password_hash: self.hash(new_password).await?, at: self.context.clock.now() };
        if !self.context.store.use_code(account.id, &right, by).await? {
            return Err(code::invalid());
        }
        self.tell_of_new_password(&account, asker).await
    }

    /// Sends a code to an e-mail address that the caller wants to have, and tells the old one.
    pub async fn change_email(
        &self,
        caller: &Caller,
        request: ChangeEmail,
        asker: Asker,
    ) -> Result<(), Error> {
        let ChangeEmail { password, email } = request;
        check_email(&email)?;
        let account = self.logins.confirm(caller, password, asker.address).await?;
        self.codes.charge(&account.username, asker).map_err(Error::rate_limited)?;
        if !self.codes.channel.takes_time() {
            return self.codes.send_now(&account, Purpose::Email, Some(email), asker).await;
        }
        if let Some(old) = account.email {
            let old = Recipient::At(account.username.clone(), old);
            self.codes.ask(self.codes.request(NoticeKind::EmailChanging, old, asker)).await?;
        }
        let new = Recipient::At(account.username, email);
        self.codes.ask(self.codes.request(NoticeKind::Email, new, asker)).await
    }

    /// Gives the caller the e-mail address to which the code was sent.
    pub async fn verify_email(&self, caller: &Caller, entered: &str, asker: Asker) -> Result<User, Error> {
        caller.check_logged_in()?;
        let user = caller.person.id;
        let right = self.codes.check(user, Purpose::Email, entered, asker.address).await?;
        let by = CodeUse::Email { email_proven: self.codes.channel.needs_email() };
        if !self.context.store.use_code(user, &right, by).await? {
            return Err(code::invalid());
        }
        let account = self.context.store.account_of(user).await?;
        account.map(own_user).ok_or_else(|| Error::not_found("user"))
    }

    async fn hash(&self, password: String) -> Result<String, Error> {
        self.passwords.hash(password, random::bytes(&*self.context.random)).await
    }

    /// Only where it can be told: a channel that takes no time is the server's own log.
    async fn tell_of_new_password(&self, account: &Account, asker: Asker) -> Result<(), Error> {
        if !self.codes.channel.takes_time() {
            return Ok(());
        }
        let recipient = Recipient::Username(account.username.clone());
        self.codes.ask(self.codes.request(NoticeKind::PasswordChanged, recipient, asker)).await
    }
}
