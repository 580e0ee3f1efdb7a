//! Copies the write-ahead log into the database, beside the writer instead of in its way.
//!
//! A commit that finds the log over [`START`] wakes the checkpointer, which copies what is there while the
//! writer goes on (a passive checkpoint). A log that is copied whole is begun anew by the next commit; under
//! steady writing there is always a rest, so past [`FORCE`] the checkpointer holds the writer up for as long
//! as the rest takes, and the log begins anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::JoinHandle;
use std::time::Instant;

use parking_lot::Mutex;
use rusqlite::Connection;

/// Pages of 4 KiB: 128 MiB.
const START: u32 = 32_000;
/// Pages of 4 KiB: 512 MiB.
const FORCE: u32 = 4 * START;

pub(super) struct Checkpointer {
    thread: Mutex<Option<JoinHandle<()>>>,
    wake: Mutex<Option<SyncSender<()>>>,
}

impl Checkpointer {
    /// Watches the commits of `writer`, working on a connection of its own.
    pub(super) fn start(own: Connection, writer: &mut Connection) -> Result<Self, rusqlite::Error> {
        let pages = Arc::new(AtomicU32::new(0));
        let (wake, woken) = mpsc::sync_channel(1);
        let (log, waker) = (pages.clone(), wake.clone());
        writer.wal_hook(Some(move |_: &mut _, count| {
            let count = u32::try_from(count).unwrap_or_default();
            log.store(count, Ordering::Relaxed);
            if count >= START {
                // Full: it has been woken already.
                let _ = waker.try_send(());
            }
            Ok(())
        }))?;
        let thread = std::thread::Builder::new()
            .name("checkpoint".into())
            .spawn(move || run(&own, &woken, &pages))
            .expect("the system can start a thread");
        Ok(Self { thread: Mutex::new(Some(thread)), wake: Mutex::new(Some(wake)) })
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

fn run(connection: &Connection, woken: &Receiver<()>, pages: &AtomicU32) {
    while woken.recv().is_ok() {
        let started = Instant::now();
        let before = pages.load(Ordering::Relaxed);
        let mode = if before >= FORCE { "RESTART" } else { "PASSIVE" };
        let done = connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
            Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        });
        let took = started.elapsed();
        match done {
            Ok((log, copied)) => tracing::debug!(mode, log, copied, ?took, "checkpoint"),
            Err(error) => tracing::warn!(mode, %error, "a checkpoint failed; it is tried again"),
        }
    }
}
