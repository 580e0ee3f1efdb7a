//! What is wrong with a request that cannot be read, over HTTP and over a socket.

use domain::Error;
use protocol::Code;

/// It is no JSON.
pub(crate) fn not_json(error: &serde_json::Error) -> Error {
    Error::new(Code::Malformed, format!("This is not JSON: {error}."))
}

/// It is JSON but not what is wanted: names the field.
pub(crate) fn unfit(path: &str, why: &str) -> Error {
    // A missing field, or one that is there twice, has no path of its own; serde names it in its message.
    let named = ["missing field `", "duplicate field `"].iter().find_map(|start| why.strip_prefix(start));
    let named = named.and_then(|rest| rest.split('`').next());
    Error::invalid(named.unwrap_or(path).to_owned(), format!("{why}."))
}
