use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::store::{
    AttachmentRecord, AttachmentStore, BlobHash, ConversationKey, Forgotten, StoreAge, StoreError, Uploads,
    UserId,
};
use protocol::AttachmentId;

use super::MemoryStore;

/// All uploads. They are sorted by id, and so by time.
#[derive(Default)]
pub(super) struct Attachments {
    uploads: BTreeMap<AttachmentId, Upload>,
    /// Blobs that belong to nothing, and the age of the store at which each was first found.
    unnamed: HashMap<BlobHash, Duration>,
    age: Duration,
}

struct Upload {
    record: Arc<AttachmentRecord>,
    /// The messages that carry the upload.
    carried: Vec<(ConversationKey, u64)>,
    /// The age of the store at which a sweep first found that no message carries it.
    unused_since: Option<Duration>,
}

impl Attachments {
    /// These uploads, or `None` if one of them is missing or belongs to another user.
    pub(super) fn of(&self, owner: UserId, ids: &[AttachmentId]) -> Option<Vec<Arc<AttachmentRecord>>> {
        let held = ids.iter().map(|id| self.uploads.get(id).filter(|held| held.record.owner == owner));
        held.map(|held| held.map(|held| held.record.clone())).collect()
    }

    /// Notes that a message carries these uploads.
    pub(super) fn carry(&mut self, carried: &Uploads, message: (ConversationKey, u64)) {
        for attachment in carried {
            if let Some(held) = self.uploads.get_mut(&attachment.id) {
                held.carried.push(message);
                held.unused_since = None;
            }
        }
    }

    /// Notes that a deleted message no longer carries these uploads.
    pub(super) fn drop_from(&mut self, dropped: &Uploads, message: (ConversationKey, u64)) {
        for attachment in dropped {
            if let Some(held) = self.uploads.get_mut(&attachment.id) {
                held.carried.retain(|carried| *carried != message);
            }
        }
    }

    /// Forgets that these blobs belonged to nothing.
    pub(super) fn forget_unnamed(&mut self, hashes: impl IntoIterator<Item = BlobHash>) {
        for hash in hashes {
            self.unnamed.remove(&hash);
        }
    }

    /// Removes at most `limit` uploads of a user that no message carries.
    pub(super) fn forget_unused_of(&mut self, owner: UserId, limit: usize) -> Forgotten {
        let unused = |held: &Upload| held.record.owner == owner && held.carried.is_empty();
        let unused = self.uploads.values().filter(|held| unused(held)).map(|held| held.record.clone());
        let unused: Vec<_> = unused.take(limit).collect();
        for record in &unused {
            self.uploads.remove(&record.id);
        }
        let blobs = unused.iter().flat_map(|record| record.blobs()).collect();
        Forgotten { blobs, is_complete: unused.len() < limit }
    }

    fn weigh(&self, owner: UserId) -> u64 {
        let own = self.uploads.values().filter(|held| held.record.owner == owner);
        own.map(|held| held.record.weight()).sum()
    }
}

impl MemoryStore {
    /// Whether a reader may see a message.
    fn sees(&self, reader: UserId, (key, seq): (ConversationKey, u64)) -> bool {
        let Some(conversation) = self.conversations.read().get(key).cloned() else { return false };
        let log = conversation.log.lock();
        let message = log.message(seq).filter(|message| message.seq > log.visible_after(reader));
        message.is_some_and(|message| message.hidden_from != Some(reader))
    }
}

#[async_trait]
impl AttachmentStore for MemoryStore {
    async fn add_attachment(&self, attachment: AttachmentRecord, quota: u64) -> Result<bool, StoreError> {
        if self.is_deleted(attachment.owner) {
            return Ok(false);
        }
        let mut attachments = self.attachments.write();
        if attachments.weigh(attachment.owner) + attachment.weight() > quota {
            return Ok(false);
        }
        attachments.forget_unnamed(attachment.blobs());
        let held = Upload { record: Arc::new(attachment), carried: Vec::new(), unused_since: None };
        attachments.uploads.insert(held.record.id, held);
        Ok(true)
    }

    async fn attachments_weigh(&self, owner: UserId) -> Result<u64, StoreError> {
        Ok(self.attachments.read().weigh(owner))
    }

    async fn attachments_of(
        &self,
        owner: UserId,
        after: Option<AttachmentId>,
        limit: usize,
    ) -> Result<Vec<AttachmentRecord>, StoreError> {
        let attachments = self.attachments.read();
        let uploads = attachments.uploads.values().map(|held| &*held.record);
        let own =
            uploads.filter(|record| record.owner == owner && after.is_none_or(|after| record.id > after));
        Ok(own.take(limit).cloned().collect())
    }

    async fn attachment(
        &self,
        id: AttachmentId,
        reader: UserId,
    ) -> Result<Option<AttachmentRecord>, StoreError> {
        let found = {
            let attachments = self.attachments.read();
            attachments.uploads.get(&id).map(|held| (held.record.clone(), held.carried.clone()))
        };
        let seen = found.filter(|(record, carried)| {
            record.owner == reader || carried.iter().any(|message| self.sees(reader, *message))
        });
        Ok(seen.map(|(record, _)| AttachmentRecord::clone(&record)))
    }

    async fn grow_older(&self, by: Duration) -> Result<StoreAge, StoreError> {
        let mut attachments = self.attachments.write();
        attachments.age += by;
        // Never in doubt: the files are in memory, too, and end with the store.
        Ok(StoreAge { age: attachments.age, doubted: None })
    }

    async fn forget_unused(
        &self,
        age: Duration,
        before: Option<Duration>,
        limit: usize,
    ) -> Result<Vec<BlobHash>, StoreError> {
        let mut attachments = self.attachments.write();
        let mut old = Vec::new();
        for held in attachments.uploads.values_mut().filter(|held| held.carried.is_empty()) {
            let since = *held.unused_since.get_or_insert(age);
            if old.len() < limit && before.is_some_and(|before| since <= before) {
                old.push(held.record.clone());
            }
        }
        for record in &old {
            attachments.uploads.remove(&record.id);
        }
        Ok(old.iter().flat_map(|record| record.blobs()).collect())
    }

    async fn count_unused(&self, before: Duration) -> Result<usize, StoreError> {
        let attachments = self.attachments.read();
        let unused = attachments.uploads.values().filter(|held| held.carried.is_empty());
        Ok(unused.filter(|held| held.unused_since.is_some_and(|since| since <= before)).count())
    }

    async fn unused_blobs(&self, mut hashes: Vec<BlobHash>) -> Result<Vec<BlobHash>, StoreError> {
        let groups = self.group_avatars();
        let accounts = self.accounts.read();
        let attachments = self.attachments.read();
        let uploads = attachments.uploads.values().flat_map(|held| held.record.blobs());
        let used: HashSet<_> =
            uploads.chain(accounts.avatars().chain(groups).flat_map(|avatar| avatar.blobs())).collect();
        hashes.retain(|hash| !used.contains(hash));
        Ok(hashes)
    }

    async fn note_unnamed(
        &self,
        mut hashes: Vec<BlobHash>,
        age: Duration,
        before: Option<Duration>,
    ) -> Result<Vec<BlobHash>, StoreError> {
        let mut attachments = self.attachments.write();
        hashes.retain(|hash| {
            let since = *attachments.unnamed.entry(*hash).or_insert(age);
            before.is_some_and(|before| since <= before)
        });
        Ok(hashes)
    }

    async fn forget_unnamed(&self, hashes: Vec<BlobHash>) -> Result<(), StoreError> {
        self.attachments.write().forget_unnamed(hashes);
        Ok(())
    }
}
