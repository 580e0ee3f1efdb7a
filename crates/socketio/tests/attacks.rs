//! What a hostile client may try: each ends its session with a reason that is counted, and nobody else's. What is
//! only too much of something is in `floods.rs`.

mod support;

use std::time::Duration;

use socketio::{Config, Reason};
use support::{
    Fixture, Happened,
    client::{Client, Message, frame, get, open_polling, post, text},
    config,
};
use tokio::time::Instant;

/// Sends frames to a connected socket and gives the status of the close frame that comes back.
async fn attack(fixture: &Fixture, frames: &[Vec<u8>]) -> Option<u16> {
    let mut client = Client::connect(fixture.address).await;
    for frame in frames {
        client.raw(frame).await;
    }
    client.closed().await
}

fn binary(bytes: &[u8]) -> Vec<u8> {
    frame(0x82, bytes)
}

/// Makes all attacks of a list and expects each to end in a reason and a status.
async fn all_end(config: Config, reason: Reason, status: u16, attacks: &[Vec<Vec<u8>>]) {
    let mut fixture = Fixture::start(config).await;
    let mut other = Client::connect(fixture.address).await;
    fixture.socket().await;
    for frames in attacks {
        let shown: Vec<_> =
            frames.iter().map(|frame| String::from_utf8_lossy(&frame[..frame.len().min(80)])).collect();
        assert_eq!(attack(&fixture, frames).await, Some(status), "{shown:?}");
        let mut happened = fixture.next().await;
        while !matches!(happened, Happened::Disconnected(..)) {
            assert!(!matches!(happened, Happened::Event { .. }), "{shown:?} was handled");
            happened = fixture.next().await;
        }
        assert!(matches!(happened, Happened::Disconnected(of, _) if of == reason), "{shown:?}: {happened:?}");
    }
    assert_eq!(fixture.server.metrics().closed(reason), attacks.len() as u64);
    other.send("42[\"echo\",1]").await;
    assert_eq!(other.text().await, "42[\"echo\",1]");
}

#[tokio::test]
async fn packets_that_are_none() {
    let place = "{\"_placeholder\":true,\"num\":0}";
    let deep = format!("42[\"x\",{}{}]", "[".repeat(60_000), "]".repeat(60_000));
    let packets = [
        // Not Engine.IO, or not from a client.
        "",
        "x",
        "7",
        "0{}",
        "2",
        "2probe",
        "1x",
        "5x",
        "b!",
        "3probe",
        // Not Socket.IO, or not from a client.
        "4",
        "4x",
        "47",
        "4abc",
        "44{\"message\":\"x\"}",
        // Not JSON, not a list, no name, or no name that a client may use.
        "42",
        "42{}",
        "42[]",
        "42[1]",
        "42[null,1]",
        "42[{}]",
        "42[[\"x\"]]",
        "42[\"x\"",
        "42[\"x\"]]",
        "42[\"x\",]",
        "42[\"connect\"]",
        "42[\"connect_error\"]",
        "42[\"disconnect\"]",
        "42[\"disconnecting\"]",
        "42[\"newListener\"]",
        "42[\"removeListener\"]",
        "42[\"conn\\u0065ct\"]",
        "42abc[\"x\"]",
        &deep,
        // Namespaces and their packets.
        "40",
        "40/a,[",
        "40/a,x",
        "40/a,{",
        "40/a,1{}",
        "41x",
        "41[]",
        &format!("40/{}", "a".repeat(1000)),
        // Acknowledgements.
        "43[]",
        "431",
        "431{}",
        "4299999999999999999999[\"x\"]",
        "4399999999999999999999[]",
        "42-1[\"x\"]",
        // Placeholders that do not match the attachments.
        &format!("450-[\"x\",{place}]x"),
        "451-[\"x\"]",
        &format!("452-[\"x\",{place}]"),
        &format!("452-[\"x\",{place},{place}]"),
        "451-[\"x\",{\"_placeholder\":true,\"num\":1}]",
        "451-[\"x\",{\"_placeholder\":true,\"num\":-1}]",
        "451-[\"x\",{\"_placeholder\":true,\"num\":1e0}]",
        "451-[\"x\",{\"_placeholder\":true,\"num\":\"0\"}]",
        "451-[\"x\",{\"_placeholder\":true}]",
        "45-[\"x\"]",
        "45[\"x\"]",
        "4599999999999999999999-[\"x\"]",
    ];
    let mut attacks: Vec<_> = packets.iter().map(|packet| vec![text(packet)]).collect();
    let begun = text(&format!("451-[\"x\",{place}]"));
    attacks.push(vec![binary(&[1, 2, 3])]);
    attacks.push(vec![begun.clone(), text("42[\"y\"]")]);
    attacks.push(vec![begun.clone(), begun.clone()]);
    attacks.push(vec![begun, text("41")]);
    all_end(config(), Reason::BadPacket, 1008, &attacks).await;
}

