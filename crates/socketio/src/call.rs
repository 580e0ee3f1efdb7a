//! Events and acknowledgements from a client, and the attachments that they wait for.

use bytes::Bytes;
use tokio::time::Instant;

use crate::{
    Payload, Reason,
    packet::{Kind, Packet},
    placeholder::has_placeholders,
};

/// An event or an acknowledgement from the client.
pub(crate) struct Call {
    pub(crate) kind: Called,
    /// The id that the client gave it, or that it acknowledges.
    pub(crate) ack: Option<u64>,
    pub(crate) payload: Payload,
}

pub(crate) enum Called {
    /// With its name, if that is not written as it is.
    Event(Option<Box<str>>),
    Ack,
}

impl Call {
    /// Reads an EVENT or an ACK; the payload has no attachments yet.
    pub(crate) fn read(packet: &Packet<'_>) -> Option<Self> {
        let (kind, payload) = if packet.kind == Kind::Event {
            let (payload, name) = Payload::received_event(packet.data)?;
            (Called::Event(name), payload)
        } else {
            packet.ack?;
            (Called::Ack, Payload::received(packet.data)?)
        };
        Some(Self { kind, ack: packet.ack, payload })
    }
}

/// A call whose attachments are coming.
pub(crate) struct PartialCall {
    namespace: Box<str>,
    call: Call,
    attachments: Vec<Bytes>,
    missing: usize,
    bytes: usize,
    /// When the call itself came.
    pub(crate) since: Instant,
}

impl PartialCall {
    /// Waits for so many attachments; `None` where the call does not have a placeholder for each.
    pub(crate) fn new(namespace: &str, call: Call, attachments: usize, now: Instant) -> Option<Self> {
        has_placeholders(call.payload.json(), attachments).then(|| Self {
            namespace: namespace.into(),
            call,
            attachments: Vec::new(),
            missing: attachments,
            bytes: 0,
            since: now,
        })
    }

    /// Adds the next attachment, unless they are longer than `limit` together.
    pub(crate) fn add(&mut self, bytes: &[u8], limit: usize) -> Result<(), Reason> {
        self.bytes += bytes.len();
        if self.bytes > limit {
            return Err(Reason::AttachmentLimit);
        }
        self.attachments.push(Bytes::copy_from_slice(bytes));
        self.missing -= 1;
        Ok(())
    }

    /// Whether no attachment is missing.
    pub(crate) fn is_complete(&self) -> bool {
        self.missing == 0
    }

    /// The namespace that it came for, and the call with its attachments.
    pub(crate) fn into_call(self) -> (Box<str>, Call) {
        let Self { namespace, mut call, attachments, .. } = self;
        call.payload.attach(attachments);
        (namespace, call)
    }
}
