use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use domain::store::{BlobHash, BlobStore};
use domain::{AvatarSize, Caller, Error};
use futures_util::FutureExt;
use image::{Rgb, RgbImage};
use protocol::{Code, Conversation, ConversationId, NewApiToken, NewGroup, PutMember, Role, User};

use crate::issuer::{Published, Signer, claims};
use crate::support::{World, to};

/// A picture of one grey.
fn grey(shade: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = RgbImage::from_pixel(140, 120, Rgb([shade; 3]));
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

async fn put(world: &World, caller: &Caller, bytes: &[u8]) -> Result<User, Error> {
    let mut upload = world.domain.avatars.upload(caller, None).await?;
    for piece in bytes.chunks(1 << 20) {
        upload.write(Bytes::copy_from_slice(piece)).await?;
    }
    world.domain.avatars.set(caller, upload).await
}

/// The shade and the side of somebody's picture.
async fn seen(world: &World, username: &str, size: AvatarSize) -> Option<(u8, u32)> {
    let opened = world.domain.avatars.open(username, size).await.ok()?;
    let bytes = opened.file.blob.read(0, usize::MAX).await.unwrap();
    let picture = image::load_from_memory(&bytes).unwrap().to_luma8();
    Some((picture.get_pixel(9, 9).0[0], picture.width()))
}

/// The hashes of all stored bytes.
async fn all(world: &World) -> Vec<BlobHash> {
    let mut all = Vec::new();
    for first in 0..=u8::MAX {
        all.extend(world.blobs.list(first).await.unwrap());
    }
    all
}

/// Sweeps until bytes that belong to nothing have been removed.
async fn sweep_for_a_week(world: &World) {
    for _ in 0..8 * 24 {
        world.clock.advance(Duration::from_hours(1));
        world.domain.attachments.sweep().await.unwrap();
    }
}

#[tokio::test]
async fn a_picture_is_shown_wherever_its_person_is() {
    let world = World::new();
    let (ann, bob) = (world.person("Ann").await, world.person("bob").await);
    world.send(&ann, to("bob", "hello")).await.unwrap();
    assert!(seen(&world, "Ann", AvatarSize::Large).await.is_none());
    let me = put(&world, &ann, &grey(100)).await.unwrap();
    let url = me.picture_url.unwrap();
    let opened = world.domain.avatars.open("aNN", AvatarSize::Small).await.unwrap();
    assert_eq!(url, format!("/api/users/Ann/picture?v={}", opened.version));
    assert_eq!(seen(&world, "ann", AvatarSize::Large).await, Some((100, 120)));
    assert_eq!(seen(&world, "ann", AvatarSize::Small).await, Some((100, 96)));
    let shown = async || {
        let me = world.domain.users.me(&ann).await.unwrap();
        let them = world.domain.users.get("ann").await.unwrap();
        let found = world.domain.users.find(&bob, "an", None).await.unwrap().items.remove(0);
        let conversation = world.domain.conversations.list(&bob, None).await.unwrap().items.remove(0);
        let member = conversation.members.into_iter().find(|member| member.username == "Ann").unwrap();
        let urls = [me.picture_url, them.picture_url, found.picture_url, member.picture_url];
        assert!(urls.iter().all(|url| *url == urls[0]), "{urls:?}");
        urls[0].clone()
    };
    assert_eq!(shown().await, Some(url.clone()));
    // Another picture is at another address.
    let other = put(&world, &ann, &grey(200)).await.unwrap().picture_url;
    assert!(other.is_some() && other != Some(url));
    assert_eq!(shown().await, other);
    for _ in 0..2 {
        world.domain.avatars.remove(&ann).await.unwrap();
        assert_eq!(shown().await, None);
    }
}

#[tokio::test]
async fn bytes_of_a_picture_are_there_as_long_as_somebody_has_it() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    for shade in [10, 20, 20] {
        put(&world, &ann, &grey(shade)).await.unwrap();
        assert_eq!(all(&world).await.len(), 2);
    }
    put(&world, &bob, &grey(20)).await.unwrap();
    assert_eq!(all(&world).await.len(), 2);
    world.domain.avatars.remove(&ann).await.unwrap();
    sweep_for_a_week(&world).await;
    assert_eq!(seen(&world, "bob", AvatarSize::Large).await, Some((20, 120)));
    put(&world, &bob, &grey(30)).await.unwrap();
    assert_eq!(all(&world).await.len(), 2);
    world.domain.avatars.remove(&bob).await.unwrap();
    assert_eq!(all(&world).await, []);
}

