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
use super::identity::{self, Identity};
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

/// What a start writes before anything else is written.
#[derive(Clone, Copy)]
pub(super) struct Beginning {
    pub(super) epoch: Epoch,
    /// The database may not be the one of the files beside it: what it noted of them does not count.
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

/// Stamps what the writer commits.
pub(super) struct Stamping {
    stamps: Stamps,
    /// Hears when there is something to be written into the file.
    keeper: SyncSender<()>,
    every: Duration,
    /// What could not be written at the start.
    pending: Option<Beginning>,
    /// When it was done last.
    last: Duration,
}

impl Stamping {
    /// The database was stamped at `now`, unless its beginning is pending.
    pub(super) fn new(
        stamps: Stamps,
        keeper: SyncSender<()>,
        every: Duration,
        pending: Option<Beginning>,
        now: Duration,
    ) -> Self {
        Self { stamps, keeper, every, pending, last: now }
    }

    /// Writes the beginning, if it is pending, within a transaction and before its entries.
    pub(super) fn begin(&self, connection: &Connection) -> Result<(), rusqlite::Error> {
        self.pending.map_or(Ok(()), |beginning| beginning.write(connection))
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
        let stamps = Stamps::new(&connection, &epochs).unwrap();
        let (keeper, _told) = mpsc::sync_channel(1);
        for (forget_notes, expected) in [(false, (1, 1, 1)), (true, (0, 0, 2))] {
            let pending = Some(Beginning { epoch: epochs.current, forget_notes });
            let mut stamping = Stamping::new(stamps.clone(), keeper.clone(), EVERY, pending, Duration::ZERO);
            stamping.begin(&connection).unwrap();
            assert_eq!(noted(&connection), expected);
            // Once it is durable it is not written again.
            let stamp = stamping.stamp(&connection, Duration::ZERO).unwrap().unwrap();
            stamping.stamped(stamp, Position(0), Duration::ZERO);
            stamping.begin(&connection).unwrap();
            assert_eq!(noted(&connection), expected);
        }
    }
}
