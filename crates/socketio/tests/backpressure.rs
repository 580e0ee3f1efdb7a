//! Peers that do not read, do not write, or are gone; handlers that take their time.

mod support;

use std::time::Duration;

use socketio::{Config, Mark, PACKET_OVERHEAD, Payload, Reason, SendError};
use support::{
    Fixture, Happened,
    client::{Client, Message, frame, get, open_polling, parse, post},
    config,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, timeout},
};

fn large() -> Payload {
    Payload::event("large", &("x".repeat(10_000),)).expect("a text")
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_closed_at_the_cap() {
    let cap = 1024 * 1024;
    let mut fixture = Fixture::start(Config { max_pending_bytes: cap, ..config() }).await;
    let client = Client::connect(fixture.address).await;
    let socket = fixture.socket().await;
    // As fast as the kernel takes it, until it takes no more.
    let mut emitted = 0;
    let refused = loop {
        match socket.emit_marked(&large(), Mark(emitted, 0)) {
            Ok(()) => emitted += 1,
            Err(refused) => break refused,
        }
        assert!(socket.pending_bytes() <= cap);
        tokio::task::yield_now().await;
    };
    assert_eq!(refused, SendError::Full);
    assert_eq!(socket.emit(&large()), Err(SendError::Closed));
    let (reason, undelivered) = fixture.disconnected().await;
    assert_eq!(reason, Reason::SlowReader);
    // What the kernel took is in doubt as well.
    let in_doubt: Vec<_> = (0..emitted).map(|number| Mark(number, 0)).collect();
    assert_eq!(undelivered.in_doubt, in_doubt);
    assert!(in_doubt.len() * (10_000 + PACKET_OVERHEAD) > cap);
    assert_eq!(fixture.server.metrics().closed(Reason::SlowReader), 1);
    fixture.empty().await;
    drop(client);
}

#[tokio::test]
async fn the_cap_holds_on_polling_too() {
    let mut fixture = Fixture::start(Config { max_pending_bytes: 100_000, ..config() }).await;
    let sid = open_polling(fixture.address).await;
    post(fixture.address, &sid, "40").await;
    let socket = fixture.socket().await;
    while socket.emit_marked(&large(), Mark(1, 0)).is_ok() {
        assert!(socket.pending_bytes() <= 100_000);
    }
    let (reason, undelivered) = fixture.disconnected().await;
    assert_eq!((reason, undelivered.in_doubt.len()), (Reason::SlowReader, 9));
    assert_eq!(get(fixture.address, &sid).await.status, 400);
}

#[tokio::test]
async fn a_single_packet_may_be_longer_than_the_cap() {
    let mut fixture = Fixture::start(Config { max_pending_bytes: 1000, ..config() }).await;
    let mut client = Client::connect(fixture.address).await;
    let socket = fixture.socket().await;
    socket.drained().await;
    socket.emit(&large()).unwrap();
    assert!(client.text().await.len() > 10_000);
}

#[tokio::test]
async fn a_peer_that_takes_nothing_is_stalled() {
    let config = Config {
        ping_interval: Duration::from_mins(1),
        ping_timeout: Duration::from_millis(300),
        max_pending_bytes: 100 * 1024 * 1024,
        ..config()
    };
    let mut fixture = Fixture::start(config).await;
    let mut client = Client::connect(fixture.address).await;
    let socket = fixture.socket().await;
    // One that is slow, but takes something now and then, is not.
    for _ in 0..2000 {
        socket.emit(&large()).unwrap();
    }
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(900) {
        for _ in 0..20 {
            client.text().await;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let stopped = Instant::now();
    assert_eq!(fixture.disconnected().await.0, Reason::Stalled);
    assert!((150..2000).contains(&stopped.elapsed().as_millis()), "{:?}", stopped.elapsed());
}

#[tokio::test]
async fn a_peer_that_only_writes_is_gone_in_time() {
    let config = Config {
        ping_interval: Duration::from_millis(200),
        ping_timeout: Duration::from_millis(200),
        ..config()
    };
    let mut fixture = Fixture::start(config).await;
    let start = Instant::now();
    let mut client = Client::connect(fixture.address).await;
    fixture.socket().await;
    let packet = frame(0x81, b"42[\"x\"]").repeat(10);
    while fixture.server.metrics().sessions > 0 {
        client.raw(&packet).await;
        tokio::task::yield_now().await;
        assert!(start.elapsed() < Duration::from_secs(5));
    }
    assert!(start.elapsed() >= Duration::from_millis(400));
    assert_eq!(fixture.server.metrics().closed(Reason::PingTimeout), 1);
}

/// An event that asks for an answer of a thousand bytes.
fn question(number: usize) -> String {
    format!("42{number}[\"x\",\"{}\"]", "y".repeat(1000))
}

#[tokio::test]
async fn a_client_is_not_read_while_it_does_not_take_its_answers() {
    const QUESTIONS: usize = 20_000;
    let cap = 1024 * 1024;
    let mut fixture = Fixture::start(Config { max_pending_bytes: cap, ..config() }).await;
    let client = Client::connect(fixture.address).await;
    let socket = fixture.socket().await;
    let (mut reader, mut writer) = client.stream.into_split();
    let sending = tokio::spawn(async move {
        for number in 0..QUESTIONS {
            writer.write_all(&frame(0x81, question(number).as_bytes())).await.unwrap();
        }
        writer
    });
    // Until nothing more is read.
    let mut handled = 0;
    while timeout(Duration::from_millis(500), fixture.next()).await.is_ok() {
        handled += 1;
        assert!(socket.pending_bytes() <= cap / 4 + 3000, "{}", socket.pending_bytes());
    }
    assert!(handled < QUESTIONS, "{handled}");
    assert!(socket.is_connected() && !sending.is_finished());
    // Once it reads, it gets them all, in order.
    let mut received = Vec::new();
    let mut answered = 0;
    while answered < QUESTIONS {
        assert!(reader.read_buf(&mut received).await.unwrap() > 0);
        let mut used = 0;
        while let Some((message, length)) = parse(&received[used..]) {
            used += length;
            if message != Message::Text("2".to_owned()) {
                assert!(message.text().starts_with(&format!("43{answered}[")), "{answered}");
                answered += 1;
            }
        }
        received.drain(..used);
    }
    drop(sending.await.unwrap());
    assert_eq!(fixture.disconnected().await.0, Reason::TransportError);
}

#[tokio::test]
async fn a_client_that_takes_none_of_its_answers_is_stalled() {
    let config = Config {
        ping_interval: Duration::from_mins(1),
        ping_timeout: Duration::from_millis(500),
        ..config()
    };
    let mut fixture = Fixture::start(config).await;
    let mut client = Client::connect(fixture.address).await;
    fixture.socket().await;
    let questions: Vec<u8> = (0..20_000).flat_map(|n| frame(0x81, question(n).as_bytes())).collect();
    let sending = tokio::spawn(async move {
        client.raw(&questions).await;
        client
    });
    assert_eq!(fixture.disconnected().await.0, Reason::Stalled);
    drop(sending.await.unwrap());
}

#[tokio::test]
async fn what_others_send_still_closes_a_client_that_does_not_read() {
    let mut fixture = Fixture::start(Config { max_pending_bytes: 256 * 1024, ..config() }).await;
    let address = fixture.address;
    let (sid, socket) = fixture.polling_socket().await;
    let questions = (0..90).map(question).collect::<Vec<_>>().join("\u{1e}");
    let posting = tokio::spawn(async move { post(address, &sid, &questions).await });
    while timeout(Duration::from_millis(300), fixture.next()).await.is_ok() {}
    assert!((64 * 1024..100_000).contains(&socket.pending_bytes()), "{}", socket.pending_bytes());
    let mut emitted = 0;
    while socket.emit(&large()).is_ok() {
        emitted += 1;
    }
    // As much as if there were no answers.
    assert_eq!(emitted, 25);
    assert_eq!(fixture.disconnected().await.0, Reason::SlowReader);
    posting.await.unwrap();
}

#[tokio::test]
async fn on_polling_answers_are_fetched_before_more_is_read() {
    let config = Config {
        max_pending_bytes: 64 * 1024,
        ping_interval: Duration::from_mins(1),
        ping_timeout: Duration::from_millis(500),
        ..config()
    };
    let mut fixture = Fixture::start(config).await;
    let address = fixture.address;
    let (sid, socket) = fixture.polling_socket().await;
    let questions = (0..100).map(question).collect::<Vec<_>>().join("\u{1e}");
    let ask = || {
        let (sid, questions) = (sid.clone(), questions.clone());
        tokio::spawn(async move { post(address, &sid, &questions).await })
    };
    let posting = ask();
    let mut answers = Vec::new();
    while answers.len() < 100 {
        let body = get(address, &sid).await.body;
        answers.extend(body.split('\u{1e}').map(|packet| packet.split('[').next().unwrap().to_owned()));
        assert!(socket.pending_bytes() < 40_000);
    }
    assert!(answers.into_iter().eq((0..100).map(|number| format!("43{number}"))));
    assert_eq!(posting.await.unwrap().body, "ok");
    // Who does not fetch them is gone in time.
    let posting = ask();
    assert_eq!(fixture.disconnected().await.0, Reason::Stalled);
    assert_eq!(posting.await.unwrap().status, 400);
}

#[tokio::test]
async fn a_peer_that_vanishes_is_gone_at_once_or_in_time() {
    let mut fixture = Fixture::start(config()).await;
    let client = Client::connect(fixture.address).await;
    fixture.socket().await;
    // With a reset, as a crash does it.
    socket2::SockRef::from(&client.stream).set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
    assert_eq!(fixture.disconnected().await.0, Reason::TransportError);
    fixture.empty().await;
}

#[tokio::test]
async fn a_handler_at_work_stops_the_reader_and_nothing_else() {
    let config = Config {
        ping_interval: Duration::from_millis(100),
        ping_timeout: Duration::from_millis(100),
        ..config()
    };
    let mut fixture = Fixture::start(config).await;
    let mut client = Client::connect(fixture.address).await;
    let socket = fixture.socket().await;
    client.send("42[\"wait\"]").await;
    assert_eq!(fixture.event().await.0, "wait");
    client.send("42[\"next\"]").await;
    // Pings and emits go out; the pong cannot be seen, and the peer is not blamed.
    assert_eq!(client.next().await.text(), "2");
    client.send("3").await;
    socket.emit(&Payload::event("meanwhile", &()).unwrap()).unwrap();
    assert_eq!(client.next().await.text(), "42[\"meanwhile\"]");
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(socket.is_connected());
    fixture.gate.add_permits(1);
    assert_eq!(fixture.event().await.0, "next");
    assert_eq!(client.next().await.text(), "2");
    client.send("3").await;
    client.send("42[\"echo\"]").await;
    assert_eq!(client.next().await.text(), "42[\"echo\"]");
}

#[tokio::test]
async fn a_handler_at_work_comes_to_its_end_when_the_peer_is_gone() {
    let mut fixture = Fixture::start(config()).await;
    let mut client = Client::connect(fixture.address).await;
    let socket = fixture.socket().await;
    client.send("427[\"wait\"]").await;
    fixture.event().await;
    socket.close(Reason::Application);
    client.closed().await;
    assert_eq!(fixture.server.metrics().sessions, 1);
    fixture.gate.add_permits(1);
    assert_eq!(fixture.disconnected().await.0, Reason::Application);
    assert_eq!(fixture.gate.available_permits(), 0);
    fixture.empty().await;
}

#[tokio::test]
async fn a_handler_that_waits_for_the_transport_goes_on_when_the_transport_is_gone() {
    let mut fixture = Fixture::start(Config { max_pending_bytes: 64 * 1024 * 1024, ..config() }).await;
    let mut client = Client::connect(fixture.address).await;
    let socket = fixture.socket().await;
    // More than the kernel takes at once.
    for number in 0..2000 {
        socket.emit_marked(&large(), Mark(number, 0)).unwrap();
    }
    client.send("42[\"drain\"]").await;
    while !matches!(fixture.next().await, Happened::Event { .. }) {}
    socket2::SockRef::from(&client.stream).set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
    let (reason, undelivered) = fixture.disconnected().await;
    assert_eq!((reason, undelivered.in_doubt.last()), (Reason::TransportError, Some(&Mark(1999, 0))));
    fixture.empty().await;
}

#[tokio::test]
async fn a_post_is_answered_when_its_packets_are_handled() {
    let mut fixture = Fixture::start(config()).await;
    let address = fixture.address;
    let sid = open_polling(address).await;
    post(address, &sid, "40").await;
    fixture.socket().await;
    let posting = tokio::spawn({
        let sid = sid.clone();
        async move { post(address, &sid, "42[\"wait\"]\u{1e}42[\"next\"]").await }
    });
    assert_eq!(fixture.event().await.0, "wait");
    assert!(!posting.is_finished());
    fixture.gate.add_permits(1);
    assert_eq!(fixture.event().await.0, "next");
    assert_eq!(posting.await.unwrap().body, "ok");
    // A second POST before the first is answered ends the session.
    let posting = tokio::spawn({
        let sid = sid.clone();
        async move { post(address, &sid, "42[\"wait\"]").await }
    });
    assert_eq!(fixture.event().await.0, "wait");
    assert_eq!(post(address, &sid, "42[\"next\"]").await.status, 400);
    fixture.gate.add_permits(1);
    assert_eq!(posting.await.unwrap().status, 400);
    assert_eq!(fixture.disconnected().await.0, Reason::PollingConflict);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_come_and_go_and_nothing_is_left() {
    let mut fixture = Fixture::start(config()).await;
    for _ in 0..4 {
        let clients: Vec<_> = (0..100).map(|_| tokio::spawn(Client::connect(fixture.address))).collect();
        for client in clients {
            let mut client = client.await.unwrap();
            client.send("42[\"echo\",1]").await;
            client.text().await;
        }
        for _ in 0..100 {
            fixture.disconnected().await;
        }
        fixture.empty().await;
    }
    assert_eq!(fixture.server.metrics().opened, 400);
}
