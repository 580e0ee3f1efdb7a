use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::store::{self, ConversationStore, EntryKind, Position};
use domain::{Around, Clock, Live, Rate, Settings};
use protocol::{Code, ConversationId, EditMessage, HistoryAccess, NewGroup, PutMember, SendMessage};

use crate::faulty::Late;
use crate::support::{World, settings, to};

#[tokio::test]
async fn a_message_is_told_to_both_once_it_is_stored() {
    let world = World::new();
    let (ann, bob) = (world.person("Ann").await, world.person("Bob").await);
    let sent = world.send(&ann, to("bob", "hi")).await.unwrap();
    let message = &sent.message;
    assert_eq!((&*message.sender, message.receiver.as_deref(), message.seq), ("Ann", Some("Bob"), 1));
    assert_eq!(message.client_id, message.id.to_string());
    let told = std::mem::take(&mut *world.told.live.lock());
    let [opened_one, opened_other, (users, entry)] = told.as_slice() else { panic!("{told:?}") };
    assert!(matches!((&opened_one.1, &opened_other.1), (Live::Conversation(_), Live::Conversation(_))));
    assert_eq!(*users, [ann.person.id, bob.person.id]);
    assert!(matches!(entry, Live::Entry { kind: EntryKind::Message, message: told, .. } if told == message));
}

#[tokio::test]
async fn a_repeat_is_answered_and_not_told() {
    let world = World::new();
    let (ann, _) = (world.person("ann").await, world.person("bob").await);
    let request = SendMessage { client_id: Some("c1".into()), ..to("bob", "hi") };
    let first = world.send(&ann, request.clone()).await.unwrap();
    world.told.live.lock().clear();
    let again = world.send(&ann, request).await.unwrap();
    assert!(again.duplicate && again.message == first.message);
    assert!(world.told.live.lock().is_empty());
}

#[tokio::test]
async fn who_was_not_told_resumes() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    world.send(&ann, to("bob", "one")).await.unwrap();
    world.told.live.lock().clear();
    world.told.faulty.store(true, Ordering::SeqCst);
    // It is stored and acknowledged all the same.
    assert_eq!(world.send(&ann, to("bob", "two")).await.unwrap().seq, 2);
    world.told.faulty.store(false, Ordering::SeqCst);
    assert_eq!(*world.told.interrupted.lock(), [Some(vec![ann.person.id, bob.person.id])]);
    world.send(&ann, to("bob", "three")).await.unwrap();
    let told = world.told.live.lock();
    let [(_, Live::Entry { message, .. })] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((&*message.text, message.seq), ("three", 3));
}

#[tokio::test(start_paused = true)]
async fn a_first_message_that_is_stored_is_acknowledged_although_the_store_fails_then() {
    let world = World::new();
    let (ann, _) = (world.person("ann").await, world.person("bob").await);
    world.faulty.unreadable.store(true, Ordering::SeqCst);
    let sending = world.domain.messages.send(&ann, to("bob", "hi"), None).await.unwrap();
    let mut stored = std::pin::pin!(sending.stored());
    let waited = tokio::time::timeout(Duration::from_secs(5), &mut stored).await;
    assert!(waited.is_err(), "{waited:?}");
    world.faulty.unreadable.store(false, Ordering::SeqCst);
    assert_eq!(&*stored.await.unwrap().message.text, "hi");
}

#[tokio::test]
async fn an_acknowledgement_does_not_wait_for_what_takes_long_to_tell() {
    let world = World::new();
    let (ann, _) = (world.person("ann").await, world.person("bob").await);
    let (members, at) = (Vec::new(), world.clock.now());
    let (id, title, history) = (ConversationId::mint(at, 1), "Crew".into(), HistoryAccess::Joined);
    let group = store::NewGroup { id, owner: ann.person.id, title, history, members, at };
    world.domain.announcer.wait_until_announced(Position(0)).await;
    let conversation = world.store.create_group(group).await.unwrap().key;
    world.settled().await;
    let (is_known, let_go) = Late::next(&world.faulty.late_view);
    let (by, title) = (ann.person.id, Some("Tea".into()));
    let change = store::GroupChange {
        conversation,
        by,
        at,
        changed_seq: 1,
        title,
        history: None,
        members: Vec::new(),
    };
    world.store.change_group(change).await.unwrap().unwrap();
    is_known.await.unwrap();
    let sending = world.domain.messages.send(&ann, to("bob", "hi"), None).await.unwrap();
    assert_eq!(sending.stored().await.unwrap().seq, 1);
    let_go.send(()).unwrap();
}

