use std::time::Duration;

use domain::{Admin, Asker, Error, Settings};
use protocol::{Code, NewInvite, Register, Registration};

use crate::support::{PASSWORD, World, settings};

fn world(registration: Registration) -> World {
    World::with(&Settings { registration, ..settings() })
}

async fn register(world: &World, username: &str, invite: Option<&str>) -> Result<(), Error> {
    let request = Register {
        username: username.into(),
        password: PASSWORD.into(),
        email: None,
        display_name: None,
        invite: invite.map(str::to_owned),
    };
    world.domain.accounts.register(request, Asker::default()).await.map(drop)
}

#[tokio::test]
async fn who_may_register_is_a_setting() {
    for (registration, expected) in [
        (Registration::Open, None),
        (Registration::Invite, Some(Code::InviteInvalid)),
        (Registration::Closed, Some(Code::RegistrationClosed)),
    ] {
        let world = world(registration);
        let settings = world.domain.accounts.settings();
        assert_eq!((settings.registration, settings.otp.as_str()), (registration, "test"));
        assert!(!settings.email_required && settings.providers.is_empty());
        let refused = register(&world, "ann", None).await.err().map(|error| error.code);
        assert_eq!(refused, expected);
        // A code that is none matters only where one is needed.
        let refused = register(&world, "bob", Some("made up")).await.err().map(|error| error.code);
        assert_eq!(refused, expected);
        // Admins make accounts whatever the setting is.
        let new = protocol::NewUser {
            username: "eve".into(),
            display_name: None,
            email: None,
            role: None,
            password: Some(PASSWORD.into()),
        };
        world.domain.admins.add(&Admin::command_line(), new).await.unwrap();
        world.caller("eve").await;
    }
}

#[tokio::test]
async fn an_invite_lets_so_many_in_until_it_ends() {
    let world = world(Registration::Invite);
    let (invites, root) = (&world.domain.invites, Admin::command_line());
    let made = invites.create(&root, NewInvite { uses: Some(1), expires_at: None }).await.unwrap();
    assert_eq!(made.code.len(), 22);
    assert_eq!(made.url, format!("https://chat.example.org/join/{}", made.code));
    register(&world, "ann", Some(&made.code)).await.unwrap();
    let refused = register(&world, "bob", Some(&made.code)).await.unwrap_err();
    assert_eq!((refused.code, refused.field.as_deref()), (Code::InviteInvalid, Some("invite")));
    // Ann does not verify: a day later the use is there again.
    world.clock.advance(Duration::from_hours(25));
    world.domain.accounts.sweep().await.unwrap();
    register(&world, "bob", Some(&made.code)).await.unwrap();
    let code = world.codes.last();
    world.domain.accounts.verify("bob", &code, None).await.unwrap();
    world.clock.advance(Duration::from_hours(25));
    world.domain.accounts.sweep().await.unwrap();
    assert_eq!(register(&world, "eve", Some(&made.code)).await.unwrap_err().code, Code::InviteInvalid);

    let soon = world.domain.invites.create(&root, NewInvite::default()).await.unwrap();
    invites.remove(&root, &soon.code).await.unwrap();
    assert_eq!(register(&world, "eve", Some(&soon.code)).await.unwrap_err().code, Code::InviteInvalid);
    assert_eq!(invites.remove(&root, &soon.code).await.unwrap_err().code, Code::NotFound);
    // What nobody can use is listed for a month.
    assert_eq!(invites.list(None).await.unwrap().items.len(), 1);
    world.clock.advance(Duration::from_hours(31 * 24));
    invites.sweep().await.unwrap();
    assert_eq!(invites.list(None).await.unwrap().items, []);
}

#[tokio::test]
async fn an_invite_has_uses_and_an_end_that_make_sense() {
    let world = world(Registration::Invite);
    let past = Some(protocol::Timestamp::from_millis(0));
    for (new, field) in [
        (NewInvite { uses: Some(0), expires_at: None }, "uses"),
        (NewInvite { uses: Some(10_001), expires_at: None }, "uses"),
        (NewInvite { uses: None, expires_at: past }, "expiresAt"),
    ] {
        let refused = world.domain.invites.create(&Admin::command_line(), new).await.unwrap_err();
        assert_eq!(refused.field.as_deref(), Some(field));
    }
}
