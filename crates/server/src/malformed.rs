//! The errors for a request that cannot be read, over HTTP and over a socket.

use domain::Error;
use protocol::Code;

/// The request is not JSON.
pub(crate) fn not_json(error: &serde_json::Error) -> Error {
    Error::new(Code::Malformed, format!("This is not JSON: {error}."))
}

/// The request is JSON, but a field is missing or has a wrong value. Names the field.
pub(crate) fn unfit(path: &str, why: &str) -> Error {
    // A missing or repeated field has no path of its own, but serde names it in its message.
    let named = ["missing field `", "duplicate field `"].iter().find_map(|start| why.strip_prefix(start));
    let named = named.and_then(|rest| rest.split('`').next());
    Error::invalid(named.unwrap_or(path).to_owned(), format!("{why}."))
}
