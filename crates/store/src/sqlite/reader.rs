//! Connections that read, each on its own snapshot.

use domain::store::StoreError;
use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use std::sync::Arc;

use super::unavailable;

pub(super) struct Readers {
    shared: Arc<Shared>,
    count: u32,
}

struct Shared {
    idle: Mutex<Vec<Connection>>,
    places: Semaphore,
}

impl Readers {
    pub(super) fn new(connections: Vec<Connection>) -> Self {
        let count = u32::try_from(connections.len()).unwrap_or(u32::MAX);
        let places = Semaphore::new(connections.len());
        Self { shared: Arc::new(Shared { idle: Mutex::new(connections), places }), count }
    }

    /// Reads, on a thread that may block. What `read` sees is one state of the database.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = self.shared.clone();
        let done = async {
            let place = shared.places.acquire().await.map_err(|_| StoreError::Closed)?;
            place.forget();
            let shared = shared.clone();
            // Not cancelled with the caller, so that the connection always comes back.
            tokio::task::spawn_blocking(move || shared.read(read)).await.map_err(|_| StoreError::Closed)?
        };
        done.await
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

impl Shared {
    fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>) -> Result<T, StoreError> {
        /// Gives the connection and its place back, also when `read` panics.
        struct Back<'a>(&'a Shared, Option<Connection>);
        impl Drop for Back<'_> {
            fn drop(&mut self) {
                self.0.idle.lock().extend(self.1.take());
                self.0.places.add_permits(1);
            }
        }
        let back = Back(self, self.idle.lock().pop());
        let connection = back.1.as_ref().ok_or(StoreError::Closed)?;
        let in_one_state = || {
            let transaction = connection.unchecked_transaction()?;
            let result = read(&transaction)?;
            transaction.finish()?;
            Ok(result)
        };
        in_one_state().map_err(|error| unavailable(&error))
    }
}
