use std::time::Duration;

use domain::store::{
    Action, AppendError, AttachmentRecord, BlobHash, ConversationKey, EntryRange, GroupChange, MessageRecord,
    NewGroup, Picture, StoreAge, Target, UserId,
};
use protocol::{AttachmentId, ConversationId, HistoryAccess, Role};

use crate::support::{Said, Shared, append, entry, named, now, send, text, to, user};

const QUOTA: u64 = 1 << 30;
/// What a file of [`record`] counts for: its bytes, and a thumbnail.
const WITH_THUMBNAIL: u64 = 10_000 + 32 * 1024;
const DAY: Duration = Duration::from_hours(24);

fn record(owner: UserId, byte: u8) -> AttachmentRecord {
    let created_at = now();
    AttachmentRecord {
        id: AttachmentId::mint(created_at, u128::from(byte)),
        owner,
        hash: BlobHash([byte; 32]),
        name: format!("ключ {byte}.png").into(),
        kind: "image/png".into(),
        size: 10_000,
        picture: Some(Picture {
            width: 640,
            height: 480,
            animated: byte.is_multiple_of(2),
            thumbnail: Some(BlobHash([byte + 1; 32])),
        }),
        created_at,
    }
}

async fn upload(store: &Shared, owner: UserId, byte: u8) -> AttachmentId {
    let record = record(owner, byte);
    assert!(store.add_attachment(record.clone(), QUOTA).await.unwrap());
    record.id
}

fn with(client_id: Option<&str>, attachments: &[AttachmentId]) -> Action {
    let client_id = client_id.map(Into::into);
    let attachments = attachments.to_vec();
    Action::Message { client_id, text: "".into(), reply_to: None, attachments }
}

fn ids(message: &MessageRecord) -> Vec<AttachmentId> {
    message.attachments.iter().map(|attachment| attachment.id).collect()
}

async fn sees(store: &Shared, reader: UserId, id: AttachmentId) -> bool {
    store.attachment(id, reader).await.unwrap().is_some()
}

async fn messages(store: &Shared, reader: UserId, key: ConversationKey) -> Vec<MessageRecord> {
    store.messages_after(reader, key, 0, 99).await.unwrap()
}

pub(crate) async fn an_upload_is_its_owners_alone(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let mut plain = record(ann, 5);
    plain.picture = None;
    let mut unseen = record(ann, 7);
    unseen.picture = Some(Picture { width: 9, height: 9, animated: true, thumbnail: None });
    for record in [record(ann, 1), plain, unseen] {
        assert!(store.add_attachment(record.clone(), QUOTA).await.unwrap());
        assert_eq!(store.attachment(record.id, ann).await.unwrap(), Some(record.clone()));
        assert_eq!(store.attachment(record.id, bob).await.unwrap(), None);
    }
    let nothing = AttachmentId::mint(now(), 9);
    assert!(!sees(&store, ann, nothing).await);
}

pub(crate) async fn uploads_are_listed_page_by_page(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let mut own = Vec::new();
    for byte in 1..=5 {
        own.push(upload(&store, ann, byte).await);
        upload(&store, bob, byte).await;
    }
    own.sort();
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = store.attachments_of(ann, after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        assert!(page.len() <= 2 && page.iter().all(|file| file.owner == ann));
        listed.extend(page.iter().map(|file| file.id));
    }
    assert_eq!(listed, own);
}

pub(crate) async fn the_quota_is_each_owners_own(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let mut small = record(ann, 1);
    (small.size, small.picture) = (0, None);
    // Even an empty file counts.
    assert!(store.add_attachment(small.clone(), 4096).await.unwrap());
    assert_eq!(store.attachments_weigh(ann).await.unwrap(), 4096);
    // So does a thumbnail, as 32 KiB.
    assert!(!store.add_attachment(record(ann, 2), 4096 + WITH_THUMBNAIL - 1).await.unwrap());
    assert!(store.add_attachment(record(ann, 2), 4096 + WITH_THUMBNAIL).await.unwrap());
    assert_eq!(store.attachments_weigh(ann).await.unwrap(), 4096 + WITH_THUMBNAIL);
    assert_eq!(store.attachments_weigh(bob).await.unwrap(), 0);
    // Uploads at the same time do not exceed the quota together.
    let adding = (0..20).map(|byte| {
        let store = store.clone();
        tokio::spawn(
            async move { store.add_attachment(record(bob, byte), 5 * WITH_THUMBNAIL).await.unwrap() },
        )
    });
    let mut added = 0;
    for task in adding.collect::<Vec<_>>() {
        added += usize::from(task.await.unwrap());
    }
    assert_eq!((added, store.attachments_weigh(bob).await.unwrap()), (5, 5 * WITH_THUMBNAIL));
}

