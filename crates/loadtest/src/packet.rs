//! The payload of frames: Engine.IO 4 and Socket.IO 5, or the protocol of a server that Aldis is compared with.

use serde_json::{Value, json};

/// What kind of server is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// An Aldis server.
    Aldis,
    /// A Socket.IO server without accounts or storage: any login works, and nothing waits.
    Demo,
    /// A relay of bare WebSocket frames: `<number of the receiver> <text>`, acknowledged in order by `+`.
    Relay,
}

/// A packet from the server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    /// The session is open: the client introduces itself.
    Open,
    /// The connection is ready: the server has sent everything that waited.
    Ready,
    /// An acknowledgement, with its number where there is one and the JSON of its arguments.
    Ack(Option<u64>, &'a [u8]),
    /// Somebody's message.
    Message(&'a [u8]),
    /// A ping, which the client must answer.
    Ping,
    /// The server refused the client or one of its requests. Has the JSON of the problem.
    Refused(&'a [u8]),
    /// Something else that a server may send at any time.
    Other,
}

impl Peer {
    /// The path of the WebSocket, below that of the server.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Aldis | Self::Demo => "/socket.io/?EIO=4&transport=websocket",
            Self::Relay => "/",
        }
    }

    /// What a client says first.
    pub(crate) fn hello(self, number: usize, token: &str) -> String {
        match self {
            Self::Aldis | Self::Demo => format!("40{}", json!({ "token": token })),
            Self::Relay => number.to_string(),
        }
    }

    /// Reads the payload of a text frame.
    pub(crate) fn read(self, payload: &[u8]) -> Packet<'_> {
        match (self, payload) {
            (Self::Relay, b"+") => Packet::Ack(None, b""),
            (Self::Relay, message) => Packet::Message(message),
            (_, [b'4', b'3', rest @ ..]) => {
                let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                let number = rest[..digits].iter().fold(0_u64, |number, digit| {
                    number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'))
                });
                Packet::Ack((digits > 0).then_some(number), &rest[digits..])
            }
            (_, [b'4', b'2', event @ ..]) => match event {
                [b'[', b'"', b'm', b'e', b's', b's', b'a', b'g', b'e', b'"', ..] => Packet::Message(event),
                event if self == Self::Aldis && event.starts_with(br#"["sync:done""#) => Packet::Ready,
                event if event.starts_with(br#"["request:error""#) => Packet::Refused(event),
                _ => Packet::Other,
            },
            (_, b"2") => Packet::Ping,
            (_, [b'0', ..]) => Packet::Open,
            (Self::Demo, [b'4', b'0', ..]) => Packet::Ready,
            (_, [b'4', b'4', problem @ ..]) => Packet::Refused(problem),
            _ => Packet::Other,
        }
    }
}

/// Why a message was refused, if its acknowledgement says so.
pub(crate) fn refusal(arguments: &[u8]) -> Option<String> {
    arguments.starts_with(br#"[{"status":"error""#).then(|| explain(arguments))
}

/// A problem in one line, with what may be done about it.
pub(crate) fn explain(json: &[u8]) -> String {
    let value: Value = serde_json::from_slice(json).unwrap_or_default();
    let Some(problem) = find(&value) else { return String::from_utf8_lossy(json).into_owned() };
    let text = |field: &str| problem[field].as_str().unwrap_or_default();
    let hint = match text("code") {
        "rate_limited" => {
            "; the server's limits are for people: raise its --message-burst and --messages-per-second, or \
             --sockets-per-address if it refused the connection"
        }
        "token_expired" | "token_invalid" | "session_revoked" => {
            "; remove the file of --tokens, or its lines of this server"
        }
        _ => "",
    };
    format!("{}: {}{hint}", text("code"), text("detail"))
}

/// The problem in an answer: the object with a `code`, at whatever depth.
fn find(value: &Value) -> Option<&Value> {
    match value {
        Value::Object(fields) if fields.get("code").is_some_and(Value::is_string) => Some(value),
        Value::Object(fields) => fields.values().find_map(find),
        Value::Array(items) => items.iter().find_map(find),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_of_socket_io() {
        let read = |text: &'static str| Peer::Aldis.read(text.as_bytes());
        assert_eq!(read(r#"0{"sid":"x"}"#), Packet::Open);
        assert_eq!(read("2"), Packet::Ping);
        assert_eq!(read(r#"40{"sid":"x"}"#), Packet::Other);
        assert_eq!(Peer::Demo.read(br#"40{"sid":"x"}"#), Packet::Ready);
        assert_eq!(read(r#"42["sync:done",{}]"#), Packet::Ready);
        assert_eq!(read(r#"42["message",{}]"#), Packet::Message(br#"["message",{}]"#));
        assert_eq!(read(r#"42["message:updated",{}]"#), Packet::Other);
        assert_eq!(read(r#"431207[{"status":"ok"}]"#), Packet::Ack(Some(1207), br#"[{"status":"ok"}]"#));
        assert_eq!(read(r#"44{"message":"x"}"#), Packet::Refused(br#"{"message":"x"}"#));
    }

    #[test]
    fn a_relay_speaks_without_packets() {
        assert_eq!(Peer::Relay.read(b"+"), Packet::Ack(None, b""));
        assert_eq!(Peer::Relay.read(b"2 hello"), Packet::Message(b"2 hello"));
    }

    #[test]
    fn a_refusal_names_the_setting_to_raise() {
        let refused = br#"[{"status":"error","error":{"code":"rate_limited","detail":"Too many."}}]"#;
        let line = refusal(refused).unwrap();
        assert!(
            line.starts_with("rate_limited: Too many.") && line.contains("--messages-per-second"),
            "{line}"
        );
        assert_eq!(refusal(br#"[{"status":"ok","data":{"text":"x"}}]"#), None);
        assert_eq!(explain(b"nonsense"), "nonsense");
    }
}
