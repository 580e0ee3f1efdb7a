//! API tokens: what programs log in with.

use crate::wire::wire;
use crate::{SessionId, Timestamp};

wire! {
    /// Body of `POST /auth/tokens`.
    pub struct NewApiToken {
        /// What it is for, to know it by in the list; 1–64 characters.
        pub name: String,
        /// When it ends by itself; left out, never.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub expires_at: Option<Timestamp>,
    }

    /// One of the caller's API tokens.
    pub struct ApiToken {
        /// For `DELETE /auth/tokens/{id}`.
        pub id: SessionId,
        /// What it is for.
        pub name: String,
        /// The token itself: only in the answer to its making, and never shown again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub token: Option<String>,
        /// When it was made.
        pub created_at: Timestamp,
        /// When it ends by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub expires_at: Option<Timestamp>,
        /// When somebody last made a request or connected with it, to within ten minutes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub last_used_at: Option<Timestamp>,
    }
}
