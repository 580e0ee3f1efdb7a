//! `storm`: the server is restarted under many connections, which all come back at once.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::process::{Command, Stdio};
use std::time::Duration;

use rand::RngExt;
use serde::Serialize;

use crate::Common;
use crate::accounts;
use crate::client::{Client, Turn};
use crate::fleet::Fleet;
use crate::histogram::Histogram;
use crate::interrupt;
use crate::process::Memory;
use crate::progress::Progress;
use crate::report::{Meter, Report, Used, count, size};

const SECOND: u64 = 1_000_000_000;

/// How long an attempt may take: the default of the official client.
const TIMEOUT: u64 = 20 * SECOND;

/// How often the memory of the server is looked at.
const SAMPLE: u64 = SECOND / 50;

/// What a run of `storm` does.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// Connections when the server is restarted, at least 1.
    pub connections: usize,
    /// Restarts the server, on the same address and data; run by `sh`. Without it somebody else restarts the server.
    pub restart_command: Option<String>,
    /// Seconds to wait for the restart, and then for every client to be back; at least 1.
    pub wait: u64,
}

/// A client, across its attempts to connect.
#[derive(Clone, Copy, Default)]
struct Member {
    /// When it was cut; `None` while it is connected.
    cut: Option<u64>,
    was_cut: bool,
    /// Attempts to connect since it was cut.
    attempts: u32,
    ready: bool,
}

struct Storm {
    members: Vec<Member>,
    now: u64,
    /// When each client that was cut tries again.
    again: BinaryHeap<Reverse<(u64, usize)>>,
    /// Deadlines of attempts: the time, the client and the number of its attempt.
    trying: VecDeque<(u64, usize, u32)>,
    first_cut: Option<u64>,
    last_back: u64,
    cut: usize,
    ready: usize,
    attempts: u64,
    /// Attempts that failed, by reason.
    failures: BTreeMap<String, u64>,
    refused: BTreeMap<String, u64>,
    latency: Histogram,
}

/// Runs the scenario.
pub(crate) fn run(common: &Common, options: &Options) -> Result<(), String> {
    let accounts = accounts::prepare(common, common.shared(options.connections))?;
    let mut fleet = Fleet::new(common.peer, &common.server)?;
    let mut storm = Storm::new(options.connections);
    let token = |number: usize| accounts[number % accounts.len()].token.as_str();
    fleet.open_all((0..options.connections).map(token), 64, &mut storm)?;
    if storm.ready < options.connections {
        return Err("some connections were cut before all were open".into());
    }
    let stormed = common.current_process();
    let mut restart = None;
    if let Some(command) = &options.restart_command {
        let mut shell = Command::new("sh");
        let shell = shell.arg("-c").arg(command).stdin(Stdio::null()).stdout(Stdio::null());
        restart = Some(shell.spawn().map_err(|error| format!("sh: {error}"))?);
    } else {
        eprintln!("{} connections are open: restart the server now", options.connections);
    }

    let meter = Meter::start(None)?;
    let mut progress = Progress::new();
    let (mut until, mut sampled, mut peak) = (fleet.now() + options.wait * SECOND, 0, None);
    loop {
        interrupt::check()?;
        storm.now = fleet.now();
        let given_up: usize = storm.refused.values().map(|&count| usize::try_from(count).unwrap_or(0)).sum();
        if storm.cut == options.connections && storm.ready + given_up == options.connections {
            break;
        }
        if let (Some(first), true) = (storm.first_cut, storm.cut == options.connections) {
            until = first + options.wait * SECOND;
        }
        if storm.now > until {
            break;
        }
        while storm.again.peek().is_some_and(|Reverse((at, _))| *at <= storm.now) {
            let Some(Reverse((_, number))) = storm.again.pop() else { break };
            storm.attempts += 1;
            storm.trying.push_back((storm.now + TIMEOUT, number, storm.members[number].attempts));
            if let Err(error) = fleet.open(number, token(number)) {
                storm.closed(number, &error)?;
            }
        }
        while storm.trying.front().is_some_and(|(until, ..)| *until <= storm.now) {
            let Some((_, number, attempt)) = storm.trying.pop_front() else { break };
            let member = storm.members[number];
            if !member.ready && member.attempts == attempt {
                fleet.close(number);
                storm.closed(number, "not ready in 20 s")?;
            }
        }
        fleet.poll(Duration::from_millis(5), &mut storm)?;
        if storm.now - sampled > SAMPLE {
            sampled = storm.now;
            // A restart changes the process, and for a moment there is none.
            let restarted = common.current_process().filter(|process| Some(*process) != stormed);
            peak = peak.max(restarted.and_then(|process| process.rss().ok()));
        }
        progress.show(|| format!("{} of {} cut, {} back", storm.cut, options.connections, storm.back()));
    }
    drop(progress);
    let used = meter.stop()?;
    let memory = common.current_process().and_then(|process| process.memory().ok());
    fleet.close_all();
    if let Some(mut restart) = restart {
        match restart.try_wait() {
            Ok(Some(status)) if !status.success() => return Err(format!("the restart command: {status}")),
            _ => {}
        }
    }
    if storm.cut < options.connections {
        return Err(format!(
            "{} of {} connections were not cut",
            options.connections - storm.cut,
            options.connections
        ));
    }
    let memory = Memories { peak, end: memory };
    storm.report(common, options, accounts.len(), &used, memory)
}

