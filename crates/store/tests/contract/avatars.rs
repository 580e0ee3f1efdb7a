use std::time::Duration;

use domain::store::{Avatar, BlobHash, ConversationRecord, GroupAvatar, GroupEvent, NewGroup, UserId};
use protocol::{ConversationId, HistoryAccess};

use crate::support::{Said, Shared, append, entry, now, text, to, user};

const WEEK: Duration = Duration::from_hours(7 * 24);

fn avatar(byte: u8) -> Avatar {
    Avatar { large: BlobHash([byte; 32]), small: BlobHash([byte + 1; 32]) }
}

pub(crate) async fn a_person_has_one_picture(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let stored = append(&store, entry(to(bob), ann, text("hello"))).await.unwrap();
    let key = stored.entry().said().conversation;
    let mut before = None;
    for now in [Some(avatar(1)), Some(avatar(3)), Some(avatar(3)), None, None, Some(avatar(5))] {
        assert_eq!(store.set_avatar(ann, now).await.unwrap(), before);
        assert_eq!(store.account_of(ann).await.unwrap().unwrap().avatar, now);
        assert_eq!(store.account("ANN").await.unwrap().unwrap().avatar, now);
        // So everybody sees who is in a conversation with them.
        let seen = store.conversation(bob, key).await.unwrap().unwrap();
        let whole = store.conversation_by_key(key).await.unwrap().unwrap();
        let listed = store.members(bob, key, None, 9).await.unwrap().unwrap();
        for members in [&seen.members, &whole.members, &listed] {
            let of = |user| members.iter().find(|member| member.user == user).unwrap().avatar;
            assert_eq!((of(ann), of(bob)), (now, None));
        }
        before = now;
    }
    // Of two at the same time, each replaces what was there.
    let (one, two) =
        tokio::join!(store.set_avatar(ann, Some(avatar(7))), store.set_avatar(ann, Some(avatar(9))));
    let mut replaced = [one.unwrap().unwrap().large.0[0], two.unwrap().unwrap().large.0[0]];
    replaced.sort_unstable();
    let now = store.account_of(ann).await.unwrap().unwrap().avatar.unwrap().large.0[0];
    assert!(replaced[0] == 5 && replaced[1] + now == 7 + 9, "{replaced:?} {now}");
}

pub(crate) async fn bytes_of_a_picture_are_used(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let hashes: Vec<_> = [avatar(1), avatar(3)].iter().flat_map(Avatar::blobs).collect();
    let unused = async || store.unused_blobs(hashes.clone()).await.unwrap();
    assert_eq!(unused().await, hashes);
    store.set_avatar(ann, Some(avatar(1))).await.unwrap();
    store.set_avatar(bob, Some(avatar(1))).await.unwrap();
    assert_eq!(unused().await, avatar(3).blobs());
    // Two people have the same picture, until both have another.
    store.set_avatar(ann, Some(avatar(3))).await.unwrap();
    assert_eq!(unused().await, []);
    store.set_avatar(bob, None).await.unwrap();
    assert_eq!(unused().await, avatar(1).blobs());
}

pub(crate) async fn bytes_that_become_a_picture_are_noted_no_longer(store: Shared) {
    let ann = user(&store, "ann").await;
    let noted = async |age, before| {
        let mut hashes = store.note_unnamed(avatar(1).blobs().to_vec(), age, before).await.unwrap();
        hashes.sort_unstable();
        hashes
    };
    assert_eq!(noted(Duration::ZERO, None).await, []);
    assert_eq!(noted(WEEK, Some(Duration::ZERO)).await, avatar(1).blobs());
    store.set_avatar(ann, Some(avatar(1))).await.unwrap();
    store.set_avatar(ann, None).await.unwrap();
    assert_eq!(noted(2 * WEEK, Some(WEEK)).await, []);
}

