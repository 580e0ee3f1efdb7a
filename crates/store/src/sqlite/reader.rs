//! Connections that read, each on its own snapshot.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::store::StoreError;
use parking_lot::Mutex;
use rusqlite::{Connection, ErrorCode};
use tokio::sync::Semaphore;

use super::unavailable;

/// Steps of SQLite's virtual machine in a stretch.
const STRETCH: i32 = 500;
/// Stretches in a short read: a few dozen rows found by their keys, which cost about what going to another
/// thread and back does. Counting begins anywhere in a stretch, so one alone could be over at once.
const SHORT: u32 = 2;

pub(super) struct Readers {
    shared: Arc<Shared>,
    count: u32,
}

struct Shared {
    idle: Mutex<Vec<Reader>>,
    places: Semaphore,
}

struct Reader {
    connection: Connection,
    /// Stretches that the read under way may still take; SQLite asks at the end of each.
    left: Arc<AtomicU32>,
}

impl Readers {
    pub(super) fn new(connections: Vec<Connection>) -> Result<Self, rusqlite::Error> {
        let count = u32::try_from(connections.len()).unwrap_or(u32::MAX);
        let places = Semaphore::new(connections.len());
        let idle = connections.into_iter().map(Reader::new).collect::<Result<_, _>>()?;
        Ok(Self { shared: Arc::new(Shared { idle: Mutex::new(idle), places }), count })
    }

    /// Reads, on a thread that may block. What `read` sees is one state of the database.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = self.shared.clone();
        let place = shared.places.acquire().await.map_err(|_| StoreError::Closed)?;
        place.forget();
        let shared = self.shared.clone();
        // Not cancelled with the caller, so that the connection always comes back.
        let reading = tokio::task::spawn_blocking(move || shared.read(u32::MAX, read));
        reading.await.map_err(|_| StoreError::Closed)?.map_err(|error| unavailable(&error))
    }

    /// Reads what is most often a row or a few, found by their keys: here, since going to another thread and
    /// back would cost more than the reading. What turns out to be longer is begun again there.
    pub(super) async fn run_short<T: Send + 'static>(
        &self,
        read: impl Fn(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        // If all connections are busy, it waits for its turn without holding anybody up.
        if let Ok(place) = self.shared.places.try_acquire() {
            place.forget();
            match self.shared.read(SHORT, &read) {
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {}
                result => return result.map_err(|error| unavailable(&error)),
            }
        }
        self.run(read).await
    }

    /// Waits for reads under way; those to come are refused.
    pub(super) async fn close(&self) {
        if let Ok(places) = self.shared.places.acquire_many(self.count).await {
            places.forget();
        }
        self.shared.places.close();
        self.shared.idle.lock().clear();
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

impl Shared {
    /// Reads with a place taken, which is given back.
    fn read<T>(
        &self,
        stretches: u32,
        read: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, rusqlite::Error> {
        /// Gives the connection and its place back, also when `read` panics.
        struct Back<'a>(&'a Shared, Option<Reader>);
        impl Drop for Back<'_> {
            fn drop(&mut self) {
                self.0.idle.lock().extend(self.1.take());
                self.0.places.add_permits(1);
            }
        }
        let back = Back(self, self.idle.lock().pop());
        // There is one for each place.
        let Reader { connection, left } = back.1.as_ref().ok_or(rusqlite::Error::InvalidQuery)?;
        left.store(stretches, Ordering::Relaxed);
        let transaction = connection.unchecked_transaction()?;
        let result = read(&transaction)?;
        transaction.finish()?;
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::{self, ThreadId};

    /// Counts to `rows` in SQLite; says on which threads.
    async fn count_to(readers: &Readers, rows: u32) -> (u32, Vec<ThreadId>) {
        let threads = Arc::new(Mutex::new(Vec::new()));
        let noted = threads.clone();
        let read = move |connection: &Connection| {
            noted.lock().push(thread::current().id());
            let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT max(i) FROM n";
            connection.prepare_cached(sql)?.query_row([rows], |row| row.get(0))
        };
        let count = readers.run_short(read).await.unwrap();
        let threads = threads.lock().clone();
        (count, threads)
    }

    #[tokio::test]
    async fn a_short_read_stays_and_a_long_one_goes_to_another_thread() {
        let readers = Readers::new(vec![Connection::open_in_memory().unwrap()]).unwrap();
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
