//! How many long bodies of polling are in memory at a time.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Weak},
};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limit::holder;

/// At most this many bodies longer than `max_payload` are received or handled at a time, of all sessions;
/// others wait for a permit after their first `max_payload` bytes.
///
/// An address may have some hundreds of sessions, and a body may take `packet_timeout` to come: without a
/// bound those of many addresses would hold gigabytes.
const MAX_LONG_BODIES: usize = 256;
/// The same for one address, so that it cannot keep all others waiting. Loopback is not limited.
const MAX_OF_AN_ADDRESS: usize = 16;

/// The permits of bodies that are longer than `max_payload`.
pub(super) struct LongBodyPermits {
    all: Arc<Semaphore>,
    /// Only addresses that have a permit or wait for one.
    by_address: Mutex<HashMap<IpAddr, Weak<Semaphore>>>,
}

/// A body may be longer than `max_payload` until this is dropped.
pub(super) struct Permit {
    _of_all: OwnedSemaphorePermit,
    _of_address: Option<OwnedSemaphorePermit>,
}

impl LongBodyPermits {
    pub(super) fn new() -> Self {
        Self { all: Arc::new(Semaphore::new(MAX_LONG_BODIES)), by_address: Mutex::default() }
    }

    /// Waits for a permit. `None` only if a semaphore is closed, which never happens.
    pub(super) async fn permit(&self, address: IpAddr) -> Option<Permit> {
        let of_address = match self.share_of(holder(address)) {
            Some(share) => Some(share.acquire_owned().await.ok()?),
            None => None,
        };
        let of_all = self.all.clone().acquire_owned().await.ok()?;
        Some(Permit { _of_all: of_all, _of_address: of_address })
    }

    /// The permits of one address; `None` if it is not limited.
    fn share_of(&self, address: IpAddr) -> Option<Arc<Semaphore>> {
        if address.is_loopback() {
            return None;
        }
        let mut by_address = self.by_address.lock();
        if let Some(share) = by_address.get(&address).and_then(Weak::upgrade) {
            return Some(share);
        }
        by_address.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Semaphore::new(MAX_OF_AN_ADDRESS));
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
    async fn an_address_has_a_share_of_the_permits() {
        let permits = LongBodyPermits::new();
        let permit = async |address: &str| {
            timeout(Duration::ZERO, permits.permit(address.parse().unwrap())).await.ok().flatten()
        };
        let mut held = Vec::new();
        for _ in 0..MAX_OF_AN_ADDRESS {
            held.push(permit("2001:db8::1").await.unwrap());
        }
        assert!(permit("2001:db8::2").await.is_none());
        held.push(permit("192.0.2.1").await.unwrap());
        held.remove(0);
        held.push(permit("2001:db8::2").await.unwrap());
        while held.len() < MAX_LONG_BODIES {
            held.push(permit("127.0.0.1").await.unwrap());
        }
        assert!(permit("127.0.0.1").await.is_none() && permit("192.0.2.2").await.is_none());
        held.clear();
        held.push(permit("192.0.2.2").await.unwrap());
        assert_eq!(permits.by_address.lock().len(), 1);
    }
}
