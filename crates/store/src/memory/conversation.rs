use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use domain::store::{
    Avatar, ConversationKey, ConversationRecord, ConversationStore, GroupChange, GroupEntry, Lag,
    MemberRecord, MessageRecord, Mute, NewGroup, Position, Since, StoreError, StoredChange, UserId,
};
use parking_lot::Mutex;
use protocol::{ConversationId, ConversationKind, HistoryAccess, Role, Timestamp, limit};

use super::MemoryStore;
use super::account::Accounts;
use super::log::{Log, Member};

#[derive(Default)]
pub(super) struct Conversations {
    /// The conversation of key `n` is at `n - 1`.
    all: Vec<Arc<Conversation>>,
    by_id: HashMap<ConversationId, ConversationKey>,
    /// Direct conversations, by the lower and the higher user.
    direct: HashMap<(UserId, UserId), ConversationKey>,
    of_user: HashMap<UserId, Vec<ConversationKey>>,
}

pub(super) struct Conversation {
    pub(super) key: ConversationKey,
    pub(super) id: ConversationId,
    pub(super) kind: ConversationKind,
    created_at: Timestamp,
    /// Only groups change it.
    pub(super) about: Mutex<About>,
    pub(super) log: Mutex<Log>,
}

/// The title, the picture and the history setting of a group.
pub(super) struct About {
    pub(super) title: Option<String>,
    pub(super) avatar: Option<Avatar>,
    pub(super) history: HistoryAccess,
}

impl Conversations {
    pub(super) fn get(&self, key: ConversationKey) -> Option<&Arc<Conversation>> {
        self.all.get(usize::try_from(key.0).ok()?.checked_sub(1)?)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Conversation>> {
        self.all.iter()
    }

    pub(super) fn by_id(&self, id: ConversationId) -> Option<&Arc<Conversation>> {
        self.get(*self.by_id.get(&id)?)
    }

    pub(super) fn find_direct(&self, one: UserId, other: UserId) -> Option<&Arc<Conversation>> {
        self.get(*self.direct.get(&(one.min(other), one.max(other)))?)
    }

    /// The direct conversation of two users. Opens it if there is none.
    pub(super) fn open_direct(
        &mut self,
        one: UserId,
        other: UserId,
        id: ConversationId,
        now: Timestamp,
    ) -> Arc<Conversation> {
        if let Some(there) = self.find_direct(one, other) {
            return there.clone();
        }
        let mut users = vec![one.min(other), one.max(other)];
        users.dedup();
        let members = users.into_iter().map(|user| Member::new(user, Role::Member, 0, 0)).collect();
        let about = About { title: None, avatar: None, history: HistoryAccess::Joined };
        let conversation = self.open(id, ConversationKind::Direct, now, about, members);
        self.direct.insert((one.min(other), one.max(other)), conversation.key);
        conversation
    }

    pub(super) fn open(
        &mut self,
        id: ConversationId,
        kind: ConversationKind,
        created_at: Timestamp,
        about: About,
        members: Vec<Member>,
    ) -> Arc<Conversation> {
        let key = ConversationKey(i64::try_from(self.all.len()).unwrap_or(i64::MAX) + 1);
        for member in &members {
            self.join(member.user, key);
        }
        let (about, log) = (Mutex::new(about), Mutex::new(Log::new(key, members)));
        let conversation = Arc::new(Conversation { key, id, kind, created_at, about, log });
        self.all.push(conversation.clone());
        self.by_id.insert(id, key);
        conversation
    }

    pub(super) fn join(&mut self, user: UserId, key: ConversationKey) {
        self.of_user.entry(user).or_default().push(key);
    }

    pub(super) fn leave(&mut self, user: UserId, key: ConversationKey) {
        self.of_user.entry(user).or_default().retain(|other| *other != key);
    }

    /// Whether two users are in a conversation together.
    pub(super) fn have_in_common(&self, one: UserId, other: UserId) -> bool {
        let of = |user| self.of_user.get(&user).map_or(&[][..], Vec::as_slice);
        self.find_direct(one, other).is_some() || of(one).iter().any(|key| of(other).contains(key))
    }

    pub(super) fn of_user(&self, user: UserId) -> Vec<Arc<Conversation>> {
        let keys = self.of_user.get(&user).into_iter().flatten();
        keys.filter_map(|&key| self.get(key).cloned()).collect()
    }
}

impl MemoryStore {
    /// The record of a conversation as `user` sees it. The caller has locked `log`. With `None` nothing is hidden, and
    /// nothing counts as unread.
    pub(super) fn record(
        &self,
        conversation: &Conversation,
        log: &Log,
        user: Option<UserId>,
    ) -> ConversationRecord {
        let accounts = self.accounts.read();
        let above = user.and_then(|user| log.member(user)).map_or(0, |member| member.visible_after);
        let last_message = log.messages_below(u64::MAX, above, user).next();
        let others: Vec<_> = match user {
            Some(_) => last_message.iter().flat_map(MessageRecord::people).collect(),
            None => log.former.clone(),
        };
        let others = others.into_iter().filter_map(|user| {
            let account = accounts.get(user)?;
            Some((user, account.username.as_str().into()))
        });
        let about = conversation.about.lock();
        ConversationRecord {
            key: conversation.key,
            id: conversation.id,
            kind: conversation.kind,
            title: about.title.clone(),
            avatar: about.avatar,
            history: about.history,
            created_at: conversation.created_at,
            head_seq: log.head_seq(),
            head_position: log.head_position(),
            changed_seq: log.changed_seq,
            member_count: log.members.len(),
            members: members(&accounts, log),
            others: others.collect(),
            last_message,
            unread: user.map_or(0, |user| unread(log, user)),
        }
    }

