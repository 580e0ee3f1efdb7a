//! The memory allocator: fast, and it gives unused memory back to the system.
//!
//! Much of the cost of a message are small allocations that are made on one thread and freed on another
//! (docs/decisions/0006-performance.md).

use std::time::Duration;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How often unused memory is given back.
const EVERY: Duration = Duration::from_secs(1);

/// Regularly gives back the memory that this task's thread no longer uses. By itself the allocator does so only when
/// it is asked for memory, and an idle server does not ask.
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
