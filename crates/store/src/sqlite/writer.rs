//! The one thread that writes. Its next commit takes all jobs that queued up since the last one, so that one sync
//! to disk serves many.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;
use std::time::Duration;

use domain::store::{
    Committed, ConversationKey, Entry, EntryKind, GroupEntry, Logged, Origin, Position, StoreError,
};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::checkpoint::WalStats;
use super::heads::Heads;
use super::health::{self, Health, is_of_the_store};
use super::message::last_position;
use super::stamp::Stamping;
use super::thread::Faults;
use crate::tail::Tail;

/// Most jobs in one commit. It bounds how long the first job waits for the last.
const BATCH: usize = 4096;
/// After a commit of this many jobs the writer waits [`GATHERING`] before the next, because more are about to come.
const BUSY: usize = 32;
/// How long the writer waits after a large commit: about as long as a sync takes on a fast disk.
const GATHERING: Duration = Duration::from_millis(2);
/// How long the writer waits after a commit of two jobs or more, because at this load a message costs most by
/// its commit and by waking threads and sockets.
const GATHERING_FEW: Duration = Duration::from_millis(1);

/// A change of the database.
pub(super) trait Job: Send {
    /// Makes the change within a transaction. May be called again, in another transaction, if that one is
    /// rolled back.
    fn run(&mut self, writing: &mut Writing<'_>) -> Result<(), rusqlite::Error>;

    /// Called once, at the end. With `Ok` the change is durable; with `Err` nothing of it is stored. Returns the entry
    /// that the job added to the log, if it added one.
    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) -> Option<Arc<Committed>>;
}

/// The open transaction that a job writes in.
pub(super) struct Writing<'a> {
    pub(super) connection: &'a Connection,
    pub(super) heads: &'a mut Heads,
    /// The position of the last entry inserted in this transaction; 0 before the first.
    position: u64,
    /// Entries inserted in this transaction by jobs that do not give them in [`Job::finish`].
    entries: Entries,
}

impl Writing<'_> {
    /// Notes an entry that has just been inserted, and returns its position.
    pub(super) fn inserted(&mut self, key: ConversationKey, seq: u64) -> Position {
        self.heads.set(key, seq);
        self.position = u64::try_from(self.connection.last_insert_rowid()).unwrap_or_default();
        Position(self.position)
    }

    /// Notes a change of a group whose entry has just been inserted.
    pub(super) fn inserted_change(&mut self, key: ConversationKey, change: GroupEntry) {
        let (seq, kind) = (change.seq, EntryKind::GroupChange);
        let position = self.inserted(key, seq);
        let entry = Entry { seq, position, kind, message: None };
        self.entries.push(Arc::new(Committed::of_group(key, entry, change)));
    }

    /// Notes an entry about a message that has just been inserted.
    pub(super) fn inserted_entry(&mut self, key: ConversationKey, Logged { entry, roster, .. }: Logged) {
        self.entries.push(Arc::new(Committed::of_message(key, entry, roster, Origin::default())));
    }
}

pub(super) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// The position of the last committed entry.
    position: Arc<AtomicU64>,
    health: Arc<Health>,
}

