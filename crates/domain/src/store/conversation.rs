use std::sync::Arc;

use async_trait::async_trait;
use protocol::{ConversationId, ConversationKind, Cursors, HistoryAccess, Role, Timestamp};

use super::{MessageRecord, Position, StoreError, UserId};

/// A conversation within a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConversationKey(pub i64);

/// A conversation, as it is stored, with what a list of conversations shows.
#[derive(Clone, Debug)]
pub struct ConversationRecord {
    /// Within the store.
    pub key: ConversationKey,
    /// For clients.
    pub id: ConversationId,
    /// Two people, or a group.
    pub kind: ConversationKind,
    /// Groups only.
    pub title: Option<String>,
    /// What a new member may read.
    pub history: HistoryAccess,
    /// When it began.
    pub created_at: Timestamp,
    /// The highest `seq` taken.
    pub head_seq: u64,
    /// Where the log stood when that was taken.
    pub head_position: Position,
    /// The `seq` of the last change of the conversation itself; 0 in a direct one.
    pub changed_seq: u64,
    /// Everybody in it.
    pub members: Vec<MemberRecord>,
    /// Who was in it: their messages still are.
    pub former: Vec<(UserId, Arc<str>)>,
    /// The newest message that the asking user may see.
    pub last_message: Option<MessageRecord>,
    /// Messages of others above the asking user's read cursor, counted up to [`protocol::limit::UNREAD`]
    /// among at least twice as many of the newest entries.
    pub unread: u64,
}

/// Somebody in a conversation.
#[derive(Clone, Debug)]
pub struct MemberRecord {
    /// Who.
    pub user: UserId,
    /// Their handle.
    pub username: Arc<str>,
    /// Their name to show.
    pub display_name: String,
    /// What they may do.
    pub role: Role,
    /// How far they have come.
    pub cursors: Cursors,
    /// Whether they silenced it.
    pub muted: bool,
}

/// A group to begin.
#[derive(Clone, Debug)]
pub struct NewGroup {
    /// Stable.
    pub id: ConversationId,
    /// Who begins it.
    pub owner: UserId,
    /// Its title.
    pub title: String,
    /// What a new member may read.
    pub history: HistoryAccess,
    /// Besides the owner.
    pub members: Vec<UserId>,
    /// When.
    pub at: Timestamp,
}

/// A change of a group, as an entry of its log.
#[derive(Clone, Debug)]
pub struct GroupChange {
    /// Which.
    pub conversation: ConversationKey,
    /// Who changes it.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// What [`ConversationRecord::changed_seq`] was when it was decided that they may.
    pub changed_seq: u64,
    /// Its title from now on.
    pub title: Option<String>,
    /// What new members may read from now on.
    pub history: Option<HistoryAccess>,
    /// Who is in it from now on with which role, and with none who is not.
    pub members: Vec<(UserId, Option<Role>)>,
}

/// An entry of a group's log that changed the group itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupEntry {
    /// Its own.
    pub seq: u64,
    /// Who changed it.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// What; of a group that was begun, its title.
    pub events: Vec<GroupEvent>,
}

/// What is otherwise in a group since an entry; a [`GroupEntry`] lists it in the order below, and by user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupEvent {
    /// Its title.
    Title(String),
    /// What a new member may read.
    History(HistoryAccess),
    /// Who is in it.
    Joined(UserId),
    /// Who is in it no longer.
    Left(UserId),
    /// What a member may do.
    Role(UserId, Role),
}

/// From where a reader goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// In each conversation, from the user's delivered cursor.
    Delivered,
    /// Everywhere from a position of the log.
    Position(Position),
}

/// A conversation that has entries for a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behind {
    /// Which.
    pub conversation: ConversationKey,
    /// The reader has everything up to here.
    pub after_seq: u64,
}

/// Conversations and who is in them.
#[async_trait]
pub trait ConversationStore: Send + Sync {
    /// A conversation by its store key, without what depends on who asks (`unread` is 0).
    async fn conversation_by_key(
        &self,
        key: ConversationKey,
    ) -> Result<Option<ConversationRecord>, StoreError>;

    /// The key of a conversation.
    async fn conversation_key(&self, id: ConversationId) -> Result<Option<ConversationKey>, StoreError>;

    /// The direct conversation of two people (or of one with themselves), in either order.
    async fn direct(&self, one: UserId, other: UserId) -> Result<Option<ConversationKey>, StoreError>;

    /// A conversation as a member sees it; `None` also for who is not a member.
    async fn conversation(
        &self,
        user: UserId,
        key: ConversationKey,
    ) -> Result<Option<ConversationRecord>, StoreError>;

    /// A user's conversations, newest activity first, from below `before` (exclusive) on.
    async fn conversations(
        &self,
        user: UserId,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<ConversationRecord>, StoreError>;

    /// Begins a group; that is its first entry.
    async fn create_group(&self, group: NewGroup) -> Result<ConversationRecord, StoreError>;

    /// Changes a group; `None` if it has changed since `changed_seq`. Who joins sees what comes from this entry on,
    /// and what was before only as the group is set; who is taken out sees nothing of it any more.
    async fn change_group(&self, change: GroupChange) -> Result<Option<ConversationRecord>, StoreError>;

    /// What a reader may see of how a group changed above one `seq` and below another: the newest entries, ascending.
    async fn group_entries(
        &self,
        reader: UserId,
        key: ConversationKey,
        above: u64,
        below: u64,
        limit: usize,
    ) -> Result<Vec<GroupEntry>, StoreError>;

    /// Silences a conversation for a member, or no longer. Says whether they are one.
    async fn mute(&self, user: UserId, key: ConversationKey, muted: bool) -> Result<bool, StoreError>;

    /// The user's conversations with entries that a reader lacks; costs what is missing, not what was.
    async fn behind(&self, user: UserId, since: Since) -> Result<Vec<Behind>, StoreError>;
}
