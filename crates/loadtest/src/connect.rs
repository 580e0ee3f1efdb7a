//! `connect`: clients connect, are authenticated, get what waits, and leave.

use std::time::Duration;

use serde::Serialize;

use crate::Common;
use crate::accounts;
use crate::client::{Client, Turn};
use crate::fleet::Fleet;
use crate::histogram::Histogram;
use crate::interrupt;
use crate::progress::Progress;
use crate::report::{Meter, Report};

/// How long a server gets to notice that the last clients left, before its processor time is read.
const AFTER: u64 = 300_000_000;

/// What a run of `connect` does.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// Connections in all, at least 1.
    pub connections: usize,
    /// How many connect at the same time, at least 1.
    pub concurrency: usize,
}

struct Connect {
    ready: Vec<usize>,
    latency: Histogram,
}

/// Runs the scenario.
pub(crate) fn run(common: &Common, options: &Options) -> Result<(), String> {
    let accounts = accounts::prepare(common, common.shared(options.connections))?;
    let mut fleet = Fleet::new(common.peer, &common.server)?;
    let mut connect = Connect { ready: Vec::new(), latency: Histogram::new() };
    // One connection comes first, so that what a server pays only once is not measured.
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
