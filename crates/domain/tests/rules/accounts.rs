use std::net::IpAddr;
use std::time::Duration;

use domain::store::AccountStore;
use domain::{Rate, Settings};
use protocol::{Code, Register};

use crate::support::{PASSWORD, World, asking, settings, to};

#[tokio::test]
async fn a_code_expires_and_the_next_one_counts() {
    let world = World::new();
    let first = world.register("ann").await.unwrap();
    world.clock.advance(Duration::from_mins(10));
    assert_eq!(world.domain.accounts.verify("ann", &first, None).await.unwrap_err().code, Code::OtpInvalid);
    world.domain.accounts.resend("ann", asking(None)).await.unwrap();
    let second = world.codes.last();
    assert_ne!(first, second);
    assert_eq!(world.domain.accounts.verify("ann", &first, None).await.unwrap_err().code, Code::OtpInvalid);
    world.domain.accounts.verify("ANN", &second, None).await.unwrap();
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
    let guesses = ["a", "b", "c", "d", "e", "f", "g", "h"]
        .map(|guess| world.domain.accounts.verify("ann", guess, None));
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
        world.domain.accounts.verify("ann", "000000", None).await.unwrap_err();
    }
    world.clock.advance(Duration::from_mins(4));
    let locked = world.domain.accounts.verify("ann", &code, None).await.unwrap_err();
    assert_eq!((locked.code, locked.retry_after), (Code::OtpLocked, Some(Duration::from_mins(6))));
    world.clock.advance(Duration::from_mins(6));
    assert_eq!(world.domain.accounts.verify("ann", &code, None).await.unwrap_err().code, Code::OtpInvalid);
}

#[expect(clippy::unnecessary_wraps, reason = "as the rules take it")]
fn address(last: u8) -> Option<IpAddr> {
    Some([192, 0, 2, last].into())
}

/// Guesses until it is refused; gives how many were looked at.
async fn guess(world: &World, from: Option<IpAddr>) -> usize {
    let mut looked = 0;
    loop {
        match world.domain.accounts.verify("ann", "no code", from).await.unwrap_err().code {
            Code::OtpInvalid => looked += 1,
            code => {
                assert_eq!(code, Code::OtpLocked);
                return looked;
            }
        }
    }
}

#[tokio::test]
async fn strangers_lock_nobody_out_of_verifying() {
    let world = World::new();
    let code = world.register_from("ann", address(1)).await.unwrap();
    let mut looked = Vec::new();
    for stranger in 2..9 {
        looked.push(guess(&world, address(stranger)).await);
    }
    // Five from each, and twice as many from all: beyond that it is no guess but a search.
    assert_eq!(looked, [5, 5, 0, 0, 0, 0, 0]);
    // Those of who registered are their own.
    for _ in 0..4 {
        let wrong = world.domain.accounts.verify("ann", "no code", address(1)).await.unwrap_err();
        assert_eq!(wrong.code, Code::OtpInvalid);
    }
    world.domain.accounts.verify("ann", &code, address(1)).await.unwrap();
}

#[tokio::test]
async fn a_code_is_good_from_another_address_too() {
    let world = World::new();
    let code = world.register_from("ann", address(1)).await.unwrap();
    // Whom a stranger asked for another, too.
    world.domain.accounts.resend("ann", asking(address(3))).await.unwrap();
    world.domain.accounts.verify("ann", &code, address(2)).await.unwrap();
}

#[tokio::test]
async fn a_code_that_was_asked_for_elsewhere_is_good_where_one_registered() {
    let world = World::new();
    world.register_from("ann", address(1)).await.unwrap();
    world.domain.accounts.resend("ann", asking(address(2))).await.unwrap();
    let code = world.codes.last();
    for _ in 0..4 {
        let wrong = world.domain.accounts.verify("ann", "no code", address(1)).await.unwrap_err();
        assert_eq!(wrong.code, Code::OtpInvalid);
    }
    world.domain.accounts.verify("ann", &code, address(1)).await.unwrap();
}

#[tokio::test]
async fn no_address_has_more_than_five_tries_at_a_code() {
    let world = World::new();
    world.register_from("ann", address(1)).await.unwrap();
    let mut looked = Vec::new();
    for _ in 0..3 {
        world.domain.accounts.resend("ann", asking(address(2))).await.unwrap();
        looked.push(guess(&world, address(2)).await);
    }
    assert_eq!(looked, [5, 5, 5]);
    // Five of those at the code of who registered: others have as many left, and who registered has all.
    assert_eq!(guess(&world, address(3)).await, 5);
    assert_eq!(guess(&world, address(1)).await, 5);
}

#[tokio::test]
async fn who_is_locked_out_by_strangers_asks_for_a_code_of_their_own() {
    let world = World::new();
    world.register_from("ann", address(1)).await.unwrap();
    for stranger in 3..9 {
        guess(&world, address(stranger)).await;
    }
    let refused = world.domain.accounts.verify("ann", "no code", address(2)).await.unwrap_err();
    assert_eq!(refused.code, Code::OtpLocked);
    world.domain.accounts.resend("ann", asking(address(2))).await.unwrap();
    let code = world.codes.last();
    world.domain.accounts.verify("ann", &code, address(2)).await.unwrap();
}

