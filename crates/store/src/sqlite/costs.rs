//! What reads cost, counted in steps of SQLite and not in time, and which reads wait for which.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use domain::store::{
    AccountStore, Action, ApiTokenStore, Append, BlockStore, ConversationKey, ConversationStore, EntryRange,
    FoundBy, MessageStore, NameSearch, Origin, PresenceQuery, SessionStore, SharedRange, Store, Target,
    UserId,
};
use futures_util::FutureExt;
use protocol::{ConversationId, SessionId, SharedKind, Timestamp};
use rusqlite::types::ToSql;
use rusqlite::{Connection, params};
use tempfile::tempdir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::tests::{open, send, user};
use super::{SqliteStore, account, admin, block, history, message, presence, shared, view};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// A long read that keeps its connection until it is let go.
struct HeldRead {
    let_go: mpsc::Sender<()>,
    reading: JoinHandle<()>,
}

impl HeldRead {
    async fn begin(store: &Arc<SqliteStore>, user: UserId) -> Self {
        let (held, started) = Self::ask(store, user);
        started.await.unwrap();
        held
    }

    fn ask(store: &Arc<SqliteStore>, user: UserId) -> (Self, oneshot::Receiver<()>) {
        let (let_go, held) = mpsc::channel();
        let (start, started) = oneshot::channel();
        let read = move |_: &Connection| {
            start.send(()).unwrap();
            held.recv().unwrap();
            Ok(())
        };
        let store = store.clone();
        let reading = tokio::spawn(async move { store.readers.run(user, read).await.unwrap() });
        (Self { let_go, reading }, started)
    }

