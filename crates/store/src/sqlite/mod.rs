//! The embedded store: SQLite in WAL mode, every commit synced to disk.
//!
//! * One thread writes ([`writer`]). Its next commit takes all that queued up since the last one.
//! * Readers have connections of their own and never wait for the writer ([`reader`]).
//! * A thread copies the write-ahead log into the database file, beside the writer ([`checkpoint`]).
//! * A thread follows the log of messages and keeps the index for search ([`index`]).
//!
//! "Log" is the log of messages. SQLite's own log, the file `aldis.db-wal`, is the write-ahead log (WAL).

mod account;
mod admin;
mod api_token;
mod append;
mod attachment;
mod audit;
mod avatar;
mod avatar_columns;
mod background;
mod block;
mod checkpoint;
mod client_id;
mod code;
mod conversation;
#[cfg(test)]
mod costs;
mod epoch;
mod erasure;
mod error;
mod group;
mod heads;
mod health;
mod history;
mod host_account;
mod identity;
#[cfg(test)]
mod identity_tests;
mod index;
mod invitation;
mod invited;
mod lane;
mod log;
mod mention;
mod message;
mod notice;
mod presence;
mod reacted;
mod reaction;
mod reader;
mod receipt;
mod schema;
mod scrub;
#[cfg(test)]
mod scrub_tests;
mod search;
mod session;
mod shared;
mod stamp;
#[cfg(test)]
mod tests;
mod thread;
mod view;
mod writer;

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, LazyLock, mpsc};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::store::{Epoch, Position, Store, StoreError};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use checkpoint::{Checkpointer, WalSizes, WalStats};
use epoch::Epochs;
pub use error::OpenError;
use health::{Health, is_damage, is_of_the_store};

use index::Index;
use reader::Readers;
use stamp::{Beginning, IdentityWriter, SharedIdentity, Stamping};
use thread::Faults;
use writer::Writer;

use crate::folder::{self, FolderError, WatchedFiles};
use crate::reserve::Reserve;
use crate::tail::Tail;

/// Keeps everything in one folder.
pub struct SqliteStore {
    writer: Writer,
    tail: Arc<Tail>,
    readers: Readers,
    checkpointer: Checkpointer,
    index: Index,
    epochs: Arc<Epochs>,
    wal: Arc<WalStats>,
    health: Arc<Health>,
    identity: SharedIdentity,
    identity_writer: IdentityWriter,
    faults: Faults,
    /// The data folder, kept open: `identity` is written into this folder even if it was moved.
    folder: Arc<File>,
    /// Held as long as the store is open, so that no other process opens it.
    _lock: File,
}

/// Options of [`SqliteStore::open`].
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections for reads that may take long; there are half as many more for searches.
    pub readers: usize,
    /// Page cache of the writer, in MiB.
    pub cache_mib: u32,
    /// Operations that may wait for the writer.
    pub queue: usize,
    /// Open a database that is older than `identity` beside it says. The entries after that older state are lost.
    pub accept_older: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { readers: 4, cache_mib: 256, queue: 16 * 1024, accept_older: false }
    }
}

/// Options that only tests change.
struct Tuning {
    wal: WalSizes,
    /// How often the stamp of a database that changes is raised.
    stamp_interval: Duration,
    /// A clock that never goes back.
    monotonic: fn() -> Duration,
}

impl Default for Tuning {
    fn default() -> Self {
        static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);
        Self { wal: WalSizes::default(), stamp_interval: stamp::EVERY, monotonic: || STARTED.elapsed() }
    }
}

impl SqliteStore {
    /// Opens the store in a folder, which is made where it is missing. `epoch` is a name never used before.
    pub fn open(folder: &Path, epoch: Epoch, options: &Options) -> Result<Self, OpenError> {
        Self::open_tuned(folder, epoch, options, &Tuning::default()).map_err(|error| error.of(folder))
    }

