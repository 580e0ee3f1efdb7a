//! A session over WebSocket: one task, which reads, handles, writes, and waits.

use std::{
    cell::Cell,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    task::coop::has_budget_remaining,
    time::{Instant, Sleep},
};

use super::{
    Protocol,
    driver::{Driver, guarded},
    frame::{Flow, Incoming, MAX_HEADER, Opcode, Reader, write_header},
    item::{Content, Item},
    packet::Packet,
};
use crate::Reason;

/// The size of the buffers that a thread lends to the connections it serves.
const BUFFER: usize = 64 * 1024;

/// How many frames are handled before other tasks of the thread get their turn.
const TURN: u32 = 256;

thread_local! {
    static READ: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    static WRITE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A WebSocket connection. Between frames it holds no buffer.
pub(super) struct WebSocket {
    stream: TcpStream,
    reader: Reader,
    /// Since when the peer owes the rest of a packet.
    incomplete: Option<Instant>,
    /// A packet is half sent.
    torn: bool,
    /// Something waits to be sent, and the tasks that were due before have not had their turn yet.
    gathering: bool,
    /// Why the session ends, if the peer is told.
    farewell: Option<&'static str>,
}

/// What one look at the connection came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// Everything that the peer sent was handled.
    Drained,
    /// There may be more.
    More,
}

impl WebSocket {
    /// `received` is what the peer sent before its handshake was answered.
    pub(super) fn new(stream: TcpStream, received: &[u8]) -> Self {
        let mut reader = Reader::default();
        reader.keep(received);
        Self { stream, reader, incomplete: None, torn: false, gathering: false, farewell: None }
    }

    /// Runs a session until there is a reason to end it.
    pub(super) async fn run<P: Protocol>(
        &mut self,
        driver: &mut Driver<'_, P>,
        mut timer: Pin<&mut Sleep>,
    ) -> Reason {
        let reason = poll_fn(|cx| {
            driver.link.unpark();
            match guarded(|| self.turn(driver, timer.as_mut(), cx)) {
                Ok(None) => Poll::Pending,
                Ok(Some(reason)) | Err(reason) => Poll::Ready(reason),
            }
        })
        .await;
        self.farewell = driver.link.farewell(reason);
        reason
    }

    /// One turn of the task. `Ok` gives a reason when everything was sent before an orderly end.
    fn turn<P: Protocol>(
        &mut self,
        driver: &mut Driver<'_, P>,
        timer: Pin<&mut Sleep>,
        cx: &mut Context<'_>,
    ) -> Result<Option<Reason>, Reason> {
        let now = Instant::now();
        driver.requests(now)?;
        driver.poll_work(now, cx)?;
        driver.pace(now);
        let mut drained = false;
        if driver.is_reading() {
            let waker = cx.waker();
            let mut left = TURN;
            let read = self.read(driver.engine.config.max_payload, now, cx, &mut |incoming| {
                left -= 1;
                receive(driver, incoming, now, &mut Context::from_waker(waker))?;
                Ok(if left > 0 && driver.is_reading() { Flow::Next } else { Flow::Stop })
            })?;
            drained = read == Read::Drained;
        }
        let owed = self.incomplete.map(|since| since + driver.engine.config.packet_timeout);
        if owed.is_some_and(|until| now >= until) && drained {
            return Err(Reason::PacketTimeout);
        }
        driver.beat(drained, now)?;
        if self.gather(driver) {
            cx.waker().wake_by_ref();
            return Ok(None);
        }
        let sent = self.write(driver, now, cx)?;
        if let Some(reason) = driver.closed(sent) {
            return Ok(Some(reason));
        }
        let early = driver.poll_timer(timer, owed.filter(|_| drained), now, cx).is_ready();
        if early || (driver.is_reading() && !drained) {
            cx.waker().wake_by_ref();
        }
        Ok(None)
    }

