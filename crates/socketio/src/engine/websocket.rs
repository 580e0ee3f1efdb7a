//! A session over WebSocket: one task, which reads, handles, writes, and waits.

use std::{
    cell::Cell,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::time::{Instant, Sleep};

use super::{
    Protocol,
    driver::{Driver, guarded},
    item::{Content, Item},
    packet::Packet,
    reader::{Flow, Incoming},
    stream::{BUFFER, FrameStream, Read},
};
use crate::Reason;

/// How many frames are handled before other tasks of the thread get their turn.
const TURN: u32 = 256;

thread_local! {
    static WRITE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// What the task keeps while the session is on a WebSocket.
struct WebSocket<'a> {
    stream: &'a mut FrameStream,
    /// The latest turn yielded to other tasks instead of writing.
    yielded: bool,
}

/// Runs a session until there is a reason to end it, and says goodbye.
pub(super) async fn run<P: Protocol>(
    driver: &mut Driver<'_, P>,
    stream: &mut FrameStream,
    mut timer: Pin<&mut Sleep>,
) -> Reason {
    let mut socket = WebSocket { stream, yielded: false };
    let reason = poll_fn(|cx| {
        driver.link.unpark();
        match guarded(|| socket.turn(driver, timer.as_mut(), cx)) {
            Ok(None) => Poll::Pending,
            Ok(Some(reason)) | Err(reason) => Poll::Ready(reason),
        }
    })
    .await;
    stream.goodbye(reason, driver.link.farewell(reason)).await;
    reason
}

impl WebSocket<'_> {
    /// One turn of the task. `Ok` gives a reason when everything was sent before an orderly end.
    fn turn<P: Protocol>(
        &mut self,
        driver: &mut Driver<'_, P>,
        timer: Pin<&mut Sleep>,
        cx: &mut Context<'_>,
    ) -> Result<Option<Reason>, Reason> {
        let now = Instant::now();
        driver.commands(now)?;
        driver.poll_work(now, cx)?;
        driver.pause_or_resume_heartbeat(now);
        let mut drained = false;
        if driver.is_reading() {
            let waker = cx.waker();
            let mut left = TURN;
            let read = self.stream.read(driver.engine.config.max_payload, now, cx, &mut |incoming| {
                left -= 1;
                receive(driver, incoming, now, &mut Context::from_waker(waker))?;
                Ok(if left > 0 && driver.is_reading() { Flow::Next } else { Flow::Stop })
            })?;
            drained = read == Read::Drained;
        }
        let packet_deadline =
            self.stream.incomplete().map(|since| since + driver.engine.config.packet_timeout);
        if packet_deadline.is_some_and(|until| now >= until) && drained {
            return Err(Reason::PacketTimeout);
        }
        driver.beat(drained, now)?;
        if self.yields_before_write(driver) {
            cx.waker().wake_by_ref();
            return Ok(None);
        }
        let sent = self.write(driver, now, cx)?;
        if let Some(reason) = driver.closed(sent) {
            return Ok(Some(reason));
        }
        let early = driver.poll_timer(timer, packet_deadline.filter(|_| drained), now, cx).is_ready();
        if early || (driver.is_reading() && !drained) {
            cx.waker().wake_by_ref();
        }
        Ok(None)
    }

    /// Whether to yield once before writing what waits: the tasks that are due may queue more for this peer,
    /// and one call of the system then writes it all. An idle thread comes back at once; a busy one makes
    /// half as many calls.
    fn yields_before_write<P: Protocol>(&mut self, driver: &Driver<'_, P>) -> bool {
        self.yielded = !self.yielded && driver.link.lock().outbox.is_ready();
        self.yielded
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
            state.outbox.copy_frames(&mut buffer, BUFFER);
            if buffer.is_empty() {
                // Nothing is left to send, but somebody may be waiting for just that.
                let standing = state.outbox.advance(0, &mut taken);
                state.blocked = false;
                driver.link.park(&mut state, cx.waker());
                drop(state);
                driver.taken(&mut taken, standing, now);
                break true;
            }
            drop(state);
            match self.stream.poll_write(&buffer, cx) {
                Poll::Ready(Ok(written @ 1..)) => {
                    let mut state = driver.link.lock();
                    let standing = state.outbox.advance(written, &mut taken);
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
            let _ = driver.link.push([Item::new(pong)]);
            Ok(())
        }
        Incoming::Close => Err(Reason::ClientClosed),
    }
}
