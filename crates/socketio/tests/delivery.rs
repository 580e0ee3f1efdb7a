//! What is sent: order, marks, acknowledgements, rooms, and what becomes of what was not taken.

mod support;

use std::time::Duration;

use socketio::{AckError, Config, Mark, Payload, Placeholder, Reason, SendError};
use support::{
    Fixture, Happened,
    client::{Client, Message, get, post},
    config,
};
use tokio::time::timeout;

fn event(name: &str) -> Payload {
    Payload::event(name, &()).expect("a name that is free")
}

/// An event of some size.
fn large(bytes: usize) -> Payload {
    Payload::event("large", &("x".repeat(bytes),)).expect("a text")
}

#[tokio::test]
async fn long_answers_to_polling_are_split() {
    let mut fixture = Fixture::start(config()).await;
    let address = fixture.address;
    let (sid, socket) = fixture.polling_socket().await;
    for number in 0..20 {
        socket.emit(&large(10_000 + number)).unwrap();
    }
    socket.emit(&large(100_000)).unwrap();
    let mut packets = 0;
    let mut responses = 0;
    while packets < 21 {
        let body = get(address, &sid).await.body;
        assert!(body.len() <= 64 * 1024 || !body.contains('\u{1e}'));
        packets += body.split('\u{1e}').count();
        responses += 1;
    }
    assert!(responses >= 5);
}

#[tokio::test]
async fn acknowledgements_come_to_whoever_asked() {
    let mut fixture = Fixture::start(config()).await;
    let mut client = Client::connect(fixture.address).await;
    let socket = fixture.socket().await;
    let asking = {
        let socket = socket.clone();
        tokio::spawn(async move { socket.emit_with_ack(&event("ask"), Duration::from_secs(10)).await })
    };
    assert_eq!(client.text().await, "420[\"ask\"]");
    socket.emit_confirmed(&event("confirm"), Mark(1, 2)).unwrap();
    assert_eq!(client.text().await, "421[\"confirm\"]");
    client.send("431[]").await;
    assert!(matches!(fixture.next().await, Happened::Acked(Mark(1, 2))));
    // Twice, of nothing, and the wrong way round: let go.
    for stray in ["431[]", "432[]", "4318446744073709551615[]"] {
        client.send(stray).await;
    }
    client.send("461-0[\"yes\",{\"_placeholder\":true,\"num\":0}]").await;
    client.send_binary(&[9]).await;
    let answer = asking.await.unwrap().unwrap();
    let (word, place) = answer.args::<(String, Placeholder)>().unwrap();
    assert_eq!((word.as_str(), &answer.attachment(place).unwrap()[..]), ("yes", &[9][..]));
}

#[tokio::test]
async fn an_acknowledgement_may_be_late_or_never_come() {
    let mut fixture = Fixture::start(config()).await;
    let mut client = Client::connect(fixture.address).await;
    let socket = fixture.socket().await;
    let late = socket.emit_with_ack(&event("ask"), Duration::from_millis(20)).await;
    assert_eq!(late, Err(AckError::Timeout));
    client.send("430[]").await;
    socket.emit_confirmed(&event("confirm"), Mark(1, 0)).unwrap();
    socket.emit_confirmed(&event("confirm"), Mark(2, 0)).unwrap();
    client.send("432[]").await;
    assert!(matches!(fixture.next().await, Happened::Acked(Mark(2, 0))));
    let asking = tokio::spawn({
        let socket = socket.clone();
        async move { socket.emit_with_ack(&event("ask"), Duration::from_secs(10)).await }
    });
    while client.text().await != "423[\"ask\"]" {}
    drop(client);
    let (_, undelivered) = fixture.disconnected().await;
    assert_eq!(undelivered.unacked, [Mark(1, 0)]);
    assert_eq!(asking.await.unwrap(), Err(AckError::Closed));
    assert_eq!(socket.emit_confirmed(&event("late"), Mark(4, 0)), Err(SendError::Closed));
    let closed = socket.emit_with_ack(&event("late"), Duration::from_secs(1)).await;
    assert_eq!(closed, Err(AckError::Send(SendError::Closed)));
}

#[tokio::test]
async fn too_many_open_acknowledgements_end_the_session() {
    let mut fixture = Fixture::start(Config { max_unacknowledged: 10, ..config() }).await;
    let mut client = Client::connect(fixture.address).await;
    let socket = fixture.socket().await;
    for number in 0..10 {
        socket.emit_confirmed(&event("x"), Mark(number, 0)).unwrap();
    }
    assert_eq!(socket.emit_confirmed(&event("x"), Mark(10, 0)), Err(SendError::Full));
    client.closed().await;
    let (reason, undelivered) = fixture.disconnected().await;
    assert_eq!(reason, Reason::Unacknowledged);
    assert_eq!(undelivered.unacked.len(), 10);
}

#[tokio::test]
async fn one_payload_goes_to_everybody_in_a_room() {
    let mut fixture = Fixture::start(config()).await;
    let mut clients = Vec::new();
    let mut sockets = Vec::new();
    for _ in 0..5 {
        clients.push(Client::connect(fixture.address).await);
        sockets.push(fixture.socket().await);
        sockets.last().unwrap().join("room");
    }
    let to = |room| fixture.server.to("/", room);
    assert_eq!(to("room").emit(&event("all")), 5);
    assert_eq!(to("room").except(sockets[1].id()).emit(&event("others")), 4);
    sockets[2].leave("room");
    sockets[2].leave("never");
    assert_eq!(to("room").emit(&event("rest")), 4);
    assert_eq!(to("other").emit(&event("nobody")), 0);
    assert_eq!(fixture.server.to("/a", "room").emit(&event("nobody")), 0);
    for (number, client) in clients.iter_mut().enumerate() {
        assert_eq!(client.text().await, "42[\"all\"]");
        if number != 1 {
            assert_eq!(client.text().await, "42[\"others\"]");
        }
        if number != 2 {
            assert_eq!(client.text().await, "42[\"rest\"]");
        }
    }
    clients.truncate(3);
    fixture.disconnected().await;
    fixture.disconnected().await;
    sockets[4].join("room");
    assert_eq!(fixture.server.to("/", "room").emit(&event("left")), 2);
}

