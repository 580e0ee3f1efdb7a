//! `connect`: clients connect, are authenticated, get what waits, and leave.

use std::time::Duration;

use serde::Serialize;

use super::Common;
use super::accounts;
use super::client::{Client, Turn};
use super::fleet::Fleet;
use super::histogram::Histogram;
use super::interrupt;
use super::progress::Progress;
use super::report::{Meter, Report};

/// In which a server notices that the last ones left.
const AFTER: u64 = 300_000_000;

/// What was asked for.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Options {
    pub(crate) connections: usize,
    /// How many connect at the same time.
    pub(crate) concurrency: usize,
}

struct Connect {
    ready: Vec<usize>,
    latency: Histogram,
}

/// Runs it.
pub(super) fn run(common: &Common, options: &Options) -> Result<(), String> {
    let accounts = accounts::prepare(common, common.shared(options.connections))?;
    let mut fleet = Fleet::new(common.peer, common.server.address)?;
    let mut connect = Connect { ready: Vec::new(), latency: Histogram::new() };
    // What every server pays once is not the connections'.
    fleet.open_all(accounts.iter().map(|account| account.token.as_str()).take(1), 1, &mut connect)?;
    fleet.close_all();
    connect = Connect { ready: Vec::new(), latency: Histogram::new() };

    let meter = Meter::start(common.pid)?;
    let (start, mut begun, mut left) = (fleet.now(), 0, 0);
    let mut progress = Progress::new();
    while left < options.connections {
        interrupt::check()?;
        while begun < options.connections && begun - left < options.concurrency {
            fleet.open(begun, &accounts[begun % accounts.len()].token)?;
            begun += 1;
        }
        fleet.poll(Duration::from_millis(100), &mut connect)?;
        for number in connect.ready.drain(..) {
            fleet.close(number);
            left += 1;
        }
        fleet.check_progress()?;
        progress.show(|| format!("{left} of {} connections", options.connections));
    }
    let took = Duration::from_nanos(fleet.now() - start);
    fleet.rest(AFTER, &mut connect)?;
    let used = meter.stop()?;

    let mut report = Report::new("connect", options, common);
    report.set("accounts", accounts.len());
    report.rate("connected", "connected", left as u64, took);
    report.latency("connectLatency", "until what waited came", connect.latency);
    report.used(&used, left as u64, "connection");
    report.publish(common)
}

impl Client for Connect {
    fn ready(&mut self, turn: Turn<'_>) -> Result<(), String> {
        self.ready.push(turn.number);
        self.latency.record(turn.now - turn.opened);
        Ok(())
    }
}
