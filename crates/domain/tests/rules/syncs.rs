use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::store::{
    Action, Append, ConversationKey, EntryKind, MessageStore, Origin, Position, Since, Target, UserId,
};
use domain::{Caller, Clock, Delivery, LogReader, Rate, Settings};
use protocol::{
    ChangeConversation, Code, EditMessage, Message, MessageId, NewGroup, PutMember, ReactToMessage, Role,
    SendMessage, SyncEvent,
};

use crate::support::{World, settings, to};

/// Reads to the end. Gives all deliveries, and all of [`domain::Page::skipped`].
async fn read(world: &World, reader: &mut LogReader) -> (Vec<Delivery>, Vec<(ConversationKey, u64)>) {
    let (mut deliveries, mut skipped) = (Vec::new(), Vec::new());
    while let Some(page) = world.domain.syncs.page(reader).await.unwrap() {
        deliveries.extend(page.deliveries);
        skipped.extend(page.skipped);
    }
    (deliveries, skipped)
}

/// All entries that a user lacks.
async fn lacking(world: &World, user: UserId, since: Since) -> Vec<Delivery> {
    let syncs = &world.domain.syncs;
    let mut reader = syncs.reader(user, since, syncs.position().await.unwrap()).await.unwrap();
    let (deliveries, _) = read(world, &mut reader).await;
    assert!(reader.is_done());
    deliveries
}

/// The same by `sync`, with `limit` events at a time.
async fn synced(world: &World, user: UserId, since: Position, limit: u32) -> Vec<Delivery> {
    let (syncs, mut all, mut cursor) = (&world.domain.syncs, Vec::new(), world.domain.syncs.cursor(since));
    loop {
        let mut reader = syncs.reader_after(user, Some(&cursor), Some(limit)).await.unwrap();
        let (deliveries, _) = read(world, &mut reader).await;
        assert!(deliveries.len() <= limit as usize);
        all.extend(deliveries);
        cursor = syncs.cursor(reader.reached());
        if reader.is_done() {
            return all;
        }
    }
}

fn id(delivery: &Delivery) -> MessageId {
    delivery.message.as_ref().unwrap().id
}

fn kinds(deliveries: &[Delivery]) -> Vec<(EntryKind, u64)> {
    deliveries.iter().map(|delivery| (delivery.kind, delivery.seq)).collect()
}

async fn edit(world: &World, caller: &Caller, message: &Message, text: &str) {
    let request = EditMessage { conversation_id: message.conversation_id, id: message.id, text: text.into() };
    world.sent(world.domain.messages.edit(caller, request, None).await).await.unwrap();
}

async fn react(world: &World, caller: &Caller, message: &Message, on: bool) {
    let (conversation_id, id) = (message.conversation_id, message.id);
    let request = ReactToMessage { conversation_id, id, emoji: "👍".into(), on };
    world.sent(world.domain.messages.react(caller, request, None).await).await.unwrap();
}

#[tokio::test]
async fn the_logs_of_all_conversations_are_one_stream_in_the_order_of_commitment() {
    let world = World::new();
    let ann = world.person("ann").await;
    let mut others = Vec::new();
    for name in ["b0", "b1", "b2", "b3", "b4", "b5", "b6"] {
        others.push(world.person(name).await);
    }
    let mut expected = Vec::new();
    // Conversations of very different lengths, mixed.
    for count in 0..900_usize {
        let index = if count % 5 == 0 { count % others.len() } else { 0 };
        let (from, receiver) = if count % 11 == 0 {
            (&ann, others[index].person.username.to_string())
        } else {
            (&others[index], "ann".into())
        };
        expected.push(world.send(from, to(&receiver, &count.to_string())).await.unwrap().message.id);
    }
    let all = lacking(&world, ann.person.id, Since::Delivered).await;
    assert_eq!(all.iter().map(id).collect::<Vec<_>>(), expected);
    assert!(all.iter().all(|delivery| delivery.own == (delivery.message.as_ref().unwrap().sender == "ann")));
    for limit in [1, 7, 256, 1_000] {
        let all = synced(&world, ann.person.id, Position(0), limit).await;
        assert_eq!(all.iter().map(id).collect::<Vec<_>>(), expected);
    }
    for position in [0, 1, 450, 899, 900] {
        let all = lacking(&world, ann.person.id, Since::Position(Position(position))).await;
        assert_eq!(all.iter().map(id).collect::<Vec<_>>(), expected[usize::try_from(position).unwrap()..]);
    }
}

