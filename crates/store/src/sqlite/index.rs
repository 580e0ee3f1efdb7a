//! The index of words: a reader of the log like others, which follows it at its own pace.
//!
//! It is in a file of its own, so that it never takes the writer's place, with a thread of its own, which notes in
//! the same transaction how far it has come. It says nothing that the log does not say: an index that does not fit
//! the log is thrown away and made anew.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use domain::Query;
use domain::store::{Epoch, Position};
use parking_lot::Mutex;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, params};
use tokio::sync::watch;

use super::epoch::Epochs;
use super::health::is_damage;
use super::message::last_position;
use super::message::{DELETE, EDIT, MESSAGE};
use super::thread::{Backoff, Faults, rest};
use super::{connect, connect_unread};
use crate::folder::make_file;

/// The file beside the database.
pub(super) const FILE: &str = "search.db";
/// Of the schema.
const VERSION: i64 = 2;
/// Entries in a transaction: what it costs beside them is divided by their number.
const BATCH: usize = 4096;
/// Bytes of terms in a transaction; the last may go over it.
const BYTES: usize = 1 << 20;
/// Characters of a word that are looked up. What is found is compared with the text, so the rest is not needed.
const TERM: usize = 16;
/// Page cache, in KiB.
const CACHE: i64 = 16 * 1024;
/// Pages of 4 KiB in the write-ahead log before they are copied into the file, each page once however often it changed.
const CHECKPOINT: i64 = 4000;
/// How long entries are gathered: a transaction for each would cost much more.
const GATHERING: Duration = Duration::from_millis(20);
/// After a transaction of this many they are gathered for longer.
const BUSY: usize = 32;
/// How long that is.
const BUSY_GATHERING: Duration = Duration::from_millis(150);
/// The longest rest after a transaction.
const LONGEST_REST: Duration = Duration::from_secs(1);

pub(super) struct Index {
    thread: Mutex<Option<JoinHandle<()>>>,
    wake: Mutex<Option<SyncSender<()>>>,
    closing: Arc<AtomicBool>,
    /// Whether it is to be made anew.
    broken: Arc<AtomicBool>,
    upto: watch::Receiver<Position>,
}

impl Index {
    /// Follows the log from where it stood. `log` is a connection to that, and `woken` hears from `wake` when it has
    /// grown. An index that cannot be opened now is opened later.
    pub(super) fn start(
        folder: &Path,
        log: Connection,
        index: Result<Connection, rusqlite::Error>,
        epochs: Arc<Epochs>,
        wake: SyncSender<()>,
        woken: Receiver<()>,
        faults: &Faults,
    ) -> Result<Self, rusqlite::Error> {
        let index = index
            .inspect_err(
                |error| tracing::warn!(%error, "the index for search cannot be opened; it is tried again"),
            )
            .ok();
        let upto = index.as_ref().map_or(Ok(Position(0)), upto)?;
        let folder = folder.to_owned();
        let (indexed, upto_seen) = watch::channel(upto);
        let (closing, broken) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let follower = Follower {
            folder,
            log,
            index,
            epochs,
            upto,
            indexed,
            closing: closing.clone(),
            broken: broken.clone(),
        };
        let thread = faults.spawn("search", move || follower.run(&woken));
        // For what came before it was there to see.
        let _ = wake.try_send(());
        let (thread, wake) = (Mutex::new(Some(thread)), Mutex::new(Some(wake)));
        Ok(Self { thread, wake, closing, broken, upto: upto_seen })
    }

