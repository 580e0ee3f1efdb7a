//! Identifiers that cannot be guessed.

use std::fmt;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};

/// 128 random bits, written as 22 characters of URL-safe base64.
///
/// Names a socket. The session id of the transport underneath is a secret of its own: it is drawn
/// separately, and neither says anything about the other.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id([u8; 16]);

impl Id {
    /// Draws an id; `random` fills a buffer from a source that cannot be guessed.
    pub(crate) fn draw(random: fn(&mut [u8])) -> Self {
        let mut bytes = [0; 16];
        random(&mut bytes);
        Self(bytes)
    }

    /// Reads what `Display` writes; `None` for everything else, also for another spelling of an id.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        // The decoder refuses stray bits, so that one id has one spelling.
        match BASE64_URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(16) => Some(Self(bytes)),
            _ => None,
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 22];
        let length = BASE64_URL_SAFE_NO_PAD.encode_slice(self.0, &mut text).map_err(|_| fmt::Error)?;
        f.write_str(std::str::from_utf8(&text[..length]).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Fills a buffer from the operating system's source of randomness.
pub(crate) fn system_random(buffer: &mut [u8]) {
    getrandom::fill(buffer).expect("the system has a source of randomness");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_and_read() {
        let id = Id::draw(system_random);
        let text = id.to_string();
        assert_eq!(text.len(), 22);
        assert_eq!(Id::parse(&text), Some(id));
        assert_ne!(Id::draw(system_random), id);
    }

    #[test]
    fn has_one_spelling() {
        let id = Id([0; 16]);
        assert_eq!(Id::parse("AAAAAAAAAAAAAAAAAAAAAA"), Some(id));
        for other in
            ["", "A", "AAAAAAAAAAAAAAAAAAAAAB", "AAAAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAAAAAAAAAAAAAAA"]
        {
            assert_eq!(Id::parse(other), None, "{other}");
        }
    }
}
