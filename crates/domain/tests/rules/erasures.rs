use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use domain::store::{AccountStore, BlobStore, ConversationStore, EntryKind, ErasureStore, Since};
use domain::{Caller, Error, Live, Rate, Settings};
use protocol::{
    AttachmentId, ChangeMe, Code, ConversationId, DeleteAccount, NewApiToken, NewGroup, OwnMessages,
    PutMember, Role, SendMessage,
};

use crate::support::{PASSWORD, World, login, settings, to};

fn request(password: &str, messages: OwnMessages) -> DeleteAccount {
    DeleteAccount { password: password.into(), messages }
}

/// Deletes an account, and waits until all is erased that it left.
async fn delete(world: &World, caller: &Caller, messages: OwnMessages) {
    world.domain.erasures.delete_own(caller, request(PASSWORD, messages), None).await.unwrap();
    world.domain.erasures.finish().await.unwrap();
    world.settled().await;
}

async fn crew(world: &World, owner: &Caller, members: &[&str]) -> ConversationId {
    let members = members.iter().map(|name| (*name).to_owned()).collect();
    let group = NewGroup { title: "Crew".into(), members, history: None };
    world.domain.groups.create(owner, group).await.unwrap().id
}

async fn upload(world: &World, caller: &Caller, bytes: &'static [u8]) -> AttachmentId {
    let mut upload = world.domain.attachments.upload(caller, "a file", None, None).await.unwrap();
    upload.write(Bytes::from_static(bytes)).await.unwrap();
    upload.finish().await.unwrap().id
}

async fn stored_blobs(world: &World) -> usize {
    let mut count = 0;
    for first in 0..=u8::MAX {
        count += world.blobs.list(first).await.unwrap().len();
    }
    count
}

fn code<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Code {
    outcome.unwrap_err().code
}

#[tokio::test]
async fn a_deleted_account_is_nobody_to_log_in_to_to_find_or_to_write_to() {
    let world = World::new();
    let (ann, bob) = (world.person("Ann").await, world.person("bob").await);
    let change = ChangeMe { display_name: Some("Ann Other".into()), ..ChangeMe::default() };
    world.domain.users.change_me(&ann, change).await.unwrap();
    let sent = world.send(&ann, to("bob", "hello")).await.unwrap();
    let direct = sent.message.conversation_id;
    let program = NewApiToken { name: "program".into(), expires_at: None };
    let program = world.domain.api_tokens.create(&ann, program).await.unwrap();
    let other = world.caller("ann").await;
    world.told.cut.lock().clear();

    delete(&world, &ann, OwnMessages::Keep).await;
    let mut cut = world.told.cut.lock().clone();
    let mut ended = vec![ann.session, other.session, program.id];
    cut.sort();
    ended.sort();
    assert_eq!(cut, ended);
    assert_eq!(code(world.domain.sessions.authenticate(&program.token.unwrap()).await), Code::SessionRevoked);
    for name in ["Ann", "nobody"] {
        let refused = world.domain.sessions.login(login(name), None).await.unwrap_err();
        assert_eq!(
            (refused.code, &*refused.detail),
            (Code::CredentialsInvalid, "Check the username and the password.")
        );
    }
    assert_eq!(code(world.register("ann").await), Code::UsernameTaken);
    let shown = world.domain.users.get("ann").await.unwrap();
    assert_eq!((&*shown.username, &*shown.display_name, shown.deleted), ("Ann", "Ann", true));
    for query in ["ann", "ann o"] {
        assert!(world.domain.users.find(&bob, query, None).await.unwrap().items.is_empty());
    }
    let by_name = world.send(&bob, to("ann", "hello")).await;
    let refused = by_name.unwrap_err();
    assert_eq!((refused.code, refused.field.as_deref()), (Code::ReceiverUnknown, Some("receiver")));
    let by_id = SendMessage { conversation_id: Some(direct), text: "hello".into(), ..SendMessage::default() };
    assert_eq!(code(world.send(&bob, by_id).await), Code::ReceiverUnknown);
    assert_eq!(code(world.domain.blocks.block(&bob, "ann").await), Code::NotFound);
    let group = crew(&world, &bob, &[]).await;
    let put = world.domain.groups.put_member(&bob, group, "ann", PutMember::default()).await;
    assert_eq!(code(put), Code::ReceiverUnknown);
    // What they said stays, under the username alone.
    let view = world.domain.conversations.get(&bob, direct).await.unwrap();
    let names: Vec<_> = view.members.iter().map(|member| &*member.display_name).collect();
    assert!(names.contains(&"Ann") && names.len() == 2, "{names:?}");
    assert_eq!(view.last_message.unwrap().text, "hello");
}

