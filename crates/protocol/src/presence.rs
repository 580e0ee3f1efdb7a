//! Presence and typing: told live, never stored in the log.

use crate::wire::wire;
use crate::{ConversationId, Timestamp};

wire! {
    /// Payload of the client's `typing`: in a conversation, or to a person.
    pub struct SetTyping {
        /// The conversation in which they type.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub conversation_id: Option<ConversationId>,
        /// Instead of `conversationId`: the other of a direct conversation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub receiver: Option<String>,
        /// Whether the caller types now.
        pub typing: bool,
    }

    /// Somebody began or stopped typing; to be forgotten after 5 seconds without another.
    #[derive(Eq)]
    pub struct Typing {
        /// The conversation in which they type.
        pub conversation_id: ConversationId,
        /// Username of who types.
        pub username: String,
        /// Whether they type now.
        pub typing: bool,
    }

    /// Payload of `presence:watch`: from now on the `presence` of these people is told, and of nobody else.
    pub struct WatchPresence {
        /// At most 1,000. People with whom the caller has no conversation, and who hide it, count as away.
        pub usernames: Vec<String>,
    }

    /// Whether somebody is connected.
    #[derive(Eq)]
    pub struct Presence {
        /// Username of the watched person.
        pub username: String,
        /// Whether one of their devices is connected.
        pub online: bool,
        /// When the last of them left, if that is known and they do not hide it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub last_seen: Option<Timestamp>,
    }

    /// The answer of a request that has nothing to say.
    #[derive(Copy, Eq)]
    pub struct Nothing {}
}

/// The answer to `presence:watch`: one for each name that was asked for and is known, in the order of the request.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct PresenceList(pub Vec<Presence>);
