//! Lends a few items (here: connections) to many users. Each user has at most `max_per_user` of them at a
//! time. Users who wait take turns.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use domain::store::{StoreError, UserId};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};

/// The user of the server's own requests. No account has this number.
pub(super) const NOBODY: UserId = UserId(0);
/// Requests of one user that may wait. The server's own requests are never refused, because the number of
/// sockets and of requests over HTTP bounds them.
const WAITING: usize = 256;

/// The items, and the users who have them or wait for them.
pub(super) struct Lane<T: Send + 'static> {
    state: Mutex<LaneState<T>>,
    /// Items that one user may have at a time.
    max_per_user: usize,
    /// Notified after closing, when the last item is given back.
    ended: Notify,
}

struct LaneState<T: Send + 'static> {
    open: bool,
    idle: Vec<T>,
    /// How many items each user has. Users with none are not in it.
    lent: HashMap<UserId, usize>,
    /// How many leases of each user have ended and are in their cooldown. Users with none are not in it.
    cooling: HashMap<UserId, usize>,
    /// Waiting requests of each user, the oldest first. If the receiver of one was dropped, its caller has given up.
    waiting: HashMap<UserId, VecDeque<oneshot::Sender<Lease<T>>>>,
    /// The users who wait, each once, in the order of their turns.
    order: VecDeque<UserId>,
}

/// An item that is lent to a user. Dropping the lease gives the item to the next request.
pub(super) struct Lease<T: Send + 'static> {
    lane: Arc<Lane<T>>,
    user: UserId,
    /// `None` only after `pass_on` took it back, because the caller had given up.
    item: Option<T>,
    /// How long the lease counts for the user after it has ended.
    cooldown: Duration,
}

impl<T: Send + 'static> Lane<T> {
    pub(super) fn new(items: Vec<T>, max_per_user: usize) -> Arc<Self> {
        let state = LaneState {
            open: true,
            idle: items,
            lent: HashMap::new(),
            cooling: HashMap::new(),
            waiting: HashMap::new(),
            order: VecDeque::new(),
        };
        Arc::new(Self { state: Mutex::new(state), max_per_user, ended: Notify::new() })
    }

    /// Waits for an item.
    ///
    /// # Errors
    /// [`StoreError::TooMany`] if too many requests of the user wait, [`StoreError::Closed`] once the lane is closed.
    pub(super) async fn lease(self: &Arc<Self>, user: UserId) -> Result<Lease<T>, StoreError> {
        let waiting = {
            let mut state = self.state.lock();
            if !state.open {
                return Err(StoreError::Closed);
            }
            // While others wait, an item is idle only if each of them has `max_per_user`. So this overtakes
            // nobody.
            if let Some(item) = state.lend(user, self.max_per_user) {
                return Ok(self.lease_of(user, item));
            }
            state.wait(user)?
        };
        waiting.await.map_err(|_| StoreError::Closed)
    }

    fn lease_of(self: &Arc<Self>, user: UserId, item: T) -> Lease<T> {
        Lease { lane: self.clone(), user, item: Some(item), cooldown: Duration::ZERO }
    }

    /// Refuses requests that wait and all later ones, and waits until every item is given back.
    pub(super) async fn close(&self) {
        let idle = {
            let mut state = self.state.lock();
            state.open = false;
            state.waiting.clear();
            state.order.clear();
            std::mem::take(&mut state.idle)
        };
        drop(idle);
        while !self.state.lock().lent.is_empty() {
            self.ended.notified().await;
        }
    }

    fn give_back(self: &Arc<Self>, user: UserId, item: T) {
        let mut state = self.state.lock();
        remove_one(&mut state.lent, user);
        if state.open {
            state.idle.push(item);
            self.pass_on(&mut state);
            return;
        }
        let is_last = state.lent.is_empty();
        drop(state);
        drop(item);
        if is_last {
            self.ended.notify_one();
        }
    }

    /// Ends the cooldown of one lease of a user.
    fn end_cooldown(self: &Arc<Self>, user: UserId) {
        let mut state = self.state.lock();
        remove_one(&mut state.cooling, user);
        self.pass_on(&mut state);
    }

    /// Lends idle items to waiting users who have fewer than `max_per_user`.
    fn pass_on(self: &Arc<Self>, state: &mut LaneState<T>) {
        let mut skipped = 0;
        while !state.idle.is_empty() && skipped < state.order.len() {
            let Some(user) = state.order.pop_front() else { return };
            if state.count(user) >= self.max_per_user {
                state.order.push_back(user);
                skipped += 1;
                continue;
            }
            skipped = 0;
            let waiter = state.waiting.get_mut(&user).and_then(VecDeque::pop_front);
            if state.waiting.get(&user).is_some_and(|queue| !queue.is_empty()) {
                state.order.push_back(user);
            } else {
                state.waiting.remove(&user);
            }
            if let Some(waiter) = waiter
                && let Some(item) = state.lend(user, self.max_per_user)
                && let Err(mut lease) = waiter.send(self.lease_of(user, item))
            {
                // The caller has given up. Take the item out of the lease, because dropping the lease with it
                // would lock the lane again.
                state.idle.extend(lease.item.take());
                remove_one(&mut state.lent, user);
            }
        }
    }
}

