use domain::store::{Action, CursorMove, Since, Target};
use protocol::{ConversationKind, Cursors};

use crate::support::{Said, Shared, append, entry, send, text, to, user};

pub(crate) async fn two_people_open_one_direct_conversation(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let sends = (0..20).map(|index| {
        let (from, other) = if index % 2 == 0 { (ann, bob) } else { (bob, ann) };
        let store = store.clone();
        tokio::spawn(async move { append(&store, entry(to(other), from, text("hi"))).await.unwrap() })
    });
    let mut appended = Vec::new();
    for send in sends.collect::<Vec<_>>() {
        appended.push(send.await.unwrap());
    }
    let key = store.direct(bob, ann).await.unwrap().unwrap();
    for one in &appended {
        assert_eq!(one.entry().said().conversation, key);
    }
    let record = store.conversation_by_key(key).await.unwrap().unwrap();
    assert_eq!((record.kind, record.head_seq), (ConversationKind::Direct, 20));
    let mut names: Vec<_> = record.members.iter().map(|member| &*member.username).collect();
    names.sort_unstable();
    assert_eq!(names, ["ann", "bob"]);
    assert_eq!(store.conversation_key(record.id).await.unwrap(), Some(key));
}

pub(crate) async fn a_note_to_oneself(store: Shared) {
    let ann = user(&store, "ann").await;
    let (key, _) = send(&store, ann, ann, "remember").await;
    assert_eq!(store.direct(ann, ann).await.unwrap(), Some(key));
    let record = store.conversation(ann, key).await.unwrap().unwrap();
    assert_eq!((record.members.len(), record.unread), (1, 0));
    assert_eq!(store.conversations(ann, None, 9).await.unwrap().len(), 1);
}

pub(crate) async fn who_is_not_a_member_sees_nothing(store: Shared) {
    let (ann, bob, eve) = (user(&store, "ann").await, user(&store, "bob").await, user(&store, "eve").await);
    let (key, _) = send(&store, ann, bob, "secret").await;
    assert!(store.conversation(eve, key).await.unwrap().is_none());
    assert!(store.conversations(eve, None, 9).await.unwrap().is_empty());
    assert!(store.behind(eve, Since::Delivered).await.unwrap().is_empty());
    assert_eq!(store.direct(ann, eve).await.unwrap(), None);
}

pub(crate) async fn the_list_is_by_activity_and_pages(store: Shared) {
    let ann = user(&store, "ann").await;
    let mut keys = Vec::new();
    for name in ["b1", "b2", "b3", "b4", "b5"] {
        let other = user(&store, name).await;
        keys.push(send(&store, ann, other, "hi").await.0);
        if name == "b4" {
            // The first is the newest but one now.
            let first = store.account("b1").await.unwrap().unwrap().id;
            send(&store, first, ann, "hello").await;
        }
    }
    let newest_first = [keys[4], keys[0], keys[3], keys[2], keys[1]];
    let mut listed = Vec::new();
    let mut before = None;
    loop {
        let page = store.conversations(ann, before, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.head_position);
        listed.extend(page.iter().map(|record| record.key));
    }
    assert_eq!(listed, newest_first);
    let newest = store.conversations(ann, None, 2).await.unwrap();
    assert_eq!(newest[1].last_message.as_ref().unwrap().text.as_ref(), "hello");
}

pub(crate) async fn unread_counts_what_others_sent(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let mut key = None;
    for (from, other) in [(ann, bob), (bob, ann), (ann, bob), (ann, bob)] {
        key = Some(send(&store, from, other, "hi").await.0);
    }
    let key = key.unwrap();
    let unread = async |user| store.conversation(user, key).await.unwrap().unwrap().unread;
    assert_eq!((unread(ann).await, unread(bob).await), (1, 3));
    let to = Cursors { delivered_seq: 0, read_seq: 3 };
    store.move_cursors(vec![CursorMove { conversation: key, user: bob, to }]).await.unwrap();
    assert_eq!((unread(ann).await, unread(bob).await), (1, 1));
    // What is deleted is not to be read any more. Changes of it, however many, do not count.
    let (_, last) = send(&store, ann, bob, "last").await;
    let place = Target::Direct(key);
    for on in [true, false].repeat(1050) {
        let react = Action::React { id: last, emoji: "👍".into(), on };
        append(&store, entry(place, ann, react)).await.unwrap();
    }
    assert_eq!((unread(ann).await, unread(bob).await), (1, 2));
    append(&store, entry(place, ann, Action::Delete { id: last })).await.unwrap();
    assert_eq!((unread(ann).await, unread(bob).await), (1, 1));
}
