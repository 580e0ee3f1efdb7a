//! Two nodes on one store: what happens at one is told at the other.

use std::time::Duration;

use domain::store::{AccountStore, UserId};
use domain::{Bus, Caller, Hint, Live, NodeId, SocketKey, TypingThrottle};
use protocol::{Code, ConversationId, NewGroup, Presence, PutMember, SendMessage, SetTyping, Typing};

use crate::presences::{come, is, leave, run, watch};
use crate::support::{World, to};

const PHONE: SocketKey = SocketKey { node: NodeId(1), number: 7 };
/// Longer than the grace for coming back.
const LONG: Duration = Duration::from_secs(3);

/// Two nodes, and two people who share a conversation, one at each node.
async fn nodes() -> (World, World, Caller, Caller) {
    let here = World::new();
    let there = here.beside();
    let ann = here.person("ann").await;
    here.person("bob").await;
    let bob = there.caller("bob").await;
    here.send(&ann, to("bob", "hi")).await.unwrap();
    there.settled().await;
    for world in [&here, &there] {
        world.told.live.lock().clear();
    }
    (here, there, ann, bob)
}

/// Lets all tasks come to rest; they all run on this thread.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

fn told(world: &World) -> Vec<(Vec<UserId>, Live)> {
    std::mem::take(&mut *world.told.live.lock())
}

fn in_conversation(conversation: ConversationId, text: &str) -> SendMessage {
    SendMessage { conversation_id: Some(conversation), text: text.into(), ..SendMessage::default() }
}

