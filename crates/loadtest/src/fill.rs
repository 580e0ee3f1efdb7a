//! `fill`: stores messages for people who are not connected, to measure with many stored.

use serde::Serialize;

use crate::Common;
use crate::accounts;
use crate::letter::{Letter, Party};
use crate::process::Process;
use crate::report::Report;
use crate::sender::Sender;
use crate::store::store;

/// What a run of `fill` does.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// Messages to store, at least 1.
    pub messages: u64,
    /// Conversations, at least 1: those of `direct`.
    pub pairs: usize,
    /// Messages in flight for each sender, at least 1.
    pub window: usize,
    /// Bytes of a text, at least [`LEAST_SIZE`](crate::LEAST_SIZE).
    pub size: usize,
    /// Whether messages carry a `clientId`.
    pub client_ids: bool,
}

/// Runs the scenario.
pub(crate) fn run(common: &Common, options: &Options) -> Result<(), String> {
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
