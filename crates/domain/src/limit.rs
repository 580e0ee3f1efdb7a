//! Rates: how often something may be done.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use parking_lot::Mutex;

/// A rate limit: `burst` at once, then one in each `interval` (the generic cell rate algorithm).
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// How many at once.
    pub burst: u32,
    /// How long until one more is allowed.
    pub interval: Duration,
}

impl Rate {
    /// A burst of `count`, and `count` more in each `period`.
    pub fn per(period: Duration, count: u32) -> Self {
        Self { burst: count, interval: period / count.max(1) }
    }

    /// Takes one at `now`, or fails with the time to wait. `arrival` is the algorithm's state, the theoretical
    /// arrival time: when the bucket will be full again.
    fn take(self, arrival: &mut Duration, now: Duration) -> Result<(), Duration> {
        self.take_many(1, arrival, now)
    }

    /// Like [`Rate::take`], for `count` at once. More than a burst counts as a burst.
    fn take_many(self, count: u32, arrival: &mut Duration, now: Duration) -> Result<(), Duration> {
        let next = (*arrival).max(now) + self.interval * count.min(self.burst);
        let allowed = now + self.interval * self.burst;
        if next > allowed {
            return Err(next.saturating_sub(allowed));
        }
        *arrival = next;
        Ok(())
    }

    /// Takes `count` at `now` whatever was taken before, and gives how long to wait until they are allowed.
    fn spend(self, count: u32, arrival: &mut Duration, now: Duration) -> Duration {
        *arrival = (*arrival).max(now) + self.interval * count;
        arrival.saturating_sub(now + self.interval * self.burst)
    }
}

/// A rate limit for one subject, such as a user.
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

    /// Takes one at `now`, or fails with the time to wait.
    pub fn take(&self, now: Duration) -> Result<(), Duration> {
        self.rate.take(&mut self.arrival.lock(), now)
    }

    /// Takes `count` at once, or fails with the time to wait. More than a burst counts as a burst.
    pub fn take_many(&self, count: u32, now: Duration) -> Result<(), Duration> {
        self.rate.take_many(count, &mut self.arrival.lock(), now)
    }

    /// Takes one at `now` whatever was taken before, and gives how long to wait until it is allowed.
    pub fn spend(&self, now: Duration) -> Duration {
        self.rate.spend(1, &mut self.arrival.lock(), now)
    }

    /// Takes one and gives how long to wait for it. Fails with that time, and takes nothing, if it is more than `most`.
    pub fn reserve(&self, most: Duration, now: Duration) -> Result<Duration, Duration> {
        let mut arrival = self.arrival.lock();
        let mut after = *arrival;
        let wait = self.rate.spend(1, &mut after, now);
        if wait > most {
            return Err(wait);
        }
        *arrival = after;
        Ok(wait)
    }
}

/// The same rate limit for each of many subjects, such as addresses. Only subjects without a full bucket are kept.
#[derive(Debug)]
pub struct Limiter<K> {
    rate: Rate,
    kept: Mutex<Kept<K>>,
}

#[derive(Debug)]
struct Kept<K> {
    arrivals: HashMap<K, Duration>,
    /// With so many subjects, those with a full bucket are dropped.
    sweep_at: usize,
}

impl<K: Eq + Hash> Limiter<K> {
    /// The fewest subjects for a sweep.
    const SWEEP: usize = 16 * 1024;
    /// The most subjects that are kept.
    const MOST: usize = 1024 * 1024;

    /// A limiter in which every subject has a full bucket.
    pub fn new(rate: Rate) -> Self {
        Self { rate, kept: Mutex::new(Kept { arrivals: HashMap::new(), sweep_at: Self::SWEEP }) }
    }

    /// Takes one for `key` at `now`, or fails with the time to wait.
    pub fn take(&self, key: K, now: Duration) -> Result<(), Duration> {
        self.rate.take(self.kept.lock().arrival(key, now), now)
    }

    /// Takes `count` for `key` at `now` whatever was taken before, and gives how long to wait until they are allowed.
    pub fn spend(&self, key: K, count: u32, now: Duration) -> Duration {
        self.rate.spend(count, self.kept.lock().arrival(key, now), now)
    }

    /// Gives one back that turned out not to count.
    pub fn refund(&self, key: &K) {
        if let Some(arrival) = self.kept.lock().arrivals.get_mut(key) {
            *arrival = arrival.saturating_sub(self.rate.interval);
        }
    }
}

impl<K: Eq + Hash> Kept<K> {
    /// The state of a subject. Drops those with a full bucket first, if there are many.
    fn arrival(&mut self, key: K, now: Duration) -> &mut Duration {
        if self.arrivals.len() >= self.sweep_at {
            self.sweep(now, Limiter::<K>::MOST);
            // The next sweep comes with twice as many subjects, so that a call costs little on average.
            self.sweep_at = (2 * self.arrivals.len()).clamp(Limiter::<K>::SWEEP, Limiter::<K>::MOST);
        }
        self.arrivals.entry(key).or_default()
    }

