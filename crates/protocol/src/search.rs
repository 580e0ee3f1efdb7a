//! Full-text search.

use crate::Message;
use crate::wire::wire;

wire! {
    /// A message that was found.
    pub struct Hit {
        /// The message.
        pub message: Message,
        /// A part of its text as HTML: what was looked for between `<mark>` and `</mark>`, all else escaped.
        pub fragment: String,
    }
}
