//! People: who is behind a username.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use protocol::{Code, SessionId, Timestamp};
use quick_cache::sync::Cache;
use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::error::Error;
use crate::host_account::HostGrant;
use crate::limit::{Bucket, Rate};
use crate::store::{Account, Store, UserId};

/// A verified user. An id and its username never change, so a person may be cached for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their number within the store.
    pub id: UserId,
    /// In the spelling it was registered with.
    pub username: Arc<str>,
}

/// The user who makes a request, as their token proves.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The person.
    pub person: Arc<Person>,
    /// The session, or the id of the API token. It may end while the request is handled.
    pub session: SessionId,
    /// Whether the request came with an API token.
    pub(crate) by_api_token: bool,
    /// What the token grants, if it is one of a host application.
    pub(crate) host: Option<HostGrant>,
    /// What they may still do, common to all their sockets and requests.
    pub(crate) allowance: Arc<Allowance>,
}

/// How often a person may do what costs others.
#[derive(Debug)]
pub(crate) struct Allowance {
    /// Messages, and what counts as messages do.
    pub(crate) messages: Bucket,
    /// Events and requests of any kind.
    requests: Bucket,
    /// Kibibytes of long texts that are submitted and not announced yet.
    pub(crate) long_texts: Arc<Semaphore>,
}

impl Allowance {
    /// Kibibytes of long texts of one person that are submitted and not announced yet. More of them would make the commit
    /// longer that everybody waits for.
    pub(crate) const LONG_TEXTS: u32 = 32;

    fn new(messages: Rate, requests: Rate) -> Self {
        let long_texts = Arc::new(Semaphore::new(Self::LONG_TEXTS as usize));
        Self { messages: Bucket::new(messages), requests: Bucket::new(requests), long_texts }
    }
}

impl Caller {
    /// How long a request may wait for its turn.
    const PATIENCE: Duration = Duration::from_secs(5);

    /// Waits for the turn of the caller's next event or request, so that nobody keeps the server busy with what is not
    /// counted otherwise. Fails if too many of theirs wait already.
    pub async fn wait_for_turn(&self, clock: &dyn Clock) -> Result<(), Error> {
        let wait = self.turn(clock)?;
        // Most need not wait, and go on without a timer.
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    /// How long the caller's next event or request has to wait for its turn.
    pub fn turn(&self, clock: &dyn Clock) -> Result<Duration, Error> {
        self.allowance.requests.reserve(Self::PATIENCE, clock.monotonic()).map_err(Error::rate_limited)
    }

    /// Counts one of the many reads of a request like a request, and waits for its turn. Others have theirs meanwhile.
    pub(crate) async fn pace(&self, clock: &dyn Clock) {
        match self.allowance.requests.spend(clock.monotonic()) {
            Duration::ZERO => tokio::task::yield_now().await,
            wait => tokio::time::sleep(wait).await,
        }
    }

    /// When the caller's token expires, if it is one of a host application: their sockets do not outlive it by long. All
    /// others live until their session ends.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.host.map(|grant| grant.expires_at)
    }

    /// Refuses requests with an API token, or a token of a host application. Somebody who stole one could otherwise make
    /// more tokens, or end the owner's sessions.
    pub(crate) fn check_logged_in(&self) -> Result<(), Error> {
        self.check_in_person()?;
        if self.host.is_some() {
            let detail = "A token of a host application may not do this; the application logs its people in.";
            return Err(Error::new(Code::Forbidden, detail));
        }
        Ok(())
    }

    /// Refuses requests with an API token: they are a program's, and this is for the person to decide.
    pub(crate) fn check_in_person(&self) -> Result<(), Error> {
        if self.by_api_token {
            return Err(Error::new(Code::Forbidden, "An API token may not do this; log in."));
        }
        Ok(())
    }
}

/// A cache of verified users. It never goes stale, because a verified account keeps its username and is not removed.
/// Unverified accounts are left out: they may be removed, and their usernames given to somebody else.
pub(crate) struct Directory {
    store: Arc<dyn Store>,
    by_name: Cache<Box<str>, Arc<Person>>,
    by_id: Cache<UserId, Arc<Person>>,
    allowances: Cache<UserId, Arc<Allowance>>,
}

impl Directory {
    /// People kept in memory, at about 200 bytes each.
    const CAPACITY: usize = 100_000;

    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            by_name: Cache::new(Self::CAPACITY),
            by_id: Cache::new(Self::CAPACITY),
            allowances: Cache::new(Self::CAPACITY),
        }
    }

    /// The person with this username, if they are cached under exactly this spelling.
    pub(crate) fn cached(&self, username: &str) -> Option<Arc<Person>> {
        self.by_name.get(username)
    }

    /// The person with this username, in any case.
    pub(crate) async fn named(&self, username: &str) -> Result<Option<Arc<Person>>, Error> {
        if let Some(person) = self.cached(username) {
            return Ok(Some(person));
        }
        let Some(account) = self.store.account(username).await?.filter(|account| account.verified) else {
            return Ok(None);
        };
        let person = self.cache(&account);
        self.by_name.insert(username.into(), person.clone());
        Ok(Some(person))
    }

    /// The person with this username, in any case, unless they have deleted their account. Asks the store each time: only
    /// where a message goes it need not, because the append asks.
    pub(crate) async fn active(&self, username: &str) -> Result<Option<Arc<Person>>, Error> {
        let there = |account: &Account| account.verified && account.deleted_at.is_none();
        let account = self.store.account(username).await?.filter(there);
        Ok(account.map(|account| self.cache(&account)))
    }

    /// The person whom a request names as its receiver; an error if there is nobody of this name.
    pub(crate) async fn receiver(&self, username: &str) -> Result<Arc<Person>, Error> {
        let unknown = || {
            let detail = format!("There is nobody called {username}.");
            Error::new(Code::ReceiverUnknown, detail).about("receiver")
        };
        self.named(username).await?.ok_or_else(unknown)
    }

    /// The person with this id.
    pub(crate) async fn of(&self, id: UserId) -> Result<Option<Arc<Person>>, Error> {
        if let Some(person) = self.by_id.get(&id) {
            return Ok(Some(person));
        }
        let account = self.store.account_of(id).await?.filter(|account| account.verified);
        Ok(account.map(|account| self.cache(&account)))
    }

    /// The person with this id and username; cached, so that equal people share one allocation.
    pub(crate) fn intern(&self, id: UserId, username: &Arc<str>) -> Arc<Person> {
        self.by_id.get(&id).unwrap_or_else(|| {
            let person = Arc::new(Person { id, username: username.clone() });
            self.by_id.insert(id, person.clone());
            person
        })
    }

    /// A person's allowance. It starts anew if it fell out of the cache and nobody holds it. That is harmless: it had
    /// filled up by then, or 100,000 other people were busier.
    pub(crate) fn allowance(&self, id: UserId, messages: Rate, requests: Rate) -> Arc<Allowance> {
        let new = || Ok::<_, Infallible>(Arc::new(Allowance::new(messages, requests)));
        let made = self.allowances.get_or_insert_with(&id, new);
        match made {
            Ok(allowance) => allowance,
            Err(never) => match never {},
        }
    }

    fn cache(&self, account: &Account) -> Arc<Person> {
        self.intern(account.id, &account.username.as_str().into())
    }
}