    async fn end(self) {
        self.let_go.send(()).unwrap();
        self.reading.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_by_key_are_answered_while_all_long_reads_are_busy() {
    let folder = tempdir().unwrap();
    let store = Arc::new(open(folder.path()));
    let (ann, bob, eve) = (user(&store, "ann").await, user(&store, "bob").await, user(&store, "eve").await);
    let sent = send(&store, ann, bob, "hi").await.unwrap().entry().message.clone().unwrap();
    let [first, second] = [HeldRead::begin(&store, ann).await, HeldRead::begin(&store, ann).await];
    // A third read of the same user waits, though connections are idle.
    let (third, third_started) = HeldRead::ask(&store, ann);
    let [bobs, other] = [HeldRead::begin(&store, bob).await, HeldRead::begin(&store, bob).await];
    let (eves, eve_started) = HeldRead::ask(&store, eve);

    // The reads of authentication, of a handshake and of a message.
    store.session(SessionId::mint(NOW, 1)).await.unwrap();
    store.api_token([1; 32]).await.unwrap();
    assert_eq!(store.account("ANN").await.unwrap().unwrap().id, ann);
    assert!(store.account_of(bob).await.unwrap().is_some());
    assert_eq!(store.conversation_key(ConversationId::mint(NOW, 7)).await.unwrap(), Some(sent.conversation));
    assert_eq!(store.direct(bob, ann).await.unwrap(), Some(sent.conversation));
    assert_eq!(store.blocked_since(ann, bob).await.unwrap(), None);
    assert!(store.conversation(ann, sent.conversation).await.unwrap().is_some());
    assert_eq!(store.behind(bob, domain::store::Since::Delivered).await.unwrap().len(), 1);
    send(&store, bob, ann, "still here").await.unwrap();

    // Eve, who has no connection, goes before Ann, who has as many as one user may.
    bobs.end().await;
    eve_started.await.unwrap();
    first.end().await;
    third_started.await.unwrap();
    for held in [second, third, other, eves] {
        held.end().await;
    }
    store.close().await;
}

#[tokio::test]
async fn a_read_that_nobody_waits_for_any_more_still_counts() {
    let folder = tempdir().unwrap();
    let store = Arc::new(open(folder.path()));
    let ann = UserId(1);
    let mut held = Vec::new();
    for _ in 0..2 {
        let one = HeldRead::begin(&store, ann).await;
        one.reading.abort();
        held.push(one);
    }
    let third = store.readers.run(ann, |_| Ok(()));
    let mut third = Box::pin(third);
    assert!(third.as_mut().now_or_never().is_none());
    for one in held {
        one.let_go.send(()).unwrap();
    }
    third.await.unwrap();
    store.close().await;
}

/// Adds `count` entries to a conversation's log at once, with the columns that appends would give them. `below` is
/// their `below_seq`.
async fn grow(
    store: &SqliteStore,
    key: ConversationKey,
    count: u64,
    kind: i64,
    hidden_from: Option<UserId>,
    below: u64,
) {
    let grow = move |connection: &Connection| {
        let sql = "INSERT INTO messages (conversation_id, seq, kind, ref_seq, sender_id, id, timestamp, text, hidden_from, \
                     below_seq) \
                   WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2), \
                     head(seq) AS (SELECT max(seq) FROM messages WHERE conversation_id = ?1) \
                   SELECT ?1, i + head.seq, ?3, iif(?3 = 0, NULL, 1), 1, randomblob(16), 1, 'x', ?4, ?5 \
                   FROM n CROSS JOIN head";
        connection.execute(sql, params![key.0, count, kind, hidden_from.map(|user| user.0), below])?;
        Ok(())
    };
    store.writer.run(grow).await.unwrap();
}

/// The `seq`s on a page of history, and how many stretches of SQLite's steps reading it takes.
async fn page(store: &SqliteStore, key: ConversationKey, reader: UserId, forward: bool) -> (Vec<u64>, u32) {
    let read = move |connection: &Connection| {
        let messages = if forward {
            history::after(connection, reader, key, 0, 10)
        } else {
            history::before(connection, reader, key, u64::MAX, 10)
        };
        Ok(messages?.iter().map(|message| message.seq).collect())
    };
    store.readers.stretches(reader, read).await
}

#[tokio::test]
async fn a_page_of_history_costs_what_is_on_it() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let key = send(&store, ann, bob, "first").await.unwrap().entry().message.clone().unwrap().conversation;
    grow(&store, key, 4, message::MESSAGE, None, 0).await;
    // Messages of somebody whom Bob has blocked, and then reactions.
    grow(&store, key, 50_000, message::MESSAGE, Some(bob), 5).await;
    grow(&store, key, 50_000, message::REACTION, None, 50_005).await;
    grow(&store, key, 5, message::MESSAGE, None, 0).await;
    for (forward, reader, expected) in [
        (false, bob, (1..=5).chain(100_006..=100_010).collect::<Vec<_>>()),
        (true, bob, (1..=5).chain(100_006..=100_010).collect()),
        (false, ann, (50_001..=50_005).chain(100_006..=100_010).collect()),
        (true, ann, (1..=10).collect()),
    ] {
        let (seqs, stretches) = page(&store, key, reader, forward).await;
        assert_eq!(seqs, expected);
        // Reading the hidden entries one by one would take thousands of stretches.
        assert!(stretches <= 10, "{stretches} stretches");
    }
    // The list of conversations shows the newest of them, however many changes are behind it.
    grow(&store, key, 50_000, message::REACTION, None, 100_010).await;
    let read = move |connection: &Connection| view::record(connection, key, Some(bob), &view::Shown::First);
    let (record, stretches) = store.readers.stretches(bob, read).await;
    assert_eq!(record.unwrap().last_message.unwrap().seq, 100_010);
    assert!(stretches <= 100, "{stretches} stretches");
    store.close().await;
}

/// What is listed of what was shared reads an index and nothing else, however long the conversation is.
#[tokio::test]
async fn a_page_of_what_was_shared_costs_what_is_on_it() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let link = async || send(&store, ann, bob, "https://aldis.example").await.unwrap();
    let key = link().await.entry().message.clone().unwrap().conversation;
    let kind = SharedKind::Links;
    let range = SharedRange { reader: bob, conversation: key, kind, before: u64::MAX, limit: 10 };
    let read = async || {
        let (page, stretches) =
            store.readers.stretches(bob, move |connection| shared::page(connection, range)).await;
        (page.messages.iter().map(|message| message.seq).collect::<Vec<_>>(), stretches)
    };
    assert_eq!(read().await.0, [1]);
    let before = read().await.1;
    grow(&store, key, 100_000, message::MESSAGE, None, 0).await;
    assert_eq!(read().await, (vec![1], before));
    let read = move |connection: &Connection| {
        let sql = format!("EXPLAIN QUERY PLAN {}", shared::PLACES);
        let mut explain = connection.prepare(&sql)?;
        explain.query_map([1; 5], |row| row.get(3))?.collect::<Result<Vec<String>, _>>()
    };
    let plan = store.readers.run(bob, read).await.unwrap();
    let expected = "SEARCH shared USING PRIMARY KEY (conversation_id=? AND kind=? AND seq>? AND seq<?)";
    assert_eq!(plan, [expected]);
    store.close().await;
}

