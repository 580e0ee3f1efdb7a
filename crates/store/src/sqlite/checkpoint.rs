//! Copies the write-ahead log (WAL) into the database file, beside the writer instead of in its way.
//!
//! * From [`WalSizes::start`] pages on, each commit wakes the checkpointer. It copies what is in the WAL while the
//!   writer goes on (a passive checkpoint). Once all of it is copied, the next commit begins the WAL anew.
//! * Under steady writing some pages are always left. So from [`WalSizes::force`] on the checkpointer makes the writer
//!   wait while it copies these, and the WAL begins anew.
//! * That is impossible while somebody reads an older state. The checkpointer then gives up after [`HOLD`], and waits
//!   longer before each further try.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use domain::LogLimit;
use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::stamp::SharedIdentity;
use super::thread::{Backoff, Faults, rest};

/// Bytes of a page and of its header in the WAL.
const FRAME: u64 = 4096 + 24;
/// How long the writer may have to wait for readers of an older state.
const HOLD: Duration = Duration::from_millis(100);

/// Sizes of the WAL, in pages of 4 KiB.
#[derive(Clone, Copy)]
pub(super) struct WalSizes {
    /// From this size on the WAL is copied.
    pub(super) start: u32,
    /// From this size on the WAL is begun anew, even if the writer has to wait.
    pub(super) force: u32,
}

impl Default for WalSizes {
    /// 128 and 512 MiB.
    fn default() -> Self {
        Self { start: 32_000, force: 128_000 }
    }
}

/// What the writer's last commit said about the WAL.
#[derive(Default)]
pub(super) struct WalStats {
    pages: AtomicU32,
    /// Commits that wrote something.
    commits: AtomicU64,
}

impl WalStats {
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
    emptying: Arc<Emptying>,
}

/// Those who wait for the WAL to be empty. They are told once it is; if it cannot be emptied now, they are dropped.
type Emptying = Mutex<Vec<oneshot::Sender<()>>>;

impl Checkpointer {
    /// Starts the thread, with the connection `own`. Commits of `writer` wake it.
    pub(super) fn start(
        own: Connection,
        writer: &mut Connection,
        wal: &Arc<WalStats>,
        sizes: WalSizes,
        identity: SharedIdentity,
        faults: &Faults,
    ) -> Result<Self, rusqlite::Error> {
        own.busy_timeout(HOLD)?;
        let (wake, woken) = mpsc::sync_channel(1);
        let (of_hook, waker) = (wal.clone(), wake.clone());
        writer.wal_hook(Some(move |_: &mut _, count| {
            let count = u32::try_from(count).unwrap_or_default();
            of_hook.pages.store(count, Ordering::Relaxed);
            of_hook.commits.fetch_add(1, Ordering::Relaxed);
            if count >= sizes.start {
                // If the channel is full, a signal is already on its way.
                let _ = waker.try_send(());
            }
            Ok(())
        }))?;
        let (wal, emptying) = (wal.clone(), Arc::<Emptying>::default());
        let asked = emptying.clone();
        let thread = faults.spawn("checkpoint", move || run(&own, &woken, &wal, sizes, &identity, &asked));
        Ok(Self { thread: Mutex::new(Some(thread)), wake: Mutex::new(Some(wake)), emptying })
    }

    /// Copies what is in the WAL and makes its file empty, so that nothing of what was deleted is left in it. False if a
    /// reader of an older state is in the way.
    pub(super) async fn empty(&self) -> bool {
        let (done, emptied) = oneshot::channel();
        self.emptying.lock().push(done);
        match &*self.wake.lock() {
            // If the channel is full, a signal is already on its way.
            Some(wake) => drop(wake.try_send(())),
            None => return false,
        }
        emptied.await.is_ok()
    }

    /// Ends the thread. Close the writer first: its hook holds a sender of `wake`, and the thread ends when all are
    /// dropped.
    pub(super) async fn close(&self) {
        self.wake.lock().take();
        let thread = self.thread.lock().take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

/// What SQLite says about a checkpoint.
struct CheckpointResult {
    /// Whether a reader or the writer kept it from finishing.
    busy: bool,
    wal_pages: i64,
    /// Pages of the WAL that have been copied into the database file.
    copied: i64,
}

/// Copies what is in the WAL, as far as no reader or writer is in the way.
pub(super) fn copy(connection: &Connection, identity: &SharedIdentity) -> Result<(), rusqlite::Error> {
    checkpoint(connection, "PASSIVE", identity).map(drop)
}

fn checkpoint(
    connection: &Connection,
    mode: &str,
    identity: &SharedIdentity,
) -> Result<CheckpointResult, rusqlite::Error> {
    let (started, stamp) = (Instant::now(), identity.committed());
    let CheckpointResult { busy, wal_pages, copied } =
        connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
            Ok(CheckpointResult { busy: row.get(0)?, wal_pages: row.get(1)?, copied: row.get(2)? })
        })?;
    if copied == wal_pages {
        identity.copied(stamp);
    }
    tracing::debug!(mode, busy, wal_pages, copied, took = ?started.elapsed(), "checkpoint");
    Ok(CheckpointResult { busy, wal_pages, copied })
}

/// Whether the WAL could be emptied.
fn empty(connection: &Connection, identity: &SharedIdentity) -> bool {
    // First beside the writer, so that it waits only for the pages that are left.
    let copied = checkpoint(connection, "PASSIVE", identity);
    copied.and_then(|_| checkpoint(connection, "TRUNCATE", identity)).is_ok_and(|done| !done.busy)
}

fn run(
    connection: &Connection,
    woken: &Receiver<()>,
    wal: &WalStats,
    sizes: WalSizes,
    identity: &SharedIdentity,
    emptying: &Emptying,
) {
    let warnings = LogLimit::new(Duration::from_mins(1));
    let started = Instant::now();
    let (mut backoff, mut before) = (Backoff::new(), 0);
    while woken.recv().is_ok() {
        let asked = std::mem::take(&mut *emptying.lock());
        if !asked.is_empty() && empty(connection, identity) {
            for asker in asked {
                let _ = asker.send(());
            }
            continue;
        }
        let forced = wal.pages.load(Ordering::Relaxed) >= sizes.force;
        // First a checkpoint beside the writer, so that the writer waits only for the pages that are left.
        let done = checkpoint(connection, "PASSIVE", identity).and_then(|passive| {
            let stuck = passive.copied < passive.wal_pages && passive.copied == before;
            before = passive.copied;
            if !forced {
                return Ok(stuck);
            }
            let restart = checkpoint(connection, "RESTART", identity)?;
            before = restart.copied;
            if restart.busy
                && let Some(left_out) = warnings.pass(started.elapsed())
            {
                let mib = wal.bytes() >> 20;
                tracing::warn!(
                    mib,
                    left_out,
                    "the WAL of the database (aldis.db-wal) grows, since somebody reads an older state of \
                     it; is another program, such as sqlite3 or a backup, at aldis.db?"
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
