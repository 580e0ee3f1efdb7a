//! Blocks: whom somebody does not want to hear from.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use protocol::{Block, Page};
use quick_cache::sync::Cache;

use crate::clock::Clock;
use crate::error::Error;
use crate::person::{Caller, Directory, Person};
use crate::presence::Presences;
use crate::store::{Store, UserId};

/// Who has blocked whom. What a blocked person sends to the blocker alone is stored and acknowledged as always, and
/// hidden from the blocker.
pub struct Blocks {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    people: Arc<Directory>,
    presences: Arc<Presences>,
    of_user: Cache<UserId, Arc<HashSet<UserId>>>,
    /// Blocks that came or went, so that what was read before one is not kept after it.
    changes: AtomicU64,
}

impl Blocks {
    /// People whose blocks are kept in memory, most of whom have none.
    const CAPACITY: usize = 100_000;

    pub(crate) fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        people: Arc<Directory>,
        presences: Arc<Presences>,
    ) -> Self {
        let (of_user, changes) = (Cache::new(Self::CAPACITY), AtomicU64::new(0));
        Self { store, clock, people, presences, of_user, changes }
    }

    /// Whom the caller has blocked, the latest first.
    pub async fn list(&self, caller: &Caller) -> Result<Page<Block>, Error> {
        let blocked = self.store.blocks(caller.person.id).await?.into_iter();
        let items =
            blocked.map(|blocked| Block { username: blocked.username.to_string(), created_at: blocked.at });
        Ok(Page { items: items.collect(), next: None })
    }

    /// One of the caller's blocks.
    pub async fn get(&self, caller: &Caller, username: &str) -> Result<Block, Error> {
        let Page { items, .. } = self.list(caller).await?;
        let found = items.into_iter().find(|block| block.username.eq_ignore_ascii_case(username));
        found.ok_or_else(|| Error::not_found("block"))
    }

    /// Blocks somebody; once more is as good as once.
    pub async fn block(&self, caller: &Caller, username: &str) -> Result<Block, Error> {
        let other = self.person(username).await?;
        if other.id == caller.person.id {
            return Err(Error::invalid("username", "Nobody can block themselves."));
        }
        self.store.block(caller.person.id, other.id, self.clock.now()).await?;
        self.changed(caller.person.id);
        self.get(caller, username).await
    }

    /// Takes a block back.
    pub async fn unblock(&self, caller: &Caller, username: &str) -> Result<(), Error> {
        let other = self.person(username).await?;
        let was_blocked = self.store.unblock(caller.person.id, other.id).await?;
        self.changed(caller.person.id);
        if was_blocked { Ok(()) } else { Err(Error::not_found("block")) }
    }

    /// Whether `user` has blocked `other`.
    pub(crate) async fn has_blocked(&self, user: UserId, other: UserId) -> Result<bool, Error> {
        if let Some(blocked) = self.of_user.get(&user) {
            return Ok(blocked.contains(&other));
        }
        let before = self.changes.load(Ordering::SeqCst);
        let blocked = self.store.blocks(user).await?;
        let blocked: Arc<HashSet<_>> = Arc::new(blocked.iter().map(|blocked| blocked.user).collect());
        self.of_user.insert(user, blocked.clone());
        if self.changes.load(Ordering::SeqCst) != before {
            self.of_user.remove(&user);
        }
        Ok(blocked.contains(&other))
    }

    async fn person(&self, username: &str) -> Result<Arc<Person>, Error> {
        self.people.named(username).await?.ok_or_else(|| Error::not_found("user"))
    }

    fn changed(&self, user: UserId) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.of_user.remove(&user);
        self.presences.changed(user);
    }
}
