//! `abuse`: accounts that mean harm ask for what costs most, beside people who use the server as always. What those
//! people wait is compared with what they waited just before.
//!
//! The server is started with its usual limits, because these are what is tried.

mod harm;
mod innocent;
mod picture;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Map, json};

use crate::accounts::{self, Account};
use crate::histogram::{Histogram, time};
use crate::progress::Progress;
use crate::report::Report;
use crate::{Common, interrupt};
use harm::Harm;
use innocent::Innocent;

/// What a run of `abuse` does.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// How long each kind of harm is done, and measured; at least 1. The same time is measured before it.
    pub seconds: u64,
    /// Only kinds of harm whose name contains this.
    pub only: Option<String>,
}

/// Accounts that log in while others do harm. Many, because a person may log in only so often.
const INNOCENT: usize = 48;
/// Accounts that do harm, for each kind of it: what one kind has used up must not spare the server the next.
const HARMFUL: usize = 6;
/// A rest between two kinds of harm, in which the server comes to rest.
const REST: Duration = Duration::from_secs(1);
/// How long harm goes on before it is measured: until it has used up what everybody may do at once.
const BEGUN: Duration = Duration::from_secs(3);
/// How many times as long as before people may wait.
const BOUND: f64 = 2.0;
/// Waits below this are the machine's noise and not the server's.
const NOISE: u64 = 2_000_000;

/// How much nicer than the server and the measured people the harmful clients are. They stand for other machines: what
/// they need of this one, to read their answers, is not what the server makes people wait.
const NICENESS: i32 = 19;

/// Runs the scenario.
pub(crate) fn run(common: &Common, options: &Options) -> Result<(), String> {
    let is_wanted = |harm: &&Harm| options.only.as_ref().is_none_or(|only| harm.name.contains(only.as_str()));
    let kinds: Vec<_> = harm::ALL.iter().filter(is_wanted).collect();
    let accounts = accounts::prepare(common, INNOCENT + HARMFUL * kinds.len())?;
    let (innocent, harmful) = accounts.split_at(INNOCENT);
    let mut innocent = Innocent::new(common, innocent)?;
    let span = Duration::from_secs(options.seconds);
    let mut report = Report::new("abuse", options, common);
    let mut worst: Vec<(f64, String)> = Vec::new();
    let mut lines = Map::new();
    let mut progress = Progress::new();
    for (harm, harmful) in kinds.into_iter().zip(harmful.chunks(HARMFUL)) {
        progress.show(|| format!("{}: what people wait without it", harm.name));
        let load = (harm.prepare)(common, harmful)?;
        let before = innocent.measure(span)?;
        progress.show(|| format!("{}: what people wait beside it", harm.name));
        let (during, asked) = beside(common, &load, harmful, || innocent.measure(span))?;
        let mut line = Map::new();
        for ((what, before), (_, during)) in before.each().into_iter().zip(during.each()) {
            let times = times_longer(before, during);
            report.row(&format!("{}: {what}", harm.name), told(before, during, times));
            line.insert(
                what.to_owned(),
                json!({ "before": before.json(), "during": during.json(), "p99Times": times }),
            );
            worst.push((times, format!("{}: {what}", harm.name)));
        }
        line.insert("asked".to_owned(), asked.into());
        lines.insert(harm.name.to_owned(), line.into());
        thread::sleep(REST);
    }
    drop(progress);
    report.set("abuse", lines);
    worst.sort_by(|one, other| other.0.total_cmp(&one.0));
    let over: Vec<_> = worst.iter().filter(|(times, _)| *times > BOUND).collect();
    report.set("over", over.len());
    report.publish(common)?;
    match over.first() {
        None => Ok(()),
        Some((times, line)) => Err(format!(
            "{} of {} lines are over {BOUND} times as long; the worst is {line}, {times:.1} times",
            over.len(),
            worst.len()
        )),
    }
}

/// Does harm while `measure` runs. Gives what it measured, and how often the harmful accounts asked.
fn beside<T>(
    common: &Common,
    load: &harm::Load,
    harmful: &[Account],
    measure: impl FnOnce() -> Result<T, String>,
) -> Result<(T, u64), String> {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..load.threads())
            .map(|number| {
                let stop = &stop;
                scope.spawn(move || {
                    // On Linux this is the priority of the calling thread alone.
                    let _ = rustix::process::nice(NICENESS);
                    load.run(common, harmful, number, stop)
                })
            })
            .collect();
        thread::sleep(BEGUN);
        let measured = measure();
        stop.store(true, Ordering::Relaxed);
        let mut asked = 0;
        for thread in threads {
            asked += thread.join().map_err(|_| "a harmful client panicked".to_owned())??;
        }
        interrupt::check()?;
        Ok((measured?, asked))
    })
}

/// How many times as long the 99th of a hundred waits.
#[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
fn times_longer(before: &Histogram, during: &Histogram) -> f64 {
    let [before, during] = [before, during].map(|waits| waits.quantile(0.99).max(NOISE) as f64);
    (during / before * 100.0).round() / 100.0
}

fn told(before: &Histogram, during: &Histogram, times: f64) -> String {
    let quantile = |waits: &Histogram, share| time(waits.quantile(share));
    format!(
        "p50 {} → {}   p99 {} → {}   {times:.1}×",
        quantile(before, 0.5),
        quantile(during, 0.5),
        quantile(before, 0.99),
        quantile(during, 0.99)
    )
}

/// Until when a measurement goes on.
fn until(span: Duration) -> impl Fn() -> bool {
    let end = Instant::now() + span;
    move || Instant::now() < end
}
