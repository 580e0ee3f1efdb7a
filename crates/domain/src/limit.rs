//! Rates: how often something may be done.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use parking_lot::Mutex;

/// A burst, then one every `interval` (the generic cell rate algorithm).
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// How many at once.
    pub burst: u32,
    /// How long until one more is allowed.
    pub interval: Duration,
}

impl Rate {
    /// `count` at once and `count` in every `period`.
    pub fn per(period: Duration, count: u32) -> Self {
        Self { burst: count, interval: period / count.max(1) }
    }

    /// Takes one at `now`, given the theoretical arrival time of the next; fails with the time to wait.
    fn take(self, arrival: &mut Duration, now: Duration) -> Result<(), Duration> {
        let next = (*arrival).max(now) + self.interval;
        let allowed = now + self.interval * self.burst;
        if next > allowed {
            return Err(next.saturating_sub(allowed));
        }
        *arrival = next;
        Ok(())
    }
}

/// One rate for one subject.
#[derive(Debug)]
pub struct Bucket {
    rate: Rate,
    arrival: Mutex<Duration>,
}

impl Bucket {
    /// A full bucket.
    pub fn new(rate: Rate) -> Self {
        Self { rate, arrival: Mutex::default() }
    }

    /// Takes one; fails with the time to wait.
    pub fn take(&self, now: Duration) -> Result<(), Duration> {
        self.rate.take(&mut self.arrival.lock(), now)
    }
}

/// One rate for each of many subjects, of which only those that have used some of it are kept.
#[derive(Debug)]
pub struct Limiter<K> {
    rate: Rate,
    arrivals: Mutex<HashMap<K, Duration>>,
}

impl<K: Eq + Hash> Limiter<K> {
    /// Past this many subjects, those with a full bucket are forgotten.
    const SWEEP: usize = 16 * 1024;
    /// The most subjects kept; past it, all are forgotten: better than refusing who did nothing.
    const MOST: usize = 1024 * 1024;

    /// Full buckets for everybody.
    pub fn new(rate: Rate) -> Self {
        Self { rate, arrivals: Mutex::default() }
    }

    /// Takes one for `key`; fails with the time to wait.
    pub fn take(&self, key: K, now: Duration) -> Result<(), Duration> {
        let mut arrivals = self.arrivals.lock();
        if arrivals.len() >= Self::SWEEP && arrivals.len() == arrivals.capacity() {
            arrivals.retain(|_, arrival| *arrival > now);
            if arrivals.len() >= Self::MOST {
                arrivals.clear();
            }
        }
        self.rate.take(arrivals.entry(key).or_default(), now)
    }

    /// Gives one back: what was taken turned out not to count.
    pub fn refund(&self, key: &K) {
        if let Some(arrival) = self.arrivals.lock().get_mut(key) {
            *arrival = arrival.saturating_sub(self.rate.interval);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn allows_the_burst_then_one_an_interval() {
        let bucket = Bucket::new(Rate { burst: 3, interval: SECOND });
        let start = SECOND * 100;
        for _ in 0..3 {
            assert_eq!(bucket.take(start), Ok(()));
        }
        assert_eq!(bucket.take(start), Err(SECOND));
        assert_eq!(bucket.take(start + SECOND), Ok(()));
        assert_eq!(bucket.take(start + SECOND), Err(SECOND));
    }

    #[test]
    fn subjects_do_not_share() {
        let limiter = Limiter::new(Rate::per(SECOND, 1));
        assert_eq!(limiter.take("a", SECOND), Ok(()));
        assert_eq!(limiter.take("b", SECOND), Ok(()));
        assert!(limiter.take("a", SECOND).is_err());
        limiter.refund(&"a");
        assert_eq!(limiter.take("a", SECOND), Ok(()));
    }
}
