//! One line about a run while it runs, on standard error.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// The line, written over itself on a terminal.
pub(crate) struct Progress {
    terminal: bool,
    next: Instant,
    shown: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let terminal = stderr().is_terminal();
        Self { terminal, next: Instant::now() + every(terminal), shown: false }
    }

    /// Shows the line if it is time for it.
    pub(crate) fn show(&mut self, line: impl FnOnce() -> String) {
        let now = Instant::now();
        if now < self.next {
            return;
        }
        self.next = now + every(self.terminal);
        self.shown = true;
        let _ = if self.terminal {
            write!(stderr(), "\r\x1b[K{}", line())
        } else {
            writeln!(stderr(), "{}", line())
        };
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.terminal && self.shown {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}

fn every(terminal: bool) -> Duration {
    if terminal { Duration::from_millis(250) } else { Duration::from_secs(5) }
}