impl<T: Send + 'static> LaneState<T> {
    /// Items that count for a user: lent, or in the cooldown.
    fn count(&self, user: UserId) -> usize {
        let of_user = |counts: &HashMap<UserId, usize>| counts.get(&user).copied().unwrap_or_default();
        of_user(&self.lent) + of_user(&self.cooling)
    }

    fn lend(&mut self, user: UserId, max_per_user: usize) -> Option<T> {
        if self.count(user) >= max_per_user {
            return None;
        }
        let item = self.idle.pop()?;
        *self.lent.entry(user).or_default() += 1;
        Some(item)
    }

    fn wait(&mut self, user: UserId) -> Result<oneshot::Receiver<Lease<T>>, StoreError> {
        let queue = self.waiting.entry(user).or_insert_with(|| {
            self.order.push_back(user);
            VecDeque::new()
        });
        if user != NOBODY && queue.len() >= WAITING {
            queue.retain(|waiter| !waiter.is_closed());
            if queue.len() >= WAITING {
                return Err(StoreError::TooMany);
            }
        }
        let (waiter, waiting) = oneshot::channel();
        queue.push_back(waiter);
        Ok(waiting)
    }
}

/// Counts one item less for a user.
fn remove_one(counts: &mut HashMap<UserId, usize>, user: UserId) {
    if let Some(count) = counts.get_mut(&user) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&user);
        }
    }
}

impl<T: Send + 'static> Lease<T> {
    /// The lent item.
    pub(super) fn get(&self) -> Option<&T> {
        self.item.as_ref()
    }

    /// The user who has it.
    pub(super) fn user(&self) -> UserId {
        self.user
    }

    /// Lets the lease count for the user for some time after it has ended. Other users may have the item
    /// meanwhile.
    pub(super) fn set_cooldown(&mut self, cooldown: Duration) {
        self.cooldown = cooldown;
    }
}

