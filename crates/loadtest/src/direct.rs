//! `direct`: pairs of clients send to each other.
//!
//! Closed loop: each client keeps a window of messages that are sent and not acknowledged. Open loop (`rate`):
//! messages are due at fixed times, and their latency counts from then, however late they could be sent.

use std::time::Duration;

use serde::Serialize;

use crate::Common;
use crate::accounts;
use crate::client::{Client, Turn};
use crate::fleet::Fleet;
use crate::histogram::{Histogram, time};
use crate::interrupt;
use crate::letter::{self, Form, Letter, Party};
use crate::order::{Faults, Order};
use crate::packet::Peer;
use crate::process::Process;
use crate::progress::Progress;
use crate::report::{Meter, Report, per_second, whole};
use crate::sender::Sender;

/// How long the last messages may take to arrive at the end.
const DRAIN: Duration = Duration::from_secs(30);

/// How often an open loop sends at most, so that it need not wake for every single message.
const GRAIN: u64 = 100_000;

/// What a run of `direct` does.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// Pairs of clients, at least 1; each client has an account of its own.
    pub pairs: usize,
    /// Messages in flight for each client, at least 1; with a `rate` it bounds memory only.
    pub window: usize,
    /// How long to measure, at least 1.
    pub seconds: u64,
    /// Seconds of load before that.
    pub warmup: u64,
    /// Bytes of a text, at least [`LEAST_SIZE`](crate::LEAST_SIZE).
    pub size: usize,
    /// Messages a second of all clients together, above 0, whatever the server does. Without it each client sends as
    /// fast as its window allows.
    pub rate: Option<f64>,
    /// Whether messages carry a `clientId`.
    pub client_ids: bool,
}

/// A client of a pair.
struct Member {
    sender: Sender,
    /// Messages that arrived from the partner.
    order: Order,
}

struct Direct {
    members: Vec<Member>,
    run: u16,
    size: usize,
    window: usize,
    pace: Option<Pace>,
    sending: bool,
    measuring: bool,
    in_flight: u64,
    sent: u64,
    delivered: u64,
    /// What was counted while measuring.
    measured: Counts,
    acknowledgement: Histogram,
    delivery: Histogram,
}

#[derive(Default)]
struct Counts {
    sent: u64,
    acknowledged: u64,
    delivered: u64,
}

/// When the messages of an open loop are due: all in turn, evenly.
#[derive(Clone, Copy)]
struct Pace {
    start: u64,
    /// Nanoseconds from one message to the next.
    step: f64,
    members: u64,
}

impl Pace {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "nanoseconds of a run are fewer than 2^52"
    )]
    fn due(&self, message: u64) -> u64 {
        self.start + (message as f64 * self.step) as u64
    }

    /// When a member's message of this number is due.
    fn due_of(&self, member: usize, number: u64) -> u64 {
        self.due(number * self.members + member as u64)
    }
}

/// Runs the scenario.
pub(crate) fn run(common: &Common, options: &Options) -> Result<(), String> {
    let members = 2 * options.pairs;
    let accounts = accounts::prepare(common, members)?;
    let form = common.form(options.size, options.client_ids);
    let mut fleet = Fleet::new(common.peer, &common.server)?;
    let mut direct = Direct::new(form, options, &accounts);
    fleet.open_all(accounts.iter().map(|account| account.token.as_str()), 64, &mut direct)?;
    if common.peer == Peer::Relay {
        // The relay does not say when it knows a client.
        fleet.rest(300_000_000, &mut direct)?;
    }

    let start = fleet.now();
    direct.pace = options.rate.map(|rate| Pace { start, step: 1e9 / rate, members: members as u64 });
    direct.sending = true;
    let mut due = 0;
    if direct.pace.is_none() {
        for number in 0..members {
            direct.send(&mut fleet, number)?;
        }
    }
    let from = start + options.warmup * 1_000_000_000;
    let mut until = from + options.seconds * 1_000_000_000;
    let mut meter = Meter::start(common.pid)?;
    let mut progress = Progress::new();
    loop {
        let now = fleet.now();
        if now >= until || interrupt::asked() {
            break;
        }
        if now >= from && !direct.measuring {
            meter = Meter::start(common.pid)?;
            direct.measuring = true;
            until = now + options.seconds * 1_000_000_000;
        }
        if let Some(pace) = direct.pace {
            while pace.due(due) <= now {
                direct.send(&mut fleet, usize::try_from(due % pace.members).expect("a member"))?;
                due += 1;
            }
            fleet.wake_at(pace.due(due).max(now + GRAIN))?;
        }
        fleet.poll(Duration::from_nanos(until - now), &mut direct)?;
        progress.show(|| direct.line(fleet.now().saturating_sub(from)));
    }
    let used = meter.stop()?;
    let memory = common.pid.map(Process::memory).transpose()?;
    (direct.measuring, direct.sending) = (false, false);
    let bound = fleet.now() + u64::try_from(DRAIN.as_nanos()).expect("it is short");
    while (direct.in_flight > 0 || direct.delivered < direct.sent) && fleet.now() < bound {
        fleet.poll(Duration::from_millis(100), &mut direct)?;
        progress.show(|| format!("waiting for {} acknowledgements", direct.in_flight));
    }
    drop(progress);
    fleet.close_all();

    let (faults, unanswered) = (direct.faults(), direct.in_flight);
    let mut report = Report::new("direct", options, common);
    report.set("interrupted", interrupt::asked());
    report.set("seconds", used.wall.as_secs_f64());
    report.rate("sent", "sent", direct.measured.sent, used.wall);
    report.rate("acknowledged", "acknowledged", direct.measured.acknowledged, used.wall);
    report.rate("delivered", "delivered", direct.measured.delivered, used.wall);
    report.latency("acknowledgementLatency", "until acknowledged", direct.acknowledgement);
    report.latency("deliveryLatency", "until delivered", direct.delivery);
    report.used(&used, direct.measured.acknowledged, "message");
    if let Some(memory) = memory {
        report.memory("serverMemory", "memory of the server", memory);
    }
    report.checked(direct.sent, faults, unanswered);
    report.publish(common)?;
    faults.check()?;
    if unanswered > 0 {
        return Err(format!("{unanswered} messages were not acknowledged {DRAIN:?} after the last was sent"));
    }
    Ok(())
}