#[tokio::test]
async fn what_is_refused_is_not_stored() {
    let world = World::new();
    let (ann, _) = (world.person("ann").await, world.person("bob").await);
    let sender = |name: &str| SendMessage { sender: Some(name.into()), ..to("bob", "x") };
    let cases = [
        (to("eve", "x"), Code::ReceiverUnknown),
        (to("bob", ""), Code::TextEmpty),
        (to("bob", " \u{a0}\n"), Code::TextEmpty),
        (to("bob", "\u{200b}\u{3164}\u{2800}"), Code::TextEmpty),
        (to("bob", &"\u{1}".repeat(40)), Code::TextTooLong),
        (to("bob", &"x".repeat(101)), Code::TextTooLong),
        (sender("bob"), Code::SenderMismatch),
        (SendMessage { client_id: Some("\n".into()), ..to("bob", "x") }, Code::Invalid),
        (SendMessage { text: "x".into(), ..SendMessage::default() }, Code::Invalid),
    ];
    for (request, code) in cases {
        assert_eq!(world.send(&ann, request).await.unwrap_err().code, code);
    }
    assert_eq!(world.send(&ann, sender("ANN")).await.unwrap().message.seq, 1);
}

#[tokio::test]
async fn the_rate_limit_is_common_to_all_devices_of_a_person_and_refills() {
    let messages = Rate { burst: 3, interval: Duration::from_millis(100) };
    let world = World::with(&Settings { messages, ..settings() });
    let (ann, _) = (world.person("ann").await, world.person("bob").await);
    let token = world.domain.sessions.login(crate::support::login("ann"), None).await.unwrap().token;
    let phone = world.domain.sessions.authenticate(&token).await.unwrap();
    for caller in [&ann, &phone, &ann] {
        world.send(caller, to("bob", "x")).await.unwrap();
    }
    let refused = world.send(&phone, to("bob", "x")).await.unwrap_err();
    assert_eq!((refused.code, refused.problem().retry_after), (Code::RateLimited, Some(1)));
    world.clock.advance(Duration::from_millis(100));
    world.send(&phone, to("bob", "x")).await.unwrap();
    world.send(&ann, to("bob", "x")).await.unwrap_err();
}

#[tokio::test]
async fn only_members_at_the_time_of_sending_are_mentioned() {
    let world = World::new();
    let (ann, bob) = (world.person("Ann").await, world.person("Bob").await);
    // The first message opens the conversation.
    let first = world.send(&ann, to("bob", "hi @BOB, @ann and @eve")).await.unwrap();
    assert_eq!(first.message.mentions, ["Bob", "Ann"]);
    let eve = world.person("Eve").await;
    let group = NewGroup { title: "Crew".into(), members: vec!["bob".into()], history: None };
    let id = world.domain.groups.create(&ann, group).await.unwrap().id;
    let say =
        |text: &str| SendMessage { conversation_id: Some(id), text: text.into(), ..SendMessage::default() };
    let sent = world.send(&ann, say("@bob @eve @ann.")).await.unwrap();
    assert_eq!(sent.message.mentions, ["Bob", "Ann"]);
    world.domain.groups.put_member(&ann, id, "eve", PutMember { role: None }).await.unwrap();
    world.domain.groups.leave(&bob, id).await.unwrap();
    let history = world.domain.conversations.history(&ann, id, Around::End, 9).await.unwrap();
    assert_eq!(history[0].mentions, ["Bob", "Ann"]);
    // An edit mentions who is a member now.
    let edit = EditMessage { conversation_id: id, id: sent.message.id, text: "@bob @EVE".into() };
    let edited = world.sent(world.domain.messages.edit(&ann, edit, None).await).await.unwrap();
    assert_eq!(edited.message.mentions, ["Eve"]);
    let history = world.domain.conversations.history(&eve, id, Around::End, 9).await.unwrap();
    assert!(history.iter().all(|message| message.mentions == ["Eve"]));
}