    /// Drops subjects with a full bucket. If `most` are left, drops the half that used the least. That is better than
    /// refusing new subjects. Somebody who fills the table with made-up names cannot free a subject that used much.
    fn sweep(&mut self, now: Duration, most: usize) {
        self.arrivals.retain(|_, arrival| *arrival > now);
        if self.arrivals.len() < most {
            return;
        }
        let mut used: Vec<_> = self.arrivals.values().copied().collect();
        let half = used.len() / 2;
        let (_, &mut median, _) = used.select_nth_unstable(half);
        // How many of those that used exactly as much as the median belong to the half.
        let below = used.iter().filter(|arrival| **arrival < median).count();
        let mut equal = half.saturating_sub(below);
        self.arrivals.retain(|_, arrival| {
            let least = *arrival < median || (*arrival == median && equal > 0);
            if *arrival == median {
                equal = equal.saturating_sub(1);
            }
            !least
        });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn what_is_past_the_burst_waits_for_its_turn() {
        let bucket = Bucket::new(Rate { burst: 2, interval: SECOND });
        let start = SECOND * 100;
        let most = SECOND * 2;
        let waits: Vec<_> = (0..5).map(|_| bucket.reserve(most, start)).collect();
        assert_eq!(waits, [Ok(Duration::ZERO), Ok(Duration::ZERO), Ok(SECOND), Ok(most), Err(SECOND * 3)]);
        // What failed took nothing.
        assert_eq!(bucket.reserve(most, start + SECOND), Ok(most));
        let limiter = Limiter::new(Rate { burst: 10, interval: SECOND });
        assert_eq!(limiter.spend("ann", 15, start), SECOND * 5);
        assert_eq!(limiter.spend("ann", 1, start + SECOND * 7), Duration::ZERO);
        assert_eq!(limiter.spend("bob", 10, start), Duration::ZERO);
    }

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
    fn what_costs_more_than_a_burst_takes_all_of_it() {
        let bucket = Bucket::new(Rate { burst: 3, interval: SECOND });
        assert_eq!(bucket.take_many(2, SECOND), Ok(()));
        assert_eq!(bucket.take_many(2, SECOND), Err(SECOND));
        assert_eq!(bucket.take_many(9, SECOND), Err(SECOND * 2));
        assert_eq!(bucket.take_many(9, SECOND * 3), Ok(()));
        assert_eq!(bucket.take(SECOND * 3), Err(SECOND));
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

    #[test]
    fn who_used_nothing_lately_is_not_kept() {
        let limiter = Limiter::new(Rate::per(SECOND, 1));
        for key in 0..Limiter::<usize>::SWEEP {
            limiter.take(key, SECOND).unwrap();
        }
        limiter.take(usize::MAX, SECOND * 3).unwrap();
        assert_eq!(limiter.kept.lock().arrivals.len(), 1);
    }

    #[test]
    fn those_who_used_the_least_are_forgotten_first() {
        let mut kept = Kept { arrivals: HashMap::new(), sweep_at: 0 };
        for (key, seconds) in [(0, 9), (1, 2), (2, 2), (3, 2), (4, 2), (5, 2), (6, 8), (7, 2)] {
            kept.arrivals.insert(key, SECOND * seconds);
        }
        kept.sweep(SECOND, 9);
        assert_eq!(kept.arrivals.len(), 8);
        kept.sweep(SECOND, 8);
        assert_eq!(kept.arrivals.len(), 4);
        assert!(kept.arrivals.contains_key(&0) && kept.arrivals.contains_key(&6));
    }

    #[test]
    fn the_table_is_bounded_and_not_walked_at_every_call() {
        let limiter = Limiter::new(Rate::per(SECOND * 3600, 2));
        for _ in 0..2 {
            limiter.take(usize::MAX, SECOND).unwrap();
        }
        let mut thresholds = HashSet::new();
        for key in 0..Limiter::<usize>::MOST + 1000 {
            limiter.take(key, SECOND).unwrap();
            let kept = limiter.kept.lock();
            assert!(kept.arrivals.len() <= Limiter::<usize>::MOST);
            thresholds.insert(kept.sweep_at);
        }
        // It was walked when it had doubled, and when it was full.
        assert_eq!(thresholds.len(), 7);
        assert!(limiter.kept.lock().arrivals.len() < Limiter::<usize>::MOST / 2 + 2000);
        // Who used all is still refused.
        assert!(limiter.take(usize::MAX, SECOND).is_err());
    }
}