    fn open_tuned(
        folder: &Path,
        epoch: Epoch,
        options: &Options,
        tuning: &Tuning,
    ) -> Result<Self, OpenError> {
        let health = Arc::new(Health::new(tuning.monotonic));
        let (wal, faults) = (Arc::<WalStats>::default(), Faults::new());
        let lock = folder::lock(folder)?;
        let opened = File::open(folder).map_err(|error| FolderError::Unusable(folder.to_owned(), error))?;
        let opened = Arc::new(opened);
        let reserve = Reserve::of(folder);
        let full = reserve.open();
        let path = folder.join("aldis.db");
        let expected = identity::check_files(folder, options.accept_older)?;
        folder::make_file(&path).map_err(|error| FolderError::Unusable(folder.to_owned(), error))?;
        let mut connection = connect(&path)?;
        // A database that is refused below must stay as it is, so closing this connection must not checkpoint.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        let older = identity::check_database(&connection, &path, expected.as_ref(), options.accept_older)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
        // The checkpointer does it. In this connection a checkpoint would hold up messages.
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        connection.pragma_update(None, "cache_size", -1024 * i64::from(options.cache_mib))?;
        schema::migrate(&mut connection)?;
        let epochs = Arc::new(Epochs::read(&connection, epoch)?);
        let identity = SharedIdentity::new(&connection, &epochs)?;
        if full {
            health.gave_up_reserve(reserve);
        }
        let beginning = Beginning { epoch, forget_notes: older || expected.is_none() };
        let begun = begin(&mut connection, &health, &identity, beginning);
        let pending = begun.is_err().then_some(beginning);
        match begun {
            Ok(()) => write_identity(&opened, &connection, &identity),
            Err(BeginError::Refused) if !older => {}
            Err(BeginError::Refused) => return Err(OpenError::Full(folder.to_owned(), "no room".into())),
            Err(BeginError::Failed(error)) if is_of_the_store(&error) && !is_damage(&error) && !older => {
                tracing::warn!(%error, "nothing could be written to the database");
                health.commit_failed();
            }
            Err(BeginError::Failed(error)) => return Err(error.into()),
        }
        if pending.is_some() {
            tracing::error!(
                folder = %folder.display(),
                "the disk is full, or the like: what is stored can be read, and nothing is stored; make room on the disk of \
                 the folder, and it goes on by itself"
            );
        }
        let places = WatchedFiles::of([path.clone(), folder.join("aldis.db-wal")]);
        health.watch(places.map_err(|error| FolderError::Unusable(folder.to_owned(), error))?);
        let own = connect(&path)?;
        let checkpointer =
            Checkpointer::start(own, &mut connection, &wal, tuning.wal, identity.clone(), &faults)?;
        let at = Position(message::last_position(&connection)?);
        let index_connection = index::open(folder, &epochs, at, index::Clear::Remove);
        let readers = Readers::open(options.readers, health.clone(), || {
            let connection = connect(&path)?;
            attach(&connection, folder)?;
            connection.pragma_update(None, "query_only", true)?;
            Ok(connection)
        })?;
        let followed = connect(&path)?;
        followed.pragma_update(None, "query_only", true)?;
        let (wake, woken) = mpsc::sync_channel(1);
        let index =
            Index::start(folder, followed, index_connection, epochs.clone(), wake.clone(), woken, &faults)?;
        let (identity_writer, wake_identity_writer) =
            IdentityWriter::start(&opened, &identity, &health, &faults);
        let stamping = Stamping::new(
            identity.clone(),
            wake_identity_writer,
            tuning.stamp_interval,
            pending,
            health.now(),
        );
        let tail = Arc::new(Tail::new(at));
        let writer = Writer::start(
            connection,
            options.queue,
            wake,
            tail.clone(),
            wal.clone(),
            health.clone(),
            stamping,
            &faults,
        )?;
        Ok(Self {
            writer,
            tail,
            readers,
            checkpointer,
            index,
            epochs,
            wal,
            health,
            identity,
            identity_writer,
            faults,
            folder: opened,
            _lock: lock,
        })
    }
}

