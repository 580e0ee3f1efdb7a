use domain::{Admin, Caller};
use protocol::{AccountRole, AuditAction, ChangeUser, Code, NewApiToken, NewUser};

use crate::support::{World, login, to};

fn disabled(disabled: bool) -> ChangeUser {
    ChangeUser { disabled: Some(disabled), ..ChangeUser::default() }
}

fn role(role: AccountRole) -> ChangeUser {
    ChangeUser { role: Some(role), ..ChangeUser::default() }
}

/// Somebody who is an admin.
async fn admin(world: &World, username: &str) -> (Caller, Admin) {
    let caller = world.person(username).await;
    let command_line = Admin::command_line();
    world.domain.admins.change(&command_line, username, role(AccountRole::Admin)).await.unwrap();
    let admin = world.domain.admins.admin(&caller).await.unwrap();
    (caller, admin)
}

#[tokio::test]
async fn only_admins_who_logged_in_are_admins() {
    let world = World::new();
    let (root, _) = admin(&world, "Root").await;
    let ann = world.person("ann").await;
    let refused = world.domain.admins.admin(&ann).await.unwrap_err();
    assert_eq!(refused.code, Code::Forbidden);
    let new = NewApiToken { name: "bot".into(), expires_at: None };
    let token = world.domain.api_tokens.create(&root, new).await.unwrap().token.unwrap();
    let program = world.domain.sessions.authenticate(&token).await.unwrap();
    assert_eq!(world.domain.admins.admin(&program).await.unwrap_err().code, Code::Forbidden);
    // From the next request on.
    world.domain.admins.change(&Admin::command_line(), "root", role(AccountRole::Member)).await.unwrap();
    assert_eq!(world.domain.admins.admin(&root).await.unwrap_err().code, Code::Forbidden);
}

#[tokio::test]
async fn who_is_disabled_is_told_so_only_with_the_right_password() {
    let world = World::new();
    let (_, root) = admin(&world, "root").await;
    let ann = world.person("Ann").await;
    let refresh = world.domain.sessions.login(login("ann"), None).await.unwrap().refresh_token;
    let changed = world.domain.admins.change(&root, "ann", disabled(true)).await.unwrap();
    assert!(changed.disabled);
    assert_eq!((changed.username.as_str(), changed.sessions), ("Ann", 0));
    assert!(world.told.cut.lock().contains(&ann.session));
    assert_eq!(world.domain.sessions.refresh(&refresh).await.unwrap_err().code, Code::RefreshInvalid);

    let refused = world.domain.sessions.login(login("ann"), None).await.unwrap_err();
    assert_eq!(refused.code, Code::AccountDisabled);
    let wrong = protocol::Login { password: "wrong horse".into(), ..login("ann") };
    assert_eq!(world.domain.sessions.login(wrong, None).await.unwrap_err().code, Code::CredentialsInvalid);
    // What is sent to her waits, as for anybody who is away.
    let bob = world.person("bob").await;
    world.send(&bob, to("ann", "are you there?")).await.unwrap();

    world.domain.admins.change(&root, "ANN", disabled(false)).await.unwrap();
    world.caller("ann").await;
    assert_eq!(world.domain.sessions.refresh(&refresh).await.unwrap_err().code, Code::RefreshInvalid);
}

#[tokio::test]
async fn an_account_that_nobody_verified_is_no_admins() {
    let world = World::new();
    let (_, root) = admin(&world, "root").await;
    let code = world.register("ann").await.unwrap();
    let refused = world.domain.admins.change(&root, "ann", role(AccountRole::Admin)).await.unwrap_err();
    assert_eq!((refused.code, refused.field.as_deref()), (Code::Invalid, Some("role")));
    // She may be shut out, and entering the code lets nobody in.
    world.domain.admins.change(&root, "ann", disabled(true)).await.unwrap();
    world.domain.accounts.verify("ann", &code, None).await.unwrap();
    let refused = world.domain.sessions.login(login("ann"), None).await.unwrap_err();
    assert_eq!(refused.code, Code::AccountDisabled);
}

