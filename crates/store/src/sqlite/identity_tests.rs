//! Folders with files that do not belong together are refused. A folder that is whole starts, however its server ended.

use std::path::Path;
use std::time::Duration;

use domain::store::{AttachmentStore, BlobHash, Epoch, MessageStore, Store, StoreAge, StoreError, UserId};
use rusqlite::Connection;
use tempfile::{TempDir, tempdir};

use super::checkpoint::WalSizes;
use super::identity::Identity;
use super::tests::{send, user};
use super::{OpenError, Options, SqliteStore, Tuning};

/// Opens a store that raises the stamp with every commit, so that tests need not wait.
fn run(folder: &Path, epoch: u8, accept_older: bool) -> Result<SqliteStore, OpenError> {
    let options = Options { accept_older, ..Options::default() };
    // A write-ahead log that is soon copied and begun anew.
    let wal = WalSizes { start: 10, force: 20 };
    let tuning = Tuning { stamp_interval: Duration::ZERO, wal, ..Tuning::default() };
    SqliteStore::open_tuned(folder, Epoch([epoch; 8]), &options, &tuning).map_err(|error| error.of(folder))
}

async fn fill(store: &SqliteStore, from: UserId, to: UserId, count: usize) {
    for _ in 0..count {
        send(store, from, to, "text").await.unwrap();
    }
}

