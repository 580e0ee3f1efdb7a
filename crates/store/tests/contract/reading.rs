use domain::store::{Action, EntryPage, EntryRange, Position, Since, Target, UserId};

use crate::support::{Said, Shared, all, append, entry, pair, send, text, user};

pub(crate) async fn of_the_changes_of_a_message_the_last_is_read(store: Shared) {
    let (ann, bob, key) = pair(&store).await;
    let (_, id) = send(&store, ann, bob, "helo").await; // 2
    let place = Target::Direct(key);
    let edit = |text: &str| Action::Edit { id, text: text.into() };
    let react = |on| Action::React { id, emoji: "👍".into(), on };
    append(&store, entry(place, ann, edit("hell"))).await.unwrap(); // 3
    append(&store, entry(place, bob, react(true))).await.unwrap(); // 4
    append(&store, entry(place, ann, text("else"))).await.unwrap(); // 5
    append(&store, entry(place, bob, react(false))).await.unwrap(); // 6
    append(&store, entry(place, ann, edit("hello"))).await.unwrap(); // 7
    let upto = store.position().await.unwrap();
    let seqs = async |after_seq, limit, upto| {
        let range = EntryRange { conversation: key, reader: bob, after_seq, limit, bytes: usize::MAX };
        let read = store.entries(vec![range], upto).await.unwrap().remove(0);
        let said = read.entries.iter().filter(|entry| entry.said().seq == 2);
        assert!(said.into_iter().all(|entry| &*entry.said().text == "hello"));
        (read.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), read.upto.seq, read.upto.is_complete)
    };
    // The message itself is always read: a reader who lacks it must learn that it is new.
    assert_eq!(seqs(0, 99, upto).await, (vec![1, 2, 5, 7], 7, true));
    // A reader who has the message gets its last change, and `upto` covers the changes that are left out.
    assert_eq!(seqs(2, 99, upto).await, (vec![5, 7], 7, true));
    assert_eq!(seqs(2, 1, upto).await, (vec![5], 5, false));
    assert_eq!(seqs(5, 99, upto).await, (vec![7], 7, true));
    // A last change above `upto` does not count: a reader who has everything up to there must have the earlier ones.
    let below = Position(upto.0 - 1);
    assert_eq!(seqs(2, 99, below).await, (vec![3, 4, 5, 6], 6, true));
}

pub(crate) async fn reading_resumes_from_any_place(store: Shared) {
    let (ann, bob, key) = pair(&store).await;
    let eve = user(&store, "eve").await;
    for count in 0..30 {
        // Other conversations take positions in between.
        let (from, other) = if count % 3 == 0 { (eve, bob) } else { (bob, ann) };
        send(&store, from, other, &count.to_string()).await;
    }
    let entries = all(&store, key).await;
    let upto = store.position().await.unwrap();
    for position in 0..=upto.0 {
        let position = Position(position);
        let lacking: Vec<_> = entries.iter().filter(|entry| entry.position > position).cloned().collect();
        let behind = store.behind(ann, Since::Position(position)).await.unwrap();
        assert_eq!(behind.is_empty(), lacking.is_empty());
        if let Some(behind) = behind.first() {
            let range = EntryRange {
                reader: UserId(1),
                conversation: behind.conversation,
                after_seq: behind.after_seq,
                limit: 99,
                bytes: usize::MAX,
            };
            assert_eq!(store.entries(vec![range], upto).await.unwrap()[0].entries, lacking);
        }
        // Nothing above `upto` is read, though more is stored.
        let range =
            EntryRange { conversation: key, reader: UserId(1), after_seq: 0, limit: 99, bytes: usize::MAX };
        let upto_here = store.entries(vec![range], position).await.unwrap().remove(0).entries;
        assert!(upto_here.iter().all(|entry| entry.position <= position));
        assert_eq!(upto_here.len(), entries.iter().filter(|entry| entry.position <= position).count());
    }
    let delivered = store.behind(ann, Since::Delivered).await.unwrap();
    assert_eq!((delivered.len(), delivered[0].after_seq), (1, 0));
    let range = |(after_seq, limit, bytes)| EntryRange {
        conversation: key,
        reader: UserId(1),
        after_seq,
        limit,
        bytes,
    };
    // Each text has one or two bytes; the first is `first`.
    let pages = [(0, 5, 99), (5, 5, 99), (17, 99, 99), (99, 5, 99), (0, 99, 6), (5, 99, 0)];
    let read = store.entries(pages.map(range).to_vec(), upto).await.unwrap();
    let expected = [
        (&entries[..5], false),
        (&entries[5..10], false),
        (&entries[17..], true),
        (&[], true),
        (&entries[..2], false),
        (&entries[5..6], false),
    ];
    let found = |read: &EntryPage| (read.entries.clone(), read.upto.is_complete);
    assert_eq!(
        read.iter().map(found).collect::<Vec<_>>(),
        expected.map(|(entries, ended)| (entries.to_vec(), ended))
    );
    // `upto` is the last entry that was looked at, with its `seq` and position.
    for EntryPage { entries: found, upto } in &read[..3] {
        let last = found.last().unwrap();
        assert_eq!((upto.seq, upto.position), (last.seq, last.position));
    }
    assert_eq!(read[3].upto.seq, 99);
}

pub(crate) async fn history_pages_both_ways(store: Shared) {
    let (ann, bob, key) = pair(&store).await;
    for count in 2..=10 {
        send(&store, ann, bob, &count.to_string()).await;
    }
    let seqs = |messages: Vec<domain::store::MessageRecord>| {
        messages.iter().map(|message| message.seq).collect::<Vec<_>>()
    };
    assert_eq!(seqs(store.messages_before(UserId(1), key, u64::MAX, 3).await.unwrap()), [8, 9, 10]);
    assert_eq!(seqs(store.messages_before(UserId(1), key, 4, 9).await.unwrap()), [1, 2, 3]);
    assert_eq!(seqs(store.messages_before(UserId(1), key, 1, 9).await.unwrap()), [0; 0]);
    assert_eq!(seqs(store.messages_after(UserId(1), key, 0, 3).await.unwrap()), [1, 2, 3]);
    assert_eq!(seqs(store.messages_after(UserId(1), key, 8, 9).await.unwrap()), [9, 10]);
    assert_eq!(seqs(store.messages_after(UserId(1), key, u64::MAX, 9).await.unwrap()), [0; 0]);
}