/// A group of these users, of whom the first is its owner.
async fn group(store: &Shared, users: &[UserId]) -> ConversationRecord {
    let at = now();
    let group = NewGroup {
        id: ConversationId::mint(at, 1),
        owner: users[0],
        title: "Crew".into(),
        history: HistoryAccess::Joined,
        members: users[1..].to_vec(),
        at,
    };
    store.create_group(group).await.unwrap()
}

pub(crate) async fn a_picture_of_a_group_is_an_entry_of_its_log(store: Shared) {
    let (ann, bob, eve) = (user(&store, "ann").await, user(&store, "bob").await, user(&store, "eve").await);
    let crew = group(&store, &[ann, bob]).await;
    let set = |by, avatar| {
        let change = GroupAvatar { conversation: crew.key, by, at: now(), avatar };
        let store = &store;
        async move { store.set_group_avatar(change).await.unwrap() }
    };
    // Neither a member who does not lead nor a stranger.
    for by in [bob, eve] {
        assert_eq!(set(by, Some(avatar(1))).await, None);
    }
    let (mut before, mut seq) = (None, 1);
    for now in [None, Some(avatar(1)), Some(avatar(1)), Some(avatar(3)), None, None] {
        let done = set(ann, now).await.unwrap();
        assert_eq!(done.before, before);
        // The same picture is no change.
        assert_eq!(done.entry.is_some(), now != before);
        if let Some(entry) = done.entry {
            assert_eq!((entry.previous, entry.seq, entry.by), (seq, seq + 1, ann));
            assert_eq!(entry.events, [GroupEvent::Picture(now.is_some())]);
            assert_eq!(store.group_entries(bob, crew.key, seq, u64::MAX, 9).await.unwrap(), [entry]);
            seq += 1;
        }
        let seen = store.conversation(bob, crew.key).await.unwrap().unwrap();
        let whole = store.conversation_by_key(crew.key).await.unwrap().unwrap();
        let brief = store.brief(crew.key, None, vec![]).await.unwrap().unwrap();
        for record in [&seen, &whole, &brief] {
            assert_eq!((record.avatar, record.changed_seq, record.head_seq), (now, seq, seq));
        }
        assert_eq!(store.group_avatar(bob, crew.id).await.unwrap(), now);
        assert_eq!(store.group_avatar(eve, crew.id).await.unwrap(), None);
        before = now;
    }
    // Two people have none together.
    let direct = append(&store, entry(to(bob), ann, text("hello"))).await.unwrap();
    let direct = direct.entry().said().conversation;
    let change = GroupAvatar { conversation: direct, by: ann, at: now(), avatar: Some(avatar(1)) };
    assert_eq!(store.set_group_avatar(change).await.unwrap(), None);
}

pub(crate) async fn bytes_of_a_picture_of_a_group_are_used(store: Shared) {
    let ann = user(&store, "ann").await;
    let crew = group(&store, &[ann]).await;
    let set = async |avatar| {
        let change = GroupAvatar { conversation: crew.key, by: ann, at: now(), avatar };
        store.set_group_avatar(change).await.unwrap().unwrap();
    };
    let noted =
        async |age, before| store.note_unnamed(avatar(1).blobs().to_vec(), age, before).await.unwrap();
    assert_eq!(noted(Duration::ZERO, None).await, []);
    set(Some(avatar(1))).await;
    assert_eq!(store.unused_blobs(avatar(1).blobs().to_vec()).await.unwrap(), []);
    store.set_avatar(ann, Some(avatar(1))).await.unwrap();
    set(None).await;
    assert_eq!(store.unused_blobs(avatar(1).blobs().to_vec()).await.unwrap(), []);
    store.set_avatar(ann, None).await.unwrap();
    assert_eq!(store.unused_blobs(avatar(1).blobs().to_vec()).await.unwrap(), avatar(1).blobs());
    assert_eq!(noted(WEEK, Some(Duration::ZERO)).await, []);
}
