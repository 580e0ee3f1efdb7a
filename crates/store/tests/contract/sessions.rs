use std::time::Duration;

use domain::store::{
    ApiTokenRecord, EndedSession, NewSession, Purpose, RefreshUse, Rotation, SessionRecord, UserId,
};
use protocol::{SessionId, Timestamp};

use crate::support::{NEVER, Shared, now, user};

const LATER: Timestamp = Timestamp::from_millis(1_900_000_000_000);

async fn begin(store: &Shared, user: UserId, refresh: u8) -> SessionRecord {
    let at = now();
    let id = SessionId::mint(at, u128::from(refresh));
    let session = SessionRecord { id, user, device: Some("phone".into()), created_at: at, last_seen_at: at };
    let new = NewSession { session: session.clone(), refresh: [refresh; 32], refresh_expires_at: LATER };
    assert_eq!(store.create_session(new, 100).await.unwrap().unwrap(), []);
    session
}

const GRACE: Duration = Duration::from_mins(1);

/// A use of refresh token number `used`. Its successor is to be number `next`, and the salt has that number, too.
fn buy(used: u8, next: u8, now: Timestamp) -> RefreshUse {
    let (used, salt) = ([used; 32], [next; 32]);
    RefreshUse { used, next: [next; 32], salt, next_expires_at: LATER, now, grace: GRACE }
}

pub(crate) async fn a_refresh_token_works_once(store: Shared) {
    let ann = user(&store, "ann").await;
    let session = begin(&store, ann, 1).await;
    let at = now();
    let rotated = store.rotate(buy(1, 2, at)).await.unwrap();
    let seen = SessionRecord { last_seen_at: at, ..session.clone() };
    assert_eq!(rotated, Rotation::Rotated(seen, [2; 32]));
    assert!(matches!(store.rotate(buy(2, 3, now())).await.unwrap(), Rotation::Rotated(..)));
    for used in 1..=3 {
        assert_eq!(store.session_of_refresh([used; 32]).await.unwrap(), Some(session.id));
    }

    let reused = store.rotate(buy(1, 4, now())).await.unwrap();
    assert!(matches!(reused, Rotation::Reused(of) if of.id == session.id));
    assert_eq!(store.session(session.id).await.unwrap(), None);
    assert_eq!(store.rotate(buy(3, 5, now())).await.unwrap(), Rotation::Unknown);
    assert_eq!(store.rotate(buy(4, 5, now())).await.unwrap(), Rotation::Unknown);
    assert_eq!(store.session_of_refresh([3; 32]).await.unwrap(), None);
}

pub(crate) async fn the_token_used_last_is_answered_again_for_a_while(store: Shared) {
    let ann = user(&store, "ann").await;
    let session = begin(&store, ann, 1).await;
    let at = now();
    let first = store.rotate(buy(1, 2, at)).await.unwrap();
    let last = at.plus(Duration::from_millis(59_999));
    for again in [at, last] {
        assert_eq!(store.rotate(buy(1, 9, again)).await.unwrap(), first);
    }
    // The token that the repeat offered as its successor is unknown.
    assert_eq!(store.session_of_refresh([9; 32]).await.unwrap(), None);
    let late = store.rotate(buy(1, 9, at.plus(GRACE))).await.unwrap();
    assert!(matches!(late, Rotation::Reused(of) if of.id == session.id));
    assert_eq!(store.session(session.id).await.unwrap(), None);
}

pub(crate) async fn a_clock_that_is_set_back_does_not_make_the_while_longer(store: Shared) {
    let ann = user(&store, "ann").await;
    let session = begin(&store, ann, 1).await;
    let at = now();
    let first = store.rotate(buy(1, 2, at)).await.unwrap();
    // Of two uses at the same time the later one may be stored first.
    for by in [1, 59_999].map(Duration::from_millis) {
        assert_eq!(store.rotate(buy(1, 9, at.minus(by))).await.unwrap(), first);
    }
    let reused = store.rotate(buy(1, 9, at.minus(GRACE))).await.unwrap();
    assert!(matches!(reused, Rotation::Reused(of) if of.id == session.id));
    assert_eq!(store.session(session.id).await.unwrap(), None);
}

pub(crate) async fn once_its_successor_was_used_a_token_is_not_answered_again(store: Shared) {
    let ann = user(&store, "ann").await;
    let session = begin(&store, ann, 1).await;
    let at = now();
    for used in 1..=3 {
        assert!(matches!(store.rotate(buy(used, used + 1, at)).await.unwrap(), Rotation::Rotated(..)));
    }
    assert!(
        matches!(store.rotate(buy(2, 9, at)).await.unwrap(), Rotation::Reused(of) if of.id == session.id)
    );
}

