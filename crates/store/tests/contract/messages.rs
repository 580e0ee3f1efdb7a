use std::sync::Arc;

use domain::store::{
    AppendError, Change, Committed, ConversationKey, Entry, EntryKind, Epoch, Follower, GroupChange,
    GroupEvent, NewGroup, Origin, Position, Range, Read, Since, Target, UserId,
};
use domain::{NodeId, SocketKey};
use futures_util::FutureExt;
use protocol::{ConversationId, HistoryAccess};

use crate::support::{Said, Shared, append, entry, named, now, send, text, to, user};

/// Two people who have exchanged one message.
async fn pair(store: &Shared) -> (UserId, UserId, ConversationKey) {
    let (ann, bob) = (user(store, "ann").await, user(store, "bob").await);
    let (key, _) = send(store, ann, bob, "first").await;
    (ann, bob, key)
}

async fn all(store: &Shared, key: ConversationKey) -> Vec<Entry> {
    let range =
        Range { conversation: key, reader: UserId(1), after_seq: 0, limit: usize::MAX, bytes: usize::MAX };
    let mut read = store.entries(vec![range], store.position().await.unwrap()).await.unwrap();
    assert!(read[0].upto.ended);
    read.remove(0).entries
}

/// Many senders write to a few conversations at the same time. Returns the entries as a follower got them.
async fn crowd(store: &Shared, senders: usize, each: usize) -> Vec<Arc<Committed>> {
    let hub = user(store, "hub").await;
    let mut keys = Vec::new();
    for index in 0..4 {
        let other = user(store, &format!("other{index}")).await;
        keys.push((other, send(store, other, hub, "open").await.0));
    }
    let begin = store.position().await.unwrap();
    let follower = store.follow(begin);
    let tasks = (0..senders).map(|index| {
        let (store, (other, key)) = (store.clone(), keys[index % keys.len()]);
        tokio::spawn(async move {
            let mut submitted = Vec::new();
            for count in 0..each {
                let from = if count % 2 == 0 { hub } else { other };
                let what = entry(Target::Conversation(key), from, text(&format!("{index}:{count}")));
                submitted.push(store.submit(what, Origin::default()));
            }
            for submitted in submitted {
                submitted.stored().await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    read(store, follower, begin).await
}

/// All entries above a position, as a new follower gets them.
async fn follow(store: &Shared, after: Position) -> Vec<Arc<Committed>> {
    read(store, store.follow(after), after).await
}

/// The entries that a follower at a position gets until it has everything.
async fn read(store: &Shared, follower: Box<dyn Follower + '_>, mut after: Position) -> Vec<Arc<Committed>> {
    let end = store.position().await.unwrap();
    let mut followed = Vec::new();
    while after < end {
        let some = follower.next(7).await.unwrap();
        assert!(!some.is_empty() && some.len() <= 7);
        after = some.last().unwrap().entry.position;
        followed.extend(some);
    }
    followed
}

pub(crate) async fn seq_has_no_gap_and_is_followed_in_order(store: Shared) {
    let followed = crowd(&store, 16, 100).await;
    assert_eq!(followed.len(), 1600);
    let keys: std::collections::BTreeSet<_> =
        followed.iter().map(|committed| committed.conversation).collect();
    for key in keys {
        let of_one = followed.iter().filter(|committed| committed.conversation == key);
        let entries: Vec<_> = of_one.map(|committed| committed.entry.clone()).collect();
        let seqs: Vec<_> = entries.iter().map(|entry| entry.seq).collect();
        assert_eq!(seqs, (2..=401).collect::<Vec<_>>());
        assert_eq!(all(&store, key).await[1..], entries);
    }
}

pub(crate) async fn positions_are_the_order_of_the_whole_store(store: Shared) {
    let followed = crowd(&store, 8, 50).await;
    assert!(followed.windows(2).all(|two| two[0].entry.position < two[1].entry.position));
    assert_eq!(followed.last().unwrap().entry.position, store.position().await.unwrap());
}

pub(crate) async fn what_is_followed_is_readable(store: Shared) {
    let (ann, _, key) = pair(&store).await;
    let follower = store.follow(store.position().await.unwrap());
    for _ in 0..50 {
        let submitted = store.submit(entry(Target::Conversation(key), ann, text("x")), Origin::default());
        let followed = follower.next(9).await.unwrap();
        let after = followed.last().unwrap().entry.position;
        assert!(after <= store.position().await.unwrap());
        assert_eq!(submitted.stored().await.unwrap().entry().position, after);
    }
}

pub(crate) async fn an_origin_comes_with_its_entry(store: Shared) {
    let (ann, _, key) = pair(&store).await;
    let position = store.position().await.unwrap();
    let followers = [store.follow(position), store.follow(position)];
    let socket = SocketKey { node: NodeId(2), number: 7 };
    let origin = Origin { socket: Some(socket), room: None };
    let stored = store.submit(entry(Target::Conversation(key), ann, text("x")), origin).stored().await;
    assert!(!stored.unwrap().duplicate);
    // Every follower gets the origin.
    for follower in &followers {
        let followed = follower.next(9).await.unwrap();
        assert_eq!(followed[0].origin.socket, Some(socket));
    }
}

pub(crate) async fn a_repeat_is_not_followed(store: Shared) {
    let (ann, _, key) = pair(&store).await;
    let after = store.position().await.unwrap();
    let what = || entry(Target::Conversation(key), ann, named("c1", "hi"));
    assert!(!append(&store, what()).await.unwrap().duplicate);
    assert!(append(&store, what()).await.unwrap().duplicate);
    append(&store, entry(Target::Conversation(key), ann, text("next"))).await.unwrap();
    let seqs: Vec<_> = follow(&store, after).await.iter().map(|committed| committed.entry.seq).collect();
    assert_eq!(seqs, [2, 3]);
}

/// Entries that are no longer kept in memory are read from the log.
pub(crate) async fn the_whole_log_can_be_followed_again(store: Shared) {
    let follower = store.follow(Position(0));
    let (ann, bob, _) = pair(&store).await;
    let group = NewGroup {
        id: ConversationId::mint(now(), 1),
        owner: ann,
        title: "Tea".into(),
        history: HistoryAccess::Joined,
        members: vec![bob],
        at: now(),
    };
    let group = store.create_group(group).await.unwrap();
    let first = append(&store, entry(Target::Group(group.key), ann, text("first"))).await.unwrap();
    let react = Change::React { id: first.entry().said().id, emoji: "👍".into(), on: true };
    append(&store, entry(Target::Group(group.key), bob, react)).await.unwrap();
    let change = GroupChange {
        conversation: group.key,
        by: ann,
        at: now(),
        changed_seq: group.changed_seq,
        title: Some("Coffee".into()),
        history: None,
        members: vec![(bob, None)],
    };
    store.change_group(change).await.unwrap().unwrap();
    let seen = |committed: &Arc<Committed>| {
        let Committed { conversation, entry, roster, change, .. } = &**committed;
        (*conversation, entry.seq, entry.position, entry.kind, roster.clone(), change.clone())
    };
    let at_once: Vec<_> = read(&store, follower, Position(0)).await.iter().map(seen).collect();
    assert_eq!(at_once.len(), 5);
    let kinds: Vec<_> = at_once.iter().map(|(.., kind, _, _)| *kind).collect();
    let (message, changed) = (EntryKind::Message, EntryKind::Conversation);
    assert_eq!(kinds, [message, changed, message, EntryKind::Change, changed]);
    let rosters: Vec<_> =
        at_once.iter().map(|(.., roster, _)| roster.as_deref().map(<[_]>::to_vec)).collect();
    assert_eq!(rosters, [None, None, Some(vec![ann, bob]), Some(vec![ann, bob]), None]);
    let left = at_once[4].5.as_ref().unwrap();
    assert_eq!(left.events, [GroupEvent::Title("Coffee".into()), GroupEvent::Left(bob)]);
    // A follower behind the last entry has nothing to read, and waits.
    assert!(store.follow(at_once[4].2).next(1).now_or_never().is_none());
    // Entries that are read again have the present members.
    let again: Vec<_> = follow(&store, Position(0)).await.iter().map(seen).collect();
    for (again, at_once) in again.iter().zip(&at_once) {
        assert_eq!((again.0, again.1, again.2, again.3), (at_once.0, at_once.1, at_once.2, at_once.3));
        assert_eq!(again.5, at_once.5);
        assert_eq!(again.4, at_once.4.as_ref().map(|_| [ann].into()));
    }
    assert_eq!(again.len(), 5);
}

pub(crate) async fn a_position_was_reached_in_an_epoch_of_this_log(store: Shared) {
    let epoch = store.epoch();
    assert!(store.reached(epoch, Position(0)) && !store.reached(epoch, Position(1)));
    let (ann, bob, _) = pair(&store).await;
    send(&store, ann, bob, "second").await;
    assert!(store.reached(epoch, Position(2)) && !store.reached(epoch, Position(3)));
    assert!(!store.reached(Epoch([0; 8]), Position(0)));
}

pub(crate) async fn one_senders_calls_keep_their_order(store: Shared) {
    let (ann, _, key) = pair(&store).await;
    let submit = |count: usize| {
        let what = entry(Target::Conversation(key), ann, text(&count.to_string()));
        store.submit(what, Origin::default())
    };
    let submitted: Vec<_> = (0..500).map(submit).collect();
    for submitted in submitted {
        submitted.stored().await.unwrap();
    }
    let texts: Vec<_> = all(&store, key).await[1..].iter().map(|entry| entry.said().text.clone()).collect();
    assert_eq!(texts, (0..500).map(|count| count.to_string().into_boxed_str()).collect::<Vec<_>>());
}

pub(crate) async fn a_repeat_is_stored_once(store: Shared) {
    let (ann, bob, key) = pair(&store).await;
    let first = append(&store, entry(Target::Conversation(key), ann, named("c1", "hi"))).await.unwrap();
    assert!(!first.duplicate);
    // A message to the conversation and one to the person go to the same place.
    for target in [Target::Conversation(key), to(bob)] {
        let again = append(&store, entry(target, ann, named("c1", "hi"))).await.unwrap();
        assert!(again.duplicate);
        assert_eq!(again.entry(), first.entry());
    }
    assert_eq!(all(&store, key).await.len(), 2);
    // The repeats used up no `seq`.
    let next = append(&store, entry(Target::Conversation(key), ann, text("next"))).await.unwrap();
    assert_eq!(next.entry().seq, 3);
}

pub(crate) async fn repeats_at_the_same_time_are_stored_once(store: Shared) {
    let (ann, bob, key) = pair(&store).await;
    let tasks = (0..200).map(|index| {
        let store = store.clone();
        let client_id = format!("c{}", index % 10);
        tokio::spawn(
            async move { append(&store, entry(to(bob), ann, named(&client_id, "hi"))).await.unwrap() },
        )
    });
    let mut fresh = 0;
    for task in tasks.collect::<Vec<_>>() {
        fresh += usize::from(!task.await.unwrap().duplicate);
    }
    assert_eq!((fresh, all(&store, key).await.len()), (10, 11));
}

pub(crate) async fn a_client_id_with_another_body_is_refused(store: Shared) {
    let (ann, _, key) = pair(&store).await;
    let eve = user(&store, "eve").await;
    let first = append(&store, entry(Target::Conversation(key), ann, named("c1", "hi"))).await.unwrap();
    let other_text = entry(Target::Conversation(key), ann, named("c1", "ho"));
    let other_place = entry(to(eve), ann, named("c1", "hi"));
    let reply_to = Some(first.entry().said().id);
    let reply = Change::Message {
        client_id: Some("c1".into()),
        text: "hi".into(),
        reply_to,
        attachments: Vec::new(),
    };
    for reused in [other_text, other_place, entry(Target::Conversation(key), ann, reply)] {
        assert!(matches!(append(&store, reused).await, Err(AppendError::ClientIdReused)));
    }
    assert_eq!(store.direct(ann, eve).await.unwrap(), None);
    assert_eq!(all(&store, key).await.len(), 2);
}

pub(crate) async fn a_changed_message_is_known_by_what_it_said_at_first(store: Shared) {
    let (ann, _, key) = pair(&store).await;
    let to = Target::Conversation(key);
    let answered = all(&store, key).await[0].said().id;
    let said = |text: &str, reply_to| Change::Message {
        client_id: Some("c1".into()),
        text: text.into(),
        reply_to,
        attachments: Vec::new(),
    };
    let first = said("hi", Some(answered));
    let id = append(&store, entry(to, ann, first.clone())).await.unwrap().entry().said().id;
    let changes = [
        Change::Edit { id, text: "ho".into() },
        Change::Edit { id, text: "hu".into() },
        Change::Delete { id },
    ];
    for change in changes {
        let changed = append(&store, entry(to, ann, change)).await.unwrap().entry().said().clone();
        let again = append(&store, entry(to, ann, first.clone())).await.unwrap();
        assert!(again.duplicate);
        assert_eq!(*again.entry().said(), changed);
        for other in [said(&changed.text, Some(answered)), said("hi", None), said("ha", Some(answered))] {
            let reused = append(&store, entry(to, ann, other)).await;
            assert!(matches!(reused, Err(AppendError::ClientIdReused)));
        }
    }
}

pub(crate) async fn client_ids_of_others_do_not_matter(store: Shared) {
    let (ann, bob, key) = pair(&store).await;
    for sender in [ann, bob] {
        let sent = append(&store, entry(Target::Conversation(key), sender, named("c1", "hi"))).await.unwrap();
        assert!(!sent.duplicate);
    }
}

pub(crate) async fn client_ids_come_back_as_they_were(store: Shared) {
    let (ann, _, key) = pair(&store).await;
    let spellings = [
        "0190b8a2-6c1e-7def-8123-456789abcdef",
        "0190B8A2-6C1E-7DEF-8123-456789ABCDEF",
        "0190b8a26c1e7def8123456789abcdef",
        "17",
        "ключ 🗝",
    ];
    for client_id in spellings {
        append(&store, entry(Target::Conversation(key), ann, named(client_id, "hi"))).await.unwrap();
    }
    let stored = all(&store, key).await;
    let stored: Vec<_> = stored[1..].iter().filter_map(|entry| entry.said().client_id.as_deref()).collect();
    assert_eq!(stored, spellings);
}

pub(crate) async fn a_repeat_of_an_edited_message_is_still_a_repeat(store: Shared) {
    let (ann, _, key) = pair(&store).await;
    let place = Target::Conversation(key);
    let first = append(&store, entry(place, ann, named("c1", "hi"))).await.unwrap();
    let edit = Change::Edit { id: first.entry().said().id, text: "hello".into() };
    append(&store, entry(place, ann, edit)).await.unwrap();
    let again = append(&store, entry(place, ann, named("c1", "hi"))).await.unwrap();
    assert!(again.duplicate);
    assert_eq!(again.entry().said().text.as_ref(), "hello");
}

pub(crate) async fn a_refused_first_message_leaves_no_conversation(store: Shared) {
    let (ann, bob, _) = pair(&store).await;
    let eve = user(&store, "eve").await;
    let (_, elsewhere) = send(&store, ann, bob, "x").await;
    let reply = Change::Message {
        client_id: None,
        text: "x".into(),
        reply_to: Some(elsewhere),
        attachments: Vec::new(),
    };
    assert!(matches!(append(&store, entry(to(eve), ann, reply)).await, Err(AppendError::ReplyUnknown)));
    let edit = Change::Edit { id: elsewhere, text: "x".into() };
    assert!(matches!(append(&store, entry(to(eve), ann, edit)).await, Err(AppendError::MessageUnknown)));
    assert_eq!(store.direct(ann, eve).await.unwrap(), None);
    assert!(store.conversations(eve, None, 9).await.unwrap().is_empty());
}

pub(crate) async fn a_reply_is_to_a_message_of_the_conversation(store: Shared) {
    let (ann, bob, key) = pair(&store).await;
    let eve = user(&store, "eve").await;
    let (_, elsewhere) = send(&store, ann, eve, "x").await;
    let (_, here) = send(&store, bob, ann, "question").await;
    let reply = |id| Change::Message {
        client_id: None,
        text: "answer".into(),
        reply_to: Some(id),
        attachments: Vec::new(),
    };
    let refused = append(&store, entry(Target::Conversation(key), ann, reply(elsewhere))).await;
    assert!(matches!(refused, Err(AppendError::ReplyUnknown)));
    let stored = append(&store, entry(Target::Conversation(key), ann, reply(here))).await.unwrap();
    assert_eq!(stored.entry().said().reply_to, Some(here));
    assert_eq!(all(&store, key).await.last().unwrap(), stored.entry());
}

pub(crate) async fn changes_are_entries_and_change_the_message(store: Shared) {
    let (ann, bob, key) = pair(&store).await;
    let (_, id) = send(&store, ann, bob, "helo").await;
    let place = Target::Conversation(key);
    let edited = append(&store, entry(place, ann, Change::Edit { id, text: "hello".into() }))
        .await
        .unwrap()
        .entry()
        .clone();
    assert_eq!((edited.kind, edited.seq, edited.said().seq), (EntryKind::Change, 3, 2));
    assert_eq!((edited.said().text.as_ref(), edited.said().change_seq), ("hello", Some(3)));
    assert!(edited.said().edited_at.is_some() && edited.said().deleted_at.is_none());

    let deleted = append(&store, entry(place, ann, Change::Delete { id })).await.unwrap().entry().clone();
    assert_eq!((deleted.kind, deleted.seq, deleted.said().text.as_ref()), (EntryKind::Change, 4, ""));
    assert!(deleted.said().deleted_at.is_some());
    assert!(edited.position < deleted.position);

    // The log shows entries with the message as it is now, and the last change alone; history shows messages alone.
    let entries = all(&store, key).await;
    assert_eq!(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 2, 4]);
    assert!(entries[1..].iter().all(|entry| entry.said() == deleted.said()));
    let history = store.messages_after(UserId(1), key, 0, 9).await.unwrap();
    assert_eq!(history.iter().map(|message| message.seq).collect::<Vec<_>>(), [1, 2]);
    let record = store.conversation(bob, key).await.unwrap().unwrap();
    assert_eq!((record.head_seq, record.last_message.unwrap().seq), (4, 2));
    let gone = append(&store, entry(place, ann, Change::Edit { id, text: "x".into() })).await;
    assert!(matches!(gone, Err(AppendError::MessageDeleted)));
}

pub(crate) async fn of_the_changes_of_a_message_the_last_is_read(store: Shared) {
    let (ann, bob, key) = pair(&store).await;
    let (_, id) = send(&store, ann, bob, "helo").await; // 2
    let place = Target::Conversation(key);
    let edit = |text: &str| Change::Edit { id, text: text.into() };
    let react = |on| Change::React { id, emoji: "👍".into(), on };
    append(&store, entry(place, ann, edit("hell"))).await.unwrap(); // 3
    append(&store, entry(place, bob, react(true))).await.unwrap(); // 4
    append(&store, entry(place, ann, text("else"))).await.unwrap(); // 5
    append(&store, entry(place, bob, react(false))).await.unwrap(); // 6
    append(&store, entry(place, ann, edit("hello"))).await.unwrap(); // 7
    let upto = store.position().await.unwrap();
    let seqs = async |after_seq, limit, upto| {
        let range = Range { conversation: key, reader: bob, after_seq, limit, bytes: usize::MAX };
        let read = store.entries(vec![range], upto).await.unwrap().remove(0);
        let said = read.entries.iter().filter(|entry| entry.said().seq == 2);
        assert!(said.into_iter().all(|entry| &*entry.said().text == "hello"));
        (read.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), read.upto.seq, read.upto.ended)
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

pub(crate) async fn only_its_sender_changes_a_message(store: Shared) {
    let (ann, bob, key) = pair(&store).await;
    let eve = user(&store, "eve").await;
    let (_, id) = send(&store, ann, bob, "mine").await;
    let (other_key, other_id) = send(&store, eve, ann, "elsewhere").await;
    let place = Target::Conversation(key);
    for change in [Change::Edit { id, text: "x".into() }, Change::Delete { id }] {
        assert!(matches!(append(&store, entry(place, bob, change)).await, Err(AppendError::NotSender)));
    }
    let unknown = append(&store, entry(place, eve, Change::Delete { id: other_id })).await;
    assert!(matches!(unknown, Err(AppendError::MessageUnknown)));
    assert_eq!(all(&store, key).await.len(), 2);
    assert_eq!(all(&store, other_key).await.len(), 1);
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
            let range = Range {
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
            Range { conversation: key, reader: UserId(1), after_seq: 0, limit: 99, bytes: usize::MAX };
        let upto_here = store.entries(vec![range], position).await.unwrap().remove(0).entries;
        assert!(upto_here.iter().all(|entry| entry.position <= position));
        assert_eq!(upto_here.len(), entries.iter().filter(|entry| entry.position <= position).count());
    }
    let delivered = store.behind(ann, Since::Delivered).await.unwrap();
    assert_eq!((delivered.len(), delivered[0].after_seq), (1, 0));
    let range =
        |(after_seq, limit, bytes)| Range { conversation: key, reader: UserId(1), after_seq, limit, bytes };
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
    let found = |read: &Read| (read.entries.clone(), read.upto.ended);
    assert_eq!(
        read.iter().map(found).collect::<Vec<_>>(),
        expected.map(|(entries, ended)| (entries.to_vec(), ended))
    );
    // `upto` is the last entry that was looked at, with its `seq` and position.
    for Read { entries: found, upto } in &read[..3] {
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
