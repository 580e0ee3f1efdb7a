use domain::store::{Deed, FirstCode, InviteRecord, NewAccount, NotCreated, UserId};
use protocol::{AccountRole, AuditAction, Timestamp};

use crate::support::{NEVER, Shared, VERIFY, code, now};

fn deed() -> Deed {
    Deed { by: Some("root".into()), at: now() }
}

fn invite(code: &str, uses: Option<u32>) -> InviteRecord {
    let (created_by, created_at) = (Some("root".to_owned()), now());
    InviteRecord { number: 0, code: code.into(), uses, used: 0, created_by, created_at, expires_at: None }
}

async fn make(store: &Shared, invite: InviteRecord) {
    assert!(store.create_invite(invite, 100, deed()).await.unwrap());
}

async fn register_at(
    store: &Shared,
    name: &str,
    invite: &str,
    at: Timestamp,
    freed: Timestamp,
) -> Result<UserId, NotCreated> {
    let account = NewAccount {
        username: name.into(),
        display_name: name.into(),
        email: None,
        password_hash: "hash".into(),
        created_at: at,
        invite: Some(invite.into()),
    };
    store.create_account(account, FirstCode::Drawn(code(1)), freed).await.unwrap()
}

async fn register(store: &Shared, name: &str, invite: &str) -> Result<UserId, NotCreated> {
    register_at(store, name, invite, now(), NEVER).await
}

async fn used(store: &Shared, code: &str) -> u32 {
    store.invite_of_code(code).await.unwrap().unwrap().used
}

pub(crate) async fn an_invite_is_good_as_often_as_it_says(store: Shared) {
    make(&store, invite("two", Some(2))).await;
    make(&store, invite("any", None)).await;
    register(&store, "ann", "two").await.unwrap();
    // Whoever is refused uses nothing.
    assert_eq!(register(&store, "Ann", "two").await, Err(NotCreated::UsernameTaken));
    assert_eq!(register(&store, "bob", "Two").await, Err(NotCreated::InviteInvalid));
    assert!(store.account("bob").await.unwrap().is_none());
    assert_eq!(used(&store, "two").await, 1);
    register(&store, "bob", "two").await.unwrap();
    assert_eq!(register(&store, "eve", "two").await, Err(NotCreated::InviteInvalid));
    for name in ["eve", "zoe", "max"] {
        register(&store, name, "any").await.unwrap();
    }
    assert_eq!((used(&store, "two").await, used(&store, "any").await), (2, 3));

    let at = now();
    make(&store, InviteRecord { expires_at: Some(at), ..invite("over", None) }).await;
    assert_eq!(register_at(&store, "kim", "over", at, NEVER).await, Err(NotCreated::InviteInvalid));
    assert!(store.remove_invite("any", deed()).await.unwrap());
    assert!(!store.remove_invite("any", deed()).await.unwrap());
    assert_eq!(register(&store, "kim", "any").await, Err(NotCreated::InviteInvalid));
    assert!(store.account("zoe").await.unwrap().is_some());
}

pub(crate) async fn of_many_who_use_an_invite_at_the_same_time_so_many_come_in(store: Shared) {
    make(&store, invite("few", Some(3))).await;
    let registering = (0..10).map(|number| {
        let store = store.clone();
        tokio::spawn(async move { register(&store, &format!("user{number}"), "few").await })
    });
    let mut came_in = 0;
    for registered in registering.collect::<Vec<_>>() {
        came_in += u32::from(registered.await.unwrap().is_ok());
    }
    assert_eq!((came_in, used(&store, "few").await), (3, 3));
}

pub(crate) async fn who_does_not_verify_gives_the_use_back(store: Shared) {
    make(&store, invite("five", Some(5))).await;
    let ann = register(&store, "ann", "five").await.unwrap();
    for name in ["bob", "eve", "zoe"] {
        register(&store, name, "five").await.unwrap();
    }
    assert!(store.use_code(ann, &code(1), VERIFY).await.unwrap());
    // Bob's name goes to somebody else; Eve is swept away; Zoe is the newest and may stay.
    register_at(&store, "bob", "five", Timestamp::from_millis(1_900_000_000_000), now()).await.unwrap();
    assert_eq!(used(&store, "five").await, 4);
    store.forget_unverified(now(), 100).await.unwrap();
    assert!(used(&store, "five").await <= 3);
    assert!(store.account("eve").await.unwrap().is_none());
    // Adding an account in place of one that waits, too.
    make(&store, invite("one", Some(1))).await;
    register(&store, "kim", "one").await.unwrap();
    let account = NewAccount {
        username: "kim".into(),
        display_name: "Kim".into(),
        email: None,
        password_hash: "hash".into(),
        created_at: now(),
        invite: None,
    };
    store.add_account(account, AccountRole::Member, deed(), now()).await.unwrap().unwrap();
    assert_eq!(used(&store, "one").await, 0);
    // An invite that was taken back meanwhile is not missed.
    register(&store, "max", "one").await.unwrap();
    store.remove_invite("one", deed()).await.unwrap();
    make(&store, invite("next", Some(1))).await;
    register(&store, "last", "next").await.unwrap();
    store.forget_unverified(now(), 100).await.unwrap();
    assert!(used(&store, "next").await <= 1);
}

pub(crate) async fn invites_are_listed_and_forgotten_when_they_are_of_no_use(store: Shared) {
    make(&store, invite("first-code", Some(1))).await;
    make(&store, InviteRecord { expires_at: Some(now()), ..invite("expired", None) }).await;
    make(&store, invite("used-up", Some(1))).await;
    make(&store, InviteRecord { created_by: None, ..invite("good", Some(1)) }).await;
    register(&store, "ann", "used-up").await.unwrap();
    let codes = async |below, limit| {
        let found = store.invites(below, limit).await.unwrap();
        let last = found.last().map(|invite| invite.number);
        (found.into_iter().map(|invite| invite.code).collect::<Vec<_>>(), last)
    };
    let (newest, last) = codes(None, 3).await;
    assert_eq!(newest, ["good", "used-up", "expired"]);
    assert_eq!(codes(last, 3).await.0, ["first-code"]);
    assert!(!store.create_invite(invite("more", None), 4, deed()).await.unwrap());
    store.forget_invites(NEVER).await.unwrap();
    assert_eq!(codes(None, 10).await.0.len(), 4);
    store.forget_invites(now()).await.unwrap();
    assert_eq!(codes(None, 10).await.0, ["good", "first-code"]);

    store.remove_invite("first-code", deed()).await.unwrap();
    let audit = store.audit(None, 10).await.unwrap();
    assert_eq!((audit[0].action, audit[0].details.as_deref()), (AuditAction::InviteRemoved, Some("first-")));
    assert_eq!((audit[1].action, audit[1].details.as_deref()), (AuditAction::InviteAdded, Some("good")));
}
