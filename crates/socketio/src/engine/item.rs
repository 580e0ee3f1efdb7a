//! A packet that waits, and what the protocol learns of it.

use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use tokio::sync::oneshot;

use super::{
    frame::{MAX_HEADER, Opcode, header_length, write_header},
    head::Head,
    packet::SEPARATOR,
};
/// What a waiting packet costs beside its own bytes, when it is counted against `max_pending_bytes`.
pub const PACKET_OVERHEAD: usize = size_of::<Item>();

/// A value that the application gives a packet to know it by: a stream, and a place in it.
///
/// The places of one stream rise. A mark stands for those before it in its stream: of several that are
/// proved at the same time, the application may be told the last one alone ([`crate::Handler::received`],
/// [`crate::Undelivered`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mark(pub u64, pub u64);

/// What a packet is to the session: what the protocol learns once the transport has taken it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The protocol learns nothing.
    Plain,
    /// The answer to a request of the client. It is counted apart, because reading stops before too many
    /// answers wait. The protocol learns nothing.
    Answer,
    /// The protocol learns the mark, but only once the client is known to have the packet.
    Marked(Mark),
    /// The last packet of its lane: the protocol learns that the lane has ended.
    LastOfLane,
}

/// A packet that the client has, or is not known to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// The lane that the packet was sent on.
    pub lane: u32,
    /// The mark that the packet was sent with.
    pub mark: Mark,
}

impl Note {
    /// Whether a note that comes later says the same and more.
    pub(super) fn is_covered_by(self, later: Self) -> bool {
        self.lane == later.lane && self.mark.0 == later.mark.0
    }
}

/// A packet that waits.
pub(crate) struct Item {
    pub(crate) content: Content,
    /// Whose packet it is: a number that the protocol chose; 0 for the engine's own.
    pub(crate) lane: u32,
    pub(crate) after: After,
}

pub(crate) enum Content {
    /// A message of text, in two parts, so that one body can be shared with a head for each receiver.
    Text(Head, Arc<[u8]>),
    /// A binary message.
    Binary(Bytes),
    /// A packet of the engine itself, such as a ping.
    Packet(Bytes),
    /// The answer to a WebSocket ping.
    Pong(Bytes),
    /// Nothing that is sent.
    Nothing,
}

/// What happens when the transport has taken a packet.
pub(crate) enum After {
    /// The protocol learns what the role says.
    Tell(Role),
    /// From now on a pong counts.
    Ping,
    /// Somebody waits until everything before is taken.
    Drained(#[expect(dead_code, reason = "dropping it tells the receiver")] oneshot::Sender<()>),
}

/// A packet that was taken, of which somebody is to be told now.
pub(crate) struct Taken {
    pub(crate) lane: u32,
    pub(crate) after: After,
}

impl Item {
    pub(crate) fn new(content: Content) -> Self {
        Self { content, lane: 0, after: After::Tell(Role::Plain) }
    }

    /// A text message and its attachments. The last of them has the role, the others are plain.
    pub(super) fn message(
        lane: u32,
        head: Head,
        body: Arc<[u8]>,
        attachments: &[Bytes],
        role: Role,
    ) -> impl Iterator<Item = Self> {
        let count = attachments.len();
        let contents = std::iter::once(Content::Text(head, body))
            .chain(attachments.iter().map(|bytes| Content::Binary(bytes.clone())));
        contents.enumerate().map(move |(index, content)| {
            let role = if index == count { role } else { Role::Plain };
            Self { content, lane, after: After::Tell(role) }
        })
    }

    pub(super) fn ping() -> Self {
        Self { after: After::Ping, ..Self::new(Content::Packet(Bytes::from_static(b"2"))) }
    }

    pub(super) fn is_answer(&self) -> bool {
        matches!(self.after, After::Tell(Role::Answer))
    }

    /// Its note, if it has a mark.
    pub(super) fn note(&self) -> Option<Note> {
        match self.after {
            After::Tell(Role::Marked(mark)) => Some(Note { lane: self.lane, mark }),
            _ => None,
        }
    }

    pub(super) fn payload(&self) -> usize {
        match &self.content {
            Content::Text(head, body) => 1 + head.len() + body.len(),
            Content::Binary(bytes) | Content::Packet(bytes) | Content::Pong(bytes) => bytes.len(),
            Content::Nothing => 0,
        }
    }

    pub(super) fn cost(&self) -> usize {
        self.payload() + PACKET_OVERHEAD
    }

    /// The bytes that it takes as a WebSocket frame.
    pub(super) fn frame_length(&self) -> usize {
        match self.content {
            Content::Nothing => 0,
            _ => header_length(self.payload()) + self.payload(),
        }
    }

    /// Adds it to a polling payload, behind the packets that are there already.
    pub(super) fn add_to(&self, payload: &mut Vec<u8>) {
        // The pong is WebSocket's own.
        if matches!(self.content, Content::Nothing | Content::Pong(_)) {
            return;
        }
        if !payload.is_empty() {
            payload.push(SEPARATOR);
        }
        match &self.content {
            Content::Text(head, body) => {
                payload.push(b'4');
                payload.extend_from_slice(head.as_bytes());
                payload.extend_from_slice(body);
            }
            Content::Packet(packet) => payload.extend_from_slice(packet),
            Content::Binary(bytes) => {
                payload.push(b'b');
                payload.extend_from_slice(BASE64_STANDARD.encode(bytes).as_bytes());
            }
            Content::Pong(_) | Content::Nothing => {}
        }
    }

    /// The parts that make up its WebSocket frame.
    pub(super) fn frame<'a>(&'a self, header: &'a mut [u8; MAX_HEADER]) -> [&'a [u8]; 4] {
        let (opcode, parts) = match &self.content {
            Content::Text(head, body) => (Opcode::Text, [b"4", head.as_bytes(), body]),
            Content::Packet(packet) => (Opcode::Text, [packet, b"" as &[u8], b""]),
            Content::Binary(bytes) => (Opcode::Binary, [bytes, b"" as &[u8], b""]),
            Content::Pong(bytes) => (Opcode::Pong, [bytes, b"" as &[u8], b""]),
            Content::Nothing => return [b""; 4],
        };
        let length = write_header(header, opcode, self.payload());
        [&header[..length], parts[0], parts[1], parts[2]]
    }
}
