use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use async_trait::async_trait;
use domain::store::{
    Append, AppendError, Appended, Change, ClientId, Committed, ConversationKey, Entry, EntryKind, Epoch,
    MessageRecord, MessageStore, Origin, Position, Range, Reaction, Read, StoreError, Submitted, Target,
    Upto, UserId, first_body,
};
use parking_lot::Mutex;
use protocol::{AttachmentId, ConversationKind, MessageId};

use super::MemoryStore;
use super::conversation::Conversation;
use super::log::Log;
use crate::tail::Next;

#[derive(Default)]
pub(super) struct Messages {
    /// Where each sender's own names lead.
    client_ids: [Mutex<ClientIds>; 16],
    /// What messages with a sender's own name said before they changed, as a digest, by conversation and `seq`.
    first_bodies: Mutex<HashMap<(ConversationKey, u64), [u8; 16]>>,
    /// The last position taken; an entry is in its log before this says so.
    pub(super) position: Mutex<u64>,
}

impl Messages {
    /// Keeps what a message that is about to change says, if a repeat of it could come.
    fn keep_first_body(&self, message: &MessageRecord) {
        if message.client_id.is_some() {
            let place = (message.conversation, message.seq);
            // Of the first change of its text only.
            self.first_bodies.lock().entry(place).or_insert_with(|| message.body());
        }
    }
}

/// The sender's own name for a message, and the conversation and `seq` it leads to.
type ClientIds = HashMap<(UserId, ClientId), (ConversationKey, u64)>;

impl MemoryStore {
    /// Appends to a conversation whose log is locked.
    fn append_to(
        &self,
        conversation: &Conversation,
        log: &mut Log,
        append: Append,
        origin: Origin,
    ) -> Result<Appended, AppendError> {
        let mentions = mentioned(log, &append);
        let repeated = |entry| {
            let committed = Committed::of_message(conversation.key, entry, None, Origin::default());
            Ok(Appended { committed: Arc::new(committed), duplicate: true })
        };
        let Append { target, sender, at, random, change, .. } = append;
        let seq = log.head_seq() + 1;
        let (kind, message) = match change {
            Change::Message { client_id, text, reply_to, attachments: ids, hidden_from } => {
                if let Some(id) = reply_to
                    && log.seen(id, sender).is_none()
                {
                    return Err(AppendError::ReplyUnknown);
                }
                // Held until they are counted as used: what is unused may be forgotten at any time.
                let mut uploads = (!ids.is_empty()).then(|| self.attachments.write());
                let attachments =
                    uploads.as_ref().map_or_else(|| Some(Vec::new()), |all| all.of(sender, &ids));
                if attachments.is_none() && !client_id.as_ref().is_some_and(|id| self.has_claimed(sender, id))
                {
                    return Err(AppendError::AttachmentUnknown);
                }
                if let Some(client_id) = &client_id {
                    match self.claim(sender, client_id, conversation.key, seq) {
                        None => {}
                        Some((key, seq)) if key == conversation.key => {
                            return repeated(self.duplicate(log, key, seq, &text, reply_to, &ids)?);
                        }
                        Some(_) => return Err(AppendError::ClientIdReused),
                    }
                }
                let attachments = attachments.ok_or(AppendError::AttachmentUnknown)?;
                if let Some(uploads) = &mut uploads {
                    uploads.carry(&ids, (conversation.key, seq));
                }
                let message = MessageRecord {
                    conversation: conversation.key,
                    seq,
                    id: MessageId::mint(at, seq, random),
                    sender,
                    client_id,
                    text,
                    timestamp: at,
                    reply_to,
                    edited_at: None,
                    deleted_at: None,
                    attachments,
                    mentions: Some(mentions),
                    reactions: Vec::new(),
                    hidden_from,
                    change_seq: None,
                };
                (EntryKind::Message, message)
            }
            Change::Edit { id, text } => {
                let message = changeable(log, id, sender)?;
                self.messages.keep_first_body(&message);
                let (mentions, edited_at) = (Some(mentions), Some(at));
                let changed = MessageRecord { text, mentions, edited_at, change_seq: Some(seq), ..message };
                (EntryKind::Edit, changed)
            }
            Change::Delete { id } => {
                let message = changeable(log, id, sender)?;
                self.messages.keep_first_body(&message);
                if !message.attachments.is_empty() {
                    self.attachments.write().drop_from(&message);
                }
                let message = MessageRecord {
                    text: Box::default(),
                    deleted_at: Some(at),
                    attachments: Vec::new(),
                    mentions: Some(Box::default()),
                    reactions: Vec::new(),
                    change_seq: Some(seq),
                    ..message
                };
                (EntryKind::Delete, message)
            }
            Change::React { id, emoji, on } => {
                let mut message = log.seen(id, sender).ok_or(AppendError::MessageUnknown)?;
                if message.deleted_at.is_some() {
                    return Err(AppendError::MessageDeleted);
                }
                if message.has_reaction(sender, &emoji) == on {
                    let (kind, position) = (EntryKind::Reaction, Position::default());
                    let seq = message.change_seq.unwrap_or(message.seq);
                    return repeated(Entry { seq, position, kind, message: Some(message) });
                }
                if on && !message.has_room_for(&emoji) {
                    return Err(AppendError::ReactionsFull);
                }
                if on {
                    message.reactions.push(Reaction { emoji, user: sender });
                } else {
                    message.reactions.retain(|other| other.user != sender || other.emoji != emoji);
                }
                (EntryKind::Reaction, MessageRecord { change_seq: Some(seq), ..message })
            }
        };
        Ok(self.push(log, target, (kind, message), origin))
    }

