//! `aldis bench`: a load generator for a running server, with a check of what it promises.
//!
//! It is one thread with epoll, which builds and parses frames itself: light, so that the server is what is
//! measured. Each scenario is a file.

mod accounts;
pub(crate) mod direct;
mod fleet;
mod frame;
mod histogram;
mod http;
mod interrupt;
mod letter;
mod order;
mod packet;
mod process;
mod progress;
mod report;
mod socket;
mod svg;

use std::path::PathBuf;

use domain::Clock;
use rand::Rng;

use crate::system::SystemClock;

pub(crate) use letter::LEAST_SIZE;

/// What is done to the server.
#[derive(Clone, Debug)]
pub(crate) enum Scenario {
    Direct(direct::Options),
}

/// What every scenario is told.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) url: String,
    pub(crate) peer: String,
    pub(crate) tokens: Option<PathBuf>,
    pub(crate) pid: Option<u32>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) svg: Option<PathBuf>,
}

/// The same, understood.
struct Common {
    server: http::Server,
    peer: packet::Peer,
    tokens: Option<PathBuf>,
    pid: Option<process::Process>,
    json: Option<PathBuf>,
    svg: Option<PathBuf>,
    /// Tells this run's accounts and messages from those of others.
    run: u16,
}

impl Common {
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
        tokens: request.tokens,
        pid: request.pid.map(process::Process),
        json: request.json,
        svg: request.svg,
        run: u16::from_ne_bytes(run),
    };
    // A wrong number is told before the work is done.
    common.pid.map(process::Process::memory).transpose()?;
    interrupt::watch()?;
    process::raise_file_limit();
    match scenario {
        Scenario::Direct(options) => direct::run(&common, options),
    }
}
