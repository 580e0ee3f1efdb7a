use std::sync::Arc;

use async_trait::async_trait;
use protocol::{ConversationId, ConversationKind, Cursors, HistoryAccess, Role, Timestamp, limit};

use super::{Avatar, MessageRecord, Position, StoreError, UserId};

/// The number of a conversation within a store; clients know it by its [`ConversationId`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConversationKey(pub i64);

/// A conversation with its members, and with what the list of conversations shows of it.
#[derive(Clone, Debug)]
pub struct ConversationRecord {
    /// Its number within the store.
    pub key: ConversationKey,
    /// Its id for clients.
    pub id: ConversationId,
    /// Two people, or a group.
    pub kind: ConversationKind,
    /// `None` for a direct conversation.
    pub title: Option<String>,
    /// The picture of a group.
    pub avatar: Option<Avatar>,
    /// What a new member may read.
    pub history: HistoryAccess,
    /// When it began.
    pub created_at: Timestamp,
    /// The highest `seq` taken.
    pub head_seq: u64,
    /// The position of that entry.
    pub head_position: Position,
    /// The `seq` of the last change of the group itself; 0 for a direct conversation.
    pub changed_seq: u64,
    /// How many members it has.
    pub member_count: usize,
    /// The members, or as a member sees it at most [`limit::MEMBERS_SHOWN`] of them: that member, and then the others
    /// in the order of [`ConversationStore::members`]. [`ConversationStore::brief`] has fewer.
    pub members: Vec<MemberRecord>,
    /// Names of people besides `members`. They are the former members, whose messages are still shown with their
    /// names, or as a member sees it those whom `last_message` names.
    pub others: Vec<(UserId, Arc<str>)>,
    /// The newest message that the asking user may see.
    pub last_message: Option<MessageRecord>,
    /// How many messages of others, not deleted, are above the asking user's read mark; at most [`limit::UNREAD`]. A
    /// store need not look at more than twice as many messages.
    pub unread: u64,
}

/// Somebody in a conversation.
#[derive(Clone, Debug)]
pub struct MemberRecord {
    /// The member.
    pub user: UserId,
    /// Their username as it was registered.
    pub username: Arc<str>,
    /// The name that clients show.
    pub display_name: String,
    /// Their picture.
    pub avatar: Option<Avatar>,
    /// Decides what they may do in the group.
    pub role: Role,
    /// Up to where messages were delivered to them, and up to where they have read.
    pub cursors: Cursors,
    /// Whether they want no notifications of it.
    pub mute: Mute,
}

/// For how long a member wants no notifications of a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mute {
    /// They want them.
    #[default]
    Off,
    /// Not before this time.
    Until(Timestamp),
    /// Not before they say so.
    Always,
}

impl Mute {
    /// Whether it holds at a time.
    pub fn holds(self, now: Timestamp) -> bool {
        match self {
            Mute::Off => false,
            Mute::Until(end) => now < end,
            Mute::Always => true,
        }
    }
}

impl ConversationRecord {
    /// Leaves the members that `user` is shown.
    pub fn show_to(&mut self, user: UserId) {
        if self.members.len() > limit::MEMBERS_SHOWN {
            self.members.sort_by_key(|member| (member.user != user, member.role, member.user));
            self.members.truncate(limit::MEMBERS_SHOWN);
        }
    }
}

/// A group to begin.
#[derive(Clone, Debug)]
pub struct NewGroup {
    /// Its id for clients, for as long as it exists.
    pub id: ConversationId,
    /// Who begins it.
    pub owner: UserId,
    /// Checked to be one line of allowed length.
    pub title: String,
    /// What a new member may read.
    pub history: HistoryAccess,
    /// The members besides the owner, ascending, each once.
    pub members: Vec<UserId>,
    /// When it begins.
    pub at: Timestamp,
}

/// A change of a group, as an entry of its log.
#[derive(Clone, Debug)]
pub struct GroupChange {
    /// The group to change.
    pub conversation: ConversationKey,
    /// Who changes it.
    pub by: UserId,
    /// When it was asked for.
    pub at: Timestamp,
    /// [`ConversationRecord::changed_seq`] when it was checked that they may. If the group has changed since, the
    /// change is not made.
    pub changed_seq: u64,
    /// The new title; `None` keeps it.
    pub title: Option<String>,
    /// What new members may read from now on; `None` keeps it.
    pub history: Option<HistoryAccess>,
    /// Users with their new role, who join if they are not members. Users with `None` leave.
    pub members: Vec<(UserId, Option<Role>)>,
}

/// An entry of a group's log that changed the group itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupEntry {
    /// The entry's number in the group.
    pub seq: u64,
    /// The number of the change of the group before this one; 0 for its beginning.
    pub previous: u64,
    /// Who changed it.
    pub by: UserId,
    /// When it was asked for.
    pub at: Timestamp,
    /// What changed. The first entry of a group has its title, and nothing of its first members.
    pub events: Vec<GroupEvent>,
}

impl GroupEntry {
    /// Who joined by it.
    pub fn joined(&self) -> impl Iterator<Item = UserId> {
        self.events.iter().filter_map(|event| match event {
            GroupEvent::Joined(user) => Some(*user),
            _ => None,
        })
    }

