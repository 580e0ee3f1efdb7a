//! Seeing to the server: its people, and what was done to them.

use crate::wire::wire;
use crate::{AccountRole, Timestamp};

wire! {
    /// A person, as an admin sees them.
    #[derive(Eq)]
    pub struct AdminUser {
        /// The stable public handle.
        pub username: String,
        /// The name to show.
        pub display_name: String,
        /// When the account was registered.
        pub created_at: Timestamp,
        /// Where the person's picture is, if they have one: a path below that of the server.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub picture_url: Option<String>,
        /// Where codes are sent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub email: Option<String>,
        /// Whether the person sees to the server, too.
        pub role: AccountRole,
        /// Whether the person has entered a one-time code, or an admin made the account.
        pub verified: bool,
        /// Whether the person is shut out.
        pub disabled: bool,
        /// The person has deleted their account: only the username is left of them.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        pub deleted: bool,
        /// When the person's last device disconnected, if one ever did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub last_seen_at: Option<Timestamp>,
        /// Devices that are logged in.
        pub sessions: u64,
    }

    /// Body of `PATCH /admin/users/{username}`: what is left out stays.
    #[derive(Default)]
    pub struct ChangeUser {
        /// True shuts the person out: their sessions and API tokens end. False lets them log in again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub disabled: Option<bool>,
        /// Whether the person sees to the server.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub role: Option<AccountRole>,
        /// 1–64 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub display_name: Option<String>,
    }

    /// Body of `POST /admin/users`.
    pub struct NewUser {
        /// The handle to take.
        pub username: String,
        /// The name to show; the username where it is left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub display_name: Option<String>,
        /// Where codes may be sent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub email: Option<String>,
        /// `member` where it is left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub role: Option<AccountRole>,
        /// 8–256 characters; one is drawn where it is left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub password: Option<String>,
    }

    /// Answer of `POST /admin/users`.
    pub struct AddedUser {
        /// The account, which needs no code.
        pub user: AdminUser,
        /// The password, if it was drawn: to hand over, and never shown again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub password: Option<String>,
    }

    /// Something that was done to the server or its people.
    #[derive(Eq)]
    pub struct AuditEntry {
        /// Higher for what was done later.
        pub number: u64,
        /// When.
        pub at: Timestamp,
        /// The username of the admin; left out for what was done on the command line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub by: Option<String>,
        /// What was done.
        pub action: AuditAction,
        /// The username of the person to whom it was done, if it was to one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub username: Option<String>,
        /// What else tells one from another, such as the id of a report. Never a text of a message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub details: Option<String>,
    }
}

/// Declares every action once, with its word.
macro_rules! actions {
    ($($(#[$meta:meta])* $name:ident = $word:literal;)+) => {
        /// What was done, as a stable word.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        pub enum AuditAction {
            $($(#[$meta])* #[serde(rename = $word)] $name,)+
        }

        impl AuditAction {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The word on the wire, which stores keep.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }
        }
    };
}

actions! {
    /// An account was made for somebody.
    UserAdded = "user_added";
    /// Somebody was shut out.
    UserDisabled = "user_disabled";
    /// Somebody may log in again.
    UserEnabled = "user_enabled";
    /// Somebody became an admin.
    AdminAdded = "admin_added";
    /// Somebody is no longer an admin.
    AdminRemoved = "admin_removed";
    /// The name to show of somebody was changed.
    UserRenamed = "user_renamed";
    /// All sessions and API tokens of somebody were ended.
    UserLoggedOut = "user_logged_out";
}
