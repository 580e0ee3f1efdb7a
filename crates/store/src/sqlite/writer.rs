//! The one thread that writes. Whatever has queued up since its last commit goes into the next one, so that
//! one sync to disk serves many.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;
use std::time::Duration;

use domain::store::{ConversationKey, Position, Roster, StoreError, UserId};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use rusqlite::{Connection, ErrorCode, Row};
use rustc_hash::FxHashMap;
use tokio::sync::{mpsc, oneshot};

use super::unavailable;

/// Operations in one commit: bounds how long the first waits for the last.
const BATCH: usize = 4096;
/// After a commit of this many more is gathered for the next.
const BUSY: usize = 32;
/// How long it is gathered then; the time that a sync takes on a fast disk.
const GATHERING: Duration = Duration::from_millis(2);

/// A change of the database.
pub(super) trait Job: Send {
    /// Makes the change within a transaction. May be called again, in another transaction, if that one is
    /// rolled back.
    fn run(&mut self, writing: &mut Writing<'_>) -> Result<(), rusqlite::Error>;

    /// Called once: it is durable, or nothing of it is.
    fn finish(self: Box<Self>, outcome: Result<(), StoreError>);
}

/// What a job works with.
pub(super) struct Writing<'a> {
    pub(super) connection: &'a Connection,
    pub(super) heads: &'a mut Heads,
    /// Of the last entry inserted in this transaction.
    position: u64,
}

impl Writing<'_> {
    /// Takes note of an entry that has just been inserted; gives its position.
    pub(super) fn inserted(&mut self, key: ConversationKey, seq: u64) -> Position {
        self.heads.set(key, seq);
        self.position = u64::try_from(self.connection.last_insert_rowid()).unwrap_or_default();
        Position(self.position)
    }
}

/// What is known of the conversations written to lately, so that it is not read for every message: the highest
/// `seq`, and who is in a group. Derived from the database; a transaction that is rolled back empties it.
#[derive(Default)]
pub(super) struct Heads {
    seqs: FxHashMap<ConversationKey, u64>,
    /// With the highest `seq` that is hidden from one of them.
    rosters: FxHashMap<ConversationKey, (Roster, u64)>,
}

impl Heads {
    /// At about 50 bytes each.
    const CAPACITY: usize = 1_000_000;
    /// Groups, at 8 bytes for each member.
    const ROSTERS: usize = 2_000;

    pub(super) fn get(
        &mut self,
        connection: &Connection,
        key: ConversationKey,
    ) -> Result<u64, rusqlite::Error> {
        if let Some(&head) = self.seqs.get(&key) {
            return Ok(head);
        }
        let sql = "SELECT coalesce(max(seq), 0) FROM messages WHERE conversation_id = ?";
        let head = connection.prepare_cached(sql)?.query_row([key.0], |row| row.get(0))?;
        self.set(key, head);
        Ok(head)
    }

    pub(super) fn set(&mut self, key: ConversationKey, head: u64) {
        if self.seqs.len() >= Self::CAPACITY && !self.seqs.contains_key(&key) {
            self.seqs.clear();
        }
        self.seqs.insert(key, head);
    }

    /// Who is in a group, and above which `seq` all of them see everything.
    pub(super) fn roster(
        &mut self,
        connection: &Connection,
        key: ConversationKey,
    ) -> Result<(Roster, u64), rusqlite::Error> {
        if let Some(known) = self.rosters.get(&key) {
            return Ok(known.clone());
        }
        let sql = "SELECT user_id, visible_after FROM members WHERE conversation_id = ? AND gone = 0 ORDER BY user_id";
        let mut statement = connection.prepare_cached(sql)?;
        let mut all_see = 0;
        let member = |row: &Row<'_>| {
            all_see = row.get::<_, u64>(1)?.max(all_see);
            row.get(0).map(UserId)
        };
        let roster: Roster = statement.query_map([key.0], member)?.collect::<Result<_, _>>()?;
        if self.rosters.len() >= Self::ROSTERS {
            self.rosters.clear();
        }
        self.rosters.insert(key, (roster.clone(), all_see));
        Ok((roster, all_see))
    }

    /// Forgets who is in a group: that changes.
    pub(super) fn forget_roster(&mut self, key: ConversationKey) {
        self.rosters.remove(&key);
    }
}

pub(super) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// Of the last entry committed.
    position: AtomicU64,
    /// Whether the last commit failed.
    failing: AtomicBool,
}

