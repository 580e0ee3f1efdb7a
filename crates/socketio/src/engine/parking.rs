//! Whether a session's task sleeps, so that only one that does is woken.

use std::sync::atomic::{AtomicU8, Ordering};

/// What a session's task is doing.
///
/// Waking a task costs a call of the system where its thread sleeps. One that runs looks at the queue once more
/// before it sleeps, so queueing need not wake it; of everything else it is told by a notification.
pub(super) struct Parking(AtomicU8);

/// The task runs.
const RUNNING: u8 = 0;
/// The task runs, and there is something new that it may have looked for already.
const NOTIFIED: u8 = 1;
/// The task sleeps.
const PARKED: u8 = 2;

impl Parking {
    /// Of a task that runs.
    pub(super) fn new() -> Self {
        Self(AtomicU8::new(RUNNING))
    }

    /// Something was queued; says whether the task is to be woken.
    pub(super) fn queued(&self) -> bool {
        self.0.compare_exchange(PARKED, RUNNING, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// There is something new beside the queue; says whether the task is to be woken.
    pub(super) fn notify(&self) -> bool {
        self.0.swap(NOTIFIED, Ordering::AcqRel) == PARKED
    }

    /// The task runs: from now on it looks at everything. Not a plain store, which could hide a notification
    /// that came before what the task looks at.
    pub(super) fn unpark(&self) {
        self.0.swap(RUNNING, Ordering::AcqRel);
    }

    /// The task has looked at the queue, which is locked, and is about to sleep; says whether it may. If not, it
    /// was notified, and looks at everything once more.
    pub(super) fn park(&self) -> bool {
        self.0.compare_exchange(RUNNING, PARKED, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_task_that_sleeps_is_woken_and_once() {
        let parking = Parking::new();
        assert!(!parking.queued());
        assert!(parking.park());
        assert!(parking.queued());
        assert!(!parking.queued());
        parking.unpark();
        assert!(parking.park());
        assert!(parking.notify());
        assert!(!parking.notify() && !parking.queued());
    }

    #[test]
    fn a_task_that_was_notified_looks_again_before_it_sleeps() {
        let parking = Parking::new();
        assert!(!parking.notify());
        assert!(!parking.queued());
        assert!(!parking.park());
        parking.unpark();
        assert!(parking.park());
    }
}
