//! Blocks: people block others whom they do not want to hear from.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use protocol::{Block, Code, Page, Timestamp, limit};
use quick_cache::sync::Cache;

use crate::bus::Hint;
use crate::context::Context;
use crate::error::Error;
use crate::invitation::Invitations;
use crate::page;
use crate::person::{Caller, Person};
use crate::presence::Presences;
use crate::store::UserId;

/// Blocks people. A direct message of a blocked person is stored and acknowledged as always, but hidden from the
/// blocker. Messages in groups are not hidden.
pub struct Blocks {
    context: Arc<Context>,
    presences: Arc<Presences>,
    invitations: Arc<Invitations>,
    /// A cache of whether the first user has blocked the second.
    known: Cache<(UserId, UserId), bool>,
    /// Counts changes of blocks, so that an answer read before a change is not cached after it.
    changes: AtomicU64,
}

impl Blocks {
    /// Cached pairs, at about 50 bytes each.
    const CAPACITY: usize = 200_000;

    pub(crate) fn new(
        context: Arc<Context>,
        presences: Arc<Presences>,
        invitations: Arc<Invitations>,
    ) -> Self {
        let (known, changes) = (Cache::new(Self::CAPACITY), AtomicU64::new(0));
        Self { context, presences, invitations, known, changes }
    }

    /// The people whom the caller has blocked, the latest first.
    pub async fn list(&self, caller: &Caller, next: Option<&str>) -> Result<Page<Block>, Error> {
        let before = page::decode(next, place)?;
        let mut blocked = self.context.store.blocks(caller.person.id, before, limit::BLOCKS_PAGE + 1).await?;
        let last = page::cut(&mut blocked, limit::BLOCKS_PAGE);
        let next = last.map(|last| {
            page::encode([last.at.as_millis().to_be_bytes(), last.user.0.to_be_bytes()].concat())
        });
        let items = blocked.iter().map(|blocked| shown(&blocked.username, blocked.at)).collect();
        Ok(Page { items, next })
    }

    /// One of the caller's blocks.
    pub async fn get(&self, caller: &Caller, username: &str) -> Result<Block, Error> {
        let missing = || Error::not_found("block");
        let other = self.context.people.named(username).await?.ok_or_else(missing)?;
        let at = self.context.store.blocked_since(caller.person.id, other.id).await?.ok_or_else(missing)?;
        Ok(shown(&other.username, at))
    }

    /// Blocks somebody, and ends the invitations of theirs that wait. Blocking them again changes nothing.
    pub async fn block(&self, caller: &Caller, username: &str) -> Result<Block, Error> {
        let other = self.person(username).await?;
        if other.id == caller.person.id {
            return Err(Error::invalid("username", "Nobody can block themselves."));
        }
        self.context.charge(caller)?;
        let user = caller.person.id;
        let ended = self.invitations.made_by(other.id, user).await?;
        let since = self.context.store.block(user, other.id, self.context.clock.now(), limit::BLOCKS).await?;
        let full =
            || Error::new(Code::TooManyBlocks, "At most 1,000 people can be blocked; take a block back.");
        let since = since.ok_or_else(full)?;
        self.changed(user, other.id);
        for conversation in ended {
            self.invitations.changed(user, conversation).await;
        }
        Ok(shown(&other.username, since))
    }

    /// Takes a block back.
    pub async fn unblock(&self, caller: &Caller, username: &str) -> Result<(), Error> {
        let other = self.person(username).await?;
        self.context.charge(caller)?;
        let was_blocked = self.context.store.unblock(caller.person.id, other.id).await?;
        self.changed(caller.person.id, other.id);
        if was_blocked { Ok(()) } else { Err(Error::not_found("block")) }
    }

    /// Whether `user` has blocked `other`.
    pub(crate) async fn has_blocked(&self, user: UserId, other: UserId) -> Result<bool, Error> {
        if let Some(blocked) = self.known.get(&(user, other)) {
            return Ok(blocked);
        }
        let before = self.changes.load(Ordering::SeqCst);
        let blocked = self.context.store.blocked_since(user, other).await?.is_some();
        self.known.insert((user, other), blocked);
        if self.changes.load(Ordering::SeqCst) != before {
            self.known.remove(&(user, other));
        }
        Ok(blocked)
    }

    async fn person(&self, username: &str) -> Result<Arc<Person>, Error> {
        self.context.people.active(username).await?.ok_or_else(|| Error::not_found("user"))
    }

    fn changed(&self, user: UserId, other: UserId) {
        self.changed_here(user, other);
        self.context.bus.publish(Hint::Block(user, other));
    }

    /// A user has blocked another or taken that back, on this node or another.
    pub(crate) fn changed_here(&self, user: UserId, other: UserId) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.known.remove(&(user, other));
        self.presences.changed_here(user);
    }

    /// Hints of other nodes were lost: empties the cache.
    pub(crate) fn forget(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.known.clear();
    }
}

pub(crate) fn shown(username: &str, at: Timestamp) -> Block {
    Block { username: username.to_owned(), created_at: at }
}

/// The place in a list of blocks where the next page begins.
fn place(bytes: &[u8]) -> Option<(Timestamp, UserId)> {
    let (at, user) = bytes.split_first_chunk()?;
    let (at, user) = (i64::from_be_bytes(*at), i64::from_be_bytes(user.try_into().ok()?));
    Some((Timestamp::from_millis(at), UserId(user)))
}