    /// Who left by it, or was removed.
    pub fn left(&self) -> impl Iterator<Item = UserId> {
        self.events.iter().filter_map(|event| match event {
            GroupEvent::Left(user) => Some(*user),
            _ => None,
        })
    }
}

/// One thing that an entry changed in a group. A [`GroupEntry`] lists them in the order below, and then by user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupEvent {
    /// The new title.
    Title(String),
    /// What new members may read from now on.
    History(HistoryAccess),
    /// A user joined.
    Joined(UserId),
    /// A user left, or was removed.
    Left(UserId),
    /// A member's new role.
    Role(UserId, Role),
    /// Whether it has a picture from now on, another one than before.
    Picture(bool),
}

/// A change of a group that is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredChange {
    /// Its entry in the log of the group.
    pub entry: GroupEntry,
    /// Users whose invitation to the group waited and ended with the change.
    pub uninvited: Vec<UserId>,
}

/// Where a reader that catches up begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// In each conversation above the user's delivered mark.
    Delivered,
    /// In all conversations above this position.
    Position(Position),
}

/// A conversation in which a reader lacks entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lag {
    /// The conversation.
    pub conversation: ConversationKey,
    /// The reader has all entries up to this `seq`.
    pub after_seq: u64,
}

/// Conversations and who is in them.
#[async_trait]
pub trait ConversationStore: Send + Sync {
    /// A conversation by its store key, with all its members, for the server itself. What depends on who asks is not
    /// filled in: `unread` is 0, and `last_message` must not be shown to anybody.
    async fn conversation_by_key(
        &self,
        key: ConversationKey,
    ) -> Result<Option<ConversationRecord>, StoreError>;

    /// A conversation with the members who matter for a change of it: all, if it has at most
    /// [`limit::MEMBERS_SHOWN`]. Of more, the reader, those of `named` who are members, and the first
    /// [`limit::MEMBERS_SHOWN`] of those who lead. As the reader sees it; `None` if they are not a member. Without a
    /// reader nothing that depends on who asks is filled in, as in [`ConversationStore::conversation_by_key`].
    async fn brief(
        &self,
        key: ConversationKey,
        reader: Option<UserId>,
        named: Vec<UserId>,
    ) -> Result<Option<ConversationRecord>, StoreError>;

    /// The key of a conversation.
    async fn conversation_key(&self, id: ConversationId) -> Result<Option<ConversationKey>, StoreError>;

    /// The direct conversation of two people (or of one with themselves), in either order.
    async fn direct(&self, one: UserId, other: UserId) -> Result<Option<ConversationKey>, StoreError>;

    /// Whether one of the newest `entries` entries of the direct conversation of two people is a message of `sender`.
    async fn has_written(&self, sender: UserId, other: UserId, entries: usize) -> Result<bool, StoreError>;

    /// A conversation as a member sees it; `None` if the user is not a member.
    async fn conversation(
        &self,
        user: UserId,
        key: ConversationKey,
    ) -> Result<Option<ConversationRecord>, StoreError>;

    /// A user's conversations by descending [`ConversationRecord::head_position`]; with `before`, only those below it.
    async fn conversations(
        &self,
        user: UserId,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<ConversationRecord>, StoreError>;

    /// Members of a conversation: those who lead, and then by user; with `after`, those behind this role and user.
    /// `None` if the reader is not a member.
    async fn members(
        &self,
        reader: UserId,
        key: ConversationKey,
        after: Option<(Role, UserId)>,
        limit: usize,
    ) -> Result<Option<Vec<MemberRecord>>, StoreError>;

    /// Begins a group, with the first entry of its log. Gives it as [`ConversationStore::conversation_by_key`] does.
    /// Those of its members whose account is deleted are left out.
    async fn create_group(&self, group: NewGroup) -> Result<ConversationRecord, StoreError>;

    /// Changes a group; `None` if it has changed since [`GroupChange::changed_seq`], or if somebody is to join or to have
    /// a role whose account is deleted. Somebody who joins sees the entries
    /// from this one on, and earlier ones only if the group lets new members read them; their invitation ends. Somebody
    /// who leaves sees nothing of the group any more; the invitations to it that they made and that wait end. Costs as
    /// much as the change has members, however many the group has.
    async fn change_group(&self, change: GroupChange) -> Result<Option<StoredChange>, StoreError>;

    /// The newest `limit` changes of a group above one `seq` and below another that the reader may see, ascending.
    async fn group_entries(
        &self,
        reader: UserId,
        key: ConversationKey,
        above: u64,
        below: u64,
        limit: usize,
    ) -> Result<Vec<GroupEntry>, StoreError>;

    /// Turns a member's notifications of a conversation off or on. False if the user is not a member. A mute that ends
    /// stays stored: whoever reads it compares it with the time.
    async fn mute(&self, user: UserId, key: ConversationKey, mute: Mute) -> Result<bool, StoreError>;

    /// The user's conversations with entries above `since`. Costs as much as there are such entries, however long the
    /// logs are.
    async fn behind(&self, user: UserId, since: Since) -> Result<Vec<Lag>, StoreError>;
}
