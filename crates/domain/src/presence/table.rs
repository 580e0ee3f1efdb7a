//! Who watches whom, and who is on their way out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use protocol::{Presence, Timestamp};
use tokio::time::Instant;

use crate::context::Context;
use crate::live::SocketKey;
use crate::store::{Look, Sighting, UserId};

/// A socket that watches.
pub(super) type Watcher = (UserId, SocketKey);

#[derive(Default)]
pub(super) struct Table {
    /// Whom each socket watches.
    pub(super) of_watcher: BTreeMap<Watcher, Vec<UserId>>,
    pub(super) watched: BTreeMap<UserId, Watched>,
    /// Whose last socket on this node left a moment ago: they may be back in another.
    pub(super) leaving: BTreeMap<UserId, Leaving>,
    /// The same users, in the order of when they will be gone.
    pub(super) due: VecDeque<(Instant, UserId)>,
    /// Who is gone, until that is stored and told.
    pub(super) gone: BTreeMap<UserId, Gone>,
    /// Of whom it may be that other things hold now than what was told.
    pub(super) doubtful: BTreeSet<UserId>,
    /// Counts what may have changed who sees whom.
    pub(super) changes: u64,
}

pub(super) struct Watched {
    pub(super) username: Arc<str>,
    /// Whether each socket was last told that they are there.
    pub(super) by: BTreeMap<Watcher, bool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Gone {
    pub(super) at: Timestamp,
    /// Whether that is stored: by another node.
    pub(super) stored: bool,
}

#[derive(Clone, Copy)]
pub(super) struct Leaving {
    pub(super) due: Instant,
    pub(super) at: Timestamp,
}

impl Table {
    pub(super) fn presence(&self, sighting: &Sighting, online: bool) -> Presence {
        let last_seen = sighting.last_seen_at.max(self.gone.get(&sighting.user).map(|gone| gone.at));
        let last_seen = last_seen.filter(|_| sighting.visible && !online);
        Presence { username: sighting.username.to_string(), online, last_seen }
    }

    pub(super) fn watch(&mut self, watcher: Watcher, sighting: Sighting, online: bool) {
        let Sighting { user, username, .. } = sighting;
        let watched = self.watched.entry(user).or_insert_with(|| Watched { username, by: BTreeMap::new() });
        if watched.by.insert(watcher, online).is_none() {
            self.of_watcher.entry(watcher).or_default().push(user);
        }
    }

    pub(super) fn forget(&mut self, watcher: Watcher) {
        for user in self.of_watcher.remove(&watcher).unwrap_or_default() {
            if let Some(watched) = self.watched.get_mut(&user) {
                watched.by.remove(&watcher);
                if watched.by.is_empty() {
                    self.watched.remove(&user);
                }
            }
        }
    }

    /// Everybody whom the sockets of a user watch is to be looked at.
    pub(super) fn doubt_all_of(&mut self, user: UserId) {
        let first = (user, SocketKey::default());
        let sockets = self.of_watcher.range(first..).take_while(|((of, _), _)| *of == user);
        self.doubtful.extend(sockets.flat_map(|(_, watched)| watched));
    }

    pub(super) fn doubt(&mut self, people: &BTreeSet<UserId>) {
        self.doubtful.extend(people);
    }

    /// Who left so long ago that they are gone from this node, and from all.
    pub(super) fn expire(&mut self, now: Instant, context: &Context) {
        while let Some(&(due, user)) = self.due.front().filter(|(due, _)| *due <= now) {
            self.due.pop_front();
            // Else they were back meanwhile, and have perhaps left again.
            if self.leaving.get(&user).is_some_and(|leaving| leaving.due == due)
                && let Some(Leaving { at, .. }) = self.leaving.remove(&user)
                && !context.broker.is_live(user)
            {
                context.liveness.left(user);
                if !context.liveness.is_live(user) {
                    self.gone.insert(user, Gone { at, stored: false });
                    self.doubtful.insert(user);
                }
            }
        }
        if self.due.is_empty() {
            // Thousands may have left at once.
            self.due = VecDeque::new();
        }
    }

    /// People to look at, and who looks at them: about so many.
    pub(super) fn take_doubts(&mut self, most: usize) -> (BTreeSet<UserId>, Vec<Look>) {
        let (mut people, mut looks) = (BTreeSet::new(), Vec::new());
        while looks.len() < most
            && let Some(at) = self.doubtful.pop_first()
        {
            people.insert(at);
            for &(from, _) in self.watched.get(&at).into_iter().flat_map(|watched| watched.by.keys()) {
                let look = Look { from, at };
                // A person's sockets are side by side.
                if looks.last() != Some(&look) {
                    looks.push(look);
                }
            }
        }
        (people, looks)
    }
}