#[tokio::test]
async fn a_wrong_password_deletes_nothing_and_counts_as_a_failed_login() {
    let world = World::with(&Settings { failed_logins: Rate::per(Duration::from_hours(1), 2), ..settings() });
    let address = Some("192.0.2.1".parse().unwrap());
    let ann = world.person("ann").await;
    let attempt = async |password: &str| {
        code(world.domain.erasures.delete_own(&ann, request(password, OwnMessages::Keep), address).await)
    };
    assert_eq!(attempt("wrong").await, Code::CredentialsInvalid);
    assert_eq!(attempt("wrong").await, Code::CredentialsInvalid);
    assert_eq!(attempt(PASSWORD).await, Code::RateLimited);
    assert_eq!(code(world.domain.sessions.login(login("ann"), address).await), Code::RateLimited);
    assert!(world.domain.users.me(&ann).await.is_ok());
    let program = NewApiToken { name: "program".into(), expires_at: None };
    let token = world.domain.api_tokens.create(&ann, program).await.unwrap().token.unwrap();
    let program = world.domain.sessions.authenticate(&token).await.unwrap();
    let refused =
        world.domain.erasures.delete_own(&program, request(PASSWORD, OwnMessages::Keep), None).await;
    assert_eq!(code(refused), Code::Forbidden);
}

#[tokio::test]
async fn who_runs_the_server_deletes_an_account_by_its_name() {
    let world = World::new();
    let ann = world.person("ann").await;
    world.domain.erasures.delete("ANN", OwnMessages::Keep).await.unwrap();
    assert!(world.told.cut.lock().contains(&ann.session));
    for name in ["ann", "nobody"] {
        assert_eq!(code(world.domain.erasures.delete(name, OwnMessages::Keep).await), Code::NotFound);
    }
}

#[tokio::test]
async fn a_group_that_is_left_has_an_owner() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    world.person("eve").await;
    let led = crew(&world, &ann, &["bob", "eve"]).await;
    let flat = crew(&world, &ann, &["bob", "eve"]).await;
    let own = crew(&world, &ann, &[]).await;
    let admin = PutMember { role: Some(Role::Admin) };
    world.domain.groups.put_member(&ann, led, "eve", admin).await.unwrap();
    world.settled().await;
    world.told.live.lock().clear();
    delete(&world, &ann, OwnMessages::Keep).await;
    for (group, owner) in [(led, "eve"), (flat, "bob")] {
        let view = world.domain.conversations.get(&bob, group).await.unwrap();
        let owners = view.members.iter().filter(|member| member.role == Role::Owner);
        assert_eq!(owners.map(|member| &*member.username).collect::<Vec<_>>(), [owner]);
        assert_eq!(view.member_count, 2);
        let changes = world.domain.conversations.changes(&bob, group, (1, u64::MAX), 9).await.unwrap();
        let last = changes.last().unwrap();
        assert_eq!((&*last.by, &last.left[..]), ("ann", &["ann".to_owned()][..]));
    }
    // Those who are connected are told.
    let told = world.told.live.lock();
    let told = |id| {
        let is_about = |live: &Live| matches!(live, Live::Conversation(view) if view.id == id);
        told.iter().any(|(users, live)| users.contains(&bob.person.id) && is_about(live))
    };
    assert!(told(led) && told(flat) && !told(own));
}

