use std::net::IpAddr;

use domain::store::{
    Account, AccountChange, CodeTry, CodeUse, FirstCode, NameSearch, NewAccount, NewSession, NotCreated,
    OneTimeCode, Purpose, SessionRecord, UserId,
};
use protocol::{SessionId, Timestamp};

use crate::support::{NEVER, Shared, VERIFY, asked, code, now, user, verified};

pub(crate) async fn a_username_is_taken_in_any_case(store: Shared) {
    let ann = user(&store, "Ann").await;
    let again = NewAccount {
        username: "aNN".into(),
        display_name: "x".into(),
        email: None,
        password_hash: "x".into(),
        created_at: now(),
        invite: None,
    };
    assert_eq!(
        store.create_account(again, FirstCode::Drawn(code(2)), NEVER).await.unwrap(),
        Err(NotCreated::UsernameTaken)
    );
    let found = store.account("ANN").await.unwrap().unwrap();
    assert_eq!((found.id, found.username.as_str()), (ann, "Ann"));
    assert!(!found.verified);
    assert_eq!(store.account_of(ann).await.unwrap().unwrap().username, "Ann");
    assert!(store.account("bob").await.unwrap().is_none());
}

pub(crate) async fn a_code_is_used_once(store: Shared) {
    let ann = user(&store, "ann").await;
    assert!(!store.use_code(ann, &code(9), VERIFY).await.unwrap());
    assert!(!store.account_of(ann).await.unwrap().unwrap().verified);
    assert!(store.use_code(ann, &code(1), VERIFY).await.unwrap());
    assert!(store.account_of(ann).await.unwrap().unwrap().verified);
    assert!(!store.use_code(ann, &code(1), VERIFY).await.unwrap());
    assert_eq!(store.try_code(ann, Purpose::Verify, None, true, now()).await.unwrap(), []);
    // A code that arrives after verification is not stored.
    store.put_code(ann, code(2)).await.unwrap();
    assert_eq!(store.codes(ann, Purpose::Verify, now()).await.unwrap(), []);
}

pub(crate) async fn tries_at_the_same_time_are_counted_one_by_one(store: Shared) {
    let ann = user(&store, "ann").await;
    let tries = (0..20).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            store.try_code(ann, Purpose::Verify, None, true, now()).await.unwrap()[0].tries
        })
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
    store.try_code(ann, Purpose::Verify, None, true, now()).await.unwrap();
    store.put_code(ann, code(2)).await.unwrap();
    let tried = store.try_code(ann, Purpose::Verify, None, true, now()).await.unwrap();
    assert_eq!(tried, [CodeTry { code: code(2), tries: 1, others: 0 }]);
    assert_eq!(store.codes(ann, Purpose::Verify, now()).await.unwrap(), tried);
    assert!(!store.use_code(ann, &code(1), VERIFY).await.unwrap());
}

pub(crate) async fn who_asked_has_a_code_and_tries_of_their_own(store: Shared) {
    let ann = user(&store, "ann").await;
    let [one, other, third] = [1, 2, 3].map(|last| Some(IpAddr::from([192, 0, 2, last])));
    let six = Some("2001:db8::1".parse().unwrap());
    store.put_code(ann, asked(2, one)).await.unwrap();
    store.put_code(ann, asked(3, six)).await.unwrap();
    store.put_code(ann, asked(4, six)).await.unwrap();
    let own = store.try_code(ann, Purpose::Verify, six, false, now()).await.unwrap();
    assert_eq!(own, [CodeTry { code: asked(4, six), tries: 1, others: 0 }]);
    store.try_code(ann, Purpose::Verify, one, false, now()).await.unwrap();
    assert_eq!(store.try_code(ann, Purpose::Verify, other, false, now()).await.unwrap(), []);
    // Codes that others asked for are tried, too; these tries are counted in `others`.
    for from in [other, third] {
        store.try_code(ann, Purpose::Verify, from, true, now()).await.unwrap();
    }
    let mut tried = store.try_code(ann, Purpose::Verify, one, true, now()).await.unwrap();
    tried.sort_by_key(|attempt| attempt.code.hash);
    let expected = [(code(1), 0, 3), (asked(2, one), 2, 2), (asked(4, six), 1, 3)];
    assert_eq!(tried, expected.map(|(code, tries, others)| CodeTry { code, tries, others }));
    // Expired codes are not returned.
    let expired = code(1).expires_at;
    for from in [None, third] {
        assert_eq!(store.try_code(ann, Purpose::Verify, from, true, expired).await.unwrap(), []);
    }
    assert_eq!(store.codes(ann, Purpose::Verify, expired).await.unwrap(), []);
    // Using one code uses up all codes of the account.
    assert!(store.use_code(ann, &asked(2, one), VERIFY).await.unwrap());
    assert!(!store.use_code(ann, &asked(4, six), VERIFY).await.unwrap());
    assert_eq!(store.codes(ann, Purpose::Verify, now()).await.unwrap(), []);
}

