//! The side of a session that everyone may hold: from any thread, inside the runtime or not.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::Waker,
};

use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::oneshot;

use super::{
    command::Command,
    head::Head,
    item::{After, Content, Item, Mark, Note, Role},
    mailbox::Mailbox,
    outbox::Outbox,
    parking::Parking,
};
use crate::{Id, Reason};

/// Why a packet was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The session, or the socket, is closed or closing.
    #[error("the socket is closed")]
    Closed,
    /// Too much waits for the peer already. The session is being closed.
    #[error("the peer reads too slowly")]
    Full,
}

/// A session, as everyone but its task sees it.
///
/// Packets are sent in the order in which they were queued. Queueing never waits; it may be done from any
/// thread, also from outside the runtime.
pub struct Link {
    pub(super) id: Id,
    address: IpAddr,
    /// `max_pending_bytes`.
    limit: usize,
    parking: Parking,
    /// There is a command. Says so without the lock.
    commanded: AtomicBool,
    /// How many bytes of answers wait for the transport, and are expected of the handlers.
    owed: AtomicUsize,
    state: Mutex<State>,
}

/// What the task and everyone else share.
pub(super) struct State {
    pub(super) outbox: Outbox,
    pub(super) waker: Option<Waker>,
    /// The transport did not take everything when it was last tried.
    pub(super) blocked: bool,
    /// Nothing is queued any more.
    closed: bool,
    /// Nobody looks at commands any more.
    over: bool,
    command: Option<Command>,
    /// What the client is told of the end, instead of the reason.
    word: Option<&'static str>,
    /// The requests of a session on polling.
    pub(super) mailbox: Option<Box<Mailbox>>,
}

impl Link {
    pub(super) fn new(id: Id, address: IpAddr, limit: usize, mailbox: Option<Box<Mailbox>>) -> Self {
        let state = State {
            outbox: Outbox::default(),
            waker: None,
            blocked: mailbox.is_some(),
            closed: false,
            over: false,
            command: None,
            word: None,
            mailbox,
        };
        Self {
            id,
            address,
            limit,
            parking: Parking::new(),
            commanded: AtomicBool::new(false),
            owed: AtomicUsize::new(0),
            state: Mutex::new(state),
        }
    }

    /// The client's address, as it was given to [`super::Engine::handle`].
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// How many bytes wait for the transport: of each packet its own and [`super::PACKET_OVERHEAD`].
    pub fn pending_bytes(&self) -> usize {
        self.state.lock().outbox.bytes()
    }

    /// Queues a text message whose payload is `head` followed by `body`, and binary messages right behind
    /// it. The last of them has the `role`, the others are plain. `lane` says whose they are, if a session
    /// has several parties.
    pub fn send(
        &self,
        lane: u32,
        head: Head,
        body: Arc<[u8]>,
        attachments: &[Bytes],
        role: Role,
    ) -> Result<(), SendError> {
        self.push(Item::message(lane, head, body, attachments, role))
    }

    /// Queues a binary message of no lane, with [`Role::Plain`].
    pub fn send_binary(&self, body: Bytes) -> Result<(), SendError> {
        self.push([Item::new(Content::Binary(body))])
    }

