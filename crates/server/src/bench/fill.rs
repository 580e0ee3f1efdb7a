//! `fill`: stores messages for people who are not connected, to measure with many stored.

use serde::Serialize;

use super::Common;
use super::accounts;
use super::letter::{Letter, Party};
use super::process::Process;
use super::report::Report;
use super::sender::Sender;
use super::store::store;

/// What was asked for.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Options {
    pub(crate) messages: u64,
    pub(crate) pairs: usize,
    /// Messages in flight for each sender.
    pub(crate) window: usize,
    pub(crate) size: usize,
    pub(crate) client_ids: bool,
}

/// Runs it.
pub(super) fn run(common: &Common, options: &Options) -> Result<(), String> {
    let accounts = accounts::prepare(common, 2 * options.pairs)?;
    let form = common.form(options.size, options.client_ids);
    let party = |number: usize| Party { number, username: &accounts[number].username };
    // The pairs are those of `direct`, so that it goes on in the same conversations.
    let senders: Vec<_> = accounts.iter().step_by(2).cloned().collect();
    let letter = |pair: usize| Sender::new(Letter::new(form, party(2 * pair), party(2 * pair + 1)));
    let letters = (0..options.pairs).map(letter).collect();
    let stored = store(common, &senders, letters, options.messages, options.window)?;

    let mut report = Report::new("fill", options, common);
    let used = stored.tell(&mut report);
    report.used(&used, options.messages, "message");
    if let Some(memory) = common.pid.map(Process::memory).transpose()? {
        report.memory("serverMemory", "memory of the server", memory);
    }
    report.publish(common)
}
