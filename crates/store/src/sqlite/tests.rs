//! Tests of what only the SQLite store has: the folder, the files, the disk.

use std::path::Path;
use std::time::Duration;

use domain::store::{
    AccountStore, Action, Append, AppendError, Appended, ConversationStore, EntryRange, Epoch, FirstCode,
    InvitationRefusal, InvitationStore, MessageStore, Mute, NewAccount, NewGroup, NewInvitation, OneTimeCode,
    Origin, Purpose, Store, StoreError, Target, UserId,
};
use protocol::{ConversationId, HistoryAccess, Timestamp};
use rusqlite::Connection;
use tempfile::tempdir;

use crate::folder::FolderError;

use super::checkpoint::WalSizes;
use super::{OpenError, Options, SqliteStore, Tuning, account, schema};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const BEFORE: Timestamp = Timestamp::from_millis(0);
const EPOCH: Epoch = Epoch([1; 8]);

pub(super) fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(folder, EPOCH, &Options::default()).unwrap()
}

pub(super) async fn user(store: &SqliteStore, name: &str) -> UserId {
    let account = NewAccount {
        username: name.into(),
        display_name: name.into(),
        email: None,
        password_hash: "hash".into(),
        created_at: NOW,
    };
    let code = OneTimeCode {
        purpose: Purpose::Verify,
        hash: [0; 32],
        salt: [0; 16],
        expires_at: NOW,
        asker: None,
        email: None,
    };
    store.create_account(account, FirstCode::Drawn(code), Timestamp::default()).await.unwrap().unwrap()
}

pub(super) async fn send(
    store: &SqliteStore,
    from: UserId,
    to: UserId,
    text: &str,
) -> Result<Appended, AppendError> {
    let target = Target::DirectWith(to, ConversationId::mint(NOW, 7));
    let action =
        Action::Message { client_id: None, text: text.into(), reply_to: None, attachments: Vec::new() };
    let append = Append { target, sender: from, at: NOW, random: 0, action, mentions: Vec::new() };
    store.submit(append, Origin::default()).stored().await
}

async fn count(store: &SqliteStore, one: UserId, other: UserId) -> usize {
    let Some(conversation) = store.direct(one, other).await.unwrap() else {
        return 0;
    };
    let range = EntryRange { conversation, reader: one, after_seq: 0, limit: 1_000_000, bytes: usize::MAX };
    store.entries(vec![range], store.position().await.unwrap()).await.unwrap()[0].entries.len()
}

#[tokio::test]
async fn an_invitation_survives_a_restart_also_one_that_was_declined() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    let (ann, bob, cat) = (user(&store, "ann").await, user(&store, "bob").await, user(&store, "cat").await);
    let (title, history) = ("Crew".into(), HistoryAccess::Joined);
    let id = ConversationId::mint(NOW, 1);
    let group = NewGroup { id, owner: ann, title, history, members: Vec::new(), at: NOW };
    let key = store.create_group(group).await.unwrap().key;
    let invitation =
        |user| NewInvitation { conversation: key, user, by: ann, at: NOW, declines_since: BEFORE };
    for user in [bob, cat] {
        store.invite(invitation(user)).await.unwrap().unwrap();
    }
    store.decline_invitation(cat, key, NOW).await.unwrap();
    store.close().await;
    drop(store);

    let store = open(folder.path());
    assert_eq!(store.invitation(bob, key).await.unwrap().unwrap().by.id, ann);
    assert_eq!(store.invitation(cat, key).await.unwrap(), None);
    assert_eq!(store.invite(invitation(cat)).await.unwrap(), Err(InvitationRefusal::Declined));
    store.close().await;
}

#[tokio::test]
async fn acknowledged_messages_survive_without_closing() {
    let (folder, copy) = (tempdir().unwrap(), tempdir().unwrap());
    let store = open(folder.path());
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    for count in 0..100 {
        send(&store, ann, bob, &count.to_string()).await.unwrap();
    }
    // Copy the files as they are on the disk now, with the store still open.
    for file in ["aldis.db", "aldis.db-wal"] {
        std::fs::copy(folder.path().join(file), copy.path().join(file)).unwrap();
    }
    let reopened = open(copy.path());
    assert_eq!(count(&reopened, ann, bob).await, 100);
    let next = send(&reopened, bob, ann, "next").await.unwrap();
    assert_eq!(next.entry().seq, 101);
    assert_eq!(next.entry().position, reopened.position().await.unwrap());
    assert_eq!(next.entry().position.0, 101);
}