pub(crate) async fn a_message_carries_what_its_sender_uploaded(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let eve = user(&store, "eve").await;
    let (one, two) = (upload(&store, ann, 1).await, upload(&store, ann, 3).await);
    let theirs = upload(&store, bob, 5).await;
    // A refused message opens no conversation.
    for wrong in [&[theirs][..], &[one, AttachmentId::mint(now(), 9)]] {
        let refused = append(&store, entry(to(bob), ann, with(None, wrong))).await;
        assert!(matches!(refused, Err(AppendError::AttachmentUnknown)));
    }
    assert_eq!(store.direct(ann, bob).await.unwrap(), None);
    // Attachments keep the sender's order.
    let stored = append(&store, entry(to(bob), ann, with(None, &[two, one]))).await.unwrap();
    let first = stored.entry().said().clone();
    assert_eq!((ids(&first), first.seq), (vec![two, one], 1));
    let (key, place) = (first.conversation, Target::Direct(first.conversation));
    let refused = append(&store, entry(place, ann, with(Some("c1"), &[theirs]))).await;
    assert!(matches!(refused, Err(AppendError::AttachmentUnknown)));
    // A refused message uses up neither its `seq` nor its client id.
    let next = append(&store, entry(place, ann, named("c1", "plain"))).await.unwrap();
    assert_eq!((next.entry().said().seq, next.duplicate), (2, false));
    assert!(next.entry().said().attachments.is_empty());
    let seen = messages(&store, bob, key).await;
    assert_eq!(seen, [first.clone(), next.entry().said().clone()]);
    let range = EntryRange { conversation: key, reader: bob, after_seq: 0, limit: 9, bytes: usize::MAX };
    let read = store.entries(vec![range], store.position().await.unwrap()).await.unwrap();
    assert_eq!(read[0].entries[0].said(), &first);
    // Attachments of a message are there for members, and for nobody else.
    for id in [one, two] {
        assert!(sees(&store, bob, id).await && sees(&store, ann, id).await && !sees(&store, eve, id).await);
    }
    assert!(!sees(&store, ann, theirs).await);
}

pub(crate) async fn an_edit_keeps_them_and_a_deletion_drops_them(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let id = upload(&store, ann, 1).await;
    let stored = append(&store, entry(to(bob), ann, with(Some("c1"), &[id]))).await.unwrap();
    let (key, message) = (stored.entry().said().conversation, stored.entry().said().id);
    let place = Target::Direct(key);
    let edit = Action::Edit { id: message, text: "look".into() };
    let edited = append(&store, entry(place, ann, edit)).await.unwrap();
    assert_eq!(ids(edited.entry().said()), [id]);
    // Two messages carry the upload, until both are deleted.
    let again = append(&store, entry(place, ann, with(None, &[id]))).await.unwrap().entry().said().id;
    let deleted = append(&store, entry(place, ann, Action::Delete { id: message })).await.unwrap();
    assert!(deleted.entry().said().attachments.is_empty());
    assert!(messages(&store, bob, key).await[0].attachments.is_empty());
    assert!(sees(&store, bob, id).await);
    append(&store, entry(place, ann, Action::Delete { id: again })).await.unwrap();
    assert!(!sees(&store, bob, id).await && sees(&store, ann, id).await);
    // A repeat of the first message is still recognised, though its attachments are gone.
    assert_eq!(store.forget_unused(DAY, Some(DAY), 9).await.unwrap().len(), 2);
    let repeat = append(&store, entry(place, ann, with(Some("c1"), &[id]))).await.unwrap();
    assert!(repeat.duplicate);
    let other = append(&store, entry(place, ann, with(Some("c1"), &[]))).await;
    assert!(matches!(other, Err(AppendError::ClientIdReused)));
}

pub(crate) async fn a_repeat_carries_the_same(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let (one, two) = (upload(&store, ann, 1).await, upload(&store, ann, 3).await);
    let first = append(&store, entry(to(bob), ann, with(Some("c1"), &[one, two]))).await.unwrap();
    let again = append(&store, entry(to(bob), ann, with(Some("c1"), &[one, two]))).await.unwrap();
    assert!(again.duplicate);
    assert_eq!(again.entry(), first.entry());
    for other in [&[one][..], &[two, one], &[]] {
        let reused = append(&store, entry(to(bob), ann, with(Some("c1"), other))).await;
        assert!(matches!(reused, Err(AppendError::ClientIdReused)));
    }
    // The repeats added no use: once the message is deleted, nothing carries the upload.
    let message = first.entry().said();
    let delete = Action::Delete { id: message.id };
    append(&store, entry(Target::Direct(message.conversation), ann, delete)).await.unwrap();
    assert_eq!(store.forget_unused(DAY, Some(DAY), 9).await.unwrap().len(), 4);
}

