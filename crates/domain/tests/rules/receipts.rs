use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::store::{ConversationKey, ConversationStore, Since};
use domain::{Live, LogReader, Settings};
use protocol::{Cursors, MoveCursors, NewGroup, SendMessage};
use tokio::sync::oneshot;

use crate::faulty::Late;
use crate::support::{World, settings, to};

fn receipts(world: &World) -> Vec<(String, u64, u64)> {
    let told = std::mem::take(&mut *world.told.live.lock());
    told.into_iter()
        .filter_map(|(_, live)| match live {
            Live::Receipt(receipt) => Some((receipt.username, receipt.delivered_seq, receipt.read_seq)),
            _ => None,
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn moves_are_gathered_stored_and_told_once() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let mut key = None;
    for _ in 0..10 {
        key = Some(world.send(&ann, to("bob", "x")).await.unwrap().conversation);
    }
    let key = key.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let receipts_of = Arc::clone(&world.domain.receipts);
    let running = tokio::spawn(async move { receipts_of.run(async { drop(stopped.await) }).await });
    for seq in 1..=7 {
        world.domain.receipts.delivered(bob.person.id, key, seq);
    }
    // In sight before it is stored: who reconnects now is not sent them again.
    let upto = world.domain.syncs.position().await.unwrap();
    let mut reader = world.domain.syncs.reader(bob.person.id, Since::Delivered, upto).await.unwrap();
    let lacking = page(&world, &mut reader).await;
    assert_eq!(lacking, [8, 9, 10]);
    assert!(receipts(&world).is_empty());
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(receipts(&world), [("bob".into(), 7, 0)]);
    let record = world.store.conversation_by_key(key).await.unwrap().unwrap();
    let member = record.members.iter().find(|member| member.user == bob.person.id).unwrap();
    assert_eq!(member.cursors, Cursors { delivered_seq: 7, read_seq: 0 });

    // Told to go, it stores what is left.
    world.domain.receipts.delivered(bob.person.id, key, 9);
    drop(stop);
    running.await.unwrap();
    assert_eq!(receipts(&world), [("bob".into(), 9, 0)]);
}

#[tokio::test(start_paused = true)]
async fn a_client_is_answered_with_where_it_stands() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let mut id = None;
    for _ in 0..10 {
        id = Some(world.send(&ann, to("bob", "x")).await.unwrap().message.conversation_id);
    }
    let receipts_of = Arc::clone(&world.domain.receipts);
    let running = tokio::spawn(async move { receipts_of.run(std::future::pending()).await });
    let advance = async |delivered_seq, read_seq| {
        let (answer, answered) = oneshot::channel();
        let request = MoveCursors { conversation_id: id.unwrap(), delivered_seq, read_seq };
        world.domain.receipts.advance_to(&bob, request, move |result| drop(answer.send(result))).await;
        answered.await.unwrap().unwrap()
    };
    assert_eq!(advance(None, Some(4)).await, Cursors { delivered_seq: 4, read_seq: 4 });
    assert_eq!(advance(Some(2), Some(1)).await, Cursors { delivered_seq: 4, read_seq: 4 });
    assert_eq!(advance(Some(99), None).await, Cursors { delivered_seq: 10, read_seq: 4 });
    running.abort();
}

/// The next page, as `seq`s.
async fn page(world: &World, reader: &mut LogReader) -> Vec<u64> {
    let page = world.domain.syncs.page(reader).await.unwrap().unwrap();
    page.deliveries.iter().map(|delivery| delivery.seq).collect()
}

/// Runs the receipts of a world until the end of the test.
fn run(world: &World) {
    let receipts = Arc::clone(&world.domain.receipts);
    tokio::spawn(async move { receipts.run(std::future::pending()).await });
}

#[tokio::test(start_paused = true)]
async fn a_reader_sees_a_move_even_while_it_is_being_stored() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let key = world.send(&ann, to("bob", "1")).await.unwrap().conversation;
    world.send(&ann, to("bob", "2")).await.unwrap();
    run(&world);
    world.domain.receipts.delivered(bob.person.id, key, 1);
    // The store is read before the move is stored, and the reader goes on after.
    let (is_known, let_go) = Late::next(&world.faulty.late);
    let upto = world.domain.syncs.position().await.unwrap();
    let reader = world.domain.syncs.reader(bob.person.id, Since::Delivered, upto);
    let meanwhile = async {
        is_known.await.unwrap();
        tokio::time::sleep(Duration::from_millis(60)).await;
        assert_eq!(receipts(&world), [("bob".into(), 1, 0)]);
        let_go.send(()).unwrap();
    };
    let (reader, ()) = tokio::join!(reader, meanwhile);
    let lacking = page(&world, &mut reader.unwrap()).await;
    assert_eq!(lacking, [2]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_asked_once_a_second_and_loses_nothing() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let key = world.send(&ann, to("bob", "1")).await.unwrap().conversation;
    run(&world);
    world.faulty.failing.store(true, Ordering::SeqCst);
    world.domain.receipts.delivered(bob.person.id, key, 1);
    tokio::time::sleep(Duration::from_secs(10)).await;
    let asked = world.faulty.asked.load(Ordering::SeqCst);
    assert!((5..=10).contains(&asked), "{asked}");
    assert_eq!(receipts(&world), []);
    world.faulty.failing.store(false, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(receipts(&world), [("bob".into(), 1, 0)]);
}

#[tokio::test(start_paused = true)]
async fn many_moves_are_stored_without_waiting_for_the_delay() {
    let world = World::with(&Settings { receipt_delay: Duration::from_mins(1), ..settings() });
    let bob = world.person("bob").await;
    run(&world);
    for key in 0..5000 {
        world.domain.receipts.delivered(bob.person.id, ConversationKey(key), 1);
        if key == 0 {
            // The delay begins.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(world.faulty.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_mark_above_the_log_hides_nothing_from_other_devices() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let first = world.send(&ann, to("bob", "x")).await.unwrap();
    let id = first.message.conversation_id;
    let request = MoveCursors { conversation_id: id, delivered_seq: None, read_seq: Some(u64::MAX) };
    world.domain.receipts.advance_to(&bob, request, drop).await;
    world.send(&ann, to("bob", "y")).await.unwrap();
    let upto = world.domain.syncs.position().await.unwrap();
    let mut reader = world.domain.syncs.reader(bob.person.id, Since::Delivered, upto).await.unwrap();
    let lacking = page(&world, &mut reader).await;
    assert_eq!(lacking, [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn in_a_large_group_a_member_is_told_of_what_they_read_themselves() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let mut members = vec!["bob".to_owned()];
    for number in 0..63 {
        members.push(world.verified(&format!("m{number}")).await);
    }
    let group = NewGroup { title: "all".into(), members, history: None };
    let id = world.domain.groups.create(&ann, group).await.unwrap().id;
    let sent = world
        .send(&ann, SendMessage { conversation_id: Some(id), text: "x".into(), ..SendMessage::default() })
        .await
        .unwrap();
    world.told.live.lock().clear();
    let (stop, stopped) = oneshot::channel::<()>();
    let receipts_of = Arc::clone(&world.domain.receipts);
    let running = tokio::spawn(async move { receipts_of.run(async { drop(stopped.await) }).await });
    world.domain.receipts.delivered(bob.person.id, sent.conversation, sent.seq);
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert!(receipts(&world).is_empty());
    let record = world.store.conversation_by_key(sent.conversation).await.unwrap().unwrap();
    let member = record.members.iter().find(|member| member.user == bob.person.id).unwrap();
    assert_eq!(member.cursors, Cursors { delivered_seq: sent.seq, read_seq: 0 });

    let request = MoveCursors { conversation_id: id, delivered_seq: None, read_seq: Some(sent.seq) };
    world.domain.receipts.advance_to(&bob, request, |_| ()).await;
    tokio::time::sleep(Duration::from_millis(60)).await;
    let told = std::mem::take(&mut *world.told.live.lock());
    let told: Vec<_> = told.into_iter().filter(|(_, live)| matches!(live, Live::Receipt(_))).collect();
    assert!(matches!(&told[..], [(users, Live::Receipt(receipt))]
        if *users == [bob.person.id] && receipt.read_seq == sent.seq));
    drop(stop);
    running.await.unwrap();
}
