//! What goes on in the background, each in a task that is stopped and waited for.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// How often what expired is forgotten.
const SWEEP: Duration = Duration::from_mins(10);
/// How often it is looked for API tokens that expired.
const EXPIRING: Duration = Duration::from_millis(500);

/// Stores and tells receipts as they come.
pub(crate) async fn receipts(app: Arc<App>, stop: CancellationToken) {
    app.domain.receipts.run(stop.cancelled()).await;
}

/// Ends API tokens that expired and cuts their sockets, as soon as those of one that is ended.
pub(crate) async fn api_tokens(app: Arc<App>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(EXPIRING);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = app.domain.api_tokens.sweep().await {
            tracing::warn!(cause = ?error.cause, "expired API tokens could not be ended; it is tried again");
        }
    }
}

/// Tells who comes and goes, and stores when people were last there.
pub(crate) async fn presences(app: Arc<App>, stop: CancellationToken) {
    app.domain.presences.run(stop.cancelled()).await;
}

/// Forgets sessions and codes that expired, accounts that nobody verified, and files that no message carries.
pub(crate) async fn sweep(app: Arc<App>, stop: CancellationToken) {
    // They go about when they should, also where that is soon.
    let soonest = app.config.attachment_unused.0.min(app.config.unverified_lifetime.0);
    let often = (soonest / 4).clamp(Duration::from_millis(100), SWEEP);
    let mut ticks = tokio::time::interval(often);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = app.domain.sessions.sweep().await {
            tracing::warn!(cause = ?error.cause, "what expired could not be forgotten; it is tried again");
        }
        if let Err(error) = app.domain.accounts.sweep().await {
            tracing::warn!(cause = ?error.cause, "unverified accounts stay for now; it is tried again");
        }
        if let Err(error) = app.domain.attachments.sweep().await {
            tracing::warn!(cause = ?error.cause, "unused files could not be removed; it is tried again");
        }
    }
}
