//! The load generator behind `aldis bench`: loads a running server, measures it, and checks what it promises.
//!
//! [`run`] runs one [`Scenario`]; each scenario is a module with its options. Where clients read what others sent
//! (`direct`, `group`, `flush`), the run fails unless every acknowledged message arrived exactly once and in order.
//!
//! All clients share one thread with epoll and build and parse frames themselves, because a light generator
//! leaves the machine to the server that is measured. The crate knows the server by what is on the wire only.
#![forbid(unsafe_code)]

pub mod abuse;
mod accounts;
mod client;
pub mod connect;
pub mod crowd;
pub mod direct;
pub mod fill;
mod fleet;
pub mod flush;
mod frame;
pub mod group;
mod histogram;
pub mod idle;
mod interrupt;
mod letter;
mod order;
mod packet;
mod process;
mod progress;
mod report;
mod sender;
mod server;
mod socket;
mod store;
pub mod storm;
mod svg;
mod timer;

use std::path::PathBuf;
use std::time::Instant;

use protocol::Timestamp;
use rand::Rng;

pub use letter::LEAST_SIZE;
pub use packet::Peer;

/// What is done to the server.
#[derive(Clone, Debug)]
pub enum Scenario {
    /// Accounts do harm while others use the server.
    Abuse(abuse::Options),
    /// Clients connect, get what waits, and leave.
    Connect(connect::Options),
    /// Requests in a small group and in a large one.
    Crowd(crowd::Options),
    /// Pairs of clients send to each other.
    Direct(direct::Options),
    /// Messages are stored for people who are not connected.
    Fill(fill::Options),
    /// Many messages wait for one person, who then connects.
    Flush(flush::Options),
    /// One member of a group writes to everybody in it.
    Group(group::Options),
    /// Clients connect and stay.
    Idle(idle::Options),
    /// The server is restarted under many clients, which all come back at once.
    Storm(storm::Options),
}

/// What every scenario is told: the server, its process, and where the report goes.
#[derive(Clone, Debug)]
pub struct Request {
    /// The server, like `http://127.0.0.1:5000`: plain HTTP, because the load goes to the server itself. With the
    /// path that it is under, if there is one.
    pub url: String,
    /// What kind of server it is.
    pub peer: Peer,
    /// How many accounts the connections of `connect`, `idle` and `storm` share; if not given one each, at most 1000.
    pub accounts: Option<usize>,
    /// A file that keeps the tokens of accounts: read if it is there, and written anew.
    pub tokens: Option<PathBuf>,
    /// The server's process on this machine. Its processor time and memory are reported if it is given.
    pub pid: Option<u32>,
    /// A file that holds the number of the server's present process, which a restart changes.
    pub pid_file: Option<PathBuf>,
    /// Where the report is written as JSON; `-` is standard output, without the table.
    pub json: Option<PathBuf>,
    /// Where the picture of the latencies is written.
    pub svg: Option<PathBuf>,
    /// The time of day when the run begins, for the expiry of tokens and the `clientId`s of messages.
    pub now: Timestamp,
}

/// A checked [`Request`], and what makes this run differ from others.
struct Common {
    server: server::Server,
    peer: Peer,
    accounts: Option<usize>,
    tokens: Option<PathBuf>,
    pid: Option<process::Process>,
    pid_file: Option<PathBuf>,
    json: Option<PathBuf>,
    svg: Option<PathBuf>,
    /// Tells this run's accounts and messages from those of other runs.
    run: u16,
    /// The time of day when `started` was taken.
    began: Timestamp,
    started: Instant,
}

impl Common {
    fn new(request: Request) -> Result<Self, String> {
        let mut run = [0; 2];
        rand::rng().fill_bytes(&mut run);
        Ok(Self {
            server: server::Server::parse(&request.url)?,
            peer: request.peer,
            accounts: request.accounts,
            tokens: request.tokens,
            pid: request.pid.map(process::Process),
            pid_file: request.pid_file,
            json: request.json,
            svg: request.svg,
            run: u16::from_ne_bytes(run),
            began: request.now,
            started: Instant::now(),
        })
    }

    /// The time of day.
    fn now(&self) -> Timestamp {
        self.began.plus(self.started.elapsed())
    }

    /// How many accounts so many connections share.
    fn shared(&self, connections: usize) -> usize {
        self.accounts.unwrap_or(1000).min(connections)
    }

    /// The server's process as it is now: another one after a restart.
    fn current_process(&self) -> Option<process::Process> {
        let file = self.pid_file.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
        file.and_then(|pid| pid.trim().parse().ok()).map(process::Process).or(self.pid)
    }

    fn form(&self, size: usize, client_ids: bool) -> letter::Form {
        let millis = u64::try_from(self.now().as_millis()).unwrap_or(0);
        letter::Form { peer: self.peer, run: self.run, size, client_ids: client_ids.then_some(millis) }
    }
}

/// Runs a scenario, and writes the report to where the request says and, unless the JSON goes there, as a table to
/// standard output. Progress goes to standard error.
///
/// It takes the process for itself: it raises the limit of open files to what the system allows, and from then on
/// SIGINT and SIGTERM end the run early (the second one ends the process with the status 130).
///
/// # Errors
/// One line for people: the request was wrong, the server could not be reached or refused the load, the run was
/// interrupted before it had figures, or acknowledged messages were lost, doubled or out of order. In the last case
/// the report was written before.
pub fn run(request: Request, scenario: &Scenario) -> Result<(), String> {
    let common = Common::new(request)?;
    // A wrong number is told before the work is done.
    common.pid.map(process::Process::memory).transpose()?;
    interrupt::watch()?;
    process::raise_file_limit();
    match scenario {
        Scenario::Abuse(options) => abuse::run(&common, options),
        Scenario::Connect(options) => connect::run(&common, options),
        Scenario::Crowd(options) => crowd::run(&common, options),
        Scenario::Direct(options) => direct::run(&common, options),
        Scenario::Fill(options) => fill::run(&common, options),
        Scenario::Flush(options) => flush::run(&common, options),
        Scenario::Group(options) => group::run(&common, options),
        Scenario::Idle(options) => idle::run(&common, options),
        Scenario::Storm(options) => storm::run(&common, options),
    }
}
