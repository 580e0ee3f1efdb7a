//! Lends a few things (here: connections) to many users. Each user has at most a share of them at a time. Users who
//! wait take turns.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use domain::store::{StoreError, UserId};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};

/// The user of the server's own requests. No account has this number.
pub(super) const NOBODY: UserId = UserId(0);
/// Requests of one user that may wait. The server's own requests are never refused: there are at most as many as
/// sockets.
const WAITING: usize = 256;

/// The things, and the users who have them or wait for them.
pub(super) struct Lane<T: Send + 'static> {
    state: Mutex<LaneState<T>>,
    /// How many things one user may have at a time.
    share: usize,
    /// Notified after closing, when the last thing is given back.
    ended: Notify,
}

struct LaneState<T: Send + 'static> {
    open: bool,
    idle: Vec<T>,
    /// How many things each user has. Users with none are not in it.
    lent: HashMap<UserId, usize>,
    /// How many things each user has given back and counts as having, because they rest. Users with none are not in it.
    resting: HashMap<UserId, usize>,
    /// Waiting requests of each user, the oldest first. If the receiver of one was dropped, its caller has given up.
    waiting: HashMap<UserId, VecDeque<oneshot::Sender<Turn<T>>>>,
    /// The users who wait, each once, in the order of their turns.
    order: VecDeque<UserId>,
}

/// A thing while it is lent. Dropping this gives the thing to the next request.
pub(super) struct Turn<T: Send + 'static> {
    lane: Arc<Lane<T>>,
    user: UserId,
    /// `None` only after `pass_on` took it back, because the caller had given up.
    thing: Option<T>,
    /// How long the user counts as having the thing after it is given back.
    rest: Duration,
}

impl<T: Send + 'static> Lane<T> {
    pub(super) fn new(things: Vec<T>, share: usize) -> Arc<Self> {
        let state = LaneState {
            open: true,
            idle: things,
            lent: HashMap::new(),
            resting: HashMap::new(),
            waiting: HashMap::new(),
            order: VecDeque::new(),
        };
        Arc::new(Self { state: Mutex::new(state), share, ended: Notify::new() })
    }

    /// Waits for a thing.
    ///
    /// # Errors
    /// [`StoreError::TooMany`] if too many requests of the user wait, [`StoreError::Closed`] once the lane is closed.
    pub(super) async fn turn(self: &Arc<Self>, user: UserId) -> Result<Turn<T>, StoreError> {
        let waiting = {
            let mut state = self.state.lock();
            if !state.open {
                return Err(StoreError::Closed);
            }
            // A thing is idle while others wait only if all of them have their full share. So this overtakes nobody.
            if let Some(thing) = state.lend(user, self.share) {
                return Ok(self.turn_of(user, thing));
            }
            state.wait(user)?
        };
        waiting.await.map_err(|_| StoreError::Closed)
    }

    fn turn_of(self: &Arc<Self>, user: UserId, thing: T) -> Turn<T> {
        Turn { lane: self.clone(), user, thing: Some(thing), rest: Duration::ZERO }
    }

    /// Refuses requests that wait and all later ones, and waits until every thing is given back.
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

    fn give_back(self: &Arc<Self>, user: UserId, thing: T) {
        let mut state = self.state.lock();
        remove_one(&mut state.lent, user);
        if state.open {
            state.idle.push(thing);
            self.pass_on(&mut state);
            return;
        }
        let is_last = state.lent.is_empty();
        drop(state);
        drop(thing);
        if is_last {
            self.ended.notify_one();
        }
    }

    /// A user has rested after giving a thing back.
    fn rested(self: &Arc<Self>, user: UserId) {
        let mut state = self.state.lock();
        remove_one(&mut state.resting, user);
        self.pass_on(&mut state);
    }

    /// Lends idle things to waiting users who have less than their share.
    fn pass_on(self: &Arc<Self>, state: &mut LaneState<T>) {
        let mut skipped = 0;
        while !state.idle.is_empty() && skipped < state.order.len() {
            let Some(user) = state.order.pop_front() else { return };
            if state.has(user) >= self.share {
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
                && let Some(thing) = state.lend(user, self.share)
                && let Err(mut turn) = waiter.send(self.turn_of(user, thing))
            {
                // The caller has given up. Take the thing out of the turn: dropping the turn with it would lock the
                // lane again.
                state.idle.extend(turn.thing.take());
                remove_one(&mut state.lent, user);
            }
        }
    }
}

impl<T: Send + 'static> LaneState<T> {
    fn has(&self, user: UserId) -> usize {
        let of_user = |things: &HashMap<UserId, usize>| things.get(&user).copied().unwrap_or_default();
        of_user(&self.lent) + of_user(&self.resting)
    }

    fn lend(&mut self, user: UserId, share: usize) -> Option<T> {
        if self.has(user) >= share {
            return None;
        }
        let thing = self.idle.pop()?;
        *self.lent.entry(user).or_default() += 1;
        Some(thing)
    }

    fn wait(&mut self, user: UserId) -> Result<oneshot::Receiver<Turn<T>>, StoreError> {
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

/// Counts one thing less for a user.
fn remove_one(things: &mut HashMap<UserId, usize>, user: UserId) {
    if let Some(count) = things.get_mut(&user) {
        *count -= 1;
        if *count == 0 {
            things.remove(&user);
        }
    }
}

impl<T: Send + 'static> Turn<T> {
    /// The lent thing.
    pub(super) fn get(&self) -> Option<&T> {
        self.thing.as_ref()
    }

    /// The user who has it.
    pub(super) fn user(&self) -> UserId {
        self.user
    }

    /// Lets the user count as having the thing for some time after it is given back. Others have it meanwhile.
    pub(super) fn rest(&mut self, rest: Duration) {
        self.rest = rest;
    }
}