pub(crate) async fn a_token_that_expires_is_answered_again_for_a_while(store: Shared) {
    let ann = user(&store, "ann").await;
    begin(&store, ann, 1).await;
    let just = Timestamp::from_millis(LATER.as_millis() - 1);
    let much_later = LATER.plus(Duration::from_hours(1));
    let use_up = || RefreshUse { next_expires_at: much_later, ..buy(1, 2, just) };
    let first = store.rotate(use_up()).await.unwrap();
    store.forget_expired(LATER).await.unwrap();
    assert_eq!(store.rotate(RefreshUse { now: LATER, ..use_up() }).await.unwrap(), first);
}

pub(crate) async fn uses_at_the_same_time_have_one_successor(store: Shared) {
    let ann = user(&store, "ann").await;
    begin(&store, ann, 1).await;
    let at = now();
    let uses: Vec<_> = (2..=11)
        .map(|next| {
            let store = store.clone();
            tokio::spawn(async move { store.rotate(buy(1, next, at)).await.unwrap() })
        })
        .collect();
    let mut salts = Vec::new();
    for attempt in uses {
        let Rotation::Rotated(_, salt) = attempt.await.unwrap() else { panic!("it was not answered") };
        salts.push(salt);
    }
    salts.dedup();
    assert_eq!(salts.len(), 1);
    assert_eq!(store.sessions_of(ann).await.unwrap().len(), 1);
    // The successor of the first use is the one that counts.
    let next = salts[0][0];
    assert!(matches!(store.rotate(buy(next, 99, at)).await.unwrap(), Rotation::Rotated(..)));
}

pub(crate) async fn an_expired_refresh_token_is_unknown(store: Shared) {
    let ann = user(&store, "ann").await;
    let session = begin(&store, ann, 1).await;
    assert_eq!(store.rotate(buy(1, 2, LATER)).await.unwrap(), Rotation::Unknown);
    assert!(store.session(session.id).await.unwrap().is_some());
}

pub(crate) async fn only_its_owner_ends_a_session(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let (first, second) = (begin(&store, ann, 1).await, begin(&store, ann, 2).await);
    assert!(!store.end_session(bob, first.id, now()).await.unwrap());
    assert_eq!(store.sessions_of(ann).await.unwrap(), [second.clone(), first.clone()]);
    assert!(store.end_session(ann, first.id, now()).await.unwrap());
    assert!(!store.end_session(ann, first.id, now()).await.unwrap());
    assert_eq!(store.sessions_of(ann).await.unwrap(), [second]);
    assert_eq!(store.rotate(buy(1, 9, now())).await.unwrap(), Rotation::Unknown);
}

pub(crate) async fn of_too_many_sessions_the_one_unused_for_longest_ends(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let others = begin(&store, bob, 9).await;
    let [first, second, third] =
        [begin(&store, ann, 1).await, begin(&store, ann, 2).await, begin(&store, ann, 3).await];
    store.rotate(buy(1, 4, now())).await.unwrap();
    let at = now();
    let id = SessionId::mint(at, 5);
    // Even if the clock went back, the new session is not the one that ends.
    let session = SessionRecord { id, user: ann, device: None, created_at: at, last_seen_at: NEVER };
    let new = NewSession { session, refresh: [5; 32], refresh_expires_at: LATER };
    let mut ended = store.create_session(new, 2).await.unwrap().unwrap();
    ended.sort_by_key(|session| session.id);
    assert_eq!(ended, [second, third]);
    let left: Vec<_> = store.sessions_of(ann).await.unwrap().iter().map(|session| session.id).collect();
    assert_eq!(left, [first.id, id]);
    for token in [2, 3] {
        assert_eq!(store.session_of_refresh([token; 32]).await.unwrap(), None);
    }
    assert_eq!(store.sessions_of(bob).await.unwrap(), [others]);
}

pub(crate) async fn what_expired_is_forgotten(store: Shared) {
    let ann = user(&store, "ann").await;
    let (old, kept) = (begin(&store, ann, 1).await, begin(&store, ann, 2).await);
    let much_later = LATER.plus(Duration::from_hours(1));
    store.rotate(RefreshUse { next_expires_at: much_later, ..buy(2, 3, now()) }).await.unwrap();
    assert_eq!(store.forget_expired(now()).await.unwrap(), []);
    assert_eq!(store.forget_expired(LATER).await.unwrap(), std::slice::from_ref(&old));
    assert_eq!(store.session(old.id).await.unwrap(), None);
    assert!(store.session(kept.id).await.unwrap().is_some());
    assert_eq!(store.codes(ann, Purpose::Verify, now()).await.unwrap(), []);
}