#[tokio::test]
async fn before_a_namespace_is_connected() {
    let fixture = Fixture::start(config()).await;
    for packet in ["42[\"x\"]", "41", "431[]", "42/a,[\"x\"]"] {
        let mut client = Client::session(fixture.address).await;
        client.send(packet).await;
        assert_eq!(client.closed().await, Some(1008));
    }
    assert_eq!(fixture.server.metrics().closed(Reason::BadPacket), 4);
}

#[tokio::test]
async fn names_and_arguments_that_mean_something_elsewhere() {
    let mut fixture = Fixture::start(config()).await;
    let mut client = Client::connect(fixture.address).await;
    fixture.socket().await;
    for name in ["__proto__", "constructor", "hasOwnProperty", "toString", "", "\u{0}"] {
        let packet = format!("42[{},{{\"__proto__\":{{\"x\":1}}}}]", serde_json::to_string(name).unwrap());
        client.send(&packet).await;
        assert_eq!(fixture.event().await.0, name);
    }
    // Outside of a binary event a placeholder is any object.
    client.send("42[\"echo\",{\"_placeholder\":true,\"num\":0}]").await;
    assert_eq!(client.text().await, "42[\"echo\",{\"_placeholder\":true,\"num\":0}]");
}

#[tokio::test]
async fn attachments_over_their_limits() {
    let config = Config { max_attachments: 2, max_attachment_bytes: 1000, ..config() };
    let places = |count: usize| {
        let places: Vec<_> =
            (0..count).map(|num| format!("{{\"_placeholder\":true,\"num\":{num}}}")).collect();
        text(&format!("45{count}-[\"x\",{}]", places.join(",")))
    };
    let attacks = [
        vec![places(3)],
        vec![text("4518446744073709551615-[\"x\"]")],
        vec![places(2), binary(&[0; 600]), binary(&[0; 401])],
        vec![places(1), binary(&[0; 1001])],
    ];
    all_end(config, Reason::AttachmentLimit, 1009, &attacks).await;
}

#[tokio::test]
async fn frames_that_are_not_allowed() {
    let mut unmasked = text("42[\"x\"]");
    unmasked[1] &= 0x7F;
    let attacks = [
        vec![unmasked],
        // Bits of extensions, opcodes that do not exist.
        vec![frame(0xC1, b"42[\"x\"]")],
        vec![frame(0x83, b"")],
        vec![frame(0x8B, b"")],
        // Control frames in pieces, or too long.
        vec![frame(0x09, b"")],
        vec![frame(0x08, b"")],
        vec![frame(0x89, &[0; 126])],
        // A continuation of nothing, a message within a message.
        vec![frame(0x80, b"x")],
        vec![frame(0x01, b"42["), text("42[\"x\"]")],
        vec![frame(0x01, b"42["), frame(0x02, b"x")],
        // Close frames.
        vec![frame(0x88, &[3])],
        vec![frame(0x88, &1006_u16.to_be_bytes())],
        vec![frame(0x88, &999_u16.to_be_bytes())],
    ];
    all_end(config(), Reason::BadFrame, 1002, &attacks).await;
}

#[tokio::test]
async fn texts_that_are_not_utf8() {
    let attacks = [
        vec![frame(0x81, b"42[\"\xFF\"]")],
        vec![frame(0x81, b"42[\"\xC0\x80\"]")],
        vec![frame(0x81, b"42[\"\xED\xA0\x80\"]")],
        // In the middle of a character that never ends.
        vec![frame(0x01, b"42[\"\xE2\x82"), frame(0x80, b"\"]")],
    ];
    all_end(config(), Reason::BadUtf8, 1007, &attacks).await;
}

