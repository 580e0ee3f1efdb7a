use domain::store::NewAccount;

use crate::support::{Shared, code, now, user};

pub(crate) async fn a_username_is_taken_in_any_case(store: Shared) {
    let ann = user(&store, "Ann").await;
    let again = NewAccount {
        username: "aNN".into(),
        display_name: "x".into(),
        email: None,
        password_hash: "x".into(),
        created_at: now(),
    };
    assert_eq!(store.create_account(again, code(2)).await.unwrap(), None);
    let found = store.account("ANN").await.unwrap().unwrap();
    assert_eq!((found.id, found.username.as_str()), (ann, "Ann"));
    assert!(!found.verified);
    assert_eq!(store.account_of(ann).await.unwrap().unwrap().username, "Ann");
    assert!(store.account("bob").await.unwrap().is_none());
}

pub(crate) async fn a_code_is_used_once(store: Shared) {
    let ann = user(&store, "ann").await;
    assert!(!store.use_code(ann, &code(9)).await.unwrap());
    assert!(!store.account_of(ann).await.unwrap().unwrap().verified);
    assert!(store.use_code(ann, &code(1)).await.unwrap());
    assert!(store.account_of(ann).await.unwrap().unwrap().verified);
    assert!(!store.use_code(ann, &code(1)).await.unwrap());
    assert_eq!(store.try_code(ann).await.unwrap(), None);
}

pub(crate) async fn tries_at_the_same_time_are_counted_one_by_one(store: Shared) {
    let ann = user(&store, "ann").await;
    let tries = (0..20).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.try_code(ann).await.unwrap().unwrap().tries })
    });
    let mut counted = Vec::new();
    for attempt in tries.collect::<Vec<_>>() {
        counted.push(attempt.await.unwrap());
    }
    counted.sort_unstable();
    assert_eq!(counted, (1..=20).collect::<Vec<_>>());
}

pub(crate) async fn a_new_code_starts_again(store: Shared) {
    let ann = user(&store, "ann").await;
    store.try_code(ann).await.unwrap();
    store.put_code(ann, code(2)).await.unwrap();
    let attempt = store.try_code(ann).await.unwrap().unwrap();
    assert_eq!((attempt.tries, attempt.code), (1, code(2)));
    assert!(!store.use_code(ann, &code(1)).await.unwrap());
}
