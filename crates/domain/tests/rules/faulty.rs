//! The memory store with faults: a test can make operations fail, hold their answers back, and count them.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::store::{
    Accepted, Account, AccountChange, AccountPlace, AccountStore, AdminAccount, AdminChange, AdminChanged,
    AdminStore, ApiTokenRecord, ApiTokenStore, Append, AttachmentRecord, AttachmentStore, AuditRecord,
    AuditStore, Avatar, AvatarStore, BlobHash, BlockStore, Blocked, Closing, CodeStore, CodeTry, CodeUse,
    Committed, ConversationKey, ConversationRecord, ConversationStore, CursorMove, CursorStore, Deed,
    EndedSession, EntryPage, EntryRange, Epoch, Erasure, ErasureStore, FirstCode, Follower, Forgotten, Found,
    FoundAccounts, GroupAvatar, GroupChange, GroupEntry, Hash, HostAccount, HostAccountStore,
    InvitationRecord, InvitationRefusal, InvitationStore, Lag, LastSeen, MemberRecord, MessageRecord,
    MessageStore, Moved, Mute, NameSearch, NewAccount, NewGroup, NewHostAccount, NewInvitation, NewSession,
    NoticeRequest, NoticeStore, OneTimeCode, Origin, Position, PresenceQuery, PresenceState, Purpose,
    Reaction, ReactionStore, RefreshUse, Rotation, Search, SearchStore, SessionRecord, SessionStore,
    SetGroupAvatar, SharedPage, SharedRange, SharedStore, Since, Store, StoreAge, StoreError, StoredChange,
    Submitted, Traces, UserId, WaitingNotice,
};
use parking_lot::Mutex;
use protocol::{
    AccountRole, AttachmentId, ConversationId, MessageId, OwnMessages, Role, SessionId, Timestamp,
};
use store::MemoryStore;
use tokio::sync::oneshot;

pub(crate) struct Faulty {
    store: Arc<MemoryStore>,
    /// Whether moving marks, storing when users were last seen and setting pictures fail.
    pub(crate) failing: AtomicBool,
    /// Whether [`ConversationStore::conversation_by_key`] fails.
    pub(crate) unreadable: AtomicBool,
    /// How often [`ConversationStore::conversation_by_key`] was called.
    pub(crate) whole_reads: AtomicUsize,
    /// Whether [`ErasureStore::erase_traces`] fails.
    pub(crate) erasing_fails: AtomicBool,
    /// How often [`ErasureStore::erase_traces`] was called.
    pub(crate) erased: AtomicUsize,
    /// How often marks were moved, or last seen times stored.
    pub(crate) asked: AtomicUsize,
    /// How often [`MessageStore::entries`] was called.
    pub(crate) readings: AtomicUsize,
    /// How often [`Follower::next`] was called.
    pub(crate) follows: AtomicUsize,
    /// Holds back the next answer of [`ConversationStore::behind`].
    pub(crate) late: Mutex<Option<Late>>,
    /// Holds back the next answer of [`ConversationStore::brief`] for a reader.
    pub(crate) late_view: Mutex<Option<Late>>,
    /// Holds back the next answer of [`SessionStore::end_session`].
    pub(crate) late_end: Mutex<Option<Late>>,
    /// Whether accounts of host applications are disabled, and when they were deleted.
    pub(crate) disabled: AtomicBool,
    pub(crate) deleted_at: Mutex<Option<Timestamp>>,
    /// Given as [`StoreAge::doubted`].
    pub(crate) doubted: Mutex<Option<Duration>>,
}

/// An answer that is held back: it is `known`, and waits for `let_go`.
pub(crate) struct Late {
    pub(crate) known: oneshot::Sender<()>,
    pub(crate) let_go: oneshot::Receiver<()>,
}

impl Late {
    /// Holds back the next answer. Gives a future that is ready once the answer is known, and a sender that lets it
    /// go.
    pub(crate) fn next(place: &Mutex<Option<Self>>) -> (oneshot::Receiver<()>, oneshot::Sender<()>) {
        let ((known, is_known), (go, let_go)) = (oneshot::channel(), oneshot::channel());
        *place.lock() = Some(Self { known, let_go });
        (is_known, go)
    }

