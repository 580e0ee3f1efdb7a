//! Limits: packets a second, sessions an address.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use tokio::time::Instant;

/// A rate with a burst. A 0 counts as 1: nobody is shut out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many a second in the long run.
    pub per_second: u32,
    /// How many at once after a pause.
    pub burst: u32,
}

/// How much longer a session rests than its rate requires, so that it is not woken for every packet.
const MOMENT: Duration = Duration::from_millis(20);

impl Rate {
    /// The time that one costs.
    fn interval(self) -> Duration {
        Duration::from_secs(1) / self.per_second.max(1)
    }
}

/// What one session has used of a [`Rate`] (the generic cell rate algorithm).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spent {
    /// When all of it is given back.
    free: Instant,
    /// Until when nothing is read, because the last one was taken.
    rests_until: Option<Instant>,
}

impl Spent {
    pub(crate) fn nothing(now: Instant) -> Self {
        Self { free: now, rests_until: None }
    }

    /// Takes one, whether there is one to take or not. After the last there is a rest, a moment longer than
    /// until the next may come, so that whoever rests is not woken for each.
    pub(crate) fn charge(&mut self, rate: Rate, now: Instant) {
        self.free = self.free.max(now) + rate.interval();
        let full = now + rate.interval() * (rate.burst.max(1) - 1);
        self.rests_until = (self.free > full).then(|| now + (self.free - full) + MOMENT);
    }

    /// Until when to rest, if that is not over.
    pub(crate) fn rests_until(&self) -> Option<Instant> {
        self.rests_until
    }

    /// Ends the rest when it is over.
    pub(crate) fn wake(&mut self, now: Instant) {
        self.rests_until.take_if(|until| now >= *until);
    }
}

/// How many sessions each address has open.
#[derive(Default)]
pub(crate) struct Addresses(HashMap<IpAddr, usize>);

impl Addresses {
    /// Whether an address has fewer sessions than `limit`. Loopback is not limited.
    pub(crate) fn has_room(&self, address: IpAddr, limit: usize) -> bool {
        let address = holder(address);
        address.is_loopback() || self.0.get(&address).is_none_or(|open| *open < limit)
    }

    pub(crate) fn enter(&mut self, address: IpAddr) {
        let address = holder(address);
        if !address.is_loopback() {
            *self.0.entry(address).or_default() += 1;
        }
    }

    pub(crate) fn leave(&mut self, address: IpAddr) {
        if let Entry::Occupied(mut open) = self.0.entry(holder(address)) {
            *open.get_mut() -= 1;
            if *open.get() == 0 {
                open.remove();
            }
        }
    }
}

/// Whom an address stands for where limits count: one holder of IPv6 has at least a /64 to choose addresses from.
pub fn holder(address: IpAddr) -> IpAddr {
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
        let tenth = Duration::from_millis(100);
        let start = Instant::now();
        let mut spent = Spent::nothing(start);
        let mut rests_until = |now| {
            spent.wake(now);
            spent.charge(rate, now);
            spent.rests_until()
        };
        assert_eq!([rests_until(start), rests_until(start)], [None, None]);
        // The third was the last: the next may come when there is one again.
        assert_eq!(rests_until(start), Some(start + tenth + MOMENT));
        assert_eq!(rests_until(start + tenth), Some(start + 2 * tenth + MOMENT));
        let later = start + Duration::from_mins(1);
        assert_eq!([rests_until(later), rests_until(later)], [None, None]);
        assert_eq!(rests_until(later), Some(later + tenth + MOMENT));
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn counts_sessions_by_address() {
        let mut addresses = Addresses::default();
        addresses.enter(address("192.0.2.1"));
        assert!(!addresses.has_room(address("192.0.2.1"), 1));
        assert!(!addresses.has_room(address("::ffff:192.0.2.1"), 1));
        assert!(addresses.has_room(address("192.0.2.1"), 2));
        assert!(addresses.has_room(address("192.0.2.2"), 1));
        addresses.leave(address("192.0.2.1"));
        assert!(addresses.has_room(address("192.0.2.1"), 1));
        assert!(addresses.0.is_empty());
    }

    #[test]
    fn an_ipv6_network_is_one_address_and_loopback_is_free() {
        let mut addresses = Addresses::default();
        addresses.enter(address("2001:db8::1"));
        assert!(!addresses.has_room(address("2001:db8::2"), 1));
        assert!(addresses.has_room(address("2001:db8:0:1::2"), 1));
        for loopback in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            addresses.enter(address(loopback));
            assert!(addresses.has_room(address(loopback), 0));
            addresses.leave(address(loopback));
        }
        assert_eq!(addresses.0.len(), 1);
    }
}
