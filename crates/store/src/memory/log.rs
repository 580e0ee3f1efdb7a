//! The log of one conversation. Most of the memory of this store goes into it, so entries are kept small.

use std::sync::Arc;

use domain::store::{
    AttachmentRecord, ClientId, ConversationKey, Entry, EntryKind, GroupEntry, GroupEvent, MessageRecord,
    Mute, Position, Roster, UserId,
};
use protocol::{Cursors, MessageId, Role, SharedKind, Timestamp};

use super::reaction::Reactions;
use super::shared::Shared;

/// A conversation's log with its members.
pub(super) struct Log {
    key: ConversationKey,
    pub(super) members: Vec<Member>,
    /// Former members.
    pub(super) former: Vec<UserId>,
    /// The `seq` of the last change of the group itself; 0 in a direct conversation.
    pub(super) changed_seq: u64,
    /// All changes of the group itself, ascending by `seq`.
    pub(super) changes: Vec<GroupEntry>,
    pub(super) reactions: Reactions,
    shared: Shared,
    /// The entry of `seq` is at `seq - 1`.
    entries: Entries,
}

/// A member of a conversation.
pub(super) struct Member {
    pub(super) user: UserId,
    pub(super) role: Role,
    pub(super) cursors: Cursors,
    /// The head of the log when they joined.
    pub(super) joined_after: u64,
    /// They may not see messages up to this `seq`.
    pub(super) visible_after: u64,
    pub(super) mute: Mute,
}

impl Member {
    pub(super) fn new(user: UserId, role: Role, joined_after: u64, visible_after: u64) -> Self {
        let cursors = Cursors { delivered_seq: joined_after, read_seq: joined_after };
        Self { user, role, cursors, joined_after, visible_after, mute: Mute::Off }
    }
}

/// Entries in chunks, so that growing does not move them. All chunks but the last are full.
#[derive(Default)]
struct Entries(Vec<Vec<Stored>>);

const CHUNK: usize = 64;

impl Entries {
    fn len(&self) -> usize {
        self.0.last().map_or(0, |last| (self.0.len() - 1) * CHUNK + last.len())
    }

    fn get(&self, index: usize) -> Option<&Stored> {
        self.0.get(index / CHUNK)?.get(index % CHUNK)
    }

    fn get_mut(&mut self, index: usize) -> Option<&mut Stored> {
        self.0.get_mut(index / CHUNK)?.get_mut(index % CHUNK)
    }

    fn push(&mut self, stored: Stored) {
        match self.0.last_mut() {
            Some(last) if last.len() < CHUNK => last.push(stored),
            _ => self.0.push(vec![stored]),
        }
    }

    /// As [`slice::partition_point`]: how many entries at the front satisfy `before`.
    fn partition_point(&self, before: impl Fn(&Stored) -> bool) -> usize {
        let chunks = self.0.partition_point(|chunk| chunk.last().is_some_and(&before));
        let rest = self.0.get(chunks).map_or(0, |chunk| chunk.partition_point(&before));
        (chunks * CHUNK + rest).min(self.len())
    }

    /// The entries from an index on.
    fn from(&self, index: usize) -> impl Iterator<Item = &Stored> {
        (index..self.len()).map_while(|index| self.get(index))
    }
}

struct Stored {
    position: Position,
    what: EntryContent,
}

enum EntryContent {
    Message(Message),
    /// A change of the message with this `seq`.
    Change(u64),
    /// A change of the group itself.
    GroupChange,
}

/// A message without its `seq` and its time: its index and its id have these.
struct Message {
    id: MessageId,
    sender: UserId,
    text: Box<str>,
    /// Fields that most messages do not have. `None` if all are empty.
    more: Option<Box<RareFields>>,
}

#[derive(Default, PartialEq)]
struct RareFields {
    client_id: Option<ClientId>,
    reply_to: Option<MessageId>,
    edited_at: Option<Timestamp>,
    deleted_at: Option<Timestamp>,
    attachments: Vec<Arc<AttachmentRecord>>,
    mentions: Box<[UserId]>,
    hidden_from: Option<UserId>,
    change_seq: Option<u64>,
}

impl Log {
    pub(super) fn new(key: ConversationKey, members: Vec<Member>) -> Self {
        Self {
            key,
            members,
            former: Vec::new(),
            changed_seq: 0,
            changes: Vec::new(),
            reactions: Reactions::default(),
            shared: Shared::default(),
            entries: Entries::default(),
        }
    }

    pub(super) fn member(&self, user: UserId) -> Option<&Member> {
        self.members.iter().find(|member| member.user == user)
    }

    /// The members who may see the message with a `seq`.
    pub(super) fn roster(&self, seq: u64) -> Roster {
        self.members.iter().filter(|member| seq > member.visible_after).map(|member| member.user).collect()
    }

