//! The index of words: a reader of the log like others, which follows it at its own pace.
//!
//! It is in a file of its own, so that it never takes the writer's place, with a thread of its own, which notes in
//! the same transaction how far it has come. It says nothing that the log does not say: an index that does not fit
//! the log is thrown away and made anew.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use domain::Query;
use domain::store::{Epoch, Position};
use parking_lot::Mutex;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, params};
use tokio::sync::watch;

use super::connect;
use super::epoch::Epochs;
use super::message::{DELETE, EDIT, MESSAGE};

/// The file beside the database.
pub(super) const FILE: &str = "search.db";
/// Of the schema.
const VERSION: i64 = 1;
/// Entries in a transaction.
const BATCH: usize = 512;
/// Bytes of text in a transaction; the last may go over it.
const BYTES: usize = 1 << 20;
/// Page cache, in KiB.
const CACHE: i64 = 16 * 1024;
/// How long entries are gathered: a transaction for each would cost much more.
const GATHERING: Duration = Duration::from_millis(20);
/// How long a disk that fails is given.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) struct Index {
    thread: Mutex<Option<JoinHandle<()>>>,
    wake: Mutex<Option<SyncSender<()>>>,
    closing: Arc<AtomicBool>,
    upto: watch::Receiver<Position>,
}

impl Index {
    /// Follows the log from where it stood. `log` is a connection to that, and `woken` hears from `wake` when it has
    /// grown.
    pub(super) fn start(
        log: Connection,
        index: Connection,
        epoch: Epoch,
        wake: SyncSender<()>,
        woken: Receiver<()>,
    ) -> Result<Self, rusqlite::Error> {
        let upto = upto(&index)?;
        let (indexed, upto_seen) = watch::channel(upto);
        let closing = Arc::new(AtomicBool::new(false));
        let follower = Follower { log, index, epoch, upto, indexed, closing: closing.clone() };
        let thread = std::thread::Builder::new()
            .name("search".into())
            .spawn(move || follower.run(&woken))
            .expect("the system can start a thread");
        // For what came before it was there to see.
        let _ = wake.try_send(());
        Ok(Self { thread: Mutex::new(Some(thread)), wake: Mutex::new(Some(wake)), closing, upto: upto_seen })
    }

    /// Waits until the entries up to a position are in it, or it is closed.
    pub(super) async fn reaches(&self, position: Position) {
        let _ = self.upto.clone().wait_for(|upto| *upto >= position).await;
    }

