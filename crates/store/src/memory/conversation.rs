use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use domain::store::{
    Behind, ConversationKey, ConversationRecord, ConversationStore, EntryKind, MemberRecord, Position, Since,
    StoreError, UserId,
};
use parking_lot::Mutex;
use protocol::{ConversationId, ConversationKind, Cursors, HistoryAccess, Role, Timestamp, limit};

use super::MemoryStore;
use super::log::Log;

#[derive(Default)]
pub(super) struct Conversations {
    /// The conversation of key `n` is at `n - 1`.
    all: Vec<Arc<Conversation>>,
    by_id: HashMap<ConversationId, ConversationKey>,
    /// Lower user first.
    direct: HashMap<(UserId, UserId), ConversationKey>,
    of_user: HashMap<UserId, Vec<ConversationKey>>,
}

pub(super) struct Conversation {
    pub(super) key: ConversationKey,
    pub(super) id: ConversationId,
    kind: ConversationKind,
    created_at: Timestamp,
    pub(super) log: Mutex<Log>,
}

/// Somebody in a conversation.
pub(super) struct Member {
    pub(super) user: UserId,
    pub(super) role: Role,
    pub(super) cursors: Cursors,
}

impl Conversations {
    pub(super) fn get(&self, key: ConversationKey) -> Option<&Arc<Conversation>> {
        self.all.get(usize::try_from(key.0).ok()?.checked_sub(1)?)
    }

    pub(super) fn find_direct(&self, one: UserId, other: UserId) -> Option<&Arc<Conversation>> {
        self.get(*self.direct.get(&(one.min(other), one.max(other)))?)
    }

    /// The direct conversation of two people, opened where there is none.
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
        let key = ConversationKey(i64::try_from(self.all.len()).unwrap_or(i64::MAX) + 1);
        let mut users = vec![one.min(other), one.max(other)];
        users.dedup();
        let member = |&user: &UserId| Member { user, role: Role::Member, cursors: Cursors::default() };
        let log = Mutex::new(Log::new(key, users.iter().map(member).collect()));
        let conversation =
            Arc::new(Conversation { key, id, kind: ConversationKind::Direct, created_at: now, log });
        self.all.push(conversation.clone());
        self.by_id.insert(id, key);
        self.direct.insert((one.min(other), one.max(other)), key);
        for user in users {
            self.of_user.entry(user).or_default().push(key);
        }
        conversation
    }

    fn of_user(&self, user: UserId) -> Vec<Arc<Conversation>> {
        let keys = self.of_user.get(&user).into_iter().flatten();
        keys.filter_map(|&key| self.get(key).cloned()).collect()
    }
}

impl MemoryStore {
    /// The record of a conversation whose log is locked, as `user` sees it.
    pub(super) fn record(
        &self,
        conversation: &Conversation,
        log: &Log,
        user: Option<UserId>,
    ) -> ConversationRecord {
        let accounts = self.accounts.read();
        let members = log.members.iter().filter_map(|member| {
            let account = accounts.get(member.user)?;
            Some(MemberRecord {
                user: member.user,
                username: account.username.as_str().into(),
                display_name: account.display_name.clone(),
                role: member.role,
                cursors: member.cursors,
                muted: false,
            })
        });
        ConversationRecord {
            key: conversation.key,
            id: conversation.id,
            kind: conversation.kind,
            title: None,
            history: HistoryAccess::Joined,
            created_at: conversation.created_at,
            head_seq: log.head_seq(),
            head_position: log.head_position(),
            members: members.collect(),
            last_message: log.messages_below(u64::MAX).next(),
            unread: user.map_or(0, |user| unread(log, user)),
        }
    }
}

fn unread(log: &Log, user: UserId) -> u64 {
    let read = log.member(user).map_or(u64::MAX, |member| member.cursors.read_seq);
    let above = log.entries_above(read);
    let unread = above.filter(|entry| entry.kind == EntryKind::Message && entry.message.sender != user);
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

    async fn conversation_key(&self, id: ConversationId) -> Result<Option<ConversationKey>, StoreError> {
        Ok(self.conversations.read().by_id.get(&id).copied())
    }

    async fn direct(&self, one: UserId, other: UserId) -> Result<Option<ConversationKey>, StoreError> {
        Ok(self.conversations.read().find_direct(one, other).map(|conversation| conversation.key))
    }

    async fn conversation(
        &self,
        user: UserId,
        key: ConversationKey,
    ) -> Result<Option<ConversationRecord>, StoreError> {
        let conversation = self.conversations.read().get(key).cloned();
        Ok(conversation.and_then(|conversation| {
            let log = conversation.log.lock();
            log.member(user)?;
            Some(self.record(&conversation, &log, Some(user)))
        }))
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
        Ok(page.map(|(_, of)| self.record(of, &of.log.lock(), Some(user))).collect())
    }

    async fn behind(&self, user: UserId, since: Since) -> Result<Vec<Behind>, StoreError> {
        let of_user = self.conversations.read().of_user(user);
        let behind = of_user.iter().filter_map(|conversation| {
            let log = conversation.log.lock();
            let after_seq = match since {
                Since::Delivered => log.member(user)?.cursors.delivered_seq,
                Since::Position(position) => log.seq_at(position),
            };
            (after_seq < log.head_seq()).then_some(Behind { conversation: conversation.key, after_seq })
        });
        Ok(behind.collect())
    }
}