#[tokio::test]
async fn a_folder_is_opened_once_at_a_time() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    let second = SqliteStore::open(folder.path(), EPOCH, &Options::default()).err().unwrap();
    assert!(matches!(second, OpenError::Folder(FolderError::InUse(_))), "{second}");
    assert!(second.to_string().contains("in use by another process"));
    store.close().await;
    drop(store);
    open(folder.path());
}

#[tokio::test]
async fn a_full_disk_refuses_and_recovers() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    send(&store, ann, bob, "first").await.unwrap();
    let limit = |pages: i64| {
        store.writer.run(move |connection| {
            connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
        })
    };
    let pages =
        store.writer.run(|connection| connection.query_row("PRAGMA page_count", [], |row| row.get(0))).await;
    limit(pages.unwrap()).await.unwrap();

    let text = "x".repeat(16 * 1024);
    let mut stored = 1;
    let refused = loop {
        match send(&store, ann, bob, &text).await {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 10, "the disk never fills");
    };
    assert!(matches!(refused, AppendError::Store(StoreError::Unavailable(_))), "{refused}");
    assert!(matches!(send(&store, ann, bob, &text).await, Err(AppendError::Store(_))));
    assert_eq!(count(&store, ann, bob).await, stored);

    limit(1 << 30).await.unwrap();
    store.check().await.unwrap();
    let next = send(&store, ann, bob, &text).await.unwrap();
    assert_eq!(next.entry().seq, stored as u64 + 1);
    assert_eq!(count(&store, ann, bob).await, stored + 1);
}

#[tokio::test]
async fn a_job_that_fails_does_not_fail_the_others_of_its_commit() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let faulty = store.writer.run(|connection| connection.execute("INSERT INTO nowhere VALUES (1)", []));
    let (faulty, first, second) =
        tokio::join!(faulty, send(&store, ann, bob, "before"), send(&store, ann, bob, "after"));
    assert!(faulty.is_err());
    assert_eq!((first.unwrap().entry().seq, second.unwrap().entry().seq), (1, 2));
}

#[tokio::test]
async fn an_operation_that_panics_fails_alone() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let faulty = store.writer.run::<()>(|connection| {
        connection.execute("UPDATE users SET display_name = 'nobody'", [])?;
        panic!("a fault in an operation");
    });
    let (faulty, first, second) =
        tokio::join!(faulty, send(&store, ann, bob, "before"), send(&store, ann, bob, "after"));
    assert!(matches!(faulty, Err(StoreError::Unavailable(_))));
    assert_eq!((first.unwrap().entry().seq, second.unwrap().entry().seq), (1, 2));
    assert_eq!(store.account("ann").await.unwrap().unwrap().display_name, "ann");
    store.check().await.unwrap();
}

#[tokio::test]
async fn damage_is_told_and_nothing_is_stored_on_top_of_it() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    send(&store, ann, bob, "first").await.unwrap();
    let conversation = store.direct(ann, bob).await.unwrap().unwrap();
    store.close().await;
    drop(store);
    let path = folder.path().join("aldis.db");
    let whole = std::fs::read(&path).unwrap();
    let harm = |table: &str| {
        std::fs::write(&path, &whole).unwrap();
        // Otherwise the start would refuse the copy as older than the last run.
        let _ = std::fs::remove_file(folder.path().join("identity"));
        let page: u64 = Connection::open(&path)
            .unwrap()
            .query_row("SELECT rootpage FROM sqlite_schema WHERE name = ?", [table], |row| row.get(0))
            .unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, &[0xff; 4096], (page - 1) * 4096).unwrap();
    };
    // First a read finds the damage, then a write.
    harm("users");
    let store = open(folder.path());
    assert!(matches!(store.account_of(ann).await, Err(StoreError::Damaged(_))));
    assert!(matches!(store.check().await, Err(StoreError::Damaged(_))));
    assert!(matches!(send(&store, ann, bob, "x").await, Err(AppendError::Store(StoreError::Damaged(_)))));
    store.close().await;
    drop(store);
    harm("members");
    let store = open(folder.path());
    assert_eq!(store.account_of(ann).await.unwrap().unwrap().username, "ann");
    store.check().await.unwrap();
    assert!(matches!(store.mute(ann, conversation, Mute::Always).await, Err(StoreError::Damaged(_))));
    assert!(matches!(store.check().await, Err(StoreError::Damaged(_))));
    store.close().await;
}

