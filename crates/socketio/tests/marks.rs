//! Marks: what the client is known to have, and what is in doubt.

mod support;

use std::time::Duration;

use bytes::Bytes;
use socketio::{Config, Mark, Payload, Placeholder, Reason, SendError};
use support::{
    Fixture, Happened,
    client::{Client, get, post},
    config,
};
use tokio::time::{Instant, timeout};

fn event(name: &str) -> Payload {
    Payload::event(name, &()).expect("a name that is free")
}

/// Lets the server handle an event: whatever was to happen before has happened then.
async fn nothing_happened(fixture: &mut Fixture, client: &mut Client) {
    client.send("42[\"x\"]").await;
    assert_eq!(fixture.event().await.0, "x");
}

#[tokio::test]
async fn a_mark_is_told_at_the_pong_of_a_ping_that_was_sent_after_it() {
    let mut fixture = Fixture::start(config()).await;
    let mut client = Client::connect(fixture.address).await;
    let socket = fixture.socket().await;
    let start = Instant::now();
    for number in 0..1000 {
        socket.emit_marked(&event("marked"), Mark(number % 7, number)).unwrap();
    }
    // Soon after the first, not after the ping interval.
    let mut texts = client.until_ping().await;
    assert!(start.elapsed() < Duration::from_secs(5));
    while texts.len() < 1000 {
        texts.push(client.text().await);
    }
    assert!(texts.iter().all(|text| text == "42[\"marked\"]"));
    assert_eq!(socket.pending_bytes(), 0);
    // The transport has taken everything, and nobody knows where it is.
    nothing_happened(&mut fixture, &mut client).await;
    client.send("3").await;
    let mut last = [0; 7];
    while last.iter().sum::<u64>() < (993..1000).sum() {
        match timeout(Duration::from_millis(1), fixture.next()).await {
            Ok(Happened::Received(Mark(stream, number))) => {
                let last = &mut last[usize::try_from(stream).unwrap()];
                assert!(number % 7 == stream && number >= *last);
                *last = number;
            }
            Ok(other) => panic!("{other:?}"),
            // Those that were sent after the first ping wait for the second.
            Err(_) => {
                assert_eq!(client.until_ping().await, [""; 0]);
                client.send("3").await;
            }
        }
    }
    last.sort_unstable();
    assert!(last.into_iter().eq(993..1000));
}

#[tokio::test]
async fn one_ping_a_second_is_sent_for_marks() {
    let mut fixture = Fixture::start(config()).await;
    let mut client = Client::connect(fixture.address).await;
    let socket = fixture.socket().await;
    socket.emit_marked(&event("a"), Mark(1, 1)).unwrap();
    assert_eq!(client.until_ping().await, ["42[\"a\"]"]);
    let pinged = Instant::now();
    // While it is not answered, no other comes by itself; and it proves nothing that is sent after it.
    socket.emit_marked(&event("b"), Mark(1, 2)).unwrap();
    socket.emit(&event("c")).unwrap();
    assert_eq!(client.text().await, "42[\"b\"]");
    assert_eq!(client.next().await.text(), "42[\"c\"]");
    client.send("3").await;
    assert_eq!(fixture.received().await, Mark(1, 1));
    nothing_happened(&mut fixture, &mut client).await;
    // A pong that nobody asked for is none.
    client.send("3").await;
    nothing_happened(&mut fixture, &mut client).await;
    assert_eq!(client.until_ping().await, [""; 0]);
    assert!(pinged.elapsed() >= Duration::from_millis(900), "{:?}", pinged.elapsed());
    client.send("3").await;
    assert_eq!(fixture.received().await, Mark(1, 2));
}

#[tokio::test]
async fn proof_that_is_asked_for_stands_in_its_place() {
    let mut fixture = Fixture::start(config()).await;
    let mut client = Client::connect(fixture.address).await;
    let socket = fixture.socket().await;
    socket.emit_marked(&event("a"), Mark(1, 1)).unwrap();
    socket.ask_proof();
    socket.emit(&event("done")).unwrap();
    assert_eq!(client.until_ping().await, ["42[\"a\"]"]);
    assert_eq!(client.next().await.text(), "42[\"done\"]");
    // Who leaves now has it.
    client.send("3").await;
    client.send("1").await;
    assert_eq!(fixture.received().await, Mark(1, 1));
    assert_eq!(fixture.disconnected().await.1.in_doubt, []);
}

