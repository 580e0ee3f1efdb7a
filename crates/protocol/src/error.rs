//! Errors: one shape everywhere (RFC 9457), one stable code each.

use serde::{Deserialize, Serialize};

use crate::wire::wire;

/// Declares every code once: its word, HTTP status, title, and whether the same request may succeed later.
macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident = $word:literal, $status:literal, $retry:literal, $title:literal;)+) => {
        /// What went wrong, as a stable word.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Code {
            $($(#[$meta])* #[serde(rename = $word)] $name,)+
        }

        impl Code {
            /// All of them, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The word on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status),+ }
            }

            /// Whether the same request may succeed later, unchanged.
            pub const fn retryable(self) -> bool {
                match self { $(Self::$name => $retry),+ }
            }

            /// What the code means, for people.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),+ }
            }
        }
    };
}

codes! {
    /// Not JSON, or not an object where one is wanted.
    Malformed = "malformed", 400, false, "The request cannot be read";
    /// The one-time code is wrong, expired or used.
    OtpInvalid = "otp_invalid", 400, false, "The code is not valid";
    /// A cursor or a `next` that this server did not make.
    CursorInvalid = "cursor_invalid", 400, false, "The cursor is not valid";
    /// There is no event of this name.
    EventUnknown = "event_unknown", 400, false, "There is no such event";
    /// No access token or API token.
    TokenRequired = "token_required", 401, false, "A token is required";
    /// Not a token of this server.
    TokenInvalid = "token_invalid", 401, false, "The token is not valid";
    /// The access token was good, once.
    TokenExpired = "token_expired", 401, false, "The access token has expired";
    /// The session behind the token has ended; or the API token has ended or expired.
    SessionRevoked = "session_revoked", 401, false, "The session has ended";
    /// Unknown user or wrong password.
    CredentialsInvalid = "credentials_invalid", 401, false, "Username or password is wrong";
    /// The refresh token is unknown, used, expired or its session has ended.
    RefreshInvalid = "refresh_invalid", 401, false, "The refresh token is not valid";
    /// The password is right, the account not verified yet.
    NotVerified = "not_verified", 403, false, "The account is not verified";
    /// The password is right, but an admin has shut the account out.
    AccountDisabled = "account_disabled", 403, false, "The account is disabled";
    /// The token of a host application is good, and there is no account for its person.
    AccountUnavailable = "account_unavailable", 403, false, "There is no account for this person";
    /// `sender` is not the caller.
    SenderMismatch = "sender_mismatch", 403, false, "The sender is not you";
    /// Seen, but not the caller's to change.
    Forbidden = "forbidden", 403, false, "You may not do this";
    /// The page that asks is of another site.
    OriginNotAllowed = "origin_not_allowed", 403, false, "This origin is not allowed";
    /// Not there, or not the caller's to see.
    NotFound = "not_found", 404, false, "Not found";
    /// A namespace of Socket.IO other than `/`.
    NamespaceUnknown = "namespace_unknown", 404, false, "There is no such namespace";
    /// Nobody of this name.
    ReceiverUnknown = "receiver_unknown", 404, false, "The receiver does not exist";
    /// The path exists, the method does not.
    MethodNotAllowed = "method_not_allowed", 405, false, "The method is not allowed here";
    /// The owner leaves while others are there: to be handed on first.
    OwnerLeaves = "owner_leaves", 409, false, "The group needs an owner";
    /// A group has no room for more members.
    GroupFull = "group_full", 409, false, "The group is full";
    /// The account has as many API tokens as it may have: end one first.
    TooManyTokens = "too_many_tokens", 409, false, "There are too many API tokens";
    /// The account has blocked as many people as it may: take a block back first.
    TooManyBlocks = "too_many_blocks", 409, false, "There are too many blocks";
    /// The person, or the group, has as many invitations that wait as it may have.
    TooManyInvitations = "too_many_invitations", 409, false, "Too many invitations wait";
    /// The person has declined lately.
    InvitationDeclined = "invitation_declined", 409, false, "The person has declined";
    /// The only admin who can log in: make another one first.
    LastAdmin = "last_admin", 409, false, "The server needs an admin";
    /// Compared without case.
    UsernameTaken = "username_taken", 409, false, "The username is taken";
    /// The same `clientId` came before with another body.
    ClientIdReused = "client_id_reused", 409, false, "The clientId was used for another message";
    /// The message was deleted.
    MessageDeleted = "message_deleted", 409, false, "The message is deleted";
    /// The body is over its limit.
    TooLarge = "too_large", 413, false, "The request is too large";
    /// The caller's files are over their quota.
    QuotaExceeded = "quota_exceeded", 413, false, "Your files take too much room";
    /// The text is over its limit.
    TextTooLong = "text_too_long", 413, false, "The text is too long";
    /// The body is not JSON by its `Content-Type`; a file is not what it says.
    UnsupportedMediaType = "unsupported_media_type", 415, false, "The media type is not supported";
    /// It came through a proxy on the server's machine that the operator did not name.
    ProxyNotTrusted = "proxy_not_trusted", 421, false, "The proxy is not trusted";
    /// Well-formed, but a field's value is not; `field` names it.
    Invalid = "invalid", 422, false, "A field is not valid";
    /// No text, and nothing else to send.
    TextEmpty = "text_empty", 422, false, "The text is empty";
    /// `replyTo` is not a message of this conversation.
    ReplyUnknown = "reply_unknown", 422, false, "The message answered is not in this conversation";
    /// Too many; `retryAfter` says how many seconds to wait.
    RateLimited = "rate_limited", 429, true, "Too many requests";
    /// Too many wrong codes: ask for a new one.
    OtpLocked = "otp_locked", 429, false, "Too many wrong codes";
    /// A fault of the server; its log says more.
    Internal = "internal", 500, true, "The server failed";
    /// What the server has stored is damaged: its operator has to mend it.
    StoreDamaged = "store_damaged", 500, false, "The store is damaged";
    /// The store cannot take it now: nothing is promised, and sending it again is safe.
    StoreUnavailable = "store_unavailable", 503, true, "The store is not available";
    /// The keys of the host application that issued the token cannot be fetched.
    IssuerUnavailable = "issuer_unavailable", 503, true, "The issuer of the token is not available";
    /// More work waits than the server takes on.
    Overloaded = "overloaded", 503, true, "The server is busy";
}