#[tokio::test]
async fn a_picture_that_cannot_be_stored_leaves_the_one_before() {
    let world = World::new();
    let ann = world.person("ann").await;
    put(&world, &ann, &grey(10)).await.unwrap();
    world.faulty.failing.store(true, Ordering::SeqCst);
    assert_eq!(put(&world, &ann, &grey(20)).await.unwrap_err().code, Code::StoreUnavailable);
    assert_eq!(world.domain.avatars.remove(&ann).await.unwrap_err().code, Code::StoreUnavailable);
    world.faulty.failing.store(false, Ordering::SeqCst);
    assert_eq!(seen(&world, "ann", AvatarSize::Large).await, Some((10, 120)));
    // What is left of it goes with the bytes that belong to nothing.
    assert_eq!(all(&world).await.len(), 4);
    sweep_for_a_week(&world).await;
    assert_eq!(all(&world).await.len(), 2);
    assert_eq!(seen(&world, "ann", AvatarSize::Large).await, Some((10, 120)));
}

#[tokio::test]
async fn what_is_no_picture_leaves_nothing() {
    let world = World::new();
    let ann = world.person("ann").await;
    for bytes in [&b""[..], b"hello", b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg'/>", &grey(9)[..99]]
    {
        let refused = put(&world, &ann, bytes).await.unwrap_err();
        assert_eq!((refused.code, refused.field.as_deref()), (Code::Invalid, Some("picture")));
    }
    assert_eq!(all(&world).await, []);
    assert_eq!(world.domain.users.me(&ann).await.unwrap().picture_url, None);
}

#[tokio::test]
async fn five_mebibytes_and_ten_an_hour() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let most = 5 << 20;
    // Refused before its bytes come, and then not counted.
    for _ in 0..20 {
        let early = world.domain.avatars.upload(&ann, Some(most + 1)).await.err().unwrap();
        assert_eq!(early.code, Code::TooLarge);
    }
    let large = vec![0; (5 << 20) + 1];
    assert_eq!(put(&world, &ann, &large).await.unwrap_err().code, Code::TooLarge);
    for shade in 0..9 {
        put(&world, &ann, &grey(shade)).await.unwrap();
    }
    let refused = put(&world, &ann, &grey(10)).await.unwrap_err();
    assert_eq!(
        (refused.code, refused.retry_after.map(|wait| wait.as_secs())),
        (Code::RateLimited, Some(360))
    );
    assert!(put(&world, &bob, &grey(10)).await.is_ok());
    // A picture can be removed all the same.
    world.domain.avatars.remove(&ann).await.unwrap();
    world.clock.advance(Duration::from_mins(6));
    assert!(put(&world, &ann, &grey(10)).await.is_ok());
}

#[tokio::test]
async fn a_program_does_not_change_the_picture_of_its_owner() {
    let world = World::new();
    let ann = world.person("ann").await;
    put(&world, &ann, &grey(10)).await.unwrap();
    let request = NewApiToken { name: "bot".into(), expires_at: None };
    let token = world.domain.api_tokens.create(&ann, request).await.unwrap().token.unwrap();
    let program = world.domain.sessions.authenticate(&token).await.unwrap();
    assert_eq!(put(&world, &program, &grey(20)).await.unwrap_err().code, Code::Forbidden);
    assert_eq!(world.domain.avatars.remove(&program).await.unwrap_err().code, Code::Forbidden);
    assert_eq!(seen(&world, "ann", AvatarSize::Small).await, Some((10, 96)));
}

#[tokio::test]
async fn nobody_has_a_picture_before_they_are_verified() {
    let world = World::new();
    world.register("ann").await.unwrap();
    for nobody in ["ann", "zoe", "me"] {
        let missing = world.domain.avatars.open(nobody, AvatarSize::Large).await.err().unwrap();
        assert_eq!(missing.code, Code::NotFound);
    }
}

