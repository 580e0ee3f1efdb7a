//! `aldis keys`

use std::io::Write;

use domain::Clock;

use crate::config::Config;
use crate::keys;
use crate::system::{SystemClock, SystemRandom};

/// Makes a new key.
pub(super) fn rotate(config: &Config) -> Result<(), String> {
    let path = keys::create(&config.data, &SystemRandom, SystemClock::new().now())
        .map_err(|error| error.to_string())?;
    // The key is made even if nobody reads the output.
    let _ = writeln!(std::io::stdout(), "made {}; restart the server to sign with it", path.display());
    Ok(())
}
