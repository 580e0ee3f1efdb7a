//! The messages that are sent, and what their texts tell of them.
//!
//! A text begins with a mark, `~` and hexadecimal digits: the run, the sender, the number of the message among the
//! sender's, and when it was to be sent. It is padded to the size asked for.

use crate::frame::{self, Kind};
use crate::packet::Peer;

const RUN: usize = 4;
const SENDER: usize = 6;
const NUMBER: usize = 8;
const AT: usize = 12;
const MARK: usize = 1 + RUN + SENDER + NUMBER + AT;

/// The shortest text of a message, in bytes: a text tells its run, sender, number and time.
pub const LEAST_SIZE: usize = MARK;

/// The length of a UUID as text.
const UUID: usize = 36;

/// What a text tells of its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Tells a message of this run from those that waited since another one.
    pub(crate) run: u16,
    pub(crate) sender: usize,
    pub(crate) number: u64,
    /// Nanoseconds since the run began.
    pub(crate) at: u64,
}

/// What all messages of a run have in common.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    pub(crate) peer: Peer,
    pub(crate) run: u16,
    /// Bytes of the text.
    pub(crate) size: usize,
    /// The Unix time in milliseconds when the run began; `None` if messages carry no `clientId`.
    pub(crate) client_ids: Option<u64>,
}

/// A prepared frame of messages to one receiver. Only the parts that differ between messages are filled in later.
pub(crate) struct Letter {
    peer: Peer,
    body: Vec<u8>,
    /// Where the sender's part of the mark ends.
    number: usize,
    /// Where the `clientId` is, and when the run began.
    client_id: Option<(usize, u64)>,
}

/// Somebody who sends or receives.
#[derive(Clone, Copy)]
pub(crate) struct Party<'a> {
    pub(crate) number: usize,
    pub(crate) username: &'a str,
}