#[tokio::test]
async fn proof_is_asked_for_also_while_a_ping_is_on_its_way() {
    let mut fixture = Fixture::start(config()).await;
    let mut client = Client::connect(fixture.address).await;
    let socket = fixture.socket().await;
    socket.emit_marked(&event("a"), Mark(1, 1)).unwrap();
    assert_eq!(client.until_ping().await, ["42[\"a\"]"]);
    // As for a client that is slow to read a long flush.
    socket.emit_marked(&event("b"), Mark(2, 1)).unwrap();
    socket.ask_proof();
    socket.emit_marked(&event("c"), Mark(3, 1)).unwrap();
    // A third would have to wait for one of the two.
    socket.ask_proof();
    socket.emit(&event("done")).unwrap();
    assert_eq!(client.until_ping().await, ["42[\"b\"]"]);
    assert_eq!(client.text().await, "42[\"c\"]");
    assert_eq!(client.next().await.text(), "42[\"done\"]");
    client.send("3").await;
    assert_eq!(fixture.received().await, Mark(1, 1));
    nothing_happened(&mut fixture, &mut client).await;
    client.send("3").await;
    client.send("1").await;
    assert_eq!(fixture.received().await, Mark(2, 1));
    assert_eq!(fixture.disconnected().await.1.in_doubt, [Mark(3, 1)]);
}

#[tokio::test]
async fn the_pings_of_marks_keep_the_heartbeat() {
    let config = Config {
        ping_interval: Duration::from_secs(2),
        ping_timeout: Duration::from_millis(600),
        ..config()
    };
    let mut fixture = Fixture::start(config).await;
    let mut client = Client::connect(fixture.address).await;
    let socket = fixture.socket().await;
    // More often than the interval: the client hears from the server at least as often as it expects.
    for number in 1..=4 {
        socket.emit_marked(&event("a"), Mark(1, number)).unwrap();
        client.until_ping().await;
        client.send("3").await;
        assert_eq!(fixture.received().await, Mark(1, number));
    }
    let last = Instant::now();
    client.until_ping().await;
    assert!((1500..3000).contains(&last.elapsed().as_millis()), "{:?}", last.elapsed());
    client.send("3").await;
    // One that is not answered ends the session, though it was early.
    socket.emit_marked(&event("a"), Mark(1, 5)).unwrap();
    client.until_ping().await;
    let pinged = Instant::now();
    let (reason, undelivered) = fixture.disconnected().await;
    assert_eq!((reason, undelivered.in_doubt), (Reason::PingTimeout, vec![Mark(1, 5)]));
    assert!((300..1500).contains(&pinged.elapsed().as_millis()), "{:?}", pinged.elapsed());
    assert_eq!(client.farewell().await, Some((1001, "ping_timeout".to_owned())));
}

#[tokio::test]
async fn a_mark_alone_is_told_in_its_place_and_not_once_the_session_closes() {
    let mut fixture = Fixture::start(config()).await;
    let mut client = Client::connect(fixture.address).await;
    let socket = fixture.socket().await;
    socket.mark(Mark(1, 0)).unwrap();
    socket.emit_marked(&event("a"), Mark(2, 0)).unwrap();
    socket.mark(Mark(3, 0)).unwrap();
    socket.emit(&event("b")).unwrap();
    assert_eq!(client.until_ping().await, ["42[\"a\"]", "42[\"b\"]"]);
    client.send("3").await;
    for number in 1..=3 {
        assert_eq!(fixture.received().await, Mark(number, 0));
    }
    socket.emit(&event("c")).unwrap();
    socket.mark(Mark(4, 0)).unwrap();
    socket.abort(Reason::Application);
    assert_eq!(socket.mark(Mark(5, 0)), Err(SendError::Closed));
    let (reason, undelivered) = fixture.disconnected().await;
    assert_eq!((reason, undelivered.in_doubt), (Reason::Application, vec![Mark(4, 0)]));
}

#[tokio::test]
async fn on_polling_the_pong_proves_it_too_and_a_poll_does_not() {
    let mut fixture = Fixture::start(config()).await;
    let address = fixture.address;
    let (sid, socket) = fixture.polling_socket().await;
    let attached = Payload::event("b", &(Placeholder(0),)).unwrap();
    let attached = attached.with_attachments([Bytes::from_static(&[1, 2, 3, 4])]).unwrap();
    socket.emit_marked(&event("a"), Mark(1, 0)).unwrap();
    socket.emit_marked(&attached, Mark(2, 0)).unwrap();
    assert!(socket.pending_bytes() > 0);
    let body = get(address, &sid).await.body;
    assert_eq!(body, "42[\"a\"]\u{1e}451-[\"b\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAQIDBA==");
    socket.drained().await;
    assert_eq!(get(address, &sid).await.body, "2");
    post(address, &sid, "3").await;
    assert_eq!([fixture.received().await, fixture.received().await], [Mark(1, 0), Mark(2, 0)]);
    // A client that closes while a response is on its way throws it away and polls once more, and the poll
    // may come before its goodbye.
    socket.emit_marked(&event("c"), Mark(3, 0)).unwrap();
    assert_eq!(get(address, &sid).await.body, "42[\"c\"]");
    let polling = tokio::spawn({
        let sid = sid.clone();
        async move { get(address, &sid).await }
    });
    // What nobody fetches is in doubt as well.
    socket.emit_marked(&event("d"), Mark(4, 0)).unwrap();
    assert_eq!(polling.await.unwrap().body, "42[\"d\"]");
    post(address, &sid, "41").await;
    let (reason, undelivered) = fixture.disconnected().await;
    assert_eq!((reason, undelivered.in_doubt), (Reason::ClientDisconnected, vec![Mark(3, 0), Mark(4, 0)]));
}

