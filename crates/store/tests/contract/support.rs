use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::store::{
    Action, Append, AppendError, Appended, CodeUse, ConversationKey, Entry, EntryRange, Epoch, FirstCode,
    MessageRecord, NewAccount, OneTimeCode, Origin, Purpose, Store, Target, UserId,
};
use protocol::{ConversationId, MessageId, Timestamp};
use store::{MemoryStore, SqliteOptions, SqliteStore};

pub(crate) type Shared = Arc<dyn Store>;

pub(crate) fn memory() -> Shared {
    Arc::new(MemoryStore::new(Epoch([1; 8])))
}

pub(crate) fn sqlite(folder: &Path) -> Shared {
    Arc::new(SqliteStore::open(folder, Epoch([1; 8]), &SqliteOptions::default()).unwrap())
}

/// A time that is later at each call.
pub(crate) fn now() -> Timestamp {
    static NOW: AtomicI64 = AtomicI64::new(1_800_000_000_000);
    Timestamp::from_millis(NOW.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn code(byte: u8) -> OneTimeCode {
    asked(byte, None)
}

/// A code that an address asked for.
pub(crate) fn asked(byte: u8, asker: Option<IpAddr>) -> OneTimeCode {
    let expires_at = Timestamp::from_millis(1_800_000_600_000);
    OneTimeCode {
        purpose: Purpose::Verify,
        hash: [byte; 32],
        salt: [byte; 16],
        expires_at,
        asker,
        email: None,
    }
}

/// What a code for a new account does.
pub(crate) const VERIFY: CodeUse = CodeUse::Verify { email_proven: false };

/// A time before all accounts, so that `create_account` frees no username.
pub(crate) const NEVER: Timestamp = Timestamp::from_millis(0);

pub(crate) async fn user(store: &Shared, username: &str) -> UserId {
    let account = NewAccount {
        username: username.into(),
        display_name: username.into(),
        email: None,
        password_hash: "hash".into(),
        created_at: now(),
        invite: None,
    };
    store.create_account(account, FirstCode::Drawn(code(1)), NEVER).await.unwrap().unwrap()
}

/// A verified user.
pub(crate) async fn verified(store: &Shared, username: &str) -> UserId {
    let user = user(store, username).await;
    assert!(store.use_code(user, &code(1), VERIFY).await.unwrap());
    user
}

pub(crate) fn text(text: &str) -> Action {
    Action::Message { client_id: None, text: text.into(), reply_to: None, attachments: Vec::new() }
}

pub(crate) fn named(client_id: &str, text: &str) -> Action {
    Action::Message {
        client_id: Some(client_id.into()),
        text: text.into(),
        reply_to: None,
        attachments: Vec::new(),
    }
}

pub(crate) fn to(other: UserId) -> Target {
    let at = now();
    Target::DirectWith(other, ConversationId::mint(at, u128::from(at.as_millis().unsigned_abs())))
}

pub(crate) fn entry(target: Target, sender: UserId, action: Action) -> Append {
    let at = now();
    Append { target, sender, at, random: at.as_millis().unsigned_abs(), action, mentions: Vec::new() }
}

/// Appends and waits until it is durable.
pub(crate) async fn append(store: &Shared, append: Append) -> Result<Appended, AppendError> {
    store.submit(append, Origin::default()).stored().await
}

/// Sends a text to a user. Returns the conversation and the id of the message.
pub(crate) async fn send(
    store: &Shared,
    from: UserId,
    other: UserId,
    what: &str,
) -> (ConversationKey, MessageId) {
    let appended = append(store, entry(to(other), from, text(what))).await.unwrap();
    let message = appended.entry().said();
    (message.conversation, message.id)
}

/// Two people who have exchanged one message.
pub(crate) async fn pair(store: &Shared) -> (UserId, UserId, ConversationKey) {
    let (ann, bob) = (user(store, "ann").await, user(store, "bob").await);
    let (key, _) = send(store, ann, bob, "first").await;
    (ann, bob, key)
}

/// All entries of a conversation.
pub(crate) async fn all(store: &Shared, key: ConversationKey) -> Vec<Entry> {
    let range = EntryRange {
        conversation: key,
        reader: UserId(1),
        after_seq: 0,
        limit: usize::MAX,
        bytes: usize::MAX,
    };
    let mut read = store.entries(vec![range], store.position().await.unwrap()).await.unwrap();
    assert!(read[0].upto.is_complete);
    read.remove(0).entries
}

/// An entry that is about a message.
pub(crate) trait Said {
    fn said(&self) -> &MessageRecord;
}

impl Said for Entry {
    fn said(&self) -> &MessageRecord {
        self.message.as_ref().unwrap()
    }
}
