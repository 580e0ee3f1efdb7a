//! Limits how often the same line is logged, so that a repeating fault does not fill the disk.

use std::net::IpAddr;
use std::time::Duration;

use parking_lot::Mutex;

/// Lets one line through in each span of time, and counts the lines left out.
#[derive(Debug)]
pub struct LogLimit {
    span: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    last: Option<Duration>,
    left_out: u64,
}

impl LogLimit {
    /// Lets one line through in each `span`.
    pub const fn new(span: Duration) -> Self {
        Self { span, state: Mutex::new(State { last: None, left_out: 0 }) }
    }

    /// `None` if a line must not be logged at `now`. Otherwise how many were left out since the last one. `now` is of
    /// a clock that never goes back.
    pub fn pass(&self, now: Duration) -> Option<u64> {
        let mut state = self.state.lock();
        if state.last.is_some_and(|last| now < last + self.span) {
            state.left_out += 1;
            return None;
        }
        state.last = Some(now);
        Some(std::mem::take(&mut state.left_out))
    }
}

/// Tells the operator that a limit per address refuses requests, at most once a minute. Many people may share an
/// address; then the setting is too low for them.
#[derive(Debug)]
pub struct LimitWarning {
    setting: &'static str,
    lines: LogLimit,
}

impl LimitWarning {
    /// For the limit that this setting sets.
    pub const fn new(setting: &'static str) -> Self {
        Self { setting, lines: LogLimit::new(Duration::from_mins(1)) }
    }

    /// A request from `address` was refused. `now` is of a clock that never goes back.
    pub fn tell(&self, address: IpAddr, now: Duration) {
        if let Some(left_out) = self.lines.pass(now) {
            let setting = self.setting;
            tracing::warn!(%address, setting, left_out, "an address is at its limit; raise it if people share the address");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_in_a_span_says_how_many_it_stands_for() {
        let limit = LogLimit::new(Duration::from_secs(1));
        let passes: Vec<_> = [0, 1, 999, 1000, 1500, 2600, 2600]
            .map(|at| limit.pass(Duration::from_millis(at)))
            .into_iter()
            .collect();
        assert_eq!(passes, [Some(0), None, None, Some(2), None, Some(1), None]);
    }
}
