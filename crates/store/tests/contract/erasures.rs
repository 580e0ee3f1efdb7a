use std::sync::Arc;

use domain::store::{
    Account, Action, AppendError, AttachmentRecord, BlobHash, Closing, ConversationKey, Entry, EntryKind,
    Erasure, FirstCode, GroupChange, LastSeen, NewAccount, NewGroup, NewSession, SessionRecord, Target,
    UserId,
};
use domain::store::{AccountChange, ApiTokenRecord, Avatar};
use protocol::{AttachmentId, ConversationId, HistoryAccess, OwnMessages, Role, SessionId};

use crate::support::{
    NEVER, Said, Shared, VERIFY, append, code, entry, named, now, send, text, to, verified,
};

async fn account(store: &Shared, user: UserId) -> Account {
    store.account_of(user).await.unwrap().unwrap()
}

async fn close(store: &Shared, user: UserId, messages: OwnMessages) -> Vec<SessionId> {
    match store.close_account(user, messages, now()).await.unwrap() {
        Closing::Closed { ended, .. } => ended,
        refused => panic!("{refused:?}"),
    }
}

fn session(user: UserId, number: u128) -> NewSession {
    let at = now();
    let session = SessionRecord {
        id: SessionId::mint(at, number),
        user,
        device: None,
        created_at: at,
        last_seen_at: at,
    };
    let mut refresh = [0; 32];
    refresh[..16].copy_from_slice(&number.to_be_bytes());
    NewSession { session, refresh, refresh_expires_at: at.plus(std::time::Duration::from_hours(1)) }
}

fn file(owner: UserId, number: u8) -> AttachmentRecord {
    let at = now();
    AttachmentRecord {
        id: AttachmentId::mint(at, u128::from(number)),
        owner,
        hash: BlobHash([number; 32]),
        name: "a file".into(),
        kind: "text/plain".into(),
        size: 5,
        picture: None,
        created_at: at,
    }
}

async fn group(store: &Shared, owner: UserId, members: &[UserId]) -> ConversationKey {
    let at = now();
    let id = ConversationId::mint(at, u128::from(at.as_millis().unsigned_abs()));
    let (title, history, members) = ("Crew".into(), HistoryAccess::All, members.to_vec());
    store.create_group(NewGroup { id, owner, title, history, members, at }).await.unwrap().key
}

async fn change(
    store: &Shared,
    key: ConversationKey,
    by: UserId,
    members: Vec<(UserId, Option<Role>)>,
) -> bool {
    let changed_seq = store.conversation_by_key(key).await.unwrap().unwrap().changed_seq;
    let (title, history, at) = (None, None, now());
    let change = GroupChange { conversation: key, by, at, changed_seq, title, history, members };
    store.change_group(change).await.unwrap().is_some()
}

/// Erases all traces, few at a time. Gives how many steps that took.
async fn erase(store: &Shared, limit: usize) -> usize {
    let mut steps = 0;
    loop {
        // Each step goes on from what is stored, as after a crash.
        let [erasure] = <[Erasure; 1]>::try_from(store.erasures().await.unwrap()).unwrap();
        let traces = store.traces(erasure, limit).await.unwrap();
        assert!(traces.messages.len() <= limit);
        let is_complete = traces.is_complete;
        store.erase_traces(erasure.user, traces, now()).await.unwrap();
        steps += 1;
        if is_complete {
            return steps;
        }
    }
}

/// All entries of a conversation that a member is sent.
async fn all(store: &Shared, reader: UserId, conversation: ConversationKey) -> Vec<Entry> {
    let range = domain::store::EntryRange {
        conversation,
        reader,
        after_seq: 0,
        limit: usize::MAX,
        bytes: usize::MAX,
    };
    store.entries(vec![range], store.position().await.unwrap()).await.unwrap().remove(0).entries
}

