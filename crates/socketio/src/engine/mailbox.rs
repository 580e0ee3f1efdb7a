//! What waits for the task of a session on polling: the requests of its client.

use bytes::Bytes;
use tokio::sync::oneshot;

use super::{bodies::Permit, stream::FrameStream};
use crate::Reason;

/// The requests of a session: at most one of a kind, as the protocol wants it.
#[derive(Default)]
pub(super) struct Mailbox {
    /// A GET that waits for something to say.
    pub(super) get: Option<oneshot::Sender<Answer>>,
    /// A body that waits to be handled.
    pub(super) post: Option<Post>,
    /// A body is being received or handled.
    pub(super) posting: bool,
    /// The client is connected to a namespace, and may post bodies up to `max_body`; before that, up to
    /// `max_payload`.
    pub(super) allows_long_bodies: bool,
    /// A WebSocket that came for the session and was not looked at yet.
    pub(super) upgrade: Option<Box<FrameStream>>,
    /// A WebSocket wants to take over, or is about to.
    pub(super) upgrading: bool,
}

/// What a GET is answered with.
pub(super) enum Answer {
    /// Packets. Told when they are on their way; dropped, they are lost.
    Packets(Bytes, oneshot::Sender<()>),
    /// The last packet of the session's polling.
    Last(&'static str),
    /// The session has ended; answered with an HTTP error whose message is `word`: 400 if the client is to be
    /// `told` the reason, else 503. Never a close packet, because some libraries do not reconnect after one.
    Ended { told: bool, word: &'static str },
}

/// A body that was received as a whole; its packets are not looked at yet.
pub(super) struct Post {
    pub(super) body: String,
    /// Told when its packets are handled, or why the session ends before; dropped, it has ended already.
    pub(super) done: oneshot::Sender<Result<(), Reason>>,
    /// Held by a long body until its packets are handled.
    pub(super) _permit: Option<Permit>,
}
