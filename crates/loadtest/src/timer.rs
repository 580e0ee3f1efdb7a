//! A timer among the connections: `epoll` itself waits for whole milliseconds.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::io;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};

/// A file descriptor that becomes readable at a set time. It is edge-triggered, so it need not be read.
pub(crate) struct Timer {
    file: OwnedFd,
    at: u64,
}

impl Timer {
    pub(crate) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        Ok(Self { file: timerfd_create(TimerfdClockId::Monotonic, flags)?, at: 0 })
    }

    /// Sets it to a time, both in nanoseconds since the same start.
    pub(crate) fn set(&mut self, now: u64, at: u64) -> io::Result<()> {
        if at == self.at {
            return Ok(());
        }
        self.at = at;
        // Zero would switch the timer off.
        let wait = Duration::from_nanos(at.saturating_sub(now).max(1));
        let value = Timespec::try_from(wait).map_err(|_| io::Errno::INVAL)?;
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        timerfd_settime(&self.file, TimerfdTimerFlags::empty(), &once).map(|_| ())
    }
}

impl AsFd for Timer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}