fn registered(username: &str, created_at: Timestamp) -> NewAccount {
    let (username, display_name) = (username.to_owned(), username.to_owned());
    NewAccount {
        username,
        display_name,
        email: None,
        password_hash: "other".into(),
        created_at,
        invite: None,
    }
}

pub(crate) async fn a_username_is_free_again_where_it_was_not_verified(store: Shared) {
    let ann = user(&store, "ann").await;
    let bob = verified(&store, "bob").await;
    store.put_code(ann, asked(2, Some([192, 0, 2, 1].into()))).await.unwrap();
    let created = store.account("ann").await.unwrap().unwrap().created_at;
    let just_before = Timestamp::from_millis(created.as_millis() - 1);
    let at = now();
    assert_eq!(
        store.create_account(registered("ANN", at), FirstCode::Drawn(code(3)), just_before).await.unwrap(),
        Err(NotCreated::UsernameTaken)
    );
    let next = store
        .create_account(registered("ANN", at), FirstCode::Drawn(code(3)), created)
        .await
        .unwrap()
        .unwrap();
    let account = store.account("ann").await.unwrap().unwrap();
    assert_eq!((account.id, account.username.as_str(), account.created_at), (next, "ANN", at));
    assert_eq!(account.password_hash, "other");
    assert_eq!(
        store.codes(next, Purpose::Verify, now()).await.unwrap(),
        [CodeTry { code: code(3), tries: 0, others: 0 }]
    );
    assert!(!store.use_code(ann, &code(1), VERIFY).await.unwrap());
    // A verified username is not free.
    assert_eq!(
        store.create_account(registered("bob", at), FirstCode::Drawn(code(3)), now()).await.unwrap(),
        Err(NotCreated::UsernameTaken)
    );
    assert_eq!(store.account("bob").await.unwrap().unwrap().id, bob);
    assert!(store.use_code(next, &code(3), VERIFY).await.unwrap());
    assert_eq!(
        store.create_account(registered("ann", at), FirstCode::Drawn(code(3)), now()).await.unwrap(),
        Err(NotCreated::UsernameTaken)
    );
}

pub(crate) async fn of_two_who_want_a_free_username_one_has_it(store: Shared) {
    user(&store, "ann").await;
    let freed = now();
    let tries: Vec<_> = (0..8)
        .map(|number| {
            let (store, at) = (store.clone(), now());
            tokio::spawn(async move {
                store.create_account(registered("ann", at), FirstCode::Drawn(code(number)), freed).await
            })
        })
        .collect();
    let mut made = 0;
    for attempt in tries {
        made += usize::from(attempt.await.unwrap().unwrap().is_ok());
    }
    assert_eq!(made, 1);
}

