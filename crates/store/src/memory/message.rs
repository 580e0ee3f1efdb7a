use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::convert::Infallible;
use std::sync::Arc;

use async_trait::async_trait;
use domain::store::{
    Action, Append, AppendError, Appended, Changed, ClientId, Committed, ConversationKey, EarlierMessage,
    EntryKind, EntryPage, EntryRange, Epoch, Follower, Logged, MessageRecord, MessageStore, Origin, Position,
    Reacted, Reaction, Roster, ScanEnd, StoreError, Submitted, Target, Transaction, Uploads, UserId,
    append_to, check_first,
};
use parking_lot::{Mutex, MutexGuard, RwLockWriteGuard};
use protocol::{AttachmentId, ConversationKind, MessageId, Role};

use super::MemoryStore;
use super::attachment::Attachments;
use super::conversation::Conversation;
use super::log::Log;
use crate::tail::TailFollower;

#[derive(Default)]
pub(super) struct Messages {
    /// The messages of client ids, in 16 parts by sender, so that few senders wait for each other.
    client_ids: [Mutex<ClientIds>; 16],
    /// For edited and deleted messages with a client id: a digest of the first body, to recognise a repeat. By
    /// conversation and `seq`.
    original_digests: Mutex<HashMap<(ConversationKey, u64), [u8; 16]>>,
    /// The position of the last entry. It is raised only after the entry is in its log.
    pub(super) position: Mutex<u64>,
}

/// For a sender and a client id: the conversation and `seq` of the message.
type ClientIds = HashMap<(UserId, ClientId), (ConversationKey, u64)>;

impl Messages {
    fn client_ids(&self, sender: UserId) -> MutexGuard<'_, ClientIds> {
        self.client_ids[usize::try_from(sender.0).unwrap_or_default() % 16].lock()
    }

    /// The conversation and `seq` of the message with this client id.
    fn find_client_id(&self, sender: UserId, client_id: &str) -> Option<(ConversationKey, u64)> {
        self.client_ids(sender).get(&(sender, client_id.into())).copied()
    }
}

/// A conversation while an entry is appended to it. Its log is locked.
pub(super) struct Appending<'a> {
    store: &'a MemoryStore,
    conversation: &'a Conversation,
    pub(super) log: MutexGuard<'a, Log>,
    /// Locked from the look at the uploads until they are counted as used, because a sweep may remove unused ones at
    /// any time.
    uploads: Option<RwLockWriteGuard<'a, Attachments>>,
    /// Locked from the insert into the log until the entry is in the tail, so that the tail is in the order of
    /// positions.
    position: Option<MutexGuard<'a, u64>>,
}

impl<'a> Appending<'a> {
    pub(super) fn begin(store: &'a MemoryStore, conversation: &'a Conversation) -> Self {
        Self { store, conversation, log: conversation.log.lock(), uploads: None, position: None }
    }

    /// Appends an entry to the log. Nobody sees it before [`Appending::end`].
    fn push(&mut self, kind: EntryKind, message: &MessageRecord) -> Position {
        let last = self.store.messages.position.lock();
        let position = Position(*last + 1);
        self.log.push(position, kind, message);
        self.position = Some(last);
        position
    }

    pub(super) fn end(self, logged: Logged, origin: Origin) -> Appended {
        let Logged { entry, roster, duplicate } = logged;
        let position = entry.position;
        let committed = Arc::new(Committed::of_message(self.conversation.key, entry, roster, origin));
        if let Some(mut last) = self.position {
            self.store.tail.push([committed.clone()]);
            *last = position.0;
        }
        Appended { committed, duplicate }
    }
}

