use std::sync::Arc;
use std::time::Duration;

use domain::Live;
use domain::store::{ConversationStore, Since};
use protocol::{Cursors, MoveCursors};
use tokio::sync::oneshot;

use crate::support::{World, to};

fn receipts(world: &World) -> Vec<(String, u64, u64)> {
    let told = std::mem::take(&mut *world.told.live.lock());
    told.into_iter()
        .filter_map(|(_, live)| match live {
            Live::Receipt(receipt) => Some((receipt.username, receipt.delivered_seq, receipt.read_seq)),
            Live::Entry { .. } | Live::Conversation(_) => None,
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
    let upto = world.domain.syncs.position();
    let mut reader = world.domain.syncs.reader(bob.person.id, Since::Delivered, upto).await.unwrap();
    let lacking: Vec<_> = reader.next(99).await.unwrap().iter().map(|caught| caught.seq).collect();
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
