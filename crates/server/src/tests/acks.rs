//! Clients that acknowledge every message, and do so late.

use std::ops::Range;

use serde_json::json;

use crate::testing::{Client, Event, TestApp, texts};

/// Messages that are sent to a client before it has acknowledged any.
const MOST: usize = 4096;

#[test]
fn a_burst_is_held_back_until_it_is_acknowledged() {
    for app in TestApp::of_each_store() {
        let (mut ann, _) = app.join(&json!({ "token": app.person("ann") }));
        let (mut bob, _) = app.join(&json!({ "token": app.person("bob"), "acks": true }));
        let mut received = Vec::new();
        for part in 0..8 {
            let part = part * MOST / 8..(part + 1) * MOST / 8;
            let last = (part.end - 1).to_string();
            send(&mut ann, part, "");
            received.extend(bob.until_text(&last).into_iter().filter(is_message));
        }
        send(&mut ann, MOST..5000, "");
        let edit = json!({ "conversationId": received[0].payload["conversationId"], "id": received[0].payload["id"], "text": "edited" });
        ann.ask("message:edit", &edit);
        // Not an entry of the log, so it comes first.
        ann.ask("typing", &json!({ "receiver": "bob", "typing": true }));
        let before = bob.until(|event| event.name == "typing");
        assert!(!before.iter().any(is_entry), "{before:?}");

        // Answered once all has been sent, because its cursor counts all of it.
        let sync = bob.emit("sync", &json!({}));
        bob.ask("typing", &json!({ "receiver": "ann", "typing": true }));
        assert!(!bob.has_answer(sync));
        for event in &received {
            bob.acknowledge(event);
        }
        let behind = bob.until(|event| event.name == "message:updated");
        let behind: Vec<_> = behind.into_iter().filter(is_message).collect();
        for event in &behind {
            bob.acknowledge(event);
        }
        assert_eq!(bob.answer(sync)["status"], "ok");
        received.extend(behind);
        send(&mut ann, 5000..5001, "");
        received.extend(bob.until_text("5000").into_iter().filter(is_message));
        assert_eq!(texts(&received), (0..=5000).map(|number| number.to_string()).collect::<Vec<_>>());
        // What was held back counts as delivered, too, so that nothing of it comes again.
        bob.acknowledge(&received[5000]);
        ann.until(|event| event.name == "receipt" && event.payload["deliveredSeq"] == 5002);
    }
}

#[test]
fn who_acknowledges_nothing_is_closed_before_too_much_is_held_back() {
    let app = TestApp::start();
    let (mut ann, _) = app.join(&json!({ "token": app.person("ann") }));
    let auth = json!({ "token": app.person("bob"), "acks": true });
    let (mut bob, _) = app.join(&auth);
    for part in 0..8 {
        let part = part * MOST / 8..(part + 1) * MOST / 8;
        let last = (part.end - 1).to_string();
        send(&mut ann, part, "");
        bob.until_text(&last);
    }
    send(&mut ann, MOST..MOST + 100, &"x".repeat(16_000));
    assert_eq!(bob.closed().as_deref(), Some("unacknowledged"));
    // Nothing is lost: all of it comes again.
    let mut bob = Client::open(app.address, "");
    bob.connect(&auth).unwrap();
    let mut received = 0;
    while received < MOST + 100 {
        let event = bob.next();
        if is_message(&event) {
            assert!(event.payload["text"].as_str().unwrap().starts_with(&received.to_string()));
            received += 1;
            bob.acknowledge(&event);
        }
    }
}

fn is_message(event: &Event) -> bool {
    event.name == "message"
}

fn is_entry(event: &Event) -> bool {
    event.name.starts_with("message")
}

/// Sends numbers one behind the other, each with the same end, and waits until all are stored.
fn send(sender: &mut Client, numbers: Range<usize>, end: &str) {
    let text = |number| json!({ "receiver": "bob", "text": format!("{number}{end}") });
    let acks: Vec<u64> = numbers.map(|number| sender.emit("message", &text(number))).collect();
    for ack in acks {
        assert_eq!(sender.answer(ack)["status"], "ok");
    }
}
