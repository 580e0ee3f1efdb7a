//! The rules of Aldis: accounts, sessions, conversations, messages, receipts, resuming.
//!
//! Knows no HTTP, no Socket.IO and no SQL. It declares the outside that it needs as traits, its ports
//! ([`store::Store`], [`store::BlobStore`], [`Broker`], [`Bus`], [`Liveness`], [`OtpChannel`], [`Clock`], [`Random`]),
//! and the server hands it their implementations.
#![forbid(unsafe_code)]

mod account;
mod admin;
mod announce;
mod announcement;
mod api_token;
mod attachment;
mod avatar;
mod block;
mod bus;
mod channel;
mod clock;
mod code;
mod common_password;
mod context;
mod conversation;
mod credential;
mod emoji;
mod ended_session;
mod erasure;
mod error;
mod export;
mod files;
mod group;
mod host_account;
mod invitation;
mod invite;
mod issuer_keys;
mod keyring;
mod language;
pub mod limit;
mod line;
mod link;
mod live;
mod liveness;
mod log_limit;
mod login;
mod media;
mod mention;
mod message;
mod metadata;
mod notice;
mod otp;
mod page;
mod password;
mod person;
mod picture;
mod presence;
mod public_key;
mod random;
mod reaction;
mod receipt;
mod relay;
mod report;
mod scanner;
mod search;
mod session;
pub mod store;
mod sync;
mod token;
mod trusted_issuer;
mod typing;
mod url;
mod user;
mod visible;
mod words;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use protocol::Registration;

use crate::code::Codes;
use crate::context::Context;
use crate::login::Logins;
pub use account::Accounts;
pub use admin::{Admin, Admins};
pub use announce::Announcer;
pub use api_token::ApiTokens;
pub use attachment::{Attachments, Opened, Upload};
pub use avatar::{AvatarSize, AvatarUpload, Avatars, OpenedAvatar};
pub use block::Blocks;
pub use bus::{Bus, Hint, Hints, LocalBus};
pub use channel::Channel;
pub use clock::{Clock, ClockWatch};
pub use code::Asker;
pub use conversation::{Around, Conversations};
pub use credential::Credentials;
pub use ended_session::EndedSessions;
pub use erasure::Erasures;
pub use error::Error;
pub use export::{Export, ExportPart, Exports};
pub use group::Groups;
pub use host_account::HostAccounts;
pub use invitation::Invitations;
pub use invite::Invites;
pub use issuer_keys::KeySource;
pub use keyring::{Jwk, Jwks, Keyring, SigningKey};
pub use language::Language;
pub use limit::Rate;
pub use live::{Broker, Live, NodeId, SocketKey};
pub use liveness::{Liveness, LocalLiveness};
pub use log_limit::{LimitWarning, LogLimit};
pub use message::{Messages, Sending, Sent};
pub use notice::Notices;
pub use otp::{Notice, NoticeContent, OtpChannel, SendError};
pub use password::Passwords;
pub use person::{Caller, Person};
pub use presence::Presences;
pub use random::Random;
pub use reaction::Reactions;
pub use receipt::Receipts;
pub use relay::Relay;
pub use report::Reports;
pub use search::{Query, Searches, Within};
pub use session::Sessions;
pub use sync::{Delivery, LogReader, Page, Syncs};
pub use token::Claims;
pub use trusted_issuer::TrustedIssuer;
pub use typing::{TypingThrottle, Typings};
pub use user::Users;

/// The outside that the domain needs, as the server implements it.
pub struct Ports {
    /// The id of this server, unlike that of any other server on the same store.
    pub node: NodeId,
    /// Accounts, conversations, messages and all else but the bytes of files.
    pub store: Arc<dyn store::Store>,
    /// The bytes of files.
    pub blobs: Arc<dyn store::BlobStore>,
    /// Tells the live sockets of this node.
    pub broker: Arc<dyn Broker>,
    /// Tells the other nodes.
    pub bus: Arc<dyn Bus>,
    /// Knows who is connected to any node.
    pub liveness: Arc<dyn Liveness>,
    /// Sends one-time codes.
    pub otp: Arc<dyn OtpChannel>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Draws random bytes.
    pub random: Arc<dyn Random>,
    /// Signs access tokens.
    pub keyring: Keyring,
    /// Host applications, which sign tokens for their own people.
    pub issuers: Vec<TrustedIssuer>,
}

