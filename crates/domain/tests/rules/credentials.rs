use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::store::{AccountStore, NoticeStore};
use domain::{Admin, Asker, Caller, Clock, Rate, SendError, Settings};
use protocol::{AuditAction, ChangeEmail, ChangePassword, Code, Forgot, Login, Register, Reset};

use crate::support::{PASSWORD, World, asking, login, settings};

const OTHER: &str = "another password";
const ADDRESS: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)));

fn change(password: &str, new_password: &str) -> ChangePassword {
    ChangePassword { password: password.into(), new_password: new_password.into() }
}

fn by_name(username: &str) -> Forgot {
    Forgot { username: Some(username.into()), email: None }
}

fn by_email(email: &str) -> Forgot {
    Forgot { username: None, email: Some(email.into()) }
}

fn reset(username: &str, otp: &str, new_password: &str) -> Reset {
    Reset { username: username.into(), otp: otp.into(), new_password: new_password.into() }
}

fn registering(username: &str, email: Option<&str>) -> Register {
    let (password, email) = (PASSWORD.into(), email.map(str::to_owned));
    Register { username: username.into(), password, email, display_name: None, invite: None }
}

/// Registers and verifies somebody by e-mail, and logs in.
async fn mailed_person(world: &World, username: &str, email: &str) -> Caller {
    let request = registering(username, Some(email));
    world.domain.accounts.register(request, Asker::default()).await.unwrap();
    assert_eq!(world.mailed().await, [(email.to_owned(), username.to_owned(), "verify")]);
    world.domain.accounts.verify(username, &world.codes.last(), None).await.unwrap();
    world.caller(username).await
}

async fn logs_in(world: &World, username: &str, password: &str) -> bool {
    let login = Login { password: password.into(), ..login(username) };
    match world.domain.sessions.login(login, None).await {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.code, Code::CredentialsInvalid);
            false
        }
    }
}

async fn lives(world: &World, caller: &Caller) -> bool {
    let sessions = world.store_sessions(caller).await;
    sessions.contains(&caller.session)
}

#[tokio::test]
async fn a_changed_password_ends_all_other_sessions() {
    let world = World::new();
    let ann = world.person("Ann").await;
    let (other, bob) = (world.caller("ann").await, world.person("bob").await);
    let credentials = &world.domain.credentials;
    let change_to =
        |password, new| credentials.change_password(&ann, change(password, new), Asker::default());
    assert_eq!(change_to("wrong password", OTHER).await.unwrap_err().code, Code::CredentialsInvalid);
    for (bad, why) in [("short", "8 to 256"), ("Password123", "Many people")] {
        let refused = change_to(PASSWORD, bad).await.unwrap_err();
        assert_eq!((refused.code, refused.field.as_deref()), (Code::Invalid, Some("newPassword")));
        assert!(refused.detail.contains(why), "{}", refused.detail);
    }
    assert!(lives(&world, &other).await);
    change_to(PASSWORD, OTHER).await.unwrap();
    assert!(lives(&world, &ann).await);
    assert!(!lives(&world, &other).await);
    assert!(lives(&world, &bob).await);
    assert!(!logs_in(&world, "ann", PASSWORD).await);
    assert!(logs_in(&world, "ann", OTHER).await);
}

#[tokio::test]
async fn of_two_changes_at_once_one_is_made() {
    let world = World::new();
    let ann = world.person("ann").await;
    let changes = ["one new password", "two new passwords"]
        .map(|new| world.domain.credentials.change_password(&ann, change(PASSWORD, new), Asker::default()));
    let outcomes = futures_util::future::join_all(changes).await;
    let refused = outcomes.into_iter().filter_map(Result::err).map(|error| error.code);
    assert_eq!(refused.collect::<Vec<_>>(), [Code::CredentialsInvalid]);
}