    /// The highest `seq` that the reader may not see. A reader who is not a member may see no message.
    pub(super) fn visible_after(&self, reader: UserId) -> u64 {
        self.member(reader).map_or(u64::MAX, |member| member.visible_after)
    }

    pub(super) fn head_seq(&self) -> u64 {
        self.entries.len() as u64
    }

    /// How many messages there are, also deleted ones.
    pub(super) fn count_messages(&self) -> usize {
        self.entries.from(0).filter(|stored| matches!(stored.what, EntryContent::Message(_))).count()
    }

    pub(super) fn head_position(&self) -> Position {
        let last = self.entries.len().checked_sub(1).and_then(|index| self.entries.get(index));
        last.map_or(Position(0), |entry| entry.position)
    }

    /// The `seq` of the last entry that is not above a position.
    pub(super) fn seq_at(&self, position: Position) -> u64 {
        self.entries.partition_point(|entry| entry.position <= position) as u64
    }

    /// Appends a new message, or a change. For a change, `message` is the message after it.
    pub(super) fn push(&mut self, position: Position, kind: EntryKind, message: &MessageRecord) {
        self.shared.put(message);
        let stored = Message::of(message);
        let what = match kind {
            EntryKind::Message => EntryContent::Message(stored),
            EntryKind::MessageChange | EntryKind::GroupChange => {
                let at = message.seq.checked_sub(1).map(index_above);
                if let Some(entry) = at.and_then(|index| self.entries.get_mut(index)) {
                    entry.what = EntryContent::Message(stored);
                }
                EntryContent::Change(message.seq)
            }
        };
        self.entries.push(Stored { position, what });
    }

    /// Appends a change of the group itself.
    pub(super) fn push_changed(
        &mut self,
        position: Position,
        by: UserId,
        at: Timestamp,
        mut events: Vec<GroupEvent>,
    ) -> GroupEntry {
        self.entries.push(Stored { position, what: EntryContent::GroupChange });
        let seq = self.head_seq();
        let previous = std::mem::replace(&mut self.changed_seq, seq);
        events.sort_by_key(|event| match event {
            GroupEvent::Title(_) => (0, None),
            GroupEvent::History(_) => (1, None),
            GroupEvent::Joined(user) => (2, Some(*user)),
            GroupEvent::Left(user) => (3, Some(*user)),
            GroupEvent::Role(user, _) => (4, Some(*user)),
            GroupEvent::Picture(_) => (5, None),
        });
        let change = GroupEntry { seq, previous, by, at, events };
        self.changes.push(change.clone());
        change
    }

    /// Entries above a `seq`, ascending.
    pub(super) fn entries_above(&self, seq: u64) -> impl Iterator<Item = Entry> {
        let above = self.entries.from(index_above(seq));
        above.zip(seq.saturating_add(1)..).filter_map(|(stored, seq)| self.entry(stored, seq))
    }

    /// The entries with `above` < `seq` ≤ `last` that the reader is sent by the rules of [`MessageStore::entries`];
    /// `position` is its `upto`. Entries that are left out are not copied.
    ///
    /// [`MessageStore::entries`]: domain::store::MessageStore::entries
    pub(super) fn entries_for(
        &self,
        reader: UserId,
        above: u64,
        last: u64,
        position: Position,
    ) -> impl Iterator<Item = Entry> {
        let (member, head) = (self.member(reader), self.seq_at(position));
        let range = self.entries.from(index_above(above)).zip(above.saturating_add(1)..=last);
        let sent = range.filter(move |(stored, seq)| {
            member.is_some_and(|member| self.is_sent_to(member, stored, *seq, head))
        });
        sent.filter_map(|(stored, seq)| self.entry(stored, seq))
    }

    /// Whether a member is sent this entry when they read the log up to `head`.
    fn is_sent_to(&self, member: &Member, stored: &Stored, seq: u64, head: u64) -> bool {
        let is_told_again_by = |later: u64| later > seq && later <= head;
        let of = match &stored.what {
            EntryContent::Message(_) => seq,
            EntryContent::Change(of) => *of,
            EntryContent::GroupChange => {
                return seq == member.joined_after + 1 || !is_told_again_by(self.changed_seq);
            }
        };
        let entry = of.checked_sub(1).and_then(|below| self.entries.get(index_above(below)));
        let Some(EntryContent::Message(message)) = entry.map(|entry| &entry.what) else { return false };
        let more = message.more.as_deref();
        let hidden = more.is_some_and(|more| more.hidden_from == Some(member.user));
        let last_change = more.and_then(|more| more.change_seq);
        of > member.visible_after && !hidden && (of == seq || !last_change.is_some_and(is_told_again_by))
    }

