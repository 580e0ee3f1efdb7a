//! The threads of a store. If one panics, the server learns of it.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::{Builder, JoinHandle, panicking};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// The name of the thread that panicked first.
#[derive(Clone)]
pub(super) struct Faults(watch::Sender<Option<&'static str>>);

/// Dropped when its thread ends, and notes a panic.
struct Guard(Faults, &'static str);

impl Drop for Guard {
    fn drop(&mut self) {
        // A thread that was told to end does not panic.
        if panicking() {
            self.0.0.send_if_modified(|first| {
                let news = first.is_none();
                first.get_or_insert(self.1);
                news
            });
        }
    }
}

impl Faults {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    /// Starts a thread.
    pub(super) fn spawn(&self, name: &'static str, run: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
        let guard = Guard(self.clone(), name);
        let run = move || {
            let _guard = guard;
            run();
        };
        Builder::new().name(name.into()).spawn(run).expect("the system can start a thread")
    }

    /// Waits until a thread panics, and returns its name.
    pub(super) async fn first(&self) -> &'static str {
        let mut faults = self.0.subscribe();
        let first = faults.wait_for(Option::is_some).await.ok().and_then(|first| *first);
        first.unwrap_or("a thread")
    }
}

/// Sleeps for `span`, and ignores signals. Returns false at once when all senders of `woken` are dropped.
pub(super) fn rest(woken: &Receiver<()>, span: Duration) -> bool {
    let until = Instant::now() + span;
    loop {
        match woken.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout) => return true,
            Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
}

/// How long to rest after a failed try: 1 s, 2 s, 4 s, … up to a minute.
pub(super) struct Backoff {
    next: Duration,
}

impl Backoff {
    const FIRST: Duration = Duration::from_secs(1);
    const LONGEST: Duration = Duration::from_mins(1);

    pub(super) fn new() -> Self {
        Self { next: Self::FIRST }
    }

    /// Call this after a try that succeeded.
    pub(super) fn reset(&mut self) {
        self.next = Self::FIRST;
    }

    pub(super) fn next(&mut self) -> Duration {
        let next = self.next;
        self.next = (next * 2).min(Self::LONGEST);
        next
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    #[tokio::test]
    async fn a_thread_that_panics_is_missed_and_one_that_returns_is_not() {
        let faults = Faults::new();
        faults.spawn("told to end", || ()).join().unwrap();
        assert_eq!(*faults.0.borrow(), None);
        assert!(faults.spawn("faulty", || panic!("a fault in a thread")).join().is_err());
        assert!(faults.spawn("faulty later", || panic!("a fault in a thread")).join().is_err());
        assert_eq!(faults.first().await, "faulty");
    }

    #[test]
    fn a_rest_is_not_cut_short_by_who_wakes() {
        let (wake, woken) = sync_channel(1);
        wake.send(()).unwrap();
        let started = Instant::now();
        assert!(rest(&woken, Duration::from_millis(30)));
        assert!(started.elapsed() >= Duration::from_millis(30));
        drop(wake);
        assert!(!rest(&woken, Duration::from_mins(1)));
    }
}
