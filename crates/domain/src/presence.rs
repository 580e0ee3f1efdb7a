//! Presence: who is online, told to the sockets that watch them and may see it.

mod table;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use protocol::{Presence, PresenceList, WatchPresence, limit};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::bus::Hint;
use crate::context::Context;
use crate::error::Error;
use crate::live::{Live, SocketKey};
use crate::person::Caller;
use crate::store::{LastSeen, PresenceQuery, StoreError, UserId};
use table::{Gone, Leaving, Table, Watched};

/// Tells sockets which of the people they watch are online.
///
/// Only the times when people were last seen are stored. The store is asked who may see whom
/// ([`crate::store::AccountStore::sees`]) when a socket begins to watch, and again whenever a watched person goes
/// online or offline, hides, blocks somebody, or joins or leaves a group. The table is locked while sockets are told,
/// so that the answer to a watch and later changes arrive in the order in which they happened.
pub struct Presences {
    context: Arc<Context>,
    table: Mutex<Table>,
    changed: Notify,
}

impl Presences {
    /// Watching so many names counts as one message in the rate limit.
    const NAMES_PER_CHARGE: usize = 10;
    /// How long after their last socket a user still counts as online. Loading a page again takes about a second.
    const GRACE: Duration = Duration::from_secs(2);
    /// How long users who go offline are gathered, so that one commit stores all of them.
    const GATHERING: Duration = Duration::from_millis(100);
    /// About how many pairs of watcher and watched are checked at a time.
    const CHECKED_AT_ONCE: usize = 4096;
    /// Wait after the store failed.
    const RETRY_DELAY: Duration = Duration::from_secs(1);

    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context, table: Mutex::default(), changed: Notify::new() }
    }

    /// From now on the socket watches these people and nobody else. `reply` is called with their presence, before the
    /// socket is told of any change of it.
    pub async fn watch(
        &self,
        caller: &Caller,
        socket: SocketKey,
        WatchPresence { usernames }: WatchPresence,
        reply: impl FnOnce(Result<PresenceList, Error>),
    ) {
        if usernames.len() > limit::WATCHED {
            return reply(Err(Error::invalid("usernames", "At most 1,000 people can be watched.")));
        }
        let cost = usernames.len().div_ceil(Self::NAMES_PER_CHARGE);
        if let Err(error) = self.context.charge_times(caller, cost) {
            return reply(Err(error));
        }
        let user = caller.person.id;
        let before = self.table.lock().changes;
        let sightings = match self.context.store.presence_states(user, usernames).await {
            Ok(sightings) => sightings,
            Err(error) => return reply(Err(error.into())),
        };
        let mut table = self.table.lock();
        table.unwatch((user, socket));
        let list = sightings.into_iter().map(|sighting| {
            let online = sighting.visible && self.context.liveness.is_live(sighting.user);
            let presence = table.presence(&sighting, online);
            table.watch((user, socket), sighting, online);
            presence
        });
        let list = list.collect();
        reply(Ok(PresenceList(list)));
        if table.changes != before {
            // Who sees whom may have changed since it was read.
            table.mark_stale_for(user);
            self.changed.notify_one();
        }
    }

    /// A socket of a user has joined the live stream on this node.
    pub fn came(&self, user: UserId) {
        let mut table = self.table.lock();
        table.leaving.remove(&user);
        if !self.context.liveness.came(user) {
            return;
        }
        let unseen = |watched: &Watched| watched.by.values().any(|told| !told);
        if table.watched.get(&user).is_some_and(unseen) {
            table.stale.insert(user);
            self.changed.notify_one();
        }
        drop(table);
        self.context.bus.publish(Hint::Presence(user));
    }

    /// A socket of a user has ended. It watches nobody any more, and may have been their last on this node.
    pub fn left(&self, user: UserId, socket: SocketKey) {
        let mut table = self.table.lock();
        table.unwatch((user, socket));
        if self.context.broker.is_live(user) {
            return;
        }
        let due = Instant::now() + Self::GRACE;
        table.leaving.insert(user, Leaving { due, at: self.context.clock.now() });
        table.due.push_back((due, user));
        if table.due.len() == 1 {
            self.changed.notify_one();
        }
    }

    /// Whose presence a user may see, or who may see theirs, may have changed.
    pub(crate) fn changed(&self, user: UserId) {
        self.changed_here(user);
        self.context.bus.publish(Hint::Visibility(user));
    }

    /// Like [`Presences::changed`], for the watchers on this node alone.
    pub(crate) fn changed_here(&self, user: UserId) {
        let mut table = self.table.lock();
        table.changes += 1;
        if table.watched.contains_key(&user) {
            table.stale.insert(user);
        }
        table.mark_stale_for(user);
        self.changed.notify_one();
    }

    /// A user went online or offline on another node, which has stored when they were last seen.
    pub(crate) async fn check(&self, user: UserId) {
        if !self.table.lock().watched.contains_key(&user) {
            return;
        }
        let account = if self.context.liveness.is_live(user) {
            None
        } else {
            // If the store does not answer, watchers are told that the user is offline, without the time.
            self.context.store.account_of(user).await.ok().flatten()
        };
        let mut table = self.table.lock();
        if let Some(at) = account.and_then(|account| account.last_seen_at) {
            table.gone.entry(user).or_insert(Gone { at, stored: true });
        }
        table.stale.insert(user);
        self.changed.notify_one();
    }

    /// Hints of other nodes were lost: any watched user may have gone online or offline, or may be seen by others now.
    pub(crate) fn check_all(&self) {
        let mut table = self.table.lock();
        let Table { watched, stale, changes, .. } = &mut *table;
        stale.extend(watched.keys());
        *changes += 1;
        self.changed.notify_one();
    }

    /// Tells watchers who goes online and offline, and stores when people were last seen, until `stop`. Then does it
    /// for those who left last.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            let due = self.table.lock().due.front().map(|(due, _)| *due + Self::GATHERING);
            let somebody_is_gone = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.changed.notified() => {}
                () = somebody_is_gone => {}
                () = &mut stop => break,
            }
            if let Err(error) = self.settle(Instant::now()).await {
                tracing::warn!(%error, "presence could not be stored and told; it is tried again");
                self.changed.notify_one();
                tokio::select! {
                    () = tokio::time::sleep(Self::RETRY_DELAY) => {}
                    () = &mut stop => break,
                }
            }
        }
        // The server stops: nobody comes back within the grace.
        if let Err(error) = self.settle(Instant::now() + Self::GRACE).await {
            tracing::warn!(%error, "when the last people left could not be stored");
        }
    }

    /// Stores when the users were last seen whose grace is over at `now`. Then checks all stale users, and tells their
    /// watchers what changed.
    async fn settle(&self, now: Instant) -> Result<(), StoreError> {
        let gone = {
            let mut table = self.table.lock();
            table.expire(now, &self.context);
            table.gone.clone()
        };
        let to_store = gone.iter().filter(|(_, gone)| !gone.stored);
        let to_store: Vec<_> = to_store.map(|(&user, gone)| LastSeen { user, at: gone.at }).collect();
        if !to_store.is_empty() {
            // Before watchers are told, so that one who asks at once gets the new time.
            self.context.store.note_seen(to_store.clone()).await?;
            for LastSeen { user, .. } in to_store {
                self.context.bus.publish(Hint::Presence(user));
            }
        }
        loop {
            let (people, looks) = self.table.lock().take_stale(Self::CHECKED_AT_ONCE);
            if people.is_empty() {
                break;
            }
            let seen = match looks.as_slice() {
                [] => Vec::new(),
                looks => self
                    .context
                    .store
                    .sees(looks.to_vec())
                    .await
                    .inspect_err(|_| self.table.lock().mark_stale(&people))?,
            };
            self.tell(&people, &looks.into_iter().zip(seen).collect());
        }
        self.table.lock().gone.retain(|user, last| gone.get(user) != Some(last));
        Ok(())
    }

    /// Tells the watchers of these people whose last answer was different.
    fn tell(&self, people: &BTreeSet<UserId>, sees: &HashMap<PresenceQuery, bool>) {
        let mut table = self.table.lock();
        for &user in people {
            let is_online = self.context.liveness.is_live(user);
            let last_seen = table.gone.get(&user).map(|gone| gone.at);
            let Some(watched) = table.watched.get_mut(&user) else { continue };
            let (mut came, mut went, mut hid) = (Vec::new(), Vec::new(), Vec::new());
            for (&watcher, told) in &mut watched.by {
                // A watcher who is missing in `sees` began to watch meanwhile, and has an up-to-date answer.
                let Some(&visible) = sees.get(&PresenceQuery { from: watcher.0, at: user }) else { continue };
                let online = is_online && visible;
                if std::mem::replace(told, online) != online {
                    let list = match (online, visible) {
                        (true, _) => &mut came,
                        (false, true) => &mut went,
                        (false, false) => &mut hid,
                    };
                    list.push(watcher);
                }
            }
            let username = &watched.username;
            for (sockets, online, last_seen) in
                [(came, true, None), (went, false, last_seen), (hid, false, None)]
            {
                if !sockets.is_empty() {
                    let presence = Presence { username: username.to_string(), online, last_seen };
                    self.context.broker.tell_sockets(&mut sockets.into_iter(), Live::Presence(presence));
                }
            }
        }
    }
}
