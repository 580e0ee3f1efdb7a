//! People: who is behind a username.

use std::sync::Arc;

use protocol::{Code, SessionId};
use quick_cache::sync::Cache;

use crate::error::Error;
use crate::limit::{Bucket, Rate};
use crate::store::{Account, Store, UserId};

/// A person, as far as messages need it. Never changes, so it may be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Within the store.
    pub id: UserId,
    /// In the spelling it was registered with.
    pub username: Arc<str>,
}

/// Who makes a request: proven by a token.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The person.
    pub person: Arc<Person>,
    /// The session, which may end at any time.
    pub session: SessionId,
    /// Whether the session is an API token.
    pub(crate) by_api_token: bool,
    /// The person's share of messages, common to all their sockets and requests.
    pub(crate) messages: Arc<Bucket>,
}

impl Caller {
    /// Refuses who shows an API token: whoever got hold of one could make it last, or lock its owner out.
    pub(crate) fn check_logged_in(&self) -> Result<(), Error> {
        if self.by_api_token {
            return Err(Error::new(Code::Forbidden, "An API token may not do this; log in."));
        }
        Ok(())
    }
}

/// Everybody who has been verified. Their usernames never change hands and their accounts do not disappear,
/// so what is cached stays true. Who has not been verified is not in it, since both may happen to them.
pub(crate) struct Directory {
    store: Arc<dyn Store>,
    by_name: Cache<Box<str>, Arc<Person>>,
    by_id: Cache<UserId, Arc<Person>>,
    buckets: Cache<UserId, Arc<Bucket>>,
}

impl Directory {
    /// People kept in memory, at about 200 bytes each.
    const CAPACITY: usize = 100_000;

    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            by_name: Cache::new(Self::CAPACITY),
            by_id: Cache::new(Self::CAPACITY),
            buckets: Cache::new(Self::CAPACITY),
        }
    }

    /// The person of a username in exactly this spelling, if known without asking the store.
    pub(crate) fn cached(&self, username: &str) -> Option<Arc<Person>> {
        self.by_name.get(username)
    }

    /// The person of a username, in any case.
    pub(crate) async fn named(&self, username: &str) -> Result<Option<Arc<Person>>, Error> {
        if let Some(person) = self.cached(username) {
            return Ok(Some(person));
        }
        let Some(account) = self.store.account(username).await?.filter(|account| account.verified) else {
            return Ok(None);
        };
        let person = self.keep(&account);
        self.by_name.insert(username.into(), person.clone());
        Ok(Some(person))
    }

    /// The person of a username that a request names as the receiver, in any case.
    pub(crate) async fn receiver(&self, username: &str) -> Result<Arc<Person>, Error> {
        let unknown = || Error::new(Code::ReceiverUnknown, "There is nobody of this name.").about("receiver");
        self.named(username).await?.ok_or_else(unknown)
    }

    /// The person of an id.
    pub(crate) async fn of(&self, id: UserId) -> Result<Option<Arc<Person>>, Error> {
        if let Some(person) = self.by_id.get(&id) {
            return Ok(Some(person));
        }
        let account = self.store.account_of(id).await?.filter(|account| account.verified);
        Ok(account.map(|account| self.keep(&account)))
    }

    /// A person met in another record.
    pub(crate) fn met(&self, id: UserId, username: &Arc<str>) -> Arc<Person> {
        self.by_id.get(&id).unwrap_or_else(|| {
            let person = Arc::new(Person { id, username: username.clone() });
            self.by_id.insert(id, person.clone());
            person
        })
    }

    /// The person's share of messages. A bucket that is dropped from the cache while nobody holds it starts
    /// full again: by then it has filled up anyway, or 100,000 others were busier.
    pub(crate) fn bucket(&self, id: UserId, rate: Rate) -> Arc<Bucket> {
        let made = self
            .buckets
            .get_or_insert_with(&id, || Ok::<_, std::convert::Infallible>(Arc::new(Bucket::new(rate))));
        match made {
            Ok(bucket) => bucket,
            Err(never) => match never {},
        }
    }

    fn keep(&self, account: &Account) -> Arc<Person> {
        self.met(account.id, &account.username.as_str().into())
    }
}
