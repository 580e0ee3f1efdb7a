//! What the rules work with.

use std::sync::Arc;

use crate::channel::Channels;
use crate::clock::Clock;
use crate::live::Broker;
use crate::person::Directory;
use crate::random::Random;
use crate::store::Store;

/// The ports that most rules need, and what is kept at hand of what is behind them.
pub(crate) struct Context {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) people: Arc<Directory>,
    pub(crate) channels: Arc<Channels>,
}
