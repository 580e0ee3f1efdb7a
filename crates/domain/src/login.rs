//! Limits on logins and on failed logins. Checked before a password is hashed, because hashing is what costs.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use protocol::Code;

use crate::Settings;
use crate::account::is_username;
use crate::clock::Clock;
use crate::context::Context;
use crate::error::Error;
use crate::limit::{Limiter, Rate};
use crate::log_limit::LimitWarning;
use crate::password::Passwords;
use crate::person::Caller;
use crate::store::Account;

/// Failed logins from one address to an account that has had too many failed logins from all addresses. Few enough to
/// slow an attacker with many addresses. The owner, who knows the password, still gets in from their own address.
const UNDER_ATTACK: Rate = Rate { burst: 5, interval: Duration::from_mins(12) };

/// An account and an address that logs in to it; `None` is the server's own machine.
type Pair = (Box<str>, Option<IpAddr>);

/// Checks passwords, within the limits on logins.
pub(crate) struct Logins {
    context: Arc<Context>,
    passwords: Arc<Passwords>,
    limits: LoginLimits,
}

impl Logins {
    pub(crate) fn new(context: Arc<Context>, passwords: Arc<Passwords>, settings: &Settings) -> Self {
        Self { context, passwords, limits: LoginLimits::new(settings) }
    }

    /// The account, if the password is right. An unknown username gets the same answer as a wrong password, after the
    /// same time. `address` is `None` if limits for addresses do not apply; limits for accounts always do.
    pub(crate) async fn check(
        &self,
        username: &str,
        password: String,
        address: Option<IpAddr>,
    ) -> Result<Account, Error> {
        let attempt = self.limits.take(username, address, &*self.context.clock)?;
        let outcome = self.right(username, password).await;
        if !matches!(&outcome, Ok(None)) {
            self.limits.not_failed(&attempt);
        }
        let wrong = || Error::new(Code::CredentialsInvalid, "Check the username and the password.");
        outcome?.ok_or_else(wrong)
    }

    /// The caller's account, if this is their password. A wrong one counts as a failed login.
    pub(crate) async fn confirm(
        &self,
        caller: &Caller,
        password: String,
        address: Option<IpAddr>,
    ) -> Result<Account, Error> {
        caller.check_logged_in()?;
        let checked = self.check(&caller.person.username, password, address).await;
        checked.map_err(|error| match error.code {
            Code::CredentialsInvalid => Error::new(error.code, "Check the password.").about("password"),
            _ => error,
        })
    }

    /// The account, if it exists and the password is right. A deleted account is as one that never was.
    async fn right(&self, username: &str, password: String) -> Result<Option<Account>, Error> {
        let account = self.context.store.account(username).await?;
        let account = account.filter(|account| account.deleted_at.is_none());
        // An account of a host application has no password, which takes as long as any to refuse.
        let stored = account.as_ref().map(|account| account.password_hash.clone());
        let stored = stored.filter(|hash| !hash.is_empty());
        Ok(if self.passwords.verify(password, stored).await? { account } else { None })
    }
}

/// Counts logins and failed logins.
///
/// All logins count, because a right password costs as much processor time as a wrong one and adds a session. Failed
/// logins count once more, because they are guesses. They count for each account and address, so that of all who share
/// an address, as in a school, nobody keeps the others out. Nothing that a stranger does from another address keeps
/// the owner of an account out.
struct LoginLimits {
    of_address: Limiter<IpAddr>,
    of_pair: Limiter<Pair>,
    failed_of_address: Limiter<IpAddr>,
    failed_of_pair: Limiter<Pair>,
    failed_of_account: Limiter<Box<str>>,
    /// Used only while the limit of `failed_of_account` is reached.
    under_attack: Limiter<Pair>,
    warnings: [LimitWarning; 2],
}

/// A login that counts as failed until it is known to have the right password.
struct Attempt {
    address: Option<IpAddr>,
    /// The account, and whether it is under attack: `failed_of_account` has reached its limit. `None` if the text
    /// cannot be a username.
    account: Option<(Box<str>, bool)>,
}

impl LoginLimits {
    fn new(settings: &Settings) -> Self {
        Self {
            of_address: Limiter::new(settings.logins_of_address),
            of_pair: Limiter::new(settings.logins),
            failed_of_address: Limiter::new(settings.failed_logins_of_address),
            failed_of_pair: Limiter::new(settings.failed_logins),
            failed_of_account: Limiter::new(settings.failed_logins_of_account),
            under_attack: Limiter::new(UNDER_ATTACK),
            warnings: ["logins-per-address-per-hour", "failed-logins-per-address-per-hour"]
                .map(LimitWarning::new),
        }
    }

    /// Counts a login, or fails if a limit is reached. The login counts as failed until [`LoginLimits::not_failed`],
    /// so that many at the same time cannot exceed the limit.
    fn take(&self, username: &str, address: Option<IpAddr>, clock: &dyn Clock) -> Result<Attempt, Error> {
        let now = clock.monotonic();
        // Before the account, because who makes up names would otherwise fill its tables.
        if let Some(address) = address {
            for (limit, warning) in
                [&self.of_address, &self.failed_of_address].into_iter().zip(&self.warnings)
            {
                if let Err(wait) = limit.take(address, now) {
                    warning.tell(address, now);
                    return Err(Error::rate_limited(wait));
                }
            }
        }
        // A text that cannot be a username belongs to no account.
        let account = is_username(username).then(|| Box::<str>::from(username.to_ascii_lowercase()));
        let Some(account) = account else {
            return Ok(Attempt { address, account: None });
        };
        match self.take_pair(&(account.clone(), address), now) {
            Ok(under_attack) => Ok(Attempt { address, account: Some((account, under_attack)) }),
            Err(wait) => {
                self.refund_address(address);
                Err(Error::rate_limited(wait))
            }
        }
    }

    /// Counts a login to an account from an address. Gives whether the account is under attack.
    fn take_pair(&self, pair: &Pair, now: Duration) -> Result<bool, Duration> {
        let (account, address) = pair;
        self.of_pair.take(pair.clone(), now)?;
        if address.is_some() {
            self.failed_of_pair.take(pair.clone(), now)?;
        }
        let under_attack = self.failed_of_account.take(account.clone(), now).is_err();
        if under_attack && let Err(wait) = self.under_attack.take(pair.clone(), now) {
            self.failed_of_pair.refund(pair);
            return Err(wait);
        }
        Ok(under_attack)
    }

    /// The password was right, or could not be checked: the login does not count as failed.
    fn not_failed(&self, Attempt { address, account }: &Attempt) {
        self.refund_address(*address);
        let Some((account, under_attack)) = account else { return };
        let pair = (account.clone(), *address);
        self.failed_of_pair.refund(&pair);
        if *under_attack {
            self.under_attack.refund(&pair);
        } else {
            self.failed_of_account.refund(account);
        }
    }

    fn refund_address(&self, address: Option<IpAddr>) {
        if let Some(address) = address {
            self.failed_of_address.refund(&address);
        }
    }
}