    /// Puts an entry that has been decided at the end of its log and of all.
    fn push(
        &self,
        log: &mut Log,
        target: Target,
        (kind, message): (EntryKind, MessageRecord),
        origin: Origin,
    ) -> Appended {
        let mut last = self.messages.position.lock();
        let position = Position(*last + 1);
        log.push(position, kind, &message);
        let roster = matches!(target, Target::Group(_)).then(|| log.roster(message.seq));
        let key = message.conversation;
        let entry = Entry { seq: log.head_seq(), position, kind, message: Some(message) };
        let committed = Arc::new(Committed::of_message(key, entry, roster, origin));
        self.tail.push([committed.clone()]);
        *last = position.0;
        Appended { committed, duplicate: false }
    }

    /// What was stored the first time, if it said the same then.
    fn duplicate(
        &self,
        log: &Log,
        key: ConversationKey,
        seq: u64,
        text: &str,
        reply_to: Option<MessageId>,
        attachments: &[AttachmentId],
    ) -> Result<Entry, AppendError> {
        let mut entries = log.entries_above(seq.saturating_sub(1));
        let entry = entries.next().ok_or(AppendError::ClientIdReused)?;
        let same = match (self.messages.first_bodies.lock().get(&(key, seq)), &entry.message) {
            (Some(first), _) => *first == first_body(text, reply_to, attachments),
            (None, Some(message)) => message.says(text, reply_to, attachments),
            (None, None) => false,
        };
        if same { Ok(entry) } else { Err(AppendError::ClientIdReused) }
    }

    fn last_position(&self) -> Position {
        Position(*self.messages.position.lock())
    }

    /// The entries above a position, each for whoever may see it now.
    fn committed(&self, after: Position, limit: usize) -> Vec<Arc<Committed>> {
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
        found.sort_by_key(|committed| committed.entry.position);
        found.into_iter().take(limit).map(Arc::new).collect()
    }

