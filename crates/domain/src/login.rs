//! Limits on logins and on failed logins. Checked before a password is hashed, because hashing is what costs.

use std::net::IpAddr;

use crate::Settings;
use crate::account::is_username;
use crate::clock::Clock;
use crate::error::Error;
use crate::limit::{Limiter, Rate};

/// Failed logins from one address to an account that has had too many failed logins from all addresses. Few enough to
/// slow an attacker with many addresses. The owner, who knows the password, still gets in from their own address.
const UNDER_ATTACK: Rate = Rate { burst: 5, interval: std::time::Duration::from_mins(12) };

/// An account and an address that logs in to it; `None` is the server's own machine.
type Pair = (Box<str>, Option<IpAddr>);

/// Counts logins and failed logins.
///
/// All logins count, because a right password costs as much processor time as a wrong one and adds a session. Failed
/// logins count once more, because they are guesses. Nothing that a stranger does from another address keeps the
/// owner of an account out.
pub(crate) struct LoginLimits {
    of_address: Limiter<IpAddr>,
    of_pair: Limiter<Pair>,
    failed_of_address: Limiter<IpAddr>,
    failed_of_account: Limiter<Box<str>>,
    /// Used only while the limit of `failed_of_account` is reached.
    failed_of_pair: Limiter<Pair>,
}

/// A login that counts as failed until it is known to have the right password.
pub(crate) struct Attempt {
    address: Option<IpAddr>,
    /// The account, and whether it is under attack: `failed_of_account` has reached its limit. `None` if the text
    /// cannot be a username.
    account: Option<(Box<str>, bool)>,
}

impl LoginLimits {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            of_address: Limiter::new(settings.logins_of_address),
            of_pair: Limiter::new(settings.logins),
            failed_of_address: Limiter::new(settings.failed_logins),
            failed_of_account: Limiter::new(settings.failed_logins_of_account),
            failed_of_pair: Limiter::new(UNDER_ATTACK),
        }
    }

    /// Counts a login, or fails if a limit is reached. The login counts as failed until [`LoginLimits::not_failed`],
    /// so that many at the same time cannot exceed the limit.
    pub(crate) fn take(
        &self,
        username: &str,
        address: Option<IpAddr>,
        clock: &dyn Clock,
    ) -> Result<Attempt, Error> {
        let now = clock.monotonic();
        // A text that cannot be a username belongs to no account, and would only fill the tables.
        let account = is_username(username).then(|| Box::<str>::from(username.to_ascii_lowercase()));
        if let Some(account) = &account {
            self.of_pair.take((account.clone(), address), now).map_err(Error::rate_limited)?;
        }
        if let Some(address) = address {
            self.of_address.take(address, now).map_err(Error::rate_limited)?;
            self.failed_of_address.take(address, now).map_err(Error::rate_limited)?;
        }
        let Some(account) = account else {
            return Ok(Attempt { address, account: None });
        };
        let under_attack = self.failed_of_account.take(account.clone(), now).is_err();
        if under_attack && let Err(wait) = self.failed_of_pair.take((account.clone(), address), now) {
            self.refund_address(address);
            return Err(Error::rate_limited(wait));
        }
        Ok(Attempt { address, account: Some((account, under_attack)) })
    }

    /// The password was right, or could not be checked: the login does not count as failed.
    pub(crate) fn not_failed(&self, Attempt { address, account }: &Attempt) {
        self.refund_address(*address);
        match account {
            Some((account, true)) => self.failed_of_pair.refund(&(account.clone(), *address)),
            Some((account, false)) => self.failed_of_account.refund(account),
            None => {}
        }
    }

    fn refund_address(&self, address: Option<IpAddr>) {
        if let Some(address) = address {
            self.failed_of_address.refund(&address);
        }
    }
}
