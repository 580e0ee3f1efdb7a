//! Ending a run early by Ctrl-C.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tokio::signal::unix::{SignalKind, signal};

static ASKED: AtomicBool = AtomicBool::new(false);

/// From now on SIGINT and SIGTERM are noted instead of ending the process at once; the second one ends it.
pub(crate) fn watch() -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let signals =
        runtime.block_on(async { Ok((signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)) });
    let (mut interrupt, mut terminate) = signals.map_err(|error: std::io::Error| error.to_string())?;
    thread::spawn(move || {
        runtime.block_on(async {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if ASKED.swap(true, Ordering::Relaxed) {
                    std::process::exit(130);
                }
            }
        });
    });
    Ok(())
}

/// Whether a signal has asked the run to end.
pub(crate) fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}

/// Fails once a signal has asked the run to end.
pub(crate) fn check() -> Result<(), String> {
    if asked() { Err("interrupted".into()) } else { Ok(()) }
}
