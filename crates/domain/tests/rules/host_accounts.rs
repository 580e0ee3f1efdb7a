//! People of host applications, whom trusted issuers vouch for.

use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::Clock;
use domain::store::{HostAccountStore, NewHostAccount};
use protocol::{AttachmentId, ChangeMe, Code, NewApiToken, SessionId, Timestamp};
use serde_json::{Value, json};

use crate::issuer::{APP, NOW, Published, Signer, refusal, token, trusting};
use crate::support::{World, login, to};

fn renamed(name: &str) -> ChangeMe {
    ChangeMe { display_name: Some(name.into()), ..ChangeMe::default() }
}

#[tokio::test]
async fn a_token_of_each_kind_of_key_makes_its_person_an_account() {
    for key in [Signer::ed25519(1), Signer::p256(), Signer::rsa()] {
        let world = World::trusting(vec![Published::of(&[key.jwk("key")]).trusted()]);
        let ann = world.domain.sessions.authenticate(&token(&key, &json!({"sub": "Ann"}))).await.unwrap();
        assert_eq!(&*ann.person.username, "Ann", "{}", key.algorithm());
        let again = token(&key, &json!({"sub": "Ann", "exp": NOW + 700}));
        let again = world.domain.sessions.authenticate(&again).await.unwrap();
        assert_eq!((again.person.id, again.session), (ann.person.id, ann.session));
        let bob = world.domain.sessions.authenticate(&token(&key, &json!({"sub": "bob"}))).await.unwrap();
        assert_ne!((bob.person.id, bob.session), (ann.person.id, ann.session));
        world.send(&ann, to("bob", "hi")).await.unwrap();
        assert_eq!(world.domain.users.get("bob").await.unwrap().display_name, "bob");
    }
}

#[tokio::test]
async fn nobody_who_registered_is_taken_over() {
    let (world, key) = trusting(|_| {});
    let ann = world.person("Ann").await;
    world.register("bob").await.unwrap();
    for name in ["ann", "Ann", "bob"] {
        let (code, _) = refusal(&world, &token(&key, &json!({"sub": name}))).await;
        assert_eq!(code, Code::AccountUnavailable, "{name}");
    }
    assert_eq!(world.domain.users.me(&ann).await.unwrap().display_name, "Ann");
    // Bob never verified his.
    world.clock.advance(Duration::from_hours(24));
    let day = json!({"sub": "bob", "iat": NOW + 86_400, "exp": NOW + 86_700});
    assert!(world.domain.sessions.authenticate(&token(&key, &day)).await.is_ok());
    assert_eq!(world.register("bob").await.unwrap_err().code, Code::UsernameTaken);
    let password = world.domain.sessions.login(login("bob"), None).await.unwrap_err();
    assert_eq!(password.code, Code::CredentialsInvalid);
}

#[tokio::test]
async fn where_none_are_made_only_those_come_in_who_have_an_account() {
    let (world, key) = trusting(|issuer| issuer.create = false);
    assert_eq!(refusal(&world, &token(&key, &json!({}))).await.0, Code::AccountUnavailable);
    let account = NewHostAccount {
        issuer: APP.into(),
        subject: "ann".into(),
        username: "ann".into(),
        display_name: "ann".into(),
        created_at: world.clock.now(),
        session: SessionId::from_bytes([1; 16]),
    };
    world.store.create_host_account(account, Timestamp::default()).await.unwrap();
    assert!(world.domain.sessions.authenticate(&token(&key, &json!({}))).await.is_ok());
}

#[tokio::test]
async fn two_first_sights_make_one_account() {
    let (world, key) = trusting(|_| {});
    let sights = (0..10).map(|number| {
        let token = token(&key, &json!({"jti": number}));
        let world = &world;
        async move { world.domain.sessions.authenticate(&token).await.unwrap() }
    });
    let mut seen: Vec<_> =
        futures_util::future::join_all(sights).await.iter().map(|ann| (ann.person.id, ann.session)).collect();
    seen.dedup();
    assert_eq!(seen.len(), 1);
}