    /// Gives `take` what has come, until nothing is left, the buffer was full, or it has had enough.
    pub(super) fn read(
        &mut self,
        limit: usize,
        now: Instant,
        cx: &mut Context<'_>,
        take: &mut impl FnMut(Incoming<'_>) -> Result<Flow, Reason>,
    ) -> Result<Read, Reason> {
        // A packet is late by its own first byte, not by that of the one before.
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

    /// Whether to let the tasks that are due go first: what they have for this peer goes with what waits, in
    /// one call of the system. An idle thread comes back at once; a busy one makes half as many calls.
    fn gather<P: Protocol>(&mut self, driver: &Driver<'_, P>) -> bool {
        self.gathering = !self.gathering && driver.link.lock().queue.is_ready();
        self.gathering
    }

    /// Sends what waits, as much as the connection takes; says whether that is everything.
    fn write<P: Protocol>(
        &mut self,
        driver: &mut Driver<'_, P>,
        now: Instant,
        cx: &mut Context<'_>,
    ) -> Result<bool, Reason> {
        let mut buffer = WRITE.take();
        let mut taken = Vec::new();
        let everything = loop {
            buffer.clear();
            let mut state = driver.link.lock();
            if driver.is_holding() {
                state.blocked = true;
                driver.link.park(&mut state, cx.waker());
                break false;
            }
            if driver.is_asking() {
                cx.waker().wake_by_ref();
                break false;
            }
            state.queue.gather(&mut buffer, BUFFER);
            if buffer.is_empty() {
                // Nothing is left to send, but somebody may be waiting for just that.
                let standing = state.queue.advance(0, &mut taken);
                state.blocked = false;
                driver.link.park(&mut state, cx.waker());
                drop(state);
                driver.taken(&mut taken, standing, now);
                break true;
            }
            drop(state);
            match Pin::new(&mut self.stream).poll_write(cx, &buffer) {
                Poll::Ready(Ok(written @ 1..)) => {
                    let mut state = driver.link.lock();
                    let standing = state.queue.advance(written, &mut taken);
                    self.torn = !state.queue.is_between_packets();
                    drop(state);
                    driver.stalled = None;
                    driver.taken(&mut taken, standing, now);
                }
                Poll::Ready(_) => return Err(Reason::TransportError),
                Poll::Pending => {
                    let mut state = driver.link.lock();
                    state.blocked = true;
                    driver.link.park(&mut state, cx.waker());
                    driver.stalled.get_or_insert(now);
                    break false;
                }
            }
        };
        WRITE.set(buffer);
        if everything {
            driver.stalled = None;
        }
        Ok(everything)
    }

    /// Writes a few bytes, for which there is room unless the peer does not read.
    pub(super) fn write_now(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> Result<(), Reason> {
        match Pin::new(&mut self.stream).poll_write(cx, bytes) {
            Poll::Ready(Ok(written)) if written == bytes.len() => Ok(()),
            _ => Err(Reason::TransportError),
        }
    }

    /// Says goodbye, if it can be said at once: a close frame with the reason, unless the peer is not told or
    /// a packet is half sent, and the end of what the server sends.
    pub(super) async fn goodbye(&mut self, reason: Reason) {
        let code = reason.close_code().to_be_bytes();
        let word = self.farewell.unwrap_or_default().as_bytes();
        let mut header = [0; MAX_HEADER];
        let length = write_header(&mut header, Opcode::Close, code.len() + word.len());
        poll_fn(|cx| {
            if !self.torn && self.farewell.is_some() {
                let _ = self.write_now(&[&header[..length], &code, word].concat(), cx);
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

/// Handles one thing that the peer sent.
pub(super) fn receive<P: Protocol>(
    driver: &mut Driver<'_, P>,
    incoming: Incoming<'_>,
    now: Instant,
    cx: &mut Context<'_>,
) -> Result<(), Reason> {
    match incoming {
        Incoming::Text(text) => driver.packet(&Packet::decode(text).ok_or(Reason::BadPacket)?, now, cx),
        Incoming::Binary(bytes) => driver.packet(&Packet::Binary(bytes.into()), now, cx),
        Incoming::Part | Incoming::Pong => {
            driver.count(now);
            Ok(())
        }
        Incoming::Ping(payload) => {
            driver.count(now);
            let pong = Content::Pong(Bytes::copy_from_slice(payload));
            // Refused only when the session is closing anyway.
            let _ = driver.link.push([Item::new(pong)], false);
            Ok(())
        }
        Incoming::Close => Err(Reason::ClientClosed),
    }
}
