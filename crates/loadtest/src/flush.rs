//! `flush`: many messages wait for one person, who then connects.

use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use crate::Common;
use crate::accounts;
use crate::client::{Client, Turn};
use crate::fleet::Fleet;
use crate::histogram::{millis, time};
use crate::interrupt;
use crate::letter::{self, Letter, Party};
use crate::order::{Faults, Order};
use crate::packet::Peer;
use crate::process::Process;
use crate::report::{Meter, Report, count, size};
use crate::sender::Sender;
use crate::store::store;

/// The run fails if nothing arrives for so long.
const PATIENCE: u64 = 30_000_000_000;

/// How often the memory of the server is looked at.
const SAMPLE: u64 = 10_000_000;

/// What a run of `flush` does.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// Messages that wait, at least 1.
    pub messages: u64,
    /// Clients that send them, at least 1.
    pub senders: usize,
    /// Messages in flight for each sender, at least 1.
    pub window: usize,
    /// Bytes of a text, at least [`LEAST_SIZE`](crate::LEAST_SIZE).
    pub size: usize,
    /// Whether messages carry a `clientId`.
    pub client_ids: bool,
}

/// The person who was away.
struct Reader {
    run: u16,
    size: usize,
    /// Messages that arrived from each sender.
    orders: Vec<Order>,
    received: u64,
    /// Messages of earlier runs that arrived.
    others: u64,
    opened: u64,
    first: Option<u64>,
    last: u64,
    /// When the server said that it has sent everything that waited.
    ready: Option<u64>,
}

/// Runs the scenario.
pub(crate) fn run(common: &Common, options: &Options) -> Result<(), String> {
    if common.peer == Peer::Relay {
        return Err("flush: nothing waits in a relay".into());
    }
    let accounts = accounts::prepare(common, 1 + options.senders)?;
    let (reader, others) = accounts.split_first().expect("there is one");
    let form = common.form(options.size, options.client_ids);
    let to = Party { number: options.senders, username: &reader.username };
    let letter = |(number, account): (usize, &accounts::Account)| {
        Sender::new(Letter::new(form, Party { number, username: &account.username }, to))
    };
    let letters = others.iter().enumerate().map(letter).collect();
    let mut stored = store(common, others, letters, options.messages, options.window)?;
    let sent: Vec<_> = std::mem::take(&mut stored.senders).iter().map(Sender::sent).collect();

    let mut fleet = Fleet::new(common.peer, &common.server)?;
    let mut client = Reader {
        run: common.run,
        size: options.size,
        orders: sent.iter().map(|_| Order::default()).collect(),
        received: 0,
        others: 0,
        opened: 0,
        first: None,
        last: 0,
        ready: None,
    };
    let rss = || common.pid.map(Process::rss).transpose();
    let before = rss()?;
    let mut peak = before;
    let meter = Meter::start(common.pid)?;
    fleet.open(0, &reader.token)?;
    let (mut sampled, mut progress) = (0, (0, fleet.now()));
    // Some servers do not say when they have sent everything. Then the flush ends with the last message.
    while client.ready.is_none() || (common.peer != Peer::Aldis && client.received < options.messages) {
        interrupt::check()?;
        fleet.poll(Duration::from_millis(10), &mut client)?;
        let now = fleet.now();
        if now - sampled > SAMPLE {
            sampled = now;
            peak = peak.max(rss()?);
        }
        let seen = client.received + client.others;
        if seen > progress.0 {
            progress = (seen, now);
        } else if now - progress.1 > PATIENCE {
            return Err(format!("nothing came for 30 s, after {seen} messages"));
        }
    }
    let used = meter.stop()?;
    fleet.close_all();

    let mut faults = Faults::default();
    for (order, &sent) in client.orders.iter().zip(&sent) {
        faults.add(order.faults(sent, |_| true));
    }
    let mut report = Report::new("flush", options, common);
    stored.tell(&mut report);
    let end = client.ready.unwrap_or(0).max(client.last);
    let took = Duration::from_nanos(end - client.opened);
    report.rate("flushed", "flushed", client.received + client.others, took);
    let until_first = client.first.unwrap_or(end) - client.opened;
    report.set("untilFirstMilliseconds", millis(until_first));
    report.row("until the first came", time(until_first));
    report.used(&used, client.received + client.others, "message");
    if let (Some(before), Some(peak)) = (before, peak) {
        report.set(
            "memoryDuringFlush",
            json!({ "rssBefore": before, "rssPeak": peak, "growth": peak - before }),
        );
        report.row(
            "memory of the server",
            format!("{} before, at most {} more", size(before), size(peak - before)),
        );
    }
    report.checked(client.received, faults, 0);
    if client.others > 0 {
        report.row("of other runs", format!("{} messages", count(client.others)));
    }
    report.publish(common)?;
    faults.check()
}

impl Client for Reader {
    fn ready(&mut self, turn: Turn<'_>) -> Result<(), String> {
        (self.opened, self.ready) = (turn.opened, Some(turn.now));
        Ok(())
    }

    fn message(&mut self, turn: Turn<'_>, message: &[u8]) -> Result<(), String> {
        self.first.get_or_insert(turn.now);
        self.last = turn.now;
        match letter::read(message, self.size).filter(|mark| mark.run == self.run) {
            Some(mark) => {
                let order = self.orders.get_mut(mark.sender).ok_or("a message of nobody came")?;
                order.receive(mark.number);
                self.received += 1;
            }
            None => self.others += 1,
        }
        Ok(())
    }
}