#[cfg(feature = "schema")]
impl utoipa::PartialSchema for Code {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        let words = Self::ALL.iter().map(|code| code.as_str());
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .description(Some("What went wrong, as a stable word."))
            .enum_values(Some(words))
            .into()
    }
}

#[cfg(feature = "schema")]
impl utoipa::ToSchema for Code {}

wire! {
    /// An error (RFC 9457), over HTTP as over the socket.
    #[derive(Eq)]
    pub struct Problem {
        /// `urn:aldis:problem:` and the code.
        #[serde(rename = "type")]
        pub kind: String,
        /// What the code means.
        pub title: String,
        /// The HTTP status, over the socket too.
        pub status: u16,
        /// What went wrong this time and what to do.
        pub detail: String,
        /// The stable word to branch on.
        pub code: Code,
        /// Whether the same request may succeed later, unchanged.
        pub retryable: bool,
        /// The field at fault.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub field: Option<String>,
        /// Seconds to wait before trying again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub retry_after: Option<u64>,
    }
}

impl Problem {
    /// The problem of a code.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:aldis:problem:{}", code.as_str()),
            title: code.title().to_owned(),
            status: code.status(),
            detail: detail.into(),
            code,
            retryable: code.retryable(),
            field: None,
            retry_after: None,
        }
    }

    /// Names the field at fault.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>) -> Self {
        self.field = Some(name.into());
        self
    }

    /// Says how many seconds to wait.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_members_of_the_contract() {
        let json = serde_json::to_value(Problem::new(Code::TextEmpty, "Write something.")).unwrap();
        let expected = serde_json::json!({
            "type": "urn:aldis:problem:text_empty",
            "title": "The text is empty",
            "status": 422,
            "detail": "Write something.",
            "code": "text_empty",
            "retryable": false,
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn words_are_unique() {
        let words: std::collections::HashSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(words.len(), Code::ALL.len());
    }
}
