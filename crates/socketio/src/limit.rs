//! Limits: packets a second, sessions an address.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use tokio::time::Instant;

/// A rate with a burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many a second in the long run.
    pub per_second: u32,
    /// How many at once after a pause.
    pub burst: u32,
}

impl Rate {
    /// The time that one costs.
    fn interval(self) -> Duration {
        Duration::from_secs(1) / self.per_second.max(1)
    }
}

/// What one session has used of a [`Rate`]: one instant (the generic cell rate algorithm).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spent(Instant);

impl Spent {
    pub(crate) fn nothing(now: Instant) -> Self {
        Self(now)
    }

    /// Takes one; false when there is none to take.
    pub(crate) fn take(&mut self, rate: Rate, now: Instant) -> bool {
        let spent = self.0.max(now) + rate.interval();
        let allowed = spent <= now + rate.interval() * rate.burst.max(1);
        if allowed {
            self.0 = spent;
        }
        allowed
    }
}

/// How many sessions each address has open.
#[derive(Clone, Default)]
pub(crate) struct Addresses(Arc<Mutex<HashMap<IpAddr, usize>>>);

impl Addresses {
    /// Takes a place for a session, unless the address has as many as `limit`. Loopback is not limited.
    pub(crate) fn enter(&self, address: IpAddr, limit: usize) -> Option<Place> {
        let address = network(address);
        if address.is_loopback() {
            return Some(Place(None));
        }
        let mut addresses = self.0.lock();
        let open = addresses.entry(address).or_default();
        if *open >= limit {
            return None;
        }
        *open += 1;
        drop(addresses);
        Some(Place(Some((self.clone(), address))))
    }
}

/// A session's place among those of its address; given back when dropped.
pub(crate) struct Place(Option<(Addresses, IpAddr)>);

impl Drop for Place {
    fn drop(&mut self) {
        let Some((addresses, address)) = self.0.take() else { return };
        let mut addresses = addresses.0.lock();
        if let Some(open) = addresses.get_mut(&address) {
            *open -= 1;
            if *open == 0 {
                addresses.remove(&address);
            }
        }
    }
}

/// Whom an address stands for: one holder of IPv6 has at least a /64 to choose addresses from.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => {
            IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_the_rate() {
        let rate = Rate { per_second: 10, burst: 3 };
        let start = Instant::now();
        let mut spent = Spent::nothing(start);
        assert_eq!((0..5).filter(|_| spent.take(rate, start)).count(), 3);
        assert!(!spent.take(rate, start + Duration::from_millis(99)));
        assert!(spent.take(rate, start + Duration::from_millis(100)));
        assert!(!spent.take(rate, start + Duration::from_millis(100)));
        assert_eq!((0..5).filter(|_| spent.take(rate, start + Duration::from_mins(1))).count(), 3);
    }

    #[test]
    fn counts_sessions_by_address() {
        let addresses = Addresses::default();
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        let first = addresses.enter(one, 1).unwrap();
        assert!(addresses.enter(one, 1).is_none());
        assert!(addresses.enter("::ffff:192.0.2.1".parse().unwrap(), 1).is_none());
        assert!(addresses.enter("192.0.2.2".parse().unwrap(), 1).is_some());
        drop(first);
        assert!(addresses.enter(one, 1).is_some());
        assert!(addresses.0.lock().is_empty());
    }

    #[test]
    fn an_ipv6_network_is_one_address_and_loopback_is_free() {
        let addresses = Addresses::default();
        let _first = addresses.enter("2001:db8::1".parse().unwrap(), 1).unwrap();
        assert!(addresses.enter("2001:db8::2".parse().unwrap(), 1).is_none());
        assert!(addresses.enter("2001:db8:0:1::2".parse().unwrap(), 1).is_some());
        for loopback in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert!(addresses.enter(loopback.parse().unwrap(), 0).is_some());
        }
    }
}