/// `below_seq` is the same when entries are appended and when migration 9 fills it.
#[tokio::test]
async fn entries_name_the_message_below_them() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let first = send(&store, ann, bob, "1").await.unwrap().entry().message.clone().unwrap();
    let append = async |sender: UserId, action: Action| {
        let target = Target::Direct(first.conversation);
        let append = Append { target, sender, at: NOW, random: 0, action, mentions: Vec::new() };
        store.submit(append, Origin::default()).stored().await.unwrap();
    };
    let say = async |sender: UserId, hidden_from: Option<UserId>| {
        if let Some(user) = hidden_from {
            store.block(user, sender, NOW, 9).await.unwrap();
        }
        let (text, attachments) = ("x".into(), Vec::new());
        append(sender, Action::Message { client_id: None, text, reply_to: None, attachments }).await;
        if let Some(user) = hidden_from {
            store.unblock(user, sender).await.unwrap();
        }
    };
    let react = |on| Action::React { id: first.id, emoji: "👍".into(), on };
    append(bob, react(true)).await; // 2
    say(ann, Some(bob)).await; // 3
    say(ann, Some(bob)).await; // 4
    append(bob, react(false)).await; // 5
    say(bob, Some(ann)).await; // 6
    say(ann, Some(bob)).await; // 7
    say(ann, None).await; // 8
    append(bob, react(true)).await; // 9
    say(bob, Some(ann)).await; // 10
    let expected = [None, Some(1), Some(1), Some(1), Some(4), Some(4), Some(6), None, Some(8), Some(8)];
    let below = |connection: &Connection| {
        let mut below = connection.prepare("SELECT below_seq FROM messages ORDER BY position")?;
        below.query_map([], |row| row.get(0))?.collect::<Result<Vec<Option<u64>>, _>>()
    };
    assert_eq!(store.readers.run(ann, below).await.unwrap(), expected);
    let fill = |connection: &Connection| {
        connection.execute("UPDATE messages SET below_seq = NULL", [])?;
        history::fill_below_seq(connection)
    };
    store.writer.run(fill).await.unwrap();
    assert_eq!(store.readers.run(ann, below).await.unwrap(), expected);
    let seqs = async |reader| {
        let before = store.messages_before(reader, first.conversation, u64::MAX, 99).await.unwrap();
        assert_eq!(store.messages_after(reader, first.conversation, 0, 99).await.unwrap(), before);
        before.iter().map(|message| message.seq).collect::<Vec<_>>()
    };
    assert_eq!(seqs(ann).await, [1, 3, 4, 7, 8]);
    assert_eq!(seqs(bob).await, [1, 6, 8, 10]);
    store.close().await;
}

/// Reads a conversation to its end. Returns the number of readings, the `seq`s of the entries, and the last `upto`.
async fn read_all(
    store: &SqliteStore,
    conversation: ConversationKey,
    reader: UserId,
) -> (u32, Vec<u64>, u64) {
    let upto = domain::store::Position(u64::MAX >> 1);
    let (mut after_seq, mut readings, mut found) = (0, 0, Vec::new());
    loop {
        let range = EntryRange { conversation, reader, after_seq, limit: 512, bytes: 128 * 1024 };
        let read = store.entries(vec![range], upto).await.unwrap().remove(0);
        assert!(read.upto.seq - after_seq <= 8192);
        found.extend(read.entries.iter().map(|entry| entry.seq));
        (readings, after_seq) = (readings + 1, read.upto.seq);
        if read.upto.is_complete {
            return (readings, found, after_seq);
        }
    }
}

#[tokio::test]
async fn a_reading_of_the_log_looks_at_a_part_of_it() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let key = send(&store, ann, bob, "first").await.unwrap().entry().message.clone().unwrap().conversation;
    grow(&store, key, 20_000, message::MESSAGE, Some(bob), 1).await;
    let (readings, found, upto) = read_all(&store, key, bob).await;
    assert_eq!((readings, found.len(), upto), (3, 1, 20_001));
    store.close().await;
}

#[tokio::test]
async fn changes_that_are_told_again_are_passed_over() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let key = send(&store, ann, bob, "first").await.unwrap().entry().message.clone().unwrap().conversation;
    grow(&store, key, 20_000, message::REACTION, None, 1).await;
    let last = |connection: &Connection| {
        connection.execute("UPDATE messages SET change_seq = 20001 WHERE seq = 1", [])
    };
    store.writer.run(last).await.unwrap();
    let (readings, found, _) = read_all(&store, key, bob).await;
    assert_eq!((readings, found), (3, vec![1, 20_001]));
    store.close().await;
}

