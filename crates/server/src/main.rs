//! Aldis: a self-hosted real-time messaging server for any Socket.IO client.
//!
//! This crate is the edge and the binary: settings, wiring, HTTP, sockets. The rules are in `domain`.
#![deny(unsafe_code)]

mod allocator;
mod app;
mod cli;
mod client;
mod config;
mod cores;
mod event;
mod http;
mod hub;
mod issuer;
mod keys;
mod listen;
mod local;
mod log;
mod mail;
mod malformed;
mod metrics;
mod otp;
mod running;
mod socket;
mod system;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod webhook;
mod wiring;
mod worker;
mod zip;

fn main() -> std::process::ExitCode {
    cli::run()
}
