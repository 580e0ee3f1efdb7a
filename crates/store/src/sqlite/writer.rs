//! The one thread that writes. Whatever has queued up since its last commit goes into the next one, so that
//! one sync to disk serves many.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;
use std::time::Duration;

use domain::store::{Committed, ConversationKey, Entry, EntryKind, GroupEntry, Position, StoreError};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::checkpoint::Log;
use super::heads::Heads;
use super::health::{self, Health, is_of_the_store};
use super::message::last_position;
use super::stamp::Stamping;
use super::thread::Faults;
use crate::tail::Tail;

/// Operations in one commit: bounds how long the first waits for the last.
const BATCH: usize = 4096;
/// After a commit of this many more is gathered for the next.
const BUSY: usize = 32;
/// How long it is gathered then; the time that a sync takes on a fast disk.
const GATHERING: Duration = Duration::from_millis(2);
/// How long it is gathered after a commit of fewer: most of what a message costs then is its commit and being woken.
const GATHERING_FEW: Duration = Duration::from_millis(1);

/// A change of the database.
pub(super) trait Job: Send {
    /// Makes the change within a transaction. May be called again, in another transaction, if that one is
    /// rolled back.
    fn run(&mut self, writing: &mut Writing<'_>) -> Result<(), rusqlite::Error>;

    /// Called once: it is durable, or nothing of it is. Gives the entry that is new in the log, if it made one.
    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) -> Option<Arc<Committed>>;
}

/// What a job works with.
pub(super) struct Writing<'a> {
    pub(super) connection: &'a Connection,
    pub(super) heads: &'a mut Heads,
    /// Of the last entry inserted in this transaction.
    position: u64,
    /// The entries of groups inserted in this transaction.
    changes: Vec<Arc<Committed>>,
}

impl Writing<'_> {
    /// Takes note of an entry that has just been inserted; gives its position.
    pub(super) fn inserted(&mut self, key: ConversationKey, seq: u64) -> Position {
        self.heads.set(key, seq);
        self.position = u64::try_from(self.connection.last_insert_rowid()).unwrap_or_default();
        Position(self.position)
    }

    /// Takes note of an entry of a group that has just been inserted.
    pub(super) fn inserted_change(&mut self, key: ConversationKey, change: GroupEntry) {
        let (seq, kind) = (change.seq, EntryKind::Conversation);
        let position = self.inserted(key, seq);
        let entry = Entry { seq, position, kind, message: None };
        self.changes.push(Arc::new(Committed::of_group(key, entry, change)));
    }
}

pub(super) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Of the last entry committed.
    position: Arc<AtomicU64>,
    health: Arc<Health>,
}

impl Writer {
    /// `grown` hears when there are new entries, which `tail` gets.
    #[expect(clippy::too_many_arguments, reason = "called once, by `SqliteStore::open`")]
    pub(super) fn start(
        connection: Connection,
        queue: usize,
        grown: SyncSender<()>,
        tail: Arc<Tail>,
        log: Arc<Log>,
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
            log,
            health: health.clone(),
            stamping,
        };
        let thread = faults.spawn("writer", move || thread.run(receiver));
        Ok(Self { queue: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)), position, health })
    }

    pub(super) fn position(&self) -> Position {
        Position(self.position.load(Ordering::Acquire))
    }

    /// Submits a job. Gives a future where the queue is full; the job is submitted when that is ready.
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

    /// Makes a change and gives its result once it is durable.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        mut change: impl FnMut(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run_with_heads(move |writing| change(writing.connection)).await
    }

    /// As [`Writer::run`], with the heads of the conversations at hand.
    pub(super) async fn run_with_heads<T: Send + 'static>(
        &self,
        change: impl FnMut(&mut Writing<'_>) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        if let Some(room) = self.submit(Box::new(Task { change, result: None, answer })) {
            room.await;
        }
        answered.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Has its thread do something that is no change.
    pub(super) fn block(&self, work: impl Fn() + Send + 'static) {
        let (answer, _) = oneshot::channel();
        let change = move |_: &mut Writing<'_>| {
            work();
            Ok(())
        };
        // With a full queue it is not done, which who has filled it knows.
        drop(self.submit(Box::new(Task { change, result: None, answer })));
    }

    /// Whether it can commit; tried for real while commits fail.
    pub(super) async fn check(&self) -> Result<(), StoreError> {
        // Its thread ends when it is closed, and by a panic.
        if self.queue.lock().as_ref().is_none_or(mpsc::Sender::is_closed) {
            return Err(StoreError::Closed);
        }
        if self.health.check()? {
            return Ok(());
        }
        // Writes a page: a full disk shows only so.
        let probe = self.run(|connection| {
            let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
            connection.pragma_update(None, "user_version", version)
        });
        let probed = tokio::time::timeout(health::PATIENCE, probe).await;
        probed.unwrap_or_else(|_| Err(StoreError::Unavailable("a commit takes too long".into())))
    }

    /// Finishes what is queued and ends the thread.
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
    log: Arc<Log>,
    health: Arc<Health>,
    stamping: Stamping,
}