    /// Messages with `above` < their `seq` < `seq` that are not hidden from the reader, descending.
    pub(super) fn messages_below(
        &self,
        seq: u64,
        above: u64,
        reader: Option<UserId>,
    ) -> impl Iterator<Item = MessageRecord> {
        let from = index_above(above);
        let to = index_above(seq.saturating_sub(1)).min(self.entries.len());
        let below = (from..to).rev().filter_map(|index| Some((self.entries.get(index)?, index as u64 + 1)));
        below.filter_map(move |(stored, seq)| self.shown(stored, seq, reader))
    }

    /// Messages above a `seq` that are not hidden from the reader, ascending.
    pub(super) fn messages_above(&self, seq: u64, reader: UserId) -> impl Iterator<Item = MessageRecord> {
        let above = self.entries.from(index_above(seq)).zip(seq.saturating_add(1)..);
        above.filter_map(move |(stored, seq)| self.shown(stored, seq, Some(reader)))
    }

    /// The message of an entry. `None` for a change, and for a message hidden from the reader; neither is copied.
    fn shown(&self, stored: &Stored, seq: u64, reader: Option<UserId>) -> Option<MessageRecord> {
        let EntryContent::Message(message) = &stored.what else { return None };
        let hidden_from = message.more.as_ref().and_then(|more| more.hidden_from);
        if reader.is_some() && hidden_from == reader { None } else { self.record(stored, seq) }
    }

    /// The `seq` and position of the last entry that is neither above `seq` nor above `position`.
    pub(super) fn last_upto(&self, seq: u64, position: Position) -> Option<(u64, Position)> {
        let last = self.seq_at(position).min(seq);
        let index = index_above(last.checked_sub(1)?);
        Some((last, self.entries.get(index)?.position))
    }

    /// The message with an id, if the reader may see it: it is not hidden from them, and not older than what they may
    /// read back to.
    pub(super) fn seen(&self, id: MessageId, reader: UserId) -> Option<MessageRecord> {
        let above = self.visible_after(reader);
        let message = self.message(id.seq()).filter(|message| message.id == id);
        message.filter(|message| message.seq > above && message.hidden_from != Some(reader))
    }

    /// Messages with `above` < their `seq` < `seq` that share something, descending; `None` for those hidden from the
    /// reader.
    pub(super) fn shared_below(
        &self,
        kind: SharedKind,
        above: u64,
        seq: u64,
        reader: UserId,
    ) -> impl Iterator<Item = (u64, Option<MessageRecord>)> {
        let message = move |seq| self.message(seq).filter(|message| message.hidden_from != Some(reader));
        self.shared.below(kind, above, seq).map(move |seq| (seq, message(seq)))
    }

    pub(super) fn message(&self, seq: u64) -> Option<MessageRecord> {
        self.record(self.entries.get(index_above(seq.checked_sub(1)?))?, seq)
    }

    fn entry(&self, stored: &Stored, seq: u64) -> Option<Entry> {
        let (kind, message) = match &stored.what {
            EntryContent::Message(_) => (EntryKind::Message, Some(self.record(stored, seq)?)),
            EntryContent::Change(of) => (EntryKind::MessageChange, Some(self.message(*of)?)),
            EntryContent::GroupChange => (EntryKind::GroupChange, None),
        };
        Some(Entry { seq, position: stored.position, kind, message })
    }

    fn record(&self, stored: &Stored, seq: u64) -> Option<MessageRecord> {
        let EntryContent::Message(Message { id, sender, text, more }) = &stored.what else { return None };
        let more = more.as_deref();
        let changed = more.and_then(|more| more.change_seq);
        Some(MessageRecord {
            conversation: self.key,
            seq,
            id: *id,
            sender: *sender,
            client_id: more.and_then(|more| more.client_id.clone()),
            text: text.clone(),
            timestamp: id.timestamp(),
            reply_to: more.and_then(|more| more.reply_to),
            edited_at: more.and_then(|more| more.edited_at),
            deleted_at: more.and_then(|more| more.deleted_at),
            attachments: more.map(|more| more.attachments.clone()).unwrap_or_default(),
            mentions: Some(more.map(|more| more.mentions.clone()).unwrap_or_default()),
            // A reaction is a change.
            reactions: if changed.is_some() { self.reactions.shown(seq) } else { Vec::new() },
            hidden_from: more.and_then(|more| more.hidden_from),
            change_seq: changed,
        })
    }
}

impl Message {
    fn of(record: &MessageRecord) -> Self {
        let more = RareFields {
            client_id: record.client_id.clone(),
            reply_to: record.reply_to,
            edited_at: record.edited_at,
            deleted_at: record.deleted_at,
            attachments: record.attachments.clone(),
            mentions: record.mentions.clone().unwrap_or_default(),
            hidden_from: record.hidden_from,
            change_seq: record.change_seq,
        };
        let more = (more != RareFields::default()).then(|| Box::new(more));
        Self { id: record.id, sender: record.sender, text: record.text.clone(), more }
    }
}

/// The index of the first entry above a `seq`.
fn index_above(seq: u64) -> usize {
    usize::try_from(seq).unwrap_or(usize::MAX)
}
