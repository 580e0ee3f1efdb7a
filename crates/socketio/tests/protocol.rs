//! What the protocols say, through the public door: the behaviours of the official conformance suites.

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use socketio::{Config, Reason};
use support::{
    Fixture, Happened,
    client::{Client, Message, get, http, open_polling, post},
    config,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};

const POLLING: &str = "/socket.io/?EIO=4&transport=polling";
const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";

/// Fast heartbeats, as in the suites.
fn fast() -> Config {
    Config {
        ping_interval: Duration::from_millis(300),
        ping_timeout: Duration::from_millis(200),
        max_body: 1_000_000,
        ..config()
    }
}

fn open(text: &str) -> Value {
    serde_json::from_str(text.strip_prefix('0').expect("an open packet")).expect("JSON")
}

#[tokio::test]
async fn a_session_opens_on_either_transport() {
    let fixture = Fixture::start(fast()).await;
    let response = http(fixture.address, "GET", POLLING, "", "").await;
    assert_eq!(response.status, 200);
    assert!(response.head.to_lowercase().contains("content-type: text/plain; charset=utf-8"));
    let polling = open(&response.body);
    let mut client = Client::open(fixture.address, WEBSOCKET).await.unwrap();
    let websocket = open(client.next().await.text());
    for (open, upgrades) in [(&polling, json!(["websocket"])), (&websocket, json!([]))] {
        assert_eq!(open["upgrades"], upgrades);
        assert_eq!(open["pingInterval"], 300);
        assert_eq!(open["pingTimeout"], 200);
        assert_eq!(open["maxPayload"], 1_000_000);
        assert_eq!(open.as_object().unwrap().len(), 5);
        assert!(open["sid"].as_str().unwrap().len() >= 22);
    }
    assert_ne!(polling["sid"], websocket["sid"]);
    assert_eq!(fixture.server.metrics().sessions, 2);
}

#[tokio::test]
async fn bad_requests_are_refused_with_their_code() {
    let fixture = Fixture::start(config()).await;
    let sid = open_polling(fixture.address).await;
    for (method, path, status, code) in [
        ("GET", "/socket.io/?EIO=4", 400, 0),
        ("GET", "/socket.io/?EIO=4&transport=abc", 400, 0),
        ("GET", "/socket.io/?transport=polling", 400, 5),
        ("GET", "/socket.io/?EIO=3&transport=polling", 400, 5),
        ("GET", "/socket.io/?EIO=abc&transport=polling", 400, 5),
        ("POST", POLLING, 400, 2),
        ("PUT", POLLING, 400, 2),
        ("GET", &format!("{POLLING}&sid=AAAAAAAAAAAAAAAAAAAAAA"), 400, 1),
        ("GET", &format!("{POLLING}&sid=../../x"), 400, 1),
        ("POST", &format!("{POLLING}&sid="), 400, 1),
        ("PUT", &format!("{POLLING}&sid={sid}"), 400, 3),
        // No WebSocket handshake.
        ("GET", WEBSOCKET, 400, 3),
        ("GET", &format!("{WEBSOCKET}&sid={sid}"), 400, 3),
    ] {
        let response = http(fixture.address, method, path, "", "").await;
        assert_eq!(response.status, status, "{method} {path}");
        let body: Value = serde_json::from_str(&response.body).unwrap();
        assert_eq!(body["code"], code, "{method} {path}");
        assert!(body["message"].is_string());
    }
    for path in
        ["/socket.io/?transport=websocket", "/socket.io/?EIO=4", "/socket.io/?EIO=5&transport=websocket"]
    {
        assert!(Client::open(fixture.address, path).await.is_err());
    }
    assert_eq!(fixture.server.metrics().refused, 16);
    assert_eq!(fixture.server.metrics().sessions, 1);
}