pub(crate) async fn who_may_not_see_the_message_does_not_see_what_it_carries(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let (eve, zoe) = (user(&store, "eve").await, user(&store, "zoe").await);
    let at = now();
    let group = NewGroup {
        id: ConversationId::mint(at, 1),
        owner: ann,
        title: "Crew".into(),
        history: HistoryAccess::Joined,
        members: vec![bob],
        at,
    };
    let group = store.create_group(group).await.unwrap();
    let mut changed_seq = group.changed_seq;
    let early = upload(&store, ann, 1).await;
    append(&store, entry(Target::Group(group.key), ann, with(None, &[early]))).await.unwrap();
    for (member, role) in [(eve, Some(Role::Member)), (bob, None)] {
        let change = GroupChange {
            conversation: group.key,
            by: ann,
            at: now(),
            changed_seq,
            title: None,
            history: None,
            members: vec![(member, role)],
        };
        changed_seq = store.change_group(change).await.unwrap().unwrap().entry.seq;
    }
    // Eve came after it, and Bob has left.
    assert!(!sees(&store, eve, early).await && !sees(&store, bob, early).await);
    let late = upload(&store, ann, 3).await;
    append(&store, entry(Target::Group(group.key), ann, with(None, &[late]))).await.unwrap();
    assert!(sees(&store, eve, late).await && !sees(&store, bob, late).await);
    // Zoe has blocked Ann.
    let hidden = upload(&store, ann, 5).await;
    store.block(zoe, ann, now(), 9).await.unwrap();
    append(&store, entry(to(zoe), ann, with(None, &[hidden]))).await.unwrap();
    assert!(!sees(&store, zoe, hidden).await);
}

pub(crate) async fn what_is_unused_is_forgotten(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let used = upload(&store, ann, 1).await;
    append(&store, entry(to(bob), ann, with(None, &[used]))).await.unwrap();
    let unused = upload(&store, ann, 3).await;
    // The blob of an upload that is in use.
    let mut same = record(ann, 1);
    same.id = AttachmentId::mint(now(), 99);
    assert!(store.add_attachment(same.clone(), QUOTA).await.unwrap());
    let spared = upload(&store, ann, 7).await;
    // Noted as unused, but not for long enough.
    for before in [None, Some(Duration::from_hours(23))] {
        assert_eq!(store.forget_unused(DAY, before, 9).await.unwrap(), []);
    }
    // Used after it was noted, and unused again: it counts as if it was never noted.
    let carried = append(&store, entry(to(bob), ann, with(None, &[spared]))).await.unwrap();
    let (place, id) = (Target::Direct(carried.entry().said().conversation), carried.entry().said().id);
    append(&store, entry(place, ann, Action::Delete { id })).await.unwrap();
    let young = upload(&store, bob, 5).await;
    for (before, count) in [(Duration::from_hours(23), 0), (DAY, 2)] {
        assert_eq!(store.count_unused(before).await.unwrap(), count);
    }
    let mut hashes = Vec::new();
    loop {
        // At most `limit` uploads at a time.
        let some = store.forget_unused(2 * DAY, Some(DAY), 1).await.unwrap();
        if some.is_empty() {
            break;
        }
        assert_eq!(some.len(), 2);
        hashes.extend(some);
    }
    hashes.sort();
    assert_eq!(hashes, [1, 2, 3, 4].map(|byte| BlobHash([byte; 32])));
    assert_eq!(store.unused_blobs(hashes).await.unwrap(), [3, 4].map(|byte| BlobHash([byte; 32])));
    assert!(!sees(&store, ann, unused).await && !sees(&store, ann, same.id).await);
    assert!(
        sees(&store, ann, used).await && sees(&store, bob, young).await && sees(&store, ann, spared).await
    );
    // Uploads that wait to be removed still count to the quota.
    assert_eq!(store.attachments_weigh(ann).await.unwrap(), 2 * WITH_THUMBNAIL);
    let gone = append(&store, entry(to(bob), ann, with(None, &[unused]))).await;
    assert!(matches!(gone, Err(AppendError::AttachmentUnknown)));
}

pub(crate) async fn bytes_of_no_upload_are_noted(store: Shared) {
    let ann = user(&store, "ann").await;
    let hashes = |bytes: &[u8]| bytes.iter().map(|byte| BlobHash([*byte; 32])).collect::<Vec<_>>();
    let note = |bytes: &[u8], age, before| store.note_unnamed(hashes(bytes), age, before);
    assert_eq!(note(&[1, 2, 9], DAY, None).await.unwrap(), []);
    assert_eq!(note(&[1, 2, 3, 9], 2 * DAY, Some(DAY)).await.unwrap(), hashes(&[1, 2, 9]));
    assert_eq!(note(&[9], 2 * DAY, Some(Duration::from_hours(23))).await.unwrap(), []);
    // Once an upload has had the bytes, their time begins anew.
    upload(&store, ann, 1).await;
    assert_eq!(store.unused_blobs(hashes(&[1, 2, 3])).await.unwrap(), hashes(&[3]));
    store.forget_unnamed(hashes(&[9])).await.unwrap();
    assert_eq!(note(&[1, 2, 3, 9], 3 * DAY, Some(2 * DAY)).await.unwrap(), hashes(&[3]));
}

pub(crate) async fn it_grows_older(store: Shared) {
    for (by, age) in [(Duration::ZERO, Duration::ZERO), (DAY, DAY), (DAY, 2 * DAY)] {
        assert_eq!(store.grow_older(by).await.unwrap(), StoreAge { age, doubted: None });
    }
}

pub(crate) async fn other_messages_carry_nothing(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let (key, _) = send(&store, ann, bob, "first").await;
    append(&store, entry(Target::Direct(key), bob, text("second"))).await.unwrap();
    assert!(messages(&store, ann, key).await.iter().all(|message| message.attachments.is_empty()));
}