impl<T: Send + 'static> Drop for Turn<T> {
    fn drop(&mut self) {
        let Some(thing) = self.thing.take() else { return };
        if !self.rest.is_zero()
            && let Ok(runtime) = Handle::try_current()
        {
            let (lane, user, rest) = (Arc::downgrade(&self.lane), self.user, self.rest);
            *self.lane.state.lock().resting.entry(user).or_default() += 1;
            runtime.spawn(async move {
                tokio::time::sleep(rest).await;
                if let Some(lane) = lane.upgrade() {
                    lane.rested(user);
                }
            });
        }
        self.lane.give_back(self.user, thing);
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

    type Waiting = Pin<Box<dyn Future<Output = Result<Turn<u8>, StoreError>> + Send>>;

    /// Asks for a thing, and is queued from now on if there is none.
    fn ask(lane: &Arc<Lane<u8>>, user: UserId) -> Result<Turn<u8>, Waiting> {
        let lane = lane.clone();
        let mut asked: Waiting = Box::pin(async move { lane.turn(user).await });
        match asked.as_mut().now_or_never() {
            Some(turn) => Ok(turn.unwrap_or_else(|error| panic!("{error}"))),
            None => Err(asked),
        }
    }

    fn waits(asked: Result<Turn<u8>, Waiting>) -> Waiting {
        asked.err().expect("it has to wait")
    }

    fn has_turn(waiting: &mut Waiting) -> Option<Turn<u8>> {
        waiting.as_mut().now_or_never().map(|turn| turn.unwrap_or_else(|error| panic!("{error}")))
    }

    #[test]
    fn a_user_has_a_share_and_the_others_the_rest() {
        let lane = Lane::new(vec![1, 2, 3, 4], 2);
        let held = [ask(&lane, ANN).ok().unwrap(), ask(&lane, ANN).ok().unwrap()];
        let mut third = waits(ask(&lane, ANN));
        let bob = ask(&lane, BOB).ok().unwrap();
        assert!(has_turn(&mut third).is_none());
        drop(bob);
        assert!(has_turn(&mut third).is_none(), "what others give back is not hers, either");
        let [first, _second] = held;
        drop(first);
        assert!(has_turn(&mut third).is_some());
    }

    #[test]
    fn who_waits_takes_turns_with_the_others() {
        let lane = Lane::new(vec![1], 1);
        let mut turn = ask(&lane, ANN).ok().unwrap();
        let mut anns: Vec<_> = (0..3).map(|_| waits(ask(&lane, ANN))).collect();
        let mut bobs: Vec<_> = (0..2).map(|_| waits(ask(&lane, BOB))).collect();
        let mut eves: Vec<_> = (0..1).map(|_| waits(ask(&lane, EVE))).collect();
        let mut order = Vec::new();
        for _ in 0..6 {
            drop(turn);
            let next = [(ANN, &mut anns), (BOB, &mut bobs), (EVE, &mut eves)].into_iter().find_map(
                |(user, waiting)| {
                    let turn = has_turn(waiting.first_mut()?)?;
                    drop(waiting.remove(0));
                    Some((user, turn))
                },
            );
            let (user, next) = next.unwrap();
            order.push(user);
            turn = next;
        }
        assert_eq!(order, [ANN, BOB, EVE, ANN, BOB, ANN]);
    }

    #[test]
    fn who_waits_no_longer_is_passed_over_and_makes_room() {
        let lane = Lane::new(vec![1], 1);
        let turn = ask(&lane, ANN).ok().unwrap();
        let waiting: Vec<_> = (0..WAITING).map(|_| waits(ask(&lane, BOB))).collect();
        let refused = lane.turn(BOB).now_or_never().unwrap();
        assert!(matches!(refused, Err(StoreError::TooMany)));
        // The server's own requests are never refused.
        let own: Vec<_> = (0..=WAITING).map(|_| waits(ask(&lane, NOBODY))).collect();
        drop((waiting, own));
        let mut bob = waits(ask(&lane, BOB));
        drop(turn);
        let bob = has_turn(&mut bob).unwrap();
        // Eve's request got the thing and was dropped before it was polled: the thing comes back.
        let unseen = waits(ask(&lane, EVE));
        drop(bob);
        drop(unseen);
        assert!(ask(&lane, ANN).is_ok());
        assert!(lane.state.lock().waiting.is_empty() && lane.state.lock().order.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_rests_waits_and_the_others_do_not() {
        let lane = Lane::new(vec![1, 2], 1);
        let mut turn = ask(&lane, ANN).ok().unwrap();
        turn.rest(Duration::from_secs(1));
        drop(turn);
        let mut again = waits(ask(&lane, ANN));
        assert!(ask(&lane, BOB).is_ok());
        tokio::time::sleep(Duration::from_millis(900)).await;
        assert!(has_turn(&mut again).is_none());
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(has_turn(&mut again).is_some());
        assert!(lane.state.lock().resting.is_empty());
    }

    #[test]
    fn closing_waits_for_what_is_lent_and_refuses_the_rest() {
        let lane = Lane::new(vec![1, 2], 1);
        let turn = ask(&lane, ANN).ok().unwrap();
        let mut waiting = waits(ask(&lane, ANN));
        let mut closing = Box::pin(lane.close());
        assert!(closing.as_mut().now_or_never().is_none());
        assert!(matches!(waiting.as_mut().now_or_never(), Some(Err(StoreError::Closed))));
        assert!(matches!(lane.turn(BOB).now_or_never(), Some(Err(StoreError::Closed))));
        drop(turn);
        assert!(closing.now_or_never().is_some());
    }
}
