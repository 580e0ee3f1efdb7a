use std::time::Duration;

use domain::store::{Avatar, BlobHash};

use crate::support::{Said, Shared, append, entry, text, to, user};

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
