//! Invitations: somebody is asked whether they want to be in a group.

use crate::wire::wire;
use crate::{ConversationId, Timestamp};

wire! {
    /// An invitation that waits for the caller. It tells nothing else of the group.
    #[derive(Eq)]
    pub struct Invitation {
        /// The group.
        pub conversation_id: ConversationId,
        /// What the group is called.
        pub title: String,
        /// The username of who invites.
        pub by: String,
        /// The name to show for them.
        pub by_name: String,
        /// How many members the group has.
        pub member_count: usize,
        /// Since when it waits.
        pub created_at: Timestamp,
    }

    /// Somebody whom a group has invited, as its owner and admins see it.
    #[derive(Eq)]
    pub struct Invitee {
        /// Username of the invited person.
        pub username: String,
        /// The name to show.
        pub display_name: String,
        /// The username of who invites.
        pub by: String,
        /// Since when they are asked.
        pub created_at: Timestamp,
    }

    /// An invitation of the receiver of this event came, or ended: accepted, declined, taken back.
    #[derive(Eq)]
    pub struct InvitationChange {
        /// The group.
        pub conversation_id: ConversationId,
        /// The invitation, if it waits now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub invitation: Option<Invitation>,
    }
}