impl Writer {
    /// Starts the thread. It pushes new entries to `tail` and signals `grown`.
    #[expect(clippy::too_many_arguments, reason = "called once, by `SqliteStore::open`")]
    pub(super) fn start(
        connection: Connection,
        queue: usize,
        grown: SyncSender<()>,
        tail: Arc<Tail>,
        wal: Arc<WalStats>,
        health: Arc<Health>,
        stamping: Stamping,
        faults: &Faults,
    ) -> Result<Self, rusqlite::Error> {
        let position = Arc::new(AtomicU64::new(last_position(&connection)?));
        let (sender, receiver) = mpsc::channel(queue);
        let thread = Thread {
            connection,
            heads: Heads::default(),
            position: position.clone(),
            grown,
            tail,
            wal,
            health: health.clone(),
            stamping,
        };
        let thread = faults.spawn("writer", move || thread.run(receiver));
        Ok(Self { queue: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)), position, health })
    }

    pub(super) fn position(&self) -> Position {
        Position(self.position.load(Ordering::Acquire))
    }

    /// Queues a job. If the queue is full, returns a future; the job is queued once that future is ready.
    pub(super) fn submit(&self, job: Box<dyn Job>) -> Option<BoxFuture<'static, ()>> {
        let Some(queue) = self.queue.lock().clone() else {
            job.finish(Err(StoreError::Closed));
            return None;
        };
        match queue.try_send(job) {
            Ok(()) => None,
            Err(mpsc::error::TrySendError::Full(job)) => Some(Box::pin(async move {
                if let Err(mpsc::error::SendError(job)) = queue.send(job).await {
                    job.finish(Err(StoreError::Closed));
                }
            })),
            Err(mpsc::error::TrySendError::Closed(job)) => {
                job.finish(Err(StoreError::Closed));
                None
            }
        }
    }

    /// Runs a change and returns its result once the change is durable.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        mut change: impl FnMut(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run_with_heads(move |writing| change(writing.connection)).await
    }

    /// As [`Writer::run`], and `change` also gets the cached heads of conversations.
    pub(super) async fn run_with_heads<T: Send + 'static>(
        &self,
        change: impl FnMut(&mut Writing<'_>) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        if let Some(enqueued) = self.submit(Box::new(Task { change, result: None, answer })) {
            enqueued.await;
        }
        answered.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Runs `work` on the writer's thread, which commits nothing meanwhile.
    pub(super) fn run_on_thread(&self, work: impl Fn() + Send + 'static) {
        let (answer, _) = oneshot::channel();
        let change = move |_: &mut Writing<'_>| {
            work();
            Ok(())
        };
        // If the queue is full, `work` never runs. Only benches call this, with an empty queue.
        drop(self.submit(Box::new(Task { change, result: None, answer })));
    }

    /// Whether commits succeed. While they fail, tries one.
    pub(super) async fn check(&self) -> Result<(), StoreError> {
        // The thread ends when the writer is closed, and if it panics.
        if self.queue.lock().as_ref().is_none_or(mpsc::Sender::is_closed) {
            return Err(StoreError::Closed);
        }
        if self.health.check()? {
            return Ok(());
        }
        // The probe writes a page, because a commit of nothing succeeds on a full disk, too.
        let probe = self.run(|connection| {
            let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
            connection.pragma_update(None, "user_version", version)
        });
        let probed = tokio::time::timeout(health::PATIENCE, probe).await;
        probed.unwrap_or_else(|_| Err(StoreError::Unavailable("a commit takes too long".into())))
    }

    /// Commits the jobs in the queue and ends the thread.
    pub(super) async fn close(&self) {
        self.queue.lock().take();
        let thread = self.thread.lock().take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

struct Thread {
    connection: Connection,
    heads: Heads,
    position: Arc<AtomicU64>,
    grown: SyncSender<()>,
    tail: Arc<Tail>,
    wal: Arc<WalStats>,
    health: Arc<Health>,
    stamping: Stamping,
}

/// Entries in a commit that their jobs do not give in [`Job::finish`].
type Entries = Vec<Arc<Committed>>;

/// Why a commit failed.
enum CommitFault {
    Database(rusqlite::Error),
    /// A job panicked.
    Panic,
    /// The store accepts no changes now, for example because its files were replaced.
    Refused(StoreError),
}

impl From<rusqlite::Error> for CommitFault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl CommitFault {
    /// Whether every job would fail with it, not only the one that met it.
    fn is_of_the_store(&self) -> bool {
        match self {
            Self::Database(error) => is_of_the_store(error),
            Self::Panic => false,
            Self::Refused(_) => true,
        }
    }
}

impl Thread {
    fn run(mut self, mut queue: mpsc::Receiver<Box<dyn Job>>) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut gathering = None;
        while queue.blocking_recv_many(&mut batch, BATCH) > 0 {
            if let Some(time) = gathering.filter(|_| batch.len() < BATCH) {
                wait_for_more_jobs(&mut queue, &mut batch, time);
            }
            gathering = match batch.len() {
                // A single sender does not wait.
                ..2 => None,
                2..BUSY => Some(GATHERING_FEW),
                BUSY.. => Some(GATHERING),
            };
            match self.commit(&mut batch) {
                // Retry the jobs one at a time, so that only the faulty one fails.
                Err(fault) if batch.len() > 1 && !fault.is_of_the_store() => {
                    for job in batch.drain(..) {
                        let mut alone = [job];
                        let committed = self.commit(&mut alone);
                        self.finish(alone, committed);
                    }
                }
                committed => self.finish(batch.drain(..), committed),
            }
        }
        self.tail.close();
    }

    /// Answers the callers of the jobs, and pushes the new entries to the tail.
    fn finish(&self, jobs: impl IntoIterator<Item = Box<dyn Job>>, committed: Result<Entries, CommitFault>) {
        let (outcome, noted) = match committed {
            Ok(noted) => (Ok(()), noted),
            Err(fault) => (Err(self.outcome(&fault)), Vec::new()),
        };
        let entries = jobs.into_iter().filter_map(|job| job.finish(outcome.clone()));
        if noted.is_empty() {
            self.tail.push(entries.collect::<Vec<_>>());
        } else {
            let mut all = noted;
            all.extend(entries);
            all.sort_by_key(|committed| committed.entry.position);
            self.tail.push(all);
        }
    }

    /// The error that callers get for a fault.
    fn outcome(&self, fault: &CommitFault) -> StoreError {
        match fault {
            CommitFault::Database(error) => self.health.error(error),
            CommitFault::Panic => StoreError::Unavailable("an operation panicked".into()),
            CommitFault::Refused(error) => error.clone(),
        }
    }

    /// Runs the jobs in one transaction and commits it. On a fault nothing of them is stored.
    fn commit(&mut self, batch: &mut [Box<dyn Job>]) -> Result<Entries, CommitFault> {
        self.health.may_store().map_err(CommitFault::Refused)?;
        self.health.commit_begins();
        let before = self.wal.commits();
        // A panic in one job must not end the only thread that writes.
        let committed =
            catch_unwind(AssertUnwindSafe(|| self.transact(batch))).unwrap_or(Err(CommitFault::Panic));
        if let Err(fault) = &committed {
            self.heads = Heads::default();
            // After some errors SQLite has already rolled back by itself.
            if !self.connection.is_autocommit() {
                let _ = self.connection.execute_batch("ROLLBACK");
            }
            if fault.is_of_the_store() {
                self.health.commit_failed();
            }
            if let CommitFault::Database(error) = fault
                && let Some(left_out) = self.health.logs()
            {
                tracing::warn!(%error, operations = batch.len(), left_out, "a commit failed");
            }
        } else if self.wal.commits() != before {
            self.health.commit_wrote();
        }
        self.health.commit_ends();
        committed
    }

    fn transact(&mut self, batch: &mut [Box<dyn Job>]) -> Result<Entries, CommitFault> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let changes_before = self.connection.total_changes();
        self.stamping.begin(&self.connection)?;
        let (connection, heads) = (&self.connection, &mut self.heads);
        let mut writing = Writing { connection, heads, position: 0, entries: Vec::new() };
        for job in batch {
            job.run(&mut writing)?;
        }
        let Writing { position, entries, .. } = writing;
        let now = self.health.now();
        let changed = self.connection.total_changes() != changes_before;
        let stamp = if changed { self.stamping.stamp(&self.connection, now)? } else { None };
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        // A commit into files that were moved or replaced does not count as stored.
        self.health.files_in_place().map_err(CommitFault::Refused)?;
        // Readers see the entries from here on. They are announced later, in `finish`.
        let before = self.position.fetch_max(position, Ordering::Release);
        if let Some(stamp) = stamp {
            self.stamping.stamped(stamp, Position(position.max(before)), now);
        }
        if position > 0 {
            // If the channel is full, a signal is already on its way.
            let _ = self.grown.try_send(());
        }
        Ok(entries)
    }
}

/// Waits for `time`, and adds the jobs that were queued meanwhile to the batch. A commit of twice as many
/// messages costs little more, because it writes each page of the index once, however many entries are new in
/// it.
fn wait_for_more_jobs(
    queue: &mut mpsc::Receiver<Box<dyn Job>>,
    batch: &mut Vec<Box<dyn Job>>,
    time: Duration,
) {
    std::thread::sleep(time);
    while batch.len() < BATCH
        && let Ok(job) = queue.try_recv()
    {
        batch.push(job);
    }
}

/// A job whose caller waits for the result of its change.
struct Task<T, F> {
    change: F,
    result: Option<T>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F> Job for Task<T, F>
where
    F: FnMut(&mut Writing<'_>) -> Result<T, rusqlite::Error> + Send,
{
    fn run(&mut self, writing: &mut Writing<'_>) -> Result<(), rusqlite::Error> {
        self.result = Some((self.change)(writing)?);
        Ok(())
    }

    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) -> Option<Arc<Committed>> {
        let Self { result, answer, .. } = *self;
        // The caller may have stopped waiting.
        let _ = answer.send(outcome.and_then(|()| result.ok_or(StoreError::Closed)));
        None
    }
}
