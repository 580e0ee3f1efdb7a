//! What a session's task does over any transport: hands on messages, keeps the heartbeat, tells what was
//! taken, ends.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::{
    sync::oneshot,
    time::{Instant, Sleep},
};

use super::{
    Engine, Link, Message, Note, Protocol, Received, Work,
    heartbeat::Heartbeat,
    link::Request,
    outbox::{After, Content, Item, Taken},
    packet::Packet,
};
use crate::{Reason, limit::Spent};

/// The owner of a session.
pub(super) struct Driver<'a, P: Protocol> {
    pub(super) engine: &'a Engine<P>,
    pub(super) link: Arc<Link>,
    /// `None` once the session is closed.
    session: Option<P::Session>,
    work: Option<Work<'a, P::Done>>,
    heartbeat: Heartbeat,
    spent: Spent,
    phase: Phase,
    /// Since when the transport has taken nothing of what waits.
    pub(super) stalled: Option<Instant>,
    timer_is_set: bool,
}

/// What the session still does.
enum Phase {
    Open,
    /// It reads no more; whoever asked for that is told when no handler is at work.
    Quiet(Option<oneshot::Sender<()>>),
    /// It sends what waits, until a moment at the latest.
    Closing(Reason, Instant),
}

impl<'a, P: Protocol> Driver<'a, P> {
    pub(super) fn new(engine: &'a Engine<P>, link: Arc<Link>, now: Instant) -> Self {
        let session = engine.protocol.open(&link, now);
        Self {
            engine,
            link,
            session: Some(session),
            work: None,
            heartbeat: Heartbeat::new(&engine.config, now),
            spent: Spent::nothing(now),
            phase: Phase::Open,
            stalled: None,
            timer_is_set: false,
        }
    }

    /// Whether more from the client can be handled now.
    pub(super) fn is_reading(&self) -> bool {
        self.work.is_none() && matches!(self.phase, Phase::Open)
    }

    /// Whether a handler is at work.
    pub(super) fn is_working(&self) -> bool {
        self.work.is_some()
    }

    /// Looks at what others want from the session; a reason ends it at once.
    pub(super) fn requests(&mut self, now: Instant) -> Result<(), Reason> {
        let Some(request) = self.link.request() else { return Ok(()) };
        self.heartbeat.pause(now);
        match (request, &self.phase) {
            (Request::Abort(reason), _) => return Err(reason),
            (_, Phase::Closing(..)) => {}
            (Request::Close(reason), _) => {
                self.phase = Phase::Closing(reason, now + self.engine.config.close_timeout);
            }
            (Request::Quiesce(sender), _) => self.phase = Phase::Quiet(Some(sender)),
        }
        Ok(())
    }

    /// Goes on with the work of the latest message.
    pub(super) fn poll_work(&mut self, now: Instant, cx: &mut Context<'_>) -> Result<(), Reason> {
        if let Some(work) = &mut self.work
            && let Poll::Ready(done) = work.as_mut().poll(cx)
        {
            self.work = None;
            if matches!(self.phase, Phase::Open) {
                self.heartbeat.resume(&self.engine.config, now);
            }
            let session = self.session.as_mut().expect("the session is open while it works");
            self.engine.protocol.finish(session, done, now)?;
        }
        if self.work.is_none()
            && let Phase::Quiet(told) = &mut self.phase
            && let Some(told) = told.take()
        {
            let _ = told.send(());
        }
        Ok(())
    }

    /// Counts something that the client sent.
    pub(super) fn count(&mut self, now: Instant) -> Result<(), Reason> {
        if self.spent.take(self.engine.config.rate, now) { Ok(()) } else { Err(Reason::RateLimited) }
    }

    /// Handles a packet from the client, or begins to: see [`Driver::is_reading`].
    pub(super) fn packet(
        &mut self,
        packet: &Packet<'_>,
        now: Instant,
        cx: &mut Context<'_>,
    ) -> Result<(), Reason> {
        let before = self.spent;
        self.count(now)?;
        let message = match packet {
            Packet::Text(text) => Message::Text(text),
            Packet::Binary(bytes) => Message::Binary(bytes),
            Packet::Pong => {
                if self.heartbeat.pong(&self.engine.config, now) {
                    self.spent = before;
                }
                return Ok(());
            }
            // The Arduino library says that it has moved also where it has not.
            Packet::Noop | Packet::Upgrade => return Ok(()),
            Packet::Close => return Err(Reason::ClientClosed),
            Packet::Ping(_) => return Err(Reason::BadPacket),
        };
        let session = self.session.as_mut().expect("the session is open while it reads");
        match self.engine.protocol.receive(session, message, now)? {
            Received::Done => {}
            Received::Answer => self.spent = before,
            Received::Work(work) => {
                self.work = Some(work);
                self.poll_work(now, cx)?;
                if self.work.is_some() {
                    self.heartbeat.pause(now);
                }
            }
        }
        Ok(())
    }

