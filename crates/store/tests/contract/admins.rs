use domain::store::{
    AccountPlace, AdminChange, AdminChanged, ApiTokenRecord, Deed, FirstCode, FoundBy, NameSearch,
    NewAccount, NewSession, Purpose, SessionRecord, UserId,
};
use protocol::{AccountRole, AuditAction, SessionId, Timestamp};

use crate::support::{NEVER, Shared, code, now, user, verified};

fn deed() -> Deed {
    Deed { by: Some("root".into()), at: now() }
}

fn change(user: UserId) -> AdminChange {
    let deed = deed();
    AdminChange { user, disabled: None, role: None, display_name: None, keeps_an_admin: true, deed }
}

fn new(username: &str, display_name: &str, email: Option<&str>) -> NewAccount {
    NewAccount {
        username: username.into(),
        display_name: display_name.into(),
        email: email.map(str::to_owned),
        password_hash: "hash".into(),
        created_at: now(),
    }
}

async fn begin(store: &Shared, user: UserId, number: u8) -> Option<SessionId> {
    let at = now();
    let id = SessionId::mint(at, u128::from(number));
    let session = SessionRecord { id, user, device: None, created_at: at, last_seen_at: at };
    let expires = Timestamp::from_millis(1_900_000_000_000);
    let new = NewSession { session, refresh: [number; 32], refresh_expires_at: expires };
    store.create_session(new, 100).await.unwrap().map(|_| id)
}

async fn make_token(store: &Shared, user: UserId, number: u8) -> Option<SessionId> {
    let id = SessionId::mint(now(), u128::from(number));
    let (created_at, name) = (now(), "bot".to_owned());
    let token = ApiTokenRecord { id, user, name, created_at, expires_at: None, last_used_at: None };
    store.create_api_token(token, [number; 32], 50).await.unwrap().then_some(id)
}

async fn done(store: &Shared) -> Vec<(AuditAction, Option<String>)> {
    let mut entries = store.audit(None, 100).await.unwrap();
    entries.reverse();
    entries.into_iter().map(|entry| (entry.action, entry.username)).collect()
}

pub(crate) async fn who_is_disabled_has_no_sessions_and_begins_none(store: Shared) {
    let (ann, bob) = (verified(&store, "Ann").await, verified(&store, "bob").await);
    let (phone, laptop) = (begin(&store, ann, 1).await.unwrap(), begin(&store, ann, 2).await.unwrap());
    let bot = make_token(&store, ann, 3).await.unwrap();
    let others = (begin(&store, bob, 4).await.unwrap(), make_token(&store, bob, 5).await.unwrap());
    let last = store.last_ended_session().await.unwrap();

    let disable = AdminChange { disabled: Some(true), ..change(ann) };
    let at = disable.deed.at;
    let AdminChanged::Changed { account, mut ended } = store.administer(disable.clone()).await.unwrap()
    else {
        panic!("she is disabled")
    };
    assert!(account.account.disabled);
    assert_eq!(account.sessions, 0);
    let mut all = [phone, laptop, bot];
    all.sort();
    ended.sort();
    assert_eq!(ended, all);
    let told = store.ended_sessions(last, 10).await.unwrap();
    let mut told: Vec<_> = told.into_iter().map(|ended| (ended.user, ended.session, ended.at)).collect();
    told.sort_by_key(|told| told.1);
    assert_eq!(told, all.map(|id| (ann, id, at)));
    for session in [phone, laptop] {
        assert_eq!(store.session(session).await.unwrap(), None);
    }
    assert_eq!(store.session_of_refresh([1; 32]).await.unwrap(), None);
    assert!(store.api_token([3; 32]).await.unwrap().is_none());
    assert!(store.session(others.0).await.unwrap().is_some());
    assert!(store.api_token([5; 32]).await.unwrap().is_some());

    assert_eq!(begin(&store, ann, 6).await, None);
    assert_eq!(make_token(&store, ann, 7).await, None);
    // Nothing comes back when she is let in again, and what is so already is not noted.
    store.administer(disable).await.unwrap();
    store.administer(AdminChange { disabled: Some(false), ..change(ann) }).await.unwrap();
    assert!(store.sessions_of(ann).await.unwrap().is_empty());
    assert!(begin(&store, ann, 8).await.is_some());
    let ann = || Some("Ann".to_owned());
    assert_eq!(done(&store).await, [(AuditAction::UserDisabled, ann()), (AuditAction::UserEnabled, ann())]);
}

