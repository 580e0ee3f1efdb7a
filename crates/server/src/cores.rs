//! A thread and a runtime of its own for each core.
//!
//! A connection stays with the core it was given to, so its task is never moved, its buffers stay warm, and
//! the tasks that are due on a core get their turns in order. A runtime that shares its
//! tasks out among threads keeps 256 of them at hand on each and lets the rest wait for a lull: with 1,000
//! busy sockets most went round in 2 ms while some waited for 150 (docs/decisions/0006).

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{JoinHandle, available_parallelism};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::sync::CancellationToken;

use crate::allocator;

/// How long the threads are given to end.
const PATIENCE: Duration = Duration::from_secs(1);

/// A runtime for one core.
pub(crate) fn runtime() -> io::Result<Runtime> {
    // Every eighth turn is for what other threads woke, such as the store's: by default it is one in 31.
    Builder::new_current_thread().enable_all().global_queue_interval(8).build()
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
    /// Starts as many as the machine, or what limits this process, has; `first` is there already.
    pub(crate) fn start(first: &Runtime) -> io::Result<(Self, Threads)> {
        let stop = CancellationToken::new();
        let (mut handles, mut threads) = (vec![first.handle().clone()], Vec::new());
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
        for handle in &handles {
            // Ends with its runtime.
            handle.spawn(allocator::give_back());
        }
        Ok((Self { handles: handles.into(), next: Arc::default() }, Threads { stop, threads }))
    }

    /// Whose turn it is.
    pub(crate) fn next(&self) -> &Handle {
        &self.handles[self.next.fetch_add(1, Ordering::Relaxed) % self.handles.len()]
    }
}

impl Threads {
    /// Ends them; what still runs on them is dropped. One that does not end in time does not keep the process.
    pub(crate) fn end(self) {
        self.stop.cancel();
        let until = Instant::now() + PATIENCE;
        while self.threads.iter().any(|thread| !thread.is_finished()) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
