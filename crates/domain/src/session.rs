//! Sessions: one for each device that is logged in. An access token is good for a short time; refreshing it keeps the
//! session alive.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use hmac::{Hmac, KeyInit, Mac};
use protocol::{AttachmentId, AttachmentLink, Code, LoggedIn, Login, Session, SessionId, Timestamp, limit};
use sha2::Sha256;

use crate::Settings;
use crate::account::own_user;
use crate::api_token::{ApiTokens, is_api_token};
use crate::context::Context;
use crate::error::Error;
use crate::host_account::{HostAccounts, HostCaller, HostGrant};
use crate::keyring::{Jwks, Keyring};
use crate::limit::{Limiter, Rate};
use crate::login::Logins;
use crate::person::Caller;
use crate::random;
use crate::store::{Account, NewSession, RefreshUse, Rotation, Salt, SessionRecord, UserId};
use crate::token::{Grant, Tokens, digest};
use crate::url;

/// How long a used refresh token still gets its successor. Long enough for a client to ask again after its network
/// changed or it was closed; short, because a thief could use the token as well.
const REPEATABLE: Duration = Duration::from_mins(1);
/// How often a session may refresh within the lifetime of an access token; one refresh is enough. Bounded because each
/// refresh adds a row that stays until the token expires.
const REFRESHES: u32 = 60;

/// Logging in and out.
pub struct Sessions {
    context: Arc<Context>,
    api_tokens: Arc<ApiTokens>,
    host_accounts: Arc<HostAccounts>,
    tokens: Tokens,
    lifetime: Duration,
    refreshes: Limiter<SessionId>,
    logins: Arc<Logins>,
    messages: Rate,
    requests: Rate,
}

impl Sessions {
    pub(crate) fn new(
        context: Arc<Context>,
        logins: Arc<Logins>,
        keyring: Keyring,
        api_tokens: Arc<ApiTokens>,
        host_accounts: Arc<HostAccounts>,
        settings: &Settings,
    ) -> Self {
        let (issuer, audience) = (settings.issuer.clone(), settings.audience.clone());
        let tokens = Tokens::new(keyring, issuer, audience, settings.token_lifetime);
        Self {
            context,
            api_tokens,
            host_accounts,
            tokens,
            lifetime: settings.session_lifetime,
            refreshes: Limiter::new(Rate::per(settings.token_lifetime, REFRESHES)),
            logins,
            messages: settings.messages,
            requests: settings.requests,
        }
    }

    /// Begins a session. An unknown username gets the same answer as a wrong password, after the same time. `address`
    /// is `None` if limits for addresses do not apply; limits for accounts always do.
    pub async fn login(&self, request: Login, address: Option<IpAddr>) -> Result<LoggedIn, Error> {
        let Login { username, password, device } = request;
        let account = self.logins.check(&username, password, address).await?;
        if account.disabled {
            return Err(disabled());
        }
        if !account.verified {
            return Err(Error::new(Code::NotVerified, "Enter the code that was sent, or ask for a new one."));
        }
        self.begin(account, device).await
    }

    /// Exchanges a refresh token for new tokens. The first answer may be lost, so a second use within [`REPEATABLE`]
    /// gets the same successor, as long as that was not used. Any other second use ends the session, because somebody
    /// else has the token.
    pub async fn refresh(&self, refresh_token: &str) -> Result<LoggedIn, Error> {
        let invalid = || Error::new(Code::RefreshInvalid, "Log in again.");
        let used = digest(refresh_token);
        let session = self.context.store.session_of_refresh(used).await?.ok_or_else(invalid)?;
        self.refreshes.take(session, self.context.clock.monotonic()).map_err(Error::rate_limited)?;
        let (now, salt) = (self.context.clock.now(), random::bytes(&*self.context.random));
        let refresh = RefreshUse {
            used,
            next: digest(&successor(refresh_token, &salt)),
            salt,
            next_expires_at: now.plus(self.lifetime),
            now,
            grace: REPEATABLE,
        };
        match self.context.store.rotate(refresh).await? {
            Rotation::Rotated(session, salt) => {
                let account = self.context.store.account_of(session.user).await?.ok_or_else(invalid)?;
                Ok(self.logged_in(account, session.id, successor(refresh_token, &salt)))
            }
            Rotation::Reused(session) => {
                tracing::warn!(session = %session.id, "a refresh token was used twice; its session is ended");
                self.context.broker.close_session(session.user, session.id);
                Err(invalid())
            }
            Rotation::Unknown => Err(invalid()),
        }
    }