/// The entries of groups that a commit brought.
type Changes = Vec<Arc<Committed>>;

/// Why a commit came to nothing.
enum Fault {
    Database(rusqlite::Error),
    /// In an operation.
    Panic,
    /// Nothing is stored any more.
    Refused(StoreError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl Fault {
    /// Whether every operation would meet it.
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
                gather(&mut queue, &mut batch, time);
            }
            gathering = match batch.len() {
                // Who writes alone waits for nobody.
                ..2 => None,
                2..BUSY => Some(GATHERING_FEW),
                BUSY.. => Some(GATHERING),
            };
            match self.commit(&mut batch) {
                // One at a time, so that only the one that cannot be done fails.
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

    /// Answers who asked for the operations, and hands on the entries that are new.
    fn finish(&self, jobs: impl IntoIterator<Item = Box<dyn Job>>, committed: Result<Changes, Fault>) {
        let (outcome, mut changes) = match committed {
            Ok(changes) => (Ok(()), changes),
            Err(fault) => (Err(self.outcome(&fault)), Vec::new()),
        };
        let entries = jobs.into_iter().filter_map(|job| job.finish(outcome.clone()));
        if changes.is_empty() {
            self.tail.push(entries.collect::<Vec<_>>());
        } else {
            changes.extend(entries);
            changes.sort_by_key(|committed| committed.entry.position);
            self.tail.push(changes);
        }
    }

    /// What a fault is to who asked for the operation.
    fn outcome(&self, fault: &Fault) -> StoreError {
        match fault {
            Fault::Database(error) => self.health.error(error),
            Fault::Panic => StoreError::Unavailable("an operation panicked".into()),
            Fault::Refused(error) => error.clone(),
        }
    }

    /// Runs the jobs in one transaction and commits it. On a fault nothing of it is seen by others.
    fn commit(&mut self, batch: &mut [Box<dyn Job>]) -> Result<Changes, Fault> {
        self.health.admits().map_err(Fault::Refused)?;
        self.health.begins();
        let before = self.log.commits();
        // A fault in one operation must not end the only thread that writes.
        let committed = catch_unwind(AssertUnwindSafe(|| self.transact(batch))).unwrap_or(Err(Fault::Panic));
        if let Err(fault) = &committed {
            self.heads = Heads::default();
            // SQLite has rolled back by itself after some errors.
            if !self.connection.is_autocommit() {
                let _ = self.connection.execute_batch("ROLLBACK");
            }
            if fault.is_of_the_store() {
                self.health.fails();
            }
            if let Fault::Database(error) = fault
                && let Some(left_out) = self.health.logs()
            {
                tracing::warn!(%error, operations = batch.len(), left_out, "a commit failed");
            }
        } else if self.log.commits() != before {
            self.health.wrote();
        }
        self.health.ends();
        committed
    }

    fn transact(&mut self, batch: &mut [Box<dyn Job>]) -> Result<Changes, Fault> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let changes = self.connection.total_changes();
        self.stamping.begin(&self.connection)?;
        let (connection, heads) = (&self.connection, &mut self.heads);
        let mut writing = Writing { connection, heads, position: 0, changes: Vec::new() };
        for job in batch {
            job.run(&mut writing)?;
        }
        let Writing { position, changes: entries, .. } = writing;
        let now = self.health.now();
        let changed = self.connection.total_changes() != changes;
        let stamp = if changed { self.stamping.stamp(&self.connection, now)? } else { None };
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        // What went into files that are gone is not stored.
        self.health.in_place().map_err(Fault::Refused)?;
        // Entries are readable from here on, and announced only after.
        let before = self.position.fetch_max(position, Ordering::Release);
        if let Some(stamp) = stamp {
            self.stamping.stamped(stamp, Position(position.max(before)), now);
        }
        if position > 0 {
            // Full: it has been told already.
            let _ = self.grown.try_send(());
        }
        Ok(entries)
    }
}

/// Waits for more, as many are about to come: the pages of conversations are written once for each commit, so
/// a commit of twice as many messages costs little more.
fn gather(queue: &mut mpsc::Receiver<Box<dyn Job>>, batch: &mut Vec<Box<dyn Job>>, time: Duration) {
    std::thread::sleep(time);
    while batch.len() < BATCH
        && let Ok(job) = queue.try_recv()
    {
        batch.push(job);
    }
}

/// A change with a result that somebody waits for.
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
        // Who asked may have gone.
        let _ = answer.send(outcome.and_then(|()| result.ok_or(StoreError::Closed)));
        None
    }
}