fn copy(from: &Path, to: &Path, files: &[&str]) {
    for file in files {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
}

/// A copy of the folder as a killed process would leave it.
fn killed(folder: &Path) -> TempDir {
    let left = tempdir().unwrap();
    // Copied in the reverse order of writing, so that `identity` is never ahead of the database.
    copy(folder, left.path(), &["identity", "aldis.db", "aldis.db-wal"]);
    left
}

const ANN: UserId = UserId(1);
const BOB: UserId = UserId(2);

/// A folder with 12 messages whose server has stopped.
async fn stopped() -> TempDir {
    let folder = tempdir().unwrap();
    let store = run(folder.path(), 1, false).unwrap();
    assert_eq!((user(&store, "ann").await, user(&store, "bob").await), (ANN, BOB));
    fill(&store, ANN, BOB, 12).await;
    store.close().await;
    folder
}

#[tokio::test]
async fn what_was_stopped_killed_or_copied_whole_starts() {
    let folder = stopped().await;
    let whole = tempdir().unwrap();
    copy(folder.path(), whole.path(), &["identity", "aldis.db"]);
    let without_identity = tempdir().unwrap();
    copy(folder.path(), without_identity.path(), &["aldis.db"]);
    for folder in [folder.path(), whole.path(), without_identity.path()] {
        for epoch in [2, 3] {
            let store = run(folder, epoch, false).unwrap();
            // It may be killed after any message.
            for count in 0..30 {
                let left = killed(folder);
                let again = run(left.path(), 100 + count, false).unwrap();
                assert_eq!(again.position().await.unwrap(), store.position().await.unwrap());
                fill(&store, ANN, BOB, 1).await;
            }
            store.close().await;
        }
    }
}

#[tokio::test]
async fn an_older_copy_is_refused_unless_it_is_accepted() {
    let folder = stopped().await;
    let older = std::fs::read(folder.path().join("aldis.db")).unwrap();
    let store = run(folder.path(), 2, false).unwrap();
    fill(&store, ANN, BOB, 100).await;
    store.note_unnamed(vec![BlobHash([1; 32])], Duration::ZERO, None).await.unwrap();
    store.close().await;
    drop(store);
    std::fs::write(folder.path().join("aldis.db"), &older).unwrap();
    let refused = run(folder.path(), 3, false).err().unwrap();
    assert!(matches!(refused, OpenError::Older { at: 12, reached: 112, .. }), "{refused}");
    assert!(refused.to_string().contains("--accept-older-database"), "{refused}");
    assert_eq!(std::fs::read(folder.path().join("aldis.db")).unwrap(), older);
    let store = run(folder.path(), 4, true).unwrap();
    assert_eq!(store.position().await.unwrap().0, 12);
    store.close().await;
    drop(store);
    run(folder.path(), 5, false).unwrap().close().await;
}

#[tokio::test]
async fn a_database_is_in_doubt_from_when_it_was_taken_though_it_may_be_the_wrong_one() {
    const HOUR: Duration = Duration::from_hours(1);
    let folder = tempdir().unwrap();
    let grown = async |epoch, accept, age, doubted| {
        let store = run(folder.path(), epoch, accept).unwrap();
        assert_eq!(store.grow_older(HOUR).await.unwrap(), StoreAge { age: HOUR * age, doubted });
        store.close().await;
    };
    // A new database is not in doubt, nor one that is started again.
    grown(1, false, 1, None).await;
    grown(2, false, 2, None).await;
    let older = std::fs::read(folder.path().join("aldis.db")).unwrap();
    std::fs::remove_file(folder.path().join("identity")).unwrap();
    grown(3, false, 3, Some(HOUR * 2)).await;
    grown(4, false, 4, Some(HOUR * 2)).await;
    std::fs::write(folder.path().join("aldis.db"), older).unwrap();
    grown(5, true, 3, Some(HOUR * 2)).await;
    // The flag alone causes no doubt: this database is not older.
    grown(6, true, 4, Some(HOUR * 2)).await;
}

#[tokio::test]
async fn another_database_is_refused() {
    let (folder, other) = (stopped().await, stopped_as(9).await);
    copy(other.path(), folder.path(), &["aldis.db"]);
    assert!(matches!(run(folder.path(), 2, false), Err(OpenError::Other(_))));
    std::fs::remove_file(folder.path().join("aldis.db")).unwrap();
    assert!(matches!(run(folder.path(), 2, false), Err(OpenError::Missing(_, 12))));
    assert!(!folder.path().join("aldis.db").exists());
    run(folder.path(), 2, true).unwrap().close().await;
}

async fn stopped_as(epoch: u8) -> TempDir {
    let folder = tempdir().unwrap();
    let store = run(folder.path(), epoch, false).unwrap();
    user(&store, "eve").await;
    store.close().await;
    folder
}

#[tokio::test]
async fn a_database_without_the_wal_beside_it_is_refused() {
    let (folder, copied) = (tempdir().unwrap(), tempdir().unwrap());
    let store = run(folder.path(), 1, false).unwrap();
    user(&store, "ann").await;
    copy(folder.path(), copied.path(), &["aldis.db"]);
    assert!(matches!(run(copied.path(), 2, false), Err(OpenError::WithoutWal(_))));
    // `identity` is written a moment after the commit.
    while Identity::read(folder.path()).unwrap().unwrap().stamp < store.identity.committed() {
        tokio::task::yield_now().await;
    }
    copy(folder.path(), copied.path(), &["identity"]);
    assert!(matches!(run(copied.path(), 2, false), Err(OpenError::Older { .. })));
    copy(folder.path(), copied.path(), &["aldis.db-wal"]);
    run(copied.path(), 2, false).unwrap().close().await;
    store.close().await;
}

#[tokio::test]
async fn an_older_database_under_a_newer_wal_is_refused() {
    let folder = stopped().await;
    let store = run(folder.path(), 2, false).unwrap();
    let first = std::fs::read(folder.path().join("aldis.db-wal")).unwrap();
    // The database file before and between the checkpoints of this run.
    let mut older = Vec::new();
    for _ in 0..3 {
        older.push(std::fs::read(folder.path().join("aldis.db")).unwrap());
        fill(&store, ANN, BOB, 60).await;
    }
    // Wait until `identity` says so: it is written a moment later.
    let newest = store.identity.committed();
    let base = || Identity::read(folder.path()).unwrap().unwrap().base;
    while base() <= newest {
        fill(&store, ANN, BOB, 1).await;
    }
    let left = killed(folder.path());
    let whole = std::fs::read(left.path().join("aldis.db")).unwrap();
    let wal = std::fs::read(left.path().join("aldis.db-wal")).unwrap();
    // The salt in the header changes when the write-ahead log begins anew.
    assert_ne!(wal[16..24], first[16..24], "the WAL was not begun anew");
    for older in older {
        std::fs::write(left.path().join("aldis.db"), &older).unwrap();
        for accept in [false, true] {
            assert!(matches!(run(left.path(), 3, accept), Err(OpenError::Mismatch(_))));
        }
        // Neither file was touched.
        assert_eq!(std::fs::read(left.path().join("aldis.db")).unwrap(), older);
        assert_eq!(std::fs::read(left.path().join("aldis.db-wal")).unwrap(), wal);
    }
    std::fs::write(left.path().join("aldis.db"), whole).unwrap();
    let again = run(left.path(), 4, false).unwrap();
    assert_eq!(again.position().await.unwrap(), store.position().await.unwrap());
    again.close().await;
    store.close().await;
}

#[tokio::test]
async fn nothing_is_acknowledged_into_files_that_are_gone() {
    let outer = tempdir().unwrap();
    let (folder, moved) = (outer.path().join("data"), outer.path().join("moved"));
    let store = run(&folder, 1, false).unwrap();
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    fill(&store, ann, bob, 3).await;
    store.check().await.unwrap();
    std::fs::rename(&folder, &moved).unwrap();
    std::fs::create_dir(&folder).unwrap();
    copy(&moved, &folder, &["aldis.db", "aldis.db-wal"]);
    std::fs::write(folder.join("identity"), "another").unwrap();
    send(&store, ann, bob, "lost").await.unwrap_err();
    assert!(matches!(store.check().await, Err(StoreError::Unavailable(_))));
    // Nothing is stored even once the files are back, and the other folder is not touched.
    std::fs::rename(&folder, outer.path().join("other")).unwrap();
    std::fs::rename(&moved, &folder).unwrap();
    send(&store, ann, bob, "lost").await.unwrap_err();
    store.close().await;
    drop(store);
    assert_eq!(std::fs::read(outer.path().join("other/identity")).unwrap(), b"another");
    assert!(outer.path().join("other/aldis.db-wal").exists());
}

#[tokio::test]
async fn a_database_of_before_there_was_the_file_starts() {
    let folder = tempdir().unwrap();
    let mut connection = Connection::open(folder.path().join("aldis.db")).unwrap();
    super::schema::migrate_to(&mut connection, 6).unwrap();
    drop(connection);
    run(folder.path(), 1, false).unwrap().close().await;
    assert!(folder.path().join("identity").exists());
    run(folder.path(), 2, false).unwrap().close().await;
}