#[tokio::test]
async fn a_long_read_does_not_hold_up_senders() {
    let folder = tempdir().unwrap();
    let sizes = WalSizes { start: 20, force: 80 };
    let tuning = Tuning { wal: sizes, ..Tuning::default() };
    let store = SqliteStore::open_tuned(folder.path(), EPOCH, &Options::default(), &tuning).unwrap();
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    send(&store, ann, bob, "first").await.unwrap();
    let reader = Connection::open(folder.path().join("aldis.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM messages").unwrap();
    let text = "x".repeat(16 * 1024);
    let mut slowest = Duration::ZERO;
    for _ in 0..100 {
        let asked = std::time::Instant::now();
        send(&store, ann, bob, &text).await.unwrap();
        slowest = slowest.max(asked.elapsed());
    }
    assert!(store.wal_bytes() > u64::from(sizes.force) * 4096);
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    // Once the reader is gone, the write-ahead log begins anew.
    reader.execute_batch("COMMIT").unwrap();
    let begun = std::time::Instant::now();
    while store.wal_bytes() > u64::from(sizes.force) * 4096 {
        send(&store, ann, bob, "x").await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(30), "the WAL grows for ever");
    }
    store.close().await;
}

#[tokio::test]
async fn a_record_reads_only_the_end_of_its_log() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    send(&store, bob, ann, "hi").await.unwrap();
    let last = send(&store, ann, bob, "0").await.unwrap().entry().message.clone().unwrap();
    let edit = |text: String| {
        let action = Action::Edit { id: last.id, text: text.into() };
        let target = Target::Direct(last.conversation);
        Append { target, sender: ann, at: NOW, random: 0, action, mentions: Vec::new() }
    };
    let edits: Vec<_> =
        (1..=2_100).map(|count| store.submit(edit(count.to_string()), Origin::default())).collect();
    for edit in edits {
        edit.stored().await.unwrap();
    }
    let record = store.conversation(ann, last.conversation).await.unwrap().unwrap();
    assert_eq!(record.last_message.unwrap().text.as_ref(), "2100");
    // Bob's message is counted, however many changes lie above it.
    assert_eq!((record.head_seq, record.unread), (2_102, 1));
}

#[tokio::test]
async fn after_closing_everything_is_refused() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    store.close().await;
    assert!(matches!(store.check().await, Err(StoreError::Closed)));
    assert!(matches!(send(&store, ann, bob, "x").await, Err(AppendError::Store(StoreError::Closed))));
    assert!(matches!(store.account("ann").await, Err(StoreError::Closed)));
    // Closing leaves one file: the write-ahead log has been copied into the database.
    assert!(!folder.path().join("aldis.db-wal").exists());
}

#[test]
fn the_settings_that_promises_rest_on() {
    let folder = tempdir().unwrap();
    let connection = super::connect(&folder.path().join("aldis.db")).unwrap();
    let pragma = |name: &str| {
        connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, rusqlite::types::Value>(0))
    };
    assert_eq!(pragma("journal_mode").unwrap(), "wal".to_owned().into());
    assert_eq!(pragma("synchronous").unwrap(), 2.into());
    assert_eq!(pragma("foreign_keys").unwrap(), 1.into());
    assert_eq!(pragma("secure_delete").unwrap(), 1.into());
}

