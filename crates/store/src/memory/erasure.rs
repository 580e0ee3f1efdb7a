//! Closing accounts, and erasing what they left.

use async_trait::async_trait;
use domain::store::{
    Action, Append, Closing, ConversationKey, Erasure, ErasureStore, Forgotten, LogPlace, Origin, StoreError,
    Target, Traces, UserId, erase_from,
};
use protocol::{ConversationKind, OwnMessages, Timestamp};

use super::MemoryStore;
use super::message::Appending;

/// The erasures that are under way.
pub(super) type Erasures = Vec<Erasure>;

impl MemoryStore {
    pub(super) fn is_deleted(&self, user: UserId) -> bool {
        self.accounts.read().get(user).is_some_and(|account| account.deleted_at.is_some())
    }

    /// Deletes a message, if the user has sent it, or takes the user's reactions to it back.
    fn erase_trace(&self, user: UserId, (key, seq): (ConversationKey, u64), at: Timestamp) {
        let Some(conversation) = self.conversations.read().get(key).cloned() else { return };
        let target = match conversation.kind {
            ConversationKind::Group => Target::Group(key),
            ConversationKind::Direct => Target::Direct(key),
        };
        loop {
            let mut appending = Appending::begin(self, &conversation);
            let message = appending.log.message(seq).filter(|message| message.deleted_at.is_none());
            let Some(message) = message else { return };
            let id = message.id;
            let action = if message.sender == user {
                Action::Delete { id }
            } else {
                let Some(emoji) = appending.log.reactions.first_of(seq, user) else { return };
                Action::React { id, emoji, on: false }
            };
            let append = Append { target, sender: user, at, random: 0, action, mentions: Vec::new() };
            let Ok(logged) = erase_from(&mut appending, &append, message) else { return };
            appending.end(logged, Origin::default());
        }
    }
}

#[async_trait]
impl ErasureStore for MemoryStore {
    async fn close_account(
        &self,
        user: UserId,
        messages: OwnMessages,
        at: Timestamp,
    ) -> Result<Closing, StoreError> {
        let Some(avatar) = self.accounts.write().close(user, at) else { return Ok(Closing::Unknown) };
        let Ok(avatar) = avatar else { return Ok(Closing::LastAdmin) };
        let host = self.host_accounts.write().remove(user);
        self.invitations.write().end_those_of(user);
        self.blocks.write().remove(&user);
        let mut ended = self.sessions.write().end_those_of(user, at, &mut self.ended_sessions.lock());
        let mut tokens = self.api_tokens.write();
        let mut ended_sessions = self.ended_sessions.lock();
        for (_, token) in tokens.extract_if(|_, token| token.user == user) {
            ended_sessions.push(user, token.id, at);
            ended.push(token.id);
        }
        if let Some(session) = host {
            ended_sessions.push(user, session, at);
            ended.push(session);
        }
        self.erasures.lock().push(Erasure { user, messages, reached: LogPlace::default() });
        Ok(Closing::Closed { ended, avatar })
    }

    async fn erasures(&self) -> Result<Vec<Erasure>, StoreError> {
        Ok(self.erasures.lock().clone())
    }

    async fn heir(&self, group: ConversationKey, leaving: UserId) -> Result<Option<UserId>, StoreError> {
        let Some(conversation) = self.conversations.read().get(group).cloned() else { return Ok(None) };
        let log = conversation.log.lock();
        let others = log.members.iter().filter(|member| member.user != leaving);
        let others = others.filter(|member| !self.is_deleted(member.user));
        Ok(others.map(|member| (member.role, member.joined_after, member.user)).min().map(|heir| heir.2))
    }

    async fn traces(&self, erasure: Erasure, limit: usize) -> Result<Traces, StoreError> {
        let Erasure { user, messages, reached } = erasure;
        let conversations: Vec<_> = self.conversations.read().all().cloned().collect();
        let mut found = Traces { reached, is_complete: true, ..Traces::default() };
        for conversation in conversations {
            let log = conversation.log.lock();
            let nobody_else = log.members.iter().all(|member| member.user == user);
            let all = nobody_else || messages == OwnMessages::Delete;
            let sent = log.messages_below(u64::MAX, 0, None);
            let sent = sent.filter(|message| message.sender == user && message.deleted_at.is_none());
            let sent = sent.filter(|message| all || message.hidden_from.is_some());
            let reacted = log.reactions.those_of(user).filter(|_| all);
            let places = sent.map(|message| message.seq).chain(reacted);
            found.messages.extend(places.map(|seq| (conversation.key, seq)));
        }
        found.messages.sort_unstable();
        if found.messages.len() > limit {
            found.messages.truncate(limit);
            found.is_complete = false;
        }
        Ok(found)
    }

    async fn erase_traces(&self, user: UserId, traces: Traces, at: Timestamp) -> Result<(), StoreError> {
        for message in traces.messages {
            self.erase_trace(user, message, at);
        }
        Ok(())
    }

    async fn forget_belongings(&self, user: UserId, limit: usize) -> Result<Forgotten, StoreError> {
        for blocked in self.blocks.write().values_mut() {
            blocked.remove(&user);
        }
        Ok(self.attachments.write().forget_unused_of(user, limit))
    }

    async fn scrub(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn end_erasure(&self, user: UserId) -> Result<(), StoreError> {
        self.invitations.write().end_those_of(user);
        self.erasures.lock().retain(|erasure| erasure.user != user);
        Ok(())
    }
}
