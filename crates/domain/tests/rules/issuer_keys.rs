//! How the keys of host applications come and go.

use std::time::Duration;

use domain::TrustedIssuer;
use protocol::Code;
use serde_json::json;

use crate::issuer::{NOW, Published, Signer, claims};
use crate::support::World;

const SECOND: Duration = Duration::from_secs(1);

/// A token of Ann that is accepted for a day.
fn lasting(key: &Signer, kid: &str) -> String {
    key.token(kid, &claims(&json!({"exp": NOW + 86_400})))
}

async fn refusal(world: &World, token: &str) -> Code {
    world.domain.sessions.authenticate(token).await.unwrap_err().code
}

async fn accepts(world: &World, token: &str) {
    world.domain.sessions.authenticate(token).await.unwrap();
}

#[tokio::test]
async fn a_new_key_is_fetched_for_a_token_that_names_it() {
    let (old, new) = (Signer::ed25519(1), Signer::ed25519(2));
    let published = Published::of(&[old.jwk("old")]);
    let world = World::trusting(vec![published.trusted()]);
    accepts(&world, &lasting(&old, "old")).await;
    world.clock.advance(SECOND * 10);
    published.publish(&[old.jwk("old"), new.jwk("new")]);
    accepts(&world, &lasting(&new, "new")).await;
    accepts(&world, &lasting(&old, "old")).await;
    assert_eq!(published.fetches(), 2);
}

#[tokio::test]
async fn whatever_keys_tokens_name_they_are_fetched_once_in_ten_seconds() {
    let key = Signer::ed25519(1);
    let published = Published::of(&[key.jwk("key")]);
    let world = World::trusting(vec![published.trusted()]);
    for seconds in 0..30_u32 {
        for name in ["a", "b", "c"] {
            assert_eq!(
                refusal(&world, &lasting(&key, &format!("{name}{seconds}"))).await,
                Code::TokenInvalid
            );
        }
        accepts(&world, &lasting(&key, "key")).await;
        world.clock.advance(SECOND);
    }
    assert_eq!(published.fetches(), 3);
}

#[tokio::test]
async fn a_key_that_its_issuer_takes_away_is_refused_within_a_minute() {
    let (gone, kept) = (Signer::ed25519(1), Signer::ed25519(2));
    for steps in [1, 30, 60] {
        let published = Published::of(&[gone.jwk("gone"), kept.jwk("kept")]);
        let world = World::trusting(vec![published.trusted()]);
        accepts(&world, &lasting(&gone, "gone")).await;
        published.publish(&[kept.jwk("kept")]);
        // Whether somebody is there meanwhile or not.
        for _ in 0..steps {
            world.clock.advance(SECOND * 60 / steps);
            accepts(&world, &lasting(&kept, "kept")).await;
        }
        assert_eq!(refusal(&world, &lasting(&gone, "gone")).await, Code::TokenInvalid, "in {steps} steps");
    }
}

#[tokio::test]
async fn an_issuer_without_keys_is_believed() {
    let key = Signer::ed25519(1);
    let published = Published::of(&[key.jwk("key")]);
    let world = World::trusting(vec![published.trusted()]);
    accepts(&world, &lasting(&key, "key")).await;
    published.publish(&[]);
    world.clock.advance(SECOND * 60);
    assert_eq!(refusal(&world, &lasting(&key, "key")).await, Code::TokenInvalid);
}