#[tokio::test]
async fn looking_at_a_stranger_costs_the_conversations_of_who_has_fewer() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    let (ann, bob, eve) = (user(&store, "ann").await, user(&store, "bob").await, user(&store, "eve").await);
    let join = move |connection: &Connection| {
        // Ann is in 5,000 conversations, nearly all of them without anybody else.
        let sql = "INSERT INTO members (conversation_id, user_id, role) \
                   WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) \
                   SELECT ?2 + i, ?1, 2 FROM n";
        connection.execute(sql, [ann.0, 10_000])?;
        connection
            .execute("INSERT INTO members (conversation_id, user_id, role) VALUES (1, ?, 2)", [bob.0])?;
        connection
            .execute("INSERT INTO members (conversation_id, user_id, role) VALUES (10007, ?, 2)", [eve.0])
    };
    store.writer.run(join).await.unwrap();
    for (from, at, sees) in [(ann, bob, false), (bob, ann, false), (ann, eve, true), (eve, ann, true)] {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let look = move |connection: &Connection| {
            count.fetch_add(1, Ordering::Relaxed);
            presence::may_see(connection, PresenceQuery { from, at })
        };
        assert_eq!(store.readers.by_key(from, look).await.unwrap(), sees);
        // A longer read would have been begun again, in the lane of long reads.
        assert_eq!(asked.load(Ordering::Relaxed), 1, "it is as short as a read by key");
    }
    store.close().await;
}

#[tokio::test]
async fn looking_for_people_ends_and_waits_for_nobody_but_who_looks() {
    let folder = tempdir().unwrap();
    let store = Arc::new(open(folder.path()));
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let fill = |connection: &Connection| {
        let sql = "INSERT INTO users (username, username_key, display_name, display_key, password_hash, created_at, verified) \
                   WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) \
                   SELECT 'pat' || i, 'pat' || i, 'Pat', 'pat', 'hash', 1, 1 FROM n";
        connection.execute(sql, [])
    };
    store.writer.run(fill).await.unwrap();
    let search = |reader| NameSearch { reader, prefix: "pa".into(), after: None, limit: 21, looks: 256 };
    let of_ann = search(ann);
    let read = move |connection: &Connection| account::find_by_display_name(connection, &of_ann);
    let (found, stretches) = store.readers.stretches(ann, read).await;
    assert!(found.accounts.is_empty() && found.stopped.is_some());
    assert!(stretches <= 30, "{stretches} stretches");

    // The search is too long for a read by key, so it is one of Ann's long reads.
    let held = [HeldRead::begin(&store, ann).await, HeldRead::begin(&store, ann).await];
    let mut waits = Box::pin(store.accounts_by_display_name(search(ann)));
    assert!(waits.as_mut().now_or_never().is_none());
    store.accounts_by_display_name(search(bob)).await.unwrap();
    assert!(waits.as_mut().now_or_never().is_none());
    for one in held {
        one.end().await;
    }
    waits.await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn pages_come_in_the_order_of_an_index() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    let plan = |sql: String, values: Vec<i64>| {
        let read = move |connection: &Connection| {
            let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
            let values: Vec<&dyn ToSql> = values.iter().map(|value| value as &dyn ToSql).collect();
            let steps = plan.query_map(&*values, |row| row.get(3))?;
            steps.collect::<Result<Vec<String>, _>>()
        };
        store.readers.run(UserId(1), read)
    };
    let blocks = plan(block::PAGE.to_owned(), vec![1; 4]).await.unwrap();
    assert!(blocks[0].contains("blocks_by_time") && !blocks.concat().contains("B-TREE"), "{blocks:?}");
    for (field, values) in [(FoundBy::Username, 5), (FoundBy::DisplayName, 7), (FoundBy::Email, 9)] {
        let people = plan(admin::by_field(field), vec![1; values]).await.unwrap();
        assert!(people[0].starts_with("SEARCH users USING INDEX"), "{field:?}: {people:?}");
        assert!(!people.concat().contains("B-TREE"), "{field:?}: {people:?}");
    }
    let together = plan(presence::TOGETHER.to_owned(), vec![1; 2]).await.unwrap();
    assert!(
        !together.concat().contains("SCAN own") && !together.concat().contains("SCAN their"),
        "{together:?}"
    );
    store.close().await;
}

#[tokio::test]
async fn a_message_older_than_the_list_of_its_mentions_has_none() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let key = send(&store, ann, bob, "hi @bob").await.unwrap().entry().message.clone().unwrap().conversation;
    let forget = |connection: &Connection| connection.execute("UPDATE messages SET mentions = NULL", []);
    store.writer.run(forget).await.unwrap();
    assert_eq!(store.messages_before(bob, key, u64::MAX, 1).await.unwrap()[0].mentions, None);
    store.close().await;
}
