//! The index for search. It follows the log of messages at its own pace.
//!
//! It has a file of its own, so that messages never wait for it, and a thread of its own. Each transaction also stores
//! up to which position the log is indexed. The log has everything that is in the index, so an index that does not fit
//! the log is thrown away and built anew.

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
use tokio::sync::{oneshot, watch};

use super::epoch::Epochs;
use super::health::is_damage;
use super::message::last_position;
use super::message::{DELETE, EDIT, MESSAGE};
use super::scrub;
use super::thread::{Backoff, Faults, rest};
use super::{connect, connect_unread};
use crate::folder::make_file;

/// The index's file, beside the database.
pub(super) const FILE: &str = "search.db";
/// The version of the index's schema. An index of another version is built anew.
const VERSION: i64 = 3;
/// Most entries in a transaction. The fixed cost of a transaction is shared by its entries.
const BATCH: usize = 4096;
/// Most bytes of terms in a transaction; the last message may exceed it.
const BYTES: usize = 1 << 20;
/// Characters of a word that are indexed. A search compares what it finds with the text, so the rest is not needed.
const TERM: usize = 16;
/// Page cache, in KiB.
const CACHE: i64 = 16 * 1024;
/// Pages of 4 KiB in the index's write-ahead log before they are copied into its file. A copy writes each page once,
/// however often it changed.
const CHECKPOINT: i64 = 4000;
/// How long entries are gathered before a transaction: one transaction for each entry would cost much more.
const GATHERING: Duration = Duration::from_millis(20);
/// After a transaction of this many entries they are gathered for [`BUSY_GATHERING`].
const BUSY: usize = 32;
/// How long entries are gathered under load.
const BUSY_GATHERING: Duration = Duration::from_millis(150);
/// Pages of the index that are written anew in one transaction, at the most, while deleted words are removed.
const MERGED: i64 = 256;
/// The longest rest after a transaction.
const LONGEST_REST: Duration = Duration::from_secs(1);

pub(super) struct Index {
    thread: Mutex<Option<JoinHandle<()>>>,
    wake: Mutex<Option<SyncSender<()>>>,
    closing: Arc<AtomicBool>,
    /// Whether the index is damaged and must be built anew.
    broken: Arc<AtomicBool>,
    scrubs: Arc<Scrubs>,
    upto: watch::Receiver<Position>,
}

/// Those who wait for what was deleted to be removed from the file. They are told once it is; if that fails, they are
/// dropped.
type Scrubs = Mutex<Vec<oneshot::Sender<()>>>;

impl Index {
    /// Starts the thread, which goes on from where the index ends. `log` is a connection to the database. A signal
    /// through `wake` arrives at `woken` and says that the log has grown. If `index` is an error, the thread opens the
    /// index later.
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
        let scrubs = Arc::<Scrubs>::default();
        let follower = Indexer {
            folder,
            log,
            index,
            epochs,
            upto,
            indexed,
            closing: closing.clone(),
            broken: broken.clone(),
            scrubs: scrubs.clone(),
        };
        let thread = faults.spawn("search", move || follower.run(&woken));
        // The log may have entries that are not indexed yet.
        let _ = wake.try_send(());
        let (thread, wake) = (Mutex::new(Some(thread)), Mutex::new(Some(wake)));
        Ok(Self { thread, wake, closing, broken, scrubs, upto: upto_seen })
    }

    /// Builds the index anew. A search calls this when it finds the index damaged.
    pub(super) fn mend(&self) {
        self.broken.store(true, Ordering::Relaxed);
        if let Some(wake) = &*self.wake.lock() {
            // If the channel is full, a signal is already on its way.
            let _ = wake.try_send(());
        }
    }

    /// Removes the words of deleted messages up to a position from the file as well. False if that failed.
    pub(super) async fn scrub(&self, position: Position) -> bool {
        self.reaches(position).await;
        let (done, scrubbed) = oneshot::channel();
        self.scrubs.lock().push(done);
        match &*self.wake.lock() {
            // If the channel is full, a signal is already on its way.
            Some(wake) => drop(wake.try_send(())),
            None => return false,
        }
        scrubbed.await.is_ok()
    }

    /// Waits until the log is indexed up to a position, or the index is closed.
    pub(super) async fn reaches(&self, position: Position) {
        let _ = self.upto.clone().wait_for(|upto| *upto >= position).await;
    }

    /// Ends the thread. Entries that are not indexed yet are indexed after the next start. Close the writer first: it
    /// holds a sender of `wake`, too, and the thread ends when all are dropped.
    pub(super) async fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        self.wake.lock().take();
        let thread = self.thread.lock().take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

/// How an index that does not fit the log is cleared.
#[derive(Clone, Copy)]
pub(super) enum Clear {
    /// Remove its files. Only at the start: a reader with the files open would go on reading the removed ones.
    Remove,
    /// Empty the file in place. For later, when readers have it open.
    Empty,
}

/// Opens the index in a folder. Builds a new one if the one there does not fit the log, whose last position is `now`.
pub(super) fn open(
    folder: &Path,
    epochs: &Epochs,
    now: Position,
    clear: Clear,
) -> Result<Connection, rusqlite::Error> {
    let path = folder.join(FILE);
    // If this fails because the disk is full, opening the index fails, too.
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
                // An index that readers have open must be written through its write-ahead log, which `connect` opens.
                // For a file that is no database `connect` fails. Such a file has no write-ahead log, so it is
                // overwritten without one.
                Clear::Empty => empty(&connect(&path).or_else(|_| connect_unread(&path))?)?,
            }
            let mut index = connect(&path)?;
            begin(&mut index, epochs.current)?;
            index
        }
    };
    // Entries that a power cut takes from the index are read from the log again.
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
        // The file may be missing.
        let _ = std::fs::remove_file(file);
    }
    let _ = make_file(path);
}

