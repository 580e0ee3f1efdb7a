//! The side of a session that everyone may hold: from any thread, inside the runtime or not.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering},
    },
    task::Waker,
};

use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::oneshot;

use super::{
    head::Head,
    item::{After, Content, Item, Note, Tell},
    mailbox::Mailbox,
    outbox::Queue,
};
use crate::{Id, Mark, Reason};

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
    limit: usize,
    /// What the task is doing: [`RUNNING`], [`NOTIFIED`] or [`PARKED`].
    task: AtomicU8,
    /// There is a request.
    asked: AtomicBool,
    /// How many bytes of answers wait for the transport, and are expected of the handlers.
    owed: AtomicUsize,
    state: Mutex<State>,
}

/// The task runs. It looks at the queue once more before it sleeps, so that queueing need not tell it.
const RUNNING: u8 = 0;
/// The task runs, and there is something new that it may have looked for already.
const NOTIFIED: u8 = 1;
/// The task sleeps.
const PARKED: u8 = 2;

/// What the task and everyone else share.
pub(super) struct State {
    pub(super) queue: Queue,
    pub(super) waker: Option<Waker>,
    /// The transport did not take everything when it was last tried.
    pub(super) blocked: bool,
    /// Nothing is queued any more.
    closed: bool,
    /// Nobody looks at requests any more.
    over: bool,
    request: Option<Request>,
    /// What the client is told of the end, instead of the reason.
    word: Option<&'static str>,
    /// The requests of a session on polling.
    pub(super) mailbox: Option<Box<Mailbox>>,
}

/// What somebody wants from the task.
pub(super) enum Request {
    /// Read no more, and say so once no handler is at work.
    Quiesce(oneshot::Sender<()>),
    /// Send what waits, then close.
    Close(Reason),
    /// Close now.
    Abort(Reason),
}

impl Link {
    pub(super) fn new(id: Id, address: IpAddr, limit: usize, mailbox: Option<Box<Mailbox>>) -> Self {
        let state = State {
            queue: Queue::default(),
            waker: None,
            blocked: mailbox.is_some(),
            closed: false,
            over: false,
            request: None,
            word: None,
            mailbox,
        };
        Self {
            id,
            address,
            limit,
            task: AtomicU8::new(RUNNING),
            asked: AtomicBool::new(false),
            owed: AtomicUsize::new(0),
            state: Mutex::new(state),
        }
    }

    /// The client's address.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// What waits for the transport, as `max_pending_bytes` counts it.
    pub fn pending_bytes(&self) -> usize {
        self.state.lock().queue.bytes()
    }

    /// Queues a text message whose payload is `head` followed by `body`, and binary messages right behind
    /// it. `tell` is told when the last of them was taken. `lane` says whose they are, if a session has
    /// several parties.
    pub fn send(
        &self,
        lane: u32,
        head: Head,
        body: Arc<[u8]>,
        attachments: &[Bytes],
        tell: Tell,
    ) -> Result<(), SendError> {
        self.push(items(lane, head, body, attachments, tell))
    }

    /// Queues a binary message.
    pub fn send_binary(&self, body: Bytes) -> Result<(), SendError> {
        self.push([Item::new(Content::Binary(body))])
    }

