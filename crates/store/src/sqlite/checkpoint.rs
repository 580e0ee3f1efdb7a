//! Copies the write-ahead log into the database, beside the writer instead of in its way.
//!
//! A commit that finds the log over [`Sizes::start`] wakes the checkpointer, which copies what is there while the
//! writer goes on (a passive checkpoint). A log that is copied whole is begun anew by the next commit; under
//! steady writing there is always a rest, so past [`Sizes::force`] the checkpointer holds the writer up for as long
//! as the rest takes, and the log begins anew. Where somebody reads an older state for long, that cannot be: it
//! gives up after [`HOLD`], and waits longer before each further try.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use domain::LogLimit;
use parking_lot::Mutex;
use rusqlite::Connection;

use super::stamp::Stamps;
use super::thread::{Backoff, Faults, rest};

/// Bytes of a page and of what stands before it in the log.
const FRAME: u64 = 4096 + 24;
/// How long the writer is held up for readers that are in the way.
const HOLD: Duration = Duration::from_millis(100);

/// Of the log, in pages of 4 KiB.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    /// From here on it is copied.
    pub(super) start: u32,
    /// From here on it is begun anew, even if the writer has to wait.
    pub(super) force: u32,
}

impl Default for Sizes {
    /// 128 and 512 MiB.
    fn default() -> Self {
        Self { start: 32_000, force: 128_000 }
    }
}

/// The log, as the commits of the writer leave it.
#[derive(Default)]
pub(super) struct Log {
    pages: AtomicU32,
    /// Commits that wrote something.
    commits: AtomicU64,
}

impl Log {
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    pub(super) fn bytes(&self) -> u64 {
        u64::from(self.pages.load(Ordering::Relaxed)) * FRAME
    }
}

pub(super) struct Checkpointer {
    thread: Mutex<Option<JoinHandle<()>>>,
    wake: Mutex<Option<SyncSender<()>>>,
}

impl Checkpointer {
    /// Watches the commits of `writer`, working on a connection of its own.
    pub(super) fn start(
        own: Connection,
        writer: &mut Connection,
        log: &Arc<Log>,
        sizes: Sizes,
        stamps: Stamps,
        faults: &Faults,
    ) -> Result<Self, rusqlite::Error> {
        own.busy_timeout(HOLD)?;
        let (wake, woken) = mpsc::sync_channel(1);
        let (of_hook, waker) = (log.clone(), wake.clone());
        writer.wal_hook(Some(move |_: &mut _, count| {
            let count = u32::try_from(count).unwrap_or_default();
            of_hook.pages.store(count, Ordering::Relaxed);
            of_hook.commits.fetch_add(1, Ordering::Relaxed);
            if count >= sizes.start {
                // Full: it has been woken already.
                let _ = waker.try_send(());
            }
            Ok(())
        }))?;
        let log = log.clone();
        let thread = faults.spawn("checkpoint", move || run(&own, &woken, &log, sizes, &stamps));
        Ok(Self { thread: Mutex::new(Some(thread)), wake: Mutex::new(Some(wake)) })
    }

    /// Ends the thread. The writer, which holds the other end, must be closed before.
    pub(super) async fn close(&self) {
        self.wake.lock().take();
        let thread = self.thread.lock().take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

/// What came of a checkpoint.
struct Done {
    /// Whether somebody was in the way.
    busy: bool,
    /// Pages in the log.
    log: i64,
    /// Of those, how many are in the database.
    copied: i64,
}

/// Copies what is in the log, as far as nobody is in the way.
pub(super) fn copy(connection: &Connection, stamps: &Stamps) -> Result<(), rusqlite::Error> {
    checkpoint(connection, "PASSIVE", stamps).map(drop)
}

fn checkpoint(connection: &Connection, mode: &str, stamps: &Stamps) -> Result<Done, rusqlite::Error> {
    let (started, stamp) = (Instant::now(), stamps.committed());
    let Done { busy, log, copied } =
        connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
            Ok(Done { busy: row.get(0)?, log: row.get(1)?, copied: row.get(2)? })
        })?;
    if copied == log {
        stamps.copied(stamp);
    }
    tracing::debug!(mode, busy, log, copied, took = ?started.elapsed(), "checkpoint");
    Ok(Done { busy, log, copied })
}

fn run(connection: &Connection, woken: &Receiver<()>, log: &Log, sizes: Sizes, stamps: &Stamps) {
    let warnings = LogLimit::new(Duration::from_mins(1));
    let started = Instant::now();
    let (mut backoff, mut before) = (Backoff::new(), 0);
    while woken.recv().is_ok() {
        let forced = log.pages.load(Ordering::Relaxed) >= sizes.force;
        // First beside the writer, so that it is held up for the rest alone.
        let done = checkpoint(connection, "PASSIVE", stamps).and_then(|passive| {
            let stuck = passive.copied < passive.log && passive.copied == before;
            before = passive.copied;
            if !forced {
                return Ok(stuck);
            }
            let restart = checkpoint(connection, "RESTART", stamps)?;
            before = restart.copied;
            if restart.busy && let Some(left_out) = warnings.pass(started.elapsed()) {
                let mib = log.bytes() >> 20;
                tracing::warn!(
                    mib,
                    left_out,
                    "the log of the database (aldis.db-wal) grows, since somebody reads an older state of it; is \
                     another program, such as sqlite3 or a backup, at aldis.db?"
                );
            }
            Ok(restart.busy)
        });
        match done {
            Ok(false) => {
                backoff.reset();
                continue;
            }
            Ok(true) => {}
            Err(error) => {
                if let Some(left_out) = warnings.pass(started.elapsed()) {
                    tracing::warn!(%error, left_out, "a checkpoint failed; it is tried again");
                }
            }
        }
        if !rest(woken, backoff.next()) {
            return;
        }
    }
}