#[tokio::test]
async fn messages_are_told_at_every_node_in_the_order_of_the_log() {
    let (here, there, ann, bob) = nodes().await;
    let [from_here, from_there] = [&here, &there].map(|world| world.domain.socket_key());
    assert_ne!(from_here, from_there);
    for number in 0..200 {
        let (world, from, to_whom, socket) = match number % 3 {
            0 => (&there, &bob, "ann", from_there),
            _ => (&here, &ann, "bob", from_here),
        };
        let sending = world.domain.messages.send(from, to(to_whom, "x"), Some(socket)).await.unwrap();
        sending.stored().await.unwrap();
        // Sometimes one is behind, and sometimes the other.
        if number % 7 == 0 {
            tokio::task::yield_now().await;
        }
    }
    for world in [&here, &there] {
        world.settled().await;
        let told: Vec<_> = told(world)
            .into_iter()
            .map(|(_, live)| match live {
                Live::Entry { seq, origin, .. } => (seq, origin),
                other => panic!("{other:?}"),
            })
            .collect();
        // With the socket that has the acknowledgement: at one of them it is its own, and must not come twice.
        let sent = (0..200).map(|number| if number % 3 == 0 { from_there } else { from_here });
        assert_eq!(told, (2..).zip(sent.map(Some)).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn typing_is_told_at_every_node_once() {
    let (here, there, ann, bob) = nodes().await;
    let request = SetTyping { conversation_id: None, receiver: Some("bob".into()), typing: true };
    here.domain.typings.set(&ann, &TypingThrottle::default(), request).await.unwrap();
    // At once where it was done.
    let typing = |told: Vec<(Vec<UserId>, Live)>| match &*told {
        [(users, Live::Typing(Typing { username, typing: true, .. }))] => (users.clone(), username.clone()),
        other => panic!("{other:?}"),
    };
    assert_eq!(typing(told(&here)), (vec![bob.person.id], "ann".into()));
    settle().await;
    assert_eq!(typing(told(&there)), (vec![bob.person.id], "ann".into()));
    assert!(told(&here).is_empty());
}

#[tokio::test(start_paused = true)]
async fn receipts_are_told_at_every_node_once() {
    let (here, there, ann, bob) = nodes().await;
    let receipts = there.domain.receipts.clone();
    tokio::spawn(async move { receipts.run(std::future::pending()).await });
    let key = there.domain.conversations.list(&bob, None).await.unwrap().items[0].id;
    let request = protocol::MoveCursors { conversation_id: key, delivered_seq: None, read_seq: Some(1) };
    there.domain.receipts.advance_to(&bob, request, |_| ()).await;
    tokio::time::sleep(LONG).await;
    for world in [&here, &there] {
        match &*told(world) {
            [(users, Live::Receipt(receipt))] => {
                assert_eq!(*users, [ann.person.id, bob.person.id]);
                assert_eq!((&*receipt.username, receipt.delivered_seq, receipt.read_seq), ("bob", 1, 1));
            }
            other => panic!("{other:?}"),
        }
    }
}

/// What the watchers at a node were told, after all tasks have come to rest.
async fn seen(world: &World) -> Vec<Presence> {
    tokio::time::sleep(LONG).await;
    let presence = |(_, live)| match live {
        Live::Presence(presence) => presence,
        other => panic!("{other:?}"),
    };
    std::mem::take(&mut *world.told.sockets.lock()).into_iter().map(presence).collect()
}

#[tokio::test(start_paused = true)]
async fn who_comes_and_goes_at_one_node_is_seen_at_the_other() {
    let (here, there, ann, bob) = nodes().await;
    let _running = (run(&here), run(&there));
    assert_eq!(watch(&here, &ann, PHONE, &["bob"]).await, [is("bob", false)]);
    come(&there, &bob);
    assert_eq!(seen(&here).await, [is("bob", true)]);
    assert_eq!(watch(&here, &ann, PHONE, &["bob"]).await, [is("bob", true)]);
    // Another device, at the other node, comes and goes.
    come(&here, &bob);
    leave(&here, &bob);
    assert_eq!(seen(&here).await, []);
    let stored = async || here.store.account_of(bob.person.id).await.unwrap().unwrap().last_seen_at;
    assert_eq!(stored().await, None);
    leave(&there, &bob);
    let went = seen(&here).await;
    assert_eq!(went, [Presence { last_seen: stored().await, ..is("bob", false) }]);
    assert!(went[0].last_seen.is_some());
}

#[tokio::test(start_paused = true)]
async fn who_is_back_at_another_node_never_went() {
    let (here, there, ann, bob) = nodes().await;
    let _running = (run(&here), run(&there));
    come(&there, &bob);
    assert_eq!(watch(&here, &ann, PHONE, &["bob"]).await, [is("bob", true)]);
    leave(&there, &bob);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(watch(&here, &ann, PHONE, &["bob"]).await, [is("bob", true)]);
    come(&here, &bob);
    assert_eq!(seen(&here).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_block_at_one_node_holds_at_the_other() {
    let (here, there, ann, bob) = nodes().await;
    let _running = (run(&here), run(&there));
    come(&there, &bob);
    assert_eq!(watch(&here, &ann, PHONE, &["bob"]).await, [is("bob", true)]);
    let types = async || {
        let request = SetTyping { conversation_id: None, receiver: Some("bob".into()), typing: true };
        here.domain.typings.set(&ann, &TypingThrottle::default(), request).await.unwrap();
        told(&here).len()
    };
    assert_eq!(types().await, 1);
    there.domain.blocks.block(&bob, "ann").await.unwrap();
    assert_eq!(seen(&here).await, [is("bob", false)]);
    assert_eq!(types().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_lost_hints_checks_everything() {
    let (here, there, ann, bob) = nodes().await;
    let _running = (run(&here), run(&there));
    watch(&here, &ann, PHONE, &["bob"]).await;
    come(&there, &bob);
    for user in 0..2000 {
        there.bus.publish(Hint::Presence(UserId(1000 + user)));
    }
    assert_eq!(seen(&here).await, [is("bob", true)]);
}

/// A node whose cache of a group is out of date lets in who was added at another node, and refuses who was removed.
#[tokio::test]
async fn a_member_who_comes_or_goes_at_one_node_does_so_at_the_other() {
    let (here, there, ann, bob) = nodes().await;
    let eve = here.person("eve").await;
    let group = NewGroup { title: "Tea".into(), members: vec!["eve".into()], history: None };
    let group = here.domain.groups.create(&ann, group).await.unwrap();
    // Both nodes know it without bob.
    for world in [&here, &there] {
        world.settled().await;
        told(world);
    }
    let refused = there.domain.messages.send(&bob, in_conversation(group.id, "x"), None).await;
    assert_eq!(refused.err().unwrap().code, Code::NotFound);

    here.domain.groups.put_member(&ann, group.id, "bob", PutMember::default()).await.unwrap();
    let sending = there.domain.messages.send(&bob, in_conversation(group.id, "in"), None).await;
    let seq = sending.unwrap().stored().await.unwrap().seq;
    there.settled().await;
    let all = [ann.person.id, bob.person.id, eve.person.id];
    let told_there = told(&there);
    let message = told_there.iter().find_map(|(users, live)| match live {
        Live::Entry { seq: of, .. } if *of == seq => Some(users.clone()),
        _ => None,
    });
    assert_eq!(message.unwrap(), all);
    let told_bob = |(users, live): &(Vec<UserId>, Live)| match live {
        Live::Conversation(view) => *users == [bob.person.id] && view.members.len() == 3,
        _ => false,
    };
    assert!(told_there.iter().any(told_bob), "{told_there:?}");

    // The announcer there has not come so far when the next message is sent.
    here.domain.groups.remove_member(&ann, group.id, "bob").await.unwrap();
    let refused = match there.domain.messages.send(&bob, in_conversation(group.id, "out"), None).await {
        Ok(sending) => sending.stored().await.err(),
        Err(error) => Some(error),
    };
    assert_eq!(refused.unwrap().code, Code::NotFound);
    here.send(&ann, in_conversation(group.id, "among us")).await.unwrap();
    there.settled().await;
    let last = told(&there).pop().unwrap();
    assert!(matches!(last, (users, Live::Entry { .. }) if users == [ann.person.id, eve.person.id]));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_at_one_node_is_cut_at_the_other() {
    let (here, there, ann, _) = nodes().await;
    let ended_before = here.caller("ann").await;
    here.domain.sessions.end(&ann, ended_before.session).await.unwrap();
    let follow = |world: &World| {
        let ended = world.domain.ended_sessions.clone();
        tokio::spawn(async move { ended.run(std::future::pending()).await })
    };
    let _following = (follow(&here), follow(&there));
    settle().await;
    here.told.cut.lock().clear();

    let phone = there.caller("ann").await;
    here.domain.sessions.end(&ann, phone.session).await.unwrap();
    // Before it is answered where it was ended.
    assert_eq!(*here.told.cut.lock(), [phone.session]);
    assert!(there.told.cut.lock().is_empty());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(*there.told.cut.lock(), [phone.session]);

    // More than are read at a time.
    let request = || protocol::NewApiToken { name: "bot".into(), expires_at: None };
    let mut tokens = Vec::new();
    for _ in 0..300 {
        let made = here.domain.api_tokens.create(&ann, request()).await.unwrap().id;
        here.domain.api_tokens.end(&ann, made).await.unwrap();
        tokens.push(made);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(there.told.cut.lock()[1..], tokens);
}
