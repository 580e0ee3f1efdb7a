//! Sessions: one for each logged-in device.

use crate::wire::wire;
use crate::{SessionId, Timestamp, User};

wire! {
    /// Body of `POST /auth/login`.
    pub struct Login {
        /// The handle, in any case.
        pub username: String,
        /// The password.
        pub password: String,
        /// A label for the list of sessions, at most 64 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub device: Option<String>,
    }

    /// Answer of `POST /auth/login` and `POST /auth/refresh`.
    pub struct LoggedIn {
        /// The access token: a JWT, for `Authorization: Bearer` and the socket's `auth.token`.
        pub token: String,
        /// When the access token expires.
        pub expires_at: Timestamp,
        /// Buys the next pair of tokens, once.
        pub refresh_token: String,
        /// Who logged in.
        pub user: User,
    }

    /// Body of `POST /auth/refresh`.
    pub struct Refresh {
        /// The refresh token of the last login or refresh.
        pub refresh_token: String,
    }

    /// One of the caller's sessions.
    pub struct Session {
        /// For `DELETE /auth/sessions/{id}`.
        pub id: SessionId,
        /// The label given at login.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub device: Option<String>,
        /// When the device logged in.
        pub created_at: Timestamp,
        /// When it last logged in or refreshed its token.
        pub last_seen_at: Timestamp,
        /// Whether this is the session that asks.
        pub current: bool,
    }
}
