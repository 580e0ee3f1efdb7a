//! `group`: one member of a group writes, and everybody else in it is connected.

use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use crate::Common;
use crate::accounts::{self, Account};
use crate::client::{Client, Turn};
use crate::fleet::Fleet;
use crate::frame::{self, Kind};
use crate::histogram::Histogram;
use crate::interrupt;
use crate::letter::{self, Letter, Party};
use crate::order::{Faults, Order};
use crate::packet::Peer;
use crate::progress::Progress;
use crate::report::{Meter, Report, per_second, whole};
use crate::sender::Sender;

/// Members with whom a group can begin; the others are added one by one.
const AT_ONCE: usize = 256;
/// How long the last messages may take to arrive at the end.
const DRAIN: Duration = Duration::from_secs(30);

/// What a run of `group` does.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// Members of the group, at least 2: the one who writes and those who read. All are connected.
    pub members: usize,
    /// Messages in flight, at least 1.
    pub window: usize,
    /// How long to measure, at least 1.
    pub seconds: u64,
    /// Seconds of load before that.
    pub warmup: u64,
    /// Bytes of a text, at least [`LEAST_SIZE`](crate::LEAST_SIZE).
    pub size: usize,
}

struct Group {
    run: u16,
    size: usize,
    window: usize,
    sender: Sender,
    /// Messages that arrived at each member. None arrives at the sender.
    orders: Vec<Order>,
    /// Members who are not in the room yet.
    joining: usize,
    sending: bool,
    measuring: bool,
    delivered: u64,
    measured: Counts,
    delivery: Histogram,
}

#[derive(Default)]
struct Counts {
    acknowledged: u64,
    delivered: u64,
}

/// Runs the scenario.
pub(crate) fn run(common: &Common, options: &Options) -> Result<(), String> {
    let accounts = accounts::prepare(common, options.members)?;
    let group = match common.peer {
        Peer::Aldis => begin(common, &accounts)?,
        Peer::Demo => format!("room-{:04x}", common.run),
        Peer::Relay => return Err("group: a relay knows no groups".into()),
    };
    let form = common.form(options.size, false);
    let writer = Party { number: 0, username: &accounts[0].username };
    let mut fleet = Fleet::new(common.peer, &common.server)?;
    let mut client = Group {
        run: common.run,
        size: options.size,
        window: options.window,
        sender: Sender::new(Letter::to_group(form, writer, &group)),
        orders: accounts.iter().map(|_| Order::default()).collect(),
        joining: 0,
        sending: false,
        measuring: false,
        delivered: 0,
        measured: Counts::default(),
        delivery: Histogram::new(),
    };
    fleet.open_all(accounts.iter().map(|account| account.token.as_str()), 64, &mut client)?;
    if common.peer == Peer::Demo {
        join(&mut fleet, &mut client, &group, accounts.len())?;
    }

    client.sending = true;
    let now = fleet.now();
    if let Some(out) = fleet.out(0) {
        client.fill(now, out);
    }
    fleet.flush(0, &mut client)?;
    let mut progress = Progress::new();
    let warm = now + options.warmup * 1_000_000_000;
    while fleet.now() < warm && !interrupt::asked() {
        fleet.poll(Duration::from_millis(100), &mut client)?;
    }
    client.measuring = true;
    let (meter, start) = (Meter::start(common.pid)?, fleet.now());
    while fleet.now() < start + options.seconds * 1_000_000_000 && !interrupt::asked() {
        fleet.poll(Duration::from_millis(100), &mut client)?;
        let so_far = Duration::from_nanos(fleet.now() - start);
        progress
            .show(|| format!("{} deliveries a second", whole(per_second(client.measured.delivered, so_far))));
    }
    let used = meter.stop()?;
    (client.measuring, client.sending) = (false, false);
    let bound = fleet.now() + u64::try_from(DRAIN.as_nanos()).expect("it is short");
    let all = |client: &Group| client.sender.sent() * (options.members as u64 - 1);
    while (client.sender.in_flight() > 0 || client.delivered < all(&client)) && fleet.now() < bound {
        fleet.poll(Duration::from_millis(100), &mut client)?;
    }
    drop(progress);
    fleet.close_all();

    let (sent, unanswered) = (client.sender.sent(), client.sender.in_flight() as u64);
    let mut faults = Faults::default();
    for order in &client.orders[1..] {
        faults.add(order.faults(sent, |message| client.sender.is_acknowledged(message)));
    }
    let mut report = Report::new("group", options, common);
    report.set("interrupted", interrupt::asked());
    report.rate("acknowledged", "acknowledged", client.measured.acknowledged, used.wall);
    report.rate("delivered", "delivered", client.measured.delivered, used.wall);
    report.latency("deliveryLatency", "until delivered", client.delivery);
    report.used(&used, client.measured.delivered, "delivery");
    report.checked(sent, faults, unanswered);
    report.publish(common)?;
    faults.check()?;
    if unanswered > 0 {
        return Err(format!("{unanswered} messages were not acknowledged {DRAIN:?} after the last was sent"));
    }
    Ok(())
}

