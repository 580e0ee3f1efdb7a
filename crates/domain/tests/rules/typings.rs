use std::time::Duration;

use domain::store::UserId;
use domain::{Caller, Error, Live, TypingThrottle};
use protocol::{Code, ConversationId, NewGroup, Nothing, SetTyping, Typing};

use crate::support::{World, to};

fn to_person(receiver: &str, typing: bool) -> SetTyping {
    SetTyping { conversation_id: None, receiver: Some(receiver.into()), typing }
}

fn in_conversation(id: ConversationId, typing: bool) -> SetTyping {
    SetTyping { conversation_id: Some(id), receiver: None, typing }
}

async fn set(world: &World, caller: &Caller, request: SetTyping) -> Result<Nothing, Error> {
    world.domain.typings.set(caller, &TypingThrottle::default(), request).await
}

fn told(world: &World) -> Vec<(Vec<UserId>, Typing)> {
    let told = std::mem::take(&mut *world.told.live.lock());
    let typing = |(users, live)| match live {
        Live::Typing(typing) => Some((users, typing)),
        _ => None,
    };
    told.into_iter().filter_map(typing).collect()
}

#[tokio::test]
async fn typing_is_told_to_the_others_alone() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let sent = world.send(&ann, to("bob", "hi")).await.unwrap();
    let conversation_id = sent.message.conversation_id;
    for request in [to_person("BOB", true), in_conversation(conversation_id, true)] {
        set(&world, &ann, request).await.unwrap();
        let typing = Typing { conversation_id, username: "ann".into(), typing: true };
        assert_eq!(told(&world), [(vec![bob.person.id], typing)]);
    }
    let notes = world.send(&ann, to("ann", "note")).await.unwrap().message.conversation_id;
    set(&world, &ann, in_conversation(notes, true)).await.unwrap();
    assert!(told(&world).iter().all(|(users, _)| users.is_empty()));
}

#[tokio::test]
async fn typing_to_nobody_is_refused_or_told_to_nobody() {
    let world = World::new();
    let [ann, bob, eve] = [world.person("ann").await, world.person("bob").await, world.person("eve").await];
    set(&world, &ann, to_person("bob", true)).await.unwrap();
    assert_eq!(told(&world), []);
    let id = world.send(&ann, to("bob", "hi")).await.unwrap().message.conversation_id;
    let both = SetTyping { receiver: Some("bob".into()), ..in_conversation(id, true) };
    let none = SetTyping { conversation_id: None, receiver: None, typing: true };
    for (caller, request, code) in [
        (&eve, in_conversation(id, true), Code::NotFound),
        (&ann, to_person("nobody", true), Code::ReceiverUnknown),
        (&ann, both, Code::Invalid),
        (&ann, none, Code::Invalid),
    ] {
        assert_eq!(set(&world, caller, request).await.unwrap_err().code, code);
    }
    world.domain.blocks.block(&bob, "ann").await.unwrap();
    set(&world, &ann, to_person("bob", true)).await.unwrap();
    assert_eq!(told(&world), []);
    // The other way round it is.
    set(&world, &bob, to_person("ann", true)).await.unwrap();
    assert_eq!(told(&world).len(), 1);
}

#[tokio::test]
async fn a_socket_is_told_only_so_often() {
    let world = World::new();
    let (ann, _bob) = (world.person("ann").await, world.person("bob").await);
    world.send(&ann, to("bob", "hi")).await.unwrap();
    let throttle = TypingThrottle::default();
    let mut seen = Vec::new();
    for typing in [true, true, true, false, false, true] {
        world.domain.typings.set(&ann, &throttle, to_person("bob", typing)).await.unwrap();
        seen.extend(told(&world).into_iter().map(|(_, told)| told.typing));
    }
    assert_eq!(seen, [true, false]);
    world.clock.advance(Duration::from_millis(250));
    world.domain.typings.set(&ann, &throttle, to_person("bob", true)).await.unwrap();
    assert_eq!(told(&world).len(), 1);
}

#[tokio::test]
async fn in_a_large_group_nobody_is_told() {
    let world = World::new();
    let ann = world.person("ann").await;
    let mut members = Vec::new();
    for number in 0..256 {
        members.push(world.verified(&format!("m{number}")).await);
    }
    for (count, listeners) in [(255, Some(255)), (256, None)] {
        let members = members[..count].to_vec();
        let group = NewGroup { title: "all".into(), members, history: None };
        let group = world.domain.groups.create(&ann, group).await.unwrap();
        told(&world);
        set(&world, &ann, in_conversation(group.id, true)).await.unwrap();
        assert_eq!(told(&world).first().map(|(users, _)| users.len()), listeners);
    }
}