    /// Ends the thread; what it has not come to waits for the next start. The writer, which holds the other end,
    /// must be closed before.
    pub(super) async fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        self.wake.lock().take();
        let thread = self.thread.lock().take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

/// Opens the index in a folder, anew if what is there is not that of the log, which stands at `now`.
pub(super) fn open(folder: &Path, epochs: &Epochs, now: Position) -> Result<Connection, rusqlite::Error> {
    let path = folder.join(FILE);
    let usable = connect(&path).and_then(|index| Ok(fits(&index, epochs, now)?.then_some(index)));
    let index = match usable {
        Ok(Some(index)) => index,
        Err(error) if !is_of_the_file(&error) => return Err(error),
        unfit => {
            if unfit.is_err() || path.metadata().is_ok_and(|file| file.len() > 0) {
                tracing::info!("the index for search is made anew");
            }
            drop(unfit);
            for end in ["", "-wal", "-shm"] {
                // Only what is there can be removed.
                let _ = std::fs::remove_file(folder.join(format!("{FILE}{end}")));
            }
            begin(connect(&path)?, epochs.current)?
        }
    };
    // What is lost with the power is read from the log again.
    index.pragma_update(None, "synchronous", "normal")?;
    index.pragma_update(None, "cache_size", -CACHE)?;
    Ok(index)
}

fn begin(mut index: Connection, epoch: Epoch) -> Result<Connection, rusqlite::Error> {
    let transaction = index.transaction()?;
    transaction.execute_batch(include_str!("../../migrations/sqlite/search.sql"))?;
    transaction.execute("INSERT INTO state (epoch, fts_upto) VALUES (?, 0)", [epoch.0])?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(index)
}

/// Whether an index is of this schema and this log.
fn fits(index: &Connection, epochs: &Epochs, now: Position) -> Result<bool, rusqlite::Error> {
    let version: i64 = index.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version != VERSION {
        return Ok(false);
    }
    let state = |row: &Row<'_>| Ok((Epoch(row.get(0)?), Position(row.get(1)?)));
    let (epoch, upto) = index.query_row("SELECT epoch, fts_upto FROM state", [], state)?;
    Ok(epochs.reached(epoch, upto, now))
}

fn is_of_the_file(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

fn upto(index: &Connection) -> Result<Position, rusqlite::Error> {
    index.query_row("SELECT fts_upto FROM state", [], |row| row.get(0).map(Position))
}

/// The word for a conversation in the index.
pub(super) fn conversation_word(key: i64) -> String {
    format!("c{key}")
}

struct Follower {
    log: Connection,
    index: Connection,
    epoch: Epoch,
    upto: Position,
    indexed: watch::Sender<Position>,
    closing: Arc<AtomicBool>,
}

/// An entry, as far as the index needs it.
struct Entry {
    position: Position,
    conversation: i64,
    kind: i64,
    of: Option<u64>,
    text: Option<String>,
}

impl Follower {
    fn run(mut self, woken: &Receiver<()>) {
        while woken.recv().is_ok() {
            std::thread::sleep(GATHERING);
            while !self.closing.load(Ordering::Relaxed) {
                let started = Instant::now();
                match self.batch() {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) => {
                        tracing::warn!(%error, "messages could not be indexed; it is tried again");
                        match woken.recv_timeout(PATIENCE) {
                            Ok(()) | Err(RecvTimeoutError::Timeout) => {}
                            Err(RecvTimeoutError::Disconnected) => return,
                        }
                    }
                }
                // Half of its time at most, so that a long way to go leaves the processor to those who send.
                std::thread::sleep(started.elapsed().min(PATIENCE));
            }
        }
    }

    /// Takes the next entries in. Says whether there may be more.
    fn batch(&mut self) -> Result<bool, rusqlite::Error> {
        let entries = self.next()?;
        let Some(last) = entries.last() else { return Ok(false) };
        let upto = last.position;
        let transaction = self.index.transaction()?;
        for entry in &entries {
            take_in(&self.log, &transaction, entry)?;
        }
        let sql = "UPDATE state SET epoch = ?, fts_upto = ?";
        transaction.prepare_cached(sql)?.execute(params![self.epoch.0, upto.0])?;
        transaction.commit()?;
        self.upto = upto;
        self.indexed.send_replace(upto);
        Ok(true)
    }

    fn next(&self) -> Result<Vec<Entry>, rusqlite::Error> {
        let sql = "SELECT position, conversation_id, kind, ref_seq, text FROM messages WHERE position > ? \
                   ORDER BY position LIMIT ?";
        let mut statement = self.log.prepare_cached(sql)?;
        let mut rows = statement.query(params![self.upto.0, BATCH])?;
        let (mut entries, mut bytes) = (Vec::new(), 0);
        while bytes < BYTES
            && let Some(row) = rows.next()?
        {
            let text: Option<String> = row.get(4)?;
            bytes += text.as_ref().map_or(0, String::len);
            let (position, conversation) = (Position(row.get(0)?), row.get(1)?);
            entries.push(Entry { position, conversation, kind: row.get(2)?, of: row.get(3)?, text });
        }
        Ok(entries)
    }
}

/// Takes an entry in. The log has each message as it is now, and its changes come in their order: once they all have
/// come, so is it here.
fn take_in(log: &Connection, index: &Connection, entry: &Entry) -> Result<(), rusqlite::Error> {
    match entry.kind {
        MESSAGE => put(index, entry.position, entry.conversation, entry.text.as_deref().unwrap_or_default()),
        EDIT | DELETE => {
            let sql = "SELECT position, text FROM messages WHERE conversation_id = ? AND seq = ?";
            let changed = |row: &Row<'_>| Ok((Position(row.get(0)?), row.get::<_, Option<String>>(1)?));
            let place = params![entry.conversation, entry.of];
            let Some((position, text)) = log.prepare_cached(sql)?.query_row(place, changed).optional()?
            else {
                return Ok(());
            };
            index.prepare_cached("DELETE FROM message_words WHERE rowid = ?")?.execute([position.0])?;
            put(index, position, entry.conversation, text.as_deref().unwrap_or_default())
        }
        _ => Ok(()),
    }
}

fn put(index: &Connection, position: Position, conversation: i64, text: &str) -> Result<(), rusqlite::Error> {
    let words = Query::indexed(text);
    if words.is_empty() {
        return Ok(());
    }
    // What did not come to its end may have been read twice.
    let sql = "INSERT OR REPLACE INTO message_words (rowid, conversation, words) VALUES (?, ?, ?)";
    index.prepare_cached(sql)?.execute(params![position.0, conversation_word(conversation), words])?;
    Ok(())
}
