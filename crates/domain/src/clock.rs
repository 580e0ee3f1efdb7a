//! Time, as an argument.

use std::time::Duration;

use protocol::Timestamp;

/// What tells the time.
pub trait Clock: Send + Sync {
    /// The wall clock: for what people see and for expiry.
    fn now(&self) -> Timestamp;

    /// Time since some fixed instant; never goes back. For rates.
    fn monotonic(&self) -> Duration;
}

/// Tells when the wall clock jumped: what expired by it is not to be forgotten for good then.
#[derive(Debug, Default)]
pub struct ClockWatch {
    /// Both clocks, when they were last found to agree.
    agreed: Option<(Timestamp, Duration)>,
    /// Since when they do not.
    since: Option<Duration>,
}

impl ClockWatch {
    /// How far the clocks may come apart between two looks.
    const APART: Duration = Duration::from_hours(1);
    /// A clock that stays where it jumped to is believed after this: a machine may have slept, or been set right.
    const DOUBT: Duration = Duration::from_hours(24);

    /// Whether the wall clock went as time did since the last look. To be asked regularly.
    pub fn agrees(&mut self, clock: &dyn Clock) -> bool {
        let (now, monotonic) = (clock.now(), clock.monotonic());
        let apart = self.agreed.map_or(0, |(then, since)| {
            let went = i128::from(now.as_millis()) - i128::from(then.as_millis());
            let passed = i128::try_from(monotonic.saturating_sub(since).as_millis()).unwrap_or(i128::MAX);
            (went - passed).unsigned_abs()
        });
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

    struct Set(std::sync::Mutex<Cell<(u64, u64)>>);

    impl Clock for Set {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(1_800_000_000_000)
                .plus(Duration::from_mins(self.0.lock().unwrap().get().0))
        }

        fn monotonic(&self) -> Duration {
            Duration::from_mins(self.0.lock().unwrap().get().1)
        }
    }

    #[test]
    fn a_jump_is_seen_until_it_is_undone_or_a_day_old() {
        let clock = Set(std::sync::Mutex::new(Cell::new((60, 0))));
        let mut watch = ClockWatch::default();
        let mut at = |wall, passed| {
            clock.0.lock().unwrap().set((wall, passed));
            watch.agrees(&clock)
        };
        // Minutes of the wall clock, and minutes that passed.
        assert!(at(60, 0) && at(70, 10) && at(139, 20));
        // A month ahead, and back again.
        assert!(!at(43_000, 30) && !at(43_010, 40) && at(159, 50));
        // Back before it all began, for a day.
        assert!(!at(0, 60) && !at(1439, 60 + 1439));
        assert!(at(1440, 60 + 1440) && at(1450, 70 + 1440));
    }
}