    /// Waits, if a test asked for it.
    async fn hold_back(place: &Mutex<Option<Self>>) {
        let late = place.lock().take();
        if let Some(Self { known, let_go }) = late {
            known.send(()).unwrap();
            let_go.await.unwrap();
        }
    }
}

impl Faulty {
    pub(crate) fn new(store: Arc<MemoryStore>) -> Self {
        Self {
            store,
            failing: false.into(),
            unreadable: false.into(),
            whole_reads: 0.into(),
            erasing_fails: false.into(),
            erased: 0.into(),
            asked: 0.into(),
            readings: 0.into(),
            follows: 0.into(),
            late: Mutex::default(),
            late_view: Mutex::default(),
            late_end: Mutex::default(),
            disabled: false.into(),
            deleted_at: Mutex::default(),
            doubted: Mutex::default(),
        }
    }
}

#[async_trait]
impl CursorStore for Faulty {
    async fn move_cursors(&self, moves: Vec<CursorMove>) -> Result<Vec<Moved>, StoreError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.failing.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("as told".into()));
        }
        self.store.move_cursors(moves).await
    }
}

/// A follower that counts its calls.
struct Counted<'a> {
    follower: Box<dyn Follower + 'a>,
    follows: &'a AtomicUsize,
}

#[async_trait]
impl Follower for Counted<'_> {
    async fn next(&self, limit: usize) -> Result<Vec<Arc<Committed>>, StoreError> {
        self.follows.fetch_add(1, Ordering::SeqCst);
        self.follower.next(limit).await
    }
}

/// Implements operations that the memory store does without faults.
macro_rules! hand_on {
    ($store:ident { $(fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty;)* } $($more:tt)*) => {
        #[async_trait]
        impl $store for Faulty {
            $(async fn $name(&self, $($argument: $type),*) -> $result {
                self.store.$name($($argument),*).await
            })*
            $($more)*
        }
    };
}

hand_on! {
    AccountStore {
        fn create_account(account: NewAccount, code: FirstCode, freed: Timestamp)
            -> Result<Option<UserId>, StoreError>;
        fn forget_unverified(freed: Timestamp, limit: usize) -> Result<usize, StoreError>;
        fn account(username: &str) -> Result<Option<Account>, StoreError>;
        fn account_of(user: UserId) -> Result<Option<Account>, StoreError>;
        fn accounts_by_email(email: &str, limit: usize) -> Result<Vec<Account>, StoreError>;
        fn change_password(user: UserId, before: String, password_hash: String, keep: SessionId, at: Timestamp)
            -> Result<bool, StoreError>;
        fn change_account(user: UserId, change: AccountChange) -> Result<Option<Account>, StoreError>;
        fn accounts_by_username(reader: UserId, prefix: &str, after: &str, limit: usize)
            -> Result<Vec<Account>, StoreError>;
        fn accounts_by_display_name(search: NameSearch) -> Result<FoundAccounts, StoreError>;
        fn presence_states(from: UserId, usernames: Vec<String>) -> Result<Vec<PresenceState>, StoreError>;
        fn sees(looks: Vec<PresenceQuery>) -> Result<Vec<bool>, StoreError>;
    }

    async fn note_seen(&self, seen: Vec<LastSeen>) -> Result<(), StoreError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.failing.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("as told".into()));
        }
        self.store.note_seen(seen).await
    }
}

hand_on! {
    CodeStore {
        fn put_code(user: UserId, code: OneTimeCode) -> Result<(), StoreError>;
        fn codes(user: UserId, purpose: Purpose, now: Timestamp) -> Result<Vec<CodeTry>, StoreError>;
        fn try_code(user: UserId, purpose: Purpose, from: Option<IpAddr>, others: bool, now: Timestamp)
            -> Result<Vec<CodeTry>, StoreError>;
        fn use_code(user: UserId, code: &OneTimeCode, by: CodeUse) -> Result<bool, StoreError>;
    }
}