pub(crate) async fn of_a_closed_account_its_username_is_left(store: Shared) {
    let new = NewAccount {
        username: "Ann".into(),
        display_name: "Ann Other".into(),
        email: Some("ann@example.org".into()),
        password_hash: "hash".into(),
        created_at: now(),
    };
    let ann = store.create_account(new.clone(), FirstCode::Drawn(code(1)), NEVER).await.unwrap().unwrap();
    assert_eq!(store.close_account(ann, OwnMessages::Keep, now()).await.unwrap(), Closing::Unknown);
    assert!(store.use_code(ann, &code(1), VERIFY).await.unwrap());
    let bob = verified(&store, "bob").await;
    let avatar = Avatar { large: BlobHash([1; 32]), small: BlobHash([2; 32]) };
    store.set_avatar(ann, Some(avatar)).await.unwrap();
    store.note_seen(vec![LastSeen { user: ann, at: now() }]).await.unwrap();
    store.block(ann, bob, now(), 9).await.unwrap();
    store.block(bob, ann, now(), 9).await.unwrap();
    let one = session(ann, 1);
    store.create_session(one.clone(), 9).await.unwrap();
    let token = ApiTokenRecord {
        id: SessionId::mint(now(), 2),
        user: ann,
        name: "program".into(),
        created_at: now(),
        expires_at: None,
        last_used_at: None,
    };
    assert!(store.create_api_token(token.clone(), [9; 32], 9).await.unwrap());
    let last = store.last_ended_session().await.unwrap();

    let at = now();
    let closed = store.close_account(ann, OwnMessages::Keep, at).await.unwrap();
    let ended = vec![one.session.id, token.id];
    assert_eq!(closed, Closing::Closed { ended: ended.clone(), avatar: Some(avatar) });
    assert_eq!(store.close_account(ann, OwnMessages::Keep, now()).await.unwrap(), Closing::Unknown);
    let left = account(&store, ann).await;
    assert_eq!((&*left.username, &*left.display_name, left.email), ("Ann", "Ann", None));
    assert_eq!((left.avatar, left.last_seen_at, left.deleted_at), (None, None, Some(at)));
    assert_eq!((&*left.password_hash, left.hide_presence), ("", true));
    // Whoever holds its sockets learns of it.
    let told = store.ended_sessions(last, 9).await.unwrap();
    assert_eq!(told.iter().map(|ended| ended.session).collect::<Vec<_>>(), ended);
    assert!(store.session(one.session.id).await.unwrap().is_none());
    assert!(store.session_of_refresh(one.refresh).await.unwrap().is_none());
    assert!(store.api_token([9; 32]).await.unwrap().is_none());
    assert!(store.blocks(ann, None, 9).await.unwrap().is_empty());
    // The name is taken for ever, and found by nobody.
    assert!(store.create_account(new, FirstCode::Drawn(code(2)), now()).await.unwrap().is_none());
    assert!(store.accounts_by_username(bob, "an", "", 9).await.unwrap().is_empty());
    assert!(store.forget_belongings(ann, 9).await.unwrap().is_complete);
    assert!(store.blocks(bob, None, 9).await.unwrap().is_empty());
    store.scrub().await.unwrap();
    store.end_erasure(ann).await.unwrap();
    assert!(store.erasures().await.unwrap().is_empty());
}

