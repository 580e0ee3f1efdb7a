//! What happens past a limit, and what goes on in spite of it.

use serde_json::{Value, json};

use crate::testing::{Client, TestApp};

#[test]
fn past_the_burst_messages_are_refused_and_the_socket_lives() {
    let limited = TestApp::builder().settings(|config| {
        config.message_burst = 3;
        config.messages_per_second = 1;
    });
    let app = limited.start();
    app.person("bob");
    let token = app.person("ann");
    let (mut socket, _) = app.join(&json!({ "token": token }));
    let acks: Vec<u64> = (0..20)
        .map(|n| socket.emit("message", &json!({ "receiver": "bob", "text": n.to_string() })))
        .collect();
    let mut answers: Vec<Value> = acks.into_iter().map(|ack| socket.answer(ack)).collect();
    let stored: Vec<Value> = answers.extract_if(.., |answer| answer["status"] == "ok").collect();
    assert!(stored.len() >= 3);
    assert!(!answers.is_empty());
    for answer in &answers {
        assert_eq!(answer["error"]["code"], "rate_limited");
        assert_eq!(answer["error"]["retryAfter"], 1);
    }
    // What was refused is not in the log, and the socket is answered.
    let id = stored[0]["data"]["conversationId"].as_str().unwrap();
    let log = app.call("GET", &format!("/api/conversations/{id}"), &token, &Value::Null).ok();
    assert_eq!(log["headSeq"], stored.len());
    socket.ask("sync", &json!({}));
}

#[test]
fn an_address_has_so_many_sockets_and_room_again_when_one_has_gone() {
    // Loopback has no limit, so the clients come as through a proxy that names their addresses.
    let limited = TestApp::builder().settings(|config| {
        config.trusted_proxy = vec!["127.0.0.1".parse().unwrap()];
        config.sockets_per_address = 2;
    });
    let app = limited.start();
    let auth = json!({ "token": app.person("ann") });
    let open = |address: &str| Client::open(app.address, &format!("X-Forwarded-For: {address}\r\n"));
    let mut sockets = [(); 3].map(|()| open("192.0.2.1"));
    let [first, second, third] = &mut sockets;
    first.connect(&auth).unwrap();
    second.connect(&auth).unwrap();
    let refusal = third.connect(&auth).unwrap_err();
    assert_eq!(refusal["message"], "rate_limited");
    assert_eq!(refusal["data"]["retryAfter"], 5);
    open("192.0.2.2").connect(&auth).unwrap();
    let [first, _second, mut third] = sockets;
    first.cut();
    // The server sees the end of a connection in its own time.
    assert!((0..100_000).any(|_| third.connect(&auth).is_ok()));
}

#[test]
fn a_body_over_its_limit_is_refused() {
    let app = TestApp::builder().settings(|config| config.body_limit = "1KiB".parse().unwrap()).start();
    app.person("bob");
    let token = app.person("ann");
    let send = |length: usize| {
        let message = json!({ "receiver": "bob", "text": "x".repeat(length) });
        app.call("POST", "/api/messages", &token, &message)
    };
    let refused = send(2000);
    assert_eq!((refused.status, &refused.body["code"]), (413, &json!("too_large")));
    send(500).ok();
}

#[test]
fn a_packet_over_its_limit_closes_its_socket_and_no_other() {
    let limited = TestApp::builder().settings(|config| {
        config.packet_limit = "4KiB".parse().unwrap();
        config.text_limit = "2KiB".parse().unwrap();
    });
    let app = limited.start();
    app.person("bob");
    let auth = json!({ "token": app.person("ann") });
    let [mut large, mut other] = [(); 2].map(|()| app.join(&auth).0);
    large.emit("message", &json!({ "receiver": "bob", "text": "x".repeat(5000) }));
    assert_eq!(large.closed().as_deref(), Some("packet_too_large"));
    // A text that is too long for a message, and not for a packet, is answered.
    let ack = other.emit("message", &json!({ "receiver": "bob", "text": "x".repeat(3000) }));
    assert_eq!(other.answer(ack)["error"]["code"], "text_too_long");
    let sent = other.ask("message", &json!({ "receiver": "bob", "text": "x" }));
    assert_eq!(sent["seq"], 1);
}
