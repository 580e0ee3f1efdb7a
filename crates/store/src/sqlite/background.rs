//! Threads of low priority for long reads: whoever sends a message does not wait for a processor that searches.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// How much nicer than others the threads are: on a busy processor they get about a quarter of it.
const NICENESS: i32 = 5;

/// Threads that run one job after the other. They end once this is dropped and its jobs are done.
pub(super) struct Background {
    jobs: Sender<Job>,
}

impl Background {
    pub(super) fn new(threads: usize) -> Self {
        let (jobs, queue) = channel();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..threads {
            let queue = queue.clone();
            let work = move || {
                // On Linux this is the priority of the calling thread alone.
                let _ = rustix::process::nice(NICENESS);
                work_off(&queue);
            };
            thread::Builder::new().name("reader".into()).spawn(work).expect("the system can start a thread");
        }
        Self { jobs }
    }

    /// Runs a job within the caller's runtime. It is run even if the caller stops waiting. `None` if it panicked.
    pub(super) async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        let runtime = Handle::current();
        let job = move || {
            let _runtime = runtime.enter();
            // The caller may have stopped waiting.
            let _ = answer.send(job());
        };
        self.jobs.send(Box::new(job)).ok()?;
        answered.await.ok()
    }
}

fn work_off(queue: &Mutex<Receiver<Job>>) {
    loop {
        // The lock is let go before the job runs.
        let Ok(job) = queue.lock().recv() else { return };
        // What panicked is answered by what it dropped, and the thread goes on.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn jobs_have_a_low_priority_and_one_that_panics_ends_no_thread() {
        let background = Background::new(1);
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let before = nice();
        assert_eq!(background.run(nice).await, Some((before + NICENESS).min(19)));
        assert_eq!(background.run(|| -> u32 { panic!("a fault in a job") }).await, None);
        assert_eq!(background.run(|| Handle::try_current().is_ok()).await, Some(true));
        assert_eq!(nice(), before);
    }
}