#[tokio::test]
async fn the_last_keys_serve_for_ten_minutes_while_the_issuer_is_away() {
    let key = Signer::ed25519(1);
    for broken in ["", "<html>Bad gateway</html>", "{\"keys\": 7}", "gone"] {
        let published = Published::of(&[key.jwk("key")]);
        let world = World::trusting(vec![published.trusted()]);
        accepts(&world, &lasting(&key, "key")).await;
        if broken == "gone" {
            published.take_down();
        } else {
            published.answer(broken);
        }
        for _ in 0..9 {
            world.clock.advance(SECOND * 60);
            accepts(&world, &lasting(&key, "key")).await;
            // It may be a new key of an issuer who cannot say so.
            assert_eq!(refusal(&world, &lasting(&key, "other")).await, Code::IssuerUnavailable);
        }
        world.clock.advance(SECOND * 60);
        let away = world.domain.sessions.authenticate(&lasting(&key, "key")).await.unwrap_err();
        assert_eq!(away.code, Code::IssuerUnavailable);
        assert!(away.retry_after.is_some());
        published.publish(&[key.jwk("key")]);
        world.clock.advance(SECOND);
        accepts(&world, &lasting(&key, "key")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_takes_long_holds_nobody_but_its_own_people() {
    let key = Signer::ed25519(1);
    let published = Published::of(&[key.jwk("key")]);
    *published.delay.lock() = Duration::from_hours(1);
    let other = Published::of(&[key.jwk("key")]);
    let quick = TrustedIssuer { issuer: "https://quick.example".into(), ..other.trusted() };
    let world = World::trusting(vec![published.trusted(), quick]);
    world.verified("bob").await;
    let began = tokio::time::Instant::now();
    let (token, slow) = (lasting(&key, "key"), async {
        assert_eq!(refusal(&world, &lasting(&key, "key")).await, Code::IssuerUnavailable);
        began.elapsed()
    });
    let others = async {
        world.caller("bob").await;
        let claims = claims(&json!({"iss": "https://quick.example"}));
        accepts(&world, &key.token("key", &claims)).await;
        began.elapsed()
    };
    let (slow, others) = tokio::join!(slow, others);
    assert_eq!((slow, others), (SECOND * 5, Duration::ZERO));
    // All who come within a second know it at once.
    assert_eq!(refusal(&world, &token).await, Code::IssuerUnavailable);
    assert_eq!((began.elapsed(), published.fetches()), (SECOND * 5, 1));
}

#[tokio::test]
async fn an_application_that_starts_later_is_found_soon() {
    let key = Signer::ed25519(1);
    let published = Published::of(&[]);
    published.take_down();
    let world = World::trusting(vec![published.trusted()]);
    world.domain.host_accounts.fetch_keys().await;
    for _ in 0..5 {
        assert_eq!(refusal(&world, &lasting(&key, "key")).await, Code::IssuerUnavailable);
    }
    assert_eq!(published.fetches(), 1);
    published.publish(&[key.jwk("key")]);
    world.clock.advance(SECOND);
    accepts(&world, &lasting(&key, "key")).await;
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_used_are_fetched_while_nobody_waits() {
    let key = Signer::ed25519(1);
    let published = Published::of(&[key.jwk("key")]);
    let world = World::trusting(vec![published.trusted()]);
    accepts(&world, &lasting(&key, "key")).await;
    *published.delay.lock() = SECOND * 4;
    world.clock.advance(SECOND * 30);
    let began = tokio::time::Instant::now();
    accepts(&world, &lasting(&key, "key")).await;
    assert_eq!(began.elapsed(), Duration::ZERO);
    tokio::time::sleep(SECOND * 5).await;
    assert_eq!(published.fetches(), 2);
    world.clock.advance(SECOND * 29);
    accepts(&world, &lasting(&key, "key")).await;
    assert_eq!(published.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_goes_on_if_the_request_that_began_it_is_given_up() {
    let key = Signer::ed25519(1);
    let published = Published::of(&[key.jwk("key")]);
    *published.delay.lock() = SECOND * 2;
    let world = World::trusting(vec![published.trusted()]);
    let token = lasting(&key, "key");
    let given_up = tokio::time::timeout(SECOND, world.domain.sessions.authenticate(&token)).await;
    assert!(given_up.is_err());
    accepts(&world, &token).await;
    assert_eq!(published.fetches(), 1);
}