#[tokio::test]
async fn a_cursor_is_read_as_it_was_written() {
    let world = World::new();
    let (ann, _) = (world.person("ann").await, world.person("bob").await);
    for text in ["1", "2"] {
        world.send(&ann, to("bob", text)).await.unwrap();
    }
    let syncs = &world.domain.syncs;
    for position in [Position(0), Position(1), syncs.position().await.unwrap()] {
        assert_eq!(syncs.resume(&syncs.cursor(position)).unwrap(), position);
    }
    let ahead = syncs.cursor(Position(3));
    // Another log, of the same length.
    let other = World::new();
    let (ann, _) = (other.person("ann").await, other.person("bob").await);
    for text in ["1", "2"] {
        other.send(&ann, to("bob", text)).await.unwrap();
    }
    let others = other.domain.syncs.cursor(Position(1));
    let long = "A".repeat(1000);
    let none = ["", "x", "AAAA", "AAAAAAAAAAAAA", "AQAAAAAAAAAB", "ключ", long.as_str()];
    for bad in none.into_iter().chain([ahead.as_str(), others.as_str()]) {
        assert_eq!(syncs.resume(bad).unwrap_err().code, Code::CursorInvalid, "{bad}");
    }
}

#[tokio::test]
async fn what_is_hidden_is_passed_over_a_part_at_a_time() {
    let world = World::new();
    let (ann, bob, eve) = (world.person("ann").await, world.person("bob").await, world.person("eve").await);
    let first = world.send(&ann, to("bob", "seen")).await.unwrap();
    world.domain.blocks.block(&bob, "ann").await.unwrap();
    for _ in 0..9_000 {
        world.send(&ann, to("bob", "hidden")).await.unwrap();
    }
    world.send(&eve, to("bob", "seen, too")).await.unwrap();
    let syncs = &world.domain.syncs;
    for since in [Since::Delivered, Since::Position(Position(0))] {
        let mut reader = syncs.reader(bob.person.id, since, syncs.position().await.unwrap()).await.unwrap();
        let (mut texts, mut passed, mut reached, mut pages) = (Vec::new(), Vec::new(), Position(0), 0);
        while let Some(page) = syncs.page(&mut reader).await.unwrap() {
            texts.extend(page.deliveries.into_iter().map(|delivery| delivery.message.unwrap().text));
            passed.extend(page.skipped);
            // Who goes on from there later has what is left.
            assert!(reader.reached() >= reached);
            reached = reader.reached();
            pages += 1;
        }
        assert_eq!(texts, ["seen", "seen, too"]);
        // Half of what is looked at in one reading of two conversations, and then the rest.
        let key = first.conversation;
        assert_eq!((passed, pages), (vec![(key, 4_096), (key, 9_001)], 2));
        assert_eq!(reached, syncs.position().await.unwrap());
    }
}

#[tokio::test]
async fn hidden_messages_are_scanned_only_once() {
    const HIDDEN: u64 = 140_000;
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let first = world.send(&ann, to("bob", "seen")).await.unwrap();
    world.domain.blocks.block(&bob, "ann").await.unwrap();
    for random in 0..HIDDEN {
        let (client_id, text, attachments) = (None, "hidden".into(), Vec::new());
        let action = Action::Message { client_id, text, reply_to: None, attachments };
        let (target, at) = (Target::Direct(first.conversation), world.clock.now());
        let append = Append { target, sender: ann.person.id, at, random, action, mentions: Vec::new() };
        world.store.submit(append, Origin::default()).stored().await.unwrap();
    }
    let (syncs, user) = (&world.domain.syncs, bob.person.id);
    let readings = || world.faulty.readings.swap(0, Ordering::SeqCst);
    // A page of `sync` looks at so much and no more, and the next goes on behind it.
    let (mut cursor, mut rest) = (syncs.cursor(Position(0)), Vec::new());
    loop {
        let mut reader = syncs.reader_after(user, Some(&cursor), None).await.unwrap();
        let (deliveries, _) = read(&world, &mut reader).await;
        cursor = syncs.cursor(reader.reached());
        rest.push((deliveries.len(), readings()));
        if reader.is_done() {
            break;
        }
    }
    assert_eq!(rest, [(1, 17), (0, 1)]);
    let mut reader = syncs.reader_after(user, Some(&cursor), None).await.unwrap();
    assert!(read(&world, &mut reader).await.0.is_empty());
    assert_eq!(readings(), 0);

    // At connecting, all of it is; then the mark stands behind it.
    let mut reader = syncs.reader(user, Since::Delivered, syncs.position().await.unwrap()).await.unwrap();
    let (deliveries, passed) = read(&world, &mut reader).await;
    assert_eq!((deliveries.len(), readings()), (1, 18));
    assert_eq!(passed.last(), Some(&(first.conversation, HIDDEN + 1)));
    for (key, seq) in passed {
        world.domain.receipts.delivered(user, key, seq);
    }
    // Not stored yet, and stored.
    assert!(lacking(&world, user, Since::Delivered).await.is_empty());
    assert_eq!(readings(), 1);
    world.domain.receipts.run(std::future::ready(())).await;
    assert!(lacking(&world, user, Since::Delivered).await.is_empty());
    assert_eq!(readings(), 0);
}