    /// As [`MemoryStore::record`], with the members that a member is shown.
    fn shown_to(&self, conversation: &Conversation, user: UserId) -> Option<ConversationRecord> {
        let log = conversation.log.lock();
        log.member(user)?;
        let mut record = self.record(conversation, &log, Some(user));
        record.show_to(user);
        Some(record)
    }
}

fn members(accounts: &Accounts, log: &Log) -> Vec<MemberRecord> {
    let members = log.members.iter().filter_map(|member| {
        let account = accounts.get(member.user)?;
        Some(MemberRecord {
            user: member.user,
            username: account.username.as_str().into(),
            display_name: account.display_name.clone(),
            avatar: account.avatar,
            role: member.role,
            cursors: member.cursors,
            mute: member.mute,
        })
    });
    members.collect()
}

fn unread(log: &Log, user: UserId) -> u64 {
    let read = log.member(user).map_or(u64::MAX, |member| member.cursors.read_seq.max(member.visible_after));
    let unread = log
        .messages_above(read, user)
        .filter(|message| message.sender != user && message.deleted_at.is_none());
    unread.take(usize::try_from(limit::UNREAD).unwrap_or(usize::MAX)).count() as u64
}

#[async_trait]
impl ConversationStore for MemoryStore {
    async fn conversation_by_key(
        &self,
        key: ConversationKey,
    ) -> Result<Option<ConversationRecord>, StoreError> {
        let conversation = self.conversations.read().get(key).cloned();
        Ok(conversation.map(|conversation| self.record(&conversation, &conversation.log.lock(), None)))
    }

    async fn brief(
        &self,
        key: ConversationKey,
        reader: Option<UserId>,
        named: Vec<UserId>,
    ) -> Result<Option<ConversationRecord>, StoreError> {
        let Some(conversation) = self.conversations.read().get(key).cloned() else { return Ok(None) };
        let log = conversation.log.lock();
        if reader.is_some_and(|reader| log.member(reader).is_none()) {
            return Ok(None);
        }
        let mut record = self.record(&conversation, &log, reader);
        if reader.is_none() {
            record.others.clear();
        }
        if record.members.len() > limit::MEMBERS_SHOWN {
            record.members.sort_by_key(|member| (member.role, member.user));
            let mut place = 0;
            record.members.retain(|member| {
                place += 1;
                let leads = member.role != Role::Member && place <= limit::MEMBERS_SHOWN;
                leads || reader == Some(member.user) || named.contains(&member.user)
            });
        }
        Ok(Some(record))
    }