#[tokio::test]
async fn what_is_deleted_reaches_who_was_away() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let group = crew(&world, &ann, &["bob"]).await;
    world.send(&ann, to("bob", "direct")).await.unwrap();
    for number in 0..300 {
        let text = format!("in the group {number}");
        let request = SendMessage { conversation_id: Some(group), text, ..SendMessage::default() };
        world.send(&ann, request).await.unwrap();
    }
    world.send(&bob, to("ann", "an answer")).await.unwrap();
    let syncs = &world.domain.syncs;
    let cursor = syncs.position().await.unwrap();
    delete(&world, &ann, OwnMessages::Delete).await;
    let until = syncs.position().await.unwrap();
    let mut reader = syncs.reader(bob.person.id, Since::Position(cursor), until).await.unwrap();
    let (mut deleted, mut changes) = (0, 0);
    while let Some(page) = syncs.page(&mut reader).await.unwrap() {
        for delivery in page.deliveries {
            match delivery.message {
                Some(message) => {
                    assert_eq!(delivery.kind, EntryKind::MessageChange);
                    assert!(message.deleted_at.is_some() && message.text.is_empty());
                    assert_eq!(message.sender, "ann");
                    deleted += 1;
                }
                None => changes += 1,
            }
        }
    }
    assert_eq!((deleted, changes), (301, 1));
}

#[tokio::test]
async fn an_erasure_goes_on_after_a_crash() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    for number in 0..200 {
        world.send(&ann, to("bob", &number.to_string())).await.unwrap();
    }
    world.domain.erasures.delete_own(&ann, request(PASSWORD, OwnMessages::Delete), None).await.unwrap();
    world.faulty.erasing_fails.store(true, Ordering::SeqCst);
    assert_eq!(code(world.domain.erasures.finish().await), Code::StoreUnavailable);
    let again = world.restart();
    again.domain.erasures.finish().await.unwrap();
    assert!(again.faulty.erased.load(Ordering::SeqCst) > 1);
    assert!(again.store.erasures().await.unwrap().is_empty());
    let key = again.store.direct(ann.person.id, bob.person.id).await.unwrap().unwrap();
    let messages = domain::store::MessageStore::messages_after(&*again.store, bob.person.id, key, 0, 999);
    assert!(messages.await.unwrap().iter().all(|message| message.deleted_at.is_some()));
}

#[tokio::test]
async fn files_stay_with_messages_that_stay() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let (sent, note, unsent) = (
        upload(&world, &ann, b"sent").await,
        upload(&world, &ann, b"note").await,
        upload(&world, &ann, b"unsent").await,
    );
    for (receiver, file) in [("bob", sent), ("ann", note)] {
        let carrying = SendMessage { attachments: vec![file], ..to(receiver, "a file") };
        world.send(&ann, carrying).await.unwrap();
    }
    assert_eq!(stored_blobs(&world).await, 3);
    delete(&world, &ann, OwnMessages::Keep).await;
    assert_eq!(stored_blobs(&world).await, 1);
    assert!(world.domain.attachments.open(&bob, sent).await.is_ok());
    for gone in [note, unsent] {
        assert_eq!(code(world.domain.attachments.check(&ann, gone).await), Code::NotFound);
    }
}

#[tokio::test]
async fn files_go_with_messages_that_go() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let file = upload(&world, &ann, b"sent").await;
    let carrying = SendMessage { attachments: vec![file], ..to("bob", "a file") };
    world.send(&ann, carrying).await.unwrap();
    delete(&world, &ann, OwnMessages::Delete).await;
    assert_eq!(stored_blobs(&world).await, 0);
    assert_eq!(code(world.domain.attachments.check(&bob, file).await), Code::NotFound);
    assert!(world.store.account("ann").await.unwrap().unwrap().deleted_at.is_some());
}