/// The memory of the server that was started anew.
#[derive(Clone, Copy)]
struct Memories {
    peak: Option<u64>,
    end: Option<Memory>,
}

impl Storm {
    fn new(connections: usize) -> Self {
        Self {
            members: vec![Member::default(); connections],
            now: 0,
            again: BinaryHeap::new(),
            trying: VecDeque::new(),
            first_cut: None,
            last_back: 0,
            cut: 0,
            ready: 0,
            attempts: 0,
            failures: BTreeMap::new(),
            refused: BTreeMap::new(),
            latency: Histogram::new(),
        }
    }

    /// Clients that were cut and are back.
    fn back(&self) -> usize {
        self.members.iter().filter(|member| member.was_cut && member.ready).count()
    }

    fn report(
        self,
        common: &Common,
        options: &Options,
        accounts: usize,
        used: &Used,
        memory: Memories,
    ) -> Result<(), String> {
        let back = self.back();
        let mut report = Report::new("storm", options, common);
        report.set("accounts", accounts);
        let took = Duration::from_nanos(self.last_back.saturating_sub(self.first_cut.unwrap_or(0)));
        report.rate("resumed", "resumed", back as u64, took);
        report.latency("resumeLatency", "from cut to resumed", self.latency);
        report.set("attempts", self.attempts);
        report.row("attempts", count(self.attempts));
        report.reasons("failedAttempts", "failed attempts", &self.failures);
        report.reasons("refused", "refused for good", &self.refused);
        report.used(used, back as u64, "connection");
        if let Some(peak) = memory.peak {
            report.set("memoryPeak", serde_json::json!({ "rss": peak }));
            report.row("memory of the server", format!("at most {}", size(peak)));
        }
        if let Some(memory) = memory.end {
            report.memory("serverMemory", "memory at the end", memory);
        }
        report.publish(common)?;
        if back < options.connections {
            return Err(format!(
                "{} of {} connections are not back",
                options.connections - back,
                options.connections
            ));
        }
        Ok(())
    }
}

impl Client for Storm {
    fn ready(&mut self, turn: Turn<'_>) -> Result<(), String> {
        let member = &mut self.members[turn.number];
        member.ready = true;
        member.attempts = 0;
        self.ready += 1;
        if let Some(cut) = member.cut.take() {
            self.latency.record(turn.now - cut);
            self.last_back = turn.now;
        }
        Ok(())
    }

    fn closed(&mut self, number: usize, reason: &str) -> Result<(), String> {
        let member = &mut self.members[number];
        if member.ready {
            member.ready = false;
            self.ready -= 1;
            self.cut += usize::from(!member.was_cut);
            member.was_cut = true;
            member.cut = Some(self.now);
            self.first_cut.get_or_insert(self.now);
        } else if member.was_cut {
            *self.failures.entry(reason.to_owned()).or_default() += 1;
        } else {
            return Err(format!("a connection failed: {reason}"));
        }
        let at = self.now + backoff(member.attempts, rand::rng().random());
        member.attempts += 1;
        self.again.push(Reverse((at, number)));
        Ok(())
    }

    /// The server refused the client for good: the official client does not try again by itself then.
    fn refused(&mut self, number: usize, reason: &str) -> Result<(), String> {
        if !self.members[number].was_cut {
            return Err(format!("a connection was refused: {reason}"));
        }
        *self.refused.entry(reason.to_owned()).or_default() += 1;
        Ok(())
    }
}

/// How long the official client waits before an attempt, by default: from one second on, twice as long each time,
/// half as much more or less, at most five seconds. `chance` is between 0 and 1.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "seconds"
)]
fn backoff(attempts: u32, chance: f64) -> u64 {
    let base = (SECOND << attempts.min(10)) as f64;
    (base * (0.5 + chance)).min(5.0 * SECOND as f64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_waits_longer_each_time_but_not_for_ever() {
        assert_eq!((backoff(0, 0.0), backoff(0, 1.0)), (SECOND / 2, SECOND * 3 / 2));
        assert_eq!((backoff(1, 0.5), backoff(2, 0.0)), (2 * SECOND, 2 * SECOND));
        assert_eq!((backoff(9, 0.0), backoff(u32::MAX, 1.0)), (5 * SECOND, 5 * SECOND));
    }
}