pub(crate) async fn a_closed_account_begins_nothing(store: Shared) {
    let (ann, bob, eve) =
        (verified(&store, "ann").await, verified(&store, "bob").await, verified(&store, "eve").await);
    let (key, _) = send(&store, ann, bob, "first").await;
    append(&store, entry(Target::Direct(key), bob, named("b1", "before"))).await.unwrap();
    let crew = group(&store, bob, &[]).await;
    close(&store, ann, OwnMessages::Keep).await;
    // A request that had begun before may come after it.
    store.create_session(session(ann, 1), 9).await.unwrap();
    assert!(store.sessions_of(ann).await.unwrap().is_empty());
    let token = ApiTokenRecord {
        id: SessionId::mint(now(), 2),
        user: ann,
        name: "program".into(),
        created_at: now(),
        expires_at: None,
        last_used_at: None,
    };
    assert!(!store.create_api_token(token, [9; 32], 9).await.unwrap());
    assert!(!store.add_attachment(file(ann, 1), 1 << 20).await.unwrap());
    let avatar = Avatar { large: BlobHash([1; 32]), small: BlobHash([2; 32]) };
    store.set_avatar(ann, Some(avatar)).await.unwrap();
    let name = AccountChange { display_name: Some("Ann".into()), ..AccountChange::default() };
    assert!(store.change_account(ann, name).await.unwrap().is_none());
    store.note_seen(vec![LastSeen { user: ann, at: now() }]).await.unwrap();
    let left = account(&store, ann).await;
    assert_eq!((&*left.display_name, left.avatar, left.last_seen_at), ("ann", None, None));
    // Neither are they written to, nor do they write.
    for target in [Target::Direct(key), to(ann)] {
        let refused = append(&store, entry(target, bob, text("hello"))).await.unwrap_err();
        assert!(matches!(refused, AppendError::ReceiverDeleted), "{refused:?}");
    }
    let refused = append(&store, entry(to(ann), eve, text("hello"))).await.unwrap_err();
    assert!(matches!(refused, AppendError::ReceiverDeleted), "{refused:?}");
    assert!(append(&store, entry(Target::Direct(key), ann, text("late"))).await.is_err());
    assert!(append(&store, entry(to(eve), ann, text("late"))).await.is_err());
    // What was stored before is still answered, and the other may still change what they said.
    let again = append(&store, entry(Target::Direct(key), bob, named("b1", "before"))).await.unwrap();
    assert!(again.duplicate);
    let id = again.entry().said().id;
    append(&store, entry(Target::Direct(key), bob, Action::Delete { id })).await.unwrap();
    // Nobody makes them a member.
    assert!(!change(&store, crew, bob, vec![(ann, Some(Role::Member))]).await);
    let begun = group(&store, bob, &[ann, eve]).await;
    let record = store.conversation_by_key(begun).await.unwrap().unwrap();
    assert_eq!(record.members.iter().map(|member| member.user).collect::<Vec<_>>(), [bob, eve]);
    assert_eq!(record.member_count, 2);
}

pub(crate) async fn messages_and_reactions_are_erased_as_entries(store: Shared) {
    let (ann, bob, eve) =
        (verified(&store, "ann").await, verified(&store, "bob").await, verified(&store, "eve").await);
    let crew = group(&store, bob, &[ann, eve]).await;
    let (direct, _) = send(&store, ann, bob, "first").await;
    let mut theirs = None;
    for number in 0..5 {
        append(&store, entry(Target::Group(crew), ann, text(&format!("mine {number}")))).await.unwrap();
        let said = append(&store, entry(Target::Group(crew), bob, text("yours"))).await.unwrap();
        theirs = Some(said.entry().said().id);
    }
    let id = theirs.unwrap();
    for emoji in ["a", "b"] {
        let action = Action::React { id, emoji: emoji.into(), on: true };
        append(&store, entry(Target::Group(crew), ann, action)).await.unwrap();
    }
    let action = Action::React { id, emoji: "a".into(), on: true };
    append(&store, entry(Target::Group(crew), eve, action)).await.unwrap();
    let upload = file(ann, 1);
    assert!(store.add_attachment(upload.clone(), 1 << 20).await.unwrap());
    let carrying = Action::Message {
        client_id: None,
        text: "file".into(),
        reply_to: None,
        attachments: vec![upload.id],
    };
    append(&store, entry(Target::Direct(direct), ann, carrying)).await.unwrap();
    // Somebody who left a group has left messages in it all the same.
    assert!(change(&store, crew, bob, vec![(ann, None)]).await);
    close(&store, ann, OwnMessages::Delete).await;
    assert!(store.forget_belongings(ann, 9).await.unwrap().blobs.is_empty());
    let before = store.position().await.unwrap();

    assert!(erase(&store, 3).await >= 3);
    let is_of_ann = |entry: &Entry| entry.message.as_ref().is_some_and(|message| message.sender == ann);
    for (reader, key) in [(bob, crew), (eve, crew), (bob, direct)] {
        let entries = all(&store, reader, key).await;
        let deleted: Vec<_> = entries.iter().filter(|entry| is_of_ann(entry)).collect();
        assert!(!deleted.is_empty());
        for entry in deleted {
            let message = entry.said();
            assert!(
                message.deleted_at.is_some() && message.text.is_empty() && message.attachments.is_empty()
            );
        }
        // A reader who had everything before learns of each.
        let changed = entries.iter().filter(|entry| is_of_ann(entry) && entry.position > before);
        let messages = entries.iter().filter(|entry| is_of_ann(entry) && entry.kind == EntryKind::Message);
        assert_eq!(changed.count(), messages.count());
        let seqs: Vec<_> = entries.iter().map(|entry| entry.seq).collect();
        assert!(seqs.is_sorted());
    }
    let shown = store.messages_after(eve, crew, 0, 99).await.unwrap();
    let reacted = shown.iter().find(|message| message.id == id).unwrap();
    let reactions: Vec<_> = reacted.reactions.iter().map(|one| (&*one.emoji, one.first.clone())).collect();
    assert_eq!(reactions, [("a", vec![eve])]);
    assert_eq!(shown.iter().filter(|message| message.text == "yours".into()).count(), 5);
    assert_eq!(store.forget_belongings(ann, 9).await.unwrap().blobs, [upload.hash]);
    assert!(store.attachment(upload.id, ann).await.unwrap().is_none());
    // Nothing is left to erase, and nothing is erased twice.
    let position = store.position().await.unwrap();
    erase(&store, 3).await;
    assert_eq!(store.position().await.unwrap(), position);
}

