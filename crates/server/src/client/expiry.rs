//! When a socket ends that was opened with a token of a host application.

use std::time::Duration;

use domain::Clock;
use parking_lot::Mutex;
use protocol::Timestamp;
use tokio_util::sync::CancellationToken;

/// How long a socket outlives its token, so that its client can renew it also where an answer was late.
const GRACE: Duration = Duration::from_mins(1);
/// How often the clock is looked at: the wall clock may be set meanwhile.
const LOOK: Duration = Duration::from_secs(30);

/// When the token of a socket expires.
pub(crate) struct Expiry {
    at: Mutex<Timestamp>,
    /// Cancelled when the socket has ended.
    over: CancellationToken,
}

impl Expiry {
    pub(super) fn new(at: Timestamp) -> Self {
        Self { at: Mutex::new(at), over: CancellationToken::new() }
    }

    /// A newer token expires at this time. Gives the later one of both: nothing makes the life of a socket shorter.
    pub(crate) fn renew(&self, at: Timestamp) -> Timestamp {
        let mut latest = self.at.lock();
        *latest = latest.max(at);
        *latest
    }

    /// Waits until the socket is to be cut. False if it ended before.
    pub(crate) async fn wait(&self, clock: &dyn Clock) -> bool {
        while let Some(left) = self.left(clock.now()) {
            tokio::select! {
                () = tokio::time::sleep(left.min(LOOK)) => {}
                () = self.over.cancelled() => return false,
            }
        }
        !self.over.is_cancelled()
    }

    pub(super) fn ended(&self) {
        self.over.cancel();
    }

    /// How long the socket may live on; `None` if no longer.
    fn left(&self, now: Timestamp) -> Option<Duration> {
        let left = self.at.lock().plus(GRACE).as_millis() - now.as_millis();
        u64::try_from(left).ok().filter(|left| *left > 0).map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::time::Instant;

    use super::*;

    /// A wall clock that goes as the time of the test does.
    struct TestClock(Instant);

    impl Clock for TestClock {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(0).plus(self.monotonic())
        }

        fn monotonic(&self) -> Duration {
            self.0.elapsed()
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[tokio::test(start_paused = true)]
    async fn a_socket_is_cut_a_minute_after_its_token_expired() {
        let clock = TestClock(Instant::now());
        assert!(Expiry::new(at(100)).wait(&clock).await);
        assert_eq!(clock.monotonic(), Duration::from_secs(160));
        assert!(Expiry::new(at(0)).wait(&clock).await);
        assert_eq!(clock.monotonic(), Duration::from_secs(160));
    }

    #[tokio::test(start_paused = true)]
    async fn a_renewal_prolongs_it_and_never_shortens_it() {
        let clock = TestClock(Instant::now());
        let expiry = Expiry::new(at(100));
        assert_eq!((expiry.renew(at(200)), expiry.renew(at(150))), (at(200), at(200)));
        assert!(expiry.wait(&clock).await);
        assert_eq!(clock.monotonic(), Duration::from_secs(260));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_waits_for_a_socket_that_has_ended() {
        let clock = TestClock(Instant::now());
        let expiry = Arc::new(Expiry::new(at(100)));
        let waiting = expiry.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(5)).await;
            waiting.ended();
        });
        assert!(!expiry.wait(&clock).await);
        assert_eq!(clock.monotonic(), Duration::from_secs(5));
    }
}