#[tokio::test]
async fn packets_over_the_limit() {
    let config = Config { max_payload: 1000, ..config() };
    let long = vec![b'x'; 1001];
    let attacks = [
        vec![frame(0x81, &long)],
        vec![frame(0x82, &long)],
        // It need not even come.
        vec![vec![0x82, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]],
        vec![vec![0x82, 0xFF, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]],
        vec![frame(0x01, &long[..600]), frame(0x00, &long[..401])],
    ];
    all_end(config, Reason::PacketTooLarge, 1009, &attacks).await;
}

#[tokio::test]
async fn a_message_of_15_mib_is_refused_at_its_header() {
    let mut fixture = Fixture::start(config()).await;
    let client = Client::connect(fixture.address).await;
    fixture.socket().await;
    let message = text(&format!("42[\"x\",\"{}\"]", "x".repeat(15 * 1024 * 1024)));
    let (mut reader, mut writer) = tokio::io::split(client.stream);
    let sending =
        tokio::spawn(async move { tokio::io::AsyncWriteExt::write_all(&mut writer, &message).await });
    // The goodbye arrives although most of the message was never read.
    let mut goodbye = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut goodbye).await.unwrap();
    assert_eq!(goodbye, [&[0x88, 18][..], &1009_u16.to_be_bytes(), b"packet_too_large"].concat());
    assert_eq!(fixture.disconnected().await.0, Reason::PacketTooLarge);
    let _ = sending.await;
}

#[tokio::test]
async fn bodies_over_the_limit() {
    let fixture = Fixture::start(Config { max_payload: 1000, ..config() }).await;
    let address = fixture.address;
    let sid = open_polling(address).await;
    assert_eq!(post(address, &sid, &"x".repeat(1001)).await.status, 413);
    assert_eq!(get(address, &sid).await.status, 400);
    // Without a length that says so.
    let sid = open_polling(address).await;
    let request = format!(
        "POST /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Transfer-Encoding: chunked\r\n\r\n3e9\r\n{}\r\n0\r\n\r\n",
        "x".repeat(1001)
    );
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
    let mut response = String::new();
    let _ = tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut response).await;
    assert!(response.starts_with("HTTP/1.1 413"), "{response}");
    fixture.empty().await;
    assert_eq!(fixture.server.metrics().closed(Reason::PacketTooLarge), 2);
}

#[tokio::test]
async fn bodies_of_several_packets() {
    let mut fixture = Fixture::start(Config { max_payload: 1000, max_body: 3000, ..config() }).await;
    let address = fixture.address;
    let packet = |length: usize| format!("42[\"x\",\"{}\"]", "x".repeat(length - "42[\"x\",\"\"]".len()));
    // As long as was announced, each packet as long as it may be.
    let (sid, _) = fixture.polling_socket().await;
    let full = [packet(1000), packet(1000), packet(998)].join("\u{1e}");
    assert_eq!(full.len(), 3000);
    assert_eq!(post(address, &sid, &full).await.body, "ok");
    for _ in 0..3 {
        assert_eq!(fixture.event().await.0, "x");
    }
    // What is too long is named, and ends the session.
    for (body, handled, said) in [
        (full.clone() + "x", 0, "at most 3000 bytes"),
        ([packet(10), packet(1001), packet(10)].join("\u{1e}"), 1, "packet_too_large"),
    ] {
        let (sid, _) = fixture.polling_socket().await;
        let refused = post(address, &sid, &body).await;
        assert_eq!(refused.status, 413);
        assert!(refused.body.contains(said), "{}", refused.body);
        for _ in 0..handled {
            fixture.event().await;
        }
        assert!(matches!(fixture.next().await, Happened::Disconnected(Reason::PacketTooLarge, _)));
        assert_eq!(get(address, &sid).await.status, 400);
    }
    // Binary is measured as it is, not as it is written.
    let begun = r#"451-["x",{"_placeholder":true,"num":0}]"#;
    let zeros = |length: usize| format!("{begun}\u{1e}b{}", "A".repeat((length * 4).div_ceil(3)));
    let (sid, _) = fixture.polling_socket().await;
    assert_eq!(post(address, &sid, &zeros(1000)).await.body, "ok");
    match fixture.next().await {
        Happened::Event { attachments, .. } => assert_eq!(attachments, [vec![0; 1000]]),
        other => panic!("{other:?}"),
    }
    assert_eq!(post(address, &sid, &zeros(1001)).await.status, 413);
}

