use domain::store::{ConversationKey, CursorMove, Moved, UserId};
use protocol::Cursors;

use crate::support::{Shared, send, user};

async fn talk(store: &Shared) -> (UserId, UserId, ConversationKey) {
    let (ann, bob) = (user(store, "ann").await, user(store, "bob").await);
    let mut key = None;
    for _ in 0..10 {
        key = Some(send(store, ann, bob, "hi").await.0);
    }
    (ann, bob, key.unwrap())
}

async fn advance(
    store: &Shared,
    conversation: ConversationKey,
    user: UserId,
    delivered_seq: u64,
    read_seq: u64,
) -> Moved {
    let to = Cursors { delivered_seq, read_seq };
    store.move_cursors(vec![CursorMove { conversation, user, to }]).await.unwrap().remove(0)
}

fn stands(moved: &Moved) -> (u64, u64, bool) {
    (moved.cursors.delivered_seq, moved.cursors.read_seq, moved.changed)
}

pub(crate) async fn cursors_only_move_forward(store: Shared) {
    let (_, bob, key) = talk(&store).await;
    assert_eq!(stands(&advance(&store, key, bob, 5, 2).await), (5, 2, true));
    assert_eq!(stands(&advance(&store, key, bob, 3, 1).await), (5, 2, false));
    assert_eq!(stands(&advance(&store, key, bob, 5, 4).await), (5, 4, true));
    // Two moves of one member in one call.
    let step = |delivered_seq| CursorMove {
        conversation: key,
        user: bob,
        to: Cursors { delivered_seq, read_seq: 0 },
    };
    let moved = store.move_cursors(vec![step(8), step(7)]).await.unwrap();
    assert_eq!(moved.iter().map(stands).collect::<Vec<_>>(), [(8, 4, true), (8, 4, false)]);
}

pub(crate) async fn cursors_stop_at_the_head(store: Shared) {
    let (_, bob, key) = talk(&store).await;
    assert_eq!(stands(&advance(&store, key, bob, u64::MAX, u64::MAX).await), (10, 10, true));
}

pub(crate) async fn reading_implies_delivery(store: Shared) {
    let (_, bob, key) = talk(&store).await;
    assert_eq!(stands(&advance(&store, key, bob, 0, 6).await), (6, 6, true));
    let record = store.conversation_by_key(key).await.unwrap().unwrap();
    let member = record.members.iter().find(|member| member.user == bob).unwrap();
    assert_eq!(member.cursors, Cursors { delivered_seq: 6, read_seq: 6 });
}

pub(crate) async fn strangers_have_no_cursors(store: Shared) {
    let (_, _, key) = talk(&store).await;
    let eve = user(&store, "eve").await;
    assert_eq!(stands(&advance(&store, key, eve, 5, 5).await), (0, 0, false));
    assert_eq!(stands(&advance(&store, ConversationKey(999), eve, 5, 5).await), (0, 0, false));
}
