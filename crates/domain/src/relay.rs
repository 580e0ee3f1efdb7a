//! The relay: passes the hints of other nodes on to the sockets of this one.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::block::Blocks;
use crate::bus::{Hint, Hints};
use crate::invitation::Invitations;
use crate::presence::Presences;
use crate::receipt::Receipts;
use crate::typing::Typings;

/// Turns the hints of other nodes into events for the sockets of this node. Sends nothing back to the bus.
pub struct Relay {
    /// `None` once [`Relay::run`] has taken them.
    hints: Mutex<Option<Hints>>,
    receipts: Arc<Receipts>,
    typings: Arc<Typings>,
    presences: Arc<Presences>,
    blocks: Arc<Blocks>,
    invitations: Arc<Invitations>,
}

impl Relay {
    pub(crate) fn new(
        hints: Hints,
        receipts: Arc<Receipts>,
        typings: Arc<Typings>,
        presences: Arc<Presences>,
        blocks: Arc<Blocks>,
        invitations: Arc<Invitations>,
    ) -> Self {
        Self { hints: Mutex::new(Some(hints)), receipts, typings, presences, blocks, invitations }
    }

    /// Passes hints on until `stop`.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let Some(mut hints) = self.hints.lock().take() else { return };
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                hint = hints.next() => match hint {
                    Some(hint) => self.relay(hint).await,
                    None => return,
                },
                () = &mut stop => return,
            }
        }
    }

    async fn relay(&self, hint: Hint) {
        match hint {
            Hint::Receipt { conversation, user, cursors, read } => {
                self.receipts.tell_here(conversation, user, cursors, read).await;
            }
            Hint::Typing { conversation, user, typing } => {
                self.typings.tell_here(conversation, user, typing).await;
            }
            Hint::Presence(user) => self.presences.check(user).await,
            Hint::Visibility(user) => self.presences.changed_here(user),
            Hint::Block(user, other) => self.blocks.changed_here(user, other),
            Hint::Invitation(user, conversation) => self.invitations.tell_here(user, conversation).await,
            Hint::Lost => {
                tracing::warn!("hints of other nodes were lost");
                self.blocks.forget();
                self.presences.check_all();
            }
        }
    }
}