/// A token that ends at a time, or never.
async fn api_token(store: &Shared, user: UserId, byte: u8, expires_at: Option<Timestamp>) -> SessionId {
    let at = now();
    let id = SessionId::mint(at, u128::from(byte));
    let token =
        ApiTokenRecord { id, user, name: "bot".into(), created_at: at, expires_at, last_used_at: None };
    assert!(store.create_api_token(token, [byte; 32], 100).await.unwrap());
    id
}

pub(crate) async fn however_a_session_ends_it_is_told_to_who_follows(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    assert_eq!(store.last_ended_session().await.unwrap(), 0);
    let mut sessions = Vec::new();
    for refresh in 1..=4 {
        sessions.push(begin(&store, ann, refresh).await);
    }
    let soon = now();
    let [expiring, ended] =
        [api_token(&store, bob, 1, Some(soon)).await, api_token(&store, bob, 2, None).await];

    let at = now();
    assert!(store.end_session(ann, sessions[0].id, at).await.unwrap());
    assert!(store.end_api_token(bob, ended, at).await.unwrap());
    assert_eq!(store.end_expired_api_tokens(at).await.unwrap().len(), 1);
    // A refresh token that is used twice.
    store.rotate(buy(2, 11, at)).await.unwrap();
    store.rotate(buy(11, 12, at)).await.unwrap();
    assert!(matches!(store.rotate(buy(2, 13, at)).await.unwrap(), Rotation::Reused(_)));
    // One session too many.
    let session = SessionRecord { id: SessionId::mint(at, 5), created_at: at, ..sessions[0].clone() };
    let new = NewSession { session, refresh: [5; 32], refresh_expires_at: LATER };
    assert_eq!(store.create_session(new, 2).await.unwrap().unwrap().len(), 1);
    let mut told = store.ended_sessions(0, 100).await.unwrap();
    // Sessions that expire. Ended sessions of more than a day ago are forgotten.
    assert_eq!(store.forget_expired(LATER).await.unwrap().len(), 2);
    told.extend(store.ended_sessions(0, 100).await.unwrap());

    let numbers: Vec<_> = told.iter().map(|ended| ended.number).collect();
    assert_eq!(numbers, (1..=7).collect::<Vec<_>>());
    assert_eq!(store.last_ended_session().await.unwrap(), 7);
    let told: Vec<_> = told.iter().map(|ended| (ended.user, ended.session, ended.at)).collect();
    let expected = [
        (ann, sessions[0].id, at),
        (bob, ended, at),
        (bob, expiring, at),
        (ann, sessions[1].id, at),
        (ann, sessions[2].id, at),
    ];
    assert_eq!(told[..5], expected);
    let mut expired: Vec<_> = told[5..].iter().map(|(_, session, at)| (*session, *at)).collect();
    expired.sort_unstable();
    assert_eq!(expired, [(sessions[3].id, LATER), (SessionId::mint(at, 5), LATER)]);
}

pub(crate) async fn what_ended_is_read_from_any_number_and_forgotten_after_a_day(store: Shared) {
    let ann = user(&store, "ann").await;
    let at = now();
    let mut sessions = Vec::new();
    for refresh in 1..=3 {
        let session = begin(&store, ann, refresh).await;
        assert!(store.end_session(ann, session.id, at).await.unwrap());
        sessions.push(session.id);
    }
    let read = async |after, limit| -> Vec<SessionId> {
        let ended = store.ended_sessions(after, limit).await.unwrap();
        ended.iter().map(|ended| ended.session).collect()
    };
    assert_eq!(read(0, 2).await, sessions[..2]);
    assert_eq!(read(2, 2).await, sessions[2..]);
    assert_eq!(read(3, 2).await, []);

    let a_day_later = at.plus(EndedSession::KEPT);
    store.forget_expired(Timestamp::from_millis(a_day_later.as_millis() - 1)).await.unwrap();
    assert_eq!(read(0, 9).await, sessions);
    store.forget_expired(a_day_later).await.unwrap();
    assert_eq!(read(0, 9).await, []);
    // A node that has read up to here gets the next one.
    assert_eq!(store.last_ended_session().await.unwrap(), 3);
    let next = begin(&store, ann, 4).await;
    assert!(store.end_session(ann, next.id, a_day_later).await.unwrap());
    assert_eq!(read(3, 9).await, [next.id]);
}

pub(crate) async fn a_session_that_ends_twice_is_told_once(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let session = begin(&store, ann, 1).await;
    let token = api_token(&store, ann, 1, None).await;
    for (user, is_theirs) in [(bob, false), (ann, true), (ann, false)] {
        assert_eq!(store.end_session(user, session.id, now()).await.unwrap(), is_theirs);
        assert_eq!(store.end_api_token(user, token, now()).await.unwrap(), is_theirs);
    }
    assert_eq!(store.last_ended_session().await.unwrap(), 2);
}
