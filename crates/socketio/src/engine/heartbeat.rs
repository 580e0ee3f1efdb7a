//! The server's pings.

use tokio::time::Instant;

use crate::Config;

/// Where a session stands between a ping and its pong.
#[derive(Debug)]
pub(super) struct Heartbeat {
    state: State,
    /// When the next ping is due, or its pong.
    due: Instant,
    /// Since when nothing is read, for a reason that is not the peer's.
    paused: Option<Instant>,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// The last ping was answered.
    Idle,
    /// A ping waits for the transport.
    Queued,
    /// A ping is with the transport: from now on a pong counts.
    Sent,
}

impl Heartbeat {
    pub(super) fn new(config: &Config, now: Instant) -> Self {
        Self { state: State::Idle, due: now + config.ping_interval, paused: None }
    }

    /// When [`Heartbeat::ping`] or [`Heartbeat::is_dead`] has something new to say.
    pub(super) fn due(&self) -> Option<Instant> {
        (self.state == State::Idle || self.paused.is_none()).then_some(self.due)
    }

    /// Whether a ping is to be sent now.
    pub(super) fn ping(&mut self, config: &Config, now: Instant) -> bool {
        let ping = self.state == State::Idle && now >= self.due;
        if ping {
            self.state = State::Queued;
            // If the ping itself is late, that is not the peer's fault.
            self.due = (self.due + config.ping_timeout).max(now + config.ping_timeout / 2);
        }
        ping
    }

    /// The transport has taken the ping.
    pub(super) fn sent(&mut self) {
        if self.state == State::Queued {
            self.state = State::Sent;
        }
    }

    /// A pong came; says whether it was asked for.
    pub(super) fn pong(&mut self, config: &Config, now: Instant) -> bool {
        let asked = self.state == State::Sent;
        if asked {
            self.state = State::Idle;
            self.due = now + config.ping_interval;
        }
        asked
    }

    /// Whether the pong is overdue. The caller has read what the peer sent.
    pub(super) fn is_dead(&self, now: Instant) -> bool {
        self.state != State::Idle && self.paused.is_none() && now >= self.due
    }

    /// Nothing is read from now on.
    pub(super) fn pause(&mut self, now: Instant) {
        self.paused.get_or_insert(now);
    }

    /// Reading goes on: the peer is given the time in which its pong could not be seen.
    pub(super) fn resume(&mut self, config: &Config, now: Instant) {
        if let Some(paused) = self.paused.take()
            && self.state != State::Idle
        {
            let pinged = self.due - config.ping_timeout;
            self.due += now.saturating_duration_since(paused.max(pinged));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn config() -> Config {
        Config { ping_interval: 25 * SECOND, ping_timeout: 20 * SECOND, ..Config::default() }
    }

    #[test]
    fn pings_after_the_interval_and_dies_after_the_timeout() {
        let (config, start) = (config(), Instant::now());
        let mut heartbeat = Heartbeat::new(&config, start);
        assert!(!heartbeat.ping(&config, start + 24 * SECOND));
        assert!(heartbeat.ping(&config, start + 25 * SECOND));
        assert!(!heartbeat.ping(&config, start + 26 * SECOND));
        assert!(!heartbeat.is_dead(start + 44 * SECOND));
        assert!(heartbeat.is_dead(start + 45 * SECOND));
    }

    #[test]
    fn a_pong_counts_only_for_a_ping_that_was_sent() {
        let (config, start) = (config(), Instant::now());
        let mut heartbeat = Heartbeat::new(&config, start);
        assert!(!heartbeat.pong(&config, start + SECOND));
        assert!(heartbeat.ping(&config, start + 25 * SECOND));
        assert!(!heartbeat.pong(&config, start + 26 * SECOND));
        heartbeat.sent();
        assert!(heartbeat.pong(&config, start + 27 * SECOND));
        assert!(!heartbeat.pong(&config, start + 27 * SECOND));
        assert_eq!(heartbeat.due(), Some(start + 52 * SECOND));
    }

    #[test]
    fn the_time_in_which_nothing_is_read_is_not_the_peers() {
        let (config, start) = (config(), Instant::now());
        let mut heartbeat = Heartbeat::new(&config, start);
        heartbeat.pause(start + 20 * SECOND);
        assert!(heartbeat.ping(&config, start + 25 * SECOND));
        assert!(!heartbeat.is_dead(start + 100 * SECOND));
        heartbeat.resume(&config, start + 100 * SECOND);
        assert!(!heartbeat.is_dead(start + 119 * SECOND));
        assert!(heartbeat.is_dead(start + 120 * SECOND));
    }
}
