use domain::store::{EntryRange, Origin, Target};

use crate::support::{Said, Shared, append, entry, now, send, text, to, user};

pub(crate) async fn blocks_are_kept_once(store: Shared) {
    let (ann, bob, eve) = (user(&store, "ann").await, user(&store, "bob").await, user(&store, "eve").await);
    let first = now();
    let second = now();
    assert_eq!(store.block(ann, bob, first, 2).await.unwrap(), Some(first));
    assert_eq!(store.block(ann, eve, second, 2).await.unwrap(), Some(second));
    assert_eq!(store.block(ann, bob, now(), 2).await.unwrap(), Some(first));
    let blocks = store.blocks(ann, None, 9).await.unwrap();
    let names: Vec<_> = blocks.iter().map(|blocked| &*blocked.username).collect();
    assert_eq!((names, blocks[1].at), (vec!["eve", "bob"], first));
    assert_eq!(store.blocked_since(ann, bob).await.unwrap(), Some(first));
    assert_eq!(store.blocked_since(bob, ann).await.unwrap(), None);
    assert!(store.blocks(bob, None, 9).await.unwrap().is_empty());
    assert!(store.unblock(ann, bob).await.unwrap());
    assert!(!store.unblock(ann, bob).await.unwrap());
    assert_eq!(store.blocks(ann, None, 9).await.unwrap().len(), 1);
    assert_eq!(store.blocked_since(ann, bob).await.unwrap(), None);
}

pub(crate) async fn blocks_are_counted_and_come_in_pages(store: Shared) {
    let ann = user(&store, "ann").await;
    let mut blocked = Vec::new();
    let at = now();
    for number in 0..7 {
        let other = user(&store, &format!("user{number}")).await;
        // Some blocks have the same time.
        let at = if number < 4 { at } else { now() };
        assert_eq!(store.block(ann, other, at, 7).await.unwrap(), Some(at));
        blocked.insert(0, (at, other));
    }
    let one_more = user(&store, "eve").await;
    assert_eq!(store.block(ann, one_more, now(), 7).await.unwrap(), None);
    assert_eq!(store.blocked_since(ann, one_more).await.unwrap(), None);
    assert_eq!(store.block(ann, blocked[0].1, now(), 7).await.unwrap(), Some(blocked[0].0));
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let page = store.blocks(ann, before, 3).await.unwrap();
        assert!(page.len() <= 3);
        let Some(last) = page.last() else { break };
        before = Some((last.at, last.user));
        found.extend(page.iter().map(|blocked| (blocked.at, blocked.user)));
    }
    assert_eq!(found, blocked);
    assert!(store.unblock(ann, blocked[6].1).await.unwrap());
    assert!(store.block(ann, one_more, now(), 7).await.unwrap().is_some());
}

/// A message is hidden if the block is there when the message is stored, not when it is submitted.
pub(crate) async fn a_block_holds_from_its_commit_on(store: Shared) {
    let (ann, bob, eve) = (user(&store, "ann").await, user(&store, "bob").await, user(&store, "eve").await);
    // A block counts even before there is a conversation.
    store.block(eve, ann, now(), 9).await.unwrap();
    let sent = async |from, other, what| {
        append(&store, entry(to(other), from, text(what))).await.unwrap().entry().said().hidden_from
    };
    assert_eq!(sent(ann, eve, "1").await, Some(eve));
    assert_eq!(sent(eve, ann, "2").await, None);
    for _ in 0..3 {
        assert_eq!(sent(ann, bob, "seen").await, None);
        store.block(bob, ann, now(), 9).await.unwrap();
        assert_eq!((sent(ann, bob, "hidden").await, sent(bob, ann, "seen").await), (Some(bob), None));
        assert!(store.unblock(bob, ann).await.unwrap());
    }
    // Of messages sent at the same time as the block, exactly those stored after it are hidden.
    let (key, _) = send(&store, ann, bob, "seen").await;
    let submit = |_| store.submit(entry(Target::Direct(key), ann, text("x")), Origin::default());
    let before: Vec<_> = (0..200).map(submit).collect();
    let blocked = store.block(bob, ann, now(), 9).await;
    let behind: Vec<_> = (0..200).map(submit).collect();
    assert!(blocked.unwrap().is_some());
    for (submitted, hidden) in
        before.into_iter().map(|one| (one, None)).chain(behind.into_iter().map(|one| (one, Some(bob))))
    {
        assert_eq!(submitted.stored().await.unwrap().entry().said().hidden_from, hidden);
    }
    // A message to oneself, and to a group, is hidden from nobody.
    assert_eq!(sent(ann, ann, "a note").await, None);
}

pub(crate) async fn what_is_hidden_is_passed_over(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let (key, _) = send(&store, ann, bob, "seen").await;
    store.block(bob, ann, now(), 9).await.unwrap();
    let submit = |_| store.submit(entry(Target::Direct(key), ann, text("x")), Origin::default());
    let submitted: Vec<_> = (0..9_000).map(submit).collect();
    for submitted in submitted {
        submitted.stored().await.unwrap();
    }
    let upto = store.position().await.unwrap();
    let (mut after_seq, mut came_to) = (0, Vec::new());
    loop {
        let range = EntryRange { conversation: key, reader: bob, after_seq, limit: 99, bytes: usize::MAX };
        let read = store.entries(vec![range], upto).await.unwrap().remove(0);
        came_to.push((read.entries.len(), read.upto.seq));
        after_seq = read.upto.seq;
        if read.upto.is_complete {
            assert_eq!(read.upto.position, upto);
            break;
        }
    }
    // At most 8,192 entries are looked at in one reading.
    assert_eq!(came_to, [(1, 8_192), (0, 9_001)]);
    for messages in [
        store.messages_before(bob, key, u64::MAX, 9).await.unwrap(),
        store.messages_after(bob, key, 0, 9).await.unwrap(),
    ] {
        assert_eq!(messages.iter().map(|message| message.seq).collect::<Vec<_>>(), [1]);
    }
    assert_eq!(store.messages_after(ann, key, 0, 9).await.unwrap().len(), 9);
}
