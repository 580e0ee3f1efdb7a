//! The ports and caches that most rules share.

use std::sync::Arc;

use crate::bus::Bus;
use crate::channel::Channels;
use crate::clock::Clock;
use crate::error::Error;
use crate::live::Broker;
use crate::liveness::Liveness;
use crate::person::{Caller, Directory};
use crate::random::Random;
use crate::store::Store;

/// The ports that most rules need, and caches of people and conversations.
pub(crate) struct Context {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) liveness: Arc<dyn Liveness>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) people: Arc<Directory>,
    pub(crate) channels: Arc<Channels>,
}

impl Context {
    /// Counts a request like a message in the caller's rate limit; fails if the limit is used up.
    pub(crate) fn charge(&self, caller: &Caller) -> Result<(), Error> {
        self.charge_times(caller, 1)
    }

    /// Counts a request like so many messages. More than a burst counts as a burst.
    pub(crate) fn charge_times(&self, caller: &Caller, count: usize) -> Result<(), Error> {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        caller.allowance.messages.take_many(count, self.clock.monotonic()).map_err(Error::rate_limited)
    }
}
