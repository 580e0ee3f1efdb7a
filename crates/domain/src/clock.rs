//! The port to the clock.

use std::time::Duration;

use protocol::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The wall clock, for times that people see and for expiry.
    fn now(&self) -> Timestamp;

    /// Time since some fixed instant; never goes back. For rate limits.
    fn monotonic(&self) -> Duration;

    /// Whether the wall clock has been set: that of a machine without a battery begins in 1970.
    fn is_set(&self) -> bool {
        self.now() >= NEVER_BEFORE
    }
}

/// The beginning of 2025, before which there was no such server.
const NEVER_BEFORE: Timestamp = Timestamp::from_millis(1_735_689_600_000);

/// Notices when the wall clock jumps, so that things that expired only by a wrong clock are not removed.
#[derive(Debug, Default)]
pub struct ClockWatch {
    /// The wall clock and the monotonic clock when they last agreed.
    agreed: Option<(Timestamp, Duration)>,
    /// Since when they disagree, on the monotonic clock.
    since: Option<Duration>,
}

impl ClockWatch {
    /// How far the clocks may drift apart between two calls.
    const APART: Duration = Duration::from_hours(1);
    /// After this time a wall clock that jumped is believed: the machine may have slept, or its clock been set right.
    const DOUBT: Duration = Duration::from_hours(24);

    /// Whether the wall clock can be believed: it moved like the monotonic clock since the last call. Call it
    /// regularly.
    pub fn agrees(&mut self, clock: &dyn Clock) -> bool {
        let (now, monotonic) = (clock.now(), clock.monotonic());
        let apart = self.agreed.map_or(0, |(then, since)| {
            let went = i128::from(now.as_millis()) - i128::from(then.as_millis());
            let passed = i128::try_from(monotonic.saturating_sub(since).as_millis()).unwrap_or(i128::MAX);
            (went - passed).unsigned_abs()
        });
        if !clock.is_set() {
            // Once it is set, it has jumped.
            self.agreed = Some((now, monotonic));
            return false;
        }
        if apart > Self::APART.as_millis() {
            let since = *self.since.get_or_insert_with(|| {
                tracing::warn!(
                    seconds = apart / 1000,
                    "the clock has jumped; nothing that it says has expired is removed, for a day or until it is right"
                );
                monotonic
            });
            if monotonic < since + Self::DOUBT {
                return false;
            }
        }
        self.since = None;
        self.agreed = Some((now, monotonic));
        true
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_clock_that_was_not_set_is_not_believed_and_its_setting_is_a_jump() {
        let clock = Set(std::sync::Mutex::new(Cell::new((0, 0))));
        let mut watch = ClockWatch::default();
        let mut at = |wall, passed| {
            clock.0.lock().unwrap().set((wall, passed));
            watch.agrees(&clock)
        };
        assert!(!at(0, 0) && !at(10, 10));
        assert!(!at(SOME_DAY + 20, 20) && !at(SOME_DAY + 1459, 1459));
        assert!(at(SOME_DAY + 1460, 1460));
    }

    /// Minutes on the wall clock since 1970, and on the monotonic clock.
    struct Set(std::sync::Mutex<Cell<(u64, u64)>>);

    /// In 2027.
    const SOME_DAY: u64 = 30_000_000;

    impl Clock for Set {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(0).plus(Duration::from_mins(self.0.lock().unwrap().get().0))
        }

        fn monotonic(&self) -> Duration {
            Duration::from_mins(self.0.lock().unwrap().get().1)
        }
    }

    #[test]
    fn a_jump_is_seen_until_it_is_undone_or_a_day_old() {
        let clock = Set(std::sync::Mutex::new(Cell::new((SOME_DAY, 0))));
        let mut watch = ClockWatch::default();
        let mut at = |wall, passed| {
            clock.0.lock().unwrap().set((SOME_DAY + wall, passed));
            watch.agrees(&clock)
        };
        // Minutes on the wall clock, and minutes on the monotonic clock.
        assert!(at(60, 0) && at(70, 10) && at(139, 20));
        // A month ahead, and back again.
        assert!(!at(43_000, 30) && !at(43_010, 40) && at(159, 50));
        // Before the first call, for a day.
        assert!(!at(0, 60) && !at(1439, 60 + 1439));
        assert!(at(1440, 60 + 1440) && at(1450, 70 + 1440));
    }
}
