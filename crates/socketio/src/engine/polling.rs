//! A session over HTTP long-polling, up to its upgrade.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    sync::oneshot,
    time::{Instant, Sleep},
};

use super::{
    Protocol,
    driver::{Driver, guarded},
    mailbox::{Answer, Post},
    packet::{Packet, split_payload},
    stream::FrameStream,
    upgrade::Probe,
};
use crate::Reason;

/// How much goes into one response, unless a single packet is longer.
const RESPONSE: usize = 64 * 1024;

/// What the task keeps while the session is on polling.
#[derive(Default)]
struct Polling {
    /// The packets being handled, from `at` on.
    post: Option<(Post, usize)>,
    /// A response that is on its way.
    sending: Option<oneshot::Receiver<()>>,
    probe: Option<Probe>,
}

/// Runs a session until there is a reason to end it, or it has moved to a WebSocket.
pub(super) async fn run<P: Protocol>(
    driver: &mut Driver<'_, P>,
    mut timer: Pin<&mut Sleep>,
) -> Result<Box<FrameStream>, Reason> {
    let mut polling = Polling::default();
    let end = poll_fn(|cx| {
        driver.link.unpark();
        match guarded(|| polling.turn(driver, timer.as_mut(), cx)) {
            Ok(None) => Poll::Pending,
            Ok(Some(end)) => Poll::Ready(end),
            Err(reason) => Poll::Ready(Err(reason)),
        }
    })
    .await;
    let last = match end {
        // The client, which ends its polling, is let go.
        Ok(_) | Err(Reason::ClientClosed) => Answer::Last("6"),
        // As the official tests want it; no library asks twice at once.
        Err(Reason::PollingConflict) => Answer::Last("1"),
        Err(reason) => {
            let told = driver.link.farewell(reason);
            Answer::Ended { told: told.is_some(), word: told.unwrap_or(reason.as_str()) }
        }
    };
    let mut state = driver.link.lock();
    if let Some(mailbox) = state.mailbox.take()
        && let Some(get) = mailbox.get
    {
        let _ = get.send(last);
    }
    state.blocked = false;
    drop(state);
    driver.stalled = None;
    if let Some((post, _)) = polling.post {
        let _ = post.done.send(match end {
            Ok(_) | Err(Reason::ClientClosed) => Ok(()),
            Err(reason) => Err(reason),
        });
    }
    end
}

type End = Result<Box<FrameStream>, Reason>;

impl Polling {
    fn turn<P: Protocol>(
        &mut self,
        driver: &mut Driver<'_, P>,
        timer: Pin<&mut Sleep>,
        cx: &mut Context<'_>,
    ) -> Result<Option<End>, Reason> {
        let now = Instant::now();
        driver.commands(now)?;
        driver.poll_work(now, cx)?;
        driver.pause_or_resume_heartbeat(now);
        self.poll_sending(driver, now, cx)?;
        self.take_mail(driver, now);
        let drained = self.receive(driver, now, cx)?;
        driver.beat(drained, now)?;
        let upgraded = self
            .probe
            .as_mut()
            .is_some_and(|probe| probe.poll(driver.engine.config.max_payload, now, cx).is_ready());
        if upgraded && self.sending.is_none() && self.post.is_none() && !driver.is_working() {
            let posting = driver.link.lock().mailbox.as_ref().is_some_and(|mailbox| mailbox.posting);
            if !posting && let Some(stream) = self.probe.take().and_then(Probe::into_stream) {
                return Ok(Some(Ok(stream)));
            }
        }
        if self.probe.as_ref().is_some_and(|probe| probe.has_failed(now)) {
            self.probe = None;
            if let Some(mailbox) = &mut driver.link.lock().mailbox {
                mailbox.upgrading = false;
            }
        }
        let sent = self.send(driver, now, cx)?;
        if driver.is_reading() && self.post.is_some() {
            cx.waker().wake_by_ref();
        }
        if let Some(reason) = driver.closed(sent) {
            return Ok(Some(Err(reason)));
        }
        let probe = self.probe.as_ref().and_then(Probe::until);
        if driver.poll_timer(timer, probe, now, cx).is_ready() {
            cx.waker().wake_by_ref();
        }
        Ok(None)
    }

