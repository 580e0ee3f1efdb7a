//! Logging to standard error: one line an event.

use std::time::Duration;

use domain::LogLimit;
use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};
use crate::system;

/// A line that is logged once a second at most: what repeats must not fill a disk that may be full already.
pub(crate) struct Rare(LogLimit);

impl Rare {
    pub(crate) const fn new() -> Self {
        Self(LogLimit::new(Duration::from_secs(1)))
    }

    /// Whether to log it now: how many were left out since the last.
    pub(crate) fn left_out(&self) -> Option<u64> {
        self.0.pass(system::uptime())
    }
}

/// Starts logging; once a process.
pub(crate) fn start(config: &Config) -> Result<(), String> {
    let filter = EnvFilter::builder().parse(&config.log).map_err(|error| format!("log: {error}"))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Standard error is where it would say that writing there failed.
    let log = log.log_internal_errors(false);
    let started = match config.log_format {
        LogFormat::Text => log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| error.to_string())?;
    std::panic::set_hook(Box::new(|panic| {
        // A message that was put together may hold what somebody sent; one that was written does not.
        let message = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(not shown)");
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(at, message, "panicked");
    }));
    Ok(())
}