/// The rules that an operator may change.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The longest text of a message, in bytes.
    pub text_bytes: usize,
    /// How often one user may send messages, over all their devices.
    pub messages: Rate,
    /// How many events and requests of any kind one user may make, over all their devices. Past it they wait.
    pub requests: Rate,
    /// Who may register.
    pub registration: Registration,
    /// What links to this server begin with; empty for links below the path of the server.
    pub public_url: String,
    /// Registrations from one address.
    pub registrations: Rate,
    /// Logins to one account from one address, with a right or wrong password.
    pub logins: Rate,
    /// Logins from one address to all accounts, with a right or wrong password.
    pub logins_of_address: Rate,
    /// Failed logins to one account from one address.
    pub failed_logins: Rate,
    /// Failed logins from one address to all accounts.
    pub failed_logins_of_address: Rate,
    /// Failed logins to one account from all addresses. Past it each address has a small rate of its own.
    pub failed_logins_of_account: Rate,
    /// How often others may add one user to groups. Past it the user is asked.
    pub added: Rate,
    /// One-time codes for one account that are asked for from one address.
    pub resends: Rate,
    /// One-time codes for one account that are asked for from all addresses.
    pub resends_of_account: Rate,
    /// One-time codes that are asked for from one address, for whatever account.
    pub codes_of_address: Rate,
    /// Notices to one recipient, such as an e-mail address.
    pub notices_of_recipient: Rate,
    /// Tries at a one-time code from the address that asked for it.
    pub otp_tries: u32,
    /// How long a one-time code is accepted.
    pub otp_lifetime: Duration,
    /// How long an unverified account keeps its username.
    pub unverified_lifetime: Duration,
    /// How long an access token is accepted.
    pub token_lifetime: Duration,
    /// How long a session lives without a refresh.
    pub session_lifetime: Duration,
    /// The claim `iss` of access tokens.
    pub issuer: String,
    /// The claim `aud` of access tokens.
    pub audience: String,
    /// Passwords hashed at the same time.
    pub hash_threads: usize,
    /// Passwords that may wait to be hashed; past it, logins fail with [`protocol::Code::Overloaded`].
    pub hash_queue: usize,
    /// The longest file, in bytes.
    pub attachment_bytes: u64,
    /// Bytes of all files of one user.
    pub attachment_quota: u64,
    /// How long an upload is kept that no message carries.
    pub attachment_unused: Duration,
    /// Whether uploaded pictures are stored without their metadata.
    pub strip_metadata: bool,
    /// How long moved marks are gathered before they are stored and told.
    pub receipt_delay: Duration,
}

/// All rules, connected to their ports.
pub struct Domain {
    /// Registering and verifying.
    pub accounts: Accounts,
    /// Changing and resetting passwords, and changing e-mail addresses.
    pub credentials: Credentials,
    /// Sending codes by e-mail and the like.
    pub notices: Arc<Notices>,
    /// Seeing to the server, its people and what was done.
    pub admins: Admins,
    /// Inviting people to the server.
    pub invites: Invites,
    /// Telling admins of messages and people.
    pub reports: Reports,
    /// Profiles, and finding people by name.
    pub users: Users,
    /// Logging in and out.
    pub sessions: Sessions,
    /// Cutting the sockets of sessions that ended anywhere.
    pub ended_sessions: Arc<EndedSessions>,
    /// Closing accounts, and erasing what they left.
    pub erasures: Arc<Erasures>,
    /// Copies of everything that the server has for a person.
    pub exports: Exports,
    /// Making and ending API tokens, with which programs log in.
    pub api_tokens: Arc<ApiTokens>,
    /// Knowing people by the tokens of host applications.
    pub host_accounts: Arc<HostAccounts>,
    /// Lists of conversations and their history.
    pub conversations: Conversations,
    /// Beginning, changing and leaving groups.
    pub groups: Groups,
    /// Asking people whether they want to be in a group.
    pub invitations: Arc<Invitations>,
    /// Blocking people.
    pub blocks: Arc<Blocks>,
    /// Sending and changing messages.
    pub messages: Messages,
    /// Listing who reacted to a message.
    pub reactions: Reactions,
    /// Uploading and downloading files.
    pub attachments: Attachments,
    /// Pictures of people and groups.
    pub avatars: Avatars,
    /// Delivered and read marks.
    pub receipts: Arc<Receipts>,
    /// Telling who types.
    pub typings: Arc<Typings>,
    /// Telling who is online.
    pub presences: Arc<Presences>,
    /// Finding messages.
    pub searches: Searches,
    /// Announcing committed entries to live sockets.
    pub announcer: Arc<Announcer>,
    /// Passing hints of other nodes on to the sockets of this one.
    pub relay: Arc<Relay>,
    /// Catching up.
    pub syncs: Syncs,
    node: NodeId,
    sockets: AtomicU64,
}

