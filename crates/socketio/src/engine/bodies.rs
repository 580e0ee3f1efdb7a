//! How many long bodies of polling are kept at a time.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Weak},
};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limit::holder;

/// Of all sessions. More wait for their turn, unread.
///
/// An address may have some hundreds of sessions, and a body may take `packet_timeout` to come: without a
/// bound those of many addresses would hold gigabytes.
const OF_ALL: usize = 256;
/// Of an address, so that one cannot keep all others waiting. Loopback is not limited.
const OF_AN_ADDRESS: usize = 16;

/// The turns of bodies that are longer than a packet.
pub(super) struct LongBodies {
    all: Arc<Semaphore>,
    /// Of those who have one or wait for one.
    by_address: Mutex<HashMap<IpAddr, Weak<Semaphore>>>,
}

/// Whose turn it is, until it is dropped.
pub(super) struct Turn {
    _of_all: OwnedSemaphorePermit,
    _of_address: Option<OwnedSemaphorePermit>,
}

impl LongBodies {
    pub(super) fn new() -> Self {
        Self { all: Arc::new(Semaphore::new(OF_ALL)), by_address: Mutex::default() }
    }

    /// Waits for a turn. `None` only if there are none any more.
    pub(super) async fn turn(&self, address: IpAddr) -> Option<Turn> {
        let of_address = match self.of(holder(address)) {
            Some(share) => Some(share.acquire_owned().await.ok()?),
            None => None,
        };
        let of_all = self.all.clone().acquire_owned().await.ok()?;
        Some(Turn { _of_all: of_all, _of_address: of_address })
    }

    fn of(&self, address: IpAddr) -> Option<Arc<Semaphore>> {
        if address.is_loopback() {
            return None;
        }
        let mut by_address = self.by_address.lock();
        if let Some(share) = by_address.get(&address).and_then(Weak::upgrade) {
            return Some(share);
        }
        by_address.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Semaphore::new(OF_AN_ADDRESS));
        by_address.insert(address, Arc::downgrade(&share));
        Some(share)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn an_address_has_a_share_of_the_turns() {
        let bodies = LongBodies::new();
        let turn = async |address: &str| {
            timeout(Duration::ZERO, bodies.turn(address.parse().unwrap())).await.ok().flatten()
        };
        let mut turns = Vec::new();
        for _ in 0..OF_AN_ADDRESS {
            turns.push(turn("2001:db8::1").await.unwrap());
        }
        assert!(turn("2001:db8::2").await.is_none());
        turns.push(turn("192.0.2.1").await.unwrap());
        turns.remove(0);
        turns.push(turn("2001:db8::2").await.unwrap());
        while turns.len() < OF_ALL {
            turns.push(turn("127.0.0.1").await.unwrap());
        }
        assert!(turn("127.0.0.1").await.is_none() && turn("192.0.2.2").await.is_none());
        turns.clear();
        turns.push(turn("192.0.2.2").await.unwrap());
        assert_eq!(bodies.by_address.lock().len(), 1);
    }
}
