//! Quiescing and closing.

mod support;

use std::{io::Read, pin::pin, time::Duration};

use socketio::{Config, Payload, Reason, Socket};
use support::{
    Fixture, Happened, Session,
    client::{Client, Message, get, http, post},
    config,
};
use tokio::time::{Instant, timeout};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handlers_at_work_finish_and_nothing_new_begins() {
    let mut fixture = Fixture::start(config()).await;
    let mut client = Client::connect(fixture.address).await;
    let socket = fixture.socket().await;
    let mut idle = Client::connect(fixture.address).await;
    fixture.socket().await;
    client.send("427[\"wait\",1]").await;
    assert_eq!(fixture.event().await.0, "wait");
    client.send("428[\"x\",2]").await;
    let server = fixture.server.clone();
    let mut quiet = pin!(server.quiesce());
    // Once begun, no new session comes in.
    tokio::select! {
        biased;
        () = &mut quiet => panic!("a handler is at work"),
        () = std::future::ready(()) => {}
    }
    let path = "/socket.io/?EIO=4&transport=polling";
    assert_eq!(http(fixture.address, "GET", path, "", "").await.status, 503);
    fixture.gate.add_permits(1);
    timeout(Duration::from_secs(5), quiet).await.unwrap();
    // The answer of the handler at work is sent, and what is emitted still.
    assert_eq!(client.text().await, "437[1]");
    socket.emit(&Payload::event("last", &()).unwrap()).unwrap();
    assert_eq!(client.text().await, "42[\"last\"]");
    let start = Instant::now();
    fixture.server.close(Duration::from_secs(5)).await;
    assert!(start.elapsed() < Duration::from_secs(2));
    for client in [&mut client, &mut idle] {
        // Without a close frame: see `Reason::is_told`.
        assert_eq!(client.farewell().await, None);
    }
    let mut ended = Vec::new();
    while ended.len() < 2 {
        match fixture.next().await {
            Happened::Disconnected(reason, _) => ended.push(reason),
            Happened::Connected(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(ended, [Reason::ServerClosing; 2]);
    fixture.empty().await;
}

/// How the application ends a session.
type End = fn(&Socket<Session>);

#[tokio::test]
async fn who_is_to_come_back_is_not_told_and_others_are_told_why() {
    let mut fixture = Fixture::start(config()).await;
    let address = fixture.address;
    let ends: [(End, Option<&str>); 4] = [
        (|socket| socket.close(Reason::Application), None),
        (|socket| socket.abort(Reason::Application), None),
        (|socket| socket.abort_with("session_revoked"), Some("session_revoked")),
        (|socket| socket.abort(Reason::SlowReader), Some("slow_reader")),
    ];
    for (end, word) in ends {
        let mut client = Client::connect(address).await;
        end(&fixture.socket().await);
        assert_eq!(client.farewell().await.map(|(_, reason)| reason).as_deref(), word);
        fixture.disconnected().await;
        let (sid, socket) = fixture.polling_socket().await;
        let polling = tokio::spawn({
            let sid = sid.clone();
            async move { get(address, &sid).await }
        });
        // By the time that this is answered, the poll has come as well.
        post(address, &sid, "6").await;
        end(&socket);
        let answer = polling.await.unwrap();
        let (status, code) = if word.is_none() { (503, 4) } else { (400, 1) };
        let message = word.unwrap_or("application");
        assert_eq!(
            (answer.status, answer.body),
            (status, format!(r#"{{"code":{code},"message":"{message}"}}"#))
        );
        fixture.disconnected().await;
    }
}

#[tokio::test]
async fn nothing_is_said_in_the_middle_of_a_packet() {
    let config = Config { max_pending_bytes: 64 * 1024 * 1024, ..config() };
    let mut fixture = Fixture::start(config).await;
    let client = Client::connect(fixture.address).await;
    let socket = fixture.socket().await;
    socket.emit(&Payload::event("x", &("x".repeat(32 * 1024 * 1024),)).unwrap()).unwrap();
    let mut stream = client.stream.into_std().unwrap();
    let mut received = Vec::new();
    // Whenever the client has read, the server may write again; the session ends before it has.
    while received.len() < 16 * 1024 * 1024 {
        let _ = stream.read_to_end(&mut received);
        tokio::task::yield_now().await;
    }
    socket.abort(Reason::SlowReader);
    while stream.read_to_end(&mut received).is_err() {
        tokio::task::yield_now().await;
    }
    // Behind the header and the beginning of the packet nothing but the text came.
    let text = 10 + r#"42["x",""#.len();
    assert_eq!(received.iter().rposition(|byte| *byte != b'x'), Some(text - 1));
    assert_eq!(fixture.disconnected().await.0, Reason::SlowReader);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_sends_what_waits_on_every_transport() {
    let mut fixture = Fixture::start(config()).await;
    let address = fixture.address;
    let mut client = Client::connect(address).await;
    let websocket = fixture.socket().await;
    let (sid, polling) = fixture.polling_socket().await;
    for number in 0..500 {
        let event = Payload::event("x", &(number, "y".repeat(500))).unwrap();
        websocket.emit(&event).unwrap();
        polling.emit(&event).unwrap();
    }
    let closing = tokio::spawn({
        let server = fixture.server.clone();
        async move { server.close(Duration::from_secs(5)).await }
    });
    let mut fetched = 0;
    while fetched < 500 {
        fetched += get(address, &sid).await.body.split('\u{1e}').count();
    }
    for _ in 0..500 {
        client.text().await;
    }
    assert_eq!(client.next().await, Message::End);
    drop(client);
    timeout(Duration::from_secs(4), closing).await.unwrap().unwrap();
    for _ in 0..2 {
        let (reason, undelivered) = fixture.disconnected().await;
        assert_eq!((reason, undelivered.in_doubt.len()), (Reason::ServerClosing, 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bound_cuts_off_handlers_and_peers() {
    let config = Config { close_timeout: Duration::from_mins(1), ..config() };
    let mut fixture = Fixture::start(config).await;
    let mut stuck = Client::connect(fixture.address).await;
    fixture.socket().await;
    stuck.send("42[\"wait\"]").await;
    fixture.event().await;
    // One that does not read, one that does not say goodbye.
    let deaf = Client::connect(fixture.address).await;
    let socket = fixture.socket().await;
    while socket.pending_bytes() < 500_000 {
        socket.emit(&Payload::event("x", &("y".repeat(10_000),)).unwrap()).unwrap();
        tokio::task::yield_now().await;
    }
    let silent = Client::connect(fixture.address).await;
    fixture.socket().await;
    let start = Instant::now();
    fixture.server.close(Duration::from_millis(300)).await;
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    for _ in 0..3 {
        fixture.disconnected().await;
    }
    fixture.empty().await;
    drop((stuck, deaf, silent));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stuck_handler_does_not_keep_the_others_from_an_orderly_end() {
    let mut fixture = Fixture::start(config()).await;
    let mut stuck = Client::connect(fixture.address).await;
    fixture.socket().await;
    stuck.send("42[\"wait\"]").await;
    fixture.event().await;
    let mut idle = Client::connect(fixture.address).await;
    fixture.socket().await;
    let server = fixture.server.clone();
    let closing = tokio::spawn(async move { server.close(Duration::from_secs(2)).await });
    assert_eq!(idle.farewell().await, None);
    assert_eq!(fixture.disconnected().await.0, Reason::ServerClosing);
    drop(idle);
    assert_eq!(fixture.disconnected().await.0, Reason::ServerClosing);
    closing.await.unwrap();
    fixture.empty().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_twice_and_with_nobody_there() {
    let fixture = Fixture::start(config()).await;
    fixture.server.close(Duration::from_secs(5)).await;
    fixture.server.quiesce().await;
    fixture.server.close(Duration::from_secs(5)).await;
    assert!(Client::open(fixture.address, "/socket.io/?EIO=4&transport=websocket").await.is_err());
}
