//! Time, as an argument.

use std::time::Duration;

use protocol::Timestamp;

/// What tells the time.
pub trait Clock: Send + Sync {
    /// The wall clock: for what people see and for expiry.
    fn now(&self) -> Timestamp;

    /// Time since some fixed instant; never goes back. For rates.
    fn monotonic(&self) -> Duration;
}
