use std::time::Duration;

use domain::store::{NewSession, Rotation, SessionRecord, UserId};
use protocol::{SessionId, Timestamp};

use crate::support::{Shared, now, user};

const LATER: Timestamp = Timestamp::from_millis(1_900_000_000_000);

async fn begin(store: &Shared, user: UserId, refresh: u8) -> SessionRecord {
    let at = now();
    let id = SessionId::mint(at, u128::from(refresh));
    let session = SessionRecord { id, user, device: Some("phone".into()), created_at: at, last_seen_at: at };
    let new = NewSession { session: session.clone(), refresh: [refresh; 32], refresh_expires_at: LATER };
    store.create_session(new).await.unwrap();
    session
}

pub(crate) async fn a_refresh_token_works_once(store: Shared) {
    let ann = user(&store, "ann").await;
    let session = begin(&store, ann, 1).await;
    let at = now();
    let rotated = store.rotate([1; 32], [2; 32], LATER, at).await.unwrap();
    assert_eq!(rotated, Rotation::Rotated(SessionRecord { last_seen_at: at, ..session.clone() }));
    assert!(matches!(store.rotate([2; 32], [3; 32], LATER, now()).await.unwrap(), Rotation::Rotated(_)));

    let reused = store.rotate([1; 32], [4; 32], LATER, now()).await.unwrap();
    assert!(matches!(reused, Rotation::Reused(of) if of.id == session.id));
    assert_eq!(store.session(session.id).await.unwrap(), None);
    assert_eq!(store.rotate([3; 32], [5; 32], LATER, now()).await.unwrap(), Rotation::Unknown);
    assert_eq!(store.rotate([4; 32], [5; 32], LATER, now()).await.unwrap(), Rotation::Unknown);
}

pub(crate) async fn of_two_uses_at_the_same_time_one_is_the_second(store: Shared) {
    let ann = user(&store, "ann").await;
    begin(&store, ann, 1).await;
    let uses = [2, 3].map(|next| {
        let store = store.clone();
        tokio::spawn(async move { store.rotate([1; 32], [next; 32], LATER, now()).await.unwrap() })
    });
    let mut rotated = 0;
    for attempt in uses {
        rotated += usize::from(matches!(attempt.await.unwrap(), Rotation::Rotated(_)));
    }
    assert_eq!(rotated, 1);
    assert!(store.sessions_of(ann).await.unwrap().is_empty());
}

pub(crate) async fn an_expired_refresh_token_is_unknown(store: Shared) {
    let ann = user(&store, "ann").await;
    let session = begin(&store, ann, 1).await;
    assert_eq!(store.rotate([1; 32], [2; 32], LATER, LATER).await.unwrap(), Rotation::Unknown);
    assert!(store.session(session.id).await.unwrap().is_some());
}

pub(crate) async fn only_its_owner_ends_a_session(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let (first, second) = (begin(&store, ann, 1).await, begin(&store, ann, 2).await);
    assert!(!store.end_session(bob, first.id).await.unwrap());
    assert_eq!(store.sessions_of(ann).await.unwrap(), [second.clone(), first.clone()]);
    assert!(store.end_session(ann, first.id).await.unwrap());
    assert!(!store.end_session(ann, first.id).await.unwrap());
    assert_eq!(store.sessions_of(ann).await.unwrap(), [second]);
    assert_eq!(store.rotate([1; 32], [9; 32], LATER, now()).await.unwrap(), Rotation::Unknown);
}

pub(crate) async fn what_expired_is_forgotten(store: Shared) {
    let ann = user(&store, "ann").await;
    let (old, kept) = (begin(&store, ann, 1).await, begin(&store, ann, 2).await);
    let much_later = LATER.plus(Duration::from_hours(1));
    store.rotate([2; 32], [3; 32], much_later, now()).await.unwrap();
    assert_eq!(store.forget_expired(now()).await.unwrap(), []);
    assert_eq!(store.forget_expired(LATER).await.unwrap(), std::slice::from_ref(&old));
    assert_eq!(store.session(old.id).await.unwrap(), None);
    assert!(store.session(kept.id).await.unwrap().is_some());
    assert_eq!(store.try_code(ann).await.unwrap(), None);
}