impl Domain {
    /// Connects the rules to their ports.
    pub fn new(ports: Ports, settings: &Settings) -> Self {
        let Ports { node, store, blobs, broker, bus, liveness, otp, clock, random, keyring, issuers } = ports;
        let people = Arc::new(person::Directory::new(store.clone()));
        let channels = Arc::new(channel::Channels::new(store.clone(), people.clone(), clock.clone()));
        let context = Arc::new(Context { store, broker, bus, liveness, clock, random, people, channels });
        let own = || context.clone();
        let files = Arc::new(files::Files::new(context.store.clone(), blobs));
        let pictures = Arc::new(picture::Pictures::new());
        let slots = attachment::UploadSlots::default();
        let passwords = Arc::new(Passwords::new(settings.hash_threads, settings.hash_queue));
        let logins = Arc::new(Logins::new(own(), passwords.clone(), settings));
        let notices = Arc::new(Notices::new(own(), otp.clone(), settings));
        let codes = Arc::new(Codes::new(own(), otp, notices.clone(), settings));
        let api_tokens = Arc::new(ApiTokens::new(own()));
        let host_accounts = Arc::new(HostAccounts::new(own(), issuers, settings.unverified_lifetime));
        let announcer = Arc::new(Announcer::new(own()));
        let presences = Arc::new(Presences::new(own()));
        let receipts = Arc::new(Receipts::new(own(), settings.receipt_delay));
        let invitations = Arc::new(Invitations::new(own(), presences.clone(), settings.added));
        let blocks = Arc::new(Blocks::new(own(), presences.clone(), invitations.clone()));
        let typings = Arc::new(Typings::new(own(), blocks.clone()));
        let erasures = Arc::new(Erasures::new(
            own(),
            announcer.clone(),
            logins.clone(),
            files.clone(),
            invitations.clone(),
            presences.clone(),
        ));
        let hints = context.bus.subscribe();
        let relay = Arc::new(Relay::new(
            hints,
            receipts.clone(),
            typings.clone(),
            presences.clone(),
            blocks.clone(),
            invitations.clone(),
        ));
        Self {
            accounts: Accounts::new(own(), codes.clone(), passwords.clone(), settings),
            credentials: Credentials::new(own(), codes.clone(), passwords.clone(), logins.clone()),
            notices,
            admins: Admins::new(own(), passwords, codes, host_accounts.clone(), settings),
            invites: Invites::new(own(), settings),
            reports: Reports::new(own()),
            users: Users::new(own(), presences.clone()),
            sessions: Sessions::new(
                own(),
                logins,
                keyring,
                api_tokens.clone(),
                host_accounts.clone(),
                settings,
            ),
            erasures,
            ended_sessions: Arc::new(EndedSessions::new(own())),
            conversations: Conversations::new(own()),
            groups: Groups::new(
                own(),
                announcer.clone(),
                blocks.clone(),
                presences.clone(),
                invitations.clone(),
            ),
            messages: Messages::new(own(), settings),
            reactions: Reactions::new(own()),
            attachments: Attachments::new(own(), files.clone(), pictures.clone(), slots.clone(), settings),
            exports: Exports::new(own(), files.clone()),
            avatars: Avatars::new(own(), files, pictures, slots),
            searches: Searches::new(own()),
            syncs: Syncs::new(own(), receipts.clone(), announcer.clone()),
            relay,
            typings,
            api_tokens,
            host_accounts,
            invitations,
            blocks,
            receipts,
            presences,
            announcer,
            node,
            sockets: AtomicU64::default(),
        }
    }

    /// A key for a new socket of this node.
    pub fn socket_key(&self) -> SocketKey {
        SocketKey { node: self.node, number: self.sockets.fetch_add(1, Ordering::Relaxed) }
    }
}
