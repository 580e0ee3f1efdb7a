//! Socket.IO packets: `<type>[<attachments>-][<namespace>,][<acknowledgement id>][<JSON>]`.

use std::fmt::Write;

use crate::engine::Head;

/// The longest name of a namespace.
const MAX_NAMESPACE: usize = 256;

/// The kinds of packets; binary ones are the same with attachments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The client wants to connect to a namespace, or the server accepts it.
    Connect,
    /// One side leaves a namespace; the session lives on.
    Disconnect,
    /// An event: a JSON array, of which the first element is its name.
    Event,
    /// The acknowledgement of an event: a JSON array of its arguments.
    Ack,
    /// The server refuses to let a client into a namespace. No client may send it.
    ConnectError,
}

/// A packet from the client, before its JSON is looked at.
#[derive(Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Its kind, the same with attachments and without.
    pub kind: Kind,
    /// How many binary messages belong to it; `None` for a packet that has none by its type.
    pub attachments: Option<usize>,
    /// Its namespace, `/` if it names none; at most 256 bytes.
    pub namespace: &'a str,
    /// The id that it acknowledges, or wants to be acknowledged with. A CONNECT has none: its JSON may be a
    /// number.
    pub ack: Option<u64>,
    /// What stands behind the rest. It is not checked to be JSON, and may be empty.
    pub data: &'a str,
}

impl<'a> Packet<'a> {
    /// Reads a packet; `None` when it is not one.
    pub fn decode(text: &'a str) -> Option<Self> {
        let (kind, mut rest) = text.split_at_checked(1)?;
        let (kind, binary) = match kind {
            "0" => (Kind::Connect, false),
            "1" => (Kind::Disconnect, false),
            "2" => (Kind::Event, false),
            "3" => (Kind::Ack, false),
            "4" => (Kind::ConnectError, false),
            "5" => (Kind::Event, true),
            "6" => (Kind::Ack, true),
            _ => return None,
        };
        let mut attachments = None;
        if binary {
            let count;
            (count, rest) = number(rest)?;
            rest = rest.strip_prefix('-')?;
            attachments = Some(usize::try_from(count?).ok()?);
        }
        let mut namespace = "/";
        if rest.starts_with('/') {
            (namespace, rest) = rest.split_once(',').unwrap_or((rest, ""));
            if namespace.len() > MAX_NAMESPACE {
                return None;
            }
        }
        let (ack, data) = if kind == Kind::Connect { (None, rest) } else { number(rest)? };
        Some(Self { kind, attachments, namespace, ack, data })
    }
}

/// The number that a text may start with; `None` when it is too large.
fn number(text: &str) -> Option<(Option<u64>, &str)> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let number = if digits.is_empty() { None } else { Some(digits.parse().ok()?) };
    Some((number, rest))
}

/// Everything of a packet that stands before its JSON.
pub(crate) fn head(kind: Kind, attachments: usize, namespace: &str, ack: Option<u64>) -> Head {
    let digit = match (kind, attachments) {
        (Kind::Connect, _) => "0",
        (Kind::Disconnect, _) => "1",
        (Kind::Event, 0) => "2",
        (Kind::Ack, 0) => "3",
        (Kind::ConnectError, _) => "4",
        (Kind::Event, _) => "5",
        (Kind::Ack, _) => "6",
    };
    let mut head = Head::from(digit);
    // Writing to a head does not fail.
    if attachments > 0 {
        let _ = write!(head, "{attachments}-");
    }
    if namespace != "/" {
        let _ = head.write_str(namespace);
        let _ = head.write_str(",");
    }
    if let Some(ack) = ack {
        let _ = write!(head, "{ack}");
    }
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    type Fields<'a> = (Kind, Option<usize>, &'a str, Option<u64>, &'a str);

    fn packet(text: &str) -> Option<Fields<'_>> {
        Packet::decode(text).map(|p| (p.kind, p.attachments, p.namespace, p.ack, p.data))
    }

    #[test]
    fn reads_the_examples_of_the_protocol() {
        assert_eq!(packet("0"), Some((Kind::Connect, None, "/", None, "")));
        assert_eq!(
            packet(r#"0/admin,{"a":"b"}"#),
            Some((Kind::Connect, None, "/admin", None, r#"{"a":"b"}"#))
        );
        assert_eq!(packet("05"), Some((Kind::Connect, None, "/", None, "5")));
        assert_eq!(packet("0/admin"), Some((Kind::Connect, None, "/admin", None, "")));
        assert_eq!(packet("1/admin,"), Some((Kind::Disconnect, None, "/admin", None, "")));
        assert_eq!(packet(r#"2["foo"]"#), Some((Kind::Event, None, "/", None, r#"["foo"]"#)));
        assert_eq!(packet(r#"212["foo"]"#), Some((Kind::Event, None, "/", Some(12), r#"["foo"]"#)));
        assert_eq!(packet(r#"3/admin,13["bar"]"#), Some((Kind::Ack, None, "/admin", Some(13), r#"["bar"]"#)));
        assert_eq!(
            packet(r#"52-/admin,7["baz"]"#),
            Some((Kind::Event, Some(2), "/admin", Some(7), r#"["baz"]"#))
        );
        assert_eq!(packet(r#"61-15["bar"]"#), Some((Kind::Ack, Some(1), "/", Some(15), r#"["bar"]"#)));
    }

    #[test]
    fn refuses_what_is_none() {
        for text in ["", "7", "a", "5", "5[\"x\"]", "51", "5-[\"x\"]", "5a-[]", "é"] {
            assert_eq!(packet(text), None, "{text:?}");
        }
        // Numbers that do not fit.
        assert_eq!(packet(r#"218446744073709551616["x"]"#), None);
        assert_eq!(packet(r#"599999999999999999999999-["x"]"#), None);
        // A namespace that is no name.
        assert_eq!(packet(&format!("0/{}", "n".repeat(300))), None);
    }

    #[test]
    fn writes_heads() {
        let text = |head: Head| String::from_utf8(head.as_bytes().to_vec()).unwrap();
        assert_eq!(text(head(Kind::Event, 0, "/", None)), "2");
        assert_eq!(text(head(Kind::Event, 2, "/admin", Some(7))), "52-/admin,7");
        assert_eq!(text(head(Kind::Ack, 0, "/", Some(456))), "3456");
        assert_eq!(text(head(Kind::Disconnect, 0, "/a", None)), "1/a,");
    }
}
