use std::time::Duration;

use domain::{Rate, Settings};
use protocol::{Code, Register};

use crate::support::{PASSWORD, World, settings};

#[tokio::test]
async fn a_code_expires_and_the_next_one_counts() {
    let world = World::new();
    let first = world.register("ann").await.unwrap();
    world.clock.advance(Duration::from_mins(10));
    assert_eq!(world.domain.accounts.verify("ann", &first).await.unwrap_err().code, Code::OtpInvalid);
    world.domain.accounts.resend("ann").await.unwrap();
    let second = world.codes.0.lock().last().unwrap().clone();
    assert_ne!(first, second);
    assert_eq!(world.domain.accounts.verify("ann", &first).await.unwrap_err().code, Code::OtpInvalid);
    world.domain.accounts.verify("ANN", &second).await.unwrap();
}

#[tokio::test]
async fn codes_have_six_digits() {
    let world = World::new();
    for name in ["a1", "a2", "a3", "a4"] {
        let code = world.register(name).await.unwrap();
        assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
    }
}

#[tokio::test]
async fn five_tries_at_once_are_five_tries() {
    let world = World::new();
    world.register("ann").await.unwrap();
    let guesses =
        ["a", "b", "c", "d", "e", "f", "g", "h"].map(|guess| world.domain.accounts.verify("ann", guess));
    let outcomes = futures_util::future::join_all(guesses).await;
    let count = |code| {
        outcomes.iter().filter(|outcome| outcome.as_ref().is_err_and(|error| error.code == code)).count()
    };
    assert_eq!((count(Code::OtpInvalid), count(Code::OtpLocked)), (5, 3));
}

#[tokio::test]
async fn a_code_is_locked_until_it_expires() {
    let world = World::new();
    let code = world.register("ann").await.unwrap();
    for _ in 0..5 {
        world.domain.accounts.verify("ann", "000000").await.unwrap_err();
    }
    world.clock.advance(Duration::from_mins(4));
    let locked = world.domain.accounts.verify("ann", &code).await.unwrap_err();
    assert_eq!((locked.code, locked.retry_after), (Code::OtpLocked, Some(Duration::from_mins(6))));
    world.clock.advance(Duration::from_mins(6));
    assert_eq!(world.domain.accounts.verify("ann", &code).await.unwrap_err().code, Code::OtpInvalid);
}

#[tokio::test]
async fn names_that_a_path_cannot_have_are_nobodys() {
    let world = World::new();
    for name in ["me", "ME", "..", "...."] {
        let refused = world.register(name).await.unwrap_err();
        assert_eq!((refused.code, refused.field.as_deref()), (Code::Invalid, Some("username")), "{name}");
    }
    world.register("me.").await.unwrap();
}

#[tokio::test]
async fn a_verified_account_is_sent_no_code() {
    let world = World::new();
    world.person("ann").await;
    let sent = world.codes.0.lock().len();
    world.domain.accounts.resend("ann").await.unwrap();
    world.domain.accounts.resend("nobody").await.unwrap();
    assert_eq!(world.codes.0.lock().len(), sent);
}

#[tokio::test]
async fn codes_are_asked_for_only_so_often() {
    let world = World::with(&Settings { resends: Rate::per(Duration::from_hours(1), 2), ..settings() });
    world.register("ann").await.unwrap();
    for _ in 0..5 {
        world.domain.accounts.resend("ann").await.unwrap();
    }
    assert_eq!(world.codes.0.lock().len(), 3);
    world.clock.advance(Duration::from_hours(1));
    world.domain.accounts.resend("ann").await.unwrap();
    assert_eq!(world.codes.0.lock().len(), 4);
}

#[tokio::test]
async fn an_address_registers_only_so_often() {
    let world = World::with(&Settings { registrations: Rate::per(Duration::from_hours(1), 2), ..settings() });
    let register = |username: &str, address: Option<&str>| {
        let request = Register {
            username: username.into(),
            password: PASSWORD.into(),
            email: None,
            display_name: None,
        };
        world.domain.accounts.register(request, address.map(|address| address.parse().unwrap()))
    };
    register("a1", Some("192.0.2.1")).await.unwrap();
    register("a2", Some("192.0.2.1")).await.unwrap();
    let refused = register("a3", Some("192.0.2.1")).await.unwrap_err();
    assert_eq!((refused.code, refused.retry_after), (Code::RateLimited, Some(Duration::from_mins(30))));
    register("a4", Some("192.0.2.2")).await.unwrap();
    register("a5", None).await.unwrap();
    world.clock.advance(Duration::from_mins(30));
    register("a3", Some("192.0.2.1")).await.unwrap();
}

#[tokio::test]
async fn who_is_not_verified_is_nobody_to_others() {
    let world = World::new();
    world.register("ann").await.unwrap();
    assert_eq!(world.domain.users.get("ann").await.unwrap_err().code, Code::NotFound);
    let code = world.codes.0.lock().last().unwrap().clone();
    world.domain.accounts.verify("ann", &code).await.unwrap();
    assert_eq!(world.domain.users.get("ann").await.unwrap().username, "ann");
}
