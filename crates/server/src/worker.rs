//! The background tasks. A stopping server stops them and waits for them. If one ends before that, the server stops.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::ClockWatch;
use tokio::task::{Id, JoinSet};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::log::Rare;

/// How often expired things and unused files are swept.
const SWEEP: Duration = Duration::from_mins(10);
/// How often expired API tokens are swept.
const EXPIRING: Duration = Duration::from_millis(500);

/// The background tasks with their names.
#[derive(Default)]
pub(crate) struct Workers {
    tasks: JoinSet<()>,
    names: HashMap<Id, &'static str>,
}

impl Workers {
    /// Starts all background tasks.
    pub(crate) fn start(app: &Arc<App>, stop: &CancellationToken) -> Self {
        let mut workers = Self::default();
        workers.spawn("announcer", announcer(app.clone(), stop.clone()));
        workers.spawn("receipts", receipts(app.clone(), stop.clone()));
        workers.spawn("presences", presences(app.clone(), stop.clone()));
        workers.spawn("ended_sessions", ended_sessions(app.clone(), stop.clone()));
        workers.spawn("erasures", erasures(app.clone(), stop.clone()));
        workers.spawn("relay", relay(app.clone(), stop.clone()));
        workers.spawn("api_tokens", api_tokens(app.clone(), stop.clone()));
        workers.spawn("notices", notices(app.clone(), stop.clone()));
        workers.spawn("sweep", sweep(app.clone(), stop.clone()));
        workers
    }

    fn spawn(&mut self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let task = self.tasks.spawn(work);
        self.names.insert(task.id(), name);
    }

    /// Waits until one of the tasks has ended, and gives its name.
    pub(crate) async fn ended(&mut self) -> &'static str {
        let id = match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => Some(id),
            Some(Err(error)) => Some(error.id()),
            None => None,
        };
        id.and_then(|id| self.names.get(&id).copied()).unwrap_or("all")
    }

    /// Waits until all tasks have ended.
    pub(crate) async fn wait(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Announces committed entries.
async fn announcer(app: Arc<App>, stop: CancellationToken) {
    app.domain.announcer.run(stop.cancelled()).await;
}

/// Stores and tells receipts as they come.
async fn receipts(app: Arc<App>, stop: CancellationToken) {
    app.domain.receipts.run(stop.cancelled()).await;
}

/// Ends expired API tokens and cuts their sockets, within a second as for a token that its owner ends.
async fn api_tokens(app: Arc<App>, stop: CancellationToken) {
    static FAILED: Rare = Rare::new();
    let mut watch = ClockWatch::default();
    let mut ticks = tokio::time::interval(EXPIRING);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        if !watch.agrees(&*app.clock) {
            continue;
        }
        if let Err(error) = app.domain.api_tokens.sweep().await
            && let Some(left_out) = FAILED.left_out()
        {
            let cause = &error.cause;
            tracing::warn!(?cause, left_out, "expired API tokens could not be ended; it is tried again");
        }
    }
}

/// Tells who goes online and offline, and stores when people were last seen.
async fn presences(app: Arc<App>, stop: CancellationToken) {
    app.domain.presences.run(stop.cancelled()).await;
}

/// Cuts the sockets of sessions that ended on any node.
async fn ended_sessions(app: Arc<App>, stop: CancellationToken) {
    app.domain.ended_sessions.run(stop.cancelled()).await;
}

/// Sends codes by e-mail and the like.
async fn notices(app: Arc<App>, stop: CancellationToken) {
    app.domain.notices.run(stop.cancelled()).await;
}

/// Erases what deleted accounts left.
async fn erasures(app: Arc<App>, stop: CancellationToken) {
    app.domain.erasures.run(stop.cancelled()).await;
}

/// Passes hints of other nodes on to the sockets of this one.
async fn relay(app: Arc<App>, stop: CancellationToken) {
    app.domain.relay.run(stop.cancelled()).await;
}

/// Removes expired sessions and codes, unverified accounts, old entries of the audit log, and files that no
/// message carries.
async fn sweep(app: Arc<App>, stop: CancellationToken) {
    // Often enough for short settings, so that things are removed about when they should be.
    let soonest = app.config.attachment_unused.0.min(app.config.unverified_lifetime.0);
    let often = (soonest / 4).clamp(Duration::from_millis(100), SWEEP);
    let mut watch = ClockWatch::default();
    let mut ticks = tokio::time::interval(often);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        // While the wall clock is in doubt, nothing that expired by it is removed. Files go by the store's age
        // instead.
        if watch.agrees(&*app.clock) {
            if let Err(error) = app.domain.sessions.sweep().await {
                tracing::warn!(cause = ?error.cause, "expired sessions could not be removed; it is tried again");
            }
            if let Err(error) = app.domain.accounts.sweep().await {
                tracing::warn!(cause = ?error.cause, "unverified accounts stay for now; it is tried again");
            }
            if let Err(error) = app.domain.admins.sweep().await {
                tracing::warn!(cause = ?error.cause, "old entries of the audit log stay for now; it is tried again");
            }
        }
        if let Err(error) = app.domain.attachments.sweep().await {
            tracing::warn!(cause = ?error.cause, "unused files could not be removed; it is tried again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_ends_is_named() {
        let mut workers = Workers::default();
        workers.spawn("steady", std::future::pending());
        workers.spawn("faulty", async { panic!("a fault in a task") });
        assert_eq!(workers.ended().await, "faulty");
        workers.spawn("early", async {});
        assert_eq!(workers.ended().await, "early");
    }
}
