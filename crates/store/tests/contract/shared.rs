use domain::store::{
    Action, AttachmentRecord, BlobHash, ConversationKey, GroupChange, NewGroup, Picture, SharedPage,
    SharedRange, Target, UserId,
};
use protocol::{AttachmentId, ConversationId, HistoryAccess, Role, SharedKind};

use crate::support::{Said, Shared, append, entry, now, send, text, to, user};

async fn upload(store: &Shared, owner: UserId, kind: &str, has_thumbnail: bool) -> AttachmentId {
    let at = now();
    let id = AttachmentId::mint(at, at.as_millis().unsigned_abs().into());
    let hash = BlobHash([id.as_bytes()[5]; 32]);
    let picture = Picture { width: 9, height: 9, animated: false, thumbnail: has_thumbnail.then_some(hash) };
    let picture = kind.starts_with("image/").then_some(picture);
    let (name, kind) = ("a file".into(), kind.into());
    let record = AttachmentRecord { id, owner, hash, name, kind, size: 1, picture, created_at: at };
    assert!(store.add_attachment(record, 1 << 30).await.unwrap());
    id
}

fn with(text: &str, attachments: &[AttachmentId]) -> Action {
    let attachments = attachments.to_vec();
    Action::Message { client_id: None, text: text.into(), reply_to: None, attachments }
}

async fn add(store: &Shared, target: Target, sender: UserId, action: Action) -> (ConversationKey, u64) {
    let appended = append(store, entry(target, sender, action)).await.unwrap();
    let message = appended.entry().said();
    (message.conversation, message.seq)
}

async fn page(
    store: &Shared,
    reader: UserId,
    conversation: ConversationKey,
    kind: SharedKind,
    (before, limit): (u64, usize),
) -> SharedPage {
    store.shared(SharedRange { reader, conversation, kind, before, limit }).await.unwrap()
}

/// The `seq`s of what a reader sees of each kind.
async fn seqs(store: &Shared, reader: UserId, key: ConversationKey) -> [Vec<u64>; 3] {
    let mut found = [const { Vec::new() }; 3];
    for (found, kind) in found.iter_mut().zip(SharedKind::ALL) {
        let page = page(store, reader, key, kind, (u64::MAX, 99)).await;
        assert_eq!(page.rest_below, None);
        found.extend(page.messages.iter().map(|message| message.seq));
        // They are the messages as history has them.
        let history = store.messages_after(reader, key, 0, 999).await.unwrap();
        assert!(page.messages.iter().all(|message| history.contains(message)));
    }
    found
}

pub(crate) async fn what_is_shared_is_listed_by_kind(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let (key, _) = send(&store, ann, bob, "words").await;
    let place = Target::Direct(key);
    let photo = upload(&store, ann, "image/png", true).await;
    let unread = upload(&store, ann, "image/png", false).await;
    let (film, sound) =
        (upload(&store, ann, "video/mp4", false).await, upload(&store, ann, "audio/ogg", false).await);
    let text_file = upload(&store, ann, "text/plain", false).await;
    add(&store, place, ann, with("", &[photo])).await; // 2
    add(&store, place, ann, with("", &[unread])).await; // 3
    add(&store, place, ann, with("", &[film, photo])).await; // 4
    add(&store, place, ann, with("", &[sound])).await; // 5
    add(&store, place, ann, with("see https://aldis.example/x", &[text_file, photo])).await; // 6
    add(&store, place, bob, text("www.aldis.example")).await; // 7
    let expected = [vec![6, 4, 2], vec![6, 5, 3], vec![7, 6]];
    assert_eq!((seqs(&store, ann, key).await, seqs(&store, bob, key).await), (expected.clone(), expected));
}

pub(crate) async fn what_was_shared_pages(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let (key, _) = send(&store, ann, bob, "https://aldis.example").await;
    for _ in 0..6 {
        send(&store, ann, bob, "https://aldis.example").await;
        send(&store, bob, ann, "words").await;
    }
    let (mut found, mut before) = (Vec::new(), Some(u64::MAX));
    while let Some(below) = before {
        let page = page(&store, bob, key, SharedKind::Links, (below, 3)).await;
        assert!(page.messages.len() <= 3);
        found.extend(page.messages.iter().map(|message| message.seq));
        before = page.rest_below;
    }
    assert_eq!(found, [12, 10, 8, 6, 4, 2, 1]);
    assert!(page(&store, bob, key, SharedKind::Links, (0, 3)).await.messages.is_empty());
    // Nothing more is told to be there where nothing is.
    assert_eq!(page(&store, bob, key, SharedKind::Links, (u64::MAX, 7)).await.rest_below, None);
}