#[test]
fn what_was_there_before_it_was_counted_is_counted() {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::migrate_to(&mut connection, 12).unwrap();
    let before = "
        INSERT INTO users (username, username_key, display_name, password_hash, created_at)
          VALUES ('Ann', 'ann', 'Ann', 'hash', 1), ('Bob', 'bob', 'Bob', 'hash', 1);
        INSERT INTO conversations (public_id, kind, created_at) VALUES (x'01', 1, 1), (x'02', 1, 1);
        INSERT INTO members (conversation_id, user_id, role, gone) VALUES (1, 1, 0, 0), (1, 2, 2, 0), (2, 1, 0, 1);
        INSERT INTO reactions (conversation_id, seq, entry_seq, user_id, emoji)
          VALUES (1, 2, 4, 1, 'b'), (1, 2, 5, 2, 'a'), (1, 2, 6, 2, 'b');
        INSERT INTO attachments (id, user_id, hash, name, type, size, weight, created_at)
          VALUES (x'01', 2, x'01', 'a', 'b', 1, 4096, 1), (x'02', 2, x'02', 'a', 'b', 5000, 5000, 1);";
    connection.execute_batch(before).unwrap();
    schema::migrate(&mut connection).unwrap();
    let text = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    let members = "SELECT group_concat(member_count ORDER BY id) FROM conversations";
    assert_eq!(text(members), "2,0");
    let reactions =
        "SELECT group_concat(emoji || entry_seq || user_id ORDER BY emoji, entry_seq) FROM reactions";
    assert_eq!(text(reactions), "a52,b41,b62");
    assert_eq!(text("SELECT group_concat(emoji || count ORDER BY emoji) FROM reaction_counts"), "a1,b2");
    let weights = "SELECT group_concat(files_weight ORDER BY id) FROM users";
    assert_eq!(text(weights), "0,9096");
    connection.execute("DELETE FROM attachments WHERE id = x'01'", []).unwrap();
    assert_eq!(text(weights), "0,5000");
}

#[test]
fn what_was_shared_before_it_was_listed_is_listed() {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::migrate_to(&mut connection, 20).unwrap();
    let before = "
        INSERT INTO messages (position, conversation_id, seq, kind, sender_id, timestamp, text, hidden_from)
          VALUES (1, 1, 1, 0, 1, 1, 'words', NULL), (2, 1, 2, 0, 1, 1, 'https://aldis.example', 2),
            (3, 1, 3, 4, 1, 1, NULL, NULL), (4, 2, 1, 0, 1, 1, '', NULL);
        INSERT INTO attachments (id, user_id, hash, name, type, size, weight, created_at, thumbnail_hash)
          VALUES (x'01', 2, x'01', 'a', 'image/png', 1, 1, 1, x'02'), (x'02', 2, x'01', 'a', 'video/mp4', 1, 1, 1, NULL),
            (x'03', 2, x'01', 'a', 'text/plain', 1, 1, 1, NULL);
        INSERT INTO message_attachments (conversation_id, seq, place, attachment_id)
          VALUES (1, 1, 0, x'01'), (1, 1, 1, x'02'), (1, 2, 0, x'03'), (2, 1, 0, x'02');";
    connection.execute_batch(before).unwrap();
    schema::migrate(&mut connection).unwrap();
    let sql = "SELECT group_concat(conversation_id || kind || seq || coalesce(hidden_from, '-'), ' ' \
               ORDER BY conversation_id, kind, seq) FROM shared";
    let shared: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(shared, "101- 1122 1222 201-");
}

