//! What two do at the same time.

use std::sync::Barrier;

use serde_json::{Value, json};

use crate::testing::{Client, TestApp};

#[test]
fn the_title_told_last_is_the_one_that_stays() {
    let app = TestApp::start();
    let names = ["ann", "bob", "eve"];
    let tokens = names.map(|name| app.person(name));
    let [ann, bob, _] = &tokens;
    let mut sockets = tokens.each_ref().map(|token| app.join(&json!({ "token": token })).0);
    let path = begin(&app, ann, &names[1..]);
    app.call("PUT", &format!("{path}/members/bob"), ann, &json!({ "role": "admin" })).ok();

    let gate = Barrier::new(2);
    let rename = |token: &str, name: &str| {
        gate.wait();
        for n in 0..25 {
            app.call("PATCH", &path, token, &json!({ "title": format!("{name} {n}") })).ok();
        }
    };
    std::thread::scope(|threads| {
        threads.spawn(|| rename(ann, "ann"));
        threads.spawn(|| rename(bob, "bob"));
    });
    // Behind all of it, to everybody: sent over HTTP, it is no socket's own.
    app.call("POST", &format!("{path}/messages"), ann, &json!({ "text": "fence" })).ok();
    let title = app.call("GET", &path, ann, &Value::Null).ok()["title"].take();
    for socket in &mut sockets {
        let told = socket.until_text("fence");
        let last = told.iter().rfind(|event| event.name == "conversation").unwrap();
        assert_eq!(last.payload["title"], title);
    }
}

#[test]
fn who_is_added_while_others_send_misses_nothing_from_then_on() {
    for app in TestApp::of_each_store() {
        let [ann, bob, eve] = ["ann", "bob", "eve"].map(|name| app.person(name));
        let [mut from_ann, mut from_eve, mut joining] =
            [&ann, &eve, &bob].map(|token| app.join(&json!({ "token": token })).0);
        let path = begin(&app, &ann, &["eve"]);
        let id = path.rsplit('/').next().unwrap();

        let send = |socket: &mut Client, range: std::ops::Range<u32>| {
            let acks = range
                .map(|n| socket.emit("message", &json!({ "conversationId": id, "text": n.to_string() })))
                .collect::<Vec<_>>();
            for ack in acks {
                assert_eq!(socket.answer(ack)["status"], "ok");
            }
        };
        // Some before for certain, some after for certain, and the rest as it comes.
        send(&mut from_ann, 0..10);
        std::thread::scope(|threads| {
            for socket in [&mut from_ann, &mut from_eve] {
                threads.spawn(move || send(socket, 10..60));
            }
            app.call("PUT", &format!("{path}/members/bob"), &ann, &json!({})).ok();
        });
        send(&mut from_ann, 60..70);
        app.call("POST", &format!("{path}/messages"), &ann, &json!({ "text": "fence" })).ok();

        let told = joining.until_text("fence");
        let live: Vec<u64> =
            seqs(told.iter().filter(|event| event.name == "message").map(|event| &event.payload));
        let history = app.call("GET", &format!("{path}/messages?limit=200"), &ann, &Value::Null).ok();
        let all = seqs(history["items"].as_array().unwrap());
        // The one place above the group's beginning that is no message.
        let joined = (2..=all.len() as u64 + 2).find(|seq| !all.contains(seq)).unwrap();
        let since: Vec<u64> = all.into_iter().filter(|seq| *seq > joined).collect();
        assert!(since.len() > 10, "{since:?}");
        assert_eq!(live, since);
    }
}

#[test]
fn a_session_that_ends_while_its_socket_connects_is_cut() {
    let app = TestApp::start();
    app.person("ann");
    for _ in 0..40 {
        let token = app.login("ann");
        let mut socket = Client::open(app.address, "");
        let gate = Barrier::new(2);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                gate.wait();
                app.call("POST", "/auth/logout", &token, &Value::Null).ok();
            });
            gate.wait();
            socket.start_connecting(&json!({ "token": token }));
            // Never in for good: refused, or let in and then closed. Else nothing would come any more.
            match socket.connected() {
                Ok(()) => drop(socket.closed()),
                Err(Value::Null) => {}
                Err(refusal) => assert_eq!(refusal["message"], "session_revoked"),
            }
        });
        let refusal = Client::open(app.address, "").connect(&json!({ "token": token })).unwrap_err();
        assert_eq!(refusal["message"], "session_revoked");
    }
}

/// Begins a group; gives its path.
fn begin(app: &TestApp, owner: &str, members: &[&str]) -> String {
    let group = json!({ "title": "Crew", "members": members });
    let group = app.call("POST", "/api/conversations", owner, &group).ok();
    format!("/api/conversations/{}", group["id"].as_str().unwrap())
}

fn seqs<'a>(messages: impl IntoIterator<Item = &'a Value>) -> Vec<u64> {
    messages.into_iter().map(|message| message["seq"].as_u64().unwrap()).collect()
}
