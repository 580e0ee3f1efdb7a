//! What a run tells: a table for people, JSON for machines, a picture.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::Common;
use crate::histogram::Histogram;
use crate::order::Faults;
use crate::process::{Cpu, Memory, Process, machine};
use crate::svg;

/// The report, as far as it is filled.
pub(crate) struct Report {
    figures: Map<String, Value>,
    rows: Vec<(String, String)>,
    pub(crate) latencies: Vec<(&'static str, Histogram)>,
}

/// A running measurement of processor time.
pub(crate) struct Meter {
    began: Instant,
    server: Option<(Process, Cpu)>,
    own: Cpu,
}

/// Processor time that was used.
pub(crate) struct Used {
    pub(crate) wall: Duration,
    server: Option<Duration>,
    own: Duration,
}

impl Meter {
    pub(crate) fn start(server: Option<Process>) -> Result<Self, String> {
        let server = server.map(|process| Ok::<_, String>((process, process.cpu()?))).transpose()?;
        Ok(Self { server, own: Process::own().cpu()?, began: Instant::now() })
    }

    pub(crate) fn stop(&self) -> Result<Used, String> {
        let wall = self.began.elapsed();
        let server =
            self.server.map(|(process, before)| Ok::<_, String>(process.cpu()?.since(before))).transpose()?;
        Ok(Used { wall, server, own: Process::own().cpu()?.since(self.own) })
    }
}

impl Used {
    /// How many cores the server kept busy.
    pub(crate) fn server_cores(&self) -> Option<f64> {
        self.server.map(|cpu| round(cpu.as_secs_f64() / self.wall.as_secs_f64().max(1e-9)))
    }

    /// The server's processor time for each of so many things, in microseconds.
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    pub(crate) fn server_micros(&self, things: u64) -> Option<f64> {
        self.server.map(|cpu| round(cpu.as_secs_f64() * 1e6 / things.max(1) as f64))
    }
}

impl Report {
    pub(crate) fn new(scenario: &str, options: &impl serde::Serialize, common: &Common) -> Self {
        let mut report = Self { figures: Map::new(), rows: Vec::new(), latencies: Vec::new() };
        let options = serde_json::to_value(options).unwrap_or_default();
        let asked = options.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
        let asked: Vec<_> = asked.map(|(name, value)| format!("{name} {value}")).collect();
        report.row("scenario", format!("{scenario}: {}", asked.join(", ")));
        report.set("scenario", scenario);
        report.set("peer", format!("{:?}", common.peer).to_lowercase());
        report.set("url", common.server.url.as_str());
        report.set("version", env!("CARGO_PKG_VERSION"));
        report.set("options", options);
        report.set("machine", machine());
        report
    }

    /// A figure for machines.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.figures.insert(name.to_owned(), value.into());
    }

    /// A line for people.
    pub(crate) fn row(&mut self, label: &str, text: String) {
        self.rows.push((label.to_owned(), text));
    }

    /// A count of what happened in some time.
    pub(crate) fn rate(&mut self, name: &str, label: &str, events: u64, time: Duration) {
        let per_second = per_second(events, time);
        self.set(name, json!({ "count": events, "perSecond": per_second }));
        self.row(
            label,
            format!("{} in {:.2} s, {} a second", count(events), time.as_secs_f64(), whole(per_second)),
        );
    }

    /// Latencies: a line in the table, the quantiles in the JSON, and a histogram in the picture.
    pub(crate) fn latency(&mut self, name: &str, label: &'static str, histogram: Histogram) {
        self.set(name, histogram.json());
        self.row(label, histogram.line());
        self.latencies.push((label, histogram));
    }

    /// The processor time of the server and of the generator for each of so many things.
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    pub(crate) fn used(&mut self, used: &Used, things: u64, thing: &str) {
        let (mut name, things) = (thing.to_owned(), things.max(1) as f64);
        name[..1].make_ascii_uppercase();
        for (who, key, cpu) in [("server", "server", used.server), ("generator", "generator", Some(used.own))]
        {
            let Some(cpu) = cpu else { continue };
            let (micros, share) =
                (cpu.as_secs_f64() * 1e6 / things, cpu.as_secs_f64() / used.wall.as_secs_f64());
            let mut figures = Map::new();
            figures.insert("cpuSeconds".into(), json!(round(cpu.as_secs_f64())));
            figures.insert("cores".into(), json!(round(share)));
            figures.insert(format!("cpuMicrosPer{name}"), json!(round(micros)));
            self.figures.insert(key.into(), figures.into());
            let text = format!("{micros:.2} µs a {thing}; {share:.2} of a core busy");
            self.row(&format!("CPU of the {who}"), text);
        }
    }

    /// How many messages went wrong, and how.
    pub(crate) fn checked(&mut self, messages: u64, faults: Faults, unanswered: u64) {
        self.set("checked", json!({ "messages": messages, "unanswered": unanswered, "faults": faults }));
        let well = || format!("{} messages, each exactly once and in order", count(messages));
        self.row("checked", faults.check().map_or_else(|error| error, |()| well()));
    }

    /// How often something happened, by reason.
    pub(crate) fn reasons(&mut self, name: &str, label: &str, reasons: &BTreeMap<String, u64>) {
        self.set(name, json!(reasons));
        for (reason, &times) in reasons {
            self.row(label, format!("{} times: {reason}", count(times)));
        }
    }

    /// The memory of the server.
    pub(crate) fn memory(&mut self, name: &str, label: &str, memory: Memory) {
        self.set(name, serde_json::to_value(memory).unwrap_or_default());
        self.row(label, format!("{} resident, {} of it anonymous", size(memory.rss), size(memory.anonymous)));
    }

    /// Writes the report as the request says: table, JSON, picture.
    pub(crate) fn publish(self, common: &Common) -> Result<(), String> {
        let write = |path: &PathBuf, text: String| {
            fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
        };
        if let Some(path) = &common.svg {
            write(path, svg::draw(&self.latencies))?;
        }
        let json = format!("{:#}\n", Value::Object(self.figures));
        match &common.json {
            Some(path) if path.as_os_str() == "-" => {
                print!("{json}");
                return Ok(());
            }
            Some(path) => write(path, json)?,
            None => {}
        }
        let width = self.rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
        for (label, text) in &self.rows {
            println!("{label:width$}  {text}");
        }
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
pub(crate) fn per_second(events: u64, time: Duration) -> f64 {
    round(events as f64 / time.as_secs_f64().max(1e-9))
}

/// Rounds to three digits after the decimal point.
fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// A whole number with commas between thousands.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number, rounded to a whole one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate")]
pub(crate) fn whole(value: f64) -> String {
    count(value.round() as u64)
}

/// A number of bytes with a unit.
#[expect(clippy::cast_precision_loss, reason = "figures for people")]
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        ..1_048_576 => format!("{:.2} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        assert_eq!([0, 12, 123, 1234, 1_234_567].map(count).join(" "), "0 12 123 1,234 1,234,567");
        assert_eq!(whole(1999.6), "2,000");
        assert_eq!((size(1536).as_str(), size(3 << 20).as_str()), ("1.50 KiB", "3.0 MiB"));
        assert!((per_second(300, Duration::from_secs(2)) - 150.0).abs() < 1e-9);
    }
}
