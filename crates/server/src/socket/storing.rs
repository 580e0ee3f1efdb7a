//! What waits for the store, to be acknowledged: one task for each core, which a commit wakes once for all of it.

use std::cell::RefCell;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::mpsc;

type Work = BoxFuture<'static, ()>;

thread_local! {
    /// Leads to the task of this core.
    static QUEUE: RefCell<Option<mpsc::UnboundedSender<Work>>> = const { RefCell::new(None) };
}

/// Finishes something on the core that this is called on. It is bounded by what the domain lets wait for the store.
pub(super) fn finish(work: Work) {
    QUEUE.with_borrow_mut(|queue| {
        let unsent = match queue {
            Some(queue) => queue.send(work).err().map(|refused| refused.0),
            None => Some(work),
        };
        // The first time, and where another runtime was on this thread.
        if let Some(work) = unsent {
            let (sender, receiver) = mpsc::unbounded_channel();
            // Its own sender is in `receiver`'s task no more than in this thread, so this cannot fail.
            let _ = sender.send(work);
            *queue = Some(sender);
            tokio::spawn(run(receiver));
        }
    });
}

/// Ends with its runtime, or its thread.
async fn run(mut queue: mpsc::UnboundedReceiver<Work>) {
    let mut working = FuturesUnordered::new();
    loop {
        tokio::select! {
            work = queue.recv() => match work {
                // A fault in one must not take the others with it.
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
