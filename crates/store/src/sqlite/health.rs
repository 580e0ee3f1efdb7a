//! Whether the database accepts writes, judged by the latest commits.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use domain::LogLimit;
use domain::store::StoreError;
use parking_lot::Mutex;
use rusqlite::ErrorCode;

use crate::folder::WatchedFiles;
use crate::reserve::Reserve;

/// How long a commit may take before the store counts as unavailable.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct Health {
    /// A clock that never goes back.
    monotonic: fn() -> Duration,
    /// Whether a commit failed since the last one that wrote something.
    failing: AtomicBool,
    /// When the commit under way began: milliseconds of the clock, plus 1. 0 while no commit is under way.
    begun: AtomicU64,
    /// Why nothing is stored any more. Once set, it stays until a restart.
    broken: OnceLock<StoreError>,
    failures: LogLimit,
    /// The open files of the database.
    places: OnceLock<WatchedFiles>,
    /// Set if the reserve was given up, because the disk was full at the start. Nothing is stored until it is
    /// made again.
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

    /// `Ok(true)` if the last commits succeeded, `Ok(false)` if one failed and none has succeeded since.
    ///
    /// # Errors
    /// Nothing is stored any more, or the commit under way takes longer than [`PATIENCE`].
    pub(super) fn check(&self) -> Result<bool, StoreError> {
        self.files_in_place()?;
        let begun = self.begun.load(Ordering::Relaxed);
        let waits = self.millis().saturating_sub(begun);
        if begun > 0 && waits >= u64::try_from(PATIENCE.as_millis()).unwrap_or(u64::MAX) {
            return Err(StoreError::Unavailable(format!("a commit has been under way for {waits} ms")));
        }
        Ok(!self.failing.load(Ordering::Relaxed))
    }

    /// Whether anything may be stored.
    pub(super) fn may_store(&self) -> Result<(), StoreError> {
        if let Some(broken) = self.broken.get() {
            return Err(broken.clone());
        }
        let mut reserve = self.reserve.lock();
        if let Some(lacking) = &*reserve {
            if self.reserve_tried.pass(self.now()).is_none() || lacking.recreate_if_room().is_err() {
                return Err(StoreError::Unavailable("the disk is full".into()));
            }
            *reserve = None;
        }
        Ok(())
    }

    /// Fails if an open file was moved, replaced or removed: what is written into it would be lost.
    pub(super) fn files_in_place(&self) -> Result<(), StoreError> {
        if let Some(broken) = self.broken.get() {
            return Err(broken.clone());
        }
        if let Some(path) = self.places.get().and_then(WatchedFiles::moved) {
            let path = path.display();
            self.stop_storing(&StoreError::Unavailable(format!(
                "{path} was replaced or removed while the server ran"
            )));
        }
        self.broken.get().map_or(Ok(()), |broken| Err(broken.clone()))
    }

    /// Sets the files that [`Health::files_in_place`] checks.
    pub(super) fn watch(&self, places: WatchedFiles) {
        let _ = self.places.set(places);
    }

    /// Call this when a start found the disk full: nothing is stored until the reserve can be made again.
    pub(super) fn gave_up_reserve(&self, reserve: Reserve) {
        *self.reserve.lock() = Some(reserve);
        self.commit_failed();
    }

    /// Makes the reserve again if it was given up. Call it when the store is closed, because it may take the
    /// last room.
    pub(super) fn recreate_reserve(&self) {
        if self.broken.get().is_none()
            && let Some(reserve) = self.reserve.lock().take()
        {
            let _ = reserve.recreate();
        }
    }

    pub(super) fn now(&self) -> Duration {
        (self.monotonic)()
    }

    pub(super) fn commit_begins(&self) {
        self.begun.store(self.millis(), Ordering::Relaxed);
    }

    pub(super) fn commit_ends(&self) {
        self.begun.store(0, Ordering::Relaxed);
    }

    /// A commit has written something. (A commit of nothing proves nothing: it succeeds on a full disk, too.)
    pub(super) fn commit_wrote(&self) {
        if self.failing.load(Ordering::Relaxed) && self.failing.swap(false, Ordering::Relaxed) {
            tracing::info!("commits succeed again");
        }
    }

    /// A commit failed for a reason that concerns the whole store and not one job.
    pub(super) fn commit_failed(&self) {
        self.failing.store(true, Ordering::Relaxed);
    }

    /// `Some` if a failed commit should be logged now, with how many were left out since the last line.
    pub(super) fn logs(&self) -> Option<u64> {
        self.failures.pass((self.monotonic)())
    }

    /// Turns an error of SQLite into the store's. After damage nothing is stored any more.
    pub(super) fn error(&self, error: &rusqlite::Error) -> StoreError {
        if is_damage(error) {
            let damaged = StoreError::Damaged(error.to_string());
            self.stop_storing(&damaged);
            return damaged;
        }
        StoreError::Unavailable(error.to_string())
    }

    /// Refuses all changes from now on, until a restart.
    pub(super) fn stop_storing(&self, why: &StoreError) {
        if self.broken.set(why.clone()).is_ok() {
            tracing::error!(cause = %why, "nothing is stored any more, until this is mended and the server restarted");
        }
    }

    fn millis(&self) -> u64 {
        u64::try_from((self.monotonic)().as_millis()).unwrap_or(u64::MAX - 1) + 1
    }
}

/// Whether the error says that the file is damaged.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Whether every job would meet this error, for example because the disk is full.
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
        health.commit_begins();
        NOW.store(4_999, Ordering::Relaxed);
        assert!(health.check().unwrap());
        NOW.store(5_000, Ordering::Relaxed);
        assert!(matches!(health.check(), Err(StoreError::Unavailable(_))));
        health.commit_ends();
        assert!(health.check().unwrap());
        NOW.store(60_000, Ordering::Relaxed);
        health.commit_begins();
        assert!(health.check().unwrap());
    }

    #[test]
    fn damage_stays() {
        let health = Health::new(now);
        health.commit_failed();
        assert!(!health.check().unwrap());
        health.commit_wrote();
        assert!(health.check().unwrap());
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        let error = health.error(&rusqlite::Error::SqliteFailure(code, None));
        assert!(matches!(error, StoreError::Damaged(_)));
        health.commit_wrote();
        assert!(matches!(health.check(), Err(StoreError::Damaged(_))));
    }
}