impl Writer {
    /// `grown` hears when there are new entries.
    pub(super) fn start(
        connection: Connection,
        queue: usize,
        grown: SyncSender<()>,
    ) -> Result<Self, rusqlite::Error> {
        let position = last_position(&connection)?;
        let state = Arc::new(State { position: position.into(), failing: false.into() });
        let (sender, receiver) = mpsc::channel(queue);
        let shared = state.clone();
        let thread = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || {
                let thread = Thread { connection, heads: Heads::default(), state: shared, grown };
                thread.run(receiver);
            })
            .expect("the system can start a thread");
        Ok(Self { queue: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)), state })
    }

    pub(super) fn position(&self) -> Position {
        Position(self.state.position.load(Ordering::Acquire))
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

    /// Whether it can commit; tried for real while the last commit failed.
    pub(super) async fn check(&self) -> Result<(), StoreError> {
        // Its thread ends when it is closed, and by a panic.
        if self.queue.lock().as_ref().is_none_or(mpsc::Sender::is_closed) {
            return Err(StoreError::Closed);
        }
        if !self.state.failing.load(Ordering::Relaxed) {
            return Ok(());
        }
        // Writes a page: a full disk shows only so.
        self.run(|connection| {
            let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
            connection.pragma_update(None, "user_version", version)
        })
        .await
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

pub(super) fn last_position(connection: &Connection) -> Result<u64, rusqlite::Error> {
    connection.query_row("SELECT coalesce(max(position), 0) FROM messages", [], |row| row.get(0))
}

struct Thread {
    connection: Connection,
    heads: Heads,
    state: Arc<State>,
    grown: SyncSender<()>,
}

impl Thread {
    fn run(mut self, mut queue: mpsc::Receiver<Box<dyn Job>>) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut busy = false;
        while queue.blocking_recv_many(&mut batch, BATCH) > 0 {
            if busy && batch.len() < BATCH {
                gather(&mut queue, &mut batch);
            }
            busy = batch.len() >= BUSY;
            match self.commit(&mut batch) {
                Ok(()) => finish(batch.drain(..), &Ok(())),
                // One at a time, so that only the one that cannot be done fails.
                Err(error) if batch.len() > 1 && !is_of_the_store(&error) => {
                    for job in batch.drain(..) {
                        let mut alone = [job];
                        let outcome = self.commit(&mut alone).map_err(|error| unavailable(&error));
                        finish(alone, &outcome);
                    }
                }
                Err(error) => finish(batch.drain(..), &Err(unavailable(&error))),
            }
        }
    }

    /// Runs the jobs in one transaction and commits it. On an error nothing of it is stored.
    fn commit(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), rusqlite::Error> {
        let committed = self.transact(batch);
        let failed = committed.is_err();
        if let Err(error) = &committed {
            self.heads = Heads::default();
            // SQLite has rolled back by itself after some errors.
            if !self.connection.is_autocommit() {
                let _ = self.connection.execute_batch("ROLLBACK");
            }
            tracing::warn!(%error, operations = batch.len(), "a commit failed");
        }
        if self.state.failing.swap(failed, Ordering::Relaxed) && !failed {
            tracing::info!("commits succeed again");
        }
        committed
    }

    fn transact(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), rusqlite::Error> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut writing = Writing { connection: &self.connection, heads: &mut self.heads, position: 0 };
        for job in batch {
            job.run(&mut writing)?;
        }
        let position = writing.position;
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        // Entries are readable from here on, and announced only after.
        self.state.position.fetch_max(position, Ordering::Release);
        if position > 0 {
            // Full: it has been told already.
            let _ = self.grown.try_send(());
        }
        Ok(())
    }
}

/// Waits for more, as many are about to come: the pages of conversations are written once for each commit, so
/// a commit of twice as many messages costs little more.
fn gather(queue: &mut mpsc::Receiver<Box<dyn Job>>, batch: &mut Vec<Box<dyn Job>>) {
    std::thread::sleep(GATHERING);
    while batch.len() < BATCH
        && let Ok(job) = queue.try_recv()
    {
        batch.push(job);
    }
}

fn finish(jobs: impl IntoIterator<Item = Box<dyn Job>>, outcome: &Result<(), StoreError>) {
    for job in jobs {
        let outcome = outcome.clone();
        // A fault in one announcement must not end the only thread that writes.
        if catch_unwind(AssertUnwindSafe(|| job.finish(outcome))).is_err() {
            tracing::error!("what follows a commit panicked");
        }
    }
}

/// Whether the fault is the disk's or the like, and every job would meet it.
fn is_of_the_store(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::OutOfMemory
                | ErrorCode::ReadOnly
        )
    )
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

    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Self { result, answer, .. } = *self;
        // Who asked may have gone.
        let _ = answer.send(outcome.and_then(|()| result.ok_or(StoreError::Closed)));
    }
}
