//! The server's pings.

use std::time::Duration;

use tokio::time::Instant;

use crate::Config;

/// How long a ping waits after a packet that is to be proved, because it then proves more packets at once.
const PROOF_DELAY: Duration = Duration::from_millis(100);
/// The least time between such pings.
const APART: Duration = Duration::from_secs(1);

/// Where a session stands between a ping and its pong.
#[derive(Debug)]
pub(super) struct Heartbeat {
    state: State,
    /// When the next ping is due, or its pong.
    due: Instant,
    /// Since when nothing is read, for a reason that is not the peer's.
    paused: Option<Instant>,
    /// When a ping is due before its time, because something was sent that it is to prove.
    wanted: Option<Instant>,
    /// The earliest moment for such a ping: [`APART`] from the last.
    free: Instant,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// The last ping was answered.
    Idle,
    /// A ping waits for the transport.
    Queued,
    /// A ping is with the transport: from now on a pong counts. `more` of them are on their way behind it.
    Sent { more: u8 },
}

impl Heartbeat {
    pub(super) fn new(config: &Config, now: Instant) -> Self {
        let due = now + config.ping_interval;
        Self { state: State::Idle, due, paused: None, wanted: None, free: now }
    }

    /// Something was sent that no ping on its way proves.
    pub(super) fn want(&mut self, now: Instant, at_once: bool) {
        if at_once {
            self.wanted = Some(now);
        } else if self.wanted.is_none() {
            self.wanted = Some(self.free.max(now + PROOF_DELAY));
        }
    }

    /// When the next ping is due.
    fn next(&self) -> Instant {
        self.wanted.map_or(self.due, |wanted| wanted.min(self.due))
    }

    /// When [`Heartbeat::ping`] or [`Heartbeat::is_dead`] has something new to say.
    pub(super) fn due(&self) -> Option<Instant> {
        match self.state {
            State::Idle => Some(self.next()),
            State::Queued | State::Sent { .. } => self.paused.is_none().then_some(self.due),
        }
    }

    /// Whether a ping is to be sent now.
    pub(super) fn ping(&mut self, config: &Config, now: Instant) -> bool {
        let ping = self.state == State::Idle && now >= self.next();
        if ping {
            self.ask(config, now);
        }
        ping
    }

    fn ask(&mut self, config: &Config, now: Instant) {
        self.state = State::Queued;
        // If the ping itself is late, that is not the peer's fault.
        let due = (self.due + config.ping_timeout).max(now + config.ping_timeout / 2);
        self.due = due.min(now + config.ping_timeout);
    }

    /// The transport has taken a ping: one that [`Heartbeat::ping`] wanted, or one of `Link::ask_proof`.
    pub(super) fn sent(&mut self, config: &Config, now: Instant) {
        if self.state == State::Idle {
            self.ask(config, now);
        }
        let more = if let State::Sent { more } = self.state { more + 1 } else { 0 };
        self.state = State::Sent { more };
        (self.wanted, self.free) = (None, now + APART);
    }

    /// Whether no ping is on its way.
    pub(super) fn is_idle(&self) -> bool {
        self.state == State::Idle
    }

    /// Whether a ping waits for its pong.
    pub(super) fn is_sent(&self) -> bool {
        matches!(self.state, State::Sent { .. })
    }

    /// A pong came; says whether it was asked for.
    pub(super) fn pong(&mut self, config: &Config, now: Instant) -> bool {
        let State::Sent { more } = self.state else { return false };
        if let Some(more) = more.checked_sub(1) {
            self.state = State::Sent { more };
            self.due = now + config.ping_timeout;
        } else {
            self.state = State::Idle;
            self.due = now + config.ping_interval;
        }
        true
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
        heartbeat.sent(&config, start + 26 * SECOND);
        assert!(heartbeat.pong(&config, start + 27 * SECOND));
        assert!(!heartbeat.pong(&config, start + 27 * SECOND));
        assert_eq!(heartbeat.due(), Some(start + 52 * SECOND));
    }

    #[test]
    fn a_wanted_ping_is_early_and_then_rare() {
        let (config, start) = (config(), Instant::now());
        let mut heartbeat = Heartbeat::new(&config, start);
        heartbeat.want(start + SECOND, false);
        heartbeat.want(start + SECOND + PROOF_DELAY, false);
        assert_eq!(heartbeat.due(), Some(start + SECOND + PROOF_DELAY));
        let pinged = start + 2 * SECOND;
        assert!(heartbeat.ping(&config, pinged));
        heartbeat.sent(&config, pinged);
        // While it is on its way there is no other, and its pong is due as any.
        heartbeat.want(pinged, false);
        assert!(!heartbeat.ping(&config, pinged + 10 * SECOND));
        assert!(!heartbeat.is_dead(start + 21 * SECOND));
        assert!(heartbeat.is_dead(start + 22 * SECOND));
        assert!(heartbeat.pong(&config, pinged + SECOND / 2));
        assert_eq!(heartbeat.due(), Some(pinged + APART));
        assert!(heartbeat.ping(&config, pinged + APART));
        heartbeat.sent(&config, pinged + APART);
        assert!(heartbeat.pong(&config, pinged + 2 * SECOND));
        // Nothing is wanted any more: the next comes after the interval.
        assert_eq!(heartbeat.due(), Some(start + 29 * SECOND));
        heartbeat.want(start + 5 * SECOND, true);
        assert!(heartbeat.ping(&config, start + 5 * SECOND));
    }

    #[test]
    fn a_ping_that_somebody_else_queued_is_answered_as_any() {
        let (config, start) = (config(), Instant::now());
        let mut heartbeat = Heartbeat::new(&config, start);
        heartbeat.sent(&config, start + SECOND);
        assert!(!heartbeat.ping(&config, start + 20 * SECOND));
        assert!(heartbeat.is_dead(start + 21 * SECOND));
        assert!(heartbeat.pong(&config, start + 21 * SECOND));
        assert_eq!(heartbeat.due(), Some(start + 46 * SECOND));
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
