//! Raises the stamp of the database from time to time, and writes it into the file `identity` (`identity.rs` says why).

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
use super::identity::{self, Identity};
use super::thread::Faults;

/// How often the stamp is raised while the database changes.
pub(super) const EVERY: Duration = Duration::from_secs(5);

/// Raises the stamp within a transaction and returns it. `running` says whether a server runs; `None` leaves that.
pub(super) fn raise(connection: &Connection, running: Option<bool>) -> Result<u64, rusqlite::Error> {
    let sql = "UPDATE identity SET stamp = stamp + 1, running = coalesce(?, running) RETURNING stamp";
    connection.prepare_cached(sql)?.query_row([running], |row| row.get(0))
}

/// The next content of the file. The writer sets the stamp, the checkpointer the base.
#[derive(Clone)]
pub(super) struct SharedIdentity(Arc<Mutex<Identity>>);

impl SharedIdentity {
    /// For a database that was opened just now. Nothing is written to the file before the first stamp.
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

    /// Call this when the commit with a stamp is durable.
    pub(super) fn stamped(&self, stamp: u64, position: Position) {
        let mut identity = self.0.lock();
        identity.stamp = stamp;
        identity.position = position;
    }

    /// The last committed stamp.
    pub(super) fn committed(&self) -> u64 {
        self.0.lock().stamp
    }

    /// Call this when the WAL has been copied into the database file up to a stamp.
    pub(super) fn copied(&self, stamp: u64) {
        let mut identity = self.0.lock();
        identity.base = identity.base.max(stamp);
    }

    /// What the file should say; `None` before the first stamp.
    fn get(&self) -> Option<Identity> {
        Some(self.0.lock().clone()).filter(|identity| identity.stamp > 0)
    }

    pub(super) fn write(&self, folder: &File) -> Result<(), Error> {
        self.get().map_or(Ok(()), |identity| identity.write(folder))
    }
}

/// What a start writes into the database before anything else.
#[derive(Clone, Copy)]
pub(super) struct Beginning {
    pub(super) epoch: Epoch,
    /// Whether to forget what the database noted about files of attachments: they may belong to another database.
    pub(super) forget_notes: bool,
}

impl Beginning {
    /// Writes it, within a transaction.
    pub(super) fn write(self, connection: &Connection) -> Result<(), rusqlite::Error> {
        if self.forget_notes {
            identity::forget_notes(connection)?;
        }
        Epochs::begin(connection, self.epoch)
    }
}

/// Decides for the writer which commits raise the stamp.
pub(super) struct Stamping {
    identity: SharedIdentity,
    /// Signals the thread that writes the file.
    wake_identity_writer: SyncSender<()>,
    every: Duration,
    /// Set if it could not be written at the start, as on a full disk. The first commit writes it.
    pending: Option<Beginning>,
    /// When the stamp was last raised.
    last: Duration,
}

impl Stamping {
    /// `now` is when the start raised the stamp, unless its beginning is pending.
    pub(super) fn new(
        identity: SharedIdentity,
        wake_identity_writer: SyncSender<()>,
        every: Duration,
        pending: Option<Beginning>,
        now: Duration,
    ) -> Self {
        Self { identity, wake_identity_writer, every, pending, last: now }
    }

    /// Writes a pending beginning. Call it first in a transaction.
    pub(super) fn begin(&self, connection: &Connection) -> Result<(), rusqlite::Error> {
        self.pending.map_or(Ok(()), |beginning| beginning.write(connection))
    }

    /// Raises the stamp in a transaction that changes something, if it is time to. Returns the new stamp.
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

    /// Call this when a transaction that raised the stamp is durable.
    pub(super) fn stamped(&mut self, stamp: u64, position: Position, now: Duration) {
        self.pending = None;
        self.last = now;
        self.identity.stamped(stamp, position);
        // If the channel is full, a signal is already on its way.
        let _ = self.wake_identity_writer.try_send(());
    }
}

/// The thread that writes the file, so that no message waits for that.
pub(super) struct IdentityWriter {
    thread: Mutex<Option<JoinHandle<()>>>,
    wake: Mutex<Option<SyncSender<()>>>,
}

impl IdentityWriter {
    pub(super) fn start(
        folder: &Arc<File>,
        identity: &SharedIdentity,
        health: &Arc<Health>,
        faults: &Faults,
    ) -> (Self, SyncSender<()>) {
        let (wake, woken) = mpsc::sync_channel(1);
        let (folder, identity, health) = (folder.clone(), identity.clone(), health.clone());
        let thread = faults.spawn("identity", move || run(&folder, &identity, &health, &woken));
        (Self { thread: Mutex::new(Some(thread)), wake: Mutex::new(Some(wake.clone())) }, wake)
    }

    /// Ends the thread. Close the writer first: it holds a sender of `wake`, and the thread ends when all are dropped.
    pub(super) async fn close(&self) {
        self.wake.lock().take();
        let thread = self.thread.lock().take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

fn run(folder: &File, identity: &SharedIdentity, health: &Health, woken: &Receiver<()>) {
    let failures = LogLimit::new(Duration::from_mins(1));
    while woken.recv().is_ok() {
        if let Err(error) = identity.write(folder)
            && let Some(left_out) = failures.pass(health.now())
        {
            tracing::warn!(%error, left_out, "the file identity could not be written; it is tried again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema;
    use super::*;

    #[test]
    fn what_could_not_be_forgotten_at_the_start_is_forgotten_once_something_is_written() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let sql = "INSERT INTO unnamed_blobs (hash, first_seen) VALUES (x'07', 1); \
                   INSERT INTO attachments (id, user_id, hash, name, type, size, weight, created_at, unused_since) \
                   VALUES (x'01', 1, x'08', 'a', 'b', 1, 1, 1, 1)";
        let noted = |connection: &Connection| {
            let sql = "SELECT (SELECT count(*) FROM unnamed_blobs), (SELECT count(unused_since) FROM attachments), \
                         (SELECT count(*) FROM epochs)";
            connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap()
        };
        connection.execute_batch(sql).unwrap();
        let epochs = Epochs::read(&connection, Epoch([1; 8])).unwrap();
        let identity = SharedIdentity::new(&connection, &epochs).unwrap();
        let (wake, _woken) = mpsc::sync_channel(1);
        for (forget_notes, expected) in [(false, (1, 1, 1)), (true, (0, 0, 2))] {
            let pending = Some(Beginning { epoch: epochs.current, forget_notes });
            let mut stamping = Stamping::new(identity.clone(), wake.clone(), EVERY, pending, Duration::ZERO);
            stamping.begin(&connection).unwrap();
            assert_eq!(noted(&connection), expected);
            // Once durable, the beginning is not written again.
            let stamp = stamping.stamp(&connection, Duration::ZERO).unwrap().unwrap();
            stamping.stamped(stamp, Position(0), Duration::ZERO);
            stamping.begin(&connection).unwrap();
            assert_eq!(noted(&connection), expected);
        }
    }
}
