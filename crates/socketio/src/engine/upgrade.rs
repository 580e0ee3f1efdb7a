//! The way from polling to WebSocket: the client probes the new connection, lets its polling come to an
//! end, and says that it has moved. Until then everything goes over polling, so nothing is lost.

use std::task::{Context, Poll};

use tokio::time::Instant;

use super::{
    reader::{Flow, Incoming},
    stream::{FrameStream, Read},
};
use crate::Reason;

/// A WebSocket that wants to take over a session.
pub(super) struct Probe {
    /// `None` once it has failed.
    stream: Option<Box<FrameStream>>,
    until: Instant,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Connected,
    Probed,
    Upgraded,
}

impl Probe {
    pub(super) fn new(stream: Box<FrameStream>, until: Instant) -> Self {
        Self { stream: Some(stream), until, state: State::Connected }
    }

    /// When the client has to have moved.
    pub(super) fn until(&self) -> Option<Instant> {
        (self.state != State::Upgraded).then_some(self.until)
    }

    /// Whether the client waits for its polling to end.
    pub(super) fn has_begun(&self) -> bool {
        self.state != State::Connected
    }

    pub(super) fn has_failed(&self, now: Instant) -> bool {
        self.stream.is_none() || self.until().is_some_and(|until| now >= until)
    }

    /// The connection, if the client has moved to it.
    pub(super) fn into_stream(self) -> Option<Box<FrameStream>> {
        self.stream.filter(|_| self.state == State::Upgraded)
    }

    /// Ready once the client has moved.
    pub(super) fn poll(&mut self, limit: usize, now: Instant, cx: &mut Context<'_>) -> Poll<()> {
        if self.state != State::Upgraded
            && let Some(stream) = &mut self.stream
        {
            let mut state = self.state;
            let mut answer = false;
            let read = stream.read(limit, now, cx, &mut |incoming| {
                match (state, incoming) {
                    (State::Connected, Incoming::Text("2probe")) => {
                        (state, answer) = (State::Probed, true);
                    }
                    (State::Probed, Incoming::Text("5")) => {
                        state = State::Upgraded;
                        return Ok(Flow::Stop);
                    }
                    (_, Incoming::Part | Incoming::Ping(_) | Incoming::Pong) => {}
                    _ => return Err(Reason::BadPacket),
                }
                Ok(Flow::Next)
            });
            self.state = state;
            if read == Ok(Read::More) {
                cx.waker().wake_by_ref();
            }
            if read.is_err() || (answer && stream.write_now(b"\x81\x063probe", cx).is_err()) {
                self.stream = None;
                self.state = State::Connected;
            }
        }
        if self.state == State::Upgraded { Poll::Ready(()) } else { Poll::Pending }
    }
}
