//! The table of who watches whom, and of users who have just left.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use protocol::{Presence, Timestamp};
use tokio::time::Instant;

use crate::context::Context;
use crate::live::SocketKey;
use crate::store::{PresenceQuery, PresenceState, UserId};

/// A watching socket, with its user.
pub(super) type Watcher = (UserId, SocketKey);

#[derive(Default)]
pub(super) struct Table {
    /// The users whom each socket watches.
    pub(super) of_watcher: BTreeMap<Watcher, Vec<UserId>>,
    pub(super) watched: BTreeMap<UserId, Watched>,
    /// Users whose last socket on this node ended a moment ago, and who may come back within the grace.
    pub(super) leaving: BTreeMap<UserId, Leaving>,
    /// When the grace of each of them ends, in order. Has outdated items for users who came back.
    pub(super) due: VecDeque<(Instant, UserId)>,
    /// Users who went offline, until that is stored and told.
    pub(super) gone: BTreeMap<UserId, Gone>,
    /// Users whose presence may differ from what their watchers were last told.
    pub(super) stale: BTreeSet<UserId>,
    /// Counts the changes that may affect who sees whom.
    pub(super) changes: u64,
}

pub(super) struct Watched {
    pub(super) username: Arc<str>,
    /// The watching sockets, and whether each was last told that the user is online.
    pub(super) by: BTreeMap<Watcher, bool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Gone {
    pub(super) at: Timestamp,
    /// Whether another node has stored it.
    pub(super) stored: bool,
}

#[derive(Clone, Copy)]
pub(super) struct Leaving {
    pub(super) due: Instant,
    pub(super) at: Timestamp,
}

impl Table {
    pub(super) fn presence(&self, sighting: &PresenceState, online: bool) -> Presence {
        let last_seen = sighting.last_seen_at.max(self.gone.get(&sighting.user).map(|gone| gone.at));
        let last_seen = last_seen.filter(|_| sighting.visible && !online);
        Presence { username: sighting.username.to_string(), online, last_seen }
    }

    pub(super) fn watch(&mut self, watcher: Watcher, sighting: PresenceState, online: bool) {
        let PresenceState { user, username, .. } = sighting;
        let watched = self.watched.entry(user).or_insert_with(|| Watched { username, by: BTreeMap::new() });
        if watched.by.insert(watcher, online).is_none() {
            self.of_watcher.entry(watcher).or_default().push(user);
        }
    }

    pub(super) fn unwatch(&mut self, watcher: Watcher) {
        for user in self.of_watcher.remove(&watcher).unwrap_or_default() {
            if let Some(watched) = self.watched.get_mut(&user) {
                watched.by.remove(&watcher);
                if watched.by.is_empty() {
                    self.watched.remove(&user);
                }
            }
        }
    }

    /// Marks everybody stale whom the sockets of a user watch.
    pub(super) fn mark_stale_for(&mut self, user: UserId) {
        let first = (user, SocketKey::default());
        let sockets = self.of_watcher.range(first..).take_while(|((of, _), _)| *of == user);
        self.stale.extend(sockets.flat_map(|(_, watched)| watched));
    }

    pub(super) fn mark_stale(&mut self, people: &BTreeSet<UserId>) {
        self.stale.extend(people);
    }

    /// Takes users offline whose grace is over at `now`, unless they are connected to another node.
    pub(super) fn expire(&mut self, now: Instant, context: &Context) {
        while let Some(&(due, user)) = self.due.front().filter(|(due, _)| *due <= now) {
            self.due.pop_front();
            // Not if they came back meanwhile: they may have left again, and then another item is theirs.
            if self.leaving.get(&user).is_some_and(|leaving| leaving.due == due)
                && let Some(Leaving { at, .. }) = self.leaving.remove(&user)
                && !context.broker.is_live(user)
            {
                context.liveness.left(user);
                if !context.liveness.is_live(user) {
                    self.gone.insert(user, Gone { at, stored: false });
                    self.stale.insert(user);
                }
            }
        }
        if self.due.is_empty() {
            // Gives memory back after thousands left at once.
            self.due = VecDeque::new();
        }
    }

    /// Takes stale users with all their watchers, until there are at least `most` pairs.
    pub(super) fn take_stale(&mut self, most: usize) -> (BTreeSet<UserId>, Vec<PresenceQuery>) {
        let (mut people, mut looks) = (BTreeSet::new(), Vec::new());
        while looks.len() < most
            && let Some(at) = self.stale.pop_first()
        {
            people.insert(at);
            for &(from, _) in self.watched.get(&at).into_iter().flat_map(|watched| watched.by.keys()) {
                let look = PresenceQuery { from, at };
                // The sockets of one watcher are side by side: one question for all of them.
                if looks.last() != Some(&look) {
                    looks.push(look);
                }
            }
        }
        (people, looks)
    }
}
