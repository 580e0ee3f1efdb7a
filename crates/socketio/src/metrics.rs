//! What the server counts.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use crate::Reason;

/// What a server counts, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// Sessions open now, over any transport.
    pub sessions: usize,
    /// Sockets (connected namespaces) open now.
    pub sockets: usize,
    /// Bytes that wait for a transport now, over all sessions.
    pub pending_bytes: usize,
    /// Sessions opened since the start.
    pub opened: u64,
    /// Sessions that moved from polling to WebSocket since the start.
    pub upgraded: u64,
    /// HTTP requests refused since the start: a bad origin, an unknown session, a limit.
    pub refused: u64,
    /// Sessions closed since the start, by reason, in the order of [`Reason::ALL`].
    pub closed: Vec<(Reason, u64)>,
}

impl Metrics {
    /// How many sessions were closed for a reason since the start.
    pub fn closed(&self, reason: Reason) -> u64 {
        self.closed.iter().find(|(of, _)| *of == reason).map_or(0, |(_, count)| *count)
    }
}

/// The counters behind [`Metrics`]; what can be counted on demand is not kept.
#[derive(Debug)]
pub(crate) struct Counters {
    pub(crate) sockets: AtomicUsize,
    pub(crate) opened: AtomicU64,
    pub(crate) upgraded: AtomicU64,
    pub(crate) refused: AtomicU64,
    closed: [AtomicU64; Reason::ALL.len()],
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            sockets: AtomicUsize::new(0),
            opened: AtomicU64::new(0),
            upgraded: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            closed: [const { AtomicU64::new(0) }; Reason::ALL.len()],
        }
    }
}

impl Counters {
    pub(crate) fn closed(&self, reason: Reason) {
        self.closed[reason as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn read(&self, sessions: usize, pending_bytes: usize) -> Metrics {
        Metrics {
            sessions,
            sockets: self.sockets.load(Relaxed),
            pending_bytes,
            opened: self.opened.load(Relaxed),
            upgraded: self.upgraded.load(Relaxed),
            refused: self.refused.load(Relaxed),
            closed: Reason::ALL.iter().map(|&r| (r, self.closed[r as usize].load(Relaxed))).collect(),
        }
    }
}