async fn put_group(
    world: &World,
    caller: &Caller,
    id: ConversationId,
    bytes: &[u8],
) -> Result<Conversation, Error> {
    let mut upload = world.domain.avatars.upload_group(caller, id, None).await?;
    upload.write(Bytes::copy_from_slice(bytes)).await?;
    world.domain.avatars.set_group(caller, id, upload).await
}

#[tokio::test]
async fn who_leads_a_group_gives_it_a_picture_and_its_members_are_told() {
    let world = World::new();
    let (ann, bob, eve) = (world.person("ann").await, world.person("bob").await, world.person("eve").await);
    let group = NewGroup { title: "Crew".into(), members: vec!["bob".into()], history: None };
    let id = world.domain.groups.create(&ann, group).await.unwrap().id;
    for (caller, code) in [(&bob, Code::Forbidden), (&eve, Code::NotFound)] {
        assert_eq!(put_group(&world, caller, id, &grey(1)).await.unwrap_err().code, code);
        assert_eq!(world.domain.avatars.remove_group(caller, id).await.unwrap_err().code, code);
    }
    world.settled().await;
    world.told.live.lock().clear();
    let crew = put_group(&world, &ann, id, &grey(100)).await.unwrap();
    let url = crew.picture_url.unwrap();
    world.settled().await;
    let told = std::mem::take(&mut *world.told.live.lock());
    let told: Vec<_> = told
        .iter()
        .filter_map(|(users, live)| match live {
            domain::Live::Conversation(view) => Some((users.clone(), view)),
            _ => None,
        })
        .collect();
    let users: Vec<_> = told.iter().flat_map(|(users, _)| users).collect();
    assert!([&ann, &bob].iter().all(|caller| users.contains(&&caller.person.id)), "{users:?}");
    assert!(!users.contains(&&eve.person.id));
    for (_, view) in told {
        assert_eq!(view.picture_url.as_ref(), Some(&url));
        assert_eq!(view.changes.iter().map(|change| change.picture).collect::<Vec<_>>(), [Some(true)]);
    }
    let opened = world.domain.avatars.open_group(&bob, id, AvatarSize::Small).await.unwrap();
    assert_eq!(url, format!("/api/conversations/{id}/picture?v={}", opened.version));
    let stranger = world.domain.avatars.open_group(&eve, id, AvatarSize::Small).await.err().unwrap();
    assert_eq!(stranger.code, Code::NotFound);
    // The same picture again is no change.
    assert_eq!(put_group(&world, &ann, id, &grey(100)).await.unwrap().head_seq, crew.head_seq);
    assert_eq!(all(&world).await.len(), 2);

    // An admin removes it.
    let admin = PutMember { role: Some(Role::Admin) };
    world.domain.groups.put_member(&ann, id, "bob", admin).await.unwrap();
    for _ in 0..2 {
        world.domain.avatars.remove_group(&bob, id).await.unwrap();
    }
    assert_eq!(all(&world).await, []);
    let changes = world.domain.conversations.changes(&ann, id, (0, u64::MAX), 50).await.unwrap();
    let pictures: Vec<_> = changes.iter().map(|change| (&*change.by, change.picture)).collect();
    assert_eq!(pictures, [("ann", None), ("ann", Some(true)), ("ann", None), ("bob", Some(false))]);

    // Whoever has left sees it no longer.
    put_group(&world, &bob, id, &grey(50)).await.unwrap();
    world.domain.groups.leave(&bob, id).await.unwrap();
    let former = world.domain.avatars.open_group(&bob, id, AvatarSize::Large).await.err().unwrap();
    assert_eq!(former.code, Code::NotFound);
    // Pictures of groups are counted with one's own.
    for shade in 0..8 {
        put_group(&world, &ann, id, &grey(shade)).await.unwrap();
    }
    assert_eq!(put(&world, &ann, &grey(9)).await.unwrap_err().code, Code::RateLimited);
}

#[tokio::test]
async fn two_people_have_no_picture_together() {
    let world = World::new();
    let ann = world.person("ann").await;
    world.person("bob").await;
    let id = world.send(&ann, to("bob", "hello")).await.unwrap().message.conversation_id;
    assert_eq!(put_group(&world, &ann, id, &grey(1)).await.unwrap_err().code, Code::Forbidden);
    assert_eq!(all(&world).await, []);
}

