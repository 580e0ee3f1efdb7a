//! A session without a connection, for benches: the caller is its transport.

use std::{
    future::poll_fn,
    net::IpAddr,
    task::{Context, Poll},
};

use tokio::time::Instant;

use super::{
    Engine, Protocol,
    driver::Driver,
    item::Taken,
    reader::{Flow, Reader},
    websocket::receive,
};
use crate::Reason;

/// A session over WebSocket whose peer is the caller. What it does with frames is what a connection's task
/// does; what a connection and a runtime add (reading, writing, waking, timers) it does not do.
pub struct Wire<'a, P: Protocol> {
    driver: Driver<'a, P>,
    reader: Reader,
    taken: Vec<Taken>,
}

impl<'a, P: Protocol> Wire<'a, P> {
    /// Opens a session; `None` where the engine lets no more in.
    pub fn open(engine: &'a Engine<P>, address: IpAddr) -> Option<Self> {
        let driver = engine.drive_websocket(address, Instant::now())?;
        Some(Self { driver, reader: Reader::default(), taken: Vec::new() })
    }

    /// One turn: handles whole frames from the client, which are unmasked in place, and adds everything that
    /// waits for it to `output`.
    pub async fn turn(&mut self, frames: &mut [u8], output: &mut Vec<u8>) -> Result<(), Reason> {
        let now = Instant::now();
        self.driver.link.unpark();
        self.driver.commands(now)?;
        self.read(frames, now)?;
        while self.driver.is_working() {
            poll_fn(|cx| self.poll_work(now, cx)).await?;
        }
        self.driver.beat(true, now)?;
        poll_fn(|cx| {
            self.write(output, now, cx);
            Poll::Ready(())
        })
        .await;
        Ok(())
    }

    fn read(&mut self, frames: &mut [u8], now: Instant) -> Result<(), Reason> {
        let Self { driver, reader, .. } = self;
        let limit = driver.engine.config.max_payload;
        let flow = reader.feed(frames, limit, &mut |incoming| {
            // Work that is not done at once is done in `turn`.
            receive(driver, incoming, now, &mut Context::from_waker(std::task::Waker::noop()))?;
            Ok::<_, Reason>(if driver.is_reading() { Flow::Next } else { Flow::Stop })
        })?;
        // More than one frame behind a handler that waits would have to be kept for later.
        if flow == Flow::Stop && reader.is_incomplete() { Err(Reason::BadPacket) } else { Ok(()) }
    }

    fn poll_work(&mut self, now: Instant, cx: &mut Context<'_>) -> Poll<Result<(), Reason>> {
        match self.driver.poll_work(now, cx) {
            Ok(()) if self.driver.is_working() => Poll::Pending,
            done => Poll::Ready(done),
        }
    }

    /// As a connection that takes everything.
    fn write(&mut self, output: &mut Vec<u8>, now: Instant, cx: &mut Context<'_>) {
        loop {
            let start = output.len();
            let mut state = self.driver.link.lock();
            state.outbox.copy_frames(output, usize::MAX);
            let written = output.len() - start;
            if written == 0 {
                let standing = state.outbox.advance(0, &mut self.taken);
                state.blocked = false;
                self.driver.link.park(&mut state, cx.waker());
                drop(state);
                self.driver.taken(&mut self.taken, standing, now);
                break;
            }
            drop(state);
            let standing = self.driver.link.lock().outbox.advance(written, &mut self.taken);
            self.driver.taken(&mut self.taken, standing, now);
        }
    }
}
