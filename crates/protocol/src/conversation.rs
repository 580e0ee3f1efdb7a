//! Conversations and who is in them.

use std::collections::BTreeMap;

use crate::wire::wire;
use crate::{ConversationId, Message, Timestamp};

wire! {
    /// A conversation, as the caller sees it.
    pub struct Conversation {
        /// The id, which never changes.
        pub id: ConversationId,
        /// Two people, or a group.
        pub kind: ConversationKind,
        /// Groups only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub title: Option<String>,
        /// Where the picture of a group is, if it has one: a path below that of the server, another one for each
        /// picture.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub picture_url: Option<String>,
        /// What a new member may read.
        pub history: HistoryAccess,
        /// When it began.
        pub created_at: Timestamp,
        /// The highest `seq` taken in it; 0 in an empty one.
        pub head_seq: u64,
        /// Messages of others above the caller's `readSeq` that are not deleted; counted up to 1,000.
        pub unread: u64,
        /// Whether the caller silenced it.
        pub muted: bool,
        /// When that ends by itself. Nothing is sent then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub muted_until: Option<Timestamp>,
        /// How many members it has.
        pub member_count: usize,
        /// All members, the caller included; in a group of more than 100 the caller and the first of the others, those
        /// who lead before the rest. An event with `changes` has fewer of such a group: the caller, those who lead, and
        /// those whom `changes` names.
        pub members: Vec<Member>,
        /// The newest message the caller may see.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub last_message: Option<Message>,
        /// Usernames of those who were invited by the request that this answers, or had been before, because their
        /// `addMe` does not let the caller add them. Only in the answers to beginning a group and to adding a member.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub invited: Vec<String>,
        /// The changes of the group that an event tells of, ascending, as `GET …/changes` gives them. Only in events.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub changes: Vec<ConversationChange>,
    }

    /// Somebody in a conversation, with their cursors.
    #[derive(Eq)]
    pub struct Member {
        /// Username of the member.
        pub username: String,
        /// The name to show.
        pub display_name: String,
        /// Where the member's picture is, if they have one; as in a user.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub picture_url: Option<String>,
        /// What they may do.
        pub role: Role,
        /// Everything up to here has reached one of their devices.
        pub delivered_seq: u64,
        /// Everything up to here has been read.
        pub read_seq: u64,
    }

    /// How a group itself changed, as its log says.
    pub struct ConversationChange {
        /// Its place in the log; what is at 1 began the group, and says its title alone.
        pub seq: u64,
        /// The username of who did it.
        pub by: String,
        /// When the group changed.
        pub timestamp: Timestamp,
        /// What it is called since.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub title: Option<String>,
        /// What new members may read since.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub history: Option<HistoryAccess>,
        /// Whether it has a picture since, another one than before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub picture: Option<bool>,
        /// Usernames of those who came.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub joined: Vec<String>,
        /// Usernames of those who left or were taken out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub left: Vec<String>,
        /// By username, what somebody may do since.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        pub roles: BTreeMap<String, Role>,
    }

    /// Body of `POST /api/conversations`: a group, with the caller as its owner.
    pub struct NewGroup {
        /// 1–100 characters.
        pub title: String,
        /// Usernames besides the caller's own, at most 256; others are added afterwards.
        #[serde(default)]
        pub members: Vec<String>,
        /// What a new member may read; from their joining on where it is left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub history: Option<HistoryAccess>,
    }

    /// Body of `PATCH /api/conversations/{id}`: what is left out stays.
    #[derive(Default)]
    pub struct ChangeConversation {
        /// Groups only, by the owner and admins.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub title: Option<String>,
        /// For the caller alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub muted: Option<bool>,
        /// When it ends by itself; only with `muted: true`, which without this holds until it is taken back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub muted_until: Option<Timestamp>,
        /// Groups only, by the owner and admins; for those who join after it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub history: Option<HistoryAccess>,
    }

    /// Body of `PUT /api/conversations/{id}/members/{username}`.
    #[derive(Default)]
    pub struct PutMember {
        /// For a new member `member` where it is left out. Only the owner gives roles; who gives `owner` away
        /// becomes an admin.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub role: Option<Role>,
    }

    /// What kind of conversation.
    #[derive(Copy, Eq)]
    pub enum ConversationKind {
        /// Two people.
        Direct,
        /// Many, with a title and roles.
        Group,
    }

    /// What a new member may read.
    #[derive(Copy, Eq)]
    pub enum HistoryAccess {
        /// From their joining on.
        Joined,
        /// Everything from before they joined, too.
        All,
    }

    /// What a member may do, from most to least.
    #[derive(Copy, Eq, PartialOrd, Ord)]
    pub enum Role {
        /// Everything, and there is one.
        Owner,
        /// Invite, remove, rename.
        Admin,
        /// Read and write.
        Member,
    }
}
