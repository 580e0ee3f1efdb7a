//! Accounts: registering and proving that the person is there.

use crate::Timestamp;
use crate::wire::wire;

wire! {
    /// A person, as others see them.
    #[derive(Eq)]
    pub struct User {
        /// The stable public handle: 2–32 of `a-z A-Z 0-9 . _ -`, compared without case, never changed.
        pub username: String,
        /// The name to show; the person may change it.
        pub display_name: String,
        /// When the account was registered.
        pub created_at: Timestamp,
        /// Where the person's picture is, if they have one: a path below that of the server, another one for each
        /// picture.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub picture_url: Option<String>,
        /// Only in the caller's own user.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub email: Option<String>,
        /// Whether nobody is told when the person is connected; only in the caller's own user.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub hide_presence: Option<bool>,
        /// Who may add the person to a group without asking; only in the caller's own user.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub add_me: Option<AddMe>,
        /// `admin` if the person runs the server; only in the caller's own user, and left out for everybody else.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub role: Option<AccountRole>,
        /// The person has deleted their account: only the username is left of them.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        pub deleted: bool,
    }

    /// What somebody may do on the server.
    #[derive(Copy, Eq, Default)]
    pub enum AccountRole {
        /// See to people, invitations and reports: everything below `/admin`.
        Admin,
        /// Chat.
        #[default]
        Member,
    }

    /// Body of `DELETE /auth/account`.
    pub struct DeleteAccount {
        /// The caller's password.
        pub password: String,
        /// What becomes of the messages that the caller has sent.
        #[serde(default)]
        pub messages: OwnMessages,
    }

    /// What becomes of the messages of somebody whose account is deleted.
    #[derive(Copy, Eq, Default)]
    pub enum OwnMessages {
        /// They stay with the others.
        #[default]
        Keep,
        /// They are deleted for everybody.
        Delete,
    }

    /// Who may add a person to a group without asking. All others can only invite them.
    #[derive(Copy, Eq, Default)]
    pub enum AddMe {
        /// Everybody whom the person has not blocked.
        #[default]
        Everybody,
        /// Those to whom the person wrote in their direct conversation: one of its newest 1,000 entries is a message of
        /// the person.
        Contacts,
        /// Nobody: the person is always asked.
        Nobody,
    }

    /// Body of `PATCH /api/users/me`: what is left out stays.
    #[derive(Default)]
    pub struct ChangeMe {
        /// 1–64 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub display_name: Option<String>,
        /// Whether nobody is told when the caller is connected; who hides it does not see that of others.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub hide_presence: Option<bool>,
        /// Who may add the caller to a group without asking.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub add_me: Option<AddMe>,
    }

    /// Somebody whom the caller has blocked: what they send to the caller alone does not arrive.
    #[derive(Eq)]
    pub struct Block {
        /// Username of the blocked person.
        pub username: String,
        /// Since when.
        pub created_at: Timestamp,
    }

    /// Body of `POST /auth/register`.
    pub struct Register {
        /// The handle to take.
        pub username: String,
        /// 8–256 characters.
        pub password: String,
        /// Where a code may be sent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub email: Option<String>,
        /// The name to show; the username where it is left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub display_name: Option<String>,
    }

    /// Answer of `POST /auth/register`.
    pub struct Registered {
        /// The new account, not verified yet.
        pub user: User,
        /// How the code was sent.
        pub otp: OtpNotice,
    }

    /// That a one-time code is on its way.
    pub struct OtpNotice {
        /// `fixed`, `log`, `email` or `webhook`.
        pub channel: String,
        /// After this the code is no longer accepted.
        pub expires_at: Timestamp,
    }

    /// Body of `POST /auth/verify`.
    pub struct Verify {
        /// Who verifies.
        pub username: String,
        /// The one-time code.
        pub otp: String,
    }

    /// Answer of `POST /auth/verify`.
    pub struct Verified {
        /// The account, now verified.
        pub user: User,
    }

    /// Body of `POST /auth/resend`.
    pub struct Resend {
        /// Who wants a new code.
        pub username: String,
    }

    /// Body of `POST /auth/password`.
    pub struct ChangePassword {
        /// The password as it is.
        pub password: String,
        /// 8–256 characters, and not one of those that are used most.
        pub new_password: String,
    }

    /// Body of `POST /auth/forgot`: one of the two.
    pub struct Forgot {
        /// Who has forgotten their password.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub username: Option<String>,
        /// The e-mail address of their account.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub email: Option<String>,
    }

    /// Body of `POST /auth/reset`.
    pub struct Reset {
        /// Who sets a new password.
        pub username: String,
        /// The one-time code.
        pub otp: String,
        /// 8–256 characters, and not one of those that are used most.
        pub new_password: String,
    }

    /// Body of `POST /auth/email`.
    pub struct ChangeEmail {
        /// The password.
        pub password: String,
        /// The address to have, to which a code is sent.
        pub email: String,
    }

    /// Body of `POST /auth/email/verify`.
    pub struct VerifyEmail {
        /// The one-time code.
        pub otp: String,
    }
}