impl Letter {
    pub(crate) fn new(form: Form, sender: Party<'_>, receiver: Party<'_>) -> Self {
        let (sender_name, to) = (sender.username, receiver.username);
        Self::with(form, sender, |id, text| match form.peer {
            Peer::Aldis => format!(r#"["message",{{"receiver":"{to}",{id}"text":"{text}"}}]"#),
            Peer::Demo => {
                format!(r#"["message",{{"sender":"{sender_name}","receiver":"{to}","text":"{text}"}}]"#)
            }
            Peer::Relay => format!("{} {text}", receiver.number),
        })
    }

    /// To everybody in a group: a conversation, or what the peers call a room.
    pub(crate) fn to_group(form: Form, sender: Party<'_>, group: &str) -> Self {
        Self::with(form, sender, |id, text| match form.peer {
            Peer::Aldis => format!(r#"["message",{{"conversationId":"{group}",{id}"text":"{text}"}}]"#),
            Peer::Demo | Peer::Relay => format!(r#"["group",{{"room":"{group}","text":"{text}"}}]"#),
        })
    }

    /// Prepares the body, with room for the text and, if messages carry one, for the `clientId`.
    fn with(form: Form, sender: Party<'_>, body: impl FnOnce(&str, &str) -> String) -> Self {
        let mark = format!("~{:0RUN$x}{:0SENDER$x}", form.run, sender.number);
        let text = format!("{mark:x<size$}", size = form.size);
        let id = form.client_ids.map(|_| format!(r#""clientId":"{:0UUID$}","#, 0)).unwrap_or_default();
        let body = body(&id, &text);
        let find = |what: &str| body.find(what).map(|start| start + what.len());
        let number = find(&mark).expect("the text is in it");
        let client_id = form.client_ids.and_then(|since| Some((find(r#""clientId":""#)?, since)));
        let mut body = body.into_bytes();
        if let Some((start, _)) = client_id {
            let rest = format!("-0000-7000-8000-{:0RUN$x}{:0width$x}", form.run, 0, width = 12 - RUN);
            body[start + UUID - rest.len()..start + UUID].copy_from_slice(rest.as_bytes());
            hex(&mut body[start + 15..start + 18], sender.number as u64 >> 12);
            hex(&mut body[start + 20..start + 23], sender.number as u64);
        }
        Self { peer: form.peer, body, number, client_id }
    }

    /// Appends the frame of a message. The message's number is also that of its acknowledgement.
    pub(crate) fn write(&mut self, number: u64, at: u64, out: &mut Vec<u8>) {
        let mark = &mut self.body[self.number..self.number + NUMBER + AT];
        hex(&mut mark[..NUMBER], number);
        hex(&mut mark[NUMBER..], at);
        if let Some((start, since)) = self.client_id {
            // A UUIDv7: the time, then digits that no other message has.
            let millis = since + at / 1_000_000;
            hex(&mut self.body[start..start + 8], millis >> 16);
            hex(&mut self.body[start + 9..start + 13], millis);
            hex(&mut self.body[start + UUID - NUMBER..start + UUID], number);
        }
        if self.peer == Peer::Relay {
            frame::write(Kind::Text, &self.body, out);
            return;
        }
        let digits = number.checked_ilog10().unwrap_or(0) as usize + 1;
        frame::begin(Kind::Text, 2 + digits + self.body.len(), out);
        out.extend_from_slice(b"42");
        let start = out.len();
        out.resize(start + digits, b'0');
        let mut rest = number;
        for digit in out[start..].iter_mut().rev() {
            *digit += (rest % 10) as u8;
            rest /= 10;
        }
        out.extend_from_slice(&self.body);
    }
}

/// Reads the mark of a message, if it has one that is whole and its text has the size that was sent.
pub(crate) fn read(message: &[u8], size: usize) -> Option<Mark> {
    let text = &message[memchr::memchr(b'~', message)?..];
    if text.get(size).is_some_and(|&end| end != b'"') {
        return None;
    }
    let mut rest = text.get(1..MARK)?;
    let mut next = |digits| {
        let (value, after) = rest.split_at(digits);
        rest = after;
        value
            .iter()
            .try_fold(0_u64, |value, &digit| Some(value << 4 | u64::from(DIGITS[usize::from(digit)]?)))
    };
    Some(Mark {
        run: u16::try_from(next(RUN)?).ok()?,
        sender: usize::try_from(next(SENDER)?).ok()?,
        number: next(NUMBER)?,
        at: next(AT)?,
    })
}

/// The value of each hexadecimal digit.
const DIGITS: [Option<u8>; 256] = {
    let mut values = [None; 256];
    let mut value = 0;
    while value < 16 {
        values[b"0123456789abcdef"[value as usize] as usize] = Some(value);
        value += 1;
    }
    values
};

/// Writes the lowest digits of a value.
fn hex(into: &mut [u8], mut value: u64) {
    for digit in into.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(value & 15) as usize];
        value >>= 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: Party<'_> = Party { number: 70_000, username: "ann" };
    const BOB: Party<'_> = Party { number: 3, username: "bob" };

    fn form(peer: Peer) -> Form {
        Form { peer, run: 0xBEE, size: 120, client_ids: None }
    }

    /// The payload of the one frame that is written.
    fn payload(form: Form, number: u64, at: u64) -> String {
        let mut out = Vec::new();
        Letter::new(form, ANN, BOB).write(number, at, &mut out);
        // The mask is zero: without it this is a frame of a server.
        let head = if out[1] == 0xFE { 4 } else { 2 };
        assert_eq!(out.drain(head..head + 4).collect::<Vec<_>>(), [0; 4]);
        out[1] &= 0x7F;
        let frame = frame::parse(&out).unwrap().unwrap();
        assert_eq!(frame.length, out.len());
        String::from_utf8(frame.payload.to_vec()).unwrap()
    }

    #[test]
    fn the_mark_is_read_as_written() {
        for peer in [Peer::Aldis, Peer::Demo, Peer::Relay] {
            for (number, at) in [(0, 0), (9, 1), (10, 2), (1_234_567, 98_765_432_100)] {
                let payload = payload(form(peer), number, at);
                let mark = Mark { run: 0xBEE, sender: 70_000, number, at };
                assert_eq!(read(payload.as_bytes(), 120), Some(mark), "{payload}");
                assert_eq!(read(payload.as_bytes(), 119), None, "a text of another length");
                assert_eq!(payload.starts_with(&format!("42{number}[")), peer != Peer::Relay);
            }
        }
        assert_eq!(read(b"no mark", 120), None);
        assert_eq!(read(b"~cut", 4), None);
    }

    #[test]
    fn it_is_json_with_the_fields_of_its_peer() {
        let json = |form| {
            let payload = payload(form, 7, 5);
            serde_json::from_str::<serde_json::Value>(payload.strip_prefix("427").unwrap()).unwrap()
        };
        let aldis = json(form(Peer::Aldis));
        assert_eq!((&aldis[0], &aldis[1]["receiver"]), (&"message".into(), &"bob".into()));
        assert_eq!(aldis[1]["text"].as_str().unwrap().len(), 120);
        assert_eq!(aldis[1].get("clientId"), None);
        assert_eq!(json(form(Peer::Demo))[1]["sender"], "ann");
        let with = json(Form { client_ids: Some(0x0192_0000_0000), ..form(Peer::Aldis) });
        assert_eq!(with[1]["clientId"], "01920000-0000-7011-8170-0bee00000007");
    }
}
