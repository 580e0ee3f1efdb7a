//! Presence: who is there, told to who watches and may see it.

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
use crate::store::{Look, Seen, StoreError, UserId};
use table::{Gone, Leaving, Table, Watched};

/// Who is there.
///
/// Nothing of it is stored but when people were last there. Who may see whom is asked of the store
/// ([`crate::store::AccountStore::sees`]) when a socket begins to watch, and again whenever somebody who is watched
/// comes, goes, hides, blocks, or joins or leaves a group. The table is locked while sockets are told, so that each of them is told in the
/// order in which things happened, the answer to its request included.
pub struct Presences {
    context: Arc<Context>,
    table: Mutex<Table>,
    changed: Notify,
}

impl Presences {
    /// Names that are watched for what a message costs.
    const NAMES: usize = 10;
    /// How long somebody whose last socket left is not gone yet: a page that is loaded again takes about a second.
    const GRACE: Duration = Duration::from_secs(2);
    /// Who is gone so soon is taken for gone with the others: one commit for all of them.
    const TOGETHER: Duration = Duration::from_millis(100);
    /// How many are looked at in one go; who is watched by more is looked at alone.
    const LOOKS: usize = 4096;
    /// How long a store that fails is given.
    const PATIENCE: Duration = Duration::from_secs(1);

    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context, table: Mutex::default(), changed: Notify::new() }
    }

    /// From now on a socket watches these people and nobody else; `reply` is called with their presence, before
    /// the socket is told of any change of it.
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
        let cost = u32::try_from(usernames.len().div_ceil(Self::NAMES)).unwrap_or(u32::MAX);
        if let Err(wait) = caller.messages.take_many(cost, self.context.clock.monotonic()) {
            return reply(Err(Error::rate_limited(wait)));
        }
        let user = caller.person.id;
        let before = self.table.lock().changes;
        let sightings = match self.context.store.look_for(user, usernames).await {
            Ok(sightings) => sightings,
            Err(error) => return reply(Err(error.into())),
        };
        let mut table = self.table.lock();
        table.forget((user, socket));
        let list = sightings.into_iter().map(|sighting| {
            let online = sighting.visible && self.context.liveness.is_live(sighting.user);
            let presence = table.presence(&sighting, online);
            table.watch((user, socket), sighting, online);
            presence
        });
        let list = list.collect();
        reply(Ok(PresenceList(list)));
        if table.changes != before {
            // What was read may be outdated.
            table.doubt_all_of(user);
            self.changed.notify_one();
        }
    }

    /// A socket of a user is live on this node.
    pub fn came(&self, user: UserId) {
        let mut table = self.table.lock();
        table.leaving.remove(&user);
        if !self.context.liveness.came(user) {
            return;
        }
        let unseen = |watched: &Watched| watched.by.values().any(|told| !told);
        if table.watched.get(&user).is_some_and(unseen) {
            table.doubtful.insert(user);
            self.changed.notify_one();
        }
        drop(table);
        self.context.bus.publish(Hint::Presence(user));
    }

    /// A socket of a user is over: it watches nobody any more, and perhaps it was their last on this node.
    pub fn left(&self, user: UserId, socket: SocketKey) {
        let mut table = self.table.lock();
        table.forget((user, socket));
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

    /// Who may see a user, or whom the user may see, may have changed.
    pub(crate) fn changed(&self, user: UserId) {
        self.changed_here(user);
        self.context.bus.publish(Hint::Visibility(user));
    }

    /// As [`Presences::changed`], for the watchers on this node.
    pub(crate) fn changed_here(&self, user: UserId) {
        let mut table = self.table.lock();
        table.changes += 1;
        if table.watched.contains_key(&user) {
            table.doubtful.insert(user);
        }
        table.doubt_all_of(user);
        self.changed.notify_one();
    }

    /// A user came or went on another node, which has stored when that was.
    pub(crate) async fn look_at(&self, user: UserId) {
        if !self.table.lock().watched.contains_key(&user) {
            return;
        }
        let account = if self.context.liveness.is_live(user) {
            None
        } else {
            // If the store does not answer, that they went is told without the time.
            self.context.store.account_of(user).await.ok().flatten()
        };
        let mut table = self.table.lock();
        if let Some(at) = account.and_then(|account| account.last_seen_at) {
            table.gone.entry(user).or_insert(Gone { at, stored: true });
        }
        table.doubtful.insert(user);
        self.changed.notify_one();
    }

    /// Anybody may have come or gone on another node, and anything else may have changed there.
    pub(crate) fn look_at_all(&self) {
        let mut table = self.table.lock();
        let Table { watched, doubtful, changes, .. } = &mut *table;
        doubtful.extend(watched.keys());
        *changes += 1;
        self.changed.notify_one();
    }

    /// Tells who comes and goes, and stores when people were last there, until `stop`; then once more what is left.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            let due = self.table.lock().due.front().map(|(due, _)| *due + Self::TOGETHER);
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
                tracing::warn!(%error, "who came and went could not be stored and told; it is tried again");
                self.changed.notify_one();
                tokio::select! {
                    () = tokio::time::sleep(Self::PATIENCE) => {}
                    () = &mut stop => break,
                }
            }
        }
        // Nobody comes back any more.
        if let Err(error) = self.settle(Instant::now() + Self::GRACE).await {
            tracing::warn!(%error, "who left last could not be stored");
        }
    }

    /// Stores and tells who is gone at `now`, and tells what else has changed.
    async fn settle(&self, now: Instant) -> Result<(), StoreError> {
        let gone = {
            let mut table = self.table.lock();
            table.expire(now, &self.context);
            table.gone.clone()
        };
        let to_store = gone.iter().filter(|(_, gone)| !gone.stored);
        let to_store: Vec<_> = to_store.map(|(&user, gone)| Seen { user, at: gone.at }).collect();
        if !to_store.is_empty() {
            // First, so that who is told and asks is not answered with less.
            self.context.store.note_seen(to_store.clone()).await?;
            for Seen { user, .. } in to_store {
                self.context.bus.publish(Hint::Presence(user));
            }
        }
        loop {
            let (people, looks) = self.table.lock().take_doubts(Self::LOOKS);
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
                    .inspect_err(|_| self.table.lock().doubt(&people))?,
            };
            self.tell(&people, &looks.into_iter().zip(seen).collect());
        }
        self.table.lock().gone.retain(|user, last| gone.get(user) != Some(last));
        Ok(())
    }

    /// Tells the sockets that watch these people, where they were told otherwise.
    fn tell(&self, people: &BTreeSet<UserId>, sees: &HashMap<Look, bool>) {
        let mut table = self.table.lock();
        for &user in people {
            let is_there = self.context.liveness.is_live(user);
            let last_seen = table.gone.get(&user).map(|gone| gone.at);
            let Some(watched) = table.watched.get_mut(&user) else { continue };
            let (mut came, mut went, mut hid) = (Vec::new(), Vec::new(), Vec::new());
            for (&watcher, told) in &mut watched.by {
                // Who is not among them began to watch meanwhile, and was answered with what holds.
                let Some(&visible) = sees.get(&Look { from: watcher.0, at: user }) else { continue };
                let online = is_there && visible;
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
