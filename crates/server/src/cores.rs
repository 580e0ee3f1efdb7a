//! A thread and a runtime of its own for each core.
//!
//! A connection stays with the core it was given to. So its task never moves, its buffers stay in the core's caches,
//! and the tasks of a core take turns in order. Tokio's runtime for many threads does not: it keeps 256 tasks at each
//! thread and lets the others wait for a lull. With 1,000 busy sockets most messages took 2 ms and some 150 ms
//! (docs/decisions/0006).

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{JoinHandle, available_parallelism};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::sync::CancellationToken;

use crate::allocator;

/// How long to wait for the threads to end.
const PATIENCE: Duration = Duration::from_secs(1);

/// Makes a runtime for one core.
pub(crate) fn runtime() -> io::Result<Runtime> {
    // Every eighth turn looks at tasks woken by other threads, such as the store's. The default is every 31st.
    Builder::new_current_thread().enable_all().global_queue_interval(8).build()
}

/// The runtimes of all cores, to take by turns. The first is the one that started the others.
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
    /// Starts a thread for each core that this process may use, except the first, whose runtime is `first`.
    pub(crate) fn start(first: &Runtime) -> io::Result<(Self, Threads)> {
        let stop = CancellationToken::new();
        let (mut handles, mut threads) = (vec![first.handle().clone()], Vec::new());
        for core in 1..available_parallelism().map_or(1, usize::from) {
            let (runtime, stop) = (runtime()?, stop.clone());
            handles.push(runtime.handle().clone());
            let run = move || {
                runtime.block_on(stop.cancelled());
                // A task that does not end in time does not keep the process running.
                runtime.shutdown_background();
            };
            threads.push(std::thread::Builder::new().name(format!("core-{core}")).spawn(run)?);
        }
        for handle in &handles {
            // The thread ends with its runtime.
            handle.spawn(allocator::give_back());
        }
        Ok((Self { handles: handles.into(), next: Arc::default() }, Threads { stop, threads }))
    }

    /// The runtime of the next core by turns.
    pub(crate) fn next(&self) -> &Handle {
        &self.handles[self.next.fetch_add(1, Ordering::Relaxed) % self.handles.len()]
    }
}

impl Threads {
    /// Ends the threads and drops the tasks that still run on them. A thread that does not end in time does not keep
    /// the process running.
    pub(crate) fn end(self) {
        self.stop.cancel();
        let until = Instant::now() + PATIENCE;
        while self.threads.iter().any(|thread| !thread.is_finished()) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