/// Empties the file of an index in place, whatever it contains.
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

/// Whether an index has this version and belongs to this log.
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

/// Appends the term of a word in a conversation, such as `17:hello`.
pub(super) fn term(conversation: i64, word: &str, to: &mut String) {
    let end = word.char_indices().nth(TERM).map_or(word.len(), |(at, _)| at);
    let _ = write!(to, "{conversation}:{}", &word[..end]);
}

struct Indexer {
    folder: PathBuf,
    log: Connection,
    /// `None` until it can be opened.
    index: Option<Connection>,
    epochs: Arc<Epochs>,
    upto: Position,
    indexed: watch::Sender<Position>,
    closing: Arc<AtomicBool>,
    broken: Arc<AtomicBool>,
    scrubs: Arc<Scrubs>,
}

/// What one transaction puts into the index.
#[derive(Default)]
struct Batch {
    count: usize,
    /// Whether the log may have more entries behind these.
    full: bool,
    /// The position of the last entry.
    upto: Position,
    /// The terms of messages that are new or changed, by the position of the message. Sorted, because FTS5 flushes its
    /// buffer whenever a row id is lower than the one before.
    messages: BTreeMap<Position, String>,
}

impl Indexer {
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
                // Rest as long as the transaction took. So building a large index takes at most half of a core from
                // senders.
                std::thread::sleep(started.elapsed().min(LONGEST_REST));
            }
            let asked = std::mem::take(&mut *self.scrubs.lock());
            if asked.is_empty() {
                continue;
            }
            match self.scrub() {
                Ok(()) => {
                    for asker in asked {
                        let _ = asker.send(());
                    }
                }
                Err(error) => tracing::warn!(%error, "deleted words are still in the index for search"),
            }
        }
    }

    /// Removes from the file what was deleted. FTS5 only notes which rows are deleted; their words go when it writes the
    /// parts of the index anew that have them.
    fn scrub(&mut self) -> Result<(), rusqlite::Error> {
        // A negative number begins a merge of all parts, and a positive one goes on with it.
        let mut pages = -MERGED;
        loop {
            let merged = self.step(|index| {
                let before = index.total_changes();
                let sql = "INSERT INTO message_words (message_words, rank) VALUES ('merge', ?)";
                index.prepare_cached(sql)?.execute([pages])?;
                Ok(index.total_changes() - before)
            })?;
            // What FTS5 says of a merge that had nothing left to do.
            if merged < 2 {
                break;
            }
            pages = MERGED;
        }
        let last = self.step(|index| scrub::last_page(index))?;
        for from in (1..=last).step_by(scrub::READ as usize) {
            self.step(|index| {
                let transaction = index.transaction()?;
                scrub::clean_pages(&transaction, &scrub::unclean(&transaction, from, last)?)?;
                transaction.commit()
            })?;
        }
        let busy: bool =
            self.step(|index| index.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)))?;
        if busy {
            let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
            return Err(rusqlite::Error::SqliteFailure(busy, Some("a search goes on".into())));
        }
        Ok(())
    }

    /// Does a step of scrubbing, and indexes what came meanwhile.
    fn step<T>(
        &mut self,
        step: impl FnOnce(&mut Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, rusqlite::Error> {
        if self.closing.load(Ordering::Relaxed) {
            return Err(rusqlite::Error::InvalidQuery);
        }
        let started = Instant::now();
        let done = step(self.index.as_mut().ok_or(rusqlite::Error::InvalidQuery)?)?;
        self.batch()?;
        std::thread::sleep(started.elapsed().min(LONGEST_REST));
        Ok(done)
    }

    /// Indexes the next entries. If the index turns out to be damaged, the next call builds it anew.
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
            // A message that is new to the index and already in it is a sign of damage, too.
            let twice = error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation);
            self.broken.fetch_or(twice || is_damage(&error), Ordering::Relaxed);
            return Err(error);
        }
        self.upto = batch.upto;
        self.indexed.send_replace(batch.upto);
        Ok(batch)
    }

    /// Empties the index in place, so that readers with it open see the new one.
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

/// Writes a batch into an index that had the log up to `upto`.
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

/// Reads the next entries of the log above a position. Messages are read as they are now, so an indexed text may be
/// newer than its entry; the later entry of that change then writes the same text again.
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

/// The message that a change is about, if it is at or below `upto` and so already in the index. Otherwise `None`: the
/// message is in this batch, as it is now.
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

/// The terms of a message, one for each word, separated by spaces.
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

    /// An index could not be opened at the start, as on a full disk, and is opened later. Readers that opened the file
    /// meanwhile find what is indexed then.
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
            // Otherwise the reader could find the entry in the write-ahead log, though its file is another one.
            let other = connect(&path).unwrap();
            other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
            let sql = "SELECT count(*) FROM search.message_words WHERE message_words MATCH '\"1:word\"'";
            let found: i64 = reader.query_row(sql, [], |row| row.get(0)).unwrap();
            assert_eq!(found, 1);
            index.close().await;
        }
    }
}
