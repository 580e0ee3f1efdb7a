//! Stamps the database from time to time, and has the file `identity` say so.

use std::fs::File;
use std::io::Error;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::JoinHandle;
use std::time::Duration;

use domain::LogLimit;
use domain::store::{Epoch, Position};
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension};

use super::epoch::Epochs;
use super::health::Health;
use super::identity::Identity;
use super::thread::Faults;

/// How often a database that changes is stamped.
pub(super) const EVERY: Duration = Duration::from_secs(5);

/// Raises the stamp, within a transaction, and says whether a server runs where that changes.
pub(super) fn raise(connection: &Connection, running: Option<bool>) -> Result<u64, rusqlite::Error> {
    let sql = "UPDATE identity SET stamp = stamp + 1, running = coalesce(?, running) RETURNING stamp";
    connection.prepare_cached(sql)?.query_row([running], |row| row.get(0))
}

/// What is to be written into the file, by who stamps the database and who copies its log.
#[derive(Clone)]
pub(super) struct Stamps(Arc<Mutex<Identity>>);

impl Stamps {
    /// Of a database that has been opened, and may not have been stamped since.
    pub(super) fn new(connection: &Connection, epochs: &Epochs) -> Result<Self, rusqlite::Error> {
        let first = "SELECT id FROM epochs ORDER BY number LIMIT 1";
        let database = connection.query_row(first, [], |row| row.get(0).map(Epoch)).optional()?;
        let identity = Identity {
            database: database.unwrap_or(epochs.current),
            epoch: epochs.current,
            stamp: 0,
            base: 0,
            position: Position(0),
        };
        Ok(Self(Arc::new(Mutex::new(identity))))
    }

    /// A commit with a stamp is durable.
    pub(super) fn stamped(&self, stamp: u64, position: Position) {
        let mut identity = self.0.lock();
        identity.stamp = stamp;
        identity.position = position;
    }

    /// The stamp that is committed.
    pub(super) fn committed(&self) -> u64 {
        self.0.lock().stamp
    }

    /// All of the log up to a stamp is in the database file.
    pub(super) fn copied(&self, stamp: u64) {
        let mut identity = self.0.lock();
        identity.base = identity.base.max(stamp);
    }

    /// What the file should say; nothing before the database was stamped.
    fn get(&self) -> Option<Identity> {
        Some(self.0.lock().clone()).filter(|identity| identity.stamp > 0)
    }

    pub(super) fn write(&self, folder: &File) -> Result<(), Error> {
        self.get().map_or(Ok(()), |identity| identity.write(folder))
    }
}

/// Stamps what the writer commits.
pub(super) struct Stamping {
    stamps: Stamps,
    /// Hears when there is something to be written into the file.
    keeper: SyncSender<()>,
    every: Duration,
    /// An epoch that could not begin at the start.
    pending: Option<Epoch>,
    /// When it was done last.
    last: Duration,
}

impl Stamping {
    /// The database was stamped at `now`, unless an epoch is pending.
    pub(super) fn new(
        stamps: Stamps,
        keeper: SyncSender<()>,
        every: Duration,
        pending: Option<Epoch>,
        now: Duration,
    ) -> Self {
        Self { stamps, keeper, every, pending, last: now }
    }

    /// Has an epoch begin that is pending, within a transaction and before its entries.
    pub(super) fn begin(&self, connection: &Connection) -> Result<(), rusqlite::Error> {
        self.pending.map_or(Ok(()), |epoch| Epochs::begin(connection, epoch))
    }

    /// Stamps what a transaction changes, if it is time to.
    pub(super) fn stamp(
        &self,
        connection: &Connection,
        now: Duration,
    ) -> Result<Option<u64>, rusqlite::Error> {
        if self.pending.is_none() && now < self.last + self.every {
            return Ok(None);
        }
        raise(connection, self.pending.map(|_| true)).map(Some)
    }

    /// The transaction is durable.
    pub(super) fn stamped(&mut self, stamp: u64, position: Position, now: Duration) {
        self.pending = None;
        self.last = now;
        self.stamps.stamped(stamp, position);
        // Full: it has been told already.
        let _ = self.keeper.try_send(());
    }
}

/// The thread that writes the file, so that nobody who sends waits for it.
pub(super) struct Keeper {
    thread: Mutex<Option<JoinHandle<()>>>,
    wake: Mutex<Option<SyncSender<()>>>,
}

impl Keeper {
    pub(super) fn start(
        folder: &Arc<File>,
        stamps: &Stamps,
        health: &Arc<Health>,
        faults: &Faults,
    ) -> (Self, SyncSender<()>) {
        let (wake, woken) = mpsc::sync_channel(1);
        let (folder, stamps, health) = (folder.clone(), stamps.clone(), health.clone());
        let thread = faults.spawn("identity", move || run(&folder, &stamps, &health, &woken));
        (Self { thread: Mutex::new(Some(thread)), wake: Mutex::new(Some(wake.clone())) }, wake)
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

fn run(folder: &File, stamps: &Stamps, health: &Health, woken: &Receiver<()>) {
    let failures = LogLimit::new(Duration::from_mins(1));
    while woken.recv().is_ok() {
        if let Err(error) = stamps.write(folder)
            && let Some(left_out) = failures.pass(health.now())
        {
            tracing::warn!(%error, left_out, "the file identity could not be written; it is tried again");
        }
    }
}
