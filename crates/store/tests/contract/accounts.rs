use domain::store::{Account, AccountChange, NewAccount, UserId};

use crate::support::{Shared, code, now, user, verified};

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

fn called(display_name: &str) -> AccountChange {
    AccountChange { display_name: Some(display_name.into()), ..AccountChange::default() }
}

fn ids(accounts: &[Account]) -> Vec<UserId> {
    accounts.iter().map(|account| account.id).collect()
}

pub(crate) async fn what_is_not_changed_of_an_account_stays(store: Shared) {
    let ann = user(&store, "ann").await;
    let changed = store.change_account(ann, called("Ann Lee")).await.unwrap().unwrap();
    assert_eq!((changed.display_name.as_str(), changed.hide_presence), ("Ann Lee", false));
    let hide = AccountChange { hide_presence: Some(true), ..AccountChange::default() };
    let changed = store.change_account(ann, hide).await.unwrap().unwrap();
    assert_eq!((changed.display_name.as_str(), changed.hide_presence), ("Ann Lee", true));
    store.change_account(ann, AccountChange::default()).await.unwrap();
    let stored = store.account("ann").await.unwrap().unwrap();
    assert_eq!((stored.display_name.as_str(), stored.hide_presence), ("Ann Lee", true));
    assert!(store.change_account(UserId(99), called("x")).await.unwrap().is_none());
}

pub(crate) async fn people_are_found_by_the_beginning_of_a_name(store: Shared) {
    let [ann, anton, bob, zoe] = [
        verified(&store, "Ann").await,
        verified(&store, "anton").await,
        verified(&store, "bob").await,
        verified(&store, "zoe").await,
    ];
    user(&store, "anybody").await;
    for (user, name) in [(anton, "Émile"), (bob, "ANNE"), (zoe, "anna \u{10ffff}")] {
        store.change_account(user, called(name)).await.unwrap();
    }
    let by_username = async |prefix, after| ids(&store.accounts_by_username(prefix, after, 9).await.unwrap());
    assert_eq!(by_username("an", "").await, [ann, anton]);
    assert_eq!(by_username("an", "ann").await, [anton]);
    assert_eq!(by_username("an", "anton").await, []);
    assert_eq!(by_username("%", "").await, []);
    let by_display_name = async |prefix| ids(&store.accounts_by_display_name(prefix, None, 9).await.unwrap());
    assert_eq!(by_display_name("an").await, [zoe, bob]);
    assert_eq!(by_display_name("anna").await, [zoe]);
    assert_eq!(by_display_name("émi").await, [anton]);
    // Whose username begins so is found by that alone.
    store.change_account(ann, called("Annabel")).await.unwrap();
    assert_eq!(by_display_name("ann").await, [zoe, bob]);
    store.change_account(bob, called("Robert")).await.unwrap();
    assert_eq!(by_display_name("an").await, [zoe]);
}

pub(crate) async fn who_was_found_comes_page_by_page(store: Shared) {
    let mut people = Vec::new();
    for number in 0..7 {
        let user = verified(&store, &format!("u{number}")).await;
        store.change_account(user, called(if number < 5 { "Pat" } else { "Pau" })).await.unwrap();
        people.push(user);
    }
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = store.accounts_by_display_name("pa", after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some((Account::display_key(&last.display_name), last.id));
        found.extend(ids(&page));
    }
    assert_eq!(found, people);
    assert_eq!(ids(&store.accounts_by_username("u", "u2", 2).await.unwrap()), people[3..5]);
}