#[tokio::test]
async fn only_the_last_change_of_a_message_is_delivered() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let first = world.send(&ann, to("bob", "0")).await.unwrap();
    let known = world.domain.syncs.position().await.unwrap();
    for number in 1..=600 {
        edit(&world, &ann, &first.message, &number.to_string()).await;
    }
    world.send(&ann, to("bob", "second")).await.unwrap();
    edit(&world, &ann, &first.message, "last").await;
    let texts = |deliveries: &[Delivery]| -> Vec<String> {
        deliveries.iter().map(|delivery| delivery.message.as_ref().unwrap().text.clone()).collect()
    };
    // Who lacks the message is told that it is new, in its present state, and its last change in its place.
    let all = lacking(&world, bob.person.id, Since::Delivered).await;
    let expected = [(EntryKind::Message, 1), (EntryKind::Message, 602), (EntryKind::MessageChange, 603)];
    assert_eq!(
        (kinds(&all), texts(&all)),
        (expected.to_vec(), ["last", "second", "last"].map(Into::into).to_vec())
    );
    for limit in [1, 2, 200] {
        assert_eq!(kinds(&synced(&world, bob.person.id, Position(0), limit).await), expected);
        assert_eq!(kinds(&synced(&world, bob.person.id, known, limit).await), expected[1..]);
    }
    // What was left out counts as delivered.
    let syncs = &world.domain.syncs;
    let mut reader = syncs.reader(bob.person.id, Since::Position(known), Position(601)).await.unwrap();
    let (deliveries, passed) = read(&world, &mut reader).await;
    assert_eq!((deliveries.len(), passed), (600, Vec::new()), "the last change is above");
    let mut reader =
        syncs.reader(bob.person.id, Since::Position(known), syncs.position().await.unwrap()).await.unwrap();
    let first_page = syncs.page(&mut reader).await.unwrap().unwrap();
    assert_eq!((kinds(&first_page.deliveries), reader.is_done()), (expected[1..].to_vec(), true));
}

#[tokio::test]
async fn what_others_changed_of_ones_own_message_is_not_ones_own() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let own = world.send(&bob, to("ann", "mine")).await.unwrap();
    react(&world, &ann, &own.message, true).await;
    let deliveries = lacking(&world, bob.person.id, Since::Delivered).await;
    let owns: Vec<_> = deliveries.iter().map(|delivery| (delivery.kind, delivery.own)).collect();
    assert_eq!(owns, [(EntryKind::Message, true), (EntryKind::MessageChange, false)]);
    // Nor is one's own change in whose favour theirs is left out.
    edit(&world, &bob, &own.message, "mine!").await;
    let deliveries = lacking(&world, bob.person.id, Since::Delivered).await;
    let owns: Vec<_> = deliveries.iter().map(|delivery| (delivery.kind, delivery.own)).collect();
    assert_eq!(owns, [(EntryKind::Message, true), (EntryKind::MessageChange, false)]);
}

