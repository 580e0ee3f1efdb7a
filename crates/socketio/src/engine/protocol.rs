//! What runs over Engine.IO.

use std::{pin::Pin, sync::Arc};

use tokio::time::Instant;

use super::{Link, Note};
use crate::Reason;

/// A message from the client, within `max_payload`. It is borrowed from the transport: what is to be kept of it
/// is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// A message of text.
    Text(&'a str),
    /// A message of bytes.
    Binary(&'a [u8]),
}

/// What is left to do for a message. Until it is done the session reads no further, so that messages are
/// handled in the order they came and the peer feels the backpressure.
pub type Work<'a, Done> = Pin<Box<dyn Future<Output = Done> + Send + 'a>>;

/// What became of a message.
pub enum Received<'a, Done> {
    /// It is handled, and counts against the rate of the session.
    Done,
    /// It is handled, and was asked for by the server: it does not count against the rate.
    Answer,
    /// It is handled when this is done. The future is always driven to its end, except when the bound of
    /// [`crate::Server::close`] has passed.
    Work(Work<'a, Done>),
}

/// A protocol over Engine.IO, such as Socket.IO.
///
/// One session's functions are called one at a time, by the task that owns the session.
pub trait Protocol: Send + Sync + Sized + 'static {
    /// What it keeps of a session, from [`Protocol::open`] to [`Protocol::close`].
    type Session: Send;
    /// What [`Work`] ends with.
    type Done: Send;

    /// A session is open; called once before everything else.
    fn open(&self, link: &Arc<Link>, now: Instant) -> Self::Session;

    /// A message came. A reason ends the session.
    fn receive<'a>(
        &'a self,
        session: &mut Self::Session,
        message: Message<'_>,
        now: Instant,
    ) -> Result<Received<'a, Self::Done>, Reason>;

    /// The work of the latest message is done. A reason ends the session.
    fn finish(&self, session: &mut Self::Session, done: Self::Done, now: Instant) -> Result<(), Reason>;

    /// The client has a packet that carried a mark, and those before it in the same stream
    /// ([`crate::Mark`]); in the order of the packets.
    fn received(&self, session: &mut Self::Session, note: Note);

    /// The transport has taken the last packet of a lane. `in_doubt` are the notes of the lane that
    /// [`Protocol::received`] was not called with.
    fn ended(&self, session: &mut Self::Session, lane: u32, in_doubt: Vec<Note>, now: Instant);

    /// When the session ends, and why, if nothing happens until then.
    fn deadline(&self, session: &Self::Session) -> Option<(Instant, Reason)>;

    /// The session is over; called exactly once. `in_doubt` are the notes that [`Protocol::received`] was not
    /// called with, in order.
    fn close(&self, session: Self::Session, reason: Reason, in_doubt: Vec<Note>);
}
