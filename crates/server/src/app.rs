//! What every part of the server shares.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use domain::store::Store;
use domain::{Clock, Domain};
use socketio::Origins;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::hub::Hub;
use crate::metrics::Metrics;

/// The server's parts, wired.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) domain: Domain,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) origins: Origins,
    pub(crate) metrics: Arc<Metrics>,
    /// Set once the server begins to stop.
    pub(crate) stopping: AtomicBool,
    /// What is being stored and will be acknowledged; waited for before sockets are closed.
    pub(crate) storing: TaskTracker,
    /// What catches sockets up; waited for at the end.
    pub(crate) tasks: TaskTracker,
}
