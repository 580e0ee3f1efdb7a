//! The headers of WebSocket frames (RFC 6455, section 5.2), the server's side, without extensions.

use crate::Reason;

/// A breach of the protocol by the peer; the connection cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A frame that RFC 6455 forbids.
    #[error("a frame that is not allowed")]
    Protocol,
    /// A text that is not UTF-8.
    #[error("a text that is not UTF-8")]
    Utf8,
    /// A message longer than the limit.
    #[error("a message over the limit")]
    TooLarge,
}

impl From<Violation> for Reason {
    fn from(violation: Violation) -> Self {
        match violation {
            Violation::Protocol => Self::BadFrame,
            Violation::Utf8 => Self::BadUtf8,
            Violation::TooLarge => Self::PacketTooLarge,
        }
    }
}

/// The opcodes of section 5.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opcode {
    Continuation = 0x0,
    Text = 0x1,
    Binary = 0x2,
    Close = 0x8,
    Ping = 0x9,
    Pong = 0xA,
}

/// The longest header that the server writes: no mask.
pub(crate) const MAX_HEADER: usize = 10;

/// Writes the header of an unmasked, final frame; gives its length.
pub(crate) fn write_header(buffer: &mut [u8; MAX_HEADER], opcode: Opcode, payload: usize) -> usize {
    buffer[0] = 0x80 | opcode as u8;
    if let Ok(short @ 0..=125) = u8::try_from(payload) {
        buffer[1] = short;
        2
    } else if let Ok(medium) = u16::try_from(payload) {
        buffer[1] = 126;
        buffer[2..4].copy_from_slice(&medium.to_be_bytes());
        4
    } else {
        buffer[1] = 127;
        buffer[2..10].copy_from_slice(&(payload as u64).to_be_bytes());
        10
    }
}

/// The length of the header that [`write_header`] writes.
pub(crate) fn header_length(payload: usize) -> usize {
    match payload {
        0..=125 => 2,
        126..=0xFFFF => 4,
        _ => 10,
    }
}

/// The header of a frame from the client.
pub(super) struct Header {
    /// It is the last frame of its message.
    pub(super) last: bool,
    pub(super) opcode: Opcode,
    /// What its payload is masked with.
    pub(super) key: [u8; 4],
    /// Bytes of the header itself.
    pub(super) length: usize,
    /// Bytes of the payload.
    pub(super) payload: usize,
}

/// What the beginning of a frame was read as.
pub(super) enum Parsed {
    Header(Header),
    /// The header is not complete: at least so many more bytes are needed.
    Missing(usize),
}

impl Header {
    /// Reads a header. `Missing(n)`: at least `n` more bytes are needed. Every rule that a header alone can
    /// break is checked here, before its payload is waited for.
    pub(super) fn read(bytes: &[u8], limit: usize) -> Result<Parsed, Violation> {
        let &[first, second, ..] = bytes else {
            return Ok(Parsed::Missing(2 - bytes.len()));
        };
        let last = first & 0x80 != 0;
        let opcode = match first & 0x7F {
            0x0 => Opcode::Continuation,
            0x1 => Opcode::Text,
            0x2 => Opcode::Binary,
            0x8 => Opcode::Close,
            0x9 => Opcode::Ping,
            0xA => Opcode::Pong,
            // An unknown opcode, or a bit of an extension that was not agreed on.
            _ => return Err(Violation::Protocol),
        };
        if second & 0x80 == 0 {
            return Err(Violation::Protocol); // A client must mask.
        }
        let short = second & 0x7F;
        let control = opcode as u8 >= 0x8;
        if control && !last {
            return Err(Violation::Protocol); // Control frames come in one piece.
        }
        let extended = match short {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let length = 2 + extended + 4;
        let Some(rest) = bytes.get(2..length) else {
            return Ok(Parsed::Missing(length - bytes.len()));
        };
        let (extended, key) = rest.split_at(extended);
        let payload = match extended {
            [] => u64::from(short),
            _ => extended.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte)),
        };
        if control && payload > 125 {
            return Err(Violation::Protocol); // And they are short.
        }
        match usize::try_from(payload) {
            Ok(payload) if control || payload <= limit => {
                let key = [key[0], key[1], key[2], key[3]];
                Ok(Parsed::Header(Self { last, opcode, key, length, payload }))
            }
            _ => Err(Violation::TooLarge),
        }
    }
}
