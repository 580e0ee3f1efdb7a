use std::sync::Arc;

use domain::store::{
    Action, Committed, EntryKind, Epoch, Follower, GroupChange, GroupEvent, NewGroup, Origin, Position,
    Target,
};
use domain::{NodeId, SocketKey};
use futures_util::FutureExt;
use protocol::{ConversationId, HistoryAccess};

use crate::support::{Said, Shared, all, append, entry, named, now, pair, send, text, user};

/// Many senders write to a few conversations at the same time. Returns the entries as a follower got them.
async fn crowd(store: &Shared, senders: usize, each: usize) -> Vec<Arc<Committed>> {
    let hub = user(store, "hub").await;
    let mut keys = Vec::new();
    for index in 0..4 {
        let other = user(store, &format!("other{index}")).await;
        keys.push((other, send(store, other, hub, "open").await.0));
    }
    let begin = store.position().await.unwrap();
    let follower = store.follow(begin);
    let tasks = (0..senders).map(|index| {
        let (store, (other, key)) = (store.clone(), keys[index % keys.len()]);
        tokio::spawn(async move {
            let mut submitted = Vec::new();
            for count in 0..each {
                let from = if count % 2 == 0 { hub } else { other };
                let what = entry(Target::Direct(key), from, text(&format!("{index}:{count}")));
                submitted.push(store.submit(what, Origin::default()));
            }
            for submitted in submitted {
                submitted.stored().await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    read(store, follower, begin).await
}

/// All entries above a position, as a new follower gets them.
async fn follow(store: &Shared, after: Position) -> Vec<Arc<Committed>> {
    read(store, store.follow(after), after).await
}

/// The entries that a follower at a position gets until it has everything.
async fn read(store: &Shared, follower: Box<dyn Follower + '_>, mut after: Position) -> Vec<Arc<Committed>> {
    let end = store.position().await.unwrap();
    let mut followed = Vec::new();
    while after < end {
        let some = follower.next(7).await.unwrap();
        assert!(!some.is_empty() && some.len() <= 7);
        after = some.last().unwrap().entry.position;
        followed.extend(some);
    }
    followed
}

pub(crate) async fn seq_has_no_gap_and_is_followed_in_order(store: Shared) {
    let followed = crowd(&store, 16, 100).await;
    assert_eq!(followed.len(), 1600);
    let keys: std::collections::BTreeSet<_> =
        followed.iter().map(|committed| committed.conversation).collect();
    for key in keys {
        let of_one = followed.iter().filter(|committed| committed.conversation == key);
        let entries: Vec<_> = of_one.map(|committed| committed.entry.clone()).collect();
        let seqs: Vec<_> = entries.iter().map(|entry| entry.seq).collect();
        assert_eq!(seqs, (2..=401).collect::<Vec<_>>());
        assert_eq!(all(&store, key).await[1..], entries);
    }
}

pub(crate) async fn positions_are_the_order_of_the_whole_store(store: Shared) {
    let followed = crowd(&store, 8, 50).await;
    assert!(followed.windows(2).all(|two| two[0].entry.position < two[1].entry.position));
    assert_eq!(followed.last().unwrap().entry.position, store.position().await.unwrap());
}

pub(crate) async fn what_is_followed_is_readable(store: Shared) {
    let (ann, _, key) = pair(&store).await;
    let follower = store.follow(store.position().await.unwrap());
    for _ in 0..50 {
        let submitted = store.submit(entry(Target::Direct(key), ann, text("x")), Origin::default());
        let followed = follower.next(9).await.unwrap();
        let after = followed.last().unwrap().entry.position;
        assert!(after <= store.position().await.unwrap());
        assert_eq!(submitted.stored().await.unwrap().entry().position, after);
    }
}

pub(crate) async fn an_origin_comes_with_its_entry(store: Shared) {
    let (ann, _, key) = pair(&store).await;
    let position = store.position().await.unwrap();
    let followers = [store.follow(position), store.follow(position)];
    let socket = SocketKey { node: NodeId(2), number: 7 };
    let origin = Origin { socket: Some(socket), ..Origin::default() };
    let stored = store.submit(entry(Target::Direct(key), ann, text("x")), origin).stored().await;
    assert!(!stored.unwrap().duplicate);
    // Every follower gets the origin.
    for follower in &followers {
        let followed = follower.next(9).await.unwrap();
        assert_eq!(followed[0].origin.socket, Some(socket));
    }
}

pub(crate) async fn a_repeat_is_not_followed(store: Shared) {
    let (ann, _, key) = pair(&store).await;
    let after = store.position().await.unwrap();
    let what = || entry(Target::Direct(key), ann, named("c1", "hi"));
    assert!(!append(&store, what()).await.unwrap().duplicate);
    assert!(append(&store, what()).await.unwrap().duplicate);
    append(&store, entry(Target::Direct(key), ann, text("next"))).await.unwrap();
    let seqs: Vec<_> = follow(&store, after).await.iter().map(|committed| committed.entry.seq).collect();
    assert_eq!(seqs, [2, 3]);
}

/// Entries that are no longer kept in memory are read from the log.
pub(crate) async fn the_whole_log_can_be_followed_again(store: Shared) {
    let follower = store.follow(Position(0));
    let (ann, bob, _) = pair(&store).await;
    let group = NewGroup {
        id: ConversationId::mint(now(), 1),
        owner: ann,
        title: "Tea".into(),
        history: HistoryAccess::Joined,
        members: vec![bob],
        at: now(),
    };
    let group = store.create_group(group).await.unwrap();
    let first = append(&store, entry(Target::Group(group.key), ann, text("first"))).await.unwrap();
    let react = Action::React { id: first.entry().said().id, emoji: "👍".into(), on: true };
    append(&store, entry(Target::Group(group.key), bob, react)).await.unwrap();
    let change = GroupChange {
        conversation: group.key,
        by: ann,
        at: now(),
        changed_seq: group.changed_seq,
        title: Some("Coffee".into()),
        history: None,
        members: vec![(bob, None)],
    };
    store.change_group(change).await.unwrap().unwrap();
    let seen = |committed: &Arc<Committed>| {
        let Committed { conversation, entry, roster, group_change, .. } = &**committed;
        (*conversation, entry.seq, entry.position, entry.kind, roster.clone(), group_change.clone())
    };
    let at_once: Vec<_> = read(&store, follower, Position(0)).await.iter().map(seen).collect();
    assert_eq!(at_once.len(), 5);
    let kinds: Vec<_> = at_once.iter().map(|(.., kind, _, _)| *kind).collect();
    let (message, changed) = (EntryKind::Message, EntryKind::GroupChange);
    assert_eq!(kinds, [message, changed, message, EntryKind::MessageChange, changed]);
    let rosters: Vec<_> =
        at_once.iter().map(|(.., roster, _)| roster.as_deref().map(<[_]>::to_vec)).collect();
    assert_eq!(rosters, [None, None, Some(vec![ann, bob]), Some(vec![ann, bob]), None]);
    let left = at_once[4].5.as_ref().unwrap();
    assert_eq!(left.events, [GroupEvent::Title("Coffee".into()), GroupEvent::Left(bob)]);
    // A follower behind the last entry has nothing to read, and waits.
    assert!(store.follow(at_once[4].2).next(1).now_or_never().is_none());
    // Entries that are read again have the present members.
    let again: Vec<_> = follow(&store, Position(0)).await.iter().map(seen).collect();
    for (again, at_once) in again.iter().zip(&at_once) {
        assert_eq!((again.0, again.1, again.2, again.3), (at_once.0, at_once.1, at_once.2, at_once.3));
        assert_eq!(again.5, at_once.5);
        assert_eq!(again.4, at_once.4.as_ref().map(|_| [ann].into()));
    }
    assert_eq!(again.len(), 5);
}

pub(crate) async fn a_position_was_reached_in_an_epoch_of_this_log(store: Shared) {
    let epoch = store.epoch();
    assert!(store.reached(epoch, Position(0)) && !store.reached(epoch, Position(1)));
    let (ann, bob, _) = pair(&store).await;
    send(&store, ann, bob, "second").await;
    assert!(store.reached(epoch, Position(2)) && !store.reached(epoch, Position(3)));
    assert!(!store.reached(Epoch([0; 8]), Position(0)));
}
