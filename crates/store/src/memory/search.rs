use std::cmp::Reverse;

use async_trait::async_trait;
use domain::store::{EntryKind, Found, Search, SearchStore, StoreError};

use super::MemoryStore;

#[async_trait]
impl SearchStore for MemoryStore {
    async fn search(&self, search: Search) -> Result<Found, StoreError> {
        let Search { reader, conversation, before, limit, .. } = search;
        let conversations = self.conversations.read().of_user(reader);
        let mut messages = Vec::new();
        for place in conversations.iter().filter(|place| conversation.is_none_or(|key| key == place.key)) {
            let log = place.log.lock();
            let entries = log.entries_above(log.visible_after(reader));
            let entries = entries.filter(|entry| before.is_none_or(|before| entry.position < before));
            for entry in entries.filter(|entry| entry.kind == EntryKind::Message) {
                messages.extend(entry.message.map(|message| (entry.position, message)));
            }
        }
        messages.retain(|(_, message)| {
            message.deleted_at.is_none() && message.hidden_from != Some(reader) && search.finds(message)
        });
        messages.sort_by_key(|(position, _)| Reverse(*position));
        messages.truncate(limit);
        Ok(Found { messages, stopped: None })
    }

    async fn indexed(&self) {
        // There is no index.
    }
}
