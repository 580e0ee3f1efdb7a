//! Connections that read, in three lanes: reads by key, long reads, searches. So a long read never delays a read by
//! key, and one user's reads never delay everybody's. Each read sees one snapshot of the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use domain::store::{StoreError, UserId};
use domain::{Rate, limit::Limiter};
use rusqlite::{Connection, ErrorCode};

use super::background::Background;
use super::health::Health;
use super::lane::{Lane, Lease, NOBODY};

/// A stretch: this many steps of SQLite's virtual machine.
const STRETCH: i32 = 500;
/// Stretches in a read by key: a few dozen rows, about the cost of going to another thread and back. At least 2,
/// because a read may begin near the end of a stretch.
const SHORT_STRETCHES: u32 = 2;
/// Connections for reads by key. Each is lent for microseconds.
const KEY_CONNECTIONS: usize = 2;
/// Long reads that one user may have at a time.
const LONG_READS_PER_USER: usize = 2;
/// The time that long reads of one user may take: 1 s at once, then 100 ms a second. A user whose reads took
/// more waits before the next one.
const READ_TIME: Rate = Rate { burst: 1000, interval: Duration::from_millis(10) };
/// The longest that a user waits because their reads took more than [`READ_TIME`].
const MAX_COOLDOWN: Duration = Duration::from_secs(1);

pub(super) struct Readers {
    /// For reads of one row or a few, such as a session. Each ends after [`SHORT_STRETCHES`].
    keys: Arc<Lane<ReadConnection>>,
    long: Arc<Lane<ReadConnection>>,
    /// Apart from `long`, because a search of a large log takes longest of all.
    search: Arc<Lane<ReadConnection>>,
    /// A thread for each connection of `long` and `search`.
    background: Background,
    health: Arc<Health>,
    /// The time that the long reads of each user took, in milliseconds.
    spent: Arc<Limiter<UserId>>,
}

struct ReadConnection {
    connection: Connection,
    /// Stretches that the current read may still take. SQLite's progress handler counts them down.
    left: Arc<AtomicU32>,
}

impl Readers {
    /// Opens `long` connections for long reads, and half as many more for searches.
    pub(super) fn open(
        long: usize,
        health: Arc<Health>,
        connect: impl Fn() -> Result<Connection, rusqlite::Error>,
    ) -> Result<Self, rusqlite::Error> {
        let connections = |count: usize| {
            (0..count.max(1)).map(|_| ReadConnection::new(connect()?)).collect::<Result<Vec<_>, _>>()
        };
        let (for_long, for_search) = (connections(long)?, connections(long / 2)?);
        let background = Background::new(for_long.len() + for_search.len());
        Ok(Self {
            keys: Lane::new(connections(KEY_CONNECTIONS)?, usize::MAX),
            long: Lane::new(for_long, LONG_READS_PER_USER),
            search: Lane::new(for_search, 1),
            background,
            health,
            spent: Arc::new(Limiter::new(READ_TIME)),
        })
    }

    /// Runs a long read in the background, once the user has a connection. `read` sees one snapshot of the database.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        user: UserId,
        read: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.in_background(self.long.lease(user).await?, read).await
    }

    /// As [`Readers::run`], in the lane of searches.
    pub(super) async fn search<T: Send + 'static>(
        &self,
        user: UserId,
        read: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.in_background(self.search.lease(user).await?, read).await
    }

    /// Reads one row or a few by their keys, on the caller's thread: going to another thread and back would cost more.
    /// A read that turns out to be longer is interrupted and begun again as a long read of the user.
    pub(super) async fn by_key<T: Send + 'static>(
        &self,
        user: UserId,
        read: impl Fn(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        // The lease ends with this expression, so the connection is given back before `run` waits.
        match self.keys.lease(NOBODY).await?.read(SHORT_STRETCHES, &read) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {}
            result => return result.map_err(|error| self.health.error(&error)),
        }
        self.run(user, read).await
    }

    /// Reads in the background. The read goes on, and keeps its lease, even if the caller stops waiting.
    async fn in_background<T: Send + 'static>(
        &self,
        lease: Lease<ReadConnection>,
        read: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (spent, health) = (self.spent.clone(), self.health.clone());
        let reading = self.background.run(move || {
            let mut lease = lease;
            let begun = health.now();
            let read = lease.read(u32::MAX, read);
            let now = health.now();
            lease.count_time(now.saturating_sub(begun), now, &spent);
            read
        });
        let read = reading.await.ok_or(StoreError::Closed)?;
        read.map_err(|error| self.health.error(&error))
    }

    /// As [`Readers::run`], and also returns how many stretches the read took.
    #[cfg(test)]
    pub(super) async fn stretches<T>(
        &self,
        user: UserId,
        read: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> (T, u32) {
        let lease = self.long.lease(user).await.unwrap();
        let result = lease.read(u32::MAX, read).unwrap();
        (result, u32::MAX - lease.get().unwrap().left.load(Ordering::Relaxed))
    }

    /// Refuses further reads, and waits for those under way.
    pub(super) async fn close(&self) {
        for lane in [&self.keys, &self.long, &self.search] {
            lane.close().await;
        }
    }
}

impl ReadConnection {
    fn new(connection: Connection) -> Result<Self, rusqlite::Error> {
        let left = Arc::new(AtomicU32::new(0));
        let of_handler = left.clone();
        let mut reader = Self { connection, left };
        let is_over = move || {
            // Relaxed is enough: only the thread that reads with this connection counts.
            let left = of_handler.load(Ordering::Relaxed);
            of_handler.store(left.saturating_sub(1), Ordering::Relaxed);
            left == 0
        };
        reader.connection.progress_handler(STRETCH, Some(is_over))?;
        Ok(reader)
    }
}

impl Lease<ReadConnection> {
    /// Counts the time that a read took, and sets a cooldown if the user's reads took more than
    /// [`READ_TIME`].
    fn count_time(&mut self, took: Duration, now: Duration, spent: &Limiter<UserId>) {
        let millis = u32::try_from(took.as_millis()).unwrap_or(u32::MAX);
        if millis > 0 && self.user() != NOBODY {
            self.set_cooldown(spent.spend(self.user(), millis, now).min(MAX_COOLDOWN));
        }
    }

    /// Reads within one transaction, for at most so many stretches.
    fn read<T>(
        &self,
        stretches: u32,
        read: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, rusqlite::Error> {
        let ReadConnection { connection, left } = self.get().ok_or(rusqlite::Error::InvalidQuery)?;
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
        // Many times, so that some reads begin near the end of a stretch.
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