    /// Tells who wants to know that packets were taken.
    pub(super) fn taken(&mut self, taken: &mut Vec<Taken>, now: Instant) {
        for taken in taken.drain(..) {
            if let Some(note) = taken.note()
                && let Some(session) = &mut self.session
            {
                self.engine.protocol.taken(session, note, now);
            } else if let After::Ping = taken.after {
                self.heartbeat.sent();
            }
        }
    }

    /// Pings when it is time to; a reason when the peer's time is up. `drained` says that everything that
    /// the peer sent was read.
    pub(super) fn beat(&mut self, drained: bool, now: Instant) -> Result<(), Reason> {
        let config = &self.engine.config;
        if let Phase::Closing(reason, until) = self.phase
            && now >= until
        {
            return Err(reason);
        }
        // The pong may be behind what is still to be read; not for ever, though.
        if self.heartbeat.is_dead(now) && (drained || self.heartbeat.is_dead(now - config.ping_timeout)) {
            return Err(Reason::PingTimeout);
        }
        if self.stalled.is_some_and(|since| now >= since + config.ping_timeout) {
            return Err(Reason::Stalled);
        }
        if let Some((deadline, reason)) = self.session_deadline()
            && now >= deadline
            && drained
        {
            return Err(reason);
        }
        if self.heartbeat.ping(config, now) {
            let ping = Content::Packet(Bytes::from_static(b"2"));
            let ping = Item { after: After::Ping, ..Item::new(ping) };
            self.link.lock().queue.push_front(ping);
        }
        Ok(())
    }

    fn session_deadline(&self) -> Option<(Instant, Reason)> {
        // While nothing is read the client cannot do what is waited for.
        self.session
            .as_ref()
            .filter(|_| self.is_reading())
            .and_then(|session| self.engine.protocol.deadline(session))
    }

    /// Makes sure that the task is woken when the next deadline comes; `Ready` when one has come already.
    pub(super) fn poll_timer(
        &mut self,
        mut timer: Pin<&mut Sleep>,
        also: Option<Instant>,
        now: Instant,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let closing = match self.phase {
            Phase::Closing(_, until) => Some(until),
            _ => None,
        };
        let stalled = self.stalled.map(|since| since + self.engine.config.ping_timeout);
        let session = self.session_deadline().map(|(deadline, _)| deadline);
        let next = [self.heartbeat.due(), closing, stalled, session, also].into_iter().flatten().min();
        let Some(next) = next else { return Poll::Pending };
        // Arming a timer is dear; one that comes too early only costs a look.
        if self.timer_is_set && now < timer.deadline() && timer.deadline() <= next {
            return Poll::Pending;
        }
        if !self.timer_is_set || timer.deadline() != next {
            timer.as_mut().reset(next);
            self.timer_is_set = true;
        }
        timer.poll(cx)
    }

    /// Whether everything was sent that was to be sent before the session closes.
    pub(super) fn closed(&self, sent: bool) -> Option<Reason> {
        match self.phase {
            Phase::Closing(reason, _) if sent => Some(reason),
            _ => None,
        }
    }

    /// Ends the session. A handler at work comes to its end first.
    pub(super) async fn close(&mut self, reason: Reason) {
        if matches!(reason, Reason::Aborted | Reason::Panicked) {
            self.work = None;
        }
        // It may be the handler that waits for the transport.
        self.link.transport_gone();
        poll_fn(|cx| {
            let aborted = self.link.is_aborted(cx.waker());
            let worked = guarded(|| self.poll_work(Instant::now(), cx));
            if worked.is_err() || self.work.is_none() || aborted { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        self.end(reason);
    }

    fn end(&mut self, reason: Reason) {
        let Some(session) = self.session.take() else { return };
        self.work = None;
        self.engine.leave(&self.link);
        let untaken: Vec<Note> = self.link.shut().iter().filter_map(Taken::note).collect();
        self.engine.counters.closed(reason);
        tracing::debug!(
            reason = reason.as_str(),
            address = %self.link.address(),
            untaken = untaken.len(),
            "session closed"
        );
        self.engine.protocol.close(session, reason, untaken);
    }
}

impl<P: Protocol> Drop for Driver<'_, P> {
    fn drop(&mut self) {
        self.end(Reason::Aborted);
    }
}

/// Runs one turn of a session. A panic in the application ends that session and no other.
pub(super) fn guarded<T>(turn: impl FnOnce() -> Result<T, Reason>) -> Result<T, Reason> {
    // What the turn was changing is only closed from here on.
    catch_unwind(AssertUnwindSafe(turn)).unwrap_or(Err(Reason::Panicked))
}
