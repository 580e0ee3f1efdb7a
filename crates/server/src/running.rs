//! A server that is running: how it starts, and how it ends in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::config::Config;
use crate::cores::Cores;
use crate::listen::Listener;
use crate::local;
use crate::socket::Sockets;
use crate::wiring;
use crate::worker::Workers;

/// A server that accepts connections.
pub(crate) struct Running {
    pub(crate) app: Arc<App>,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    pub(crate) sockets: socketio::Server<Sockets>,
    /// The connections, and whatever else ends after `stop`.
    pub(crate) tasks: TaskTracker,
    /// Cancelled when no more connections are accepted.
    pub(crate) stop: CancellationToken,
    workers: Workers,
    /// Ends the workers.
    background: CancellationToken,
}

impl Running {
    /// Opens the store and accepts connections.
    pub(crate) fn start(config: Config, listener: TcpListener, cores: Cores) -> Result<Self, String> {
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let (app, sockets) = wiring::wire(config, address)?;
        if !app.clock.is_set() {
            tracing::warn!(
                "the clock of this machine is not set; what is given out now expires when it is, and nothing that has \
                 expired is removed until then"
            );
        }
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let host_accounts = app.domain.host_accounts.clone();
        tasks.spawn(async move { host_accounts.fetch_keys().await });
        let background = CancellationToken::new();
        let workers = Workers::start(&app, &background);
        let accepting = Listener::new(app.clone(), sockets.clone(), tasks.clone(), cores);
        tasks.spawn(accepting.run(listener, stop.clone()));
        local::serve(&app, &tasks, &stop);
        Ok(Self { app, address, sockets, tasks, stop, workers, background })
    }

    /// Waits for a thread or task to end by a fault, and says which.
    pub(crate) async fn fault(&mut self) -> String {
        tokio::select! {
            thread = self.app.store.fault() => format!("the thread {thread:?} has ended by a fault"),
            worker = self.workers.ended() => format!("the task {worker:?} has ended by a fault"),
        }
    }

    /// Ends the server: finishes what is in flight, then closes the sockets and the store.
    pub(crate) async fn end(mut self, bound: Duration) {
        self.drain(bound).await;
        self.background.cancel();
        self.workers.wait().await;
        self.app.store.close().await;
    }

    /// Stops accepting connections, finishes requests in flight, and closes the sockets, whose clients connect again.
    /// Takes at most three quarters of the bound; the rest is for closing the store.
    async fn drain(&self, bound: Duration) {
        let Self { app, sockets, tasks, stop, .. } = self;
        let begun = Instant::now();
        app.stopping.store(true, Ordering::Relaxed);
        stop.cancel();
        let in_flight = async {
            // Events that were read are handled first; then their messages are stored and acknowledged.
            sockets.quiesce().await;
            app.storing.close();
            app.storing.wait().await;
            if let Err(error) = app.domain.syncs.wait_until_announced().await {
                tracing::warn!(cause = ?error.cause, "the last messages may not have been announced");
            }
        };
        if timeout_at(begun + bound / 2, in_flight).await.is_err() {
            tracing::warn!("some requests did not finish in time; they are not acknowledged");
        }
        app.tasks.close();
        tasks.close();
        let rest = async {
            // Leaves time for the tasks of the sockets that it cuts to end.
            sockets.close(bound / 8).await;
            app.tasks.wait().await;
            tasks.wait().await;
        };
        if timeout_at(begun + bound / 4 * 3, rest).await.is_err() {
            tracing::warn!("some connections did not end in time; they are cut");
        }
    }
}
