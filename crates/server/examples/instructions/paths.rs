//! What is counted: each path is one thing that the server does for a message.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

use domain::store::{ConversationKey, EntryKind, Position, UserId};
use domain::{Broker, Live};
use protocol::{ConversationId, Message, MessageId, Reply, SendMessage, ServerEvent, Timestamp};
use socketio::bench::{Wire, event, frame};
use socketio::codec::{Flow, Reader, Violation};
use socketio::{Config, Connect, Event, Handler, Payload, Refusal, Server, Socket};

use crate::event;
use crate::socket::reply;
use crate::support::Filled;
use crate::world::World;

/// The paths, with how often each is run; a run of an eighth is subtracted, and with it the start. Several
/// threads, and hash tables whose seed is random, make some vary a little; being run often evens that out.
pub(crate) const PATHS: &[(&str, usize)] = &[
    ("frame-decode", 4000),
    ("event-parse", 4000),
    ("message-decode", 4000),
    ("message-json", 4000),
    ("event-encode", 4000),
    ("ack-encode", 4000),
    ("outbox", 4000),
    ("domain-send", 4000),
    ("sqlite-append-64", 256),
    ("broadcast-100", 600),
    ("send", 4000),
];

/// Does what a path does `count` times, at most as often as [`PATHS`] says, and ends the process. What is
/// made before is the same whatever `count` is.
pub(crate) fn run(path: &str, count: usize) -> Result<(), String> {
    let most = PATHS.iter().find(|(name, _)| *name == path).map(|(_, most)| *most);
    // Profiles want more of it.
    let most = most.ok_or_else(|| format!("there is no path {path:?}"))?.max(count);
    match path {
        "frame-decode" => {
            let mut frames: Vec<_> = (0..most).map(|number| frame(&packet(number))).collect();
            for frame in &mut frames[..count] {
                let mut take = |incoming: socketio::codec::Incoming<'_>| {
                    black_box(incoming);
                    Ok::<_, Violation>(Flow::Next)
                };
                Reader::default().feed(frame, 128 * 1024, &mut take).expect("a frame");
            }
        }
        "event-parse" => {
            let packet = packet(0);
            repeat(count, || event(black_box(&packet[1..])).expect("an event"));
        }
        "message-decode" => {
            let event = event(&packet(0)[1..]).expect("an event");
            repeat(count, || {
                crate::socket::request::decode::<SendMessage>(black_box(&event)).expect("it fits")
            });
        }
        "message-json" => {
            let message = message();
            repeat(count, || {
                let mut json = Vec::new();
                black_box(&message).write_json(&mut json);
                json
            });
        }
        "event-encode" => {
            let message = message();
            repeat(count, || event::entry(EntryKind::Message, black_box(&message)));
        }
        "ack-encode" => {
            let message = message();
            repeat(count, || reply::stored(black_box(&message)));
        }
        "outbox" => outbox(count),
        "domain-send" => domain_send(most, count),
        "sqlite-append-64" => sqlite_append(most, count),
        "broadcast-100" => broadcast(count),
        "send" => send(most, count),
        _ => unreachable!("every path is done"),
    }
    end();
}

/// Ends the process without letting go of anything: what that costs depends on how much is left.
fn end() -> ! {
    std::process::exit(0)
}

fn repeat<T>(count: usize, work: impl Fn() -> T) {
    for _ in 0..count {
        black_box(work());
    }
}

fn text() -> String {
    "The quick brown fox jumps over the lazy dog; the five boxing wizards jump quickly, and so on to 120 bytes ......".into()
}

fn client_id(number: usize) -> String {
    format!("0199a1b2-c3d4-7e5f-8a6b-{number:012x}")
}

