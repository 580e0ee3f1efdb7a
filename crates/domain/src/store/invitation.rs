use std::sync::Arc;

use async_trait::async_trait;
use protocol::{ConversationId, Timestamp};

use super::{ConversationKey, GroupChange, StoreError, StoredChange, UserId};

/// An invitation to a group that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationRecord {
    /// The group.
    pub conversation: ConversationKey,
    /// Its id for clients.
    pub id: ConversationId,
    /// Its title now.
    pub title: String,
    /// How many members it has now.
    pub member_count: usize,
    /// Who is invited.
    pub user: NamedUser,
    /// Who invites them.
    pub by: NamedUser,
    /// When they were invited.
    pub at: Timestamp,
}

/// A user with their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedUser {
    /// The user.
    pub id: UserId,
    /// As it was registered.
    pub username: Arc<str>,
    /// The name that clients show.
    pub display_name: String,
}

/// An invitation to store.
#[derive(Clone, Copy, Debug)]
pub struct NewInvitation {
    /// The group.
    pub conversation: ConversationKey,
    /// Who is invited.
    pub user: UserId,
    /// Who invites them: a member of the group.
    pub by: UserId,
    /// When they are invited.
    pub at: Timestamp,
    /// What was declined at this time or before does not count.
    pub declines_since: Timestamp,
}

/// Why somebody cannot be invited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationRefusal {
    /// They have blocked the inviter.
    Blocked,
    /// As many invitations wait for them, or of this inviter for them, as may wait: see [`protocol::limit::INVITATIONS_OF_PERSON`].
    PersonFull,
    /// As many invitations of the group wait as may wait.
    GroupFull,
    /// They have declined an invitation to this group lately, or several of this inviter.
    Declined,
    /// The inviter is not a member of the group any more.
    NotMember,
}

/// What became of accepting an invitation.
#[derive(Clone, Debug)]
pub enum Accepted {
    /// The user is a member.
    Joined(StoredChange),
    /// The group has changed since [`GroupChange::changed_seq`].
    Changed,
    /// No invitation waits.
    NotInvited,
}

/// Invitations to groups. One that waits ends when the user joins the group, when its inviter leaves the group, and when
/// the user blocks its inviter: see [`ConversationStore::change_group`](super::ConversationStore::change_group) and
/// [`BlockStore::block`](super::BlockStore::block).
#[async_trait]
pub trait InvitationStore: Send + Sync {
    /// Why `by` cannot invite a user to a new group; `None` if they can. What was declined at `declines_since` or before does
    /// not count.
    async fn invitation_refusal(
        &self,
        user: UserId,
        by: UserId,
        declines_since: Timestamp,
    ) -> Result<Option<InvitationRefusal>, StoreError>;

    /// Invites a user. False if nothing changes, because they are a member or an invitation waits already.
    async fn invite(&self, invitation: NewInvitation) -> Result<Result<bool, InvitationRefusal>, StoreError>;

    /// Makes a user a member by a change of the group, if their invitation waits. The change is theirs and adds nobody
    /// else.
    async fn accept_invitation(&self, change: GroupChange) -> Result<Accepted, StoreError>;

    /// Declines an invitation. False if there is none; one that was declined before stays as it is.
    async fn decline_invitation(
        &self,
        user: UserId,
        conversation: ConversationKey,
        at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Whether a user has declined an invitation to a group after `declines_since`.
    async fn has_declined(
        &self,
        user: UserId,
        conversation: ConversationKey,
        declines_since: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Takes an invitation back. False if none waits.
    async fn withdraw_invitation(
        &self,
        user: UserId,
        conversation: ConversationKey,
    ) -> Result<bool, StoreError>;

    /// The invitation of a user to a group; `None` if none waits.
    async fn invitation(
        &self,
        user: UserId,
        conversation: ConversationKey,
    ) -> Result<Option<InvitationRecord>, StoreError>;

    /// The invitations that wait for a user, the latest first, and by descending key if they were made at the same time.
    /// With `before`, only those after that place in this order.
    async fn invitations(
        &self,
        user: UserId,
        before: Option<(Timestamp, ConversationKey)>,
        limit: usize,
    ) -> Result<Vec<InvitationRecord>, StoreError>;

    /// The invitations of a group that wait, by user; with `after`, only those above that user. `reader` is who asks.
    async fn invited(
        &self,
        reader: UserId,
        conversation: ConversationKey,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<InvitationRecord>, StoreError>;
}
