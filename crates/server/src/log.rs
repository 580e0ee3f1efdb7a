//! Logging to standard error, one line for each event.

use std::time::Duration;

use domain::LogLimit;
use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};
use crate::system;

/// A log line that is written at most once a second, so that a repeating fault does not fill the disk.
pub(crate) struct Rare(LogLimit);

impl Rare {
    pub(crate) const fn new() -> Self {
        Self(LogLimit::new(Duration::from_secs(1)))
    }

    /// `None` if the line must not be logged now. Otherwise how many lines were left out since the last one.
    pub(crate) fn left_out(&self) -> Option<u64> {
        self.0.pass(system::uptime())
    }
}

/// Starts logging. Called once in a process.
pub(crate) fn start(config: &Config) -> Result<(), String> {
    let filter = EnvFilter::builder().parse(&config.log).map_err(|error| format!("log: {error}"))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A failure to write to standard error cannot be reported there.
    let log = log.log_internal_errors(false);
    let started = match config.log_format {
        LogFormat::Text => log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| error.to_string())?;
    std::panic::set_hook(Box::new(|panic| {
        // A formatted message may contain what a user sent, so only constant messages are logged.
        let message = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(not shown)");
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(at, message, "panicked");
    }));
    Ok(())
}
