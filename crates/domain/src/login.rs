//! How often somebody may log in, and how often fail to. Asked before a password is hashed, which is what
//! costs.

use std::net::IpAddr;

use crate::Settings;
use crate::account::is_username;
use crate::clock::Clock;
use crate::error::Error;
use crate::limit::{Limiter, Rate};

/// Failed logins from one address to an account that has had too many from everywhere: few enough to slow who
/// guesses from many addresses, while whoever knows the password gets in from their own.
const BESIEGED: Rate = Rate { burst: 5, interval: std::time::Duration::from_mins(12) };

/// An account at an address; `None` is everybody on the server's machine.
type Pair = (Box<str>, Option<IpAddr>);

/// Counts logins: all of them, since a right password costs as much as a wrong one and leaves a session; and
/// those that failed, which are guesses. Nothing that a stranger does at another address keeps the owner of
/// an account out.
pub(crate) struct LoginLimits {
    of_address: Limiter<IpAddr>,
    of_pair: Limiter<Pair>,
    failed_of_address: Limiter<IpAddr>,
    failed_of_account: Limiter<Box<str>>,
    /// Past the limit of an account.
    failed_of_pair: Limiter<Pair>,
}

/// A login that counts as failed until it is known to have the right password.
pub(crate) struct Attempt {
    address: Option<IpAddr>,
    /// The account, if there could be one of this name, and whether it has had too many from everywhere.
    account: Option<(Box<str>, bool)>,
}

impl LoginLimits {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            of_address: Limiter::new(settings.logins_of_address),
            of_pair: Limiter::new(settings.logins),
            failed_of_address: Limiter::new(settings.failed_logins),
            failed_of_account: Limiter::new(settings.failed_logins_of_account),
            failed_of_pair: Limiter::new(BESIEGED),
        }
    }

    /// Counts a login, if there may be one more. It counts as failed before it is known, so that many at the
    /// same time do not slip past the limit.
    pub(crate) fn take(
        &self,
        username: &str,
        address: Option<IpAddr>,
        clock: &dyn Clock,
    ) -> Result<Attempt, Error> {
        let now = clock.monotonic();
        // What cannot be a username is nobody's account, and is not kept.
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
        let besieged = self.failed_of_account.take(account.clone(), now).is_err();
        if besieged && let Err(wait) = self.failed_of_pair.take((account.clone(), address), now) {
            self.refund_address(address);
            return Err(Error::rate_limited(wait));
        }
        Ok(Attempt { address, account: Some((account, besieged)) })
    }

    /// The password was right, or was not looked at: it is no guess.
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