#[tokio::test]
async fn a_strangers_code_replaces_nobodys() {
    let world = World::new();
    let first = world.register_from("ann", address(1)).await.unwrap();
    world.domain.accounts.resend("ann", asking(address(2))).await.unwrap();
    let second = world.codes.last();
    // One's own next code replaces one's own first.
    world.domain.accounts.resend("ann", asking(address(2))).await.unwrap();
    let third = world.codes.last();
    let replaced = world.domain.accounts.verify("ann", &second, address(2)).await.unwrap_err();
    assert_eq!(replaced.code, Code::OtpInvalid);
    assert_ne!(first, third);
    world.domain.accounts.verify("ann", &first, address(1)).await.unwrap();
    let used_up = world.domain.accounts.verify("ann", &third, address(2)).await.unwrap_err();
    assert_eq!(used_up.code, Code::OtpInvalid);
}

#[tokio::test]
async fn codes_of_strangers_use_nobodys_up() {
    let hour = Duration::from_hours(1);
    let (resends, resends_of_account) = (Rate::per(hour, 2), Rate::per(hour, 5));
    let world = World::with(&Settings { resends, resends_of_account, ..settings() });
    world.register_from("ann", address(1)).await.unwrap();
    let mut sent = Vec::new();
    for asker in [2, 2, 2, 1, 3, 3, 3, 4] {
        let before = world.codes.codes.lock().len();
        world.domain.accounts.resend("ann", asking(address(asker))).await.unwrap();
        sent.push(world.codes.codes.lock().len() - before);
    }
    assert_eq!(sent, [1, 1, 0, 1, 1, 1, 0, 0]);
}

#[tokio::test]
async fn a_name_that_nobody_verifies_is_free_after_a_day() {
    let world = World::new();
    let first = world.register("ann").await.unwrap();
    let (day, nearly) = (Duration::from_hours(24), Duration::from_millis(24 * 3_600_000 - 1));
    world.clock.advance(nearly);
    assert_eq!(world.register("Ann").await.unwrap_err().code, Code::UsernameTaken);
    // Asking for codes keeps no name.
    world.domain.accounts.resend("ann", asking(None)).await.unwrap();
    world.clock.advance(Duration::from_millis(1));
    // At once, whether or not it was swept.
    let second = world.register("Ann").await.unwrap();
    assert_eq!(world.domain.accounts.verify("ann", &first, None).await.unwrap_err().code, Code::OtpInvalid);
    let user = world.domain.accounts.verify("ann", &second, None).await.unwrap();
    assert_eq!(user.username, "Ann");
    // Once verified it is theirs for ever.
    world.clock.advance(day * 365);
    world.domain.accounts.sweep().await.unwrap();
    assert_eq!(world.register("ann").await.unwrap_err().code, Code::UsernameTaken);
    assert_eq!(world.domain.users.get("ann").await.unwrap().username, "Ann");
}

#[tokio::test]
async fn an_unverified_account_is_removed_and_its_name_is_free() {
    let world = World::new();
    let ann = world.person("ann").await;
    let code = world.register("bob").await.unwrap();
    let unknown = world.send(&ann, to("bob", "hi")).await.unwrap_err();
    assert_eq!(unknown.code, Code::ReceiverUnknown);
    world.clock.advance(Duration::from_hours(24));
    world.register("new").await.unwrap();
    world.domain.accounts.sweep().await.unwrap();
    assert!(world.store.account("bob").await.unwrap().is_none());
    let gone = world.domain.accounts.verify("bob", &code, None).await.unwrap_err();
    assert_eq!(gone.code, Code::OtpInvalid);
    world.domain.accounts.resend("bob", asking(None)).await.unwrap();
    // The next of that name is another person, and is found.
    let bob = world.person("BOB").await;
    assert_eq!(bob.person.username.as_ref(), "BOB");
    let sent = world.send(&ann, to("bob", "hi")).await.unwrap();
    assert_eq!(sent.message.receiver.as_deref(), Some("BOB"));
}

#[tokio::test]
async fn names_that_a_path_cannot_have_are_refused() {
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
    let sent = world.codes.codes.lock().len();
    world.domain.accounts.resend("ann", asking(None)).await.unwrap();
    world.domain.accounts.resend("nobody", asking(None)).await.unwrap();
    assert_eq!(world.codes.codes.lock().len(), sent);
}

#[tokio::test]
async fn codes_are_asked_for_only_so_often() {
    let world = World::with(&Settings { resends: Rate::per(Duration::from_hours(1), 2), ..settings() });
    world.register("ann").await.unwrap();
    for _ in 0..5 {
        world.domain.accounts.resend("ann", asking(None)).await.unwrap();
    }
    assert_eq!(world.codes.codes.lock().len(), 3);
    world.clock.advance(Duration::from_hours(1));
    world.domain.accounts.resend("ann", asking(None)).await.unwrap();
    assert_eq!(world.codes.codes.lock().len(), 4);
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
            invite: None,
        };
        world.domain.accounts.register(request, asking(address.map(|address| address.parse().unwrap())))
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
    let code = world.codes.last();
    world.domain.accounts.verify("ann", &code, None).await.unwrap();
    assert_eq!(world.domain.users.get("ann").await.unwrap().username, "ann");
}
