//! `aldis config`

use std::io::Write;

use crate::config::Layers;

/// Prints the settings in force as a TOML file, each with its source. None of them is a secret.
pub(super) fn print(layers: &Layers) -> Result<(), String> {
    write!(std::io::stdout(), "{layers}").map_err(|error| error.to_string())
}