impl<T: Send + 'static> Drop for Lease<T> {
    fn drop(&mut self) {
        let Some(item) = self.item.take() else { return };
        if !self.cooldown.is_zero()
            && let Ok(runtime) = Handle::try_current()
        {
            let (lane, user, cooldown) = (Arc::downgrade(&self.lane), self.user, self.cooldown);
            *self.lane.state.lock().cooling.entry(user).or_default() += 1;
            runtime.spawn(async move {
                tokio::time::sleep(cooldown).await;
                if let Some(lane) = lane.upgrade() {
                    lane.end_cooldown(user);
                }
            });
        }
        self.lane.give_back(self.user, item);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;

    use futures_util::FutureExt;

    use super::*;

    const ANN: UserId = UserId(1);
    const BOB: UserId = UserId(2);
    const EVE: UserId = UserId(3);

    type Waiting = Pin<Box<dyn Future<Output = Result<Lease<u8>, StoreError>> + Send>>;

    /// Asks for an item, and is queued from now on if there is none.
    fn ask(lane: &Arc<Lane<u8>>, user: UserId) -> Result<Lease<u8>, Waiting> {
        let lane = lane.clone();
        let mut asked: Waiting = Box::pin(async move { lane.lease(user).await });
        match asked.as_mut().now_or_never() {
            Some(lease) => Ok(lease.unwrap_or_else(|error| panic!("{error}"))),
            None => Err(asked),
        }
    }

    fn waits(asked: Result<Lease<u8>, Waiting>) -> Waiting {
        asked.err().expect("it has to wait")
    }

    fn has_lease(waiting: &mut Waiting) -> Option<Lease<u8>> {
        waiting.as_mut().now_or_never().map(|lease| lease.unwrap_or_else(|error| panic!("{error}")))
    }

    #[test]
    fn a_user_has_at_most_so_many_and_the_others_have_the_rest() {
        let lane = Lane::new(vec![1, 2, 3, 4], 2);
        let held = [ask(&lane, ANN).ok().unwrap(), ask(&lane, ANN).ok().unwrap()];
        let mut third = waits(ask(&lane, ANN));
        let bob = ask(&lane, BOB).ok().unwrap();
        assert!(has_lease(&mut third).is_none());
        drop(bob);
        assert!(has_lease(&mut third).is_none(), "what others give back is not hers, either");
        let [first, _second] = held;
        drop(first);
        assert!(has_lease(&mut third).is_some());
    }

    #[test]
    fn users_who_wait_take_turns() {
        let lane = Lane::new(vec![1], 1);
        let mut lease = ask(&lane, ANN).ok().unwrap();
        let mut anns: Vec<_> = (0..3).map(|_| waits(ask(&lane, ANN))).collect();
        let mut bobs: Vec<_> = (0..2).map(|_| waits(ask(&lane, BOB))).collect();
        let mut eves: Vec<_> = (0..1).map(|_| waits(ask(&lane, EVE))).collect();
        let mut order = Vec::new();
        for _ in 0..6 {
            drop(lease);
            let next = [(ANN, &mut anns), (BOB, &mut bobs), (EVE, &mut eves)].into_iter().find_map(
                |(user, waiting)| {
                    let lease = has_lease(waiting.first_mut()?)?;
                    drop(waiting.remove(0));
                    Some((user, lease))
                },
            );
            let (user, next) = next.unwrap();
            order.push(user);
            lease = next;
        }
        assert_eq!(order, [ANN, BOB, EVE, ANN, BOB, ANN]);
    }

    #[test]
    fn who_waits_no_longer_is_passed_over_and_makes_room() {
        let lane = Lane::new(vec![1], 1);
        let lease = ask(&lane, ANN).ok().unwrap();
        let waiting: Vec<_> = (0..WAITING).map(|_| waits(ask(&lane, BOB))).collect();
        let refused = lane.lease(BOB).now_or_never().unwrap();
        assert!(matches!(refused, Err(StoreError::TooMany)));
        // The server's own requests are never refused.
        let own: Vec<_> = (0..=WAITING).map(|_| waits(ask(&lane, NOBODY))).collect();
        drop((waiting, own));
        let mut bob = waits(ask(&lane, BOB));
        drop(lease);
        let bob = has_lease(&mut bob).unwrap();
        // Eve's request got the item and was dropped before it was polled: the item comes back.
        let unseen = waits(ask(&lane, EVE));
        drop(bob);
        drop(unseen);
        assert!(ask(&lane, ANN).is_ok());
        assert!(lane.state.lock().waiting.is_empty() && lane.state.lock().order.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_user_in_the_cooldown_waits_and_the_others_do_not() {
        let lane = Lane::new(vec![1, 2], 1);
        let mut lease = ask(&lane, ANN).ok().unwrap();
        lease.set_cooldown(Duration::from_secs(1));
        drop(lease);
        let mut again = waits(ask(&lane, ANN));
        assert!(ask(&lane, BOB).is_ok());
        tokio::time::sleep(Duration::from_millis(900)).await;
        assert!(has_lease(&mut again).is_none());
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(has_lease(&mut again).is_some());
        assert!(lane.state.lock().cooling.is_empty());
    }

    #[test]
    fn closing_waits_for_what_is_lent_and_refuses_the_rest() {
        let lane = Lane::new(vec![1, 2], 1);
        let lease = ask(&lane, ANN).ok().unwrap();
        let mut waiting = waits(ask(&lane, ANN));
        let mut closing = Box::pin(lane.close());
        assert!(closing.as_mut().now_or_never().is_none());
        assert!(matches!(waiting.as_mut().now_or_never(), Some(Err(StoreError::Closed))));
        assert!(matches!(lane.lease(BOB).now_or_never(), Some(Err(StoreError::Closed))));
        drop(lease);
        assert!(closing.now_or_never().is_some());
    }
}
