use domain::store::{AccountChange, GroupChange, LastSeen, NewGroup, PresenceQuery, UserId};
use protocol::{ConversationId, HistoryAccess, Timestamp};

use crate::support::{Shared, now, send, user, verified};

async fn last_seen(store: &Shared, user: UserId) -> Option<Timestamp> {
    store.account_of(user).await.unwrap().unwrap().last_seen_at
}

async fn sees(store: &Shared, from: UserId, at: UserId) -> bool {
    store.sees(vec![PresenceQuery { from, at }]).await.unwrap()[0]
}

pub(crate) async fn when_somebody_was_last_there_only_moves_forward(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    assert_eq!(last_seen(&store, ann).await, None);
    let [first, second] = [now(), now()];
    let seen = |user, at| LastSeen { user, at };
    store.note_seen(vec![seen(ann, second), seen(bob, first), seen(UserId(99), first)]).await.unwrap();
    store.note_seen(vec![seen(ann, first), seen(bob, second)]).await.unwrap();
    assert_eq!((last_seen(&store, ann).await, last_seen(&store, bob).await), (Some(second), Some(second)));
    store.note_seen(Vec::new()).await.unwrap();
}

pub(crate) async fn people_are_looked_for_in_order(store: Shared) {
    let (ann, bob, eve) =
        (verified(&store, "Ann").await, verified(&store, "Bob").await, verified(&store, "eve").await);
    user(&store, "unverified").await;
    send(&store, ann, bob, "hi").await;
    let at = now();
    store.note_seen(vec![LastSeen { user: bob, at }]).await.unwrap();
    let names = ["eve", "nobody", "BOB", "unverified", "ann"].map(str::to_owned).to_vec();
    let found = store.presence_states(ann, names).await.unwrap();
    let found: Vec<_> =
        found.iter().map(|one| (one.user, &*one.username, one.visible, one.last_seen_at)).collect();
    assert_eq!(found, [(eve, "eve", false, None), (bob, "Bob", true, Some(at)), (ann, "Ann", true, None)]);
    assert_eq!(store.presence_states(ann, Vec::new()).await.unwrap(), []);
}

pub(crate) async fn presence_is_for_people_who_share_a_conversation(store: Shared) {
    let [ann, bob, eve, zoe] = [
        user(&store, "ann").await,
        user(&store, "bob").await,
        user(&store, "eve").await,
        user(&store, "zoe").await,
    ];
    send(&store, ann, bob, "hi").await;
    let group = NewGroup {
        id: ConversationId::mint(now(), 1),
        owner: ann,
        title: "group".into(),
        history: HistoryAccess::Joined,
        members: vec![eve],
        at: now(),
    };
    let group = store.create_group(group).await.unwrap();
    let looks =
        |pairs: &[(UserId, UserId)]| pairs.iter().map(|&(from, at)| PresenceQuery { from, at }).collect();
    let all = looks(&[(ann, bob), (bob, ann), (ann, eve), (eve, ann), (bob, eve), (zoe, ann), (zoe, zoe)]);
    assert_eq!(store.sees(all).await.unwrap(), [true, true, true, true, false, false, true]);
    let change = GroupChange {
        conversation: group.key,
        by: ann,
        at: now(),
        changed_seq: group.changed_seq,
        title: None,
        history: None,
        members: vec![(eve, None)],
    };
    store.change_group(change).await.unwrap().unwrap();
    assert!(!sees(&store, eve, ann).await && !sees(&store, ann, eve).await);
}

pub(crate) async fn who_hides_or_blocks_is_not_seen(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    send(&store, ann, bob, "hi").await;
    store.block(bob, ann, now(), 9).await.unwrap();
    assert!(!sees(&store, ann, bob).await);
    assert!(sees(&store, bob, ann).await);
    store.unblock(bob, ann).await.unwrap();
    for (hidden, visible) in [(true, false), (false, true)] {
        let hide = AccountChange { hide_presence: Some(hidden), ..AccountChange::default() };
        store.change_account(bob, hide).await.unwrap();
        assert_eq!((sees(&store, ann, bob).await, sees(&store, bob, ann).await), (visible, visible));
        assert_eq!(sees(&store, bob, bob).await, visible);
    }
}
