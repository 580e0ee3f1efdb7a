//! Sends a number of messages to people who are not connected, as fast as they are acknowledged.

use std::time::Duration;

use crate::Common;
use crate::accounts::Account;
use crate::client::{Client, Turn};
use crate::fleet::Fleet;
use crate::histogram::Histogram;
use crate::interrupt;
use crate::progress::Progress;
use crate::report::{Meter, Report, Used, count, per_second, whole};
use crate::sender::Sender;

/// The run fails if nothing is acknowledged for so long.
const PATIENCE: u64 = 30_000_000_000;

struct Store {
    senders: Vec<Sender>,
    window: usize,
    /// Messages that are not sent yet.
    left: u64,
    acknowledged: u64,
    latency: Histogram,
}

/// What storing cost.
pub(crate) struct Stored {
    pub(crate) senders: Vec<Sender>,
    messages: u64,
    latency: Histogram,
    used: Used,
}

/// Stores so many messages; the senders are clients with these accounts.
pub(crate) fn store(
    common: &Common,
    accounts: &[Account],
    senders: Vec<Sender>,
    messages: u64,
    window: usize,
) -> Result<Stored, String> {
    let mut fleet = Fleet::new(common.peer, &common.server)?;
    let mut store = Store { senders, window, left: 0, acknowledged: 0, latency: Histogram::new() };
    fleet.open_all(accounts.iter().map(|account| account.token.as_str()), 64, &mut store)?;
    store.left = messages;
    let meter = Meter::start(common.pid)?;
    for number in 0..store.senders.len() {
        let now = fleet.now();
        if let Some(out) = fleet.out(number) {
            store.fill(number, now, out);
        }
        fleet.flush(number, &mut store)?;
    }
    let mut progress = Progress::new();
    let (start, mut seen, mut since) = (fleet.now(), 0, fleet.now());
    while store.acknowledged < messages {
        interrupt::check()?;
        fleet.poll(Duration::from_millis(100), &mut store)?;
        let now = fleet.now();
        if store.acknowledged > seen {
            (seen, since) = (store.acknowledged, now);
        } else if now - since > PATIENCE {
            return Err(format!("nothing was acknowledged for 30 s, after {seen} messages"));
        }
        progress.show(|| {
            let rate = per_second(seen, Duration::from_nanos(now - start));
            format!("{} of {} messages stored, {} a second", count(seen), count(messages), whole(rate))
        });
    }
    let used = meter.stop()?;
    fleet.close_all();
    Ok(Stored { senders: store.senders, messages, latency: store.latency, used })
}

impl Stored {
    /// Reports the storing, without its processor time.
    pub(crate) fn tell(self, report: &mut Report) -> Used {
        report.rate("stored", "stored", self.messages, self.used.wall);
        report.latency("acknowledgementLatency", "until acknowledged", self.latency);
        self.used
    }
}

impl Store {
    fn fill(&mut self, number: usize, now: u64, out: &mut Vec<u8>) {
        let sender = &mut self.senders[number];
        while self.left > 0 && sender.in_flight() < self.window {
            sender.send(now, out);
            self.left -= 1;
        }
    }
}

impl Client for Store {
    fn acknowledged(&mut self, turn: Turn<'_>, number: Option<u64>) -> Result<(), String> {
        let at = self.senders[turn.number].acknowledge(number)?;
        self.latency.record(turn.now.saturating_sub(at));
        self.acknowledged += 1;
        self.fill(turn.number, turn.now, turn.out);
        Ok(())
    }
}
