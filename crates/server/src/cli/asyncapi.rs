//! `aldis asyncapi`

use std::io::Write;

/// Prints the document that a server serves at `/asyncapi.json`.
pub(super) fn print() -> Result<(), String> {
    let document =
        serde_json::to_string_pretty(&crate::http::asyncapi()).map_err(|error| error.to_string())?;
    writeln!(std::io::stdout(), "{document}").map_err(|error| error.to_string())
}