#[test]
fn every_version_migrates_to_the_newest() {
    for version in 0..=schema::MIGRATIONS.len() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate_to(&mut connection, version).unwrap();
        if version > 0 {
            let account = "INSERT INTO users (username, username_key, display_name, password_hash, created_at) \
                           VALUES ('Ann', 'ann', 'Ann', 'hash', 1)";
            connection.execute(account, []).unwrap();
        }
        let asks = (1..8).contains(&version);
        if asks {
            let code = "INSERT INTO one_time_codes (user_id, hash, salt, expires_at, tries) \
                        VALUES (1, x'07', x'08', 9, 2)";
            connection.execute(code, []).unwrap();
        }
        schema::migrate(&mut connection).unwrap();
        if asks {
            let sql =
                "SELECT hex(hash) || hex(salt) || expires_at || tries || asker || others FROM one_time_codes";
            let code: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
            assert_eq!(code, "0708920", "who waits with a code may enter it");
        }
        if version == 2 {
            let sql = "SELECT display_key FROM users";
            let key: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
            assert_eq!(key, "ann", "who was there before is found, too");
        }
        let users: usize = connection.query_row("SELECT count(*) FROM users", [], |row| row.get(0)).unwrap();
        assert_eq!(users, usize::from(version > 0));
        let newest: usize = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        assert_eq!(newest, schema::MIGRATIONS.len());
    }
}

/// Hashes of the released migrations.
const RELEASED: &[u64] = &[
    0x9d7b_25c0_298e_ac69,
    0xcc37_2799_3d6d_59a0,
    0x0bee_6c4e_29d5_bcf2,
    0xba12_837c_4e03_88ce,
    0xf24f_43d8_7ed3_8065,
    0xe485_8b14_047c_c7bb,
    0xb0bb_53aa_f45e_43b5,
    0x84f7_e91e_e7c7_46b4,
    0x4923_371f_3dbd_0016,
    0xe9cf_b32d_8043_e77e,
    0xf157_59c5_30b3_8f01,
    0xa4cc_7cc6_034c_504f,
    0xa3fe_425f_592a_b6bd,
    0x844c_0f9a_551f_922c,
    0xe5c3_0640_9ae1_d768,
    0xf978_b01d_6e97_5549,
    0xc682_cdd6_be34_e285,
    0xa487_9a67_da93_aedf,
    0x6691_817b_bb65_a0ab,
    0x2407_19d5_fc6f_182b,
    0x539e_f7d7_0673_42cf,
    0x9014_e7d0_6dc9_4146,
    0xabad_cd7f_9ccc_10e3,
    0xd93e_2020_c235_2581,
    0xae7e_2677_15d8_0a3f,
    0xf96c_bd32_0b99_6911,
];

/// A released migration never changes.
#[test]
fn released_migrations_stay_as_they_are() {
    // FNV-1a is enough to notice a change.
    let hash = |text: &str| {
        text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        })
    };
    let hashes: Vec<_> = schema::MIGRATIONS.iter().map(|script| hash(script)).collect();
    assert_eq!(hashes, RELEASED, "add a migration instead of changing one");
}

#[test]
fn strange_databases_are_refused() {
    let mut foreign = Connection::open_in_memory().unwrap();
    foreign.pragma_update(None, "user_version", 3).unwrap();
    assert!(matches!(schema::migrate(&mut foreign), Err(OpenError::Foreign)));

    // Most programs never set a version.
    let mut unversioned = Connection::open_in_memory().unwrap();
    unversioned.execute_batch("CREATE TABLE theirs (id INTEGER PRIMARY KEY)").unwrap();
    assert!(matches!(schema::migrate(&mut unversioned), Err(OpenError::Foreign)));

    let mut newer = Connection::open_in_memory().unwrap();
    schema::migrate(&mut newer).unwrap();
    newer.pragma_update(None, "user_version", 999).unwrap();
    let refused = schema::migrate(&mut newer).unwrap_err();
    assert!(refused.to_string().contains("newer release"), "{refused}");
}

/// Searches for people use an index and its order, so their cost does not grow with the number of people.
#[test]
fn people_are_found_without_reading_everybody() {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::migrate(&mut connection).unwrap();
    for (sql, index, values) in [
        (account::by_username(), "users_by_username", 4),
        (account::by_display_name(), "users_by_display_name", 5),
        (account::by_email(), "users_by_email", 2),
    ] {
        let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let values = rusqlite::params_from_iter(std::iter::repeat_n("ann", values));
        let plan: Vec<String> =
            explain.query_map(values, |row| row.get(3)).unwrap().collect::<Result<_, _>>().unwrap();
        assert!(plan.len() == 1 && plan[0].starts_with("SEARCH") && plan[0].contains(index), "{plan:?}");
    }
}