#[tokio::test]
async fn a_client_that_is_not_let_in_posts_a_packet_at_most() {
    let fixture = Fixture::start(Config { max_payload: 1000, max_body: 3000, ..config() }).await;
    for before in ["6", "40/refused,", "40/unknown,"] {
        let sid = open_polling(fixture.address).await;
        assert_eq!(post(fixture.address, &sid, before).await.body, "ok");
        let refused = post(fixture.address, &sid, &vec!["6"; 501].join("\u{1e}")).await;
        assert_eq!(refused.status, 413);
        assert!(refused.body.contains("at most 1000 bytes"), "{}", refused.body);
    }
    fixture.empty().await;
}

#[tokio::test]
async fn packets_that_never_end() {
    let config = Config { packet_timeout: Duration::from_millis(100), ..config() };
    let mut fixture = Fixture::start(config).await;
    let begun = text("451-[\"x\",{\"_placeholder\":true,\"num\":0}]");
    for frames in [
        // A frame, a message in frames, attachments.
        vec![text("42[\"x\"]")[..5].to_vec()],
        vec![frame(0x01, b"42[")],
        vec![begun.clone()],
        vec![begun, binary(&[1, 2, 3])[..5].to_vec()],
    ] {
        let start = Instant::now();
        assert_eq!(attack(&fixture, &frames).await, Some(1008));
        assert!(start.elapsed() < Duration::from_secs(2));
        assert_eq!(fixture.disconnected().await.0, Reason::PacketTimeout);
    }
    // A body.
    let sid = open_polling(fixture.address).await;
    let request = format!(
        "POST /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n4"
    );
    let mut stream = tokio::net::TcpStream::connect(fixture.address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
    fixture.empty().await;
    assert_eq!(fixture.server.metrics().closed(Reason::PacketTimeout), 5);
}

#[tokio::test]
async fn a_session_says_nothing_of_another() {
    let mut fixture = Fixture::start(config()).await;
    let mut ids = std::collections::HashSet::new();
    let mut clients = Vec::new();
    for _ in 0..50 {
        let mut client =
            Client::open(fixture.address, "/socket.io/?EIO=4&transport=websocket").await.unwrap();
        let open: serde_json::Value = serde_json::from_str(&client.next().await.text()[1..]).unwrap();
        client.send("40").await;
        let sid = open["sid"].as_str().unwrap().to_owned();
        let id = fixture.socket().await.id().to_string();
        // The socket's id, which others may learn, is not the key to the session.
        assert_eq!(get(fixture.address, &id).await.status, 400);
        assert!(ids.insert(sid.clone()) && ids.insert(id));
        // Nor is the key of a WebSocket good for polling.
        assert_eq!(get(fixture.address, &sid).await.status, 400);
        clients.push(client);
    }
    assert_eq!(fixture.server.metrics().sessions, 50);
}

#[tokio::test]
async fn websocket_pings_are_answered_in_order() {
    let fixture = Fixture::start(config()).await;
    let mut client = Client::connect(fixture.address).await;
    client
        .raw(&[frame(0x89, b"one"), text("42[\"echo\",1]"), frame(0x89, b"two"), frame(0x8A, b"x")].concat())
        .await;
    assert_eq!(client.next().await, Message::Pong(b"one".to_vec()));
    assert_eq!(client.text().await, "42[\"echo\",1]");
    assert_eq!(client.next().await, Message::Pong(b"two".to_vec()));
}

#[tokio::test]
async fn a_panic_ends_only_its_own_session() {
    let mut fixture = Fixture::start(config()).await;
    let mut other = Client::connect(fixture.address).await;
    let mut client = Client::connect(fixture.address).await;
    client.send("42[\"panic\"]").await;
    client.closed().await;
    assert_eq!(fixture.disconnected().await.0, Reason::Panicked);
    other.send("42[\"echo\",1]").await;
    assert_eq!(other.text().await, "42[\"echo\",1]");
    assert_eq!(fixture.server.metrics().sessions, 1);
}
