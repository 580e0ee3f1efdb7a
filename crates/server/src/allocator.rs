//! Memory: taken fast, and given back.
//!
//! Many small allocations, made on one thread and freed on another, are what a message costs
//! (docs/decisions/0006-performance.md).

use std::time::Duration;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How soon the system has back what nobody uses.
const EVERY: Duration = Duration::from_secs(1);

/// Gives back the pages that the thread of this task has no more use for, as long as it runs. Left to itself the
/// allocator does so while it is asked for more, and an idle server asks for nothing.
pub(crate) async fn give_back() {
    let mut again = tokio::time::interval(EVERY);
    again.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        again.tick().await;
        #[expect(unsafe_code, reason = "a C function; it takes no pointer and may be called at any time")]
        unsafe {
            libmimalloc_sys::mi_collect(true);
        }
    }
}
