//! The handshake, resuming, and pages of lists.

use crate::wire::wire;
use crate::{Conversation, Message};

wire! {
    /// The `auth` of a Socket.IO handshake. What a client library adds beside these is ignored.
    #[derive(Default)]
    pub struct Auth {
        /// An access token, an API token or a token of a host application.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub token: Option<String>,
        /// A label of the device.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub device: Option<String>,
        /// From the last `sync:done` or `sync`: send exactly what came after it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub cursor: Option<String>,
        /// Ask for an acknowledgement of every `message`, and count only that as delivered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub acks: Option<bool>,
    }

    /// Payload of `sync`.
    #[derive(Default)]
    pub struct Sync {
        /// Where to go on from; left out, what this socket has not been sent yet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub cursor: Option<String>,
        /// At most so many events; 1–1,000, default 200.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub limit: Option<u32>,
    }

    /// Answer to `sync`, after the page's events were emitted; without `more`, the payload of `sync:done`.
    #[derive(Eq)]
    pub struct Synced {
        /// Opaque; stands for everything emitted so far.
        pub cursor: String,
        /// Whether another `sync` with this cursor would bring more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub more: Option<bool>,
    }

    /// Answer to a `sync` over HTTP: the events that a socket would have been sent, and then its answer.
    pub struct SyncPage {
        /// In their order.
        pub events: Vec<SyncEvent>,
        /// Opaque; stands for everything up to the last of the events.
        pub cursor: String,
        /// Whether another request with this cursor would bring more.
        pub more: bool,
    }
}

/// An event as the socket would have sent it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "event", content = "data")]
pub enum SyncEvent {
    /// A new message.
    #[serde(rename = "message")]
    Message(Message),
    /// A message was edited, deleted or reacted to.
    #[serde(rename = "message:updated")]
    MessageUpdated(Message),
    /// A conversation is new or changed.
    #[serde(rename = "conversation")]
    Conversation(Conversation),
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The page's items.
    pub items: Vec<T>,
    /// Opaque; asks for the page after this one. Not there on the last page.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
