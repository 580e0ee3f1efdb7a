//! A message as JSON, and back.

use divan::{Bencher, black_box, counter::BytesCount};
use protocol::{ConversationId, Message, MessageId, SendMessage, Timestamp};

fn main() {
    divan::main();
}

fn message() -> Message {
    let at = Timestamp::from_millis(1_795_336_708_120);
    Message {
        id: MessageId::mint(at, 4711, 7),
        conversation_id: ConversationId::mint(at, 7),
        seq: 4711,
        client_id: "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b".into(),
        sender: "alice".into(),
        receiver: Some("bob".into()),
        text: "x".repeat(120),
        timestamp: at,
        edited_at: None,
        deleted_at: None,
        reply_to: None,
        attachments: Vec::new(),
        reactions: std::collections::BTreeMap::new(),
        reaction_counts: std::collections::BTreeMap::new(),
        mentions: Vec::new(),
        change_seq: None,
    }
}

#[divan::bench]
fn message_write(bencher: Bencher<'_, '_>) {
    let message = message();
    let write = || {
        let mut json = Vec::new();
        black_box(&message).write_json(&mut json);
        json
    };
    bencher.counter(BytesCount::of_slice(&write())).bench(write);
}

#[divan::bench]
fn message_read(bencher: Bencher<'_, '_>) {
    let json = serde_json::to_string(&message()).expect("it is JSON");
    bencher.counter(BytesCount::of_str(&json)).bench(|| serde_json::from_str::<Message>(black_box(&json)));
}

/// What a client sends.
#[divan::bench]
fn request_read(bencher: Bencher<'_, '_>) {
    let Message { receiver, text, client_id, .. } = message();
    let request = SendMessage { receiver, text, client_id: Some(client_id), ..SendMessage::default() };
    let json = serde_json::to_string(&request).expect("it is JSON");
    bencher
        .counter(BytesCount::of_str(&json))
        .bench(|| serde_json::from_str::<SendMessage>(black_box(&json)));
}
