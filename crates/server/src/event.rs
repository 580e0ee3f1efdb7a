//! Encodes the events that clients are sent.

use domain::Live;
use domain::store::EntryKind;
use protocol::{Message, ServerEvent, SyncEvent};
use socketio::Payload;

/// Encodes a live event.
pub(crate) fn live(live: &Live) -> Payload {
    match live {
        Live::Entry { kind, message, .. } => entry(*kind, message),
        Live::Receipt(receipt) => payload(ServerEvent::Receipt, receipt),
        Live::Conversation(conversation) => payload(ServerEvent::Conversation, &**conversation),
        Live::Invitation(change) => payload(ServerEvent::Invitation, &**change),
        Live::Typing(typing) => payload(ServerEvent::Typing, typing),
        Live::Presence(presence) => payload(ServerEvent::Presence, presence),
    }
}

/// Encodes an event for a client that catches up.
pub(crate) fn missed(event: &SyncEvent) -> Payload {
    match event {
        SyncEvent::Message(message) => written(ServerEvent::Message, message),
        SyncEvent::MessageUpdated(message) => written(ServerEvent::MessageUpdated, message),
        SyncEvent::Conversation(conversation) => payload(ServerEvent::Conversation, conversation),
    }
}

/// Encodes the event for a new or changed message.
pub(crate) fn entry(kind: EntryKind, message: &Message) -> Payload {
    match kind {
        EntryKind::Message => written(ServerEvent::Message, message),
        EntryKind::MessageChange | EntryKind::GroupChange => written(ServerEvent::MessageUpdated, message),
    }
}

fn written(event: ServerEvent, message: &Message) -> Payload {
    let payload = Payload::event_written(event.as_str(), |json| message.write_json(json));
    payload.expect("a message is of a bounded size and no event has a reserved name")
}

/// Encodes an event with one argument.
pub(crate) fn payload(event: ServerEvent, argument: &impl serde::Serialize) -> Payload {
    Payload::event(event.as_str(), &(argument,))
        .expect("a wire type is JSON and no event has a reserved name")
}
