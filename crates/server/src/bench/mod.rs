//! `aldis bench`: a load generator for a running server, with a check of what it promises.
//!
//! It is one thread with epoll, which builds and parses frames itself: light, so that the server is what is
//! measured. Each scenario is a file.

mod accounts;
mod client;
pub(crate) mod connect;
pub(crate) mod direct;
pub(crate) mod fill;
mod fleet;
pub(crate) mod flush;
mod frame;
pub(crate) mod group;
mod histogram;
mod http;
pub(crate) mod idle;
mod interrupt;
mod letter;
mod order;
mod packet;
mod process;
mod progress;
mod report;
mod sender;
mod socket;
mod store;
pub(crate) mod storm;
mod svg;
mod timer;

use std::path::PathBuf;

use domain::Clock;
use rand::Rng;

use crate::system::SystemClock;

pub(crate) use letter::LEAST_SIZE;

/// What is done to the server.
#[derive(Clone, Debug)]
pub(crate) enum Scenario {
    Connect(connect::Options),
    Direct(direct::Options),
    Fill(fill::Options),
    Flush(flush::Options),
    Group(group::Options),
    Idle(idle::Options),
    Storm(storm::Options),
}

/// What every scenario is told.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) url: String,
    pub(crate) peer: String,
    pub(crate) accounts: Option<usize>,
    pub(crate) tokens: Option<PathBuf>,
    pub(crate) pid: Option<u32>,
    pub(crate) pid_file: Option<PathBuf>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) svg: Option<PathBuf>,
}

/// The same, understood.
struct Common {
    server: http::Server,
    peer: packet::Peer,
    accounts: Option<usize>,
    tokens: Option<PathBuf>,
    pid: Option<process::Process>,
    pid_file: Option<PathBuf>,
    json: Option<PathBuf>,
    svg: Option<PathBuf>,
    /// Tells this run's accounts and messages from those of others.
    run: u16,
}

impl Common {
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
        let millis = u64::try_from(SystemClock::new().now().as_millis()).unwrap_or(0);
        letter::Form { peer: self.peer, run: self.run, size, client_ids: client_ids.then_some(millis) }
    }
}

/// Runs a scenario and reports.
pub(crate) fn run(request: Request, scenario: &Scenario) -> Result<(), String> {
    let peer = match request.peer.as_str() {
        "demo" => packet::Peer::Demo,
        "relay" => packet::Peer::Relay,
        _ => packet::Peer::Aldis,
    };
    let mut run = [0; 2];
    rand::rng().fill_bytes(&mut run);
    let common = Common {
        server: http::Server::parse(&request.url)?,
        peer,
        accounts: request.accounts,
        tokens: request.tokens,
        pid: request.pid.map(process::Process),
        pid_file: request.pid_file,
        json: request.json,
        svg: request.svg,
        run: u16::from_ne_bytes(run),
    };
    // A wrong number is told before the work is done.
    common.pid.map(process::Process::memory).transpose()?;
    interrupt::watch()?;
    process::raise_file_limit();
    match scenario {
        Scenario::Connect(options) => connect::run(&common, options),
        Scenario::Direct(options) => direct::run(&common, options),
        Scenario::Fill(options) => fill::run(&common, options),
        Scenario::Flush(options) => flush::run(&common, options),
        Scenario::Group(options) => group::run(&common, options),
        Scenario::Idle(options) => idle::run(&common, options),
        Scenario::Storm(options) => storm::run(&common, options),
    }
}
