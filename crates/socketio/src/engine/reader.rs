//! What a client sends over a WebSocket: whole messages, out of frames in any chunking.
//!
//! Incoming bytes are parsed where they lie: the caller lends its read buffer, and only what belongs to
//! a frame that is not complete yet is kept. A connection between frames therefore holds nothing.

use super::{
    frame::{Header, Opcode, Parsed, Violation},
    mask::unmask,
};

/// A piece of what the peer sent, in the order it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// A whole text message, in UTF-8 and within the limit, however many frames it came in.
    Text(&'a str),
    /// A whole binary message within the limit.
    Binary(&'a [u8]),
    /// A part of a message; the message comes with its last part. Told so that parts can be counted.
    Part,
    /// A ping, to be answered by a pong with the same payload.
    Ping(&'a [u8]),
    /// A pong, which nothing is waiting for: Engine.IO has pings of its own.
    Pong,
    /// A close frame. The peer sends no more.
    Close,
}

/// Whether the receiver wants the next message now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It takes the next one at once.
    Next,
    /// It takes no more now: what is left is kept for [`Reader::resume`].
    Stop,
}

/// The parts so far of a message that comes in several frames.
struct Parts {
    text: bool,
    bytes: Vec<u8>,
    /// How many bytes of a text are known to be UTF-8.
    checked: usize,
}

impl Parts {
    fn new(text: bool) -> Self {
        Self { text, bytes: Vec::new(), checked: 0 }
    }

    /// Adds a part. A text that cannot become UTF-8 any more is refused at once.
    fn push(&mut self, part: &[u8], limit: usize) -> Result<(), Violation> {
        if self.bytes.len() + part.len() > limit {
            return Err(Violation::TooLarge);
        }
        self.bytes.extend_from_slice(part);
        if self.text {
            self.checked += match simdutf8::compat::from_utf8(&self.bytes[self.checked..]) {
                Ok(text) => text.len(),
                // A character may come in two parts.
                Err(error) if error.error_len().is_none() => error.valid_up_to(),
                Err(_) => return Err(Violation::Utf8),
            };
        }
        Ok(())
    }
}

/// Takes the peer's bytes in any chunking and gives whole messages.
#[derive(Default)]
pub struct Reader {
    /// What came and was not parsed; from `at` on it starts with a frame.
    rest: Vec<u8>,
    at: usize,
    parts: Option<Box<Parts>>,
}

impl Reader {
    /// Whether the beginning of something is waiting for its end.
    pub fn is_incomplete(&self) -> bool {
        !self.rest.is_empty() || self.parts.is_some()
    }

    /// Keeps bytes that nobody can take yet.
    pub fn keep(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
    }

    /// Gives the messages that are already here.
    ///
    /// A message is at most `limit` bytes long.
    pub fn resume<E: From<Violation>>(
        &mut self,
        limit: usize,
        take: &mut impl FnMut(Incoming<'_>) -> Result<Flow, E>,
    ) -> Result<Flow, E> {
        if self.rest.is_empty() {
            return Ok(Flow::Next);
        }
        let mut rest = std::mem::take(&mut self.rest);
        let at = std::mem::take(&mut self.at);
        let (used, flow) = self.parse(&mut rest[at..], limit, take)?;
        match (rest.len() - at - used, flow) {
            (0, _) => {}
            // Much may be waiting, and is come back to again and again: it stays where it is.
            (_, Flow::Stop) => {
                self.at = at + used;
                self.rest = rest;
            }
            // A piece of one frame: let go of what was before it.
            (_, Flow::Next) => self.rest = rest[at + used..].to_vec(),
        }
        Ok(flow)
    }

    /// Gives the messages that a chunk completes. To be called only when [`Reader::resume`] had nothing
    /// left to give.
    pub fn feed<E: From<Violation>>(
        &mut self,
        mut chunk: &mut [u8],
        limit: usize,
        take: &mut impl FnMut(Incoming<'_>) -> Result<Flow, E>,
    ) -> Result<Flow, E> {
        // First the frame that an earlier chunk began; only its own bytes are copied.
        while !self.rest.is_empty() {
            let missing = match Header::read(&self.rest, limit)? {
                Parsed::Header(header) => header.length + header.payload - self.rest.len(),
                Parsed::Missing(missing) => missing,
            };
            if missing == 0 {
                if self.resume(limit, take)? == Flow::Stop {
                    self.keep(chunk);
                    return Ok(Flow::Stop);
                }
                break;
            }
            if chunk.is_empty() {
                return Ok(Flow::Next);
            }
            let (head, tail) = chunk.split_at_mut(missing.min(chunk.len()));
            self.rest.extend_from_slice(head);
            chunk = tail;
        }
        let (used, flow) = self.parse(chunk, limit, take)?;
        self.keep(&chunk[used..]);
        Ok(flow)
    }

    /// Parses frames in place; gives how many bytes were used.
    fn parse<E: From<Violation>>(
        &mut self,
        bytes: &mut [u8],
        limit: usize,
        take: &mut impl FnMut(Incoming<'_>) -> Result<Flow, E>,
    ) -> Result<(usize, Flow), E> {
        let mut used = 0;
        loop {
            let Parsed::Header(header) = Header::read(&bytes[used..], limit)? else {
                return Ok((used, Flow::Next));
            };
            let start = used + header.length;
            let Some(payload) = bytes.get_mut(start..start + header.payload) else {
                return Ok((used, Flow::Next));
            };
            used = start + header.payload;
            unmask(payload, header.key);
            if self.frame(&header, payload, limit, take)? == Flow::Stop {
                return Ok((used, Flow::Stop));
            }
        }
    }

    fn frame<E: From<Violation>>(
        &mut self,
        header: &Header,
        payload: &[u8],
        limit: usize,
        take: &mut impl FnMut(Incoming<'_>) -> Result<Flow, E>,
    ) -> Result<Flow, E> {
        match header.opcode {
            Opcode::Ping => take(Incoming::Ping(payload)),
            Opcode::Pong => take(Incoming::Pong),
            Opcode::Close => {
                check_close(payload)?;
                take(Incoming::Close)
            }
            Opcode::Text | Opcode::Binary => {
                if self.parts.is_some() {
                    return Err(Violation::Protocol.into()); // The message before has not ended.
                }
                let text = header.opcode == Opcode::Text;
                if header.last {
                    return message(text, payload, take);
                }
                self.parts.insert(Box::new(Parts::new(text))).push(payload, limit)?;
                take(Incoming::Part)
            }
            Opcode::Continuation => {
                let parts = self.parts.as_mut().ok_or(Violation::Protocol)?;
                parts.push(payload, limit)?;
                match self.parts.take_if(|_| header.last) {
                    Some(parts) => message(parts.text, &parts.bytes, take),
                    None => take(Incoming::Part),
                }
            }
        }
    }
}

fn message<E: From<Violation>>(
    text: bool,
    payload: &[u8],
    take: &mut impl FnMut(Incoming<'_>) -> Result<Flow, E>,
) -> Result<Flow, E> {
    take(if text {
        Incoming::Text(simdutf8::basic::from_utf8(payload).map_err(|_| Violation::Utf8)?)
    } else {
        Incoming::Binary(payload)
    })
}

/// The payload of a close frame: nothing, or a code that may be sent and a reason in UTF-8.
fn check_close(payload: &[u8]) -> Result<(), Violation> {
    let &[high, low, ref reason @ ..] = payload else {
        return if payload.is_empty() { Ok(()) } else { Err(Violation::Protocol) };
    };
    match u16::from_be_bytes([high, low]) {
        1000..=1003 | 1007..=1013 | 3000..=4999 => {}
        _ => return Err(Violation::Protocol),
    }
    simdutf8::basic::from_utf8(reason).map(drop).map_err(|_| Violation::Utf8)
}
