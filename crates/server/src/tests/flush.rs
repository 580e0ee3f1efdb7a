//! What is said while a client catches up.

use serde_json::json;

use crate::testing::{Client, Event, TestApp, texts};

/// What the flush sends ahead of a client that acknowledges nothing.
const WINDOW: usize = 512;

#[test]
fn what_is_sent_while_a_slow_reader_catches_up_comes_once_and_in_order() {
    for app in TestApp::of_each_store() {
        // As many as are held back for a client, and more, which it gets from the log.
        for (name, meanwhile) in [("few", 100), ("many", 400)] {
            let (sender, reader) = (format!("{name}.ann"), format!("{name}.bob"));
            let (mut sender, _) = app.join(&json!({ "token": app.person(&sender) }));
            let auth = json!({ "token": app.person(&reader), "acks": true });
            let (mut witness, _) = app.join(&auth);
            send(&mut sender, &reader, 0..600);

            let mut slow = Client::open(app.address, "");
            slow.connect(&auth).unwrap();
            let mut received = Vec::new();
            while received.len() < WINDOW {
                received.extend(Some(slow.next()).filter(is_message));
            }
            send(&mut sender, &reader, 600..600 + meanwhile);
            // Told to another device of the same person, so the slow one was in the live stream for it.
            witness.until_text(&(600 + meanwhile - 1).to_string());
            for event in &received {
                slow.acknowledge(event);
            }
            let mut done = false;
            while !done || received.len() < 600 + meanwhile {
                let event = slow.next();
                done |= event.name == "sync:done";
                // Receipts come in between, whenever what was acknowledged is stored.
                if is_message(&event) {
                    slow.acknowledge(&event);
                    received.push(event);
                }
            }
            // Nothing comes behind the last.
            send(&mut sender, &reader, 1000..1001);
            received.extend(slow.until_text("1000").into_iter().filter(is_message));
            let expected: Vec<String> = (0..600 + meanwhile).chain([1000]).map(|n| n.to_string()).collect();
            assert_eq!(texts(&received), expected);
        }
    }
}

#[test]
fn a_flush_stands_before_what_is_newer_however_the_two_meet() {
    let app = TestApp::start();
    let (mut sender, _) = app.join(&json!({ "token": app.person("ann") }));
    let (receiver, _) = app.join(&json!({ "token": app.person("bob") }));
    let mut auth = json!({ "token": app.login("bob"), "cursor": receiver.cursor });
    let mut sent = 0;
    for _ in 0..20 {
        let waiting = sent;
        send(&mut sender, "bob", sent..sent + 50);
        // Not waited for: they are stored while the receiver connects.
        let acks: Vec<u64> = (sent + 50..sent + 100).map(|n| emit(&mut sender, "bob", n)).collect();
        let mut receiver = Client::open(app.address, "");
        receiver.connect(&auth).unwrap();
        let mut received = receiver.until_text(&(sent + 99).to_string());
        received.retain(is_message);
        sent += 100;
        let expected: Vec<String> = (waiting..sent).map(|n| n.to_string()).collect();
        assert_eq!(texts(&received), expected);
        for ack in acks {
            assert_eq!(sender.answer(ack)["status"], "ok");
        }
        auth["cursor"] = receiver.ask("sync", &json!({}))["cursor"].take();
    }
}

#[test]
fn who_leaves_after_the_flush_has_had_what_was_passed_over_too() {
    for app in TestApp::of_each_store() {
        let (ann, bob) = (app.person("ann"), app.person("bob"));
        for text in ["one", "two"] {
            app.call("POST", "/api/messages", &ann, &json!({ "receiver": "bob", "text": text })).ok();
        }
        let (mut bob, _) = app.join(&json!({ "token": bob }));
        // Her own, which she knows: nothing is sent, and nothing is to be read again next time.
        let (own, flushed) = app.join(&json!({ "token": ann }));
        assert_eq!(texts(&flushed), [""; 0]);
        drop(own);
        bob.until(|event| {
            event.name == "receipt"
                && event.payload["username"] == "ann"
                && event.payload["deliveredSeq"] == 2
        });
    }
}

fn is_message(event: &Event) -> bool {
    event.name == "message"
}

/// Sends numbers one behind the other, and waits until all are stored.
fn send(sender: &mut Client, receiver: &str, numbers: std::ops::Range<usize>) {
    let acks: Vec<u64> = numbers.map(|n| emit(sender, receiver, n)).collect();
    for ack in acks {
        assert_eq!(sender.answer(ack)["status"], "ok");
    }
}

fn emit(sender: &mut Client, receiver: &str, number: usize) -> u64 {
    sender.emit("message", &json!({ "receiver": receiver, "text": number.to_string() }))
}
