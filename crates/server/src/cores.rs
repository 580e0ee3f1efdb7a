//! A thread and a runtime of its own for each core.
//!
//! A connection stays with the core it was given to, so its task is never moved, its buffers stay warm, and
//! every task that is due on a core gets its turn before any gets a second one. A runtime that shares its
//! tasks out among threads keeps 256 of them at hand on each and lets the rest wait for a lull: with 1,000
//! busy sockets most went round in 2 ms while some waited for 150 (docs/decisions/0006).

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{JoinHandle, available_parallelism};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::sync::CancellationToken;

/// A runtime for one core.
pub(crate) fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// The cores, by turns. The first is the one that they were started from.
#[derive(Clone)]
pub(crate) struct Cores {
    handles: Arc<[Handle]>,
    next: Arc<AtomicUsize>,
}

/// The threads of all cores but the first.
pub(crate) struct Threads {
    stop: CancellationToken,
    threads: Vec<JoinHandle<()>>,
}

impl Cores {
    /// Starts as many as the machine, or what limits this process, has. To be called within a [`runtime`].
    pub(crate) fn start() -> io::Result<(Self, Threads)> {
        let stop = CancellationToken::new();
        let (mut handles, mut threads) = (vec![Handle::current()], Vec::new());
        for core in 1..available_parallelism().map_or(1, usize::from) {
            let (runtime, stop) = (runtime()?, stop.clone());
            handles.push(runtime.handle().clone());
            let run = move || {
                runtime.block_on(stop.cancelled());
                // What did not end in time does not keep the process.
                runtime.shutdown_background();
            };
            threads.push(std::thread::Builder::new().name(format!("core-{core}")).spawn(run)?);
        }
        Ok((Self { handles: handles.into(), next: Arc::default() }, Threads { stop, threads }))
    }

    /// Whose turn it is.
    pub(crate) fn next(&self) -> &Handle {
        &self.handles[self.next.fetch_add(1, Ordering::Relaxed) % self.handles.len()]
    }
}

impl Threads {
    /// Ends them; what still runs on them is dropped.
    pub(crate) fn end(self) {
        self.stop.cancel();
        for thread in self.threads {
            // It panicked: so be it, the process ends.
            let _ = thread.join();
        }
    }
}