hand_on! {
    AdminStore {
        fn add_account(account: NewAccount, role: AccountRole, deed: Deed, freed: Timestamp)
            -> Result<Option<UserId>, StoreError>;
        fn administer(change: AdminChange) -> Result<AdminChanged, StoreError>;
        fn log_out(user: UserId, deed: Deed) -> Result<Vec<SessionId>, StoreError>;
        fn find_accounts(query: &str, after: Option<AccountPlace>, limit: usize)
            -> Result<Vec<AdminAccount>, StoreError>;
        fn admin_account(user: UserId) -> Result<Option<AdminAccount>, StoreError>;
        fn has_admin() -> Result<bool, StoreError>;
    }
}

hand_on! {
    NoticeStore {
        fn request_notice(request: NoticeRequest) -> Result<(), StoreError>;
        fn due_notices(now: Timestamp, limit: usize) -> Result<Vec<WaitingNotice>, StoreError>;
        fn remove_notice(number: i64) -> Result<(), StoreError>;
        fn put_notice_off(number: i64, due_at: Timestamp) -> Result<(), StoreError>;
    }
}

hand_on! {
    AuditStore {
        fn audit(below: Option<u64>, limit: usize) -> Result<Vec<AuditRecord>, StoreError>;
        fn forget_audit(until: Timestamp, most: u64) -> Result<(), StoreError>;
    }
}

hand_on! {
    SessionStore {
        fn create_session(session: NewSession, most: usize)
            -> Result<Option<Vec<SessionRecord>>, StoreError>;
        fn session(id: SessionId) -> Result<Option<SessionRecord>, StoreError>;
        fn sessions_of(user: UserId) -> Result<Vec<SessionRecord>, StoreError>;
        fn session_of_refresh(token: Hash) -> Result<Option<SessionId>, StoreError>;
        fn rotate(refresh: RefreshUse) -> Result<Rotation, StoreError>;
        fn forget_expired(now: Timestamp) -> Result<Vec<SessionRecord>, StoreError>;
        fn ended_sessions(after: u64, limit: usize) -> Result<Vec<EndedSession>, StoreError>;
        fn last_ended_session() -> Result<u64, StoreError>;
    }

    async fn end_session(&self, user: UserId, id: SessionId, at: Timestamp) -> Result<bool, StoreError> {
        let ended = self.store.end_session(user, id, at).await;
        Late::hold_back(&self.late_end).await;
        ended
    }
}

hand_on! {
    ApiTokenStore {
        fn create_api_token(token: ApiTokenRecord, hash: Hash, most: usize) -> Result<bool, StoreError>;
        fn api_token(hash: Hash) -> Result<Option<ApiTokenRecord>, StoreError>;
        fn api_tokens_of(user: UserId) -> Result<Vec<ApiTokenRecord>, StoreError>;
        fn note_api_token_used(hash: Hash, at: Timestamp) -> Result<(), StoreError>;
        fn end_api_token(user: UserId, id: SessionId, at: Timestamp) -> Result<bool, StoreError>;
        fn end_expired_api_tokens(now: Timestamp) -> Result<Vec<ApiTokenRecord>, StoreError>;
    }
}

hand_on! {
    HostAccountStore {
        fn host_account_of(session: SessionId) -> Result<Option<HostAccount>, StoreError>;
        fn create_host_account(account: NewHostAccount, freed: Timestamp)
            -> Result<Option<HostAccount>, StoreError>;
        fn refuse_host_tokens(user: UserId, next: SessionId, now: Timestamp)
            -> Result<Option<SessionId>, StoreError>;
    }

    async fn host_account(&self, issuer: &str, subject: &str) -> Result<Option<HostAccount>, StoreError> {
        let mut host = self.store.host_account(issuer, subject).await?;
        if let Some(HostAccount { account, .. }) = &mut host {
            account.disabled |= self.disabled.load(Ordering::SeqCst);
            account.deleted_at = account.deleted_at.or(*self.deleted_at.lock());
        }
        Ok(host)
    }
}

hand_on! {
    BlockStore {
        fn block(user: UserId, other: UserId, at: Timestamp, most: usize)
            -> Result<Option<Timestamp>, StoreError>;
        fn unblock(user: UserId, other: UserId) -> Result<bool, StoreError>;
        fn blocked_since(user: UserId, other: UserId) -> Result<Option<Timestamp>, StoreError>;
        fn blocks(user: UserId, before: Option<(Timestamp, UserId)>, limit: usize)
            -> Result<Vec<Blocked>, StoreError>;
    }
}