#[tokio::test]
async fn a_group_is_told_before_its_messages_and_when_it_changed_last() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let begin = NewGroup { title: "Crew".into(), members: vec!["bob".into()], history: None };
    let id = world.domain.groups.create(&ann, begin).await.unwrap().id;
    let rename = async |title: &str| {
        let request = ChangeConversation { title: Some(title.into()), ..ChangeConversation::default() };
        world.domain.groups.change(&ann, id, request).await.unwrap();
    };
    let say = async || {
        let request = SendMessage { conversation_id: Some(id), text: "hi".into(), ..SendMessage::default() };
        world.send(&ann, request).await.unwrap();
    };
    rename("Second").await; // 2
    say().await; // 3
    rename("Third").await; // 4
    world.person("eve").await;
    world.domain.groups.put_member(&ann, id, "eve", PutMember { role: None }).await.unwrap(); // 5
    let request = PutMember { role: Some(Role::Admin) };
    world.domain.groups.put_member(&ann, id, "bob", request).await.unwrap(); // 6
    let deliveries = lacking(&world, bob.person.id, Since::Delivered).await;
    let expected = [(EntryKind::GroupChange, 1), (EntryKind::Message, 3), (EntryKind::GroupChange, 6)];
    assert_eq!(kinds(&deliveries), expected);
    for delivery in deliveries {
        let title = match world.domain.syncs.event(&bob, delivery).await.unwrap().unwrap() {
            SyncEvent::Conversation(conversation) => conversation.title,
            _ => continue,
        };
        assert_eq!(title.as_deref(), Some("Third"));
    }
    let eve = world.caller("eve").await;
    let deliveries = lacking(&world, eve.person.id, Since::Delivered).await;
    assert_eq!(kinds(&deliveries), [(EntryKind::GroupChange, 5), (EntryKind::GroupChange, 6)]);
    // Who is taken out meanwhile is told nothing of it.
    world.domain.groups.remove_member(&ann, id, "eve").await.unwrap();
    for delivery in deliveries {
        assert_eq!(world.domain.syncs.event(&eve, delivery).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_page_of_sync_ends_where_the_texts_are_long() {
    let world = World::with(&Settings { text_bytes: 16 * 1024, ..settings() });
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    for _ in 0..100 {
        world.send(&ann, to("bob", &"x".repeat(16 * 1024))).await.unwrap();
    }
    let syncs = &world.domain.syncs;
    let (mut cursor, mut pages) = (syncs.cursor(Position(0)), Vec::new());
    loop {
        let mut reader = syncs.reader_after(bob.person.id, Some(&cursor), Some(1_000)).await.unwrap();
        pages.push(read(&world, &mut reader).await.0.len());
        cursor = syncs.cursor(reader.reached());
        if reader.is_done() {
            break;
        }
    }
    assert_eq!(pages, [64, 36]);
    // Without a cursor there is nothing, and everything is behind it.
    let mut reader = syncs.reader_after(bob.person.id, None, None).await.unwrap();
    assert!(syncs.page(&mut reader).await.unwrap().is_none());
    assert_eq!((reader.reached(), reader.is_done()), (syncs.position().await.unwrap(), true));
    for (cursor, limit) in [(None, 0), (Some(&*cursor), 1_001)] {
        let refused = syncs.reader_after(bob.person.id, cursor, Some(limit)).await.err().unwrap();
        assert_eq!(refused.field.as_deref(), Some("limit"));
    }
}

#[tokio::test]
async fn each_conversation_counts_like_a_request_of_its_reader() {
    let requests = Rate { burst: 5, interval: Duration::from_secs(2) };
    let world = World::with(&Settings { requests, ..settings() });
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    for number in 0..3 {
        let begin = NewGroup { title: format!("Group {number}"), members: vec!["bob".into()], history: None };
        world.domain.groups.create(&ann, begin).await.unwrap();
    }
    for delivery in lacking(&world, bob.person.id, Since::Delivered).await {
        assert!(world.domain.syncs.event(&bob, delivery).await.unwrap().is_some());
    }
    let turns: Vec<_> = (0..3).map(|_| bob.turn(&*world.clock).unwrap()).collect();
    assert_eq!(turns, [Duration::ZERO, Duration::ZERO, Duration::from_secs(2)]);
    // Those of others do not count for it.
    assert_eq!(ann.turn(&*world.clock).unwrap(), Duration::ZERO);
}