#[tokio::test]
async fn a_common_password_is_refused_at_registration_too() {
    let world = World::new();
    let common = Register { password: "12345678".into(), ..registering("ann", None) };
    let refused = world.domain.accounts.register(common, Asker::default()).await.unwrap_err();
    assert_eq!((refused.code, refused.field.as_deref()), (Code::Invalid, Some("password")));
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_with_a_code() {
    let world = World::new();
    let ann = world.person("Ann").await;
    let credentials = &world.domain.credentials;
    credentials.forgot(by_name("ANN"), Asker::default()).await.unwrap();
    let code = world.codes.last();
    let refused = credentials.reset(reset("ann", &code, "short"), Asker::default()).await.unwrap_err();
    assert_eq!(refused.code, Code::Invalid);
    credentials.reset(reset("ann", &code, OTHER), Asker::default()).await.unwrap();
    assert!(!lives(&world, &ann).await);
    assert!(logs_in(&world, "ann", OTHER).await);
    let again = credentials.reset(reset("ann", &code, PASSWORD), Asker::default()).await.unwrap_err();
    assert_eq!(again.code, Code::OtpInvalid);
}

#[tokio::test]
async fn a_code_is_good_for_what_it_was_asked_for_only() {
    let world = World::new();
    let first = world.register("ann").await.unwrap();
    let credentials = &world.domain.credentials;
    // Not verified: no code to reset, and the code to verify is none.
    credentials.forgot(by_name("ann"), Asker::default()).await.unwrap();
    assert_eq!(world.codes.last(), first);
    let refused = credentials.reset(reset("ann", &first, OTHER), Asker::default()).await.unwrap_err();
    assert_eq!(refused.code, Code::OtpInvalid);
    world.domain.accounts.verify("ann", &first, None).await.unwrap();
    let ann = world.caller("ann").await;
    credentials.forgot(by_name("ann"), Asker::default()).await.unwrap();
    let code = world.codes.last();
    let refused = credentials.verify_email(&ann, &code, Asker::default()).await.unwrap_err();
    assert_eq!(refused.code, Code::OtpInvalid);
    let nobody = credentials.reset(reset("bob", &code, OTHER), Asker::default()).await.unwrap_err();
    assert_eq!((nobody.code, &nobody.detail), (refused.code, &refused.detail));
}

#[tokio::test]
async fn codes_to_reset_are_locked_after_five_tries() {
    let world = World::new();
    world.person("ann").await;
    let credentials = &world.domain.credentials;
    credentials.forgot(by_name("ann"), Asker::default()).await.unwrap();
    let code = world.codes.last();
    for _ in 0..5 {
        let wrong = credentials.reset(reset("ann", "no code", OTHER), Asker::default()).await.unwrap_err();
        assert_eq!(wrong.code, Code::OtpInvalid);
    }
    let locked = credentials.reset(reset("ann", &code, OTHER), Asker::default()).await.unwrap_err();
    assert_eq!(locked.code, Code::OtpLocked);
}

#[tokio::test]
async fn an_e_mail_address_changes_with_the_code_that_was_sent_to_it() {
    let world = World::mailing(&settings());
    let ann = mailed_person(&world, "ann", "old@example.org").await;
    let credentials = &world.domain.credentials;
    let wanted = |password: &str, email: &str| ChangeEmail { password: password.into(), email: email.into() };
    for (password, email, code) in [
        ("wrong password", "new@example.org", Code::CredentialsInvalid),
        (PASSWORD, "nonsense", Code::Invalid),
    ] {
        let refused = credentials.change_email(&ann, wanted(password, email), Asker::default()).await;
        assert_eq!(refused.unwrap_err().code, code);
    }
    credentials.change_email(&ann, wanted(PASSWORD, "New@example.org"), Asker::default()).await.unwrap();
    let [old, new] = ["email-changing", "email"]
        .map(|kind| if kind == "email" { ("New@example.org", kind) } else { ("old@example.org", kind) })
        .map(|(email, kind)| (email.to_owned(), "ann".to_owned(), kind));
    assert_eq!(world.mailed().await, [old, new]);
    let me = world.domain.users.me(&ann).await.unwrap();
    assert_eq!(me.email.as_deref(), Some("old@example.org"));
    let changed = credentials.verify_email(&ann, &world.codes.last(), Asker::default()).await.unwrap();
    assert_eq!(changed.email.as_deref(), Some("New@example.org"));
    // Now the account is found by the new one, and not by the old one.
    credentials.forgot(by_email("old@example.org"), Asker::default()).await.unwrap();
    assert_eq!(world.mailed().await, []);
    credentials.forgot(by_email("NEW@example.org"), Asker::default()).await.unwrap();
    assert_eq!(world.mailed().await, [("New@example.org".into(), "ann".into(), "reset")]);
}

#[tokio::test]
async fn codes_by_e_mail_need_an_address() {
    let world = World::mailing(&settings());
    let refused =
        world.domain.accounts.register(registering("ann", None), Asker::default()).await.unwrap_err();
    assert_eq!((refused.code, refused.field.as_deref()), (Code::Invalid, Some("email")));
}

#[tokio::test]
async fn a_request_is_stored_alike_for_somebody_and_nobody() {
    let world = World::mailing(&settings());
    mailed_person(&world, "ann", "ann@example.org").await;
    for request in [by_name("ann"), by_name("nobody"), by_email("nobody@example.org")] {
        world.domain.credentials.forgot(request, Asker::default()).await.unwrap();
        let now = world.clock.now();
        assert_eq!(world.store.due_notices(now, 10).await.unwrap().len(), 1);
        world.mailed().await;
        assert_eq!(world.store.due_notices(now, 10).await.unwrap(), []);
    }
    for neither in
        [Forgot { username: None, email: None }, Forgot { email: Some("x".into()), ..by_name("ann") }]
    {
        let refused = world.domain.credentials.forgot(neither, Asker::default()).await.unwrap_err();
        assert_eq!(refused.code, Code::Invalid);
    }
}

#[tokio::test]
async fn everybody_with_the_address_gets_a_code_and_it_says_whose_it_is() {
    let world = World::mailing(&settings());
    mailed_person(&world, "ann", "family@example.org").await;
    mailed_person(&world, "bob", "Family@example.org").await;
    world.domain.credentials.forgot(by_email("family@EXAMPLE.org"), Asker::default()).await.unwrap();
    let sent = world.mailed().await;
    let names: Vec<_> = sent.iter().map(|(_, username, kind)| (username.as_str(), *kind)).collect();
    assert_eq!(names, [("ann", "reset"), ("bob", "reset")]);
}

#[tokio::test]
async fn a_mail_server_that_is_down_for_a_while_loses_nothing() {
    let world = World::mailing(&settings());
    *world.codes.failing.lock() = Some(SendError::Unavailable("down".into()));
    world
        .domain
        .accounts
        .register(registering("ann", Some("ann@example.org")), Asker::default())
        .await
        .unwrap();
    // The waits double: 5, 10, 20 and 40 seconds.
    let mut tries = 0;
    for _ in 0..70 {
        if world.domain.notices.send_due().await.unwrap() > 0 {
            tries += 1;
        }
        world.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(tries, 4);
    *world.codes.failing.lock() = None;
    assert_eq!(world.mailed().await, []);
    world.clock.advance(Duration::from_secs(10));
    assert_eq!(world.mailed().await, [("ann@example.org".into(), "ann".into(), "verify")]);
    // It is counted from when it was sent.
    world.clock.advance(Duration::from_mins(9));
    world.domain.accounts.verify("ann", &world.codes.last(), None).await.unwrap();
    assert_eq!(world.mailed().await, []);
}

#[tokio::test]
async fn what_is_refused_or_too_late_is_given_up() {
    let world = World::mailing(&settings());
    *world.codes.failing.lock() = Some(SendError::Refused("no such address".into()));
    world
        .domain
        .accounts
        .register(registering("ann", Some("ann@example.org")), Asker::default())
        .await
        .unwrap();
    assert_eq!(world.domain.notices.send_due().await.unwrap(), 1);
    *world.codes.failing.lock() = Some(SendError::Unavailable("down".into()));
    world.domain.accounts.resend("ann", Asker::default()).await.unwrap();
    let mut tries = 0;
    for _ in 0..100 {
        tries += world.domain.notices.send_due().await.unwrap();
        world.clock.advance(Duration::from_mins(1));
    }
    assert!((10..20).contains(&tries), "{tries}");
    assert_eq!(world.store.due_notices(world.clock.now(), 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_recipient_is_not_flooded_whoever_asks() {
    let few = Settings { notices_of_recipient: Rate::per(Duration::from_hours(1), 3), ..settings() };
    let world = World::mailing(&few);
    for (number, username) in ["ann", "bob", "cat", "dan", "eve"].into_iter().enumerate() {
        let address = IpAddr::from([192, 0, 2, u8::try_from(number).unwrap()]);
        let request = registering(username, Some("Victim@example.org"));
        world.domain.accounts.register(request, asking(Some(address))).await.unwrap();
    }
    assert_eq!(world.mailed().await.len(), 3);
    assert_eq!(world.mailed().await, []);
}

#[tokio::test]
async fn a_notice_outlives_a_crash() {
    let world = World::mailing(&settings());
    world
        .domain
        .accounts
        .register(registering("ann", Some("ann@example.org")), Asker::default())
        .await
        .unwrap();
    let next = world.restart();
    next.codes.mails.store(true, Ordering::SeqCst);
    assert_eq!(next.mailed().await, [("ann@example.org".into(), "ann".into(), "verify")]);
    next.domain.accounts.verify("ann", &next.codes.last(), None).await.unwrap();
    assert!(next.store.account("ann").await.unwrap().unwrap().verified);
}

#[tokio::test]
async fn who_has_a_new_password_is_told() {
    let world = World::mailing(&settings());
    let ann = mailed_person(&world, "ann", "ann@example.org").await;
    let request = change(PASSWORD, OTHER);
    world.domain.credentials.change_password(&ann, request, Asker::default()).await.unwrap();
    assert_eq!(world.mailed().await, [("ann@example.org".into(), "ann".into(), "password-changed")]);
}

#[tokio::test]
async fn an_admin_hands_a_code_over_or_has_it_sent() {
    let world = World::new();
    let ann = world.person("Ann").await;
    let (admins, root) = (&world.domain.admins, Admin::command_line());
    let issued = admins.reset(&root, "ann").await.unwrap().unwrap();
    world.domain.credentials.reset(reset("ann", &issued.otp, OTHER), asking(ADDRESS)).await.unwrap();
    assert!(!lives(&world, &ann).await);
    assert!(logs_in(&world, "ann", OTHER).await);
    assert_eq!(admins.reset(&root, "nobody").await.unwrap_err().code, Code::NotFound);
    world.register("cat").await.unwrap();
    assert_eq!(admins.reset(&root, "cat").await.unwrap_err().code, Code::Invalid);
    let audit = admins.audit(None).await.unwrap().items;
    let done: Vec<_> = audit.iter().map(|entry| (entry.action, entry.username.as_deref())).collect();
    assert_eq!(done, [(AuditAction::UserReset, Some("Ann"))]);

    // Who has no address gets theirs from the admin.
    world.verified("bob").await;
    world.codes.mails.store(true, Ordering::SeqCst);
    world.codes.sent.lock().clear();
    mailed_person(&world, "eve", "eve@example.org").await;
    assert!(world.domain.admins.reset(&root, "eve").await.unwrap().is_none());
    assert_eq!(world.mailed().await, [("eve@example.org".into(), "eve".into(), "reset")]);
    assert!(world.domain.admins.reset(&root, "bob").await.unwrap().is_some());
}

#[tokio::test]
async fn an_address_asks_for_few_codes_whatever_it_names() {
    let few = Settings { codes_of_address: Rate::per(Duration::from_hours(1), 3), ..settings() };
    let world = World::mailing(&few);
    for number in 0..5 {
        let name = format!("made-up-{number}");
        world.domain.accounts.resend(&name, asking(ADDRESS)).await.unwrap();
    }
    let now = world.clock.now();
    assert_eq!(world.store.due_notices(now, 10).await.unwrap().len(), 3);
    let refused = world.domain.credentials.forgot(by_name("ann"), asking(ADDRESS)).await.unwrap_err();
    assert_eq!(refused.code, Code::RateLimited);
    // Others ask as before.
    world.domain.credentials.forgot(by_name("ann"), Asker::default()).await.unwrap();
    assert_eq!(world.store.due_notices(now, 10).await.unwrap().len(), 4);
}