#[tokio::test]
async fn the_server_disconnects_after_what_was_emitted() {
    let mut fixture = Fixture::start(config()).await;
    let mut client = Client::connect(fixture.address).await;
    let socket = fixture.socket().await;
    client.send("40/other,").await;
    fixture.socket().await;
    client.text().await;
    socket.emit_marked(&event("last"), Mark(1, 0)).unwrap();
    socket.disconnect();
    socket.disconnect();
    assert_eq!(socket.emit(&event("late")), Err(SendError::Closed));
    // What the client sent before it knew is let go.
    client.send("42[\"echo\",1]").await;
    client.send("42/other,[\"echo\",2]").await;
    assert_eq!(client.text().await, "42[\"last\"]");
    assert_eq!(client.text().await, "41");
    assert_eq!(client.text().await, "42/other,[\"echo\",2]");
    // It may have closed before it had the last.
    let (reason, undelivered) = fixture.disconnected().await;
    assert_eq!((reason, undelivered.in_doubt), (Reason::ServerDisconnected, vec![Mark(1, 0)]));
    // The client may come back on the same session.
    client.send("40").await;
    assert!(client.text().await.starts_with("40{"));
    assert_eq!(fixture.server.metrics().sessions, 1);
}

#[tokio::test]
async fn closing_a_session_sends_what_waits() {
    let mut fixture = Fixture::start(config()).await;
    let mut client = Client::connect(fixture.address).await;
    let socket = fixture.socket().await;
    for number in 0..100 {
        socket.emit_marked(&large(1000), Mark(number, 0)).unwrap();
    }
    socket.close(Reason::Application);
    assert_eq!(socket.emit(&event("late")), Err(SendError::Closed));
    for _ in 0..100 {
        assert!(client.text().await.len() > 1000);
    }
    assert_eq!(client.next().await, Message::End);
    let (reason, undelivered) = fixture.disconnected().await;
    assert_eq!((reason, undelivered.in_doubt.last()), (Reason::Application, Some(&Mark(99, 0))));
}

#[tokio::test]
async fn aborting_a_session_does_not_wait_for_its_peer() {
    let large_queue = 64 * 1024 * 1024;
    let config = Config { close_timeout: Duration::from_mins(1), max_pending_bytes: large_queue, ..config() };
    let mut fixture = Fixture::start(config).await;
    let mut client = Client::connect(fixture.address).await;
    let socket = fixture.socket().await;
    for number in 0..200 {
        socket.emit_marked(&large(100_000), Mark(number, 0)).unwrap();
    }
    socket.abort(Reason::Application);
    let (reason, undelivered) = fixture.disconnected().await;
    assert_eq!((reason, undelivered.in_doubt.last()), (Reason::Application, Some(&Mark(199, 0))));
    client.closed().await;
}

#[tokio::test]
async fn drained_waits_for_what_was_queued_before() {
    let mut fixture = Fixture::start(Config { max_pending_bytes: 64 * 1024 * 1024, ..config() }).await;
    let mut client = Client::connect(fixture.address).await;
    let socket = fixture.socket().await;
    timeout(Duration::from_secs(5), socket.drained()).await.unwrap();
    // More than the kernel takes at once.
    for _ in 0..200 {
        socket.emit(&large(100_000)).unwrap();
    }
    let drained = tokio::spawn(socket.drained());
    for _ in 0..100 {
        assert!(!drained.is_finished());
        client.text().await;
    }
    for _ in 0..100 {
        client.text().await;
    }
    timeout(Duration::from_secs(5), drained).await.unwrap().unwrap();
    drop(client);
    fixture.disconnected().await;
    timeout(Duration::from_secs(5), socket.drained()).await.unwrap();
}

#[tokio::test]
async fn what_a_client_leaves_behind_does_not_reach_its_next_socket() {
    let mut fixture = Fixture::start(config()).await;
    let address = fixture.address;
    let (sid, socket) = fixture.polling_socket().await;
    socket.emit_marked(&event("old"), Mark(1, 0)).unwrap();
    post(address, &sid, "41\u{1e}40").await;
    let (reason, undelivered) = fixture.disconnected().await;
    assert_eq!((reason, undelivered.in_doubt), (Reason::ClientDisconnected, vec![Mark(1, 0)]));
    let socket = fixture.socket().await;
    assert_eq!(get(address, &sid).await.body, format!("40{{\"sid\":\"{}\"}}", socket.id()));
}

#[tokio::test]
async fn emitting_works_outside_of_the_runtime() {
    let mut fixture = Fixture::start(config()).await;
    let mut client = Client::connect(fixture.address).await;
    let socket = fixture.socket().await;
    let threads: Vec<_> = (0..4_u64)
        .map(|thread| {
            let socket = socket.clone();
            std::thread::spawn(move || {
                for number in 0..500_u64 {
                    socket.emit(&Payload::event("x", &(thread, number)).unwrap()).unwrap();
                }
            })
        })
        .collect();
    let mut next = [0; 4];
    for _ in 0..2000 {
        let text = client.text().await;
        let (_, thread, number): (String, usize, u64) = serde_json::from_str(&text[2..]).unwrap();
        assert_eq!(number, next[thread]);
        next[thread] += 1;
    }
    for thread in threads {
        thread.join().unwrap();
    }
}