pub(crate) async fn who_is_disabled_is_not_found_by_others(store: Shared) {
    let (ann, anna) = (verified(&store, "ann").await, verified(&store, "anna").await);
    let other = verified(&store, "zoe").await;
    let rename = AdminChange { display_name: Some("Anne".into()), ..change(other) };
    store.administer(rename).await.unwrap();
    let by_name = async || {
        let found = store.accounts_by_username(ann, "an", "", 10).await.unwrap();
        let prefix = "an".to_owned();
        let search = NameSearch { reader: ann, prefix, after: None, limit: 10, looks: 10 };
        let named = store.accounts_by_display_name(search).await.unwrap().accounts;
        found.into_iter().chain(named).map(|account| account.id).collect::<Vec<_>>()
    };
    assert_eq!(by_name().await, [ann, anna, other]);
    for user in [ann, other] {
        store.administer(AdminChange { disabled: Some(true), ..change(user) }).await.unwrap();
    }
    assert_eq!(by_name().await, [anna]);
    // One page is as long as it can be.
    let found = store.accounts_by_username(ann, "an", "", 1).await.unwrap();
    assert_eq!(found.into_iter().map(|account| account.id).collect::<Vec<_>>(), [anna]);
}

pub(crate) async fn the_last_admin_stays(store: Shared) {
    let (ann, bob) = (verified(&store, "ann").await, verified(&store, "bob").await);
    assert!(!store.has_admin().await.unwrap());
    let admin = |user| AdminChange { role: Some(AccountRole::Admin), ..change(user) };
    store.administer(admin(ann)).await.unwrap();
    assert!(store.has_admin().await.unwrap());
    let demote = AdminChange { role: Some(AccountRole::Member), ..change(ann) };
    let disable = AdminChange { disabled: Some(true), ..change(ann) };
    for change in [&demote, &disable] {
        assert!(matches!(store.administer(change.clone()).await.unwrap(), AdminChanged::LastAdmin));
    }
    // Somebody else who is one, but shut out, does not count.
    store.administer(AdminChange { disabled: Some(true), ..admin(bob) }).await.unwrap();
    assert!(matches!(store.administer(demote.clone()).await.unwrap(), AdminChanged::LastAdmin));
    store.administer(AdminChange { disabled: Some(false), ..change(bob) }).await.unwrap();
    assert!(matches!(store.administer(demote).await.unwrap(), AdminChanged::Changed { .. }));
    // The command line needs none.
    let last = AdminChange { role: Some(AccountRole::Member), keeps_an_admin: false, ..change(bob) };
    assert!(matches!(store.administer(last).await.unwrap(), AdminChanged::Changed { .. }));
    assert!(!store.has_admin().await.unwrap());
    assert!(matches!(store.administer(change(UserId(99))).await.unwrap(), AdminChanged::Unknown));
}

pub(crate) async fn of_two_admins_who_demote_each_other_one_stays(store: Shared) {
    for _ in 0..20 {
        let users = [("ann", deed()), ("bob", deed())].map(|(name, deed)| {
            let store = store.clone();
            let name = format!("{name}{}", deed.at.as_millis());
            async move {
                store
                    .add_account(new(&name, "x", None), AccountRole::Admin, deed, NEVER)
                    .await
                    .unwrap()
                    .unwrap()
            }
        });
        let [ann, bob] = users;
        let (ann, bob) = (ann.await, bob.await);
        let demotions = [ann, bob].map(|user| {
            let (store, role) = (store.clone(), Some(AccountRole::Member));
            tokio::spawn(async move { store.administer(AdminChange { role, ..change(user) }).await.unwrap() })
        });
        for demotion in demotions {
            demotion.await.unwrap();
        }
        assert!(store.has_admin().await.unwrap());
        for user in [ann, bob] {
            let role = Some(AccountRole::Member);
            store.administer(AdminChange { role, keeps_an_admin: false, ..change(user) }).await.unwrap();
        }
    }
}

pub(crate) async fn an_account_that_is_added_is_verified(store: Shared) {
    let waiting = user(&store, "Bob").await;
    let add = async |name: &str, role, freed| {
        store.add_account(new(name, "Name", Some("x@y.org")), role, deed(), freed).await.unwrap()
    };
    let ann = add("Ann", AccountRole::Admin, NEVER).await.unwrap();
    let account = store.admin_account(ann).await.unwrap().unwrap().account;
    assert!(account.is_active_admin());
    assert_eq!(account.email.as_deref(), Some("x@y.org"));
    assert_eq!(add("aNN", AccountRole::Member, now()).await, None);
    // An account that nobody verified in time gives its name up, with all that it was.
    for change in [
        AdminChange { disabled: Some(true), ..change(waiting) },
        AdminChange { role: Some(AccountRole::Admin), ..change(waiting) },
    ] {
        store.administer(change).await.unwrap();
    }
    assert_eq!(add("bob", AccountRole::Member, NEVER).await, None);
    let bob = add("bob", AccountRole::Member, now()).await.unwrap();
    let account = store.account_of(bob).await.unwrap().unwrap();
    assert!(account.verified && !account.disabled);
    assert_eq!(account.role, AccountRole::Member);
    assert_eq!(store.codes(bob, Purpose::Verify, now()).await.unwrap(), []);
    let found = store.accounts_by_username(ann, "bo", "", 10).await.unwrap();
    assert_eq!(found[0].id, bob);
    // Likewise by a registration.
    let eve = user(&store, "eve").await;
    store.administer(AdminChange { role: Some(AccountRole::Admin), ..change(eve) }).await.unwrap();
    let eve = store
        .create_account(new("eve", "Eve", None), FirstCode::Drawn(code(2)), now())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(store.account_of(eve).await.unwrap().unwrap().role, AccountRole::Member);
}

