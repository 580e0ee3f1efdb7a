use std::collections::BTreeSet;

use async_trait::async_trait;
use domain::store::{MessageRecord, SharedPage, SharedRange, SharedStore, StoreError};
use protocol::SharedKind;

use super::MemoryStore;

/// The `seq`s of a conversation's messages that share something.
#[derive(Default)]
pub(super) struct Shared(BTreeSet<(SharedKind, u64)>);

impl Shared {
    /// Notes what a message shares now.
    pub(super) fn put(&mut self, message: &MessageRecord) {
        if message.change_seq.is_some() {
            for kind in SharedKind::ALL {
                self.0.remove(&(kind, message.seq));
            }
        }
        self.0.extend(message.shares().map(|kind| (kind, message.seq)));
    }

    /// The `seq`s above one and below another, descending.
    pub(super) fn below(&self, kind: SharedKind, above: u64, seq: u64) -> impl Iterator<Item = u64> {
        // A range that ended before it begins would panic.
        let first = above.saturating_add(1);
        self.0.range((kind, first)..(kind, seq.max(first))).rev().map(|(_, seq)| *seq)
    }
}

#[async_trait]
impl SharedStore for MemoryStore {
    async fn shared(&self, range: SharedRange) -> Result<SharedPage, StoreError> {
        let SharedRange { reader, conversation, kind, before, limit } = range;
        let mut page = SharedPage::default();
        let Some(conversation) = self.conversations.read().get(conversation).cloned() else {
            return Ok(page);
        };
        let log = conversation.log.lock();
        let mut last = before;
        for (scanned, (seq, message)) in
            log.shared_below(kind, log.visible_after(reader), before, reader).enumerate()
        {
            if scanned == SharedPage::SCAN || page.messages.len() == limit {
                page.rest_below = Some(last);
                break;
            }
            page.messages.extend(message);
            last = seq;
        }
        Ok(page)
    }
}
