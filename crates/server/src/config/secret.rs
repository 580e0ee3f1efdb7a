//! Secrets: from a file or the environment, never from what is printed.

use std::path::Path;

/// The secrets that may come from the environment, by the names that they would have as settings.
pub(super) const IN_ENVIRONMENT: [&str; 2] = ["smtp-password", "otp-webhook-secret"];

/// Reads a secret from its file, without the line feed at the end; if no file is set, from `ALDIS_` and its name.
/// `None` if it is nowhere.
pub(crate) fn secret(name: &str, file: &Path) -> Result<Option<String>, String> {
    debug_assert!(IN_ENVIRONMENT.contains(&name), "{name}");
    if file.as_os_str().is_empty() {
        let variable = format!("ALDIS_{}", name.to_ascii_uppercase().replace('-', "_"));
        return Ok(std::env::var(variable).ok().filter(|secret| !secret.is_empty()));
    }
    let text =
        std::fs::read_to_string(file).map_err(|error| format!("{name}-file: {}: {error}", file.display()))?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}