pub(crate) async fn what_is_erased_is_followed(store: Shared) {
    let (ann, bob) = (verified(&store, "ann").await, verified(&store, "bob").await);
    send(&store, ann, bob, "one").await;
    send(&store, ann, bob, "two").await;
    close(&store, ann, OwnMessages::Delete).await;
    let follower = store.follow(store.position().await.unwrap());
    erase(&store, 9).await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let more: Vec<Arc<_>> = follower.next(9).await.unwrap();
        seen.extend(more.into_iter().map(|committed| {
            let message = committed.entry.said();
            (committed.entry.kind, message.seq, message.deleted_at.is_some())
        }));
    }
    assert_eq!(seen, [(EntryKind::MessageChange, 1, true), (EntryKind::MessageChange, 2, true)]);
}

pub(crate) async fn messages_that_stay_are_those_that_others_see(store: Shared) {
    let (ann, bob) = (verified(&store, "ann").await, verified(&store, "bob").await);
    let (direct, _) = send(&store, ann, bob, "stays").await;
    let (own, _) = send(&store, ann, ann, "a note").await;
    let alone = group(&store, ann, &[bob]).await;
    append(&store, entry(Target::Group(alone), ann, text("to nobody"))).await.unwrap();
    assert!(change(&store, alone, bob, vec![(bob, None)]).await);
    store.block(bob, ann, now(), 9).await.unwrap();
    append(&store, entry(Target::Direct(direct), ann, text("hidden"))).await.unwrap();
    close(&store, ann, OwnMessages::Keep).await;
    erase(&store, 2).await;
    let texts = async |key| {
        let messages = store.messages_after(ann, key, 0, 99).await.unwrap();
        messages.into_iter().map(|message| message.text.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(texts(own).await, [""]);
    assert_eq!(texts(alone).await, [""]);
    assert_eq!(texts(direct).await, ["stays", ""]);
    assert_eq!(store.messages_after(bob, direct, 0, 99).await.unwrap().len(), 1);
}

pub(crate) async fn the_heir_is_the_admin_who_joined_first(store: Shared) {
    let ann = verified(&store, "ann").await;
    let mut others = Vec::new();
    for name in ["bob", "eve", "joe", "kim"] {
        others.push(verified(&store, name).await);
    }
    let [bob, eve, joe, kim] = others[..] else { panic!() };
    let crew = group(&store, ann, &[kim]).await;
    assert_eq!(store.heir(crew, kim).await.unwrap(), Some(ann));
    for (user, role) in [(joe, Role::Member), (eve, Role::Admin), (bob, Role::Admin)] {
        assert!(change(&store, crew, ann, vec![(user, Some(role))]).await);
    }
    assert_eq!(store.heir(crew, ann).await.unwrap(), Some(eve));
    close(&store, eve, OwnMessages::Keep).await;
    assert_eq!(store.heir(crew, ann).await.unwrap(), Some(bob));
    assert!(change(&store, crew, ann, vec![(bob, None), (eve, None)]).await);
    assert_eq!(store.heir(crew, ann).await.unwrap(), Some(kim));
    assert!(change(&store, crew, ann, vec![(kim, None), (joe, None)]).await);
    assert_eq!(store.heir(crew, ann).await.unwrap(), None);
}