    pub(super) fn push(&self, items: impl IntoIterator<Item = Item>) -> Result<(), SendError> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(SendError::Closed);
        }
        let (waiting, answers) = (state.queue.len(), state.queue.answers());
        for item in items {
            state.queue.push(item);
        }
        // One packet may always wait, however long it is.
        if waiting > 0 && state.queue.is_over(self.limit) {
            state.queue.truncate(waiting);
            self.ask(state, Request::Abort(Reason::SlowReader));
            return Err(SendError::Full);
        }
        let answers = state.queue.answers() - answers;
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

    /// Queues a ping, so that the client proves soon what is queued before. Nothing where one is on its way.
    pub fn ask_proof(&self) {
        let mut state = self.state.lock();
        if !state.closed {
            state.queue.ping();
            self.wake(state);
        }
    }

    /// Queues no packet, but a mark: it is told once the client is known to have everything queued before.
    pub fn mark(&self, lane: u32, mark: Mark) -> Result<(), SendError> {
        self.push_silent(Item { lane, after: After::Tell(Tell::Mark(mark)), ..Item::new(Content::Nothing) })
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
        self.ask(self.state.lock(), Request::Close(reason));
    }

    /// Lets go of what is queued for a lane and not being sent; gives the marks of the lane that are in
    /// doubt.
    pub(crate) fn remove_lane(&self, lane: u32) -> Vec<Mark> {
        let removed = self.state.lock().queue.remove_lane(lane);
        removed.into_iter().map(|note| note.mark).collect()
    }

    /// Closes the session at once: what waits is not sent, and nothing more is queued.
    pub fn abort(&self, reason: Reason) {
        self.ask(self.state.lock(), Request::Abort(reason));
    }

    /// As [`Link::abort`] for [`Reason::Application`], and tells the client why.
    pub fn abort_with(&self, word: &'static str) {
        let mut state = self.state.lock();
        if state.request.is_none() {
            state.word = Some(word);
        }
        self.ask(state, Request::Abort(Reason::Application));
    }

    /// What the client is told of the end, if anything: nothing where a packet is half sent.
    pub(super) fn farewell(&self, reason: Reason) -> Option<&'static str> {
        let state = self.state.lock();
        let word = state.word.filter(|_| reason == Reason::Application);
        let word = word.or_else(|| reason.is_told().then(|| reason.as_str()));
        word.filter(|_| state.queue.is_between_packets())
    }

    /// Whether the client is connected to a namespace: as long as it is, it may post as much at once as it was
    /// told to.
    pub(crate) fn welcome(&self, welcome: bool) {
        if let Some(mailbox) = &mut self.state.lock().mailbox {
            mailbox.welcome = welcome;
        }
    }

    pub(super) fn quiesce(&self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        self.ask(self.state.lock(), Request::Quiesce(sender));
        receiver
    }

    fn ask(&self, mut state: MutexGuard<'_, State>, request: Request) {
        if state.over {
            return;
        }
        state.closed |= !matches!(request, Request::Quiesce(_));
        // The first to close says why. More urgent is only what allows less than was asked for before.
        let urgent = match (&state.request, &request) {
            (None | Some(Request::Quiesce(_)), _) => true,
            (Some(Request::Close(_)), request) => matches!(request, Request::Abort(_)),
            (Some(Request::Abort(_)), request) => matches!(request, Request::Abort(Reason::Aborted)),
        };
        if urgent {
            state.request = Some(request);
        }
        self.asked.store(true, Ordering::Release);
        self.notify(state);
    }

    /// What somebody wants from the task.
    pub(super) fn request(&self) -> Option<Request> {
        if self.asked.load(Ordering::Relaxed) && self.asked.swap(false, Ordering::Acquire) {
            self.state.lock().request.take()
        } else {
            None
        }
    }

    /// The transport takes nothing any more. Who waits for it to is told, and nothing more is queued.
    pub(super) fn transport_gone(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        let waiting = state.queue.waiting();
        drop(state);
        drop(waiting);
    }

    /// Whether a session that is closing is to be cut off; if not, the waker learns of it later.
    pub(super) fn is_aborted(&self, waker: &Waker) -> bool {
        self.unpark();
        let mut state = self.state.lock();
        self.park(&mut state, waker);
        matches!(state.request, Some(Request::Abort(Reason::Aborted)))
    }

    /// Something was queued.
    fn wake(&self, state: MutexGuard<'_, State>) {
        if self.task.compare_exchange(PARKED, RUNNING, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            wake(state);
        }
    }

    /// There is something new that the task looks for in [`State`], other than the queue.
    pub(super) fn notify(&self, state: MutexGuard<'_, State>) {
        if self.task.swap(NOTIFIED, Ordering::AcqRel) == PARKED {
            wake(state);
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// The task runs: from now on it looks at everything. Not a plain store, which could hide a notification
    /// that came before what the task looks at.
    pub(super) fn unpark(&self) {
        self.task.swap(RUNNING, Ordering::AcqRel);
    }

    /// The task is about to sleep with this waker. The caller holds the lock and has looked at the queue.
    pub(super) fn park(&self, state: &mut State, waker: &Waker) {
        match &mut state.waker {
            Some(known) if known.will_wake(waker) => {}
            other => *other = Some(waker.clone()),
        }
        if self.task.compare_exchange(RUNNING, PARKED, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            waker.wake_by_ref();
        }
    }

    /// Nothing is queued from now on; gives what the client is not known to have.
    pub(super) fn shut(&self) -> Vec<Note> {
        let mut state = self.state.lock();
        state.closed = true;
        state.over = true;
        state.request = None;
        state.waker = None;
        state.mailbox = None;
        let queue = std::mem::take(&mut state.queue);
        drop(state);
        queue.drain()
    }
}

fn wake(state: MutexGuard<'_, State>) {
    let waker = state.waker.clone();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// A text message and its attachments, the last of which is told of.
fn items(
    lane: u32,
    head: Head,
    body: Arc<[u8]>,
    attachments: &[Bytes],
    tell: Tell,
) -> impl Iterator<Item = Item> {
    let count = attachments.len();
    let contents = std::iter::once(Content::Text(head, body))
        .chain(attachments.iter().map(|bytes| Content::Binary(bytes.clone())));
    contents.enumerate().map(move |(index, content)| {
        let tell = if index == count { tell } else { Tell::Nothing };
        Item { content, lane, after: After::Tell(tell) }
    })
}