#[tokio::test]
async fn who_no_longer_leads_when_the_picture_has_come_is_refused() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let group = NewGroup { title: "Crew".into(), members: vec!["bob".into()], history: None };
    let id = world.domain.groups.create(&ann, group).await.unwrap().id;
    let role = |role| PutMember { role: Some(role) };
    world.domain.groups.put_member(&ann, id, "bob", role(Role::Admin)).await.unwrap();
    let mut upload = world.domain.avatars.upload_group(&bob, id, None).await.unwrap();
    upload.write(grey(1).into()).await.unwrap();
    world.domain.groups.put_member(&ann, id, "bob", role(Role::Member)).await.unwrap();
    let refused = world.domain.avatars.set_group(&bob, id, upload).await.unwrap_err();
    assert_eq!(refused.code, Code::Forbidden);
    assert_eq!(world.domain.conversations.get(&ann, id).await.unwrap().picture_url, None);
}

#[tokio::test]
async fn who_no_longer_leads_when_the_picture_is_made_small_leaves_nothing_of_it() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let group = NewGroup { title: "Crew".into(), members: vec!["bob".into()], history: None };
    let id = world.domain.groups.create(&ann, group).await.unwrap().id;
    let role = |role| PutMember { role: Some(role) };
    world.domain.groups.put_member(&ann, id, "bob", role(Role::Admin)).await.unwrap();
    let mut upload = world.domain.avatars.upload_group(&bob, id, None).await.unwrap();
    upload.write(grey(1).into()).await.unwrap();
    let mut setting = Box::pin(world.domain.avatars.set_group(&bob, id, upload));
    // It is read on a thread of its own by now.
    assert!(setting.as_mut().now_or_never().is_none());
    world.domain.groups.put_member(&ann, id, "bob", role(Role::Member)).await.unwrap();
    assert_eq!(setting.await.unwrap_err().code, Code::Forbidden);
    assert_eq!(all(&world).await, []);
}

#[tokio::test]
async fn a_session_that_ended_while_the_picture_came_gives_none() {
    let world = World::new();
    let ann = world.person("ann").await;
    let stolen = world.caller("ann").await;
    let group = NewGroup { title: "Crew".into(), members: Vec::new(), history: None };
    let group = world.domain.groups.create(&ann, group).await.unwrap();
    let mut own = world.domain.avatars.upload(&stolen, None).await.unwrap();
    own.write(grey(1).into()).await.unwrap();
    world.domain.sessions.end(&ann, stolen.session).await.unwrap();
    let refused = world.domain.avatars.set(&stolen, own).await.unwrap_err();
    assert_eq!(refused.code, Code::SessionRevoked);
    let mut of_group = world.domain.avatars.upload_group(&ann, group.id, None).await.unwrap();
    of_group.write(grey(1).into()).await.unwrap();
    let refused = world.domain.avatars.set_group(&stolen, group.id, of_group).await.unwrap_err();
    assert_eq!(refused.code, Code::SessionRevoked);
    assert!(seen(&world, "ann", AvatarSize::Large).await.is_none());
    assert!(all(&world).await.is_empty());
}

#[tokio::test]
async fn a_person_of_a_host_application_has_a_picture_unless_they_were_logged_out_meanwhile() {
    let key = Signer::ed25519(1);
    let world = World::trusting(vec![Published::of(&[key.jwk("key")]).trusted()]);
    let token = key.token("key", &claims(&serde_json::json!({})));
    let ann = world.domain.sessions.authenticate(&token).await.unwrap();
    assert!(put(&world, &ann, &grey(1)).await.unwrap().picture_url.is_some());
    world.domain.avatars.remove(&ann).await.unwrap();
    let mut upload = world.domain.avatars.upload(&ann, None).await.unwrap();
    upload.write(grey(1).into()).await.unwrap();
    world.domain.host_accounts.log_out(ann.person.id).await.unwrap();
    let refused = world.domain.avatars.set(&ann, upload).await.unwrap_err();
    assert_eq!(refused.code, Code::SessionRevoked);
    assert!(seen(&world, "ann", AvatarSize::Large).await.is_none());
}