#[tokio::test]
async fn an_issuer_makes_so_many_accounts_at_most() {
    let (world, key) = trusting(|_| {});
    for number in 0..1000 {
        let token = token(&key, &json!({"sub": format!("p{number}")}));
        assert!(world.domain.sessions.authenticate(&token).await.is_ok(), "{number}");
    }
    let late = token(&key, &json!({"sub": "late"}));
    let refused = world.domain.sessions.authenticate(&late).await.unwrap_err();
    assert_eq!((refused.code, refused.retry_after), (Code::RateLimited, Some(Duration::from_secs(1))));
    // Those who have one come in all the same.
    assert!(world.domain.sessions.authenticate(&token(&key, &json!({"sub": "p7"}))).await.is_ok());
    world.clock.advance(Duration::from_secs(1));
    assert!(world.domain.sessions.authenticate(&late).await.is_ok());
}

#[tokio::test]
async fn a_person_who_is_renamed_at_the_application_keeps_the_account() {
    let (world, key) = trusting(|issuer| issuer.username_claim = "preferred_username".into());
    let first = token(&key, &json!({"sub": "4711", "preferred_username": "ann"}));
    let ann = world.domain.sessions.authenticate(&first).await.unwrap();
    let renamed = token(&key, &json!({"sub": "4711", "preferred_username": "ann.b"}));
    let again = world.domain.sessions.authenticate(&renamed).await.unwrap();
    assert_eq!((again.person.id, &*again.person.username), (ann.person.id, "ann"));
    // Who gets her old name there is not her.
    let other = token(&key, &json!({"sub": "4712", "preferred_username": "ann"}));
    assert_eq!(refusal(&world, &other).await.0, Code::AccountUnavailable);
    let none = token(&key, &json!({"sub": "4713"}));
    assert_eq!(refusal(&world, &none).await.0, Code::TokenInvalid);
}

#[tokio::test]
async fn the_application_says_how_its_people_are_called() {
    let (world, key) = trusting(|issuer| issuer.name_claim = Some("name".into()));
    let named = |name: Value| token(&key, &json!({"name": name}));
    let ann = world.domain.sessions.authenticate(&named(json!(" Ann B. "))).await.unwrap();
    assert_eq!(world.domain.users.me(&ann).await.unwrap().display_name, "Ann B.");
    world.domain.sessions.authenticate(&named(json!("Ann Carter"))).await.unwrap();
    assert_eq!(world.domain.users.me(&ann).await.unwrap().display_name, "Ann Carter");
    let refused = world.domain.users.change_me(&ann, renamed("Nobody")).await.unwrap_err();
    assert_eq!((refused.code, refused.field.as_deref()), (Code::Forbidden, Some("displayName")));
    // Names that are none change nothing, and keep nobody out.
    for odd in [json!(""), json!("x".repeat(65)), json!("a\nb"), json!(7), Value::Null] {
        let ann = world.domain.sessions.authenticate(&named(odd)).await.unwrap();
        assert_eq!(world.domain.users.me(&ann).await.unwrap().display_name, "Ann Carter");
    }
    let cyd = token(&key, &json!({"sub": "cyd", "name": "\u{202e}"}));
    let cyd = world.domain.sessions.authenticate(&cyd).await.unwrap();
    assert_eq!(world.domain.users.me(&cyd).await.unwrap().display_name, "cyd");
    // An old token and a new one in turn are no reason to write at each request.
    for turn in 0..20 {
        let name = if turn % 2 == 0 { "Ann One" } else { "Ann Two" };
        world.domain.sessions.authenticate(&named(json!(name))).await.unwrap();
    }
    assert_eq!(world.domain.users.me(&ann).await.unwrap().display_name, "Ann Two");
}

#[tokio::test]
async fn a_token_does_what_a_person_does_and_does_not_manage_the_account() {
    let (world, key) = trusting(|_| {});
    let ann = world.domain.sessions.authenticate(&token(&key, &json!({}))).await.unwrap();
    let domain = &world.domain;
    assert_eq!(domain.users.change_me(&ann, renamed("Ann")).await.unwrap().display_name, "Ann");
    assert!(domain.avatars.remove(&ann).await.is_ok());
    let request = NewApiToken { name: "bot".into(), expires_at: None };
    let refused = [
        domain.sessions.list(&ann).await.map(drop),
        domain.sessions.end(&ann, ann.session).await,
        domain.api_tokens.list(&ann).await.map(drop),
        domain.api_tokens.create(&ann, request).await.map(drop),
        domain.api_tokens.end(&ann, ann.session).await,
    ];
    for refused in refused {
        assert_eq!(refused.unwrap_err().code, Code::Forbidden);
    }
}