pub(crate) async fn accounts_that_nobody_verified_are_removed(store: Shared) {
    let kept = verified(&store, "kept").await;
    let mut gone = Vec::new();
    for number in 0..5 {
        gone.push(user(&store, &format!("gone{number}")).await);
    }
    let freed = store.account("gone4").await.unwrap().unwrap().created_at;
    let newest = user(&store, "newest").await;
    assert_eq!(store.forget_unverified(NEVER, 9).await.unwrap(), 0);
    assert_eq!(store.forget_unverified(freed, 3).await.unwrap(), 3);
    assert_eq!(store.forget_unverified(freed, 3).await.unwrap(), 2);
    assert_eq!(store.forget_unverified(freed, 3).await.unwrap(), 0);
    for user in &gone {
        assert!(store.account_of(*user).await.unwrap().is_none());
        assert_eq!(store.codes(*user, Purpose::Verify, now()).await.unwrap(), []);
        store.put_code(*user, code(2)).await.unwrap();
        assert_eq!(store.try_code(*user, Purpose::Verify, None, true, now()).await.unwrap(), []);
    }
    assert!(store.account("gone0").await.unwrap().is_none());
    for user in [kept, newest] {
        assert!(store.account_of(user).await.unwrap().is_some());
    }
    // The id of a removed account is never given out again, not even that of the newest.
    store.forget_unverified(now(), 9).await.unwrap();
    let next = user(&store, "gone0").await;
    assert!(!gone.contains(&next) && next != newest && next != kept);
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
    let by_username =
        async |prefix, after| ids(&store.accounts_by_username(bob, prefix, after, 9).await.unwrap());
    assert_eq!(by_username("an", "").await, [ann, anton]);
    assert_eq!(by_username("an", "ann").await, [anton]);
    assert_eq!(by_username("an", "anton").await, []);
    assert_eq!(by_username("%", "").await, []);
    let by_display_name = async |prefix| {
        let found = store.accounts_by_display_name(called_so(bob, prefix, None, 9, 99)).await.unwrap();
        assert_eq!(found.stopped, None);
        ids(&found.accounts)
    };
    assert_eq!(by_display_name("an").await, [zoe, bob]);
    assert_eq!(by_display_name("anna").await, [zoe]);
    assert_eq!(by_display_name("émi").await, [anton]);
    // Who is found by their username is not found again by their display name.
    store.change_account(ann, called("Annabel")).await.unwrap();
    assert_eq!(by_display_name("ann").await, [zoe, bob]);
    store.change_account(bob, called("Robert")).await.unwrap();
    assert_eq!(by_display_name("an").await, [zoe]);
}

fn called_so(
    reader: UserId,
    prefix: &str,
    after: Option<(String, UserId)>,
    limit: usize,
    looks: usize,
) -> NameSearch {
    NameSearch { reader, prefix: prefix.into(), after, limit, looks }
}

pub(crate) async fn only_so_many_are_looked_at_by_display_name(store: Shared) {
    let mut people = Vec::new();
    // Of seven called so, the first five have usernames that begin so, too.
    for username in ["pa0", "pa1", "pa2", "pa3", "pa4", "x5", "x6"] {
        let user = verified(&store, username).await;
        store.change_account(user, called("Pat")).await.unwrap();
        people.push(user);
    }
    let find = async |after, limit, looks| {
        let search = called_so(people[0], "pa", after, limit, looks);
        let found = store.accounts_by_display_name(search).await.unwrap();
        (ids(&found.accounts), found.stopped)
    };
    let at = |index: usize| Some(("pat".to_owned(), people[index]));
    assert_eq!(find(None, 2, 3).await, (vec![], at(2)));
    assert_eq!(find(at(2), 2, 3).await, (vec![people[5]], at(5)));
    assert_eq!(find(at(5), 2, 3).await, (vec![people[6]], None));
    // The page after a full one goes on behind its last account: `stopped` is not set.
    assert_eq!(find(None, 1, 6).await, (vec![people[5]], None));
    assert_eq!(find(None, 9, 9).await, (people[5..].to_vec(), None));
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
        let search = called_so(people[0], "pa", after, 2, 99);
        let page = store.accounts_by_display_name(search).await.unwrap().accounts;
        let Some(last) = page.last() else { break };
        after = Some((Account::display_key(&last.display_name), last.id));
        found.extend(ids(&page));
    }
    assert_eq!(found, people);
    assert_eq!(ids(&store.accounts_by_username(people[0], "u", "u2", 2).await.unwrap()), people[3..5]);
}