impl Transaction for Appending<'_> {
    type Error = AppendError;

    fn head(&mut self) -> Result<u64, AppendError> {
        Ok(self.log.head_seq())
    }

    fn roster(&mut self, seq: u64) -> Result<Roster, AppendError> {
        Ok(self.log.roster(seq))
    }

    fn blocker_of(&mut self, user: UserId) -> Result<Option<UserId>, AppendError> {
        let blocks = self.store.blocks.read();
        let mut others = self.log.members.iter().map(|member| member.user);
        Ok(others.find(|other| blocks.get(other).is_some_and(|blocked| blocked.contains_key(&user))))
    }

    fn deleted_member(&mut self, sender: UserId) -> Result<Option<UserId>, AppendError> {
        let users = self.log.members.iter().map(|member| member.user);
        let deleted: Vec<_> = users.filter(|user| self.store.is_deleted(*user)).collect();
        Ok(deleted.iter().copied().find(|user| *user == sender).or(deleted.first().copied()))
    }

    fn seen(&mut self, reader: UserId, id: MessageId) -> Result<Option<MessageRecord>, AppendError> {
        Ok(self.log.seen(id, reader))
    }

    fn leads(&mut self, user: UserId) -> Result<bool, AppendError> {
        Ok(self.log.member(user).is_some_and(|member| member.role < Role::Member))
    }

    fn has_reacted(&mut self, seq: u64, user: UserId, emoji: &str) -> Result<bool, AppendError> {
        Ok(self.log.reactions.contains(seq, user, emoji))
    }

    fn reactions(&mut self, seq: u64) -> Result<Vec<Reacted>, AppendError> {
        Ok(self.log.reactions.shown(seq))
    }

    fn uploads(&mut self, owner: UserId, ids: &[AttachmentId]) -> Result<Option<Uploads>, AppendError> {
        if ids.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let uploads = self.uploads.get_or_insert_with(|| self.store.attachments.write());
        Ok(uploads.of(owner, ids))
    }

    fn sent(&mut self, sender: UserId, client_id: &str) -> Result<Option<EarlierMessage>, AppendError> {
        let Some((key, seq)) = self.store.messages.find_client_id(sender, client_id) else { return Ok(None) };
        if key != self.conversation.key {
            return Err(AppendError::ClientIdReused);
        }
        let entry = self.log.entries_above(seq - 1).next().ok_or(AppendError::ClientIdReused)?;
        let original_digest = self.store.messages.original_digests.lock().get(&(key, seq)).copied();
        Ok(Some(EarlierMessage { entry, original_digest }))
    }

    fn insert(&mut self, message: &MessageRecord) -> Result<Option<Position>, AppendError> {
        let place = (self.conversation.key, message.seq);
        if let Some(client_id) = &message.client_id {
            let mut taken = self.store.messages.client_ids(message.sender);
            let Slot::Vacant(free) = taken.entry((message.sender, client_id.clone())) else {
                return Ok(None);
            };
            free.insert(place);
        }
        if let Some(uploads) = &mut self.uploads {
            uploads.carry(&message.attachments, place);
        }
        Ok(Some(self.push(EntryKind::Message, message)))
    }

    fn change(&mut self, changed: &Changed<'_>) -> Result<Position, AppendError> {
        let Changed { action, message, by, original_digest, dropped, .. } = changed;
        let reactions = &mut self.log.reactions;
        match action {
            Action::React { emoji, on: true, .. } => {
                let seq = message.change_seq.unwrap_or_default();
                reactions.add(message.seq, Reaction { emoji: emoji.clone(), user: *by, seq });
            }
            Action::React { emoji, .. } => reactions.remove(message.seq, *by, emoji),
            Action::Delete { .. } => reactions.remove_all(message.seq),
            Action::Message { .. } | Action::Edit { .. } => {}
        }
        let place = (message.conversation, message.seq);
        if let &Some(digest) = original_digest {
            // Kept from the first change of the text only.
            self.store.messages.original_digests.lock().entry(place).or_insert(digest);
        }
        if !dropped.is_empty() {
            self.store.attachments.write().drop_from(dropped, place);
        }
        Ok(self.push(EntryKind::MessageChange, message))
    }
}

impl MemoryStore {
    fn last_position(&self) -> Position {
        Position(*self.messages.position.lock())
    }

    /// The entries above a position, at most `limit`, ascending. A roster has the members who may see the message now.
    fn committed(&self, after: Position, limit: usize) -> Vec<Arc<Committed>> {
        // Entries above `last` are left out: while the logs are read one by one, an entry may be added to a log that
        // was already read, and a later one to a log that was not.
        let last = self.last_position();
        let conversations: Vec<_> = self.conversations.read().all().cloned().collect();
        let mut found = Vec::new();
        for conversation in conversations {
            let (log, key) = (conversation.log.lock(), conversation.key);
            let entries = log.entries_above(log.seq_at(after)).take(limit);
            found.extend(entries.map(
                |entry| match log.changes.iter().find(|change| change.seq == entry.seq) {
                    Some(change) => Committed::of_group(key, entry, change.clone()),
                    None => {
                        let of =
                            entry.message.as_ref().filter(|_| conversation.kind == ConversationKind::Group);
                        let roster = of.map(|message| log.roster(message.seq));
                        Committed::of_message(key, entry, roster, Origin::default())
                    }
                },
            ));
        }
        found.retain(|committed| committed.entry.position <= last);
        found.sort_by_key(|committed| committed.entry.position);
        found.into_iter().take(limit).map(Arc::new).collect()
    }

