//! What the application gives.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Event, Mark, Reason, Socket};

/// The application: what is to be done with clients and their events.
///
/// The functions for one session are called one at a time, in the order in which things happened: a
/// socket's `connected` first, its `disconnected` last. While a future that `connect` or `event` gave is not
/// done, nothing more is read from the session: the reader is the backpressure. Such a future is driven to
/// its end also when the session ends meanwhile, except when the bound of [`crate::Server::close`] passes;
/// it should therefore be bounded in time by itself.
///
/// The functions that are not futures must not block.
pub trait Handler: Send + Sync + 'static {
    /// What the application keeps of a connected socket.
    type Session: Send + Sync + 'static;

    /// Whether there is a namespace. Asked before anything else, so that nothing is done for a client that asks
    /// for one that there is not, and its other namespaces live on.
    fn namespace(&self, name: &str) -> Result<(), Refusal> {
        let _ = name;
        Ok(())
    }

    /// A client wants to connect to a namespace that there is.
    fn connect(&self, request: Connect) -> impl Future<Output = Result<Self::Session, Refusal>> + Send;

    /// A client is connected: the answer that tells it is queued, and nothing else is yet.
    fn connected(&self, socket: &Socket<Self::Session>) {
        let _ = socket;
    }

    /// An event came. The next one is handled when the future is done.
    fn event(&self, socket: &Socket<Self::Session>, event: Event) -> impl Future<Output = ()> + Send;

    /// The client's library has a packet of [`Socket::emit_marked`], or what came before a
    /// [`Socket::mark`]; in the order of the emits. The proof is the client's answer to a ping that was
    /// sent after the packet: one is sent a moment after the first packet that waits for it, and then once
    /// a second at most.
    fn received(&self, socket: &Socket<Self::Session>, mark: Mark) {
        let _ = (socket, mark);
    }

    /// The client has acknowledged an event of [`Socket::emit_confirmed`].
    fn acked(&self, socket: &Socket<Self::Session>, mark: Mark) {
        let _ = (socket, mark);
    }

    /// The socket is over; called once for each `connected`.
    fn disconnected(&self, socket: &Socket<Self::Session>, reason: Reason, undelivered: Undelivered) {
        let _ = (socket, reason, undelivered);
    }
}

/// What a socket that is over did not deliver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undelivered {
    /// The marks of [`Socket::emit_marked`] and [`Socket::mark`] that [`Handler::received`] was not called
    /// with, in order. The client may have these packets or not.
    pub in_doubt: Vec<Mark>,
    /// The marks of [`Socket::emit_confirmed`] that [`Handler::acked`] was not called with, in order.
    pub unacked: Vec<Mark>,
}

/// A client's wish to connect to a namespace.
#[derive(Debug)]
pub struct Connect {
    /// The namespace: `/`, or a name behind a `/`.
    pub namespace: String,
    /// The JSON that the client sent along, as `auth` in the client libraries: an object, as a rule, but any
    /// value may come. `None` also for `null`.
    pub auth: Option<Box<RawValue>>,
    /// The client's address, as it was given to [`crate::Server::handle`].
    pub address: IpAddr,
}

impl Connect {
    /// Reads `auth`; without it, as if it were `{}`.
    pub fn auth<'a, T: Deserialize<'a>>(&'a self) -> serde_json::Result<T> {
        serde_json::from_str(self.auth.as_deref().map_or("{}", RawValue::get))
    }
}

/// Why a client may not connect; it arrives there as a `connect_error`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Refusal {
    /// The `message` of the error in the client, by which it tells one refusal from another.
    pub message: String,
    /// The `data` of the error in the client; left out where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<serde_json::Value>,
}

impl Refusal {
    /// A refusal with a message and no data.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), data: None }
    }

    /// Adds what the client is to know beside the message.
    #[must_use]
    pub fn with_data(self, data: serde_json::Value) -> Self {
        Self { data: Some(data), ..self }
    }
}
