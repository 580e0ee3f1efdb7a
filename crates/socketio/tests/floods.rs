//! Too much of what is allowed: it is read no faster than it may be, waits for its turn, or is refused, and nobody else
//! notices.

mod support;

use std::{net::IpAddr, time::Duration};

use socketio::{Config, Rate, Reason};
use support::{
    Fixture, Happened,
    client::{Client, Message, frame, http, open_polling, post, text},
    config,
};
use tokio::{
    io::AsyncWriteExt,
    task::JoinHandle,
    time::{Instant, timeout},
};

/// Posts a body longer than a packet of 20 bytes, in a session of its own: an event, and then packets that say nothing.
async fn post_long(fixture: &mut Fixture, event: &str) -> JoinHandle<String> {
    let (address, (sid, _)) = (fixture.address, fixture.polling_socket().await);
    let body = format!("42[\"{event}\",1]\u{1e}{}", vec!["6"; 20].join("\u{1e}"));
    tokio::spawn(async move { post(address, &sid, &body).await.body })
}

/// Posts as many, each of which is kept until its packets are handled: when the gate opens.
async fn post_waiting(fixture: &mut Fixture, count: usize) -> Vec<JoinHandle<String>> {
    let mut posts = Vec::new();
    for _ in 0..count {
        posts.push(post_long(fixture, "wait").await);
        assert_eq!(fixture.event().await.0, "wait");
    }
    posts
}

#[tokio::test]
async fn long_bodies_are_bounded_over_all_sessions() {
    const AT_A_TIME: usize = 256;
    let mut fixture = Fixture::start(Config { max_payload: 20, max_body: 3000, ..config() }).await;
    let address = fixture.address;
    let posts = post_waiting(&mut fixture, AT_A_TIME).await;
    let next = post_long(&mut fixture, "next").await;
    // Short ones go on meanwhile.
    for _ in 0..3 {
        let (sid, _) = fixture.polling_socket().await;
        assert_eq!(post(address, &sid, "42[\"short\",1]").await.body, "ok");
        assert_eq!(fixture.event().await.0, "short");
    }
    assert!(!next.is_finished());
    fixture.gate.add_permits(1);
    assert_eq!(fixture.event().await.0, "next");
    assert_eq!(next.await.unwrap(), "ok");
    fixture.gate.add_permits(AT_A_TIME);
    for post in posts {
        assert_eq!(post.await.unwrap(), "ok");
    }
}

#[tokio::test]
async fn who_waits_for_the_bodies_of_others_is_not_late() {
    const MAX_OF_AN_ADDRESS: usize = 16;
    let patience = Duration::from_millis(100);
    let config = Config { max_payload: 20, max_body: 3000, packet_timeout: patience, ..config() };
    let mut fixture = Fixture::start_for(config, Some("192.0.2.1".parse().unwrap())).await;
    let mut posts = post_waiting(&mut fixture, MAX_OF_AN_ADDRESS).await;
    let next = post_long(&mut fixture, "next").await;
    tokio::time::sleep(3 * patience).await;
    fixture.gate.add_permits(MAX_OF_AN_ADDRESS);
    assert_eq!(fixture.event().await.0, "next");
    posts.push(next);
    for post in posts {
        assert_eq!(post.await.unwrap(), "ok");
    }
}

#[tokio::test]
async fn a_steady_drip_of_packets_is_not_late() {
    let config = Config { packet_timeout: Duration::from_millis(200), ..config() };
    let fixture = Fixture::start(config).await;
    let mut client = Client::connect(fixture.address).await;
    let packet = text("42[\"echo\",1]");
    let start = Instant::now();
    client.raw(&packet[..5]).await;
    // Each read ends within a packet, but none of them is late.
    while start.elapsed() < Duration::from_millis(500) {
        client.raw(&[&packet[5..], &packet[..5]].concat()).await;
        assert_eq!(client.text().await, "42[\"echo\",1]");
    }
}