#[tokio::test]
async fn the_last_admin_stays_but_for_the_command_line() {
    let world = World::new();
    let (_, root) = admin(&world, "root").await;
    for change in [role(AccountRole::Member), disabled(true)] {
        let refused = world.domain.admins.change(&root, "root", change).await.unwrap_err();
        assert_eq!(refused.code, Code::LastAdmin);
    }
    assert!(world.domain.admins.is_there_one().await.unwrap());
    world.domain.admins.change(&Admin::command_line(), "root", disabled(true)).await.unwrap();
    assert!(!world.domain.admins.is_there_one().await.unwrap());
}

#[tokio::test]
async fn who_is_added_logs_in_with_the_password_that_was_drawn() {
    let world = World::new();
    let (_, root) = admin(&world, "root").await;
    let new = |username: &str, password: Option<&str>| NewUser {
        username: username.into(),
        display_name: Some("Ann B.".into()),
        email: Some("ann@example.org".into()),
        role: None,
        password: password.map(str::to_owned),
    };
    let added = world.domain.admins.add(&root, new("Ann", None)).await.unwrap();
    assert_eq!(added.user.display_name, "Ann B.");
    assert!(added.user.verified);
    let password = added.password.unwrap();
    assert_eq!(password.len(), 23);
    let login = protocol::Login { username: "ann".into(), password, device: None };
    world.domain.sessions.login(login, None).await.unwrap();
    let chosen = world.domain.admins.add(&root, new("bob", Some(crate::support::PASSWORD))).await.unwrap();
    assert_eq!(chosen.password, None);
    world.caller("bob").await;
    for (new, code) in [
        (new("ANN", None), Code::UsernameTaken),
        (new("me", None), Code::Invalid),
        (new("eve", Some("short")), Code::Invalid),
    ] {
        assert_eq!(world.domain.admins.add(&root, new).await.unwrap_err().code, code);
    }
}

#[tokio::test]
async fn what_was_done_is_in_the_audit_log() {
    let world = World::new();
    let (_, root) = admin(&world, "Root").await;
    world.person("ann").await;
    let admins = &world.domain.admins;
    let rename = ChangeUser { display_name: Some("A".into()), ..disabled(true) };
    admins.change(&root, "ann", rename).await.unwrap();
    admins.log_out(&root, "ANN").await.unwrap();
    let page = admins.audit(None).await.unwrap();
    let done: Vec<_> = page.items.iter().map(|entry| (entry.by.as_deref(), entry.action)).collect();
    let root = Some("Root");
    assert_eq!(
        done,
        [
            (root, AuditAction::UserLoggedOut),
            (root, AuditAction::UserRenamed),
            (root, AuditAction::UserDisabled),
            (None, AuditAction::AdminAdded),
        ]
    );
    assert_eq!(page.items[0].username.as_deref(), Some("ann"));
    assert_eq!(page.next, None);
    // A year later nothing is left of it.
    world.clock.advance(std::time::Duration::from_hours(366 * 24));
    admins.sweep().await.unwrap();
    assert_eq!(admins.audit(None).await.unwrap().items, []);
}

#[tokio::test]
async fn people_are_listed_in_pages() {
    let world = World::new();
    for number in 0..120 {
        world.verified(&format!("user{number:03}")).await;
    }
    let (mut names, mut next) = (Vec::new(), None);
    loop {
        let page = world.domain.admins.find(" USER", next.as_deref()).await.unwrap();
        names.extend(page.items.into_iter().map(|user| user.username));
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(names, (0..120).map(|number| format!("user{number:03}")).collect::<Vec<_>>());
    let refused = world.domain.admins.find("user", Some("made up")).await.unwrap_err();
    assert_eq!(refused.code, Code::CursorInvalid);
}
