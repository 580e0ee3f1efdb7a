//! What waits for the task of a session on polling: the requests of its client.

use bytes::Bytes;
use tokio::sync::oneshot;

use super::{bodies::Turn, stream::FrameStream};
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
    /// The client is let in, and may send bodies of `max_body`.
    pub(super) welcome: bool,
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
    /// The session has ended, and whether that is the client's doing. Not by a close packet, which is final
    /// for some libraries: after an error all of them connect anew.
    Ended(bool, &'static str),
}

/// A body that was received as a whole; its packets are not looked at yet.
pub(super) struct Post {
    pub(super) body: String,
    /// Told when its packets are handled, or why the session ends before; dropped, it has ended already.
    pub(super) done: oneshot::Sender<Result<(), Reason>>,
    /// Its turn among the long ones.
    pub(super) _turn: Option<Turn>,
}
