//! Aldis: a self-hosted real-time messaging server for any Socket.IO client.
//!
//! This crate is the edge and the binary: settings, wiring, HTTP, sockets. The rules are in `domain`.
#![forbid(unsafe_code)]

mod app;
mod bench;
mod cli;
mod config;
mod cores;
mod http;
mod hub;
mod keys;
mod listen;
mod log;
mod metrics;
mod otp;
mod socket;
mod system;
mod wiring;
mod worker;

/// Many small allocations, made on one thread and freed on another, are what a message costs
/// (docs/decisions/0006-performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::run()
}
