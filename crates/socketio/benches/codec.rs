//! Reading and writing packets and frames, of the size of a usual message.

use divan::{Bencher, black_box, counter::BytesCount};
use serde_json::json;
use socketio::{
    Payload,
    bench::{event, frame},
    codec::{Flow, Reader, Violation},
};

fn main() {
    divan::main();
}

/// A message of 120 characters, to be acknowledged.
fn packet() -> String {
    let text = "x".repeat(120);
    let id = "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b";
    format!(r#"2171["message",{{"receiver":"bob","text":"{text}","clientId":"{id}"}}]"#)
}

/// What the server makes of it.
fn message() -> serde_json::Value {
    json!({
        "id": "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b",
        "conversationId": "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2c",
        "seq": 4711,
        "clientId": "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b",
        "sender": "alice",
        "receiver": "bob",
        "text": "x".repeat(120),
        "timestamp": "2026-11-22T08:38:28.120Z",
    })
}

#[divan::bench]
fn event_parse(bencher: Bencher<'_, '_>) {
    let packet = packet();
    bencher.counter(BytesCount::of_str(&packet)).bench(|| event(black_box(&packet)));
}

#[divan::bench]
fn event_encode(bencher: Bencher<'_, '_>) {
    let message = message();
    bencher.bench(|| Payload::event("message", &(black_box(&message),)));
}

#[divan::bench]
fn ack_encode(bencher: Bencher<'_, '_>) {
    let answer = json!({ "status": "ok", "data": message() });
    bencher.bench(|| Payload::arguments(&(black_box(&answer),)));
}

/// Finding the frame, its mask and its UTF-8.
#[divan::bench(args = [1, 16])]
fn frame_decode(bencher: Bencher<'_, '_>, frames: usize) {
    let chunk = frame(&format!("4{}", packet())).repeat(frames);
    let bytes = BytesCount::new(chunk.len());
    bencher.counter(bytes).with_inputs(|| chunk.clone()).bench_local_refs(|chunk| {
        Reader::default().feed(chunk, 128 * 1024, &mut |incoming| {
            black_box(incoming);
            Ok::<_, Violation>(Flow::Next)
        })
    });
}
