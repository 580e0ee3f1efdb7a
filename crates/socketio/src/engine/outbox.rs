//! What waits for a transport to take it.

use std::collections::VecDeque;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use tokio::sync::oneshot;

use super::{
    frame::{MAX_HEADER, Opcode, header_length, write_header},
    head::Head,
    packet::SEPARATOR,
};
use crate::Mark;

/// What a waiting packet costs beside its own bytes, when it is counted against `max_pending_bytes`.
pub const PACKET_OVERHEAD: usize = size_of::<Item>();

/// What the protocol above wants back when a packet was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// Which of its parties on this session: a number that the protocol chose.
    pub lane: u32,
    /// The packet's mark, or none for the last packet of the lane.
    pub mark: Option<Mark>,
}

/// A packet that waits.
pub(crate) struct Item {
    pub(crate) content: Content,
    /// The [`Note::lane`] it belongs to; 0 for the engine's own.
    pub(crate) lane: u32,
    pub(crate) after: After,
}

pub(crate) enum Content {
    /// A message of text, in two parts, so that one body can be shared with a head for each receiver.
    Text(Head, Bytes),
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
    Nothing,
    /// The protocol is told.
    Note(Note),
    /// From now on a pong counts.
    Ping,
    /// Somebody waits until everything before is taken.
    Drained(#[expect(dead_code, reason = "dropping it tells the receiver")] oneshot::Sender<()>),
}

impl Item {
    pub(crate) fn packet(packet: Bytes) -> Self {
        Self { content: Content::Packet(packet), lane: 0, after: After::Nothing }
    }

    fn payload(&self) -> usize {
        match &self.content {
            Content::Text(head, body) => 1 + head.len() + body.len(),
            Content::Binary(bytes) | Content::Packet(bytes) | Content::Pong(bytes) => bytes.len(),
            Content::Nothing => 0,
        }
    }

    fn cost(&self) -> usize {
        self.payload() + PACKET_OVERHEAD
    }

    /// The bytes that it takes as a WebSocket frame.
    fn frame_length(&self) -> usize {
        match self.content {
            Content::Nothing => 0,
            _ => header_length(self.payload()) + self.payload(),
        }
    }

    /// The parts that make up its WebSocket frame.
    fn frame<'a>(&'a self, header: &'a mut [u8; MAX_HEADER]) -> [&'a [u8]; 4] {
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

/// The packets that wait, oldest first. Empty, it holds no memory.
#[derive(Default)]
pub(crate) struct Queue {
    items: VecDeque<Item>,
    /// How much of the first packet's frame is taken.
    offset: usize,
    bytes: usize,
}

impl Queue {
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// What waits, as `max_pending_bytes` counts it.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn push(&mut self, item: Item) {
        self.bytes += item.cost();
        self.items.push_back(item);
    }

    /// Puts a packet before all that nothing was sent of yet.
    pub(crate) fn push_front(&mut self, item: Item) {
        self.bytes += item.cost();
        self.items.insert(usize::from(self.offset > 0), item);
    }

    /// Copies WebSocket frames into `buffer` until it is `limit` long.
    pub(crate) fn gather(&self, buffer: &mut Vec<u8>, limit: usize) {
        let mut skip = self.offset;
        let mut header = [0; MAX_HEADER];
        for item in &self.items {
            for part in item.frame(&mut header) {
                let (taken, part) = part.split_at(skip.min(part.len()));
                skip -= taken.len();
                let room = limit - buffer.len();
                buffer.extend_from_slice(&part[..part.len().min(room)]);
            }
            if buffer.len() == limit {
                return;
            }
        }
    }

    /// Records that the transport has taken `bytes` of the frames.
    pub(crate) fn advance(&mut self, bytes: usize, taken: &mut Vec<After>) {
        self.offset += bytes;
        while let Some(front) = self.items.front() {
            let length = front.frame_length();
            if self.offset < length {
                break;
            }
            self.offset -= length;
            self.pop(taken);
        }
        self.release();
    }

    /// Writes a polling payload of what waits: at least one packet, and no more once it is over `limit`.
    /// Gives the number of items in it.
    pub(crate) fn payload(&self, limit: usize) -> (Vec<u8>, usize) {
        let mut payload = Vec::new();
        let mut count = 0;
        for item in &self.items {
            if !payload.is_empty() && payload.len() + item.payload() > limit {
                break;
            }
            count += 1;
            if matches!(item.content, Content::Nothing | Content::Pong(_)) {
                continue;
            }
            if !payload.is_empty() {
                payload.push(SEPARATOR);
            }
            match &item.content {
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
        (payload, count)
    }

    /// Records that the transport has taken the first `count` items.
    pub(crate) fn advance_items(&mut self, count: usize, taken: &mut Vec<After>) {
        for _ in 0..count {
            self.pop(taken);
        }
        self.release();
    }

    /// Lets go of what nothing was sent of yet and belongs to a lane.
    pub(crate) fn remove_lane(&mut self, lane: u32, removed: &mut Vec<After>) {
        let mut index = 0;
        let (offset, mut freed) = (self.offset, 0);
        self.items.retain_mut(|item| {
            let keep = item.lane != lane || (index == 0 && offset > 0);
            index += 1;
            if item.lane == lane {
                removed.push(std::mem::replace(&mut item.after, After::Nothing));
            }
            if !keep {
                freed += item.cost();
            }
            keep
        });
        self.bytes -= freed;
        self.release();
    }

    /// Lets go of everything; gives what was to happen when it was taken.
    pub(crate) fn drain(&mut self) -> Vec<After> {
        let mut waiting = Vec::new();
        while !self.items.is_empty() {
            self.pop(&mut waiting);
        }
        *self = Self::default();
        waiting
    }

    /// Lets go of the newest packets, all but `length`.
    pub(crate) fn truncate(&mut self, length: usize) {
        for item in self.items.drain(length..) {
            self.bytes -= item.cost();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether the transport stands between two packets.
    pub(crate) fn is_between_packets(&self) -> bool {
        self.offset == 0
    }

    fn pop(&mut self, taken: &mut Vec<After>) {
        if let Some(item) = self.items.pop_front() {
            self.bytes -= item.cost();
            if !matches!(item.after, After::Nothing) {
                taken.push(item.after);
            }
        }
    }

    fn release(&mut self) {
        if self.items.is_empty() {
            self.items = VecDeque::new();
        }
    }
}
