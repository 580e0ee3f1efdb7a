//! Engine.IO packets, and the payloads that carry several of them over HTTP.

use std::borrow::Cow;

use base64::prelude::{BASE64_STANDARD, Engine as _};

/// What stands between the packets of a polling payload.
pub(crate) const SEPARATOR: u8 = 0x1E;

/// A packet from the client.
#[derive(Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// The client ends the session.
    Close,
    /// Only in the upgrade: `probe`.
    Ping(&'a str),
    /// The answer to the server's ping.
    Pong,
    /// A message of text.
    Text(&'a str),
    /// A binary message.
    Binary(Cow<'a, [u8]>),
    /// The client has moved to the new transport.
    Upgrade,
    /// Nothing.
    Noop,
}

impl<'a> Packet<'a> {
    /// Reads a packet that came as text; `None` when it is none that a client may send.
    pub fn decode(text: &'a str) -> Option<Self> {
        let (kind, data) = text.split_at_checked(1)?;
        Some(match (kind, data) {
            ("4", _) => Self::Text(data),
            ("3", "") => Self::Pong,
            ("2", _) => Self::Ping(data),
            ("1", "") => Self::Close,
            ("5", "") => Self::Upgrade,
            ("6", "") => Self::Noop,
            _ => return None,
        })
    }

    /// Reads a packet of a polling payload, where binary is `b` and base64.
    pub fn decode_polling(text: &'a str) -> Option<Self> {
        match text.strip_prefix('b') {
            Some(data) => BASE64_STANDARD.decode(data).ok().map(|bytes| Self::Binary(bytes.into())),
            None => Self::decode(text),
        }
    }
}

/// The first packet of a polling payload, and what comes after it.
pub fn split_payload(payload: &str) -> (&str, Option<&str>) {
    match payload.split_once(SEPARATOR as char) {
        Some((packet, rest)) => (packet, Some(rest)),
        None => (payload, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_a_client_may_send() {
        assert_eq!(Packet::decode("4hello"), Some(Packet::Text("hello")));
        assert_eq!(Packet::decode("4"), Some(Packet::Text("")));
        assert_eq!(Packet::decode("2probe"), Some(Packet::Ping("probe")));
        assert_eq!(Packet::decode("3"), Some(Packet::Pong));
        assert_eq!(Packet::decode("1"), Some(Packet::Close));
        assert_eq!(Packet::decode("5"), Some(Packet::Upgrade));
        assert_eq!(Packet::decode("6"), Some(Packet::Noop));
        assert_eq!(Packet::decode_polling("bAQIDBA=="), Some(Packet::Binary(vec![1, 2, 3, 4].into())));
    }

    #[test]
    fn refuses_the_rest() {
        for text in ["", "0{}", "7", "abc", "bAQIDBA==", "é", "1x", "5x", "\u{1e}"] {
            assert_eq!(Packet::decode(text), None, "{text:?}");
        }
        for text in ["b!", "bAQIDBA", "b=", "bA"] {
            assert_eq!(Packet::decode_polling(text), None, "{text:?}");
        }
    }

    #[test]
    fn splits_payloads() {
        assert_eq!(split_payload("4a\u{1e}4b\u{1e}2"), ("4a", Some("4b\u{1e}2")));
        assert_eq!(split_payload("4a"), ("4a", None));
        assert_eq!(split_payload("4a\u{1e}"), ("4a", Some("")));
    }
}
