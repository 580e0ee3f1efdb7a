//! Ended sessions: every node follows them and cuts its own sockets.

use std::sync::Arc;
use std::time::Duration;

use crate::context::Context;
use crate::store::{EndedSession, StoreError};

/// Cuts the sockets of sessions that ended at another node. Whoever ends a session cuts it on its own node at once; here
/// it is cut again, in case a fault came between its commit and that.
pub struct EndedSessions {
    context: Arc<Context>,
}

impl EndedSessions {
    /// How often it looks: sockets are to be cut within a second.
    const EVERY: Duration = Duration::from_millis(250);
    /// Sessions that it reads at a time.
    const PAGE: usize = 256;
    /// How long a store that fails is given.
    const PATIENCE: Duration = Duration::from_secs(1);

    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    /// Cuts what ends from now on, until `stop`.
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
                    Self::PATIENCE
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = &mut stop => return,
            }
        }
    }

    /// Cuts what ended after a number; gives that of the last.
    async fn look(&self, last: Option<u64>) -> Result<u64, StoreError> {
        let Some(mut last) = last else { return self.context.store.last_ended_session().await };
        loop {
            let ended = self.context.store.ended_sessions(last, Self::PAGE).await?;
            for &EndedSession { number, user, session, .. } in &ended {
                self.context.broker.cut(user, session);
                last = number;
            }
            if ended.len() < Self::PAGE {
                return Ok(last);
            }
        }
    }
}
