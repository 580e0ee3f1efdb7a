//! The embedded store: SQLite in WAL mode, every commit synced to disk.
//!
//! One thread writes, and takes whatever has queued up since its last commit into the next one; readers have
//! connections of their own and never wait for it; a third party copies the log into the database
//! (checkpoints) off the way of messages; a fourth follows the log with an index of its words.

mod account;
mod api_token;
mod append;
mod attachment;
mod block;
mod checkpoint;
mod client_id;
mod conversation;
#[cfg(test)]
mod costs;
mod epoch;
mod group;
mod history;
mod index;
mod lane;
mod mention;
mod message;
mod presence;
mod reader;
mod receipt;
mod schema;
mod search;
mod session;
#[cfg(test)]
mod tests;
mod writer;

use std::fs::{DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use async_trait::async_trait;
use domain::store::{Epoch, Position, Store, StoreError};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use checkpoint::Checkpointer;
use epoch::Epochs;
use index::Index;
use reader::Readers;
use writer::Writer;

/// Keeps everything in one folder.
pub struct SqliteStore {
    writer: Writer,
    readers: Readers,
    checkpointer: Checkpointer,
    index: Index,
    epochs: Epochs,
    /// Held as long as the store is open, so that no other process opens it.
    _lock: File,
}

/// What may be set of a [`SqliteStore`].
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections for reads that may take long; there are half as many more for searches.
    pub readers: usize,
    /// Page cache of the writer, in MiB.
    pub cache_mib: u32,
    /// Operations that may wait for the writer.
    pub queue: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { readers: 4, cache_mib: 256, queue: 16 * 1024 }
    }
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("the data folder {0} is in use by another process; stop that one, or use another folder")]
    InUse(PathBuf),
    /// A database of another program.
    #[error("the database is not one of Aldis; use another data folder")]
    Foreign,
    /// Written by a later release.
    #[error("the database has version {found}, this release knows {known}; use a newer release of Aldis")]
    Newer {
        /// Of the database.
        found: usize,
        /// Of this program.
        known: usize,
    },
    /// The folder or a file in it.
    #[error("the data folder {0} cannot be used: {1}")]
    Folder(PathBuf, #[source] std::io::Error),
    /// The database itself.
    #[error("the database cannot be opened: {0}")]
    Database(#[from] rusqlite::Error),
}

impl SqliteStore {
    /// Opens the store in a folder, which is made where it is missing. `epoch` is a name never used before.
    pub fn open(folder: &Path, epoch: Epoch, options: &Options) -> Result<Self, OpenError> {
        let lock = lock(folder)?;
        let path = folder.join("aldis.db");
        let mut connection = connect(&path)?;
        // The checkpointer does it; here it would hold up messages.
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        connection.pragma_update(None, "cache_size", -1024 * i64::from(options.cache_mib))?;
        schema::migrate(&mut connection)?;
        let epochs = Epochs::begin(&connection, epoch)?;
        let checkpointer = Checkpointer::start(connect(&path)?, &mut connection)?;
        let words = index::open(folder, &epochs, Position(writer::last_position(&connection)?))?;
        let readers = Readers::open(options.readers, || {
            let connection = connect(&path)?;
            attach(&connection, folder)?;
            connection.pragma_update(None, "query_only", true)?;
            Ok(connection)
        })?;
        let log = connect(&path)?;
        log.pragma_update(None, "query_only", true)?;
        let (wake, woken) = mpsc::sync_channel(1);
        let index = Index::start(log, words, epoch, wake.clone(), woken)?;
        let writer = Writer::start(connection, options.queue, wake)?;
        Ok(Self { writer, readers, checkpointer, index, epochs, _lock: lock })
    }
}

/// Takes the folder for this process; the operating system gives it back however the process ends.
fn lock(folder: &Path) -> Result<File, OpenError> {
    let failed = |error| OpenError::Folder(folder.to_owned(), error);
    // What is in it is nobody else's business.
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let file =
        File::options().create(true).truncate(false).write(true).open(folder.join("lock")).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    // NORMAL would lose acknowledged messages with the power (docs/decisions).
    connection.pragma_update(None, "synchronous", "full")?;
    // What belongs to a session or an account goes with it.
    connection.pragma_update(None, "foreign_keys", true)?;
    // Plans that do not depend on what is bound: else a cached statement is planned anew at each use, since
    // its bindings are cleared when it goes back into the cache.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Lets a connection that reads the log read the index of its words, too.
fn attach(connection: &Connection, folder: &Path) -> Result<(), rusqlite::Error> {
    let path = folder.join(index::FILE);
    let path = path.to_str().ok_or_else(|| rusqlite::Error::InvalidPath(path.clone()))?;
    connection.execute("ATTACH DATABASE ? AS search", [path])?;
    Ok(())
}

fn unavailable(error: &rusqlite::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

#[async_trait]
impl Store for SqliteStore {
    async fn check(&self) -> Result<(), StoreError> {
        self.writer.check().await
    }

    async fn settle(&self) {
        // Done once everything before it in the queue is done, whether or not it succeeds itself.
        let _ = self.writer.run(|_| Ok(())).await;
    }

    async fn close(&self) {
        self.writer.close().await;
        self.index.close().await;
        self.readers.close().await;
        self.checkpointer.close().await;
    }
}
