//! Connections that read, each on its own snapshot, in lanes: what takes long never stands before what is found by its
//! key, and nobody's reads before everybody's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::store::{StoreError, UserId};
use rusqlite::{Connection, ErrorCode};

use super::health::Health;
use super::lane::{Lane, NOBODY, Turn};

/// Steps of SQLite's virtual machine in a stretch.
const STRETCH: i32 = 500;
/// Stretches in a read by key: a few dozen rows, which cost about what going to another thread and back does. Counting
/// begins anywhere in a stretch, so one alone could be over at once.
const SHORT: u32 = 2;
/// Connections for reads by key. Each is held for microseconds, by a thread that does nothing else meanwhile.
const KEYS: usize = 2;
/// Long reads of a user at a time.
const LONG: usize = 2;

pub(super) struct Readers {
    /// Sessions, tokens, names, one row: nothing here takes longer than [`SHORT`].
    keys: Arc<Lane<Reader>>,
    long: Arc<Lane<Reader>>,
    /// A search of a large log is the longest of all.
    search: Arc<Lane<Reader>>,
    health: Arc<Health>,
}

struct Reader {
    connection: Connection,
    /// Stretches that the read under way may still take; SQLite asks at the end of each.
    left: Arc<AtomicU32>,
}

impl Readers {
    /// With so many connections for long reads, and half as many more for searches.
    pub(super) fn open(
        long: usize,
        health: Arc<Health>,
        connect: impl Fn() -> Result<Connection, rusqlite::Error>,
    ) -> Result<Self, rusqlite::Error> {
        let connections =
            |count: usize| (0..count.max(1)).map(|_| Reader::new(connect()?)).collect::<Result<Vec<_>, _>>();
        Ok(Self {
            keys: Lane::new(connections(KEYS)?, usize::MAX),
            long: Lane::new(connections(long)?, LONG),
            search: Lane::new(connections(long / 2)?, 1),
            health,
        })
    }

    /// Reads for a user what may take long, when it is their turn, on a thread that may block. What `read` sees is one
    /// state of the database.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        user: UserId,
        read: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.elsewhere(self.long.turn(user).await?, read).await
    }

    /// As [`Readers::run`], for a search.
    pub(super) async fn search<T: Send + 'static>(
        &self,
        user: UserId,
        read: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.elsewhere(self.search.turn(user).await?, read).await
    }

    /// Reads a row or a few by their keys: here, since going to another thread and back would cost more than the
    /// reading. What turns out to be longer is begun again as a long read of the user.
    pub(super) async fn by_key<T: Send + 'static>(
        &self,
        user: UserId,
        read: impl Fn(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        // Given back before anything is waited for.
        match self.keys.turn(NOBODY).await?.read(SHORT, &read) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {}
            result => return result.map_err(|error| self.health.error(&error)),
        }
        self.run(user, read).await
    }

    /// Reads on a thread that may block. Not cancelled with the caller, who would have another turn while it goes on.
    async fn elsewhere<T: Send + 'static>(
        &self,
        turn: Turn<Reader>,
        read: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let reading = tokio::task::spawn_blocking(move || turn.read(u32::MAX, read));
        let read = reading.await.map_err(|_| StoreError::Closed)?;
        read.map_err(|error| self.health.error(&error))
    }

    /// As [`Readers::run`], with how many stretches it took.
    #[cfg(test)]
    pub(super) async fn stretches<T>(
        &self,
        user: UserId,
        read: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> (T, u32) {
        let turn = self.long.turn(user).await.unwrap();
        let result = turn.read(u32::MAX, read).unwrap();
        (result, u32::MAX - turn.get().unwrap().left.load(Ordering::Relaxed))
    }

    /// Waits for reads under way; those to come are refused.
    pub(super) async fn close(&self) {
        for lane in [&self.keys, &self.long, &self.search] {
            lane.close().await;
        }
    }
}

impl Reader {
    fn new(connection: Connection) -> Result<Self, rusqlite::Error> {
        let left = Arc::new(AtomicU32::new(0));
        let of_handler = left.clone();
        let mut reader = Self { connection, left };
        let is_over = move || {
            // Only this connection's thread counts, one read after the other.
            let left = of_handler.load(Ordering::Relaxed);
            of_handler.store(left.saturating_sub(1), Ordering::Relaxed);
            left == 0
        };
        reader.connection.progress_handler(STRETCH, Some(is_over))?;
        Ok(reader)
    }
}

impl Turn<Reader> {
    /// Reads, for so many stretches at most.
    fn read<T>(
        &self,
        stretches: u32,
        read: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, rusqlite::Error> {
        let Reader { connection, left } = self.get().ok_or(rusqlite::Error::InvalidQuery)?;
        left.store(stretches, Ordering::Relaxed);
        let transaction = connection.unchecked_transaction()?;
        let result = read(&transaction)?;
        transaction.finish()?;
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use std::thread::{self, ThreadId};
    use std::time::Duration;

    use parking_lot::Mutex;

    use super::*;

    /// Counts to `rows` in SQLite; says on which threads.
    async fn count_to(readers: &Readers, rows: u32) -> (u32, Vec<ThreadId>) {
        let threads = Arc::new(Mutex::new(Vec::new()));
        let noted = threads.clone();
        let read = move |connection: &Connection| {
            noted.lock().push(thread::current().id());
            let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT max(i) FROM n";
            connection.prepare_cached(sql)?.query_row([rows], |row| row.get(0))
        };
        let count = readers.by_key(UserId(1), read).await.unwrap();
        let threads = threads.lock().clone();
        (count, threads)
    }

    #[tokio::test]
    async fn a_short_read_stays_and_a_long_one_goes_to_another_thread() {
        let health = Arc::new(Health::new(|| Duration::ZERO));
        let readers = Readers::open(1, health, Connection::open_in_memory).unwrap();
        let here = thread::current().id();
        // Often, so that one begins at every place of a stretch.
        for _ in 0..100 {
            assert_eq!(count_to(&readers, 10).await, (10, vec![here]));
        }
        for rows in [2_000, 50_000] {
            let (count, threads) = count_to(&readers, rows).await;
            assert_eq!(count, rows);
            assert!(matches!(*threads, [first, second] if first == here && second != here));
        }
        // Its connection is as good as before.
        assert_eq!(count_to(&readers, 10).await, (10, vec![here]));
    }
}