/// Keeps the writer from committing until this is dropped.
pub struct Pause {
    _held: mpsc::Sender<()>,
}

impl SqliteStore {
    /// Keeps the writer from its next commit. For benches, which need commits of an exact number of entries.
    #[doc(hidden)]
    pub fn pause(&self) -> Pause {
        let (held, hold) = mpsc::channel::<()>();
        let (begun, begins) = mpsc::channel();
        self.writer.run_on_thread(move || {
            let _ = begun.send(());
            let _ = hold.recv();
        });
        let _ = begins.recv();
        Pause { _held: held }
    }
}

/// Why the epoch of this start could not be written.
enum BeginError {
    /// The disk is full.
    Refused,
    Failed(rusqlite::Error),
}

impl From<rusqlite::Error> for BeginError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error)
    }
}

/// Begins an epoch at the end of the log.
fn begin(
    connection: &mut Connection,
    health: &Health,
    identity: &SharedIdentity,
    beginning: Beginning,
) -> Result<(), BeginError> {
    health.may_store().map_err(|_| BeginError::Refused)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    beginning.write(&transaction)?;
    let raised = stamp::raise(&transaction, Some(true))?;
    let position = Position(message::last_position(&transaction)?);
    transaction.commit()?;
    identity.stamped(raised, position);
    Ok(())
}

/// Writes into the database file and into `identity` that a server runs on them.
fn write_identity(folder: &File, connection: &Connection, identity: &SharedIdentity) {
    let copied = checkpoint::copy(connection, identity).map_err(|error| error.to_string());
    let written = copied.and_then(|()| identity.write(folder).map_err(|error| error.to_string()));
    if let Err(error) = written {
        tracing::warn!(error, "what binds the files of the folder could not be written; it is tried again");
    }
}

fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = connect_unread(path)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    // NORMAL would lose acknowledged messages with the power (docs/decisions).
    connection.pragma_update(None, "synchronous", "full")?;
    // What is deleted is overwritten where it was. Sending deletes nothing, so it costs nothing there (docs/decisions).
    connection.pragma_update(None, "secure_delete", true)?;
    // Deleting a session or an account deletes the rows that belong to it.
    connection.pragma_update(None, "foreign_keys", true)?;
    // Plans must not depend on the bound values. Otherwise SQLite plans a cached statement anew at each use,
    // because the values are cleared when the statement goes back into the cache.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Connects without reading anything, so also to a file that is no database.
fn connect_unread(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    Ok(connection)
}

/// Attaches the index for search to a connection that reads the log.
fn attach(connection: &Connection, folder: &Path) -> Result<(), rusqlite::Error> {
    let path = folder.join(index::FILE);
    let path = path.to_str().ok_or_else(|| rusqlite::Error::InvalidPath(path.clone()))?;
    connection.execute("ATTACH DATABASE ? AS search", [path])?;
    Ok(())
}

#[async_trait]
impl Store for SqliteStore {
    async fn check(&self) -> Result<(), StoreError> {
        self.writer.check().await
    }

    async fn fault(&self) -> &'static str {
        self.faults.first().await
    }

    fn wal_bytes(&self) -> u64 {
        self.wal.bytes()
    }

    async fn close(&self) {
        let stopped = self.writer.run(|connection| stamp::raise(connection, Some(false))).await;
        let position = self.writer.position();
        self.writer.close().await;
        self.identity_writer.close().await;
        self.index.close().await;
        self.readers.close().await;
        // This closes the last connection, and SQLite then copies the write-ahead log into the database.
        self.checkpointer.close().await;
        if let Ok(stamp) = stopped {
            self.identity.stamped(stamp, position);
            if let Err(error) = self.identity.write(&self.folder) {
                tracing::warn!(%error, "the file identity could not be written");
            }
        }
        self.health.recreate_reserve();
    }
}