    /// The user of an access token, an API token or a token of a host application, if its session has not ended.
    pub async fn authenticate(&self, token: &str) -> Result<Caller, Error> {
        if is_api_token(token) {
            let ended = || Error::new(Code::SessionRevoked, "This API token has ended; make another.");
            let token = self.api_tokens.find(token).await?.ok_or_else(ended)?;
            return self.caller(token.user, token.id, true, None).await;
        }
        if let Some(HostCaller { user, session, grant }) = self.host_accounts.authenticate(token).await? {
            return self.caller(user, session, false, Some(grant)).await;
        }
        self.granted(self.tokens.read(token)?).await
    }

    /// A link to a file for the caller, to be opened while their session lives. Whether they may see the file is asked
    /// when it is opened, too.
    pub fn link(&self, caller: &Caller, file: AttachmentId) -> Result<AttachmentLink, Error> {
        caller.check_in_person()?;
        let (key, expires_at) = self.tokens.issue_link(file, caller.session, self.context.clock.now());
        Ok(AttachmentLink { url: format!("{}?key={key}", url::of_attachment(file)), expires_at })
    }

    /// The user for whom the key of a link to this file was made, if their session has not ended.
    pub async fn authenticate_link(&self, key: &str, file: AttachmentId) -> Result<Caller, Error> {
        let grant = self.tokens.read_link(key, file)?;
        if let Some(user) = self.host_accounts.of_session(grant.session).await? {
            grant.check_expiry(self.context.clock.now())?;
            let host = HostGrant { expires_at: grant.expires_at(), is_named: false };
            return self.caller(user, grant.session, false, Some(host)).await;
        }
        self.granted(grant).await
    }

    /// Checks a newer token of a host application for a socket that was opened with an earlier one; gives when the
    /// newer one expires.
    pub async fn renew(&self, caller: &Caller, token: &str) -> Result<Timestamp, Error> {
        if caller.host.is_none() {
            let detail =
                "Only a socket with a token of a host application is renewed; this one lives without it.";
            return Err(Error::new(Code::Forbidden, detail));
        }
        let invalid = |detail| Error::new(Code::TokenInvalid, detail).about("token");
        let renewed = self.host_accounts.authenticate(token).await?;
        let renewed = renewed.ok_or_else(|| invalid("This is no token of a host application."))?;
        if renewed.user != caller.person.id {
            return Err(invalid("This token is somebody else's; connect anew with it."));
        }
        // The socket is of a session that has ended, and about to be cut.
        if renewed.session != caller.session {
            return Err(revoked());
        }
        Ok(renewed.grant.expires_at)
    }

    async fn granted(&self, grant: Grant) -> Result<Caller, Error> {
        let session = self.context.store.session(grant.session).await?.ok_or_else(revoked)?;
        // After the session was found: a client whose session has ended must log in, not refresh.
        grant.check_expiry(self.context.clock.now())?;
        self.caller(session.user, session.id, false, None).await
    }

    async fn caller(
        &self,
        user: UserId,
        session: SessionId,
        by_api_token: bool,
        host: Option<HostGrant>,
    ) -> Result<Caller, Error> {
        let person = self.context.people.of(user).await?.ok_or_else(revoked)?;
        let allowance = self.context.people.allowance(person.id, self.messages, self.requests);
        Ok(Caller { person, session, by_api_token, host, allowance })
    }

