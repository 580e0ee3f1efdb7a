//! `aldis openapi`

use std::io::Write;

/// Prints the document that a server serves at `/openapi.json`.
pub(super) fn print() -> Result<(), String> {
    let document = crate::http::openapi().to_pretty_json().map_err(|error| error.to_string())?;
    writeln!(std::io::stdout(), "{document}").map_err(|error| error.to_string())
}
