//! A complete Engine.IO 4 / Socket.IO 5 server on tokio and hyper.
//!
//! Events of one socket are handled in the order they came, on any runtime; the reader is the
//! backpressure. What waits for a slow peer is bounded, and so is everything that a client can make the
//! server keep or do; who breaks a limit is closed with a [`Reason`] that is counted. An idle connection
//! holds no buffer.
//!
//! An application implements [`Handler`], makes a [`Server`] of it and hands that all requests of one path.
//! The example of `README.md` is complete.

#[doc(hidden)]
pub mod bench;
pub mod engine;

mod ack;
mod answer;
mod broadcast;
mod call;
mod config;
mod connection;
mod event;
mod handler;
mod id;
mod json;
mod limit;
mod metrics;
mod origin;
mod origins;
mod packet;
mod payload;
mod placeholder;
mod reason;
mod room;
mod server;
mod socket;

/// The decoders, for the fuzz targets and the tests that compare them with others.
#[doc(hidden)]
pub mod codec {
    pub use crate::{
        engine::{
            frame::Violation,
            packet::{Packet as EnginePacket, split_payload},
            reader::{Flow, Incoming, Reader},
        },
        packet::{Kind, Packet},
    };

    /// Reads what stands in a packet as an event; gives its name.
    pub fn event(json: &str) -> Option<String> {
        let (payload, name) = crate::Payload::received_event(json)?;
        let (_, _) = (payload.args::<Vec<serde_json::Value>>(), payload.first::<serde_json::Value>());
        Some(crate::Event::new(payload, name, None).name().to_owned())
    }

    /// Whether a text is JSON.
    pub fn is_json(text: &str) -> bool {
        crate::json::is_valid(text)
    }

    /// Whether JSON holds a placeholder for each of `count` attachments, and no other.
    pub fn has_placeholders(json: &str, count: usize) -> bool {
        crate::placeholder::has_placeholders(json.as_bytes(), count)
    }
}

pub use self::{
    ack::AckError,
    answer::Ack,
    broadcast::Room,
    config::{Config, tune},
    engine::{Body, Mark, PACKET_OVERHEAD, SendError},
    event::Event,
    handler::{Connect, Handler, Refusal, Undelivered},
    id::Id,
    limit::{Rate, holder},
    metrics::Metrics,
    origin::{NotAnOrigin, Origin},
    origins::Origins,
    payload::{EncodeError, Payload},
    placeholder::Placeholder,
    reason::Reason,
    server::Server,
    socket::Socket,
};

/// Compiles and runs the example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExample;