impl Direct {
    fn new(form: Form, options: &Options, accounts: &[accounts::Account]) -> Self {
        let party = |number: usize| Party { number, username: &accounts[number].username };
        let member = |number| Member {
            sender: Sender::new(Letter::new(form, party(number), party(number ^ 1))),
            order: Order::default(),
        };
        Self {
            members: (0..accounts.len()).map(member).collect(),
            run: form.run,
            size: form.size,
            window: options.window,
            pace: None,
            sending: false,
            measuring: false,
            in_flight: 0,
            sent: 0,
            delivered: 0,
            measured: Counts::default(),
            acknowledgement: Histogram::new(),
            delivery: Histogram::new(),
        }
    }

    fn send(&mut self, fleet: &mut Fleet, number: usize) -> Result<(), String> {
        let now = fleet.now();
        if let Some(out) = fleet.out(number) {
            self.fill(number, now, out);
        }
        fleet.flush(number, self)
    }

    /// Appends what a member may send now.
    fn fill(&mut self, number: usize, now: u64, out: &mut Vec<u8>) {
        let sender = &mut self.members[number].sender;
        while self.sending && sender.in_flight() < self.window {
            let at = match self.pace {
                None => now,
                Some(pace) => match pace.due_of(number, sender.sent()) {
                    due if due > now => return,
                    due => due,
                },
            };
            sender.send(at, out);
            self.sent += 1;
            self.in_flight += 1;
            self.measured.sent += u64::from(self.measuring);
        }
    }

    /// What went wrong.
    fn faults(&self) -> Faults {
        let mut faults = Faults::default();
        for (number, Member { sender, .. }) in self.members.iter().enumerate() {
            let order = &self.members[number ^ 1].order;
            faults.add(order.faults(sender.sent(), |message| sender.is_acknowledged(message)));
        }
        faults
    }

    /// For people who wait.
    fn line(&self, nanos: u64) -> String {
        if !self.measuring {
            return "warming up".into();
        }
        let so_far = Duration::from_nanos(nanos);
        format!(
            "{:.0} s: {} messages a second, acknowledged within {} (p99)",
            so_far.as_secs_f64(),
            whole(per_second(self.measured.acknowledged, so_far)),
            time(self.acknowledgement.quantile(0.99))
        )
    }
}

impl Client for Direct {
    fn acknowledged(&mut self, turn: Turn<'_>, number: Option<u64>) -> Result<(), String> {
        let at = self.members[turn.number].sender.acknowledge(number)?;
        self.in_flight -= 1;
        if self.measuring {
            self.measured.acknowledged += 1;
            self.acknowledgement.record(turn.now.saturating_sub(at));
        }
        self.fill(turn.number, turn.now, turn.out);
        Ok(())
    }

    fn message(&mut self, turn: Turn<'_>, message: &[u8]) -> Result<(), String> {
        // Messages of an earlier run may have waited: ignore them.
        let Some(mark) = letter::read(message, self.size).filter(|mark| mark.run == self.run) else {
            return Ok(());
        };
        if mark.sender != turn.number ^ 1 {
            return Err(format!("client {} got a message that {} sent to another", turn.number, mark.sender));
        }
        self.members[turn.number].order.receive(mark.number);
        self.delivered += 1;
        if self.measuring {
            self.measured.delivered += 1;
            self.delivery.record(turn.now.saturating_sub(mark.at));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_loop_is_even_over_all_members() {
        let pace = Pace { start: 1000, step: 50.0, members: 4 };
        assert_eq!((pace.due(0), pace.due(3)), (1000, 1150));
        assert_eq!((pace.due_of(3, 0), pace.due_of(0, 1), pace.due_of(2, 2)), (1150, 1200, 1500));
    }
}