hand_on! {
    SearchStore {
        fn search(search: Search) -> Result<Found, StoreError>;
        fn indexed() -> ();
    }
}

hand_on! {
    AttachmentStore {
        fn add_attachment(attachment: AttachmentRecord, quota: u64) -> Result<bool, StoreError>;
        fn attachments_of(owner: UserId, after: Option<AttachmentId>, limit: usize)
            -> Result<Vec<AttachmentRecord>, StoreError>;
        fn attachments_weigh(owner: UserId) -> Result<u64, StoreError>;
        fn attachment(id: AttachmentId, reader: UserId) -> Result<Option<AttachmentRecord>, StoreError>;
        fn forget_unused(age: Duration, before: Option<Duration>, limit: usize) -> Result<Vec<BlobHash>, StoreError>;
        fn count_unused(before: Duration) -> Result<usize, StoreError>;
        fn unused_blobs(hashes: Vec<BlobHash>) -> Result<Vec<BlobHash>, StoreError>;
        fn note_unnamed(hashes: Vec<BlobHash>, age: Duration, before: Option<Duration>)
            -> Result<Vec<BlobHash>, StoreError>;
        fn forget_unnamed(hashes: Vec<BlobHash>) -> Result<(), StoreError>;
    }

    async fn grow_older(&self, by: Duration) -> Result<StoreAge, StoreError> {
        let doubted = *self.doubted.lock();
        self.store.grow_older(by).await.map(|age| StoreAge { doubted, ..age })
    }
}

hand_on! {
    AvatarStore {
        fn set_group_avatar(change: GroupAvatar) -> Result<Option<SetGroupAvatar>, StoreError>;
        fn group_avatar(reader: UserId, conversation: ConversationId) -> Result<Option<Avatar>, StoreError>;
    }

    async fn set_avatar(&self, user: UserId, avatar: Option<Avatar>) -> Result<Option<Avatar>, StoreError> {
        if self.failing.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("as told".into()));
        }
        self.store.set_avatar(user, avatar).await
    }
}

hand_on! {
    ConversationStore {
        fn conversation_key(id: ConversationId) -> Result<Option<ConversationKey>, StoreError>;
        fn conversation(user: UserId, key: ConversationKey) -> Result<Option<ConversationRecord>, StoreError>;
        fn direct(one: UserId, other: UserId) -> Result<Option<ConversationKey>, StoreError>;
        fn has_written(sender: UserId, other: UserId, entries: usize) -> Result<bool, StoreError>;
        fn conversations(user: UserId, before: Option<Position>, limit: usize)
            -> Result<Vec<ConversationRecord>, StoreError>;
        fn members(reader: UserId, key: ConversationKey, after: Option<(Role, UserId)>, limit: usize)
            -> Result<Option<Vec<MemberRecord>>, StoreError>;
        fn create_group(group: NewGroup) -> Result<ConversationRecord, StoreError>;
        fn change_group(change: GroupChange) -> Result<Option<StoredChange>, StoreError>;
        fn group_entries(reader: UserId, key: ConversationKey, above: u64, below: u64, limit: usize)
            -> Result<Vec<GroupEntry>, StoreError>;
        fn mute(user: UserId, key: ConversationKey, mute: Mute) -> Result<bool, StoreError>;
    }

    async fn conversation_by_key(
        &self,
        key: ConversationKey,
    ) -> Result<Option<ConversationRecord>, StoreError> {
        self.whole_reads.fetch_add(1, Ordering::SeqCst);
        if self.unreadable.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("as told".into()));
        }
        self.store.conversation_by_key(key).await
    }

    async fn behind(&self, user: UserId, since: Since) -> Result<Vec<Lag>, StoreError> {
        let behind = self.store.behind(user, since).await;
        Late::hold_back(&self.late).await;
        behind
    }

    async fn brief(
        &self,
        key: ConversationKey,
        reader: Option<UserId>,
        named: Vec<UserId>,
    ) -> Result<Option<ConversationRecord>, StoreError> {
        let conversation = self.store.brief(key, reader, named).await;
        if reader.is_some() {
            Late::hold_back(&self.late_view).await;
        }
        conversation
    }
}