pub(crate) async fn a_code_is_for_one_purpose(store: Shared) {
    let ann = user(&store, "ann").await;
    let resets = OneTimeCode { purpose: Purpose::Reset, ..code(5) };
    let moves = OneTimeCode { purpose: Purpose::Email, email: Some("ann@example.org".into()), ..code(6) };
    // An account that is not verified gets none of these.
    store.put_code(ann, resets.clone()).await.unwrap();
    assert_eq!(store.codes(ann, Purpose::Reset, now()).await.unwrap(), []);
    assert!(store.use_code(ann, &code(1), VERIFY).await.unwrap());
    for code in [&resets, &moves] {
        store.put_code(ann, code.clone()).await.unwrap();
        let held = store.codes(ann, code.purpose, now()).await.unwrap();
        assert_eq!(held, [CodeTry { code: code.clone(), tries: 0, others: 0 }]);
    }
    let tried = store.try_code(ann, Purpose::Reset, None, true, now()).await.unwrap();
    assert_eq!(tried, [CodeTry { code: resets.clone(), tries: 1, others: 0 }]);
    assert_eq!(store.codes(ann, Purpose::Email, now()).await.unwrap()[0].tries, 0);
    assert!(store.use_code(ann, &moves, CodeUse::Email { email_proven: true }).await.unwrap());
    assert!(!store.use_code(ann, &moves, CodeUse::Email { email_proven: true }).await.unwrap());
    let account = store.account_of(ann).await.unwrap().unwrap();
    assert_eq!((account.email.as_deref(), account.password_hash.as_str()), (Some("ann@example.org"), "hash"));
    let by = CodeUse::Reset { password_hash: "new".into(), at: now() };
    assert!(store.use_code(ann, &resets, by).await.unwrap());
    assert_eq!(store.account_of(ann).await.unwrap().unwrap().password_hash, "new");
}

pub(crate) async fn accounts_are_found_by_their_address(store: Shared) {
    for (name, email) in [("ann", "We@example.org"), ("bob", "we@EXAMPLE.org"), ("cat", "cat@example.org")] {
        let account = NewAccount { email: Some(email.into()), ..registered(name, now()) };
        let user = store.create_account(account, FirstCode::Drawn(code(1)), NEVER).await.unwrap().unwrap();
        // Only verified ones.
        assert_eq!(store.accounts_by_email("cat@example.org", 9).await.unwrap().len(), 0);
        assert!(store.use_code(user, &code(1), VERIFY).await.unwrap());
    }
    let names = async |email: &str, limit| {
        let found = store.accounts_by_email(email, limit).await.unwrap();
        found.into_iter().map(|account| account.username).collect::<Vec<_>>()
    };
    assert_eq!(names("wE@example.org", 9).await, ["ann", "bob"]);
    assert_eq!(names("we@example.org", 1).await, ["ann"]);
    assert_eq!(names("example.org", 9).await, [""; 0]);
}

pub(crate) async fn a_password_changes_once_and_ends_other_sessions(store: Shared) {
    let (ann, bob) = (verified(&store, "ann").await, verified(&store, "bob").await);
    let mut ids = Vec::new();
    for (number, user) in [(1_u8, ann), (2, ann), (3, bob)] {
        let (id, at) = (SessionId::mint(now(), u128::from(number)), now());
        let session = SessionRecord { id, user, device: None, created_at: at, last_seen_at: at };
        let refresh_expires_at = Timestamp::from_millis(1_900_000_000_000);
        let session = NewSession { session, refresh: [number; 32], refresh_expires_at };
        store.create_session(session, 10).await.unwrap();
        ids.push(id);
    }
    let ended = store.last_ended_session().await.unwrap();
    let change =
        |before: &str, new: &str| store.change_password(ann, before.into(), new.into(), ids[0], now());
    assert!(change("hash", "new").await.unwrap());
    assert!(!change("hash", "newer").await.unwrap());
    assert_eq!(store.account_of(ann).await.unwrap().unwrap().password_hash, "new");
    let left = async |user| {
        let sessions = store.sessions_of(user).await.unwrap();
        sessions.into_iter().map(|session| session.id).collect::<Vec<_>>()
    };
    assert_eq!((left(ann).await, left(bob).await), (vec![ids[0]], vec![ids[2]]));
    let ended = store.ended_sessions(ended, 10).await.unwrap();
    assert_eq!(ended.iter().map(|ended| ended.session).collect::<Vec<_>>(), [ids[1]]);
    // A reset ends them all.
    let resets = OneTimeCode { purpose: Purpose::Reset, ..code(5) };
    store.put_code(ann, resets.clone()).await.unwrap();
    let by = CodeUse::Reset { password_hash: "newest".into(), at: now() };
    assert!(store.use_code(ann, &resets, by).await.unwrap());
    assert_eq!((left(ann).await, left(bob).await), (vec![], vec![ids[2]]));
}