    /// The conversation that an entry goes to. A direct conversation is opened if there is none.
    fn place(&self, append: &Append) -> Result<Arc<Conversation>, AppendError> {
        let (other, id) = match append.target {
            Target::Direct(key) | Target::Group(key) => {
                let conversation = self.conversations.read().get(key).cloned();
                return conversation.ok_or(AppendError::MessageUnknown);
            }
            Target::DirectWith(other, id) => (other, id),
        };
        if let Some(there) = self.conversations.read().find_direct(append.sender, other) {
            return Ok(there.clone());
        }
        if self.is_deleted(append.sender) || self.is_deleted(other) {
            return Err(AppendError::ReceiverDeleted);
        }
        let (sender, messages) = (append.sender, &self.messages);
        let is_sent = |id: &ClientId| Ok(messages.find_client_id(sender, id).is_some());
        let is_there = |ids: &[AttachmentId]| Ok(self.attachments.read().of(sender, ids).is_some());
        check_first::<AppendError>(&append.action, is_sent, is_there)?;
        Ok(self.conversations.write().open_direct(append.sender, other, id, append.at))
    }
}

struct MemoryFollower<'a> {
    store: &'a MemoryStore,
    follower: TailFollower<'a>,
}

#[async_trait]
impl Follower for MemoryFollower<'_> {
    async fn next(&self, limit: usize) -> Result<Vec<Arc<Committed>>, StoreError> {
        self.follower.next_or(limit, |after| std::future::ready(Ok(self.store.committed(after, limit)))).await
    }
}

#[async_trait]
impl MessageStore for MemoryStore {
    fn submit(&self, append: Append, origin: Origin) -> Submitted {
        let appended = self.place(&append).and_then(|conversation| {
            let mut appending = Appending::begin(self, &conversation);
            let logged = append_to(&mut appending, conversation.key, &append)?;
            Ok(appending.end(logged, origin))
        });
        Submitted::known(appended)
    }

    fn follow(&self, after: Position) -> Box<dyn Follower + '_> {
        Box::new(MemoryFollower { store: self, follower: self.tail.follow(after) })
    }

    async fn position(&self) -> Result<Position, StoreError> {
        Ok(self.last_position())
    }

    fn epoch(&self) -> Epoch {
        self.epoch
    }

    fn reached(&self, epoch: Epoch, position: Position) -> bool {
        epoch == self.epoch && position <= self.last_position()
    }

    async fn entries(&self, ranges: Vec<EntryRange>, upto: Position) -> Result<Vec<EntryPage>, StoreError> {
        let span = EntryPage::span(ranges.len());
        let lists = ranges.iter().map(|range| {
            let nothing = ScanEnd { seq: range.after_seq, position: upto, is_complete: true };
            let Some(conversation) = self.conversations.read().get(range.conversation).cloned() else {
                return EntryPage { entries: Vec::new(), upto: nothing };
            };
            let log = conversation.log.lock();
            let end = range.after_seq.saturating_add(span);
            let last = log.last_upto(end, upto).filter(|(seq, _)| *seq > range.after_seq);
            let scan_end =
                last.map_or(nothing, |(seq, position)| ScanEnd { seq, position, is_complete: seq < end });
            let entries = log.entries_for(range.reader, range.after_seq, scan_end.seq, upto);
            let read = EntryPage::of(range, scan_end, entries.map(Ok::<_, Infallible>));
            read.unwrap_or_else(|never| match never {})
        });
        Ok(lists.collect())
    }

    async fn messages_before(
        &self,
        reader: UserId,
        conversation: ConversationKey,
        before: u64,
        limit: usize,
    ) -> Result<Vec<MessageRecord>, StoreError> {
        let conversation = self.conversations.read().get(conversation).cloned();
        let Some(conversation) = conversation else {
            return Ok(Vec::new());
        };
        let log = conversation.log.lock();
        let below = log.messages_below(before, log.visible_after(reader), Some(reader));
        let mut messages: Vec<_> = below.take(limit).collect();
        messages.reverse();
        Ok(messages)
    }

    async fn messages_after(
        &self,
        reader: UserId,
        conversation: ConversationKey,
        after: u64,
        limit: usize,
    ) -> Result<Vec<MessageRecord>, StoreError> {
        let conversation = self.conversations.read().get(conversation).cloned();
        let Some(conversation) = conversation else {
            return Ok(Vec::new());
        };
        let log = conversation.log.lock();
        Ok(log.messages_above(after.max(log.visible_after(reader)), reader).take(limit).collect())
    }
}
