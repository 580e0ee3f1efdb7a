//! Networks that end at the worst moment.

use serde_json::{Value, json};

use crate::testing::{Client, TestApp, texts};

#[test]
fn a_message_sent_again_after_a_cut_is_the_same_and_comes_once() {
    for app in TestApp::of_each_store() {
        let [ann, bob] = ["ann", "bob"].map(|name| json!({ "token": app.person(name) }));
        let (mut receiver, _) = app.join(&bob);
        // Cut when it was stored for certain, and when it may be stored or not.
        for stored in [true, false] {
            let text = format!("stored-{stored}");
            let message = json!({ "receiver": "bob", "text": text, "clientId": text });
            let (mut sender, _) = app.join(&ann);
            sender.emit("message", &message);
            let mut received = if stored { receiver.until_text(&text) } else { Vec::new() };
            sender.cut();

            let (mut sender, _) = app.join(&ann);
            let again = sender.ask("message", &message);
            sender.ask("message", &json!({ "receiver": "bob", "text": "fence" }));
            received.extend(receiver.until_text("fence"));
            assert_eq!(texts(&received), [&*text, "fence"]);
            let first = received.iter().find(|event| event.payload["text"] == *text).unwrap();
            assert_eq!(first.payload, again);
        }
    }
}

#[test]
fn what_a_receiver_did_not_prove_to_have_comes_again() {
    for app in TestApp::of_each_store() {
        let [ann, bob] = ["ann", "bob"].map(|name| json!({ "token": app.person(name) }));
        let (mut sender, _) = app.join(&ann);
        let mut receiver = silent(&app, &bob);
        assert_eq!(texts(&receiver.flush()), [""; 0]);
        send(&mut sender, ["1", "2"]);
        receiver.until_text("2");
        receiver.cut();
        send(&mut sender, ["3"]);

        // Pings are not answered: nothing is proved, however often it comes.
        for _ in 0..2 {
            let mut again = silent(&app, &bob);
            assert_eq!(texts(&again.flush()), ["1", "2", "3"]);
            again.cut();
        }
        let (mut answering, flushed) = app.join(&bob);
        assert_eq!(texts(&flushed), ["1", "2", "3"]);
        // The server reads this behind the pong.
        answering.ask("sync", &json!({}));
        answering.cut();
        let (_, flushed) = app.join(&bob);
        assert_eq!(texts(&flushed), [""; 0]);
    }
}

#[test]
fn a_cursor_gives_exactly_what_came_after_it() {
    for app in TestApp::of_each_store() {
        let [ann, bob] = ["ann", "bob"].map(|name| json!({ "token": app.person(name) }));
        let (mut sender, _) = app.join(&ann);
        let mut receiver = silent(&app, &bob);
        receiver.flush();
        let first = receiver.cursor.clone();
        send(&mut sender, ["1", "2"]);
        receiver.until_text("2");
        let second = receiver.ask("sync", &json!({}))["cursor"].take();
        send(&mut sender, ["3"]);
        receiver.until_text("3");
        receiver.cut();
        send(&mut sender, ["4", "5"]);

        let from = |cursor: &Value| {
            let mut auth = bob.clone();
            auth["cursor"] = cursor.clone();
            let (again, flushed) = app.join(&auth);
            (json!(again.cursor), texts(&flushed))
        };
        let (last, flushed) = from(&json!(first));
        assert_eq!(flushed, ["1", "2", "3", "4", "5"]);
        // What others of the user's devices have changes nothing.
        assert_eq!(from(&second).1, ["3", "4", "5"]);
        assert_eq!(from(&last).1, [""; 0]);
    }
}

/// A client that answers no ping.
fn silent(app: &TestApp, auth: &Value) -> Client {
    let mut client = Client::open(app.address, "");
    client.answers_pings = false;
    client.connect(auth).unwrap();
    client
}

fn send<const N: usize>(sender: &mut Client, texts: [&str; N]) {
    for text in texts {
        sender.ask("message", &json!({ "receiver": "bob", "text": text }));
    }
}