pub(crate) async fn changes_change_what_is_shared(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let photo = upload(&store, ann, "image/png", true).await;
    let (key, _) = add(&store, to(bob), ann, with("https://aldis.example", &[photo])).await;
    let (_, id) = send(&store, ann, bob, "words").await;
    let place = Target::Direct(key);
    assert_eq!(seqs(&store, bob, key).await, [vec![1], vec![], vec![1]]);
    let edit = |id, text: &str| Action::Edit { id, text: text.into() };
    let first = store.messages_after(ann, key, 0, 1).await.unwrap()[0].id;
    add(&store, place, ann, edit(first, "no link")).await;
    add(&store, place, ann, edit(id, "aldis.org")).await;
    assert_eq!(seqs(&store, bob, key).await, [vec![1], vec![], vec![2]]);
    // A reaction changes nothing of it.
    add(&store, place, bob, Action::React { id: first, emoji: "👍".into(), on: true }).await;
    assert_eq!(seqs(&store, bob, key).await, [vec![1], vec![], vec![2]]);
    for id in [first, id] {
        add(&store, place, ann, Action::Delete { id }).await;
    }
    assert_eq!(seqs(&store, bob, key).await, [const { Vec::<u64>::new() }; 3]);
}

pub(crate) async fn what_one_may_not_see_is_not_listed(store: Shared) {
    let (ann, bob, eve) = (user(&store, "ann").await, user(&store, "bob").await, user(&store, "eve").await);
    let (key, _) = send(&store, ann, bob, "https://aldis.example").await;
    store.block(bob, ann, now(), 9).await.unwrap();
    send(&store, ann, bob, "https://hidden.example").await;
    store.unblock(bob, ann).await.unwrap();
    send(&store, ann, bob, "https://aldis.example").await;
    assert_eq!(seqs(&store, bob, key).await[2], [3, 1]);
    assert_eq!(seqs(&store, ann, key).await[2], [3, 2, 1]);
    assert!(seqs(&store, eve, key).await[2].is_empty());
    // In a group: from one's joining on, and as long as one is in it.
    let (id, at) = (ConversationId::mint(now(), 7), now());
    let (title, members) = ("Crew".into(), vec![bob]);
    let group = NewGroup { id, owner: ann, title, history: HistoryAccess::Joined, members, at };
    let group = store.create_group(group).await.unwrap();
    let (key, place) = (group.key, Target::Group(group.key));
    let change = async |members: Vec<(UserId, Option<Role>)>| {
        let changed_seq = store.conversation_by_key(key).await.unwrap().unwrap().changed_seq;
        let (title, history) = (None, None);
        let change =
            GroupChange { conversation: key, by: ann, at: now(), changed_seq, title, history, members };
        store.change_group(change).await.unwrap().unwrap();
    };
    add(&store, place, ann, text("https://aldis.example")).await; // 2
    change(vec![(eve, Some(Role::Member))]).await; // 3
    add(&store, place, ann, text("https://aldis.example")).await; // 4
    assert_eq!(seqs(&store, bob, key).await[2], [4, 2]);
    assert_eq!(seqs(&store, eve, key).await[2], [4]);
    change(vec![(bob, None)]).await;
    assert!(seqs(&store, bob, key).await[2].is_empty());
}

/// Any number of hidden messages in a row: a page ends, says so, and the next one goes on.
pub(crate) async fn a_page_looks_at_so_many_messages(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let (key, _) = send(&store, ann, bob, "https://aldis.example").await;
    store.block(bob, ann, now(), 9).await.unwrap();
    let place = Target::Direct(key);
    let hidden = (0..=SharedPage::SCAN).map(|_| {
        store.submit(entry(place, ann, text("https://hidden.example")), domain::store::Origin::default())
    });
    for submitted in hidden.collect::<Vec<_>>() {
        submitted.stored().await.unwrap();
    }
    let first = page(&store, bob, key, SharedKind::Links, (u64::MAX, 9)).await;
    assert!(first.messages.is_empty());
    let second = page(&store, bob, key, SharedKind::Links, (first.rest_below.unwrap(), 9)).await;
    assert_eq!((second.messages[0].seq, second.rest_below), (1, None));
}
