//! The store without a disk: for trying things, for tests, and as the model of what the others must do.

mod account;
mod conversation;
mod log;
mod message;
mod receipt;
mod session;

use async_trait::async_trait;
use domain::store::{Store, StoreError};
use parking_lot::RwLock;

/// Keeps everything in memory, as long as the process lives.
///
/// Locks are taken in this order, and none across an await: announcing, conversations, a conversation's log,
/// client ids of a sender, position.
#[derive(Default)]
pub struct MemoryStore {
    accounts: RwLock<account::Accounts>,
    sessions: RwLock<session::Sessions>,
    conversations: RwLock<conversation::Conversations>,
    messages: message::Messages,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn settle(&self) {
        self.messages.settle();
    }

    async fn close(&self) {}
}
