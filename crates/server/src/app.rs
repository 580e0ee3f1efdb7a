//! The state that every part of the server shares.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use domain::store::Store;
use domain::{Clock, Domain};
use socketio::Origins;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::hub::Hub;
use crate::metrics::Metrics;

/// The parts of the server, connected with each other.
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
    /// Messages that wait for the store to be acknowledged. A stopping server waits for them before it closes sockets.
    pub(crate) storing: TaskTracker,
    /// The tasks that catch sockets up or answer `sync`. A stopping server waits for them after closing sockets.
    pub(crate) tasks: TaskTracker,
}