    async fn conversation_key(&self, id: ConversationId) -> Result<Option<ConversationKey>, StoreError> {
        Ok(self.conversations.read().by_id.get(&id).copied())
    }

    async fn direct(&self, one: UserId, other: UserId) -> Result<Option<ConversationKey>, StoreError> {
        Ok(self.conversations.read().find_direct(one, other).map(|conversation| conversation.key))
    }

    async fn has_written(&self, sender: UserId, other: UserId, entries: usize) -> Result<bool, StoreError> {
        let direct = self.conversations.read().find_direct(sender, other).cloned();
        Ok(direct.is_some_and(|direct| {
            let log = direct.log.lock();
            let above = log.head_seq().saturating_sub(entries as u64);
            log.messages_below(u64::MAX, above, None).any(|message| message.sender == sender)
        }))
    }

    async fn conversation(
        &self,
        user: UserId,
        key: ConversationKey,
    ) -> Result<Option<ConversationRecord>, StoreError> {
        let conversation = self.conversations.read().get(key).cloned();
        Ok(conversation.and_then(|conversation| self.shown_to(&conversation, user)))
    }

    async fn conversations(
        &self,
        user: UserId,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<ConversationRecord>, StoreError> {
        let of_user = self.conversations.read().of_user(user);
        let mut heads: Vec<_> = of_user.iter().map(|of| (of.log.lock().head_position(), of)).collect();
        heads.retain(|(head, _)| before.is_none_or(|before| *head < before));
        heads.sort_by_key(|(head, _)| Reverse(*head));
        let page = heads.iter().take(limit);
        Ok(page.filter_map(|(_, of)| self.shown_to(of, user)).collect())
    }

    async fn members(
        &self,
        reader: UserId,
        key: ConversationKey,
        after: Option<(Role, UserId)>,
        limit: usize,
    ) -> Result<Option<Vec<MemberRecord>>, StoreError> {
        let Some(conversation) = self.conversations.read().get(key).cloned() else { return Ok(None) };
        let log = conversation.log.lock();
        if log.member(reader).is_none() {
            return Ok(None);
        }
        let mut members = members(&self.accounts.read(), &log);
        members.sort_by_key(|member| (member.role, member.user));
        members.retain(|member| after.is_none_or(|after| (member.role, member.user) > after));
        members.truncate(limit);
        Ok(Some(members))
    }

    async fn create_group(&self, group: NewGroup) -> Result<ConversationRecord, StoreError> {
        Ok(self.open_group(group))
    }

    async fn change_group(&self, change: GroupChange) -> Result<Option<StoredChange>, StoreError> {
        Ok(self.change_of_group(change))
    }

    async fn group_entries(
        &self,
        reader: UserId,
        key: ConversationKey,
        above: u64,
        below: u64,
        limit: usize,
    ) -> Result<Vec<GroupEntry>, StoreError> {
        Ok(self.changes_of_group(reader, key, above, below, limit))
    }

    async fn mute(&self, user: UserId, key: ConversationKey, mute: Mute) -> Result<bool, StoreError> {
        let Some(conversation) = self.conversations.read().get(key).cloned() else { return Ok(false) };
        let mut log = conversation.log.lock();
        let Some(member) = log.members.iter_mut().find(|member| member.user == user) else {
            return Ok(false);
        };
        member.mute = mute;
        Ok(true)
    }

    async fn behind(&self, user: UserId, since: Since) -> Result<Vec<Lag>, StoreError> {
        let of_user = self.conversations.read().of_user(user);
        let behind = of_user.iter().filter_map(|conversation| {
            let log = conversation.log.lock();
            let member = log.member(user)?;
            let after_seq = match since {
                Since::Delivered => member.cursors.delivered_seq,
                Since::Position(position) => log.seq_at(position),
            };
            let after_seq = after_seq.max(member.joined_after);
            (after_seq < log.head_seq()).then_some(Lag { conversation: conversation.key, after_seq })
        });
        Ok(behind.collect())
    }
}