#[tokio::test]
async fn who_is_disabled_or_deleted_is_refused() {
    let (world, key) = trusting(|_| {});
    let good = token(&key, &json!({}));
    world.domain.sessions.authenticate(&good).await.unwrap();
    world.faulty.disabled.store(true, Ordering::SeqCst);
    assert_eq!(refusal(&world, &good).await.0, Code::AccountDisabled);
    world.faulty.disabled.store(false, Ordering::SeqCst);
    assert!(world.domain.sessions.authenticate(&good).await.is_ok());
    *world.faulty.deleted_at.lock() = Some(Timestamp::from_millis(1));
    assert_eq!(refusal(&world, &good).await.0, Code::AccountDisabled);
}

#[tokio::test(start_paused = true)]
async fn a_logout_refuses_earlier_tokens_and_cuts_sockets_on_every_node() {
    let (world, key) = trusting(|_| {});
    let other = world.beside();
    let following = other.domain.ended_sessions.clone();
    tokio::spawn(async move { following.run(std::future::pending()).await });
    tokio::task::yield_now().await;
    let early = token(&key, &json!({}));
    let ann = world.domain.sessions.authenticate(&early).await.unwrap();
    let file = AttachmentId::from_bytes([1; 16]);
    let link = world.domain.sessions.link(&ann, file).unwrap();
    let link_key = link.url.split_once("key=").unwrap().1;
    assert!(world.domain.sessions.authenticate_link(link_key, file).await.is_ok());

    world.clock.advance(Duration::from_millis(5500));
    world.domain.host_accounts.log_out(ann.person.id).await.unwrap();
    assert_eq!(*world.told.cut.lock(), [ann.session]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(*other.told.cut.lock(), [ann.session]);
    for world in [&world, &other] {
        for old in [json!({}), json!({"iat": NOW + 5}), json!({"iat": null})] {
            assert_eq!(refusal(world, &token(&key, &old)).await.0, Code::SessionRevoked, "{old}");
        }
        assert!(world.domain.sessions.authenticate_link(link_key, file).await.is_err());
        let next = token(&key, &json!({"iat": NOW + 6}));
        let again = world.domain.sessions.authenticate(&next).await.unwrap();
        assert_eq!(again.person.id, ann.person.id);
        // Otherwise the cut would reach the sockets of the next token.
        assert_ne!(again.session, ann.session);
    }
    // Nobody else is concerned.
    let bob = world.person("bob").await;
    world.domain.host_accounts.log_out(bob.person.id).await.unwrap();
    assert!(world.domain.users.me(&bob).await.is_ok());
    assert_eq!(world.told.cut.lock().len(), 1);
}

#[tokio::test]
async fn a_newer_token_of_the_same_person_renews() {
    let (world, key) = trusting(|_| {});
    let ann = world.domain.sessions.authenticate(&token(&key, &json!({}))).await.unwrap();
    assert_eq!(ann.expires_at().unwrap().as_seconds(), NOW + 600);
    let renewed = |token: String| {
        let (world, ann) = (&world, &ann);
        async move { world.domain.sessions.renew(ann, &token).await }
    };
    let expires_at = renewed(token(&key, &json!({"exp": NOW + 900}))).await.unwrap();
    assert_eq!(expires_at.as_seconds(), NOW + 900);
    for (other, code) in [
        (json!({"sub": "bob"}), Code::TokenInvalid),
        (json!({"exp": NOW}), Code::TokenExpired),
        (json!({"aud": "shop"}), Code::TokenInvalid),
    ] {
        assert_eq!(renewed(token(&key, &other)).await.unwrap_err().code, code, "{other}");
    }
    let bob = world.person("cyd").await;
    assert_eq!(bob.expires_at(), None);
    let of_login = world.domain.sessions.renew(&bob, &token(&key, &json!({"sub": "cyd"}))).await;
    assert_eq!(of_login.unwrap_err().code, Code::Forbidden);
    let by_login = world.domain.sessions.login(login("cyd"), None).await.unwrap().token;
    assert_eq!(renewed(by_login).await.unwrap_err().code, Code::TokenInvalid);
    world.clock.advance(Duration::from_secs(1));
    world.domain.host_accounts.log_out(ann.person.id).await.unwrap();
    let next = token(&key, &json!({"iat": NOW + 2}));
    assert_eq!(renewed(next).await.unwrap_err().code, Code::SessionRevoked);
}
