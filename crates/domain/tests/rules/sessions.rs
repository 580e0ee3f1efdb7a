use std::collections::HashSet;
use std::time::Duration;

use domain::store::{NewSession, SessionRecord, SessionStore};
use domain::{Asker, Caller, Clock, Rate, Settings};
use protocol::{Code, Login, SessionId};

use crate::faulty::Late;
use crate::support::{World, login, settings};

#[tokio::test]
async fn a_token_expires_and_its_session_goes_on() {
    let world = World::new();
    world.person("ann").await;
    let first = world.domain.sessions.login(login("ann"), None).await.unwrap();
    world.clock.advance(Duration::from_hours(1));
    let expired = world.domain.sessions.authenticate(&first.token).await.unwrap_err();
    assert_eq!(expired.code, Code::TokenExpired);
    let next = world.domain.sessions.refresh(&first.refresh_token).await.unwrap();
    world.domain.sessions.authenticate(&next.token).await.unwrap();
}

#[tokio::test]
async fn what_a_clock_in_1970_gave_expires_when_it_is_set_and_what_comes_then_is_good() {
    let world = World::new();
    world.clock.set(false);
    let early = world.register("ann").await.unwrap();
    world.person("bob").await;
    let first = world.domain.sessions.login(login("bob"), None).await.unwrap();
    world.domain.sessions.authenticate(&first.token).await.unwrap();

    world.clock.set(true);
    assert_eq!(world.domain.accounts.verify("ann", &early, None).await.unwrap_err().code, Code::OtpInvalid);
    assert!(world.domain.sessions.authenticate(&first.token).await.is_err());
    world.domain.accounts.resend("ann", Asker::default()).await.unwrap();
    let code = world.codes.last();
    world.domain.accounts.verify("ann", &code, None).await.unwrap();
    for name in ["ann", "bob"] {
        let login = world.domain.sessions.login(login(name), None).await.unwrap();
        world.domain.sessions.authenticate(&login.token).await.unwrap();
    }
}