/// As nginx asks without `proxy_http_version 1.1`, and a proxy that drops what is meant for one hop.
#[tokio::test]
async fn a_websocket_through_a_proxy_that_cannot_is_refused_at_once() {
    let fixture = Fixture::start(config()).await;
    let sid = open_polling(fixture.address).await;
    let key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for path in [WEBSOCKET.to_owned(), format!("{WEBSOCKET}&sid={sid}")] {
        for (version, headers) in [
            ("1.0", "Connection: Upgrade\r\nUpgrade: websocket\r\n"),
            ("1.1", "Connection: close\r\nUpgrade: websocket\r\n"),
            ("1.1", "Connection: Upgrade\r\n"),
        ] {
            let mut stream = TcpStream::connect(fixture.address).await.unwrap();
            let request = format!("GET {path} HTTP/{version}\r\nHost: chat\r\n{headers}{key}\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            while !answer.ends_with('}') {
                let mut part = [0; 1024];
                let length = stream.read(&mut part).await.unwrap();
                assert_ne!(length, 0, "{request}{answer}");
                answer.push_str(std::str::from_utf8(&part[..length]).unwrap());
            }
            assert!(answer.starts_with(&format!("HTTP/{version} 400")), "{request}{answer}");
            assert!(answer.contains("proxy_http_version 1.1"), "{request}{answer}");
        }
    }
    // The session is none the worse for it.
    assert_eq!(post(fixture.address, &sid, "40").await.status, 200);
}

#[tokio::test]
async fn pages_of_other_origins_are_refused() {
    let origins = socketio::Origins::new(["http://app.example"], false);
    let fixture = Fixture::start(Config { origins, ..config() }).await;
    let evil = "Origin: https://evil.example\r\n";
    let response = http(fixture.address, "GET", POLLING, evil, "").await;
    let body: Value = serde_json::from_str(&response.body).unwrap();
    assert_eq!((response.status, &body["code"]), (403, &json!(4)));
    let message = body["message"].as_str().unwrap();
    assert_eq!(message, "Forbidden. The origin https://evil.example may not use this server.");
    assert_eq!(http(fixture.address, "OPTIONS", POLLING, evil, "").await.status, 403);
    // Not even with a session's id.
    let sid = open_polling(fixture.address).await;
    let path = format!("{POLLING}&sid={sid}");
    assert_eq!(http(fixture.address, "POST", &path, evil, "40").await.status, 403);
    let own = format!("Origin: http://{}\r\n", fixture.address);
    let response = http(fixture.address, "OPTIONS", POLLING, &own, "").await;
    assert_eq!(response.status, 204);
    assert!(response.head.contains("access-control-allow-methods: GET, POST"));
    assert_eq!(http(fixture.address, "GET", POLLING, &own, "").await.status, 200);
    let response = http(fixture.address, "GET", POLLING, "Origin: http://app.example\r\n", "").await;
    assert_eq!(response.status, 200);
    assert!(response.head.contains("access-control-allow-origin: http://app.example"));
    assert!(response.head.contains("access-control-allow-credentials: true"));
}