/// Creates a group of all accounts, the first of which is its owner, and returns its id.
pub(crate) fn begin(common: &Common, accounts: &[Account]) -> Result<String, String> {
    let token = Some(&*accounts[0].token);
    let (at_once, later) = accounts[1..].split_at(AT_ONCE.min(accounts.len() - 1));
    let members: Vec<_> = at_once.iter().map(|account| &account.username).collect();
    let body = json!({ "title": "bench", "members": members });
    let (status, answer) = common.server.ask("POST", "/api/conversations", token, &body)?;
    let Some(id) = answer["id"].as_str().filter(|_| status == 201) else {
        return Err(format!("the group was refused: {status} {answer}"));
    };
    let mut progress = Progress::new();
    for (number, account) in later.iter().enumerate() {
        interrupt::check()?;
        progress.show(|| format!("members: {} of {}", 1 + AT_ONCE + number, accounts.len()));
        let path = format!("/api/conversations/{id}/members/{}", account.username);
        let (status, answer) = common.server.ask("PUT", &path, token, &json!({}))?;
        if status != 200 {
            return Err(format!("a member was refused: {status} {answer}"));
        }
    }
    Ok(id.to_owned())
}

/// Lets every client of a peer into the room.
fn join(fleet: &mut Fleet, client: &mut Group, room: &str, members: usize) -> Result<(), String> {
    client.joining = members;
    for number in 0..members {
        if let Some(out) = fleet.out(number) {
            frame::write(Kind::Text, format!(r#"420["join",{{"room":"{room}"}}]"#).as_bytes(), out);
        }
        fleet.flush(number, client)?;
    }
    while client.joining > 0 {
        interrupt::check()?;
        fleet.poll(Duration::from_millis(100), client)?;
    }
    Ok(())
}

impl Group {
    /// Appends what may be sent now.
    fn fill(&mut self, now: u64, out: &mut Vec<u8>) {
        while self.sending && self.sender.in_flight() < self.window {
            self.sender.send(now, out);
        }
    }
}

impl Client for Group {
    fn acknowledged(&mut self, turn: Turn<'_>, number: Option<u64>) -> Result<(), String> {
        if self.joining > 0 {
            self.joining -= 1;
            return Ok(());
        }
        self.sender.acknowledge(number)?;
        self.measured.acknowledged += u64::from(self.measuring);
        self.fill(turn.now, turn.out);
        Ok(())
    }

    fn message(&mut self, turn: Turn<'_>, message: &[u8]) -> Result<(), String> {
        // Messages of an earlier run may have waited: ignore them.
        let Some(mark) = letter::read(message, self.size).filter(|mark| mark.run == self.run) else {
            return Ok(());
        };
        if turn.number == 0 {
            return Err("the one who wrote a message got it, besides its acknowledgement".into());
        }
        self.orders[turn.number].receive(mark.number);
        self.delivered += 1;
        if self.measuring {
            self.measured.delivered += 1;
            self.delivery.record(turn.now.saturating_sub(mark.at));
        }
        Ok(())
    }
}