#[tokio::test]
async fn an_upgrade_keeps_what_is_in_doubt() {
    let mut fixture = Fixture::start(config()).await;
    let address = fixture.address;
    let (sid, socket) = fixture.polling_socket().await;
    socket.emit_marked(&event("a"), Mark(1, 0)).unwrap();
    assert_eq!(get(address, &sid).await.body, "42[\"a\"]");
    // Asked over polling, and answered over the WebSocket.
    assert_eq!(get(address, &sid).await.body, "2");
    let path = format!("/socket.io/?EIO=4&transport=websocket&sid={sid}");
    let mut client = Client::open(address, &path).await.unwrap();
    client.send("2probe").await;
    assert_eq!(client.next().await.text(), "3probe");
    socket.emit_marked(&event("b"), Mark(2, 0)).unwrap();
    assert_eq!(get(address, &sid).await.body, "42[\"b\"]");
    client.send("5").await;
    client.send("3").await;
    assert_eq!(fixture.received().await, Mark(1, 0));
    assert_eq!(client.until_ping().await, [""; 0]);
    socket.emit_marked(&event("c"), Mark(3, 0)).unwrap();
    client.send("3").await;
    assert_eq!(fixture.received().await, Mark(2, 0));
    assert_eq!(client.text().await, "42[\"c\"]");
    drop(client);
    assert_eq!(fixture.disconnected().await.1.in_doubt, [Mark(3, 0)]);
}

/// A client that reads what `streams` streams have for it, as far as it comes, and answers no ping; and how many came.
async fn silent(fixture: &mut Fixture, streams: u64) -> (Client, u64) {
    let mut client = Client::connect(fixture.address).await;
    let socket = fixture.socket().await;
    // Longer than the system's buffers.
    let event = Payload::event("a", &("x".repeat(200),)).expect("it is JSON");
    for stream in 0..streams {
        socket.emit_marked(&event, Mark(stream, 0)).expect("there is room");
    }
    let mut texts = 0;
    while let Ok(text) = timeout(Duration::from_millis(500), client.next()).await {
        texts += u64::from(text.text() != "2");
    }
    (client, texts)
}

#[tokio::test]
async fn what_is_in_doubt_is_bounded() {
    const STREAMS: u64 = 20_000;
    let config = Config { max_pending_bytes: 64 * 1024 * 1024, ..config() };
    let mut fixture = Fixture::start(config).await;
    let (mut client, mut texts) = silent(&mut fixture, STREAMS).await;
    // No more than may be in doubt, and what was written with it.
    assert!((4096..5000).contains(&texts), "{texts}");
    // One that answers gets everything, without waiting for a second in between.
    let start = Instant::now();
    client.send("3").await;
    while texts < STREAMS {
        match client.next().await.text() {
            "2" => client.send("3").await,
            _ => texts += 1,
        }
    }
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    client.until_ping().await;
    client.send("3").await;
    for stream in 0..STREAMS {
        assert_eq!(fixture.received().await, Mark(stream, 0));
    }
}

#[tokio::test]
async fn a_handler_that_waits_for_the_transport_does_not_wait_for_a_pong_behind_it() {
    const STREAMS: u64 = 10_000;
    let config = Config { max_pending_bytes: 64 * 1024 * 1024, ..config() };
    let mut fixture = Fixture::start(config).await;
    let (mut client, mut texts) = silent(&mut fixture, STREAMS).await;
    assert!(texts < STREAMS);
    // Its handler ends when everything is sent, and only then the pong is read.
    client.send("427[\"drain\"]").await;
    client.send("3").await;
    while texts < STREAMS {
        client.text().await;
        texts += 1;
    }
    assert_eq!(client.text().await, "437[]");
    assert!(matches!(fixture.next().await, Happened::Event { .. }));
    assert_eq!(fixture.received().await, Mark(0, 0));
}