#[tokio::test]
async fn floods() {
    let config = Config { rate: Rate { per_second: 100, burst: 50 }, ..config() };
    let fixture = Fixture::start(config).await;
    for flood in [
        text("42[\"x\"]"),
        text("4390[]"),
        text("3"),
        text("6"),
        text("42/other,[\"x\"]"),
        text("40/refused,"),
        text("40/unknown,"),
        frame(0x89, b"ping"),
        frame(0x8A, b"pong"),
        [frame(0x01, b""), frame(0x80, b"6")].concat(),
    ] {
        let start = Instant::now();
        let mut client = Client::connect(fixture.address).await;
        client.raw(&vec![flood; 100].concat()).await;
        client.send("429[\"after\"]").await;
        loop {
            match client.next().await {
                Message::Text(text) if text == "439[]" => break,
                Message::Close(..) | Message::End => panic!("it was closed"),
                _ => {}
            }
        }
        assert!(start.elapsed() >= Duration::from_millis(500), "{:?}", start.elapsed());
    }
    let start = Instant::now();
    let sid = open_polling(fixture.address).await;
    assert_eq!(post(fixture.address, &sid, &vec!["6"; 100].join("\u{1e}")).await.status, 200);
    assert!(start.elapsed() >= Duration::from_millis(500), "{:?}", start.elapsed());
    assert_eq!(fixture.server.metrics().closed.iter().map(|(_, count)| count).sum::<u64>(), 10);
}

#[tokio::test]
async fn a_flood_without_end_is_read_at_the_rate_and_costs_nothing_more() {
    let config = Config { rate: Rate { per_second: 100, burst: 10 }, ..config() };
    let mut fixture = Fixture::start(config).await;
    let mut client = Client::connect(fixture.address).await;
    let socket = fixture.socket().await;
    let start = Instant::now();
    let flood = text("42[\"x\"]").repeat(10_000);
    // Until the kernel takes no more of it.
    while timeout(Duration::from_millis(500), client.stream.write_all(&flood)).await.is_ok() {}
    let mut events = 0;
    while start.elapsed() < Duration::from_secs(1) {
        fixture.event().await;
        events += 1;
    }
    let most = 10 + start.elapsed().as_millis() / 10;
    assert!((50..=most).contains(&events), "{events} of {most}");
    assert!(socket.is_connected());
    assert_eq!(fixture.server.metrics().pending_bytes, 0);
}

#[tokio::test]
async fn acknowledgements_that_were_asked_for_are_no_flood() {
    let config = Config { rate: Rate { per_second: 10, burst: 50 }, ..config() };
    let mut fixture = Fixture::start(config).await;
    let mut client = Client::connect(fixture.address).await;
    let socket = fixture.socket().await;
    let event = socketio::Payload::event("x", &()).unwrap();
    for number in 0..500 {
        socket.emit_confirmed(&event, socketio::Mark(number, 0)).unwrap();
    }
    for number in 0..500 {
        assert_eq!(client.text().await, format!("42{number}[\"x\"]"));
        client.send(&format!("43{number}[]")).await;
        assert!(matches!(fixture.next().await, Happened::Acked(mark) if mark.0 == number));
    }
}

#[tokio::test]
async fn namespaces_over_the_limit() {
    let mut fixture = Fixture::start(Config { max_sockets: 3, ..config() }).await;
    let mut client = Client::connect(fixture.address).await;
    for namespace in ["/a", "/b", "/c"] {
        client.send(&format!("40{namespace},")).await;
    }
    assert_eq!(client.closed().await, Some(1008));
    for _ in 0..3 {
        fixture.socket().await;
    }
    for _ in 0..3 {
        assert_eq!(fixture.disconnected().await.0, Reason::SocketLimit);
    }
}

#[tokio::test]
async fn sessions_over_the_limit_of_an_address() {
    let address: IpAddr = "192.0.2.1".parse().unwrap();
    let config = Config { max_sessions_per_address: 2, ..config() };
    let fixture = Fixture::start_for(config, Some(address)).await;
    let polling = "/socket.io/?EIO=4&transport=polling";
    let sid = open_polling(fixture.address).await;
    let client = Client::session(fixture.address).await;
    let refused = http(fixture.address, "GET", polling, "", "").await;
    assert_eq!(refused.status, 429);
    assert!(refused.head.to_lowercase().contains("\r\nretry-after: 5\r\n"), "{}", refused.head);
    let websocket = Client::open(fixture.address, "/socket.io/?EIO=4&transport=websocket").await;
    assert!(websocket.err().unwrap().to_string().contains("429"));
    // A place is free again when its session is over.
    post(fixture.address, &sid, "1").await;
    drop(client);
    fixture.empty().await;
    open_polling(fixture.address).await;
    Client::session(fixture.address).await;
}
