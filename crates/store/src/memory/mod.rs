//! The store without a disk: for trying things out, for tests, and as the model that other stores must match.

mod account;
mod admin;
mod api_token;
mod attachment;
mod avatar;
mod blob;
mod block;
mod code;
mod conversation;
mod erasure;
mod group;
mod host_account;
mod invitation;
mod log;
mod message;
mod notice;
mod reaction;
mod receipt;
mod search;
mod session;
mod shared;

pub use blob::MemoryBlobs;

use async_trait::async_trait;
use domain::store::{Epoch, Position, Store, StoreError};
use parking_lot::{Mutex, RwLock};

use crate::tail::Tail;

/// Keeps everything in memory, as long as the process lives.
///
/// Locks are taken in this order: `conversations`, the log of one conversation, `invitations`, `accounts`, the `about`
/// of that conversation, `notices`, `attachments`, `blocks`, client ids, original digests, position, `tail`.
/// `host_accounts` is taken before `accounts`. After `accounts` and none of the others: `sessions`, `api_tokens`,
/// `ended_sessions`, `audit`. No lock is held across an await.
pub struct MemoryStore {
    epoch: Epoch,
    accounts: RwLock<account::Accounts>,
    sessions: RwLock<session::Sessions>,
    api_tokens: RwLock<api_token::ApiTokens>,
    host_accounts: RwLock<host_account::HostAccounts>,
    ended_sessions: Mutex<session::EndedSessions>,
    audit: Mutex<admin::Audit>,
    conversations: RwLock<conversation::Conversations>,
    messages: message::Messages,
    tail: Tail,
    notices: Mutex<notice::Notices>,
    blocks: RwLock<block::Blocks>,
    invitations: RwLock<invitation::Invitations>,
    attachments: RwLock<attachment::Attachments>,
    /// Taken alone.
    erasures: Mutex<erasure::Erasures>,
}

impl MemoryStore {
    /// An empty store. It has one epoch, this one.
    pub fn new(epoch: Epoch) -> Self {
        Self {
            epoch,
            accounts: RwLock::default(),
            sessions: RwLock::default(),
            api_tokens: RwLock::default(),
            host_accounts: RwLock::default(),
            ended_sessions: Mutex::default(),
            audit: Mutex::default(),
            conversations: RwLock::default(),
            messages: message::Messages::default(),
            tail: Tail::new(Position::default()),
            notices: Mutex::default(),
            blocks: RwLock::default(),
            invitations: RwLock::default(),
            attachments: RwLock::default(),
            erasures: Mutex::default(),
        }
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn close(&self) {
        self.tail.close();
    }
}
