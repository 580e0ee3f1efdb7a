//! A WebSocket connection: frames in, bytes out. It knows no session.

use std::{
    cell::Cell,
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    task::coop::has_budget_remaining,
    time::Instant,
};

use super::{
    frame::{MAX_HEADER, Opcode, write_header},
    reader::{Flow, Incoming, Reader},
};
use crate::Reason;

/// The size of the buffers that a thread lends to the connections it serves.
pub(super) const BUFFER: usize = 64 * 1024;

thread_local! {
    static READ: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A WebSocket connection. Between frames it holds no buffer.
pub(super) struct FrameStream {
    stream: TcpStream,
    reader: Reader,
    /// Since when the peer owes the rest of a packet.
    incomplete: Option<Instant>,
}

/// What one look at the connection came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// Everything that the peer sent was handled.
    Drained,
    /// There may be more.
    More,
}

impl FrameStream {
    /// `received` is what the peer sent before its handshake was answered.
    pub(super) fn new(stream: TcpStream, received: &[u8]) -> Self {
        let mut reader = Reader::default();
        reader.keep(received);
        Self { stream, reader, incomplete: None }
    }

    /// Since when the peer owes the rest of a packet that it has begun.
    pub(super) fn incomplete(&self) -> Option<Instant> {
        self.incomplete
    }

    /// Gives `take` what has come, until nothing is left, the buffer was full, or it has had enough.
    pub(super) fn read(
        &mut self,
        limit: usize,
        now: Instant,
        cx: &mut Context<'_>,
        take: &mut impl FnMut(Incoming<'_>) -> Result<Flow, Reason>,
    ) -> Result<Read, Reason> {
        // Once a packet is complete, the time of the next one begins anew.
        let mut completed = false;
        let mut take = |incoming: Incoming<'_>| {
            completed |= matches!(incoming, Incoming::Text(_) | Incoming::Binary(_));
            take(incoming)
        };
        let mut read = Read::More;
        let mut flow = self.reader.resume(limit, &mut take)?;
        while flow == Flow::Next {
            // Taken, not borrowed: whatever a handler does, there is no second borrow.
            let mut buffer = READ.take();
            buffer.resize(BUFFER, 0);
            let mut chunk = ReadBuf::new(&mut buffer);
            match Pin::new(&mut self.stream).poll_read(cx, &mut chunk) {
                // Without a budget tokio says so whatever there is.
                Poll::Pending if has_budget_remaining() => read = Read::Drained,
                Poll::Pending => flow = Flow::Stop,
                Poll::Ready(Err(_)) => return Err(Reason::TransportError),
                Poll::Ready(Ok(())) if chunk.filled().is_empty() => return Err(Reason::TransportError),
                Poll::Ready(Ok(())) => flow = self.reader.feed(chunk.filled_mut(), limit, &mut take)?,
            }
            let full = chunk.remaining() == 0;
            READ.set(buffer);
            if full || read == Read::Drained {
                break;
            }
        }
        if completed || !self.reader.is_incomplete() {
            self.incomplete = None;
        }
        if self.reader.is_incomplete() && read == Read::Drained {
            self.incomplete.get_or_insert(now);
        }
        Ok(read)
    }

    /// Writes as much as the connection takes.
    pub(super) fn poll_write(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    /// Writes a few bytes, for which there is room unless the peer does not read.
    pub(super) fn write_now(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> Result<(), Reason> {
        match self.poll_write(bytes, cx) {
            Poll::Ready(Ok(written)) if written == bytes.len() => Ok(()),
            _ => Err(Reason::TransportError),
        }
    }

    /// Says goodbye, if it can be said at once: a close frame with the reason's code and a word, if there is
    /// one, and the end of what the server sends.
    pub(super) async fn goodbye(&mut self, reason: Reason, word: Option<&str>) {
        poll_fn(|cx| {
            if let Some(word) = word {
                let code = reason.close_code().to_be_bytes();
                let mut header = [0; MAX_HEADER];
                let length = write_header(&mut header, Opcode::Close, code.len() + word.len());
                let _ = self.write_now(&[&header[..length], &code, word.as_bytes()].concat(), cx);
            }
            let _ = Pin::new(&mut self.stream).poll_shutdown(cx);
            Poll::Ready(())
        })
        .await;
    }

    /// Waits for the peer to close. What it still sends is read and thrown away: a connection that is
    /// dropped with unread bytes is reset, and the peer may never see why.
    pub(super) async fn closed(mut self) {
        poll_fn(|cx| {
            let mut buffer = READ.take();
            buffer.resize(BUFFER, 0);
            let closed = loop {
                let mut chunk = ReadBuf::new(&mut buffer);
                match Pin::new(&mut self.stream).poll_read(cx, &mut chunk) {
                    Poll::Ready(Ok(())) if !chunk.filled().is_empty() => {}
                    Poll::Ready(_) => break Poll::Ready(()),
                    Poll::Pending => break Poll::Pending,
                }
            };
            READ.set(buffer);
            closed
        })
        .await;
    }
}
