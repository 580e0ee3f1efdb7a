//! The log in SQLite, every commit synced: appending, flushing and resuming, with a short and a long history.
//!
//! `LONG=1` adds a log of five million entries, which takes minutes to fill and 3 GB.

use std::collections::HashMap;
use std::hint::black_box;

use divan::{Bencher, counter::ItemsCount};
use domain::store::{ConversationStore, EntryPage, EntryRange, Lag, MessageStore, Position, Since, UserId};
use parking_lot::{Mutex, MutexGuard};
use support::Filled;
use tempfile::TempDir;

mod support;

/// Entries of the log from which a whole conversation is read.
const FLUSHED: u64 = 100_000;
/// Conversations of the first user.
const FRIENDS: usize = 100;
/// Conversations in all.
const PAIRS: usize = 500;

fn main() {
    divan::main();
    // Statics are not dropped, and the folders are large.
    LOGS.lock().take();
}

/// The lengths of the logs.
fn lengths() -> Vec<u64> {
    let long = std::env::var_os("LONG").map(|_| 5_000_000);
    std::iter::once(100_000).chain(long).collect()
}

type Logs = HashMap<(u64, usize), (Filled, TempDir)>;
static LOGS: Mutex<Option<Logs>> = Mutex::new(None);

/// The log of a length and a number of conversations, filled when it is first asked for.
fn with_log(length: u64, pairs: usize, bench: impl FnOnce(&mut Filled)) {
    let mut logs: MutexGuard<'_, Option<Logs>> = LOGS.lock();
    let (filled, _) = logs.get_or_insert_default().entry((length, pairs)).or_insert_with(|| {
        // Beside what is built: in memory, as /tmp may be, nothing is synced.
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("the target folder can be written");
        let friends = (1..=FRIENDS).map(|friend| (friend, 0));
        let others = (FRIENDS..PAIRS).map(|pair| (2 * pair, 2 * pair + 1));
        let pairs: Vec<_> = friends.chain(others).take(pairs).collect();
        let mut filled = Filled::open(folder.path(), &pairs);
        filled.fill(length);
        (filled, folder)
    });
    bench(filled);
}

/// One commit of so many entries.
#[divan::bench(args = lengths(), consts = [1, 64, 1024])]
fn append<const BATCH: usize>(bencher: Bencher<'_, '_>, length: u64) {
    with_log(length, PAIRS, |log| {
        let log = std::cell::RefCell::new(log);
        bencher
            .counter(ItemsCount::new(BATCH))
            .with_inputs(|| log.borrow_mut().batch(BATCH))
            .bench_local_values(|batch| log.borrow_mut().commit(batch));
        log.borrow_mut().fill(0);
    });
}

/// Reading 100,000 entries of one conversation in pages, as a client that was away gets them.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn flush(bencher: Bencher<'_, '_>) {
    with_log(FLUSHED, 1, |log| {
        let first = UserId(1);
        bencher.counter(ItemsCount::new(FLUSHED)).bench_local(|| {
            let count = read(log, first, Since::Position(Position(0)), 1);
            assert_eq!(count, usize::try_from(FLUSHED).expect("it is small"));
        });
    });
}

/// What a user with 100 conversations lacks who was away for 500 entries, 100 of them theirs.
#[divan::bench(args = lengths())]
fn resume(bencher: Bencher<'_, '_>, length: u64) {
    with_log(length, PAIRS, |log| {
        let since = Position(log.position().0 - PAIRS as u64);
        bencher.bench_local(|| {
            assert_eq!(read(log, UserId(1), Since::Position(since), FRIENDS), FRIENDS);
        });
    });
}

/// Only finding out which conversations have something new, and from where on.
#[divan::bench(args = lengths())]
fn cursor_lookup(bencher: Bencher<'_, '_>, length: u64) {
    with_log(length, PAIRS, |log| {
        let since = Since::Position(Position(log.position().0 - PAIRS as u64));
        bencher.bench_local(|| {
            let behind = log.runtime.block_on(log.store.behind(UserId(1), since));
            assert_eq!(behind.expect("the disk is there").len(), FRIENDS);
        });
    });
}

/// Reads what a user lacks, a page at a time; gives how many entries there were.
fn read(log: &Filled, user: UserId, since: Since, conversations: usize) -> usize {
    // As much at a time as the domain asks for.
    let (limit, bytes) = ((512 / conversations).max(2), 128 * 1024 / conversations);
    let range = |Lag { conversation, after_seq }: Lag| EntryRange {
        conversation,
        reader: user,
        after_seq,
        limit,
        bytes,
    };
    let upto = log.position();
    log.runtime.block_on(async {
        let behind = log.store.behind(user, since).await.expect("the disk is there");
        let mut ranges: Vec<EntryRange> = behind.into_iter().map(range).collect();
        let mut count = 0;
        while !ranges.is_empty() {
            let pages = log.store.entries(ranges.clone(), upto).await.expect("the disk is there");
            let mut left = Vec::new();
            for (range, EntryPage { entries, upto }) in ranges.into_iter().zip(pages) {
                count += entries.len();
                left.extend((!upto.is_complete).then_some(EntryRange { after_seq: upto.seq, ..range }));
                black_box(entries);
            }
            ranges = left;
        }
        count
    })
}
