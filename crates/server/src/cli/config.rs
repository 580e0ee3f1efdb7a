//! `aldis config`

use crate::config::Layers;

/// Prints the settings in force as a TOML file, each with its source. None of them is a secret.
pub(super) fn print(layers: &Layers) {
    print!("{layers}");
}
