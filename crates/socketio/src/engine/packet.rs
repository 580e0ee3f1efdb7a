//! Engine.IO packets, and the payloads that carry several of them over HTTP.

use std::borrow::Cow;

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// What stands between the packets of a polling payload.
pub(crate) const SEPARATOR: u8 = 0x1E;

/// Base64 with padding or without: client libraries write both.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A packet that a client may send.
#[derive(Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// The client ends the session, and all its sockets with it.
    Close,
    /// Only in the upgrade: `probe`.
    Ping(&'a str),
    /// The answer to the server's ping.
    Pong,
    /// A message of text, as the protocol above gets it.
    Text(&'a str),
    /// A binary message: borrowed from a WebSocket frame, or read from base64.
    Binary(Cow<'a, [u8]>),
    /// The client has moved to the WebSocket that it probed. Nothing more comes over polling.
    Upgrade,
    /// Means nothing, and is ignored.
    Noop,
}

impl<'a> Packet<'a> {
    /// Reads a packet that came as text; `None` when it is none that a client may send. Binary is `b` and base64:
    /// in a polling payload always, over WebSocket from clients that were told to.
    pub fn decode(text: &'a str) -> Option<Self> {
        let (kind, data) = text.split_at_checked(1)?;
        Some(match (kind, data) {
            ("b", _) => Self::Binary(binary(data)?.into()),
            ("4", _) => Self::Text(data),
            ("3", "") => Self::Pong,
            ("2", _) => Self::Ping(data),
            ("1", "") => Self::Close,
            ("5", "") => Self::Upgrade,
            ("6", "") => Self::Noop,
            _ => return None,
        })
    }
}

/// Reads base64, which some libraries break into lines.
fn binary(data: &str) -> Option<Vec<u8>> {
    if data.bytes().any(|byte| byte.is_ascii_whitespace()) {
        let data: Vec<u8> = data.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        BASE64.decode(data).ok()
    } else {
        BASE64.decode(data).ok()
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
        for text in ["bAQIDBA==", "bAQIDBA", "bAQID\r\nBA==\r\n", "b AQ\tID BA"] {
            assert_eq!(Packet::decode(text), Some(Packet::Binary(vec![1, 2, 3, 4].into())), "{text:?}");
        }
        assert_eq!(Packet::decode("b"), Some(Packet::Binary(vec![].into())));
    }

    #[test]
    fn refuses_the_rest() {
        for text in ["", "0{}", "7", "abc", "é", "1x", "5x", "\u{1e}"] {
            assert_eq!(Packet::decode(text), None, "{text:?}");
        }
        for text in ["b!", "b=", "bA", "bA=Q=", "bAQIDBA=x"] {
            assert_eq!(Packet::decode(text), None, "{text:?}");
        }
    }

    #[test]
    fn splits_payloads() {
        assert_eq!(split_payload("4a\u{1e}4b\u{1e}2"), ("4a", Some("4b\u{1e}2")));
        assert_eq!(split_payload("4a"), ("4a", None));
        assert_eq!(split_payload("4a\u{1e}"), ("4a", Some("")));
    }
}
