//! Who may register, and invites: links with which people register where not everybody may.

use crate::Timestamp;
use crate::wire::wire;

wire! {
    /// Who may register.
    #[derive(Copy, Eq)]
    pub enum Registration {
        /// Everybody.
        Open,
        /// Whoever has an invite.
        Invite,
        /// Nobody: admins make the accounts.
        Closed,
    }

    /// What a page must know before anybody has logged in.
    #[derive(Eq)]
    pub struct AuthSettings {
        /// Who may register.
        pub registration: Registration,
        /// How one-time codes are sent: `fixed`, `log`, `email` or `webhook`.
        pub otp: String,
        /// Whether an e-mail address is needed to register, because codes are sent there.
        pub email_required: bool,
        /// Where else people can log in.
        pub providers: Vec<Provider>,
    }

    /// A provider with which people can log in.
    #[derive(Eq)]
    pub struct Provider {
        /// Names it in paths.
        pub id: String,
        /// The name to show.
        pub name: String,
    }

    /// Body of `POST /admin/invites`.
    #[derive(Default)]
    pub struct NewInvite {
        /// How many people may register with it; left out, as many as want to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub uses: Option<u32>,
        /// When it ends by itself; left out, never.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub expires_at: Option<Timestamp>,
    }

    /// An invite to the server. Whoever has its code may register.
    #[derive(Eq)]
    pub struct Invite {
        /// For `invite` in the body of `POST /auth/register`.
        pub code: String,
        /// Where to register with it: a whole URL if the operator has set `public-url`, else a path below that of the
        /// server.
        pub url: String,
        /// How many people may register with it; left out, as many as want to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub uses: Option<u32>,
        /// How many have. Who does not verify the account in time is not counted any more.
        pub used: u32,
        /// The username of the admin who made it; left out for the command line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub created_by: Option<String>,
        /// When it was made.
        pub created_at: Timestamp,
        /// When it ends by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub expires_at: Option<Timestamp>,
    }
}
