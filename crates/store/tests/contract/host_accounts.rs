use domain::store::{EndedSession, NewHostAccount, Purpose};
use protocol::SessionId;

use crate::support::{NEVER, Shared, now, user, verified};

const ISSUER: &str = "https://app.example";

fn person(issuer: &str, subject: &str, username: &str) -> NewHostAccount {
    let created_at = now();
    NewHostAccount {
        issuer: issuer.into(),
        subject: subject.into(),
        username: username.into(),
        display_name: "Ann B.".into(),
        created_at,
        session: session(),
    }
}

fn session() -> SessionId {
    let at = now();
    SessionId::mint(at, u128::from(at.as_millis().unsigned_abs()))
}

pub(crate) async fn a_person_of_an_issuer_has_one_account(store: Shared) {
    assert!(store.host_account(ISSUER, "1").await.unwrap().is_none());
    let new = person(ISSUER, "1", "Ann");
    let made = store.create_host_account(new.clone(), NEVER).await.unwrap().unwrap();
    assert_eq!((made.session, made.not_before), (new.session, None));
    let account = &made.account;
    assert_eq!((account.username.as_str(), account.display_name.as_str()), ("Ann", "Ann B."));
    assert!(account.verified && account.password_hash.is_empty() && account.email.is_none());
    // A second sight gives the same, whatever it would have made.
    let again = store.create_host_account(person(ISSUER, "1", "other"), NEVER).await.unwrap().unwrap();
    assert_eq!((again.account.id, again.session), (account.id, made.session));
    assert_eq!(again.account.username, "Ann");
    let found = store.host_account(ISSUER, "1").await.unwrap().unwrap();
    assert_eq!(found.account.id, account.id);
    let found = store.host_account_of(made.session).await.unwrap().unwrap();
    assert_eq!(found.account.id, account.id);
    for (issuer, subject) in [(ISSUER, "2"), ("https://other.example", "1"), (ISSUER, "Ann")] {
        assert!(store.host_account(issuer, subject).await.unwrap().is_none(), "{issuer} {subject}");
    }
    // Others find the person like anybody.
    let people = store.accounts_by_username(account.id, "an", "", 10).await.unwrap();
    assert_eq!(people.len(), 1);
    assert_eq!(store.account("ann").await.unwrap().unwrap().id, account.id);
}

pub(crate) async fn of_two_first_sights_at_the_same_time_one_makes_the_account(store: Shared) {
    let sights = [1, 2, 3, 4].map(|_| {
        let (store, new) = (store.clone(), person(ISSUER, "1", "ann"));
        tokio::spawn(async move { store.create_host_account(new, NEVER).await.unwrap().unwrap() })
    });
    let mut made = Vec::new();
    for sight in sights {
        let seen = sight.await.unwrap();
        made.push((seen.account.id, seen.session));
    }
    made.dedup();
    assert_eq!(made.len(), 1);
}

pub(crate) async fn a_username_that_somebody_has_is_not_taken_over(store: Shared) {
    verified(&store, "ann").await;
    assert!(store.create_host_account(person(ISSUER, "1", "ANN"), NEVER).await.unwrap().is_none());
    let made = store.create_host_account(person(ISSUER, "1", "bob"), NEVER).await.unwrap().unwrap();
    let other = person("https://other.example", "1", "bob");
    assert!(store.create_host_account(other, NEVER).await.unwrap().is_none());
    assert!(store.host_account("https://other.example", "1").await.unwrap().is_none());
    // A name that nobody verified in time is free; before, it is not.
    let before = now();
    user(&store, "cyd").await;
    assert!(store.create_host_account(person(ISSUER, "3", "cyd"), before).await.unwrap().is_none());
    let cyd = store.create_host_account(person(ISSUER, "3", "Cyd"), now()).await.unwrap().unwrap();
    assert!(cyd.account.verified && cyd.account.username == "Cyd" && cyd.account.password_hash.is_empty());
    assert!(store.codes(cyd.account.id, Purpose::Verify, NEVER).await.unwrap().is_empty());
    assert_ne!(cyd.account.id, made.account.id);
}

pub(crate) async fn refused_tokens_end_the_session_behind_them(store: Shared) {
    let ann = verified(&store, "ann").await;
    let last = store.last_ended_session().await.unwrap();
    assert_eq!(store.refuse_host_tokens(ann, session(), now()).await.unwrap(), None);
    assert_eq!(store.last_ended_session().await.unwrap(), last);

    let bob = store.create_host_account(person(ISSUER, "2", "bob"), NEVER).await.unwrap().unwrap();
    let (user, next, at) = (bob.account.id, session(), now());
    assert_eq!(store.refuse_host_tokens(user, next, at).await.unwrap(), Some(bob.session));
    let found = store.host_account(ISSUER, "2").await.unwrap().unwrap();
    assert_eq!((found.session, found.not_before), (next, Some(at)));
    assert!(store.host_account_of(bob.session).await.unwrap().is_none());
    assert!(store.host_account_of(next).await.unwrap().is_some());
    let ended = store.ended_sessions(last, 10).await.unwrap();
    let ended: Vec<_> = ended.iter().map(|&EndedSession { user, session, .. }| (user, session)).collect();
    assert_eq!(ended, [(user, bob.session)]);
}