    pub(super) fn push(&self, items: impl IntoIterator<Item = Item>) -> Result<(), SendError> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(SendError::Closed);
        }
        let (waiting, answers) = (state.outbox.len(), state.outbox.answers());
        for item in items {
            state.outbox.push(item);
        }
        // One packet may always wait, however long it is.
        if waiting > 0 && state.outbox.is_over(self.limit) {
            state.outbox.truncate(waiting);
            self.command(state, Command::Abort(Reason::SlowReader));
            return Err(SendError::Full);
        }
        let answers = state.outbox.answers() - answers;
        if answers > 0 {
            self.owed.fetch_add(answers, Ordering::Relaxed);
        }
        // A transport that cannot take more wakes the task when it can.
        if !state.blocked {
            self.wake(state);
        }
        Ok(())
    }

    /// How many bytes of answers may wait, or be owed: past it nothing more is read from the client. Little
    /// enough that what is read already does not bring them over the limit.
    fn answer_limit(&self) -> usize {
        self.limit / 4
    }

    /// Whether so many answers wait that the client is to take some before it asks for more.
    pub(super) fn is_flooded(&self) -> bool {
        self.owed.load(Ordering::Relaxed) > self.answer_limit()
    }

    /// The transport has taken so many bytes of answers.
    pub(super) fn answered(&self, bytes: usize) {
        if bytes > 0 {
            self.owed.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    /// An answer will take about so many bytes.
    pub(crate) fn owe(&self, bytes: usize) {
        self.owed.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The answer is queued, or there will be none.
    pub(crate) fn settle(&self, bytes: usize) {
        if self.owed.fetch_sub(bytes, Ordering::Relaxed) > self.answer_limit() {
            self.notify(self.state.lock());
        }
    }

    /// Queues a ping, so that the client proves soon what is queued before. Nothing where one waits already, or two
    /// are not answered.
    pub fn ask_proof(&self) {
        let mut state = self.state.lock();
        if !state.closed {
            state.outbox.ping();
            self.wake(state);
        }
    }

    /// Queues no packet, but a mark: it is told once the client is known to have everything queued before.
    pub fn mark(&self, lane: u32, mark: Mark) -> Result<(), SendError> {
        self.push_silent(Item { lane, after: After::Tell(Role::Marked(mark)), ..Item::new(Content::Nothing) })
    }

    /// Resolves once everything queued before has been taken by the transport, or the session is closed.
    pub fn drained(&self) -> impl Future<Output = ()> + use<> {
        let (sender, receiver) = oneshot::channel();
        let item = Item { after: After::Drained(sender), ..Item::new(Content::Nothing) };
        let queued = self.push_silent(item);
        async move {
            if queued.is_ok() {
                let _ = receiver.await;
            }
        }
    }

    /// Queues what is not sent.
    fn push_silent(&self, item: Item) -> Result<(), SendError> {
        let queued = self.push([item]);
        // Also where the transport waits for its peer: there may be nothing to be sent.
        self.notify(self.state.lock());
        queued
    }

    /// Closes the session: what waits is sent, for at most `close_timeout`; nothing more is queued.
    pub fn close(&self, reason: Reason) {
        self.command(self.state.lock(), Command::Close(reason));
    }

    /// Lets go of what is queued for a lane and not being sent; gives the marks of the lane that are in
    /// doubt.
    pub(crate) fn remove_lane(&self, lane: u32) -> Vec<Mark> {
        let removed = self.state.lock().outbox.remove_lane(lane);
        removed.into_iter().map(|note| note.mark).collect()
    }

    /// Closes the session at once: what waits is not sent, and nothing more is queued.
    pub fn abort(&self, reason: Reason) {
        self.command(self.state.lock(), Command::Abort(reason));
    }

    /// As [`Link::abort`] for [`Reason::Application`], and tells the client why.
    pub fn abort_with(&self, word: &'static str) {
        let mut state = self.state.lock();
        if state.command.is_none() {
            state.word = Some(word);
        }
        self.command(state, Command::Abort(Reason::Application));
    }

    /// What the client is told of the end, if anything: nothing where a packet is half sent.
    pub(super) fn farewell(&self, reason: Reason) -> Option<&'static str> {
        let state = self.state.lock();
        let word = state.word.filter(|_| reason == Reason::Application);
        let word = word.or_else(|| reason.is_told().then(|| reason.as_str()));
        word.filter(|_| state.outbox.is_between_packets())
    }

    /// A client that is connected to a namespace may post bodies up to `max_body`; any other, up to
    /// `max_payload`.
    pub(crate) fn allow_long_bodies(&self, allow: bool) {
        if let Some(mailbox) = &mut self.state.lock().mailbox {
            mailbox.allows_long_bodies = allow;
        }
    }

    pub(super) fn quiesce(&self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        self.command(self.state.lock(), Command::Quiesce(sender));
        receiver
    }

    fn command(&self, mut state: MutexGuard<'_, State>, command: Command) {
        if state.over {
            return;
        }
        state.closed |= command.closes();
        if command.replaces(state.command.as_ref()) {
            state.command = Some(command);
        }
        self.commanded.store(true, Ordering::Release);
        self.notify(state);
    }

    /// The command that the task has not seen yet, if there is one.
    pub(super) fn take_command(&self) -> Option<Command> {
        if self.commanded.load(Ordering::Relaxed) && self.commanded.swap(false, Ordering::Acquire) {
            self.state.lock().command.take()
        } else {
            None
        }
    }

    /// The transport takes nothing any more. Who waits for it to is told, and nothing more is queued.
    pub(super) fn transport_gone(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        let waiting = state.outbox.waiting();
        drop(state);
        drop(waiting);
    }

    /// Whether a session that is closing is to be cut off; if not, the waker learns of it later.
    pub(super) fn is_aborted(&self, waker: &Waker) -> bool {
        self.unpark();
        let mut state = self.state.lock();
        self.park(&mut state, waker);
        matches!(state.command, Some(Command::Abort(Reason::Aborted)))
    }

    /// Something was queued.
    fn wake(&self, state: MutexGuard<'_, State>) {
        if self.parking.queued() {
            wake(state);
        }
    }

    /// There is something new that the task looks for in [`State`], other than the queue.
    pub(super) fn notify(&self, state: MutexGuard<'_, State>) {
        if self.parking.notify() {
            wake(state);
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// The task runs: from now on it looks at everything.
    pub(super) fn unpark(&self) {
        self.parking.unpark();
    }

    /// The task is about to sleep with this waker. The caller holds the lock and has looked at the queue.
    pub(super) fn park(&self, state: &mut State, waker: &Waker) {
        match &mut state.waker {
            Some(known) if known.will_wake(waker) => {}
            other => *other = Some(waker.clone()),
        }
        if !self.parking.park() {
            waker.wake_by_ref();
        }
    }

    /// Nothing is queued from now on; gives what the client is not known to have.
    pub(super) fn shut(&self) -> Vec<Note> {
        let mut state = self.state.lock();
        state.closed = true;
        state.over = true;
        state.command = None;
        state.waker = None;
        state.mailbox = None;
        let outbox = std::mem::take(&mut state.outbox);
        drop(state);
        outbox.drain()
    }
}

fn wake(state: MutexGuard<'_, State>) {
    let waker = state.waker.clone();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}