    /// Takes a sender's own name for the message at a place; gives the place it leads to already.
    fn claim(
        &self,
        sender: UserId,
        client_id: &ClientId,
        key: ConversationKey,
        seq: u64,
    ) -> Option<(ConversationKey, u64)> {
        let shard = &self.messages.client_ids[usize::try_from(sender.0).unwrap_or_default() % 16];
        match shard.lock().entry((sender, client_id.clone())) {
            std::collections::hash_map::Entry::Occupied(taken) => Some(*taken.get()),
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert((key, seq));
                None
            }
        }
    }

    fn has_claimed(&self, sender: UserId, client_id: &ClientId) -> bool {
        let shard = &self.messages.client_ids[usize::try_from(sender.0).unwrap_or_default() % 16];
        shard.lock().contains_key(&(sender, client_id.clone()))
    }

    /// The conversation that an entry goes to.
    fn place(&self, append: &Append) -> Result<Arc<Conversation>, AppendError> {
        let (other, id) = match append.target {
            Target::Conversation(key) | Target::Group(key) => {
                let conversation = self.conversations.read().get(key).cloned();
                return conversation.ok_or(AppendError::MessageUnknown);
            }
            Target::Direct(other, id) => (other, id),
        };
        if let Some(there) = self.conversations.read().find_direct(append.sender, other) {
            return Ok(there.clone());
        }
        // What cannot be appended to an empty conversation must not leave one behind.
        match &append.change {
            Change::Message { reply_to: Some(_), .. } => return Err(AppendError::ReplyUnknown),
            Change::Message { client_id: Some(id), .. } if self.has_claimed(append.sender, id) => {
                return Err(AppendError::ClientIdReused);
            }
            Change::Message { attachments, .. } if !attachments.is_empty() => {
                let known = self.attachments.read().of(append.sender, attachments);
                known.ok_or(AppendError::AttachmentUnknown)?;
            }
            Change::Message { .. } => {}
            Change::Edit { .. } | Change::Delete { .. } | Change::React { .. } => {
                return Err(AppendError::MessageUnknown);
            }
        }
        Ok(self.conversations.write().open_direct(append.sender, other, id, append.at))
    }
}

/// Those of the people that a text names who are members now.
fn mentioned(log: &Log, append: &Append) -> Box<[UserId]> {
    let is_member =
        |user: &&UserId| !matches!(append.target, Target::Group(_)) || log.member(**user).is_some();
    append.mentions.iter().filter(is_member).copied().collect()
}

/// The message that a sender changes.
fn changeable(log: &Log, id: MessageId, sender: UserId) -> Result<MessageRecord, AppendError> {
    let message = log.seen(id, sender).ok_or(AppendError::MessageUnknown)?;
    if message.sender != sender {
        return Err(AppendError::NotSender);
    }
    if message.deleted_at.is_some() {
        return Err(AppendError::MessageDeleted);
    }
    Ok(message)
}

#[async_trait]
impl MessageStore for MemoryStore {
    fn submit(&self, append: Append, origin: Origin) -> Submitted {
        let appended = self.place(&append).and_then(|conversation| {
            let mut log = conversation.log.lock();
            if matches!(append.target, Target::Group(_)) && log.member(append.sender).is_none() {
                return Err(AppendError::NotMember);
            }
            self.append_to(&conversation, &mut log, append, origin)
        });
        Submitted::known(appended)
    }

    async fn follow(&self, after: Position, limit: usize) -> Result<Vec<Arc<Committed>>, StoreError> {
        match self.tail.next(after, limit).await {
            Next::Entries(entries) => Ok(entries),
            Next::Closed => Err(StoreError::Closed),
            Next::Overrun => Ok(self.committed(after, limit)),
        }
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

    async fn entries(&self, ranges: Vec<Range>, upto: Position) -> Result<Vec<Read>, StoreError> {
        let span = Read::span(ranges.len());
        let lists = ranges.iter().map(|range| {
            let nothing = Upto { seq: range.after_seq, position: upto, ended: true };
            let Some(conversation) = self.conversations.read().get(range.conversation).cloned() else {
                return Read { entries: Vec::new(), upto: nothing };
            };
            let log = conversation.log.lock();
            let end = range.after_seq.saturating_add(span);
            let last = log.last_upto(end, upto).filter(|(seq, _)| *seq > range.after_seq);
            let came_to = last.map_or(nothing, |(seq, position)| Upto { seq, position, ended: seq < end });
            let entries = log.entries_for(range.reader, range.after_seq, came_to.seq, upto);
            let read = Read::of(range, came_to, entries.map(Ok::<_, Infallible>));
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
