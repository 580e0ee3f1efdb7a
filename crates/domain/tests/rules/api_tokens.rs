use std::time::Duration;

use domain::{Caller, Clock};
use protocol::{ApiToken, ChangeMe, Code, NewApiToken, limit};

use crate::support::{World, to};

fn named(name: &str) -> NewApiToken {
    NewApiToken { name: name.into(), expires_at: None }
}

/// Makes a token for the caller. Gives it, and the caller who uses it.
async fn make(world: &World, caller: &Caller, request: NewApiToken) -> (ApiToken, Caller) {
    let made = world.domain.api_tokens.create(caller, request).await.unwrap();
    let bot = world.domain.sessions.authenticate(made.token.as_deref().unwrap()).await.unwrap();
    (made, bot)
}

#[tokio::test]
async fn a_token_is_its_owner_until_it_is_ended() {
    let world = World::new();
    let ann = world.person("ann").await;
    world.person("bob").await;
    let (made, bot) = make(&world, &ann, named("  deploys ")).await;
    let token = made.token.unwrap();
    assert_eq!((made.name.as_str(), token.len(), &token[..6]), ("deploys", 49, "aldis_"));
    assert_eq!(world.send(&bot, to("bob", "hi")).await.unwrap().message.sender, "ann");
    // Nothing of it expires, and it is none of the sessions.
    world.clock.advance(Duration::from_hours(24 * 365));
    world.domain.sessions.sweep().await.unwrap();
    world.domain.api_tokens.sweep().await.unwrap();
    world.domain.sessions.authenticate(&token).await.unwrap();
    assert!(world.domain.sessions.list(&ann).await.unwrap().is_empty());

    let bob = world.caller("bob").await;
    for (caller, code) in [(&bob, Code::NotFound), (&bot, Code::Forbidden)] {
        let refused = world.domain.api_tokens.end(caller, made.id).await.unwrap_err();
        assert_eq!(refused.code, code);
    }
    world.told.cut.lock().clear();
    world.domain.api_tokens.end(&ann, made.id).await.unwrap();
    assert_eq!(*world.told.cut.lock(), [made.id]);
    let revoked = world.domain.sessions.authenticate(&token).await.unwrap_err();
    assert_eq!(revoked.code, Code::SessionRevoked);
}

#[tokio::test]
async fn a_token_cannot_manage_the_account() {
    let world = World::new();
    let ann = world.person("ann").await;
    let (made, bot) = make(&world, &ann, named("bot")).await;
    let (tokens, sessions) = (&world.domain.api_tokens, &world.domain.sessions);
    let refused = [
        tokens.create(&bot, named("more")).await.unwrap_err(),
        tokens.list(&bot).await.unwrap_err(),
        tokens.end(&bot, made.id).await.unwrap_err(),
        sessions.list(&bot).await.unwrap_err(),
        sessions.end(&bot, ann.session).await.unwrap_err(),
        sessions.end(&bot, bot.session).await.unwrap_err(),
        world.domain.users.change_me(&bot, ChangeMe::default()).await.unwrap_err(),
    ];
    for error in refused {
        assert_eq!(error.code, Code::Forbidden);
    }
    // Nor does it buy a session.
    let bought = sessions.refresh(made.token.as_deref().unwrap()).await.unwrap_err();
    assert_eq!(bought.code, Code::RefreshInvalid);
}

#[tokio::test]
async fn a_token_expires() {
    let world = World::new();
    let ann = world.person("ann").await;
    let in_an_hour = |clock: &dyn Clock| Some(clock.now().plus(Duration::from_hours(1)));
    let request = NewApiToken { expires_at: in_an_hour(&*world.clock), ..named("bot") };
    let (made, _) = make(&world, &ann, request.clone()).await;
    assert_eq!(made.expires_at, request.expires_at);
    world.clock.advance(Duration::from_hours(1));
    let token = made.token.unwrap();
    // Before and after it is swept.
    for _ in 0..2 {
        let ended = world.domain.sessions.authenticate(&token).await.unwrap_err();
        assert_eq!(ended.code, Code::SessionRevoked);
        world.domain.api_tokens.sweep().await.unwrap();
    }
    assert_eq!(*world.told.cut.lock(), [made.id]);
    let past = world.domain.api_tokens.create(&ann, request).await.unwrap_err();
    assert_eq!((past.code, past.field.as_deref()), (Code::Invalid, Some("expiresAt")));
}

#[tokio::test]
async fn the_list_has_no_tokens_and_says_when_they_were_used() {
    let world = World::new();
    let ann = world.person("ann").await;
    let (made, _) = make(&world, &ann, named("bot")).await;
    let unused = world.domain.api_tokens.create(&ann, named("unused")).await.unwrap();
    let listed = || async {
        let tokens = world.domain.api_tokens.list(&ann).await.unwrap();
        assert!(tokens.iter().all(|token| token.token.is_none()));
        let of = |id| tokens.iter().find(|token| token.id == id).unwrap().last_used_at;
        assert_eq!(of(unused.id), None);
        of(made.id)
    };
    let start = world.clock.now();
    assert_eq!(listed().await, Some(start));
    // Noted once in ten minutes.
    for (minutes, noted) in [(9, 0), (1, 10), (9, 10)] {
        world.clock.advance(Duration::from_mins(minutes));
        world.domain.sessions.authenticate(made.token.as_deref().unwrap()).await.unwrap();
        assert_eq!(listed().await, Some(start.plus(Duration::from_mins(noted))));
    }
}

#[tokio::test]
async fn names_and_numbers_are_bounded() {
    let world = World::new();
    let ann = world.person("ann").await;
    for name in ["", " ", "a\nb", &"x".repeat(65)] {
        let refused = world.domain.api_tokens.create(&ann, named(name)).await.unwrap_err();
        assert_eq!((refused.code, refused.field.as_deref()), (Code::Invalid, Some("name")), "{name}");
    }
    for _ in 0..limit::API_TOKENS {
        world.domain.api_tokens.create(&ann, named(&"é".repeat(64))).await.unwrap();
    }
    let refused = world.domain.api_tokens.create(&ann, named("one more")).await.unwrap_err();
    assert_eq!(refused.code, Code::TooManyTokens);
}

#[tokio::test]
async fn what_resembles_a_token_is_none() {
    let world = World::new();
    let ann = world.person("ann").await;
    let token = make(&world, &ann, named("bot")).await.0.token.unwrap();
    let others = [
        format!("{token}="),
        token[..48].into(),
        "aldis_".into(),
        token.to_lowercase(),
        format!("{token}\0"),
    ];
    for other in others {
        let refused = world.domain.sessions.authenticate(&other).await.unwrap_err();
        assert_eq!(refused.code, Code::SessionRevoked, "{other}");
    }
    let refused = world.domain.sessions.authenticate(&token[6..]).await.unwrap_err();
    assert_eq!(refused.code, Code::TokenInvalid);
}
