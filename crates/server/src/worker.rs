//! What goes on in the background, each in a task that is stopped and waited for, and missed if it ends before.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::ClockWatch;
use tokio::task::{Id, JoinSet};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::log::Rare;

/// How often what expired is forgotten.
const SWEEP: Duration = Duration::from_mins(10);
/// How often it is looked for API tokens that expired.
const EXPIRING: Duration = Duration::from_millis(500);

/// The tasks, by their names.
#[derive(Default)]
pub(crate) struct Workers {
    tasks: JoinSet<()>,
    names: HashMap<Id, &'static str>,
}

impl Workers {
    /// Starts all that a server has.
    pub(crate) fn start(app: &Arc<App>, stop: &CancellationToken) -> Self {
        let mut workers = Self::default();
        workers.spawn("announcer", announcer(app.clone(), stop.clone()));
        workers.spawn("receipts", receipts(app.clone(), stop.clone()));
        workers.spawn("presences", presences(app.clone(), stop.clone()));
        workers.spawn("ended_sessions", ended_sessions(app.clone(), stop.clone()));
        workers.spawn("relay", relay(app.clone(), stop.clone()));
        workers.spawn("api_tokens", api_tokens(app.clone(), stop.clone()));
        workers.spawn("sweep", sweep(app.clone(), stop.clone()));
        workers
    }

    fn spawn(&mut self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let task = self.tasks.spawn(work);
        self.names.insert(task.id(), name);
    }

    /// Waits until one of them has ended; gives its name.
    pub(crate) async fn ended(&mut self) -> &'static str {
        let id = match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => Some(id),
            Some(Err(error)) => Some(error.id()),
            None => None,
        };
        id.and_then(|id| self.names.get(&id).copied()).unwrap_or("all")
    }

    /// Waits for all of them to end.
    pub(crate) async fn wait(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Announces what is committed.
async fn announcer(app: Arc<App>, stop: CancellationToken) {
    app.domain.announcer.run(stop.cancelled()).await;
}

/// Stores and tells receipts as they come.
async fn receipts(app: Arc<App>, stop: CancellationToken) {
    app.domain.receipts.run(stop.cancelled()).await;
}

/// Ends API tokens that expired and cuts their sockets, as soon as those of one that is ended.
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

/// Tells who comes and goes, and stores when people were last there.
async fn presences(app: Arc<App>, stop: CancellationToken) {
    app.domain.presences.run(stop.cancelled()).await;
}

/// Cuts the sockets of sessions that ended anywhere.
async fn ended_sessions(app: Arc<App>, stop: CancellationToken) {
    app.domain.ended_sessions.run(stop.cancelled()).await;
}

/// Takes what other nodes tell to the sockets of this one.
async fn relay(app: Arc<App>, stop: CancellationToken) {
    app.domain.relay.run(stop.cancelled()).await;
}

/// Forgets sessions and codes that expired, accounts that nobody verified, and files that no message carries.
async fn sweep(app: Arc<App>, stop: CancellationToken) {
    // They go about when they should, also where that is soon.
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
        // What went by the clock is not forgotten while that is in doubt; files go by the time that passes.
        if watch.agrees(&*app.clock) {
            if let Err(error) = app.domain.sessions.sweep().await {
                tracing::warn!(cause = ?error.cause, "what expired could not be forgotten; it is tried again");
            }
            if let Err(error) = app.domain.accounts.sweep().await {
                tracing::warn!(cause = ?error.cause, "unverified accounts stay for now; it is tried again");
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
    async fn one_that_ends_is_missed() {
        let mut workers = Workers::default();
        workers.spawn("steady", std::future::pending());
        workers.spawn("faulty", async { panic!("a fault in a task") });
        assert_eq!(workers.ended().await, "faulty");
        workers.spawn("early", async {});
        assert_eq!(workers.ended().await, "early");
    }
}
