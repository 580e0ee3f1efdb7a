//! `idle`: clients connect, stay and send nothing.

use serde::Serialize;
use serde_json::json;

use crate::Common;
use crate::accounts;
use crate::client::Client;
use crate::fleet::Fleet;
use crate::process::Process;
use crate::report::{Meter, Report, size};

/// How long a server gets to come to rest before its memory is measured.
const REST: u64 = 500_000_000;

/// How long a server gets to give memory back after the clients left.
const AFTER: u64 = 2_000_000_000;

/// What a run of `idle` does.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// Connections that stay, at least 1.
    pub connections: usize,
    /// Seconds to stay.
    pub hold: u64,
}

struct Idle;

impl Client for Idle {}

/// Runs the scenario.
pub(crate) fn run(common: &Common, options: &Options) -> Result<(), String> {
    let accounts = accounts::prepare(common, common.shared(options.connections))?;
    let mut fleet = Fleet::new(common.peer, &common.server)?;
    let tokens = || accounts.iter().map(|account| account.token.as_str()).cycle();
    // One connection comes first, so that what a server pays only once is not measured.
    fleet.open_all(tokens().take(1), 1, &mut Idle)?;
    fleet.close_all();
    fleet.rest(REST, &mut Idle)?;
    let memory = || common.pid.map(Process::memory).transpose();

    let before = memory()?;
    let meter = Meter::start(common.pid)?;
    fleet.open_all(tokens().take(options.connections), 64, &mut Idle)?;
    fleet.rest(REST, &mut Idle)?;
    let connecting = meter.stop()?;
    let open = memory()?;
    let meter = Meter::start(common.pid)?;
    fleet.rest(options.hold * 1_000_000_000, &mut Idle)?;
    let holding = meter.stop()?;
    let held = memory()?;
    fleet.close_all();
    fleet.rest(AFTER, &mut Idle)?;
    let closed = memory()?;

    let mut report = Report::new("idle", options, common);
    report.set("accounts", accounts.len());
    report.used(&connecting, options.connections as u64, "connection");
    report.set("holding", json!({ "cores": holding.server_cores() }));
    if let (Some(before), Some(open), Some(held), Some(closed)) = (before, open, held, closed) {
        report.memory("memoryBefore", "memory before", before);
        report.memory("memoryOpen", "memory with all open", open);
        report.memory("memoryHeld", "memory after holding them", held);
        report.memory("memoryClosed", "memory after they closed", closed);
        let each = |now: u64, before: u64| now.saturating_sub(before) / options.connections as u64;
        let (rss, anonymous) = (each(held.rss, before.rss), each(held.anonymous, before.anonymous));
        report.set("bytesPerConnection", json!({ "rss": rss, "anonymous": anonymous }));
        report.row("memory of a connection", format!("{}, {} of it anonymous", size(rss), size(anonymous)));
    }
    if let Some(cores) = holding.server_cores() {
        report.row("while they idle", format!("{cores:.3} of a core busy"));
    }
    report.publish(common)
}
