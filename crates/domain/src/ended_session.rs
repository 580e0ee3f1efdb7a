//! Ended sessions: every node reads them from the store and cuts its own sockets.

use std::sync::Arc;
use std::time::Duration;

use crate::context::Context;
use crate::store::{EndedSession, StoreError};

/// Cuts the sockets of ended sessions.
///
/// A request that ends a session cuts the sockets of its own node at once. This cuts those of the other nodes. It cuts
/// those of its own node once more, in case a fault came between the commit and the first cut.
pub struct EndedSessions {
    context: Arc<Context>,
}

impl EndedSessions {
    /// How often the store is read: sockets are to be cut within a second.
    const EVERY: Duration = Duration::from_millis(250);
    /// Sessions read at a time.
    const PAGE: usize = 256;
    /// Wait after the store failed.
    const RETRY_DELAY: Duration = Duration::from_secs(1);

    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    /// Cuts the sockets of sessions that end from now on, until `stop`.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let mut last = None;
        loop {
            let looked = tokio::select! {
                looked = self.look(last) => looked,
                () = &mut stop => return,
            };
            let wait = match looked {
                Ok(number) => {
                    last = Some(number);
                    Self::EVERY
                }
                Err(StoreError::Closed) => return,
                Err(error) => {
                    tracing::warn!(%error, "ended sessions cannot be followed; it is tried again");
                    Self::RETRY_DELAY
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = &mut stop => return,
            }
        }
    }

    /// Cuts the sessions with numbers above `last`, and gives the highest number.
    async fn look(&self, last: Option<u64>) -> Result<u64, StoreError> {
        let Some(mut last) = last else { return self.context.store.last_ended_session().await };
        loop {
            let ended = self.context.store.ended_sessions(last, Self::PAGE).await?;
            for &EndedSession { number, user, session, .. } in &ended {
                self.context.broker.close_session(user, session);
                last = number;
            }
            if ended.len() < Self::PAGE {
                return Ok(last);
            }
        }
    }
}
