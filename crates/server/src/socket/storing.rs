//! Acknowledgements that wait for the store. One task of each core sends them all, so a commit wakes one task and not
//! one for each message.

use std::cell::RefCell;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::mpsc;
use tokio::task::unconstrained;

type Work = BoxFuture<'static, ()>;

thread_local! {
    /// The queue of this core's task.
    static QUEUE: RefCell<Option<mpsc::UnboundedSender<Work>>> = const { RefCell::new(None) };
}

/// Runs `work` to its end on the calling core. The queue is bounded by the number of entries that the domain lets
/// wait for the store.
pub(super) fn finish(work: Work) {
    QUEUE.with_borrow_mut(|queue| {
        let unsent = match queue {
            Some(queue) => queue.send(work).err().map(|refused| refused.0),
            None => Some(work),
        };
        // The first time, or if the task ended with an earlier runtime of this thread.
        if let Some(work) = unsent {
            let (sender, receiver) = mpsc::unbounded_channel();
            // `receiver` is still here, so this cannot fail.
            let _ = sender.send(work);
            *queue = Some(sender);
            // All that a commit has answered is sent in one turn, and so with what the announcer tells of that commit.
            // Tokio would have it stop after some 60 answers, to go on when every socket has had its turn.
            tokio::spawn(unconstrained(run(receiver)));
        }
    });
}

/// Runs the work of one core. Ends with its runtime, or with the thread that has the queue's sender.
async fn run(mut queue: mpsc::UnboundedReceiver<Work>) {
    let mut working = FuturesUnordered::new();
    loop {
        tokio::select! {
            work = queue.recv() => match work {
                // A panic in one acknowledgement must not lose the others.
                Some(work) => working.push(AssertUnwindSafe(work).catch_unwind()),
                None => break,
            },
            Some(ended) = working.next() => {
                if ended.is_err() {
                    tracing::error!("an acknowledgement panicked");
                }
            }
        }
    }
}
