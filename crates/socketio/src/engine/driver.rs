//! What a session's task does over any transport: hands on messages, keeps the heartbeat, tells what the
//! client has, ends.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::time::{Instant, Sleep};

use super::{
    Engine, Link, Message, Protocol, Received, Work,
    heartbeat::Heartbeat,
    item::{After, Role, Taken},
    outbox::Standing,
    packet::Packet,
    phase::Phase,
};
use crate::{Reason, limit::Spent};

/// What owns a session, whatever its transport is. The transport reads, calls it with what came, and sends what
/// waits in the link. Dropped, it ends the session.
pub(super) struct Driver<'a, P: Protocol> {
    pub(super) engine: &'a Engine<P>,
    pub(super) link: Arc<Link>,
    /// `None` once the session is closed.
    session: Option<P::Session>,
    work: Option<Work<'a, P::Done>>,
    heartbeat: Heartbeat,
    /// What the client has sent of what it may.
    spent: Spent,
    phase: Phase,
    /// So much is in doubt that nothing more is to be sent.
    doubt_is_full: bool,
    /// Since when the transport has taken nothing of what waits.
    pub(super) stalled: Option<Instant>,
    timer_is_set: bool,
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
            doubt_is_full: false,
            stalled: None,
            timer_is_set: false,
        }
    }

    /// Whether more from the client can be handled now. It is not read while it does not take its answers,
    /// nor while it has sent more than its rate allows.
    pub(super) fn is_reading(&self) -> bool {
        self.work.is_none()
            && self.phase.is_open()
            && self.spent.rests_until().is_none()
            && (!self.is_flooded() || self.is_holding())
    }

    /// Whether reading waits for the client to take its answers.
    pub(super) fn is_flooded(&self) -> bool {
        self.link.is_flooded()
    }

    /// Whether nothing is to be sent before the client has answered the ping that is on its way. Never while
    /// a handler works, because it may wait for a send, and no pong is read meanwhile.
    pub(super) fn is_holding(&self) -> bool {
        self.doubt_is_full && self.heartbeat.is_sent() && self.work.is_none() && self.phase.is_open()
    }

    /// Whether a ping is to be sent before anything else is.
    pub(super) fn is_asking(&self) -> bool {
        self.doubt_is_full && self.heartbeat.is_idle()
    }

    /// Pauses the heartbeat while nothing is read, because that time does not count against the client.
    /// Before that, ends a rest of the rate limit that is over.
    pub(super) fn pause_or_resume_heartbeat(&mut self, now: Instant) {
        self.spent.wake(now);
        if self.is_reading() {
            self.heartbeat.resume(&self.engine.config, now);
        } else {
            self.heartbeat.pause(now);
        }
    }

    /// Whether a handler is at work.
    pub(super) fn is_working(&self) -> bool {
        self.work.is_some()
    }

    /// Looks at what others want from the session; a reason ends it at once.
    pub(super) fn commands(&mut self, now: Instant) -> Result<(), Reason> {
        match self.link.take_command() {
            Some(command) => self.phase.obey(command, now + self.engine.config.close_timeout),
            None => Ok(()),
        }
    }

    /// Goes on with the work of the latest message.
    pub(super) fn poll_work(&mut self, now: Instant, cx: &mut Context<'_>) -> Result<(), Reason> {
        if let Some(work) = &mut self.work
            && let Poll::Ready(done) = work.as_mut().poll(cx)
        {
            self.work = None;
            let session = self.session.as_mut().expect("the session is open while it works");
            self.engine.protocol.finish(session, done, now)?;
        }
        if self.work.is_none() {
            self.phase.idle();
        }
        Ok(())
    }

    /// Charges the client's rate limit. If that uses it up, reading rests until it refills.
    pub(super) fn count(&mut self, now: Instant) {
        self.spent.charge(self.engine.config.rate, now);
    }

    /// Handles a packet from the client, or begins to: see [`Driver::is_reading`].
    pub(super) fn packet(
        &mut self,
        packet: &Packet<'_>,
        now: Instant,
        cx: &mut Context<'_>,
    ) -> Result<(), Reason> {
        // What the server has asked for does not count.
        let before = self.spent;
        self.count(now);
        let message = match packet {
            Packet::Text(text) => Message::Text(text),
            Packet::Binary(bytes) => Message::Binary(bytes),
            Packet::Pong => {
                if self.heartbeat.pong(&self.engine.config, now) {
                    self.spent = before;
                    self.proven();
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
            }
        }
        Ok(())
    }

    /// The client has answered a ping: it has what was sent before that.
    fn proven(&mut self) {
        let mut state = self.link.lock();
        let proven = state.outbox.ponged();
        let standing = state.outbox.take_standing();
        drop(state);
        self.stand(standing);
        if let Some(session) = &mut self.session {
            for note in proven {
                self.engine.protocol.received(session, note);
            }
        }
    }

    fn stand(&mut self, standing: Standing) {
        self.doubt_is_full = standing.doubt_is_full;
        self.link.answered(standing.answered);
    }

    /// Takes note of what the transport has taken, and how its queue stands.
    pub(super) fn taken(&mut self, taken: &mut Vec<Taken>, standing: Standing, now: Instant) {
        self.stand(standing);
        for taken in taken.drain(..) {
            match taken.after {
                After::Ping => self.heartbeat.sent(&self.engine.config, now),
                After::Tell(Role::LastOfLane) => {
                    let in_doubt = self.link.lock().outbox.remove_doubt(taken.lane);
                    if let Some(session) = &mut self.session {
                        self.engine.protocol.ended(session, taken.lane, in_doubt, now);
                    }
                }
                // Who waited for it is told by its being dropped.
                After::Drained(_) | After::Tell(_) => {}
            }
        }
        if standing.needs_ping {
            self.heartbeat.want(now, standing.doubt_is_full);
        }
    }

    /// Pings when it is time to; a reason when the peer's time is up. `drained` says that everything that
    /// the peer sent was read.
    pub(super) fn beat(&mut self, drained: bool, now: Instant) -> Result<(), Reason> {
        self.pause_or_resume_heartbeat(now);
        let config = &self.engine.config;
        if let Some((reason, until)) = self.phase.closing()
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
            self.link.lock().outbox.ping_first();
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
        let closing = self.phase.closing().map(|(_, until)| until);
        let stalled = self.stalled.map(|since| since + self.engine.config.ping_timeout);
        let session = self.session_deadline().map(|(deadline, _)| deadline);
        let next = [self.heartbeat.due(), closing, stalled, session, self.spent.rests_until(), also];
        let next = next.into_iter().flatten().min();
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
        self.phase.closing().filter(|_| sent).map(|(reason, _)| reason)
    }

    /// Ends the session. A handler at work comes to its end first.
    pub(super) async fn close(&mut self, reason: Reason) {
        if matches!(reason, Reason::Aborted | Reason::Panicked) {
            self.work = None;
        }
        // First, because the handler at work may wait for the transport.
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
        let in_doubt = self.link.shut();
        self.engine.counters.closed(reason);
        tracing::debug!(
            reason = reason.as_str(),
            address = %self.link.address(),
            in_doubt = in_doubt.len(),
            "session closed"
        );
        self.engine.protocol.close(session, reason, in_doubt);
    }
}

impl<P: Protocol> Drop for Driver<'_, P> {
    fn drop(&mut self) {
        self.end(Reason::Aborted);
    }
}

/// Runs one turn of a session. A panic in the application ends that session and no other.
pub(super) fn guarded<T>(turn: impl FnOnce() -> Result<T, Reason>) -> Result<T, Reason> {
    // Safe to go on after a panic, because the session that it left half changed is only closed.
    catch_unwind(AssertUnwindSafe(turn)).unwrap_or(Err(Reason::Panicked))
}
