//! A SQLite store with a log of any length, written in commits of exactly so many entries.

use std::path::Path;
use std::sync::Arc;

use domain::store::{
    AccountStore, Action, Append, ConversationKey, Epoch, FirstCode, MessageStore, NewAccount, OneTimeCode,
    Origin, Position, Purpose, Target, UserId,
};
use protocol::{ConversationId, Timestamp};
use store::{Pause, SqliteOptions, SqliteStore};
use tokio::runtime::{Builder, Runtime};

/// A store whose entries go round over direct conversations.
pub(crate) struct Filled {
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) runtime: Runtime,
    /// The senders, each in one conversation.
    conversations: Vec<(UserId, ConversationKey)>,
    /// Entries so far.
    count: u64,
    /// Keeps the writer until the next batch is queued as a whole.
    pause: Option<Pause>,
}

impl Filled {
    /// An empty log in `folder`, for these pairs of people, who are numbered.
    pub(crate) fn open(folder: &Path, pairs: &[(usize, usize)]) -> Self {
        let runtime = Builder::new_current_thread().build().expect("a runtime");
        let store =
            SqliteStore::open(folder, Epoch([1; 8]), &SqliteOptions::default()).expect("the folder is new");
        let people = pairs.iter().map(|&(one, other)| one.max(other) + 1).max().unwrap_or_default();
        let users: Vec<UserId> = (0..people).map(|number| user(&runtime, &store, number)).collect();
        let mut filled =
            Self { store: Arc::new(store), runtime, conversations: Vec::new(), count: 0, pause: None };
        for &(one, other) in pairs {
            let at = filled.tick();
            let target = Target::DirectWith(users[other], conversation_id(at, filled.count));
            let append = filled.entry(target, users[one], at);
            let stored = filled.store.submit(append, Origin::default()).stored();
            let appended = filled.runtime.block_on(stored).expect("the disk has room");
            filled.conversations.push((users[one], appended.committed.conversation));
        }
        filled
    }

    /// Entries for the next commit, one conversation after the other.
    pub(crate) fn batch(&mut self, count: usize) -> Vec<Append> {
        let mut next = || {
            let at = self.tick();
            let index = usize::try_from(self.count).unwrap_or_default() % self.conversations.len();
            let (sender, key) = self.conversations[index];
            self.entry(Target::Direct(key), sender, at)
        };
        std::iter::repeat_with(&mut next).take(count).collect()
    }

    /// Appends entries in one commit and waits until they are durable.
    pub(crate) fn commit(&mut self, entries: Vec<Append>) {
        let pause = self.pause.take().unwrap_or_else(|| self.store.pause());
        let submit = |entry| self.store.submit(entry, Origin::default());
        let submitted: Vec<_> = entries.into_iter().map(submit).collect();
        drop(pause);
        self.runtime.block_on(async {
            for submitted in submitted {
                submitted.stored().await.expect("the disk has room");
            }
        });
        // Nothing else is in the queue, so that the next batch is a commit of its own.
        self.pause = Some(self.store.pause());
    }

    /// Appends until there are so many entries.
    pub(crate) fn fill(&mut self, count: u64) {
        while self.count < count {
            let batch = self.batch(usize::try_from((count - self.count).min(1024)).unwrap_or_default());
            self.commit(batch);
        }
        // No batch comes after this one: let the writer go on.
        self.pause = None;
    }

    /// Where the log ends.
    pub(crate) fn position(&self) -> Position {
        self.runtime.block_on(self.store.position()).expect("the store is open")
    }

    /// A time that is later at each call.
    fn tick(&mut self) -> Timestamp {
        self.count += 1;
        Timestamp::from_millis(1_800_000_000_000 + i64::try_from(self.count).unwrap_or_default())
    }

    fn entry(&self, target: Target, sender: UserId, at: Timestamp) -> Append {
        let client_id = Some(conversation_id(at, self.count).to_string().into());
        let action = Action::Message {
            client_id,
            text: "x".repeat(120).into(),
            reply_to: None,
            attachments: Vec::new(),
        };
        Append { target, sender, at, random: scattered(self.count), action, mentions: Vec::new() }
    }
}

fn user(runtime: &Runtime, store: &SqliteStore, number: usize) -> UserId {
    let account = NewAccount {
        username: format!("user{number}"),
        display_name: format!("User {number}"),
        email: None,
        password_hash: String::new(),
        created_at: Timestamp::default(),
        invite: None,
    };
    let code = OneTimeCode {
        purpose: Purpose::Verify,
        hash: [0; 32],
        salt: [0; 16],
        expires_at: Timestamp::default(),
        asker: None,
        email: None,
    };
    let created =
        runtime.block_on(store.create_account(account, FirstCode::Drawn(code), Timestamp::default()));
    created.expect("the disk has room").expect("the name is free")
}

/// A `UUIDv7`, which is also what clients name their messages by.
fn conversation_id(at: Timestamp, number: u64) -> ConversationId {
    ConversationId::mint(at, u128::from(scattered(number)) << 64 | u128::from(scattered(!number)))
}

/// The same in each run, and spread like random numbers.
fn scattered(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