/// The Engine.IO packet of a message that wants to be acknowledged.
fn packet(number: usize) -> String {
    let (text, id) = (text(), client_id(number));
    format!(r#"4210{}["message",{{"receiver":"bob","text":"{text}","clientId":"{id}"}}]"#, number % 10)
}

fn request(number: usize) -> SendMessage {
    let client_id = Some(client_id(number));
    SendMessage { receiver: Some("bob".into()), text: text(), client_id, ..SendMessage::default() }
}

fn message() -> Message {
    let at = Timestamp::from_millis(1_795_336_708_120);
    Message {
        id: MessageId::mint(at, 4711, 7),
        conversation_id: ConversationId::mint(at, 7),
        seq: 4711,
        client_id: client_id(0),
        sender: "alice".into(),
        receiver: Some("bob".into()),
        text: text(),
        timestamp: at,
        edited_at: None,
        deleted_at: None,
        reply_to: None,
        attachments: Vec::new(),
        reactions: std::collections::BTreeMap::new(),
        reaction_counts: std::collections::BTreeMap::new(),
        mentions: Vec::new(),
        change_seq: None,
    }
}

/// Queueing an event at a socket, and taking its frame.
fn outbox(count: usize) {
    #[derive(Default)]
    struct Keep(Mutex<Option<Socket<()>>>);
    impl Handler for Keep {
        type Session = ();
        async fn connect(&self, _: Connect) -> Result<(), Refusal> {
            Ok(())
        }
        fn connected(&self, socket: &Socket<()>) {
            *self.0.lock().expect("no panic") = Some(socket.clone());
        }
        async fn event(&self, _: &Socket<()>, _: Event) {}
    }

    let server = Server::new(Config::default(), Keep::default());
    let mut wire = Wire::open(&server, IpAddr::V4(Ipv4Addr::LOCALHOST)).expect("there is room");
    let (mut connect, mut output) = ([0x81, 0x82, 0, 0, 0, 0, b'4', b'0'], Vec::new());
    let payload = event::entry(EntryKind::Message, &message());
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        wire.turn(&mut connect, &mut output).await.expect("the client is let in");
        let socket = server.handler().0.lock().expect("no panic").take().expect("it is connected");
        for _ in 0..count {
            socket.emit(black_box(&payload)).expect("there is room");
            output.clear();
            wire.turn(&mut [], &mut output).await.expect("the session lives");
            assert!(!output.is_empty(), "the event is sent");
        }
    });
}

/// From a request to its answer, with nobody live.
fn domain_send(most: usize, count: usize) {
    let world = World::new();
    world.runtime.block_on(async {
        world.person("bob").await;
        let alice = world.caller(&world.person("alice").await).await;
        let mut requests = (0..=most).map(request).collect::<Vec<_>>().into_iter();
        // The first opens the conversation.
        for request in requests.by_ref().take(1 + count) {
            let sending = world.app.domain.messages.send(&alice, request, None).await.expect("it is taken");
            black_box(sending.stored().await.expect("it is stored"));
        }
        end();
    });
}

/// A commit of 64 messages, in 50 conversations.
fn sqlite_append(most: usize, count: usize) {
    let folder = tempfile::tempdir().expect("the folder for such can be written");
    let pairs: Vec<_> = (0..50).map(|pair| (2 * pair, 2 * pair + 1)).collect();
    let mut log = Filled::open(folder.path(), &pairs);
    let mut batches = (0..=most).map(|_| log.batch(64)).collect::<Vec<_>>().into_iter();
    // The first is not gathered into one commit.
    for batch in batches.by_ref().take(1 + count) {
        log.commit(batch);
    }
    folder.close().expect("the folder is ours");
    end();
}

/// An event to 100 live sockets of as many people, until each has it as a frame.
fn broadcast(count: usize) {
    let world = World::new();
    world.runtime.block_on(async {
        let (mut clients, mut users) = (Vec::new(), Vec::new());
        for number in 0..100 {
            let token = world.person(&format!("user{number:02}")).await;
            users.push(world.caller(&token).await.person.id);
            clients.push(world.connect(&token).await);
        }
        let message = Arc::new(message());
        for seq in (1..).take(count) {
            tell(&*world.app.hub, &users, &message, seq);
            for client in &mut clients {
                assert!(!client.turn(&mut []).await.is_empty(), "the event is sent");
            }
        }
        end();
    });
}

fn tell(broker: &dyn Broker, users: &[UserId], message: &Arc<Message>, seq: u64) {
    let (kind, message, conversation) = (EntryKind::Message, message.clone(), ConversationKey(1));
    let live = Live::Entry { kind, message, conversation, seq, position: Position(seq), origin: None };
    broker.tell(&mut users.iter().copied(), live);
}

/// All of it: from the sender's frame to the acknowledgement's frame and the receiver's.
fn send(most: usize, count: usize) {
    let world = World::new();
    world.runtime.block_on(async {
        let mut bob = world.connect(&world.person("bob").await).await;
        let mut alice = world.connect(&world.person("alice").await).await;
        let mut frames: Vec<_> = (0..=most).map(|number| frame(&packet(number))).collect();
        let (opening, frames) = frames.split_first_mut().expect("there is at least one");
        alice.turn(opening).await;
        // Both are told that a conversation has begun.
        for client in [&mut alice, &mut bob] {
            client.next().await;
            while !client.turn(&mut []).await.is_empty() {}
        }
        for frame in &mut frames[..count] {
            assert_eq!(alice.turn(frame).await[4..8], *b"4310", "it is acknowledged");
            bob.next().await;
        }
        end();
    });
}