#[tokio::test]
async fn polling_carries_packets_both_ways() {
    let mut fixture = Fixture::start(config()).await;
    let address = fixture.address;
    let sid = open_polling(address).await;
    assert_eq!(post(address, &sid, "40").await.body, "ok");
    let connected = get(address, &sid).await;
    assert!(connected.body.starts_with("40{\"sid\":"));
    fixture.socket().await;
    // Several packets at once, binary among them, in order both ways.
    let body = "42[\"echo\",1]\u{1e}451-[\"echo\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAQIDBA==\u{1e}427[\"ack\",2]";
    assert_eq!(post(address, &sid, body).await.body, "ok");
    assert_eq!(get(address, &sid).await.body, body.replace("427[\"ack\",", "437["));
    // A GET waits for something to come.
    let waiting = tokio::spawn(async move { get(address, &sid).await.body });
    tokio::task::yield_now().await;
    match (fixture.next().await, fixture.next().await, fixture.next().await) {
        (Happened::Event { .. }, Happened::Event { attachments, .. }, Happened::Event { name, .. }) => {
            assert_eq!(attachments, [&[1, 2, 3, 4][..]]);
            assert_eq!(name, "ack");
        }
        other => panic!("{other:?}"),
    }
    fixture.server.quiesce().await;
    assert!(!waiting.is_finished());
    fixture.server.close(Duration::from_secs(1)).await;
    assert_eq!(waiting.await.unwrap(), r#"{"code":4,"message":"server_closing"}"#);
}

#[tokio::test]
async fn a_bad_payload_ends_a_polling_session() {
    let fixture = Fixture::start(config()).await;
    for body in ["abc", "", "4", "40\u{1e}", "\u{1e}40", "b!!!", "0{}", "2probe", "5x", "40\u{1e}42{}"] {
        let sid = open_polling(fixture.address).await;
        assert_eq!(post(fixture.address, &sid, body).await.status, 400, "{body:?}");
        assert_eq!(get(fixture.address, &sid).await.status, 400, "{body:?}");
    }
    assert_eq!(fixture.server.metrics().closed(Reason::BadPacket), 10);
    fixture.empty().await;
}

#[tokio::test]
async fn two_polls_at_once_end_the_session() {
    let fixture = Fixture::start(config()).await;
    let address = fixture.address;
    let sid = open_polling(address).await;
    let other = sid.clone();
    let first = tokio::spawn(async move { get(address, &other).await });
    // The second is the one that finds the first waiting, whichever that is.
    let second = get(address, &sid).await;
    let first = first.await.unwrap();
    let mut answers = [(first.status, first.body.as_str()), (second.status, second.body.as_str())];
    answers.sort_unstable();
    assert_eq!(answers[0], (200, "1"));
    assert_eq!(answers[1].0, 400);
    assert_eq!(get(address, &sid).await.status, 400);
    assert_eq!(fixture.server.metrics().closed(Reason::PollingConflict), 1);
}

#[tokio::test]
async fn a_poll_that_is_given_up_ends_the_session() {
    let fixture = Fixture::start(config()).await;
    let sid = open_polling(fixture.address).await;
    let request = format!("GET {POLLING}&sid={sid} HTTP/1.1\r\nHost: x\r\n\r\n");
    let mut stream = tokio::net::TcpStream::connect(fixture.address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
    drop(stream);
    fixture.empty().await;
    assert_eq!(fixture.server.metrics().closed(Reason::PollingConflict), 1);
    assert_eq!(get(fixture.address, &sid).await.status, 400);
}

#[tokio::test]
async fn a_post_that_is_given_up_ends_the_session() {
    let fixture = Fixture::start(config()).await;
    let sid = open_polling(fixture.address).await;
    let request = format!("POST {POLLING}&sid={sid} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n42[");
    let mut stream = tokio::net::TcpStream::connect(fixture.address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
    drop(stream);
    fixture.empty().await;
}

#[tokio::test]
async fn pings_come_after_the_interval_on_either_transport() {
    let fixture = Fixture::start(fast()).await;
    let start = Instant::now();
    let sid = open_polling(fixture.address).await;
    let mut client = Client::session(fixture.address).await;
    for round in 1..=3 {
        assert_eq!(get(fixture.address, &sid).await.body, "2");
        assert_eq!(client.next().await, Message::Text("2".into()));
        assert!(start.elapsed() >= Duration::from_millis(300) * round);
        assert_eq!(post(fixture.address, &sid, "3").await.body, "ok");
        client.send("3").await;
    }
}

#[tokio::test]
async fn without_a_pong_a_session_ends_on_either_transport() {
    let fixture = Fixture::start(fast()).await;
    let start = Instant::now();
    let sid = open_polling(fixture.address).await;
    let mut client = Client::session(fixture.address).await;
    assert_eq!(client.closed().await, Some(1001));
    assert!((450..1500).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    fixture.empty().await;
    assert_eq!(get(fixture.address, &sid).await.status, 400);
    assert_eq!(fixture.server.metrics().closed(Reason::PingTimeout), 2);
}

#[tokio::test]
async fn a_pong_that_was_not_asked_for_does_not_count() {
    let fixture = Fixture::start(fast()).await;
    let mut client = Client::session(fixture.address).await;
    client.send("3").await;
    client.send("3").await;
    client.closed().await;
    assert_eq!(fixture.server.metrics().closed(Reason::PingTimeout), 1);
}

#[tokio::test]
async fn the_client_closes() {
    let fixture = Fixture::start(config()).await;
    let address = fixture.address;
    let sid = open_polling(address).await;
    let waiting = {
        let sid = sid.clone();
        tokio::spawn(async move { get(address, &sid).await })
    };
    // By the time that this is answered, the poll has come as well.
    assert_eq!(post(address, &sid, "6").await.body, "ok");
    assert_eq!(post(address, &sid, "1").await.body, "ok");
    assert_eq!(waiting.await.unwrap().body, "6");
    assert_eq!(get(address, &sid).await.status, 400);
    let mut client = Client::session(address).await;
    client.send("1").await;
    assert_eq!(client.closed().await, Some(1000));
    fixture.empty().await;
    assert_eq!(fixture.server.metrics().closed(Reason::ClientClosed), 2);
}

#[tokio::test]
async fn an_upgrade_moves_the_session() {
    let mut fixture = Fixture::start(config()).await;
    let address = fixture.address;
    let sid = open_polling(address).await;
    post(address, &sid, "40").await;
    assert!(get(address, &sid).await.body.starts_with("40"));
    fixture.socket().await;
    let waiting = {
        let sid = sid.clone();
        tokio::spawn(async move { get(address, &sid).await.body })
    };
    let mut client = Client::open(address, &format!("{WEBSOCKET}&sid={sid}")).await.unwrap();
    client.send("2probe").await;
    assert_eq!(client.next().await.text(), "3probe");
    // The waiting poll is let go, and so is any that comes before the upgrade is through.
    assert_eq!(waiting.await.unwrap(), "6");
    assert_eq!(get(address, &sid).await.body, "6");
    // Polling goes on until then.
    assert_eq!(post(address, &sid, "42[\"echo\",1]").await.body, "ok");
    client.send("5").await;
    client.send("42[\"echo\",2]").await;
    assert_eq!(client.text().await, "42[\"echo\",1]");
    assert_eq!(client.text().await, "42[\"echo\",2]");
    // The old transport, and a second new one, are refused; the session lives on.
    assert_eq!(get(address, &sid).await.status, 400);
    assert_eq!(post(address, &sid, "42[\"echo\",3]").await.status, 400);
    let mut second = Client::open(address, &format!("{WEBSOCKET}&sid={sid}")).await.unwrap();
    second.closed().await;
    client.send("42[\"echo\",4]").await;
    assert_eq!(client.text().await, "42[\"echo\",4]");
    assert_eq!(fixture.server.metrics().upgraded, 1);
}

#[tokio::test]
async fn a_failed_upgrade_leaves_the_session_on_polling() {
    let config = Config { upgrade_timeout: Duration::from_millis(200), ..config() };
    let mut fixture = Fixture::start(config).await;
    let address = fixture.address;
    let sid = open_polling(address).await;
    post(address, &sid, "40").await;
    fixture.socket().await;
    get(address, &sid).await;
    let path = format!("{WEBSOCKET}&sid={sid}");
    for messages in
        [&["3probe"][..], &["2probe", "2probe"], &["5"], &["2probe", "42[\"echo\",0]"], &[], &["2probe"]]
    {
        let mut client = Client::open(address, &path).await.unwrap();
        for message in messages {
            client.send(message).await;
        }
        client.closed().await;
    }
    assert_eq!(post(address, &sid, "42[\"echo\",1]").await.body, "ok");
    assert_eq!(get(address, &sid).await.body, "42[\"echo\",1]");
    assert_eq!(fixture.server.metrics().upgraded, 0);
}

#[tokio::test]
async fn namespaces_are_connected_refused_and_left() {
    let mut fixture = Fixture::start(config()).await;
    let mut client = Client::session(fixture.address).await;
    client.send("40{\"token\":\"123\"}").await;
    let main = fixture.socket().await;
    assert_eq!(client.text().await, format!("40{{\"sid\":\"{}\"}}", main.id()));
    assert_eq!((main.namespace(), main.session()), ("/", &json!({ "token": "123" })));
    client.send("40/custom,").await;
    let custom = fixture.socket().await;
    assert_eq!(client.text().await, format!("40/custom,{{\"sid\":\"{}\"}}", custom.id()));
    assert_ne!(main.id(), custom.id());
    client.send("40/unknown").await;
    assert_eq!(client.text().await, "44/unknown,{\"message\":\"Invalid namespace\"}");
    client.send("40/refused,{}").await;
    assert_eq!(client.text().await, "44/refused,{\"message\":\"no\",\"data\":{\"why\":[\"because\"]}}");
    client.send("42/custom,[\"echo\",\"a\"]").await;
    assert_eq!(client.text().await, "42/custom,[\"echo\",\"a\"]");
    client.send("41/custom,").await;
    // What is sent to a namespace that was left is let go; the others go on.
    client.send("42/custom,[\"echo\",\"b\"]").await;
    client.send("4212[\"ack\",\"c\"]").await;
    assert_eq!(client.text().await, "4312[\"c\"]");
    assert_eq!(fixture.server.metrics().sockets, 1);
    assert!(!custom.is_connected() && main.is_connected());
    assert!(custom.emit(&socketio::Payload::event("late", &()).unwrap()).is_err());
    // It may be connected again, as a new socket.
    client.send("40/custom").await;
    assert!(client.text().await.starts_with("40/custom,"));
    drop(client);
    fixture.empty().await;
}

#[tokio::test]
async fn a_namespace_that_there_is_not_is_refused_alone() {
    let mut fixture = Fixture::start(Config { max_sockets: 1, ..config() }).await;
    let mut client = Client::session(fixture.address).await;
    let unknown = "44/unknown,{\"message\":\"Invalid namespace\"}";
    client.send("40/unknown,").await;
    assert_eq!(client.text().await, unknown);
    client.send("40").await;
    assert!(client.text().await.starts_with("40{\"sid\":"));
    let main = fixture.socket().await;
    // As many as there may be are connected, and still it is only refused; so is whatever else is sent to it.
    for packet in
        ["40/unknown,{\"token\":1}", "42/unknown,[\"echo\",1]", "42/unknown,7[\"ack\"]", "43/unknown,1[]"]
    {
        client.send(packet).await;
    }
    client.send("451-/unknown,[\"echo\",{\"_placeholder\":true,\"num\":0}]").await;
    client.send_binary(&[1]).await;
    client.send("41/unknown,").await;
    client.send("42[\"echo\",2]").await;
    assert_eq!(client.text().await, unknown);
    assert_eq!(client.text().await, "42[\"echo\",2]");
    assert_eq!(fixture.event().await, ("echo".to_owned(), json!([2])));
    assert!(main.is_connected());
}

#[tokio::test]
async fn auth_is_any_json() {
    let mut fixture = Fixture::start(config()).await;
    for (sent, auth) in [
        ("", json!({})),
        ("null", json!({})),
        ("{\"a\":1}", json!({ "a": 1 })),
        ("\"token\"", json!("token")),
        ("5", json!(5)),
        ("-1.5", json!(-1.5)),
        ("true", json!(true)),
        ("[1]", json!([1])),
    ] {
        for start in ["40", "40/custom,"] {
            let mut client = Client::session(fixture.address).await;
            client.send(&format!("{start}{sent}")).await;
            assert!(client.text().await.starts_with(start));
            assert_eq!(fixture.socket().await.session(), &auth, "{start}{sent}");
            drop(client);
            fixture.disconnected().await;
        }
    }
}

#[tokio::test]
async fn binary_may_come_as_text_over_websocket() {
    let fixture = Fixture::start(config()).await;
    let mut client = Client::connect(fixture.address).await;
    let echo = "451-[\"echo\",{\"_placeholder\":true,\"num\":0}]";
    for binary in ["bAQIDBA==", "bAQIDBA", "bAQID\r\nBA=="] {
        client.send(echo).await;
        client.send(binary).await;
        assert_eq!(client.text().await, echo);
        assert_eq!(client.next().await, Message::Binary(vec![1, 2, 3, 4]));
    }
}

#[tokio::test]
async fn who_says_that_it_has_moved_without_need_is_let_go_on() {
    let mut fixture = Fixture::start(config()).await;
    let mut client = Client::session(fixture.address).await;
    client.send("5").await;
    client.send("40").await;
    assert!(client.text().await.starts_with("40{\"sid\":"));
    fixture.socket().await;
    let (sid, _) = fixture.polling_socket().await;
    assert_eq!(post(fixture.address, &sid, "5\u{1e}42[\"echo\",1]").await.body, "ok");
    assert_eq!(get(fixture.address, &sid).await.body, "42[\"echo\",1]");
}

#[tokio::test]
async fn events_and_acknowledgements_with_and_without_binary() {
    let mut fixture = Fixture::start(config()).await;
    let mut client = Client::connect(fixture.address).await;
    fixture.socket().await;
    client.send("42[\"echo\",1,\"2\",{\"3\":[true]}]").await;
    assert_eq!(client.text().await, "42[\"echo\",1,\"2\",{\"3\":[true]}]");
    client.send("42456[\"ack\",1,\"2\",{\"3\":[false]}]").await;
    assert_eq!(client.text().await, "43456[1,\"2\",{\"3\":[false]}]");
    let two = "{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}";
    for (sent, answer) in [
        (format!("452-[\"echo\",{two}]"), format!("452-[\"echo\",{two}]")),
        (format!("452-789[\"ack\",{two}]"), format!("462-789[{two}]")),
    ] {
        client.send(&sent).await;
        client.send_binary(&[1, 2, 3]).await;
        // A ping may come between a packet and its attachments.
        client.send("6").await;
        client.send_binary(&[4, 5, 6]).await;
        assert_eq!(client.text().await, answer);
        assert_eq!(client.next().await, Message::Binary(vec![1, 2, 3]));
        assert_eq!(client.next().await, Message::Binary(vec![4, 5, 6]));
    }
    // An acknowledgement that nobody waits for is let go.
    client.send("439[1]").await;
    client.send("42[\"echo\"]").await;
    assert_eq!(client.text().await, "42[\"echo\"]");
}

#[tokio::test]
async fn a_session_without_a_namespace_ends() {
    let fixture = Fixture::start(Config { connect_timeout: Duration::from_millis(100), ..config() }).await;
    let mut client = Client::session(fixture.address).await;
    client.closed().await;
    let mut client = Client::connect(fixture.address).await;
    client.send("41").await;
    client.closed().await;
    let sid = open_polling(fixture.address).await;
    let answer = get(fixture.address, &sid).await;
    assert_eq!((answer.status, &*answer.body), (400, r#"{"code":1,"message":"connect_timeout"}"#));
    fixture.empty().await;
    assert_eq!(fixture.server.metrics().closed(Reason::ConnectTimeout), 3);
}