#[tokio::test]
async fn a_session_that_is_not_refreshed_ends_and_is_cut() {
    let world = World::new();
    let ann = world.person("ann").await;
    let kept = world.domain.sessions.login(login("ann"), None).await.unwrap();
    world.clock.advance(Duration::from_hours(23));
    let kept = world.domain.sessions.refresh(&kept.refresh_token).await.unwrap();
    world.clock.advance(Duration::from_hours(2));
    world.domain.sessions.sweep().await.unwrap();
    assert_eq!(*world.told.cut.lock(), [ann.session]);
    let caller = world.domain.sessions.refresh(&kept.refresh_token).await.unwrap();
    assert!(world.domain.sessions.authenticate(&caller.token).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_session_is_cut_even_if_the_request_that_ends_it_is_dropped() {
    let world = World::new();
    let (ann, phone) = (world.person("ann").await, world.caller("ann").await);
    let following = world.domain.ended_sessions.clone();
    tokio::spawn(async move { following.run(std::future::pending()).await });
    tokio::task::yield_now().await;
    let (stored, _go) = Late::next(&world.faulty.late_end);
    tokio::select! {
        biased;
        _ = world.domain.sessions.end(&ann, phone.session) => panic!("it was to be given up"),
        stored = stored => stored.unwrap(),
    }
    assert!(world.told.cut.lock().is_empty());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(*world.told.cut.lock(), [phone.session]);
}

#[tokio::test]
async fn a_lost_answer_to_a_refresh_logs_nobody_out() {
    let world = World::new();
    world.person("ann").await;
    let first = world.domain.sessions.login(login("ann"), None).await.unwrap();
    let lost = world.domain.sessions.refresh(&first.refresh_token).await.unwrap();
    world.clock.advance(Duration::from_millis(59_999));
    let again = world.domain.sessions.refresh(&first.refresh_token).await.unwrap();
    assert_eq!(again.refresh_token, lost.refresh_token);
    assert_ne!(again.refresh_token, first.refresh_token);
    world.domain.sessions.authenticate(&again.token).await.unwrap();
    let next = world.domain.sessions.refresh(&again.refresh_token).await.unwrap();
    assert_ne!(next.refresh_token, again.refresh_token);
    assert!(world.told.cut.lock().is_empty());
}

#[tokio::test]
async fn tabs_that_refresh_at_the_same_time_have_one_successor() {
    let world = World::new();
    world.person("ann").await;
    let first = world.domain.sessions.login(login("ann"), None).await.unwrap();
    let tabs = (0..10).map(|_| world.domain.sessions.refresh(&first.refresh_token));
    let answers = futures_util::future::join_all(tabs).await;
    let successors: HashSet<_> = answers.into_iter().map(|answer| answer.unwrap().refresh_token).collect();
    assert_eq!(successors.len(), 1);
}

/// Refreshes twice, waits, and then uses the first or the second token again.
async fn stolen(used_again: usize, after: Duration) {
    let world = World::new();
    world.person("ann").await;
    let first = world.domain.sessions.login(login("ann"), None).await.unwrap();
    let caller = world.domain.sessions.authenticate(&first.token).await.unwrap();
    let second = world.domain.sessions.refresh(&first.refresh_token).await.unwrap();
    let third = world.domain.sessions.refresh(&second.refresh_token).await.unwrap();
    world.clock.advance(after);
    let used = [&first, &second][used_again];
    let stolen = world.domain.sessions.refresh(&used.refresh_token).await.unwrap_err();
    assert_eq!(stolen.code, Code::RefreshInvalid);
    assert_eq!(*world.told.cut.lock(), [caller.session]);
    for token in [first.token, second.token, third.token] {
        let revoked = world.domain.sessions.authenticate(&token).await.unwrap_err();
        assert_eq!(revoked.code, Code::SessionRevoked);
        // Also once it has expired: there is nothing to refresh.
        world.clock.advance(Duration::from_hours(2));
        let revoked = world.domain.sessions.authenticate(&token).await.unwrap_err();
        assert_eq!(revoked.code, Code::SessionRevoked);
    }
    assert_eq!(
        world.domain.sessions.refresh(&third.refresh_token).await.unwrap_err().code,
        Code::RefreshInvalid
    );
}

#[tokio::test]
async fn a_refresh_token_whose_successor_was_used_ends_its_session_and_cuts_it() {
    stolen(0, Duration::ZERO).await;
}

#[tokio::test]
async fn a_refresh_token_used_again_after_a_minute_ends_its_session_and_cuts_it() {
    stolen(1, Duration::from_mins(1)).await;
}

#[tokio::test]
async fn a_session_refreshes_only_so_often() {
    let world = World::new();
    world.person("ann").await;
    let mut session = world.domain.sessions.login(login("ann"), None).await.unwrap();
    for _ in 0..60 {
        session = world.domain.sessions.refresh(&session.refresh_token).await.unwrap();
    }
    let refused = world.domain.sessions.refresh(&session.refresh_token).await.unwrap_err();
    assert_eq!((refused.code, refused.retry_after), (Code::RateLimited, Some(Duration::from_mins(1))));
    // It was not used by that, and others are not held up.
    let other = world.domain.sessions.login(login("ann"), None).await.unwrap();
    world.domain.sessions.refresh(&other.refresh_token).await.unwrap();
    world.clock.advance(Duration::from_mins(1));
    world.domain.sessions.refresh(&session.refresh_token).await.unwrap();
}

#[tokio::test]
async fn failed_logins_are_limited_and_right_ones_never_count() {
    let world = World::with(&Settings {
        failed_logins: Rate::per(Duration::from_hours(1), 3),
        failed_logins_of_account: Rate::per(Duration::from_hours(1), 5),
        ..settings()
    });
    world.person("ann").await;
    let address = Some("192.0.2.1".parse().unwrap());
    let other = Some("192.0.2.2".parse().unwrap());
    let wrong = || Login { password: "wrong horse".into(), ..login("Ann") };
    let sessions = &world.domain.sessions;
    for _ in 0..9 {
        sessions.login(login("ann"), address).await.unwrap();
    }
    for _ in 0..3 {
        assert_eq!(sessions.login(wrong(), address).await.unwrap_err().code, Code::CredentialsInvalid);
    }
    assert_eq!(sessions.login(login("ann"), address).await.unwrap_err().code, Code::RateLimited);
    for _ in 0..3 {
        assert_eq!(sessions.login(wrong(), other).await.unwrap_err().code, Code::CredentialsInvalid);
    }
    assert_eq!(sessions.login(login("ann"), other).await.unwrap_err().code, Code::RateLimited);
    world.clock.advance(Duration::from_hours(1));
    sessions.login(login("ann"), address).await.unwrap();
}

#[tokio::test]
async fn who_guesses_from_many_addresses_is_slowed_and_locks_nobody_out() {
    let world = World::with(&Settings {
        failed_logins: Rate::per(Duration::from_hours(1), 20),
        failed_logins_of_account: Rate::per(Duration::from_hours(1), 30),
        ..settings()
    });
    world.person("ann").await;
    let wrong = || Login { password: "wrong horse".into(), ..login("Ann") };
    let sessions = &world.domain.sessions;
    let mut guessed = Vec::new();
    for address in 1..=4 {
        let address = Some([192, 0, 2, address].into());
        let mut guesses = 0;
        while sessions.login(wrong(), address).await.unwrap_err().code == Code::CredentialsInvalid {
            guesses += 1;
        }
        guessed.push(guesses);
    }
    // Thirty from wherever; after that each address has five.
    assert_eq!(guessed, [20, 15, 5, 5]);
    let slowed = sessions.login(wrong(), Some([192, 0, 2, 4].into())).await.unwrap_err();
    assert_eq!((slowed.code, slowed.retry_after), (Code::RateLimited, Some(Duration::from_mins(12))));
    // Who knows the password is let in: a right one is no guess.
    for _ in 0..9 {
        sessions.login(login("ann"), Some([192, 0, 2, 9].into())).await.unwrap();
    }
    // Loopback is one address more.
    for _ in 0..5 {
        assert_eq!(sessions.login(wrong(), None).await.unwrap_err().code, Code::CredentialsInvalid);
    }
    assert_eq!(sessions.login(wrong(), None).await.unwrap_err().code, Code::RateLimited);
}

#[tokio::test]
async fn who_guesses_at_one_account_keeps_nobody_else_of_their_address_out() {
    let world = World::with(&Settings {
        failed_logins: Rate::per(Duration::from_hours(1), 3),
        failed_logins_of_address: Rate::per(Duration::from_hours(1), 8),
        ..settings()
    });
    world.person("ann").await;
    world.person("bob").await;
    let school = Some("192.0.2.1".parse().unwrap());
    let wrong = |name: &str| Login { password: "wrong horse".into(), ..login(name) };
    let sessions = &world.domain.sessions;
    for _ in 0..3 {
        assert_eq!(sessions.login(wrong("ann"), school).await.unwrap_err().code, Code::CredentialsInvalid);
    }
    assert_eq!(sessions.login(login("ann"), school).await.unwrap_err().code, Code::RateLimited);
    sessions.login(login("bob"), school).await.unwrap();
    // Whoever tries one password at many accounts is stopped by the limit of the address.
    for number in 0..5 {
        let tried = sessions.login(wrong(&format!("user{number}")), school).await.unwrap_err();
        assert_eq!(tried.code, Code::CredentialsInvalid);
    }
    assert_eq!(sessions.login(wrong("user9"), school).await.unwrap_err().code, Code::RateLimited);
}

#[tokio::test]
async fn failed_logins_count_per_account_on_loopback_too() {
    let world = World::with(&Settings {
        failed_logins: Rate::per(Duration::from_hours(1), 3),
        failed_logins_of_account: Rate::per(Duration::from_hours(1), 5),
        ..settings()
    });
    world.person("ann").await;
    world.person("bob").await;
    let wrong = |name| Login { password: "wrong horse".into(), ..login(name) };
    let sessions = &world.domain.sessions;
    for name in ["ann", "bob"] {
        // Five, and five as one address of an account that has had too many; the limit per address is not
        // asked.
        for _ in 0..10 {
            assert_eq!(sessions.login(wrong(name), None).await.unwrap_err().code, Code::CredentialsInvalid);
        }
        assert_eq!(sessions.login(login(name), None).await.unwrap_err().code, Code::RateLimited);
    }
}

#[tokio::test]
async fn requests_past_the_burst_wait_for_their_turn_on_whatever_device() {
    let requests = Rate { burst: 3, interval: Duration::from_secs(2) };
    let world = World::with(&Settings { requests, ..settings() });
    let (ann, phone) = (world.person("ann").await, world.caller("ann").await);
    let bob = world.person("bob").await;
    let turn = |caller: &Caller| caller.turn(&*world.clock).map_err(|error| error.retry_after);
    let turns: Vec<_> = [&ann, &phone, &ann, &phone, &ann, &phone].map(turn).into();
    let [now, two, four] = [0, 2, 4].map(|seconds| Ok(Duration::from_secs(seconds)));
    assert_eq!(turns, [now, now, now, two, four, Err(Some(Duration::from_secs(6)))]);
    assert_eq!(turn(&bob), now);
    world.clock.advance(Duration::from_secs(4));
    assert_eq!(turn(&ann), two);
}

#[tokio::test]
async fn logins_are_rated_whatever_the_password() {
    let rate = Rate { burst: 3, interval: Duration::from_mins(1) };
    let world = World::with(&Settings { logins: rate, ..settings() });
    world.person("ann").await;
    world.person("bob").await;
    let sessions = &world.domain.sessions;
    // One of three on loopback is that of `person`.
    for (from, left) in [(Some([192, 0, 2, 1].into()), 3), (Some([192, 0, 2, 2].into()), 3), (None, 2)] {
        for _ in 0..left {
            sessions.login(login("Ann"), from).await.unwrap();
        }
        let refused = sessions.login(login("ann"), from).await.unwrap_err();
        assert_eq!((refused.code, refused.retry_after), (Code::RateLimited, Some(Duration::from_mins(1))));
        // Others are let in from there.
        sessions.login(login("bob"), from).await.unwrap();
    }
    world.clock.advance(Duration::from_mins(1));
    sessions.login(login("ann"), None).await.unwrap();
    sessions.login(login("ann"), None).await.unwrap_err();
}

#[tokio::test]
async fn an_address_logs_in_only_so_often() {
    let logins_of_address = Rate::per(Duration::from_hours(1), 3);
    let world = World::with(&Settings { logins_of_address, ..settings() });
    let names = ["ann", "bob", "eve", "zoe"];
    for name in names {
        world.person(name).await;
    }
    let mut outcomes = Vec::new();
    for name in names {
        let outcome = world.domain.sessions.login(login(name), Some([192, 0, 2, 1].into())).await;
        outcomes.push(outcome.map_err(|error| error.code).err());
    }
    assert_eq!(outcomes, [None, None, None, Some(Code::RateLimited)]);
}

#[tokio::test]
async fn past_a_hundred_sessions_the_one_unused_for_longest_ends_and_is_cut() {
    let world = World::new();
    let ann = world.person("ann").await;
    world.clock.advance(Duration::from_secs(1));
    let kept = world.domain.sessions.login(login("ann"), None).await.unwrap();
    world.clock.advance(Duration::from_secs(1));
    let created_at = world.clock.now();
    for number in 2..100 {
        let id = SessionId::mint(created_at, number);
        let (user, device) = (ann.person.id, None);
        let session = SessionRecord { id, user, device, created_at, last_seen_at: created_at };
        let refresh = [u8::try_from(number).unwrap(); 32];
        let new =
            NewSession { session, refresh, refresh_expires_at: created_at.plus(Duration::from_hours(1)) };
        assert_eq!(world.store.create_session(new, 100).await.unwrap().unwrap(), []);
    }
    assert_eq!(world.domain.sessions.list(&ann).await.unwrap().len(), 100);
    world.clock.advance(Duration::from_secs(1));
    // What is used is not ended for being old.
    world.domain.sessions.refresh(&kept.refresh_token).await.unwrap();
    world.domain.sessions.login(login("ann"), None).await.unwrap();
    assert_eq!(*world.told.cut.lock(), [ann.session]);
    let caller = world.domain.sessions.authenticate(&kept.token).await.unwrap();
    assert_eq!(world.domain.sessions.list(&caller).await.unwrap().len(), 100);
}

#[tokio::test]
async fn a_login_with_an_impossible_username_is_not_counted() {
    let rate = Rate::per(Duration::from_hours(1), 1);
    let world = World::with(&Settings { failed_logins_of_account: rate, ..settings() });
    for name in [String::new(), "x".repeat(33), "x".repeat(256 * 1024), "añn".into()] {
        for _ in 0..3 {
            let address = Some([192, 0, 2, 1].into());
            let refused = world.domain.sessions.login(login(&name), address).await.unwrap_err();
            assert_eq!(refused.code, Code::CredentialsInvalid);
        }
    }
}

#[tokio::test]
async fn long_device_labels_are_cut() {
    let world = World::new();
    let ann = world.person("ann").await;
    let device = Some("é".repeat(100));
    world.domain.sessions.login(Login { device, ..login("ann") }, None).await.unwrap();
    let sessions = world.domain.sessions.list(&ann).await.unwrap();
    let labels: Vec<_> = sessions.iter().filter_map(|session| session.device.as_deref()).collect();
    assert_eq!(labels, ["é".repeat(32)]);
}
