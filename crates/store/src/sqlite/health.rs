//! Whether the database takes what is written, by what was seen happening lately.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use domain::LogLimit;
use domain::store::StoreError;
use parking_lot::Mutex;
use rusqlite::ErrorCode;

use crate::folder::Places;
use crate::reserve::Reserve;

/// How long a commit may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct Health {
    /// Time that never goes back.
    monotonic: fn() -> Duration,
    /// Whether a commit failed since the last one that wrote something.
    failing: AtomicBool,
    /// When the commit under way began, in milliseconds and one more; 0 while there is none.
    begun: AtomicU64,
    /// Why nothing is stored any more, whatever comes.
    broken: OnceLock<StoreError>,
    failures: LogLimit,
    /// The files that are open.
    places: OnceLock<Places>,
    /// Given up for a start on a full disk; until there is room for it, nothing is stored.
    reserve: Mutex<Option<Reserve>>,
    reserve_tried: LogLimit,
}

impl Health {
    pub(super) fn new(monotonic: fn() -> Duration) -> Self {
        Self {
            monotonic,
            failing: false.into(),
            begun: 0.into(),
            broken: OnceLock::new(),
            failures: LogLimit::new(Duration::from_secs(1)),
            places: OnceLock::new(),
            reserve: Mutex::new(None),
            reserve_tried: LogLimit::new(Duration::from_secs(1)),
        }
    }

    /// Whether nothing is known against it, `Ok(false)` if it is in doubt.
    pub(super) fn check(&self) -> Result<bool, StoreError> {
        self.in_place()?;
        let begun = self.begun.load(Ordering::Relaxed);
        let waits = self.millis().saturating_sub(begun);
        if begun > 0 && waits >= u64::try_from(PATIENCE.as_millis()).unwrap_or(u64::MAX) {
            return Err(StoreError::Unavailable(format!("a commit has been under way for {waits} ms")));
        }
        Ok(!self.failing.load(Ordering::Relaxed))
    }

    /// Whether anything may be stored.
    pub(super) fn admits(&self) -> Result<(), StoreError> {
        if let Some(broken) = self.broken.get() {
            return Err(broken.clone());
        }
        let mut reserve = self.reserve.lock();
        if let Some(lacking) = &*reserve {
            if self.reserve_tried.pass(self.now()).is_none() || lacking.restore().is_err() {
                return Err(StoreError::Unavailable("the disk is full".into()));
            }
            *reserve = None;
        }
        Ok(())
    }

    /// Whether the files are still those that are open. What is stored in others would be lost.
    pub(super) fn in_place(&self) -> Result<(), StoreError> {
        if let Some(broken) = self.broken.get() {
            return Err(broken.clone());
        }
        if let Some(path) = self.places.get().and_then(Places::moved) {
            let path = path.display();
            self.breaks(&StoreError::Unavailable(format!(
                "{path} was replaced or removed while the server ran"
            )));
        }
        self.broken.get().map_or(Ok(()), |broken| Err(broken.clone()))
    }

    /// Watches the files from here on.
    pub(super) fn watch(&self, places: Places) {
        let _ = self.places.set(places);
    }

    /// The disk is full: nothing is stored until the reserve can be made again.
    pub(super) fn lacks(&self, reserve: Reserve) {
        *self.reserve.lock() = Some(reserve);
        self.fails();
    }

    /// Makes a reserve that was given up, if there is room now.
    pub(super) fn restore(&self) {
        if self.broken.get().is_none()
            && let Some(reserve) = self.reserve.lock().take()
        {
            let _ = reserve.make();
        }
    }

    pub(super) fn now(&self) -> Duration {
        (self.monotonic)()
    }

    pub(super) fn begins(&self) {
        self.begun.store(self.millis(), Ordering::Relaxed);
    }

    pub(super) fn ends(&self) {
        self.begun.store(0, Ordering::Relaxed);
    }

    /// A commit has written something. One that had nothing to write succeeds on a full disk, too.
    pub(super) fn wrote(&self) {
        if self.failing.load(Ordering::Relaxed) && self.failing.swap(false, Ordering::Relaxed) {
            tracing::info!("commits succeed again");
        }
    }

    /// A commit failed, for a reason that is the store's and not that of one operation.
    pub(super) fn fails(&self) {
        self.failing.store(true, Ordering::Relaxed);
    }

    /// Whether a failed commit is worth a line in the log: how many were not since the last.
    pub(super) fn logs(&self) -> Option<u64> {
        self.failures.pass((self.monotonic)())
    }

    /// What an error of SQLite is to others. Damage is remembered: nothing is stored on top of it.
    pub(super) fn error(&self, error: &rusqlite::Error) -> StoreError {
        if is_damage(error) {
            let damaged = StoreError::Damaged(error.to_string());
            self.breaks(&damaged);
            return damaged;
        }
        StoreError::Unavailable(error.to_string())
    }

    /// Nothing is stored from here on.
    pub(super) fn breaks(&self, why: &StoreError) {
        if self.broken.set(why.clone()).is_ok() {
            tracing::error!(cause = %why, "nothing is stored any more, until this is mended and the server restarted");
        }
    }

    fn millis(&self) -> u64 {
        u64::try_from((self.monotonic)().as_millis()).unwrap_or(u64::MAX - 1) + 1
    }
}

/// Whether the file is not what SQLite wrote.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Whether the fault is the disk's or the like, and every operation would meet it.
pub(super) fn is_of_the_store(error: &rusqlite::Error) -> bool {
    is_damage(error)
        || matches!(
            error.sqlite_error_code(),
            Some(
                ErrorCode::DiskFull
                    | ErrorCode::SystemIoFailure
                    | ErrorCode::CannotOpen
                    | ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked
                    | ErrorCode::FileLockingProtocolFailed
                    | ErrorCode::OutOfMemory
                    | ErrorCode::PermissionDenied
                    | ErrorCode::ReadOnly
            )
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock that only its test moves.
    static NOW: AtomicU64 = AtomicU64::new(0);

    fn now() -> Duration {
        Duration::from_millis(NOW.load(Ordering::Relaxed))
    }

    #[test]
    fn a_commit_that_takes_too_long_is_seen_until_it_ends() {
        let health = Health::new(now);
        health.begins();
        NOW.store(4_999, Ordering::Relaxed);
        assert!(health.check().unwrap());
        NOW.store(5_000, Ordering::Relaxed);
        assert!(matches!(health.check(), Err(StoreError::Unavailable(_))));
        health.ends();
        assert!(health.check().unwrap());
        NOW.store(60_000, Ordering::Relaxed);
        health.begins();
        assert!(health.check().unwrap());
    }

    #[test]
    fn damage_stays() {
        let health = Health::new(now);
        health.fails();
        assert!(!health.check().unwrap());
        health.wrote();
        assert!(health.check().unwrap());
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        let error = health.error(&rusqlite::Error::SqliteFailure(code, None));
        assert!(matches!(error, StoreError::Damaged(_)));
        health.wrote();
        assert!(matches!(health.check(), Err(StoreError::Damaged(_))));
    }
}
