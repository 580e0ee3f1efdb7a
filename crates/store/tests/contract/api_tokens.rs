use domain::store::{ApiTokenRecord, Hash, UserId};
use protocol::{SessionId, Timestamp};

use crate::support::{Shared, now, user};

const MOST: usize = 3;

fn token(user: UserId, byte: u8, expires_at: Option<Timestamp>) -> (ApiTokenRecord, Hash) {
    let created_at = now();
    let id = SessionId::mint(created_at, u128::from(byte));
    let token = ApiTokenRecord { id, user, name: "bot".into(), created_at, expires_at, last_used_at: None };
    (token, [byte; 32])
}

async fn make(store: &Shared, user: UserId, byte: u8, expires_at: Option<Timestamp>) -> ApiTokenRecord {
    let (token, hash) = token(user, byte, expires_at);
    assert!(store.create_api_token(token.clone(), hash, MOST).await.unwrap());
    token
}

pub(crate) async fn a_token_is_found_by_its_hash(store: Shared) {
    let ann = user(&store, "ann").await;
    let lasting = make(&store, ann, 1, None).await;
    let ending = make(&store, ann, 2, Some(now())).await;
    assert_eq!(store.api_token([1; 32]).await.unwrap(), Some(lasting));
    assert_eq!(store.api_token([2; 32]).await.unwrap(), Some(ending.clone()));
    assert_eq!(store.api_token([3; 32]).await.unwrap(), None);
    // An API token is not a session.
    assert_eq!(store.session(ending.id).await.unwrap(), None);
    assert!(!store.end_session(ann, ending.id, now()).await.unwrap());
    assert!(store.sessions_of(ann).await.unwrap().is_empty());
}

pub(crate) async fn only_its_owner_lists_and_ends_a_token(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let (first, second) = (make(&store, ann, 1, None).await, make(&store, ann, 2, None).await);
    assert!(store.api_tokens_of(bob).await.unwrap().is_empty());
    assert!(!store.end_api_token(bob, first.id, now()).await.unwrap());
    assert_eq!(store.api_tokens_of(ann).await.unwrap(), [second.clone(), first.clone()]);
    assert!(store.end_api_token(ann, first.id, now()).await.unwrap());
    assert!(!store.end_api_token(ann, first.id, now()).await.unwrap());
    assert_eq!(store.api_tokens_of(ann).await.unwrap(), [second]);
    assert_eq!(store.api_token([1; 32]).await.unwrap(), None);
}

pub(crate) async fn an_account_has_so_many_tokens_at_most(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let first = make(&store, ann, 1, None).await;
    for byte in 2..=3 {
        make(&store, ann, byte, None).await;
    }
    let (more, hash) = token(ann, 4, None);
    assert!(!store.create_api_token(more.clone(), hash, MOST).await.unwrap());
    assert_eq!(store.api_token(hash).await.unwrap(), None);
    make(&store, bob, 5, None).await;
    assert!(store.end_api_token(ann, first.id, now()).await.unwrap());
    assert!(store.create_api_token(more, hash, MOST).await.unwrap());
}

pub(crate) async fn of_two_made_at_the_same_time_one_is_too_many(store: Shared) {
    let ann = user(&store, "ann").await;
    for byte in 1..=2 {
        make(&store, ann, byte, None).await;
    }
    let both = [3, 4].map(|byte| {
        let store = store.clone();
        let (token, hash) = token(ann, byte, None);
        tokio::spawn(async move { store.create_api_token(token, hash, MOST).await.unwrap() })
    });
    let mut made = 0;
    for one in both {
        made += usize::from(one.await.unwrap());
    }
    assert_eq!((made, store.api_tokens_of(ann).await.unwrap().len()), (1, MOST));
}

pub(crate) async fn uses_are_noted_forward(store: Shared) {
    let ann = user(&store, "ann").await;
    let made = make(&store, ann, 1, None).await;
    let (early, late) = (now(), now());
    for at in [late, early] {
        store.note_api_token_used([1; 32], at).await.unwrap();
        let noted = store.api_token([1; 32]).await.unwrap();
        assert_eq!(noted, Some(ApiTokenRecord { last_used_at: Some(late), ..made.clone() }));
    }
    store.note_api_token_used([2; 32], late).await.unwrap();
    assert_eq!(store.api_tokens_of(ann).await.unwrap().len(), 1);
}

pub(crate) async fn expired_tokens_are_ended(store: Shared) {
    let ann = user(&store, "ann").await;
    let (soon, later) = (now(), now());
    let old = make(&store, ann, 1, Some(soon)).await;
    let kept = [make(&store, ann, 2, Some(later)).await, make(&store, ann, 3, None).await];
    assert_eq!(store.end_expired_api_tokens(soon).await.unwrap(), [old]);
    assert_eq!(store.end_expired_api_tokens(soon).await.unwrap(), []);
    let mut left = store.api_tokens_of(ann).await.unwrap();
    left.reverse();
    assert_eq!(left, kept);
}
