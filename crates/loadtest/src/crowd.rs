//! `crowd`: what requests cost in a group of ten and in a group of thousands, while nobody is connected.
//!
//! Nothing is sent to anybody then, so what is dearer in the large group grows with its members.

use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::accounts::{self, Account};
use crate::histogram::{Histogram, time};
use crate::packet::Peer;
use crate::progress::Progress;
use crate::report::{Meter, Report, count};
use crate::{Common, group, interrupt};

/// What a run of `crowd` does.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// Members of the large group, at least 11 and at most 9,999: one more joins and leaves.
    pub members: usize,
    /// How often each request is made, at least 1.
    pub rounds: u64,
}

/// Members of the small group.
const FEW: usize = 10;
/// Said when the server asks somebody instead of making them a member.
const INVITED: &str = "the server invites people instead of adding them: start it with \
                       --added-to-groups-per-hour 1000000000";
/// What the server does after it has answered counts, if it is done by then.
const AFTERMATH: Duration = Duration::from_millis(200);

/// A group, and the people who ask for things in it.
struct Group<'a> {
    id: String,
    owner: &'a Account,
    member: &'a Account,
    /// Joins and leaves.
    guest: &'a Account,
}

/// A request, by the owner or by another member.
struct Request<'a> {
    by: &'a Account,
    method: &'static str,
    path: String,
    body: Value,
}

/// Gives the requests of one round.
type Step = for<'a> fn(&Group<'a>, u64) -> Vec<Request<'a>>;

/// What is measured. Messages come first, because receipts name them.
const STEPS: &[(&str, Step)] = &[
    ("message", |group, round| vec![group.write(&format!("message {round}"))]),
    ("mention", |group, round| vec![group.write(&format!("@{} {round}", group.member.username))]),
    ("receipt", |group, round| vec![group.of_member("POST", "/receipt", json!({ "readSeq": round + 1 }))]),
    ("mute", |group, round| vec![group.of_member("PATCH", "", json!({ "muted": round % 2 == 0 }))]),
    ("title", |group, round| vec![group.of_owner("PATCH", "", json!({ "title": format!("crowd {round}") }))]),
    ("conversations", |group, _| {
        let path = "/api/conversations".to_owned();
        vec![Request { by: group.member, method: "GET", path, body: Value::Null }]
    }),
    ("conversation", |group, _| vec![group.of_member("GET", "", Value::Null)]),
    ("members", |group, _| vec![group.of_member("GET", "/members", Value::Null)]),
    ("history", |group, _| vec![group.of_member("GET", "/messages", Value::Null)]),
    ("join and leave", |group, _| {
        let member = format!("/members/{}", group.guest.username);
        let path = format!("/api/conversations/{}", group.id);
        let leave = Request { by: group.guest, method: "DELETE", path, body: Value::Null };
        vec![group.of_owner("PUT", &member, json!({})), leave]
    }),
];

impl<'a> Group<'a> {
    fn request(&self, by: &'a Account, method: &'static str, path: &str, body: Value) -> Request<'a> {
        Request { by, method, path: format!("/api/conversations/{}{path}", self.id), body }
    }

    fn of_owner(&self, method: &'static str, path: &str, body: Value) -> Request<'a> {
        self.request(self.owner, method, path, body)
    }

    fn of_member(&self, method: &'static str, path: &str, body: Value) -> Request<'a> {
        self.request(self.member, method, path, body)
    }

    fn write(&self, text: &str) -> Request<'a> {
        self.of_owner("POST", "/messages", json!({ "text": text }))
    }
}

/// Runs the scenario.
pub(crate) fn run(common: &Common, options: &Options) -> Result<(), String> {
    if common.peer != Peer::Aldis {
        return Err("crowd: only Aldis has such groups".into());
    }
    let accounts = accounts::prepare(common, options.members + 1)?;
    let few = begin(common, &accounts, FEW)?;
    let many = begin(common, &accounts, options.members)?;
    let mut report = Report::new("crowd", options, common);
    let mut steps = Map::new();
    let mut progress = Progress::new();
    for (name, step) in STEPS {
        progress.show(|| format!("{name}: {} times", options.rounds));
        let few = measure(common, &few, *step, options.rounds)?;
        let many = measure(common, &many, *step, options.rounds)?;
        report.row(name, format!("{} in the small group, {} in the large one", few.line(), many.line()));
        steps.insert((*name).to_owned(), json!({ "few": few.json(), "many": many.json() }));
    }
    drop(progress);
    report.set("steps", steps);
    report.row("groups", format!("of {FEW} and of {} members", count(options.members as u64)));
    report.publish(common)
}

/// Begins a group of the first so many accounts.
fn begin<'a>(common: &Common, accounts: &'a [Account], members: usize) -> Result<Group<'a>, String> {
    let id = group::begin(common, &accounts[..members])?;
    let [owner, member, .., guest] = accounts else { return Err("crowd: too few accounts".into()) };
    Ok(Group { id, owner, member, guest })
}

fn ask(common: &Common, request: &Request<'_>) -> Result<Value, String> {
    interrupt::check()?;
    let Request { by, method, path, body } = request;
    let (status, answer) = common.server.ask(method, path, Some(&by.token), body)?;
    if (200..300).contains(&status) {
        Ok(answer)
    } else {
        Err(format!("{method} {path} was refused: {status} {answer}"))
    }
}

/// What the rounds of a step took.
struct Measured {
    waits: Histogram,
    /// The server's processor time for each round, in microseconds, if its process is known.
    cpu: Option<f64>,
}

fn measure(common: &Common, group: &Group<'_>, step: Step, rounds: u64) -> Result<Measured, String> {
    let mut waits = Histogram::new();
    let meter = Meter::start(common.pid)?;
    for round in 0..rounds {
        let requests = step(group, round);
        let began = Instant::now();
        for request in &requests {
            let answer = ask(common, request)?;
            if answer["invited"].as_array().is_some_and(|invited| !invited.is_empty()) {
                return Err(INVITED.into());
            }
        }
        waits.record(u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
    thread::sleep(AFTERMATH);
    Ok(Measured { waits, cpu: meter.stop()?.server_micros(rounds) })
}

impl Measured {
    fn line(&self) -> String {
        let cpu = self.cpu.map(|micros| format!("{micros:.0} µs of CPU, ")).unwrap_or_default();
        format!("{cpu}{} (p50)", time(self.waits.quantile(0.5)))
    }

    fn json(&self) -> Value {
        json!({ "cpuMicros": self.cpu, "latency": self.waits.json() })
    }
}