    /// The caller's sessions, the latest first.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<Session>, Error> {
        caller.check_logged_in()?;
        let sessions = self.context.store.sessions_of(caller.person.id).await?;
        Ok(sessions.into_iter().map(|session| shown(session, Some(caller.session))).collect())
    }

    /// Ends one of the caller's sessions and cuts its sockets.
    pub async fn end(&self, caller: &Caller, id: SessionId) -> Result<(), Error> {
        caller.check_logged_in()?;
        if !self.context.store.end_session(caller.person.id, id, self.context.clock.now()).await? {
            return Err(Error::not_found("session"));
        }
        self.context.broker.close_session(caller.person.id, id);
        Ok(())
    }

    /// Ends sessions whose refresh tokens have all expired, and removes expired one-time codes.
    pub async fn sweep(&self) -> Result<(), Error> {
        for session in self.context.store.forget_expired(self.context.clock.now()).await? {
            self.context.broker.close_session(session.user, session.id);
        }
        Ok(())
    }

    /// The public keys of the access tokens.
    pub fn jwks(&self) -> Jwks {
        self.tokens.keyring.jwks()
    }

    async fn begin(&self, account: Account, device: Option<String>) -> Result<LoggedIn, Error> {
        let now = self.context.clock.now();
        let id = SessionId::mint(now, u128::from_le_bytes(random::bytes(&*self.context.random)));
        let token = BASE64URL.encode(random::bytes::<32>(&*self.context.random));
        let refresh = digest(&token);
        let device = device.map(|device| truncate(device, limit::DEVICE)).filter(|device| !device.is_empty());
        let session = SessionRecord { id, user: account.id, device, created_at: now, last_seen_at: now };
        let refresh_expires_at = now.plus(self.lifetime);
        let new = NewSession { session, refresh, refresh_expires_at };
        let more = self.context.store.create_session(new, limit::SESSIONS).await?.ok_or_else(disabled)?;
        for ended in more {
            self.context.broker.close_session(ended.user, ended.id);
        }
        Ok(self.logged_in(account, id, token))
    }

    fn logged_in(&self, account: Account, session: SessionId, refresh_token: String) -> LoggedIn {
        let jti = BASE64URL.encode(random::bytes::<12>(&*self.context.random));
        let (token, expires_at) =
            self.tokens.issue(&account.username, session, self.context.clock.now(), jti);
        LoggedIn { token, expires_at, refresh_token, user: own_user(account) }
    }
}

/// The successor of a refresh token.
///
/// It is computed from the token and a salt, so that a repeat gets the same successor although the store keeps no
/// tokens. Somebody who reads the store has the salt but not the token. The salt is drawn at the first use, and
/// removed when the successor is used. Without a salt, the thief of an old token could compute all later ones, and
/// would never be noticed by using one twice.
fn successor(token: &str, salt: &Salt) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(token.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(salt);
    BASE64URL.encode(mac.finalize().into_bytes())
}

/// A session as its owner sees it.
pub(crate) fn shown(session: SessionRecord, current: Option<SessionId>) -> Session {
    let SessionRecord { id, device, created_at, last_seen_at, .. } = session;
    Session { id, device, created_at, last_seen_at, current: current == Some(id) }
}

/// Fails if the caller's session has ended while their request took its time. An API token has none.
pub(crate) async fn check_alive(context: &Context, caller: &Caller) -> Result<(), Error> {
    if caller.by_api_token {
        return Ok(());
    }
    if caller.host.is_some() {
        return context.store.host_account_of(caller.session).await?.map(drop).ok_or_else(revoked);
    }
    context.store.session(caller.session).await?.map(drop).ok_or_else(revoked)
}

fn disabled() -> Error {
    Error::new(Code::AccountDisabled, "Ask whoever runs this server.")
}

fn revoked() -> Error {
    Error::new(Code::SessionRevoked, "This session has ended; log in again.")
}

/// Cuts a text to at most `most` bytes, between two characters.
fn truncate(mut text: String, most: usize) -> String {
    text.truncate(text.floor_char_boundary(most));
    text
}
