//! Counts the instructions of what every message costs, and compares them with a committed baseline.
//!
//! `check` (the default) fails where something got dearer; `update` writes the baseline; `run PATH COUNT`
//! does one of them so many times, for `valgrind --tool=callgrind`. See CONTRIBUTING.md, "Measuring".
//!
//! Our own and not gungraun: that needs a runner of exactly its version to be installed on every machine.
#![allow(dead_code, unused_imports, reason = "of the server's files not everything is called here")]

use std::process::ExitCode;

// The server has no library: what is measured are its own files, wired as it wires them.
#[path = "../../src/app.rs"]
mod app;
#[path = "../../src/client/mod.rs"]
mod client;
#[path = "../../src/config/mod.rs"]
mod config;
#[path = "../../src/event.rs"]
mod event;
#[path = "../../src/http/mod.rs"]
mod http;
#[path = "../../src/hub.rs"]
mod hub;
#[path = "../../src/issuer.rs"]
mod issuer;
#[path = "../../src/keys.rs"]
mod keys;
#[path = "../../src/log.rs"]
mod log;
#[path = "../../src/mail/mod.rs"]
mod mail;
#[path = "../../src/malformed.rs"]
mod malformed;
#[path = "../../src/metrics.rs"]
mod metrics;
#[path = "../../src/otp.rs"]
mod otp;
#[path = "../../src/testing/people.rs"]
mod people;
#[path = "../../src/socket/mod.rs"]
mod socket;
#[path = "../../src/system.rs"]
mod system;
#[path = "../../src/webhook.rs"]
mod webhook;
#[path = "../../src/wiring.rs"]
mod wiring;
#[path = "../../src/zip.rs"]
mod zip;

mod guard;
mod paths;
#[path = "../../../store/benches/support/mod.rs"]
mod support;
mod world;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        [] | ["check"] => guard::check(),
        ["update"] => guard::update(),
        ["run", path, count] => paths::run(path, count.parse().expect("COUNT is a number")),
        _ => Err("usage: instructions [check | update | run PATH COUNT]".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("instructions: {error}");
            ExitCode::FAILURE
        }
    }
}