    /// Has it made anew: it was found to be damaged.
    pub(super) fn mend(&self) {
        self.broken.store(true, Ordering::Relaxed);
        if let Some(wake) = &*self.wake.lock() {
            // Full: it has been woken already.
            let _ = wake.try_send(());
        }
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

/// How an index that does not belong to the log is cleared away.
#[derive(Clone, Copy)]
pub(super) enum Clear {
    /// At the start, its files are removed. Who has them open would go on reading what was removed.
    Remove,
    /// Later it is emptied, since readers have it open.
    Empty,
}

/// Opens the index in a folder, anew if what is there is not that of the log, which stands at `now`.
pub(super) fn open(
    folder: &Path,
    epochs: &Epochs,
    now: Position,
    clear: Clear,
) -> Result<Connection, rusqlite::Error> {
    let path = folder.join(FILE);
    // In vain where there is no room; then it cannot be opened either.
    let _ = make_file(&path);
    let usable = connect(&path).and_then(|index| Ok(fits(&index, epochs, now)?.then_some(index)));
    let index = match usable {
        Ok(Some(index)) => index,
        Err(error) if !is_damage(&error) => return Err(error),
        unfit => {
            if unfit.is_err() || path.metadata().is_ok_and(|file| file.len() > 0) {
                tracing::info!("the index for search is made anew");
            }
            drop(unfit);
            match clear {
                Clear::Remove => remove(&path),
                // While readers have it open, it is written through its log; a file that is no database has neither.
                Clear::Empty => empty(&connect(&path).or_else(|_| connect_unread(&path))?)?,
            }
            let mut index = connect(&path)?;
            begin(&mut index, epochs.current)?;
            index
        }
    };
    // What is lost with the power is read from the log again.
    index.pragma_update(None, "synchronous", "normal")?;
    index.pragma_update(None, "cache_size", -CACHE)?;
    index.pragma_update(None, "wal_autocheckpoint", CHECKPOINT)?;
    Ok(index)
}

/// Removes the files of an index and makes an empty one.
fn remove(path: &Path) {
    for end in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(end);
        // Only what is there can be removed.
        let _ = std::fs::remove_file(file);
    }
    let _ = make_file(path);
}

/// Empties an index where it is, whatever is in it.
fn empty(index: &Connection) -> Result<(), rusqlite::Error> {
    index.set_db_config(DbConfig::SQLITE_DBCONFIG_RESET_DATABASE, true)?;
    let emptied = index.execute_batch("VACUUM");
    index.set_db_config(DbConfig::SQLITE_DBCONFIG_RESET_DATABASE, false)?;
    emptied
}

fn begin(index: &mut Connection, epoch: Epoch) -> Result<(), rusqlite::Error> {
    let transaction = index.transaction()?;
    transaction.execute_batch(include_str!("../../migrations/sqlite/search.sql"))?;
    transaction.execute("INSERT INTO state (epoch, fts_upto) VALUES (?, 0)", [epoch.0])?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
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

fn upto(index: &Connection) -> Result<Position, rusqlite::Error> {
    index.query_row("SELECT fts_upto FROM state", [], |row| row.get(0).map(Position))
}

/// Writes what a word in a conversation is looked up by.
pub(super) fn term(conversation: i64, word: &str, to: &mut String) {
    let end = word.char_indices().nth(TERM).map_or(word.len(), |(at, _)| at);
    let _ = write!(to, "{conversation}:{}", &word[..end]);
}

struct Follower {
    folder: PathBuf,
    log: Connection,
    /// Where it could be opened.
    index: Option<Connection>,
    epochs: Arc<Epochs>,
    upto: Position,
    indexed: watch::Sender<Position>,
    closing: Arc<AtomicBool>,
    broken: Arc<AtomicBool>,
}

/// The entries of a transaction, as far as the index needs them.
#[derive(Default)]
struct Batch {
    count: usize,
    /// Whether there may be more.
    full: bool,
    /// The last one's.
    upto: Position,
    /// The terms of the messages that are new or have changed, in the order of the log: FTS5 writes out what it has
    /// gathered at each step back.
    messages: BTreeMap<Position, String>,
}

impl Follower {
    fn run(mut self, woken: &Receiver<()>) {
        let (mut busy, mut backoff) = (false, Backoff::new());
        while woken.recv().is_ok() {
            std::thread::sleep(if busy { BUSY_GATHERING } else { GATHERING });
            busy = false;
            while !self.closing.load(Ordering::Relaxed) {
                let started = Instant::now();
                match self.batch() {
                    Ok(batch) => {
                        backoff.reset();
                        busy |= batch.count >= BUSY;
                        if !batch.full {
                            break;
                        }
                    }
                    Err(error) => {
                        let wait = backoff.next();
                        tracing::warn!(%error, ?wait, "messages could not be indexed; it is tried again");
                        if !rest(woken, wait) {
                            return;
                        }
                    }
                }
                // Half of its time at most, so that a long way to go leaves the processor to those who send.
                std::thread::sleep(started.elapsed().min(LONGEST_REST));
            }
        }
    }

    /// Takes the next entries in. An index that turns out to be damaged is begun anew at the next call.
    fn batch(&mut self) -> Result<Batch, rusqlite::Error> {
        if self.broken.load(Ordering::Relaxed) {
            self.begin_anew()?;
            self.broken.store(false, Ordering::Relaxed);
        }
        let index = match self.index.take() {
            Some(index) => index,
            None => {
                let now = Position(last_position(&self.log)?);
                let index = open(&self.folder, &self.epochs, now, Clear::Empty)?;
                self.upto = upto(&index)?;
                self.indexed.send_replace(self.upto);
                index
            }
        };
        let index = self.index.insert(index);
        let batch = next(&self.log, self.upto)?;
        if batch.count == 0 {
            return Ok(batch);
        }
        if let Err(error) = take_in(index, &batch, self.epochs.current, self.upto) {
            // What is new and yet there already says so, too.
            let twice = error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation);
            self.broken.fetch_or(twice || is_damage(&error), Ordering::Relaxed);
            return Err(error);
        }
        self.upto = batch.upto;
        self.indexed.send_replace(batch.upto);
        Ok(batch)
    }

    /// Empties the index where it is, so that those who read it see the new one.
    fn begin_anew(&mut self) -> Result<(), rusqlite::Error> {
        let Some(index) = &mut self.index else { return Ok(()) };
        tracing::info!("the index for search is made anew");
        index.flush_prepared_statement_cache();
        empty(index)?;
        begin(index, self.epochs.current)?;
        self.upto = Position(0);
        self.indexed.send_replace(self.upto);
        Ok(())
    }
}

/// Takes entries into the index, which had those up to a position.
fn take_in(
    index: &mut Connection,
    batch: &Batch,
    epoch: Epoch,
    upto: Position,
) -> Result<(), rusqlite::Error> {
    let transaction = index.transaction()?;
    {
        let mut delete = transaction.prepare_cached("DELETE FROM message_words WHERE rowid = ?")?;
        let mut insert =
            transaction.prepare_cached("INSERT INTO message_words (rowid, words) VALUES (?, ?)")?;
        for (position, terms) in &batch.messages {
            if *position <= upto {
                delete.execute([position.0])?;
            }
            if !terms.is_empty() {
                insert.execute(params![position.0, terms])?;
            }
        }
    }
    let sql = "UPDATE state SET epoch = ?, fts_upto = ?";
    transaction.prepare_cached(sql)?.execute(params![epoch.0, batch.upto.0])?;
    transaction.commit()
}

/// Reads the entries of the log above a position. It has each message as it is now, and its changes come in their
/// order: once they all have come, so is it here.
fn next(log: &Connection, upto: Position) -> Result<Batch, rusqlite::Error> {
    let sql = "SELECT position, conversation_id, kind, ref_seq, text FROM messages WHERE position > ? \
               ORDER BY position LIMIT ?";
    let mut statement = log.prepare_cached(sql)?;
    let mut rows = statement.query(params![upto.0, BATCH])?;
    let (mut batch, mut bytes) = (Batch::default(), 0);
    while bytes < BYTES
        && let Some(row) = rows.next()?
    {
        let (position, conversation) = (Position(row.get(0)?), row.get(1)?);
        batch.count += 1;
        batch.upto = position;
        let message = match row.get(2)? {
            MESSAGE => Some((position, terms(conversation, row.get_ref(4)?.as_str_or_null()?))),
            EDIT | DELETE => changed(log, conversation, row.get(3)?, upto)?,
            _ => None,
        };
        if let Some((position, terms)) = message {
            bytes += terms.len();
            batch.messages.insert(position, terms);
        }
    }
    batch.full = batch.count == BATCH || bytes >= BYTES;
    Ok(batch)
}

/// A message that an entry says has changed, if it is in the index: else it is taken in as it is now.
fn changed(
    log: &Connection,
    conversation: i64,
    seq: Option<u64>,
    upto: Position,
) -> Result<Option<(Position, String)>, rusqlite::Error> {
    let sql = "SELECT position, text FROM messages WHERE conversation_id = ? AND seq = ? AND position <= ?";
    let mut statement = log.prepare_cached(sql)?;
    let message =
        |row: &Row<'_>| Ok((Position(row.get(0)?), terms(conversation, row.get_ref(1)?.as_str_or_null()?)));
    statement.query_row(params![conversation, seq, upto.0], message).optional()
}

/// What a message is found by: a term for each of its words.
fn terms(conversation: i64, text: Option<&str>) -> String {
    let mut terms = String::new();
    for word in Query::words(text.unwrap_or_default()) {
        term(conversation, &word, &mut terms);
        terms.push(' ');
    }
    terms
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use domain::store::{MessageStore, SearchStore, Store};
    use tempfile::tempdir;

    use super::super::attach;
    use super::super::tests::{open, send, user};
    use super::*;

    /// An index that could not be opened at the start, as on a full disk, and is later. What readers opened meanwhile
    /// is the file that is filled.
    #[tokio::test]
    async fn readers_find_in_an_index_that_is_opened_late() {
        let folder = tempdir().unwrap();
        let path = folder.path().join(FILE);
        let store = open(folder.path());
        let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
        store.close().await;
        drop(store);
        let mut older = std::fs::read(&path).unwrap();
        // `user_version`, in the head of the file.
        older[63] = 1;
        let store = open(folder.path());
        send(&store, ann, bob, "word").await.unwrap();
        store.indexed().await;
        let position = store.position().await.unwrap();
        store.close().await;
        drop(store);
        let whole = std::fs::read(&path).unwrap();
        let garbage = b"no database".to_vec();
        for (left, then) in [(Vec::new(), None), (older, None), (whole, None), (Vec::new(), Some(garbage))] {
            std::fs::write(&path, &left).unwrap();
            let database = folder.path().join("aldis.db");
            let reader = connect(&database).unwrap();
            attach(&reader, folder.path()).unwrap();
            if let Some(then) = then {
                std::fs::write(&path, &then).unwrap();
            }
            let log = connect(&database).unwrap();
            let epochs = Arc::new(Epochs::read(&log, Epoch([1; 8])).unwrap());
            let (wake, woken) = mpsc::sync_channel(1);
            let failed = Err(rusqlite::Error::InvalidQuery);
            let index =
                Index::start(folder.path(), log, failed, epochs, wake, woken, &Faults::new()).unwrap();
            index.reaches(position).await;
            // Else the write-ahead log, which is opened late, could hide that it is another file.
            let other = connect(&path).unwrap();
            other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
            let sql = "SELECT count(*) FROM search.message_words WHERE message_words MATCH '\"1:word\"'";
            let found: i64 = reader.query_row(sql, [], |row| row.get(0)).unwrap();
            assert_eq!(found, 1);
            index.close().await;
        }
    }
}
