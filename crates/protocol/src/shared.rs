//! What a conversation's messages share besides their words.

use crate::wire::wire;

wire! {
    /// A kind of what a message shares besides its words. A message may share several.
    #[derive(Copy, Eq, PartialOrd, Ord)]
    pub enum SharedKind {
        /// Pictures that have a thumbnail, and films that browsers show.
        Media,
        /// All other files, those that sound among them.
        Files,
        /// Addresses of the web in its text.
        Links,
    }
}

impl SharedKind {
    /// Every kind, once.
    pub const ALL: [Self; 3] = [Self::Media, Self::Files, Self::Links];
}
