//! The rules of Aldis: accounts, sessions, conversations, messages, receipts, resuming.
//!
//! Knows no HTTP, no Socket.IO and no SQL: it declares what it needs of the world as ports
//! ([`store::Store`], [`store::BlobStore`], [`Broker`], [`Bus`], [`Liveness`], [`OtpChannel`], [`Clock`], [`Random`]) and is handed them by the server.
#![forbid(unsafe_code)]

mod account;
mod announce;
mod announcement;
mod api_token;
mod attachment;
mod block;
mod bus;
mod channel;
mod clock;
mod context;
mod conversation;
mod ended_session;
mod error;
mod group;
mod keyring;
pub mod limit;
mod line;
mod live;
mod liveness;
mod log_limit;
mod login;
mod media;
mod mention;
mod message;
mod otp;
mod page;
mod password;
mod person;
mod picture;
mod presence;
mod random;
mod receipt;
mod relay;
mod search;
mod session;
pub mod store;
mod sync;
mod token;
mod typing;
mod user;
mod words;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::context::Context;
pub use account::Accounts;
pub use announce::Announcer;
pub use api_token::ApiTokens;
pub use attachment::{Attachments, Opened, Upload};
pub use block::Blocks;
pub use bus::{Bus, Hint, Hints, LocalBus};
pub use channel::Channel;
pub use clock::{Clock, ClockWatch};
pub use conversation::{Around, Conversations};
pub use ended_session::EndedSessions;
pub use error::Error;
pub use group::Groups;
pub use keyring::{Jwk, Jwks, Keyring, SigningKey};
pub use limit::Rate;
pub use live::{Broker, Live, NodeId, SocketKey};
pub use liveness::{Liveness, LocalLiveness};
pub use log_limit::LogLimit;
pub use message::{Messages, Sending, Sent};
pub use otp::OtpChannel;
pub use password::Passwords;
pub use person::{Caller, Person};
pub use presence::Presences;
pub use random::Random;
pub use receipt::Receipts;
pub use relay::Relay;
pub use search::{Query, Searches};
pub use session::Sessions;
pub use sync::{Delivery, LogReader, Page, Syncs};
pub use token::Claims;
pub use typing::{Pace, Typings};
pub use user::Users;

/// What the domain needs of the world.
pub struct Ports {
    /// Which server this is; another one than every other on the same store.
    pub node: NodeId,
    /// Keeps things.
    pub store: Arc<dyn store::Store>,
    /// Keeps the bytes of files.
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
}

/// What an operator may change of the rules.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Bytes of a message's text.
    pub text_bytes: usize,
    /// Messages of a user.
    pub messages: Rate,
    /// Registrations from an address.
    pub registrations: Rate,
    /// Logins to an account from an address, whatever the password.
    pub logins: Rate,
    /// Logins from an address, whatever the password.
    pub logins_of_address: Rate,
    /// Failed logins from an address.
    pub failed_logins: Rate,
    /// Failed logins to an account, from wherever.
    pub failed_logins_of_account: Rate,
    /// New codes for an account that are asked for from an address.
    pub resends: Rate,
    /// New codes for an account, from wherever they are asked for.
    pub resends_of_account: Rate,
    /// Wrong codes from an address before a new one is needed.
    pub otp_tries: u32,
    /// How long a code is accepted.
    pub otp_lifetime: Duration,
    /// How long a username waits for its first code to be entered.
    pub unverified_lifetime: Duration,
    /// How long an access token is accepted.
    pub token_lifetime: Duration,
    /// How long a session lives without a refresh.
    pub session_lifetime: Duration,
    /// `iss` of the access tokens.
    pub issuer: String,
    /// `aud` of the access tokens.
    pub audience: String,
    /// Passwords hashed at the same time.
    pub hash_threads: usize,
    /// Passwords that may wait to be hashed; past it, [`protocol::Code::Overloaded`].
    pub hash_queue: usize,
    /// Bytes of a file.
    pub attachment_bytes: u64,
    /// Bytes of a user's files.
    pub attachment_quota: u64,
    /// How long an upload waits for a message that carries it.
    pub attachment_unused: Duration,
    /// How long cursor moves are gathered before they are stored and told.
    pub receipt_delay: Duration,
}

/// The rules, wired.
pub struct Domain {
    /// Registering and verifying.
    pub accounts: Accounts,
    /// What people show of themselves.
    pub users: Users,
    /// Logging in and out.
    pub sessions: Sessions,
    /// Cutting the sockets of sessions that ended anywhere.
    pub ended_sessions: Arc<EndedSessions>,
    /// What programs log in with.
    pub api_tokens: Arc<ApiTokens>,
    /// Who talks with whom.
    pub conversations: Conversations,
    /// Beginning, changing and leaving groups.
    pub groups: Groups,
    /// Whom people do not want to hear from.
    pub blocks: Arc<Blocks>,
    /// Sending and changing messages.
    pub messages: Messages,
    /// Taking files and handing them out.
    pub attachments: Attachments,
    /// How far members have come.
    pub receipts: Arc<Receipts>,
    /// Who types.
    pub typings: Arc<Typings>,
    /// Who is there.
    pub presences: Arc<Presences>,
    /// Finding messages.
    pub searches: Searches,
    /// Telling who is connected what is committed.
    pub announcer: Arc<Announcer>,
    /// Taking what other nodes tell to the sockets of this one.
    pub relay: Arc<Relay>,
    /// Catching up.
    pub syncs: Syncs,
    node: NodeId,
    sockets: AtomicU64,
}

impl Domain {
    /// Wires the rules to the world.
    pub fn new(ports: Ports, settings: &Settings) -> Self {
        let Ports { node, store, blobs, broker, bus, liveness, otp, clock, random, keyring } = ports;
        let people = Arc::new(person::Directory::new(store.clone()));
        let channels = Arc::new(channel::Channels::new(store.clone(), people.clone()));
        let context = Arc::new(Context { store, broker, bus, liveness, clock, random, people, channels });
        let own = || context.clone();
        let passwords = Arc::new(Passwords::new(settings.hash_threads, settings.hash_queue));
        let api_tokens = Arc::new(ApiTokens::new(own()));
        let announcer = Arc::new(Announcer::new(own()));
        let presences = Arc::new(Presences::new(own()));
        let receipts = Arc::new(Receipts::new(own(), settings.receipt_delay));
        let blocks = Arc::new(Blocks::new(own(), presences.clone()));
        let typings = Arc::new(Typings::new(own(), blocks.clone()));
        let hints = context.bus.subscribe();
        let relay = Relay::new(hints, receipts.clone(), typings.clone(), presences.clone(), blocks.clone());
        let relay = Arc::new(relay);
        Self {
            accounts: Accounts::new(own(), otp, passwords.clone(), settings),
            users: Users::new(own(), presences.clone()),
            sessions: Sessions::new(own(), passwords, keyring, api_tokens.clone(), settings),
            ended_sessions: Arc::new(EndedSessions::new(own())),
            conversations: Conversations::new(own()),
            groups: Groups::new(own(), announcer.clone(), blocks.clone(), presences.clone()),
            messages: Messages::new(own(), settings),
            attachments: Attachments::new(own(), blobs, settings),
            searches: Searches::new(own()),
            syncs: Syncs::new(own(), receipts.clone(), announcer.clone()),
            relay,
            typings,
            api_tokens,
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
