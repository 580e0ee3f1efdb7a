//! Accounts of people whom a host application vouches for.

use std::sync::Arc;
use std::time::Duration;

use protocol::{Code, SessionId, Timestamp};

use crate::account::check_display_name;
use crate::context::Context;
use crate::error::Error;
use crate::limit::{Limiter, Rate};
use crate::random;
use crate::store::{AccountChange, HostAccount, NewHostAccount, UserId};
use crate::trusted_issuer::{TrustedIssuer, TrustedIssuers, Vouched};

/// Accounts made for an issuer: enough at once for a company on a Monday, then one in a second.
const CREATED: Rate = Rate { burst: 1000, interval: Duration::from_secs(1) };
/// Changes of one display name. Tokens with an older name may still be in use beside newer ones.
const RENAMED: Rate = Rate { burst: 3, interval: Duration::from_mins(1) };

/// Knows people by the tokens of trusted issuers.
///
/// An account belongs to the issuer whose token made it, and to one subject (`sub`) of that issuer. An account that was
/// made in any other way is never taken over, whatever username a token names.
pub struct HostAccounts {
    context: Arc<Context>,
    issuers: TrustedIssuers,
    /// By the name of the issuer.
    created: Limiter<String>,
    renamed: Limiter<UserId>,
    unverified_lifetime: Duration,
}

/// Who a token of a host application is.
pub(crate) struct HostCaller {
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
    pub(crate) grant: HostGrant,
}

/// What a token of a host application grants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HostGrant {
    /// When the token expires.
    pub(crate) expires_at: Timestamp,
    /// Whether the host application says how the person is called.
    pub(crate) is_named: bool,
}

impl HostAccounts {
    pub(crate) fn new(
        context: Arc<Context>,
        issuers: Vec<TrustedIssuer>,
        unverified_lifetime: Duration,
    ) -> Self {
        let issuers = TrustedIssuers::new(issuers, &context.clock);
        let (created, renamed) = (Limiter::new(CREATED), Limiter::new(RENAMED));
        Self { context, issuers, created, renamed, unverified_lifetime }
    }

    /// Fetches the keys of all issuers, so that the log says early what is wrong.
    pub async fn fetch_keys(&self) {
        self.issuers.fetch_keys().await;
    }

    /// Refuses all tokens of a user that were issued before now, and cuts their sockets. Does nothing if no host
    /// application made the account.
    ///
    /// Times in a token are whole seconds, so a token of the same second is refused, too.
    pub async fn log_out(&self, user: UserId) -> Result<(), Error> {
        let now = self.context.clock.now();
        if let Some(ended) = self.context.store.refuse_host_tokens(user, self.session(), now).await? {
            self.context.broker.close_session(user, ended);
        }
        Ok(())
    }

    /// Who a token is. `None` if it is not of a trusted issuer. Makes the account of somebody who is seen first.
    pub(crate) async fn authenticate(&self, token: &str) -> Result<Option<HostCaller>, Error> {
        let Some(vouched) = self.issuers.read(token).await? else { return Ok(None) };
        let found = self.context.store.host_account(&vouched.issuer.issuer, &vouched.subject).await?;
        let host = match found {
            Some(host) => host,
            None => self.create(&vouched).await?,
        };
        check_enabled(&host)?;
        if host.not_before.is_some_and(|after| vouched.issued_at.is_none_or(|at| at < after)) {
            return Err(Error::new(
                Code::SessionRevoked,
                "This token was revoked; log in to the application again.",
            ));
        }
        let name = display_name(&vouched);
        let grant = HostGrant { expires_at: vouched.expires_at, is_named: name.is_some() };
        if let Some(name) = name {
            self.rename(&host, name).await;
        }
        Ok(Some(HostCaller { user: host.account.id, session: host.session, grant }))
    }

    /// The user with this session, unless it has ended.
    pub(crate) async fn of_session(&self, session: SessionId) -> Result<Option<UserId>, Error> {
        let Some(host) = self.context.store.host_account_of(session).await? else { return Ok(None) };
        check_enabled(&host)?;
        Ok(Some(host.account.id))
    }

    async fn create(&self, vouched: &Vouched<'_>) -> Result<HostAccount, Error> {
        let unavailable = |detail| Error::new(Code::AccountUnavailable, detail);
        let Vouched { issuer, subject, username, .. } = vouched;
        if !issuer.create {
            return Err(unavailable("This person has no account, and none is made for them."));
        }
        let wait = self.created.take(issuer.issuer.clone(), self.context.clock.monotonic());
        wait.map_err(Error::rate_limited)?;
        let created_at = self.context.clock.now();
        let account = NewHostAccount {
            issuer: issuer.issuer.clone(),
            subject: subject.clone(),
            username: username.clone(),
            display_name: display_name(vouched).unwrap_or_else(|| username.clone()),
            created_at,
            session: self.session(),
        };
        let freed = created_at.minus(self.unverified_lifetime);
        let created = self.context.store.create_host_account(account, freed).await?;
        created.ok_or_else(|| unavailable("Somebody else has this username."))
    }

    /// Gives the person the name that their token has, if it is another one.
    async fn rename(&self, host: &HostAccount, name: String) {
        let user = host.account.id;
        if name == host.account.display_name
            || self.renamed.take(user, self.context.clock.monotonic()).is_err()
        {
            return;
        }
        let change = AccountChange { display_name: Some(name), ..AccountChange::default() };
        if let Err(error) = self.context.store.change_account(user, change).await {
            // No reason to refuse a request that may only read.
            tracing::debug!(%error, "a person was not renamed");
        }
    }

    fn session(&self) -> SessionId {
        SessionId::mint(self.context.clock.now(), u128::from_le_bytes(random::bytes(&*self.context.random)))
    }
}

/// The display name that a token gives a person, if it is one.
fn display_name(vouched: &Vouched<'_>) -> Option<String> {
    check_display_name(vouched.name.as_deref()?).ok()
}

fn check_enabled(host: &HostAccount) -> Result<(), Error> {
    if host.account.deleted_at.is_some() {
        return Err(Error::new(Code::AccountDisabled, "This account is deleted."));
    }
    if host.account.disabled {
        return Err(Error::new(Code::AccountDisabled, "An admin has disabled this account."));
    }
    Ok(())
}
