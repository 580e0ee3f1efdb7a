//! What is on the wire between an Aldis server and its clients.
//!
//! Every type that crosses the network is defined here once; the web client's TypeScript
//! (`web/src/app/protocol/protocol.ts`) and the schemas of `/openapi.json` are generated from it.
//! All JSON is camelCase; times are RFC 3339 in UTC with milliseconds.
#![forbid(unsafe_code)]

mod account;
mod admin;
mod api_token;
mod attachment;
mod conversation;
mod error;
mod event;
mod fold;
mod host_token;
mod id;
mod invitation;
mod json;
pub mod limit;
mod message;
mod presence;
mod receipt;
#[cfg(feature = "schema")]
pub mod schema;
mod search;
mod session;
mod shared;
mod sync;
mod time;
mod wire;

pub use account::{
    AccountRole, AddMe, Block, ChangeEmail, ChangeMe, ChangePassword, DeleteAccount, Forgot, OtpNotice,
    OwnMessages, Register, Registered, Resend, Reset, User, Verified, Verify, VerifyEmail,
};
pub use admin::{AddedUser, AdminUser, AuditAction, AuditEntry, ChangeUser, NewUser};
pub use api_token::{ApiToken, NewApiToken};
pub use attachment::{Attachment, AttachmentLink};
pub use conversation::{
    ChangeConversation, Conversation, ConversationChange, ConversationKind, HistoryAccess, Member, NewGroup,
    PutMember, Role,
};
pub use error::{Code, Problem};
pub use event::{ClientEvent, Reply, ServerEvent};
#[cfg(feature = "schema")]
pub use event::{client_events, server_events};
pub use fold::FOLDED;
pub use host_token::{RenewAuth, RenewedAuth};
pub use id::{AttachmentId, ConversationId, MessageId, SessionId};
pub use invitation::{Invitation, InvitationChange, Invitee};
pub use message::*;
pub use presence::{Nothing, Presence, PresenceList, SetTyping, Typing, WatchPresence};
pub use receipt::{Cursors, MoveCursors, Reached, Receipt};
pub use search::Hit;
pub use session::{LoggedIn, Login, Refresh, Session};
pub use shared::SharedKind;
pub use sync::{Auth, Page, Sync, SyncEvent, SyncPage, Synced};
pub use time::Timestamp;