hand_on! {
    InvitationStore {
        fn invitation_refusal(user: UserId, by: UserId, declines_since: Timestamp)
            -> Result<Option<InvitationRefusal>, StoreError>;
        fn invite(invitation: NewInvitation) -> Result<Result<bool, InvitationRefusal>, StoreError>;
        fn accept_invitation(change: GroupChange) -> Result<Accepted, StoreError>;
        fn decline_invitation(user: UserId, conversation: ConversationKey, at: Timestamp)
            -> Result<bool, StoreError>;
        fn has_declined(user: UserId, conversation: ConversationKey, declines_since: Timestamp)
            -> Result<bool, StoreError>;
        fn withdraw_invitation(user: UserId, conversation: ConversationKey) -> Result<bool, StoreError>;
        fn invitation(user: UserId, conversation: ConversationKey)
            -> Result<Option<InvitationRecord>, StoreError>;
        fn invitations(user: UserId, before: Option<(Timestamp, ConversationKey)>, limit: usize)
            -> Result<Vec<InvitationRecord>, StoreError>;
        fn invited(reader: UserId, conversation: ConversationKey, after: Option<UserId>, limit: usize)
            -> Result<Vec<InvitationRecord>, StoreError>;
    }
}

hand_on! {
    SharedStore {
        fn shared(range: SharedRange) -> Result<SharedPage, StoreError>;
    }
}

hand_on! {
    ErasureStore {
        fn erasures() -> Result<Vec<Erasure>, StoreError>;
        fn heir(group: ConversationKey, leaving: UserId) -> Result<Option<UserId>, StoreError>;
        fn traces(erasure: Erasure, limit: usize) -> Result<Traces, StoreError>;
        fn forget_belongings(user: UserId, limit: usize) -> Result<Forgotten, StoreError>;
        fn scrub() -> Result<(), StoreError>;
        fn end_erasure(user: UserId) -> Result<(), StoreError>;
        fn close_account(user: UserId, messages: OwnMessages, at: Timestamp) -> Result<Closing, StoreError>;
    }

    async fn erase_traces(&self, user: UserId, traces: Traces, at: Timestamp) -> Result<(), StoreError> {
        self.erased.fetch_add(1, Ordering::SeqCst);
        if self.erasing_fails.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("as told".into()));
        }
        self.store.erase_traces(user, traces, at).await
    }
}

hand_on! {
    MessageStore {
        fn messages_before(reader: UserId, conversation: ConversationKey, before: u64, limit: usize)
            -> Result<Vec<MessageRecord>, StoreError>;
        fn messages_after(reader: UserId, conversation: ConversationKey, after: u64, limit: usize)
            -> Result<Vec<MessageRecord>, StoreError>;
        fn position() -> Result<Position, StoreError>;
    }

    async fn entries(&self, ranges: Vec<EntryRange>, upto: Position) -> Result<Vec<EntryPage>, StoreError> {
        self.readings.fetch_add(1, Ordering::SeqCst);
        self.store.entries(ranges, upto).await
    }

    fn follow(&self, after: Position) -> Box<dyn Follower + '_> {
        Box::new(Counted { follower: self.store.follow(after), follows: &self.follows })
    }

    fn submit(&self, append: Append, origin: Origin) -> Submitted {
        self.store.submit(append, origin)
    }

    fn epoch(&self) -> Epoch {
        self.store.epoch()
    }

    fn reached(&self, epoch: Epoch, position: Position) -> bool {
        self.store.reached(epoch, position)
    }
}

hand_on! {
    ReactionStore {
        fn reactions(reader: UserId, conversation: ConversationKey, message: MessageId,
            after: Option<(Box<str>, u64)>, limit: usize) -> Result<Option<Vec<Reaction>>, StoreError>;
    }
}

hand_on! {
    Store {
        fn check() -> Result<(), StoreError>;
        fn close() -> ();
    }
}