pub(crate) async fn logging_somebody_out_ends_all_they_have(store: Shared) {
    let (ann, bob) = (verified(&store, "ann").await, verified(&store, "bob").await);
    let (session, token) = (begin(&store, ann, 1).await.unwrap(), make_token(&store, ann, 2).await.unwrap());
    begin(&store, bob, 3).await.unwrap();
    let last = store.last_ended_session().await.unwrap();
    let mut ended = store.log_out(ann, deed()).await.unwrap();
    ended.sort();
    assert_eq!(ended, [session.min(token), session.max(token)]);
    assert_eq!(store.ended_sessions(last, 10).await.unwrap().len(), 2);
    assert_eq!(store.sessions_of(bob).await.unwrap().len(), 1);
    assert_eq!(done(&store).await, [(AuditAction::UserLoggedOut, Some("ann".into()))]);
    assert!(begin(&store, ann, 4).await.is_some());
}

pub(crate) async fn admins_find_people_by_any_of_their_names(store: Shared) {
    let add = async |username: &str, name: &str, email| {
        let role = AccountRole::Member;
        store.add_account(new(username, name, email), role, deed(), NEVER).await.unwrap().unwrap()
    };
    let ann = add("Ann", "Zoe", Some("ann@example.org")).await;
    let bob = add("bob", "ANNe", Some("anna@example.org")).await;
    let eve = add("eve", "Eve", Some("Annabel@example.org")).await;
    let waiting = user(&store, "ännchen").await;
    let (nobody, disabled) = (user(&store, "annika").await, add("anton", "Anton", None).await);
    store.administer(AdminChange { disabled: Some(true), ..change(disabled) }).await.unwrap();
    begin(&store, ann, 1).await.unwrap();

    let find = async |query: &str, page: usize| {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let found = store.find_accounts(query, after, page).await.unwrap();
            let Some(last) = found.last() else { return all };
            after = Some(AccountPlace::of(&last.account, query).unwrap());
            all.extend(found.into_iter().map(|found| found.account.id));
        }
    };
    for page in [1, 2, 100] {
        assert_eq!(find("aNN", page).await, [ann, nobody, bob, eve], "{page} at a time");
        assert_eq!(find("", page).await, [ann, nobody, disabled, bob, eve, waiting]);
        assert_eq!(find("annabel@", page).await, [eve]);
        assert_eq!(find("zoe", page).await, [ann]);
        assert_eq!(find("Änn", page).await, [waiting]);
        assert_eq!(find("nobody", page).await, []);
    }
    let found = store.find_accounts("ann", None, 10).await.unwrap();
    assert_eq!(found.iter().map(|found| found.sessions).collect::<Vec<_>>(), [1, 0, 0, 0]);
    assert_eq!(AccountPlace::of(&found[3].account, "ann").unwrap().field, FoundBy::Email);
}

pub(crate) async fn the_audit_log_is_read_in_pages_and_forgets_its_oldest(store: Shared) {
    let ann = verified(&store, "ann").await;
    for number in 0..10 {
        let disabled = Some(number % 2 == 0);
        store.administer(AdminChange { disabled, ..change(ann) }).await.unwrap();
    }
    let all = store.audit(None, 100).await.unwrap();
    assert_eq!(all.len(), 10);
    assert!(all.is_sorted_by(|one, next| one.number > next.number && one.deed.at > next.deed.at));
    assert_eq!(all[0].deed.by.as_deref(), Some("root"));
    let (newest, rest) = all.split_at(4);
    assert_eq!(store.audit(None, 4).await.unwrap(), newest);
    assert_eq!(store.audit(Some(newest[3].number), 100).await.unwrap(), rest);

    store.forget_audit(NEVER, 10).await.unwrap();
    assert_eq!(store.audit(None, 100).await.unwrap(), all);
    store.forget_audit(all[8].deed.at, 100).await.unwrap();
    assert_eq!(store.audit(None, 100).await.unwrap(), all[..8]);
    store.forget_audit(NEVER, 3).await.unwrap();
    assert_eq!(store.audit(None, 100).await.unwrap(), all[..3]);
    store.forget_audit(now(), 100).await.unwrap();
    assert_eq!(store.audit(None, 100).await.unwrap(), []);
    // Numbers go on.
    let command_line = Deed { by: None, at: now() };
    store.log_out(ann, command_line.clone()).await.unwrap();
    let last = store.audit(None, 100).await.unwrap();
    assert!(last[0].number > all[0].number);
    assert_eq!(last[0].deed, command_line);
}
