//! The rules, on the memory store, with a clock that the tests move.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod accounts;
mod faulty;
mod messages;
mod receipts;
mod searches;
mod sessions;
mod support;
mod syncs;
