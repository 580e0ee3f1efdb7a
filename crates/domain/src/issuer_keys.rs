//! The keys of an issuer: fetched when a token needs them, and cached.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use protocol::Code;
use tokio::sync::OwnedMutexGuard;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::error::Error;
use crate::public_key::{PublicKey, read_set};

/// The port to where an issuer publishes its keys.
#[async_trait]
pub trait KeySource: Send + Sync {
    /// The set of keys (RFC 7517), as JSON. It has a limit of its own for its size.
    async fn fetch(&self) -> Result<Vec<u8>, String>;
}

/// Keys of this age are fetched anew, while tokens are still checked with them.
const AGING: Duration = Duration::from_secs(30);
/// Keys of this age are used only if the issuer cannot be reached. So a key that its issuer took away is refused within
/// a minute.
const STALE: Duration = Duration::from_mins(1);
/// How long the last keys are used while the issuer cannot be reached. Longer than it takes to start an application
/// anew; short, because a key may be taken away meanwhile.
const KEPT: Duration = Duration::from_mins(10);
/// The least time between two fetches, whatever keys the tokens name.
const PAUSE: Duration = Duration::from_secs(10);
/// The least time after a fetch that failed: the application may just be starting.
const RETRY: Duration = Duration::from_secs(1);
/// How long a fetch may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The cached keys of one issuer.
pub(crate) struct IssuerKeys {
    issuer: String,
    source: Arc<dyn KeySource>,
    clock: Arc<dyn Clock>,
    cached: Mutex<Cached>,
    /// Held by the fetch that is under way.
    turn: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct Cached {
    keys: Vec<Arc<PublicKey>>,
    /// When they were fetched, on the monotonic clock.
    fetched_at: Option<Duration>,
    /// No fetch begins before.
    next_at: Duration,
    /// Whether the last fetch failed.
    is_failing: bool,
}

/// What is known of the key that a token names.
enum Lookup {
    Found(Arc<PublicKey>),
    /// It is not among the keys of the issuer.
    Unknown,
    /// No keys are known.
    NoKeys,
}

impl IssuerKeys {
    pub(crate) fn new(issuer: String, source: Arc<dyn KeySource>, clock: Arc<dyn Clock>) -> Self {
        Self { issuer, source, clock, cached: Mutex::default(), turn: Arc::default() }
    }

    /// The key with this id for this algorithm. A token without a key id is signed by the only key.
    pub(crate) async fn find(
        self: &Arc<Self>,
        algorithm: &str,
        kid: Option<&str>,
    ) -> Result<Arc<PublicKey>, Error> {
        let (age, is_failing) = self.state();
        if age.is_none_or(|age| age >= KEPT) || (age >= Some(STALE) && !is_failing) {
            self.refresh().await;
        } else if age >= Some(AGING) {
            self.refresh_meanwhile();
        }
        let mut lookup = self.look_up(algorithm, kid);
        if matches!(lookup, Lookup::Unknown) {
            // The key may be new.
            self.refresh().await;
            lookup = self.look_up(algorithm, kid);
        }
        match lookup {
            Lookup::Found(key) => Ok(key),
            Lookup::Unknown if !self.state().1 => {
                let detail = "The key of this token is not among those of its issuer.";
                Err(Error::new(Code::TokenInvalid, detail))
            }
            Lookup::Unknown | Lookup::NoKeys => {
                let detail = "The keys of this token's issuer cannot be fetched; try again in a moment.";
                Err(Error { retry_after: Some(RETRY), ..Error::new(Code::IssuerUnavailable, detail) })
            }
        }
    }

    /// Fetches the keys, unless that was tried lately. If somebody else's fetch is under way, waits for that one.
    pub(crate) async fn refresh(self: &Arc<Self>) {
        let turn = self.turn.clone().lock_owned().await;
        if let Some(fetch) = self.start(turn) {
            let _ = fetch.await;
        }
    }

    /// The same, but nobody waits for it.
    fn refresh_meanwhile(self: &Arc<Self>) {
        if let Ok(turn) = self.turn.clone().try_lock_owned() {
            self.start(turn);
        }
    }

    /// Begins a fetch, unless that was tried lately. It is a task of its own, because the request that began it may be
    /// given up.
    fn start(self: &Arc<Self>, turn: OwnedMutexGuard<()>) -> Option<JoinHandle<()>> {
        let now = self.clock.monotonic();
        {
            let mut cached = self.cached.lock();
            if now < cached.next_at {
                return None;
            }
            cached.next_at = now + PAUSE;
        }
        let keys = self.clone();
        Some(tokio::spawn(async move {
            keys.fetch(now).await;
            drop(turn);
        }))
    }

    async fn fetch(&self, began_at: Duration) {
        let fetched = tokio::time::timeout(PATIENCE, self.source.fetch()).await;
        let fetched = fetched.unwrap_or_else(|_| Err("it takes too long".into()));
        let keys = fetched.and_then(|json| read_set(&json));
        let ended_at = self.clock.monotonic();
        let mut cached = self.cached.lock();
        if keys.is_err() {
            cached.next_at = ended_at + RETRY;
        }
        let (issuer, was_failing) = (&self.issuer, std::mem::replace(&mut cached.is_failing, keys.is_err()));
        match keys {
            Ok(keys) => {
                if keys.is_empty() {
                    tracing::warn!(issuer, "none of the issuer's keys can check a token");
                } else if was_failing || cached.fetched_at.is_none() {
                    tracing::info!(issuer, count = keys.len(), "the keys of an issuer are known");
                }
                cached.keys = keys.into_iter().map(Arc::new).collect();
                // From when it began: a key that was taken away meanwhile may be among them.
                cached.fetched_at = Some(began_at);
            }
            Err(error) if !was_failing => {
                tracing::warn!(issuer, error, "the keys of an issuer cannot be fetched; it is tried again");
            }
            Err(error) => tracing::debug!(issuer, error, "the keys of an issuer cannot be fetched"),
        }
    }

    /// The age of the keys, and whether the last fetch failed.
    fn state(&self) -> (Option<Duration>, bool) {
        let now = self.clock.monotonic();
        let cached = self.cached.lock();
        (cached.fetched_at.map(|at| now.saturating_sub(at)), cached.is_failing)
    }

    fn look_up(&self, algorithm: &str, kid: Option<&str>) -> Lookup {
        let now = self.clock.monotonic();
        let cached = self.cached.lock();
        if cached.fetched_at.is_none_or(|at| now.saturating_sub(at) >= KEPT) {
            return Lookup::NoKeys;
        }
        let key = match (kid, &*cached.keys) {
            (None, [only]) => Some(only).filter(|key| key.algorithm() == algorithm),
            (None, _) => None,
            (Some(kid), keys) => {
                keys.iter().find(|key| key.kid() == Some(kid) && key.algorithm() == algorithm)
            }
        };
        key.map_or(Lookup::Unknown, |key| Lookup::Found(key.clone()))
    }
}