    /// Looks whether the response that is on its way has been taken.
    fn poll_sending<P: Protocol>(
        &mut self,
        driver: &mut Driver<'_, P>,
        now: Instant,
        cx: &mut Context<'_>,
    ) -> Result<(), Reason> {
        let Some(pulled) = &mut self.sending else { return Ok(()) };
        match Pin::new(pulled).poll(cx) {
            Poll::Pending => Ok(()),
            // Whoever asked is gone, and the packets with him.
            Poll::Ready(Err(_)) => Err(Reason::PollingConflict),
            Poll::Ready(Ok(())) => {
                let mut taken = Vec::new();
                let standing = driver.link.lock().outbox.responded(&mut taken);
                self.sending = None;
                driver.stalled = None;
                driver.taken(&mut taken, standing, now);
                Ok(())
            }
        }
    }

    fn take_mail<P: Protocol>(&mut self, driver: &Driver<'_, P>, now: Instant) {
        let mut state = driver.link.lock();
        let Some(mailbox) = &mut state.mailbox else { return };
        if let Some(post) = mailbox.post.take() {
            self.post = Some((post, 0));
        }
        if let Some(stream) = mailbox.upgrade.take() {
            self.probe = Some(Probe::new(stream, now + driver.engine.config.upgrade_timeout));
        }
    }

    /// Handles what was posted, in order; says whether nothing is left of it.
    fn receive<P: Protocol>(
        &mut self,
        driver: &mut Driver<'_, P>,
        now: Instant,
        cx: &mut Context<'_>,
    ) -> Result<bool, Reason> {
        while driver.is_reading()
            && let Some((post, at)) = &mut self.post
            && *at <= post.body.len()
        {
            let (text, rest) = split_payload(&post.body[*at..]);
            *at = rest.map_or(post.body.len() + 1, |rest| post.body.len() - rest.len());
            let packet = Packet::decode(text).ok_or(Reason::BadPacket)?;
            // As long as over WebSocket, where binary is not written in base64.
            let length = if let Packet::Binary(bytes) = &packet { bytes.len() } else { text.len() };
            if length > driver.engine.config.max_payload {
                return Err(Reason::PacketTooLarge);
            }
            driver.packet(&packet, now, cx)?;
            self.answer_post(driver);
        }
        // The handler that was at work may have been that of the last packet.
        self.answer_post(driver);
        Ok(driver.is_reading() && self.post.is_none())
    }

    /// Answers the POST when all its packets are handled.
    fn answer_post<P: Protocol>(&mut self, driver: &Driver<'_, P>) {
        if !driver.is_working()
            && let Some((post, _)) = self.post.take_if(|(post, at)| *at > post.body.len())
        {
            if let Some(mailbox) = &mut driver.link.lock().mailbox {
                mailbox.posting = false;
            }
            let _ = post.done.send(Ok(()));
        }
    }

    /// Answers the GET that waits, if there is something to answer; says whether everything was sent, and a
    /// GET waits for what comes.
    fn send<P: Protocol>(
        &mut self,
        driver: &mut Driver<'_, P>,
        now: Instant,
        cx: &mut Context<'_>,
    ) -> Result<bool, Reason> {
        let upgrading = self.probe.as_ref().is_some_and(Probe::has_begun);
        let mut taken = Vec::new();
        let mut guard = driver.link.lock();
        let state = &mut *guard;
        let Some(mailbox) = &mut state.mailbox else { return Ok(true) };
        // Marks and those who wait in `drained` may stand first: they need no response.
        let standing = state.outbox.advance(0, &mut taken);
        let empty = state.outbox.len() == 0;
        if self.sending.is_none() {
            // The client must fetch its answers before more is read from it.
            let must_fetch = driver.is_flooded() && !empty && mailbox.get.is_none();
            driver.stalled = must_fetch.then(|| driver.stalled.unwrap_or(now));
        }
        if self.sending.is_none()
            && (!empty || upgrading)
            && (!driver.is_holding() || upgrading)
            && let Some(get) = mailbox.get.take()
        {
            let payload = if empty { b"6".to_vec() } else { state.outbox.respond(RESPONSE) };
            let (told, pulled) = oneshot::channel();
            if get.send(Answer::Packets(payload.into(), told)).is_err() {
                return Err(Reason::PollingConflict);
            }
            self.sending = Some(pulled);
            // The next turn polls the receiver, because only a poll makes it wake the task.
            cx.waker().wake_by_ref();
            driver.stalled = Some(now);
        }
        if let Some(get) = &mut mailbox.get
            && get.poll_closed(cx).is_ready()
        {
            return Err(Reason::PollingConflict);
        }
        state.blocked = mailbox.get.is_none();
        // A session closes while a GET waits, because then its client learns of the end from the response.
        let waits = mailbox.get.is_some();
        driver.link.park(state, cx.waker());
        drop(guard);
        driver.taken(&mut taken, standing, now);
        Ok(empty && self.sending.is_none() && waits)
    }
}
