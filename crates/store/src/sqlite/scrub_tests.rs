//! What is left of a deleted account in the files of the folder: nothing.

use std::path::Path;
use std::sync::Arc;

use domain::Query;
use domain::store::{
    AccountChange, AccountStore, Action, Append, AttachmentRecord, AttachmentStore, BlobHash, Closing,
    CodeStore, CodeUse, ConversationStore, Erasure, ErasureStore, FirstCode, MessageStore, NewAccount,
    OneTimeCode, Origin, Purpose, Search, SearchStore, Store, Target, UserId,
};
use protocol::{AttachmentId, ConversationId, OwnMessages, Timestamp};
use rusqlite::Connection;
use tempfile::tempdir;

use super::SqliteStore;
use super::tests::open;

/// People besides the one whose account is deleted.
const PEOPLE: usize = 80;
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// Made of letters that nothing else here has in this order, in texts of many lengths.
const CANARIES: [&str; 6] = ["zyxname", "zyxmail", "zyxtext", "zyxlong", "zyxedit", "zyxfile"];

async fn person(store: &SqliteStore, name: &str, display_name: &str, email: &str) -> UserId {
    let account = NewAccount {
        username: name.into(),
        display_name: display_name.into(),
        email: Some(email.into()),
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
    let user = store
        .create_account(account, FirstCode::Drawn(code.clone()), Timestamp::default())
        .await
        .unwrap()
        .unwrap();
    assert!(store.use_code(user, &code, CodeUse::Verify { email_proven: false }).await.unwrap());
    user
}

async fn submit(store: &SqliteStore, sender: UserId, to: UserId, number: u32, action: Action) -> u64 {
    let pair = u128::from(sender.0.unsigned_abs()) << 16 | u128::from(to.0.unsigned_abs());
    let target = Target::DirectWith(to, ConversationId::mint(NOW, pair));
    let random = u64::from(number);
    let append = Append { target, sender, at: NOW, random, action, mentions: Vec::new() };
    store.submit(append, Origin::default()).stored().await.unwrap().entry().seq
}

fn says(text: String, attachments: Vec<AttachmentId>) -> Action {
    Action::Message { client_id: None, text: text.into(), reply_to: None, attachments }
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap().to_ascii_lowercase()
}

/// The canaries that are in the files of a folder, in any case.
fn found(folder: &Path) -> Vec<&'static str> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            bytes.extend(read(&path));
        }
    }
    let is_there = |canary: &&str| bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
    CANARIES.into_iter().filter(is_there).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_deleted_account_is_left_in_the_files() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    let mut others = Vec::new();
    for number in 0..PEOPLE / 2 {
        others.push(person(&store, &format!("early-{number}"), "Other", "other@example.org").await);
    }
    let ann = person(&store, "ann", "Zyxname Ann", "ann@zyxmail.example").await;
    for number in 0..PEOPLE / 2 {
        others.push(person(&store, &format!("late-{number}"), "Other", "other@example.org").await);
    }
    let upload = AttachmentRecord {
        id: AttachmentId::mint(NOW, 1),
        owner: ann,
        hash: BlobHash([7; 32]),
        name: "zyxfile.txt".into(),
        kind: "text/plain".into(),
        size: 5,
        picture: None,
        created_at: NOW,
    };
    assert!(store.add_attachment(upload.clone(), 1 << 20).await.unwrap());
    // Few of all messages, so that the index does not remove their words by itself.
    let mut answers = Vec::new();
    for (number, other) in (0..).zip(&others) {
        if number % 20 == 10 {
            submit(&store, ann, *other, number, says(format!("zyxtext number {number}"), Vec::new())).await;
        }
        let next = others[(number as usize + 1) % others.len()];
        for _ in 0..4 {
            answers.push((
                *other,
                next,
                submit(&store, *other, next, number, says("short".into(), Vec::new())).await,
            ));
        }
    }
    let long = format!("zyxlong {}", "and longer ".repeat(1200));
    submit(&store, ann, others[0], 900, says(long, vec![upload.id])).await;
    let edited = submit(&store, ann, others[0], 901, says("zyxedit".into(), Vec::new())).await;
    let key = store.direct(ann, others[0]).await.unwrap().unwrap();
    let message = store.messages_before(ann, key, edited + 1, 1).await.unwrap().pop().unwrap();
    let edit = Action::Edit { id: message.id, text: "something else".into() };
    submit(&store, ann, others[0], 902, edit).await;
    // Rows that grow make SQLite move others to new pages, and so do keys that come in between.
    for (number, other) in others.iter().enumerate() {
        let display_name = Some(format!("zyx {} has a much longer name than before", number * 7919 % 1000));
        let change = AccountChange { display_name, ..AccountChange::default() };
        store.change_account(*other, change).await.unwrap();
    }
    for (sender, other, seq) in answers {
        let key = store.direct(sender, other).await.unwrap().unwrap();
        let answer = store.messages_before(sender, key, seq + 1, 1).await.unwrap().pop().unwrap();
        let edit = Action::Edit { id: answer.id, text: "a longer answer ".repeat(6).into() };
        submit(&store, sender, other, 0, edit).await;
    }
    store.indexed().await;
    assert_eq!(found(folder.path()), CANARIES);
    assert!(read(&folder.path().join("search.db-wal")).windows(7).any(|window| window == b"zyxtext"));

    let closed = store.close_account(ann, OwnMessages::Delete, NOW).await.unwrap();
    assert!(matches!(closed, Closing::Closed { .. }));
    loop {
        let [erasure] = <[Erasure; 1]>::try_from(store.erasures().await.unwrap()).unwrap();
        let traces = store.traces(erasure, 50).await.unwrap();
        let is_complete = traces.is_complete;
        store.erase_traces(ann, traces, NOW).await.unwrap();
        if is_complete {
            break;
        }
    }
    assert_eq!(store.forget_belongings(ann, 9).await.unwrap().blobs, [upload.hash]);
    store.scrub().await.unwrap();
    assert_eq!(found(folder.path()), [""; 0]);

    // All else is as it was.
    let query = Arc::new(Query::parse("longer answer").unwrap());
    let (conversation, sender, since, until, before) = (None, None, None, None, None);
    let search = Search { reader: others[3], query, conversation, sender, since, until, before, limit: 9 };
    assert_eq!(store.search(search).await.unwrap().messages.len(), 8);
    store.close().await;
    drop(store);
    assert_eq!(found(folder.path()), [""; 0]);
    for file in ["aldis.db", "search.db"] {
        let database = Connection::open(folder.path().join(file)).unwrap();
        let sound: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(sound, "ok");
    }
}

#[tokio::test]
async fn the_last_admin_stays_while_others_are_there() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    let [ann, bob] =
        [person(&store, "ann", "ann", "a@b.c").await, person(&store, "bob", "bob", "a@b.c").await];
    let admin = |user: UserId| {
        let database = Connection::open(folder.path().join("aldis.db")).unwrap();
        database.execute("UPDATE users SET is_admin = 1 WHERE id = ?", [user.0]).unwrap();
    };
    admin(ann);
    let close = async |user| store.close_account(user, OwnMessages::Keep, NOW).await.unwrap();
    assert_eq!(close(ann).await, Closing::LastAdmin);
    admin(bob);
    let closed = Closing::Closed { ended: Vec::new(), avatar: None };
    assert_eq!(close(ann).await, closed);
    // Whoever is alone may go.
    assert_eq!(close(bob).await, closed);
    store.close().await;
}
