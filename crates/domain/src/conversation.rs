//! Conversations: lists, history and changes.

use std::sync::Arc;

use protocol::{
    Conversation, ConversationChange, ConversationId, ConversationKind, Member, Message, Page, Role,
    SharedKind, Timestamp, limit,
};

use crate::channel::member;
use crate::context::Context;
use crate::error::Error;
use crate::page;
use crate::person::Caller;
use crate::store::{ConversationKey, MessageRecord, SharedRange, UserId};

/// Where in a conversation a page of messages is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Around {
    /// The newest messages.
    End,
    /// The messages below a `seq`.
    Before(u64),
    /// The messages above a `seq`.
    After(u64),
    /// The messages on both sides of a `seq`, with the message itself.
    Seq(u64),
    /// The messages on both sides of a time, with the first of those sent then or later.
    Time(Timestamp),
}

/// Shows conversations and their history.
pub struct Conversations {
    context: Arc<Context>,
}

impl Conversations {
    /// Conversations in a page of the list.
    const PAGE: usize = 50;

    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    /// The caller's conversations, newest activity first.
    pub async fn list(&self, caller: &Caller, next: Option<&str>) -> Result<Page<Conversation>, Error> {
        let before = page::decode_position(next)?;
        let user = caller.person.id;
        let mut records = self.context.store.conversations(user, before, Self::PAGE + 1).await?;
        let last = page::cut(&mut records, Self::PAGE);
        let next = last.map(|last| page::encode_position(last.head_position));
        // Hide direct conversations that contain only messages from somebody the caller blocked.
        records.retain(|record| record.kind == ConversationKind::Group || record.last_message.is_some());
        let items = records.into_iter().map(|record| self.context.channels.view(record, user)).collect();
        Ok(Page { items, next })
    }

    /// The caller's direct conversation with somebody. None before its first message, nor where the list hides it.
    pub async fn with(&self, caller: &Caller, username: &str) -> Result<Option<Conversation>, Error> {
        let user = caller.person.id;
        let Some(other) = self.context.people.named(username).await? else { return Ok(None) };
        let Some(channel) = self.context.channels.direct(user, other.id).await? else { return Ok(None) };
        let conversation = self.view(user, channel.key).await?;
        Ok(conversation.filter(|conversation| conversation.last_message.is_some()))
    }

    /// A conversation as the caller sees it.
    pub async fn get(&self, caller: &Caller, id: ConversationId) -> Result<Conversation, Error> {
        let user = caller.person.id;
        let channel = self.context.channels.of_member(id, user).await?;
        self.view(user, channel.key).await?.ok_or_else(|| Error::not_found("conversation"))
    }

    /// A conversation as a member sees it now; `None` if the user is not a member.
    pub async fn view(&self, user: UserId, key: ConversationKey) -> Result<Option<Conversation>, Error> {
        let record = self.context.store.conversation(user, key).await?;
        Ok(record.map(|record| self.context.channels.view(record, user)))
    }

    /// A page of a conversation's members: those who lead first.
    pub async fn members(
        &self,
        caller: &Caller,
        id: ConversationId,
        next: Option<&str>,
    ) -> Result<Page<Member>, Error> {
        let (after, user) = (page::decode(next, member_place)?, caller.person.id);
        let key = self.context.channels.of_member(id, user).await?.key;
        let found = self.context.store.members(user, key, after, limit::MEMBERS_PAGE + 1).await?;
        let mut found = found.ok_or_else(|| Error::not_found("conversation"))?;
        let last = page::cut(&mut found, limit::MEMBERS_PAGE);
        let next =
            last.map(|last| page::encode([&[rank(last.role)][..], &last.user.0.to_be_bytes()].concat()));
        Ok(Page { items: found.into_iter().map(member).collect(), next })
    }

    /// A page of messages, by ascending `seq`.
    pub async fn history(
        &self,
        caller: &Caller,
        id: ConversationId,
        around: Around,
        count: u32,
    ) -> Result<Vec<Message>, Error> {
        check_page(count)?;
        let user = caller.person.id;
        let channel = self.context.channels.of_member(id, user).await?;
        let (key, count) = (channel.key, count as usize);
        let records = match around {
            Around::End => self.context.store.messages_before(user, key, u64::MAX, count).await?,
            Around::Before(seq) => self.context.store.messages_before(user, key, seq, count).await?,
            Around::After(seq) => self.context.store.messages_after(user, key, seq, count).await?,
            Around::Seq(seq) => self.around(user, key, seq, count).await?,
            Around::Time(time) => {
                let seq = self.first_since(user, key, time).await?;
                self.around(user, key, seq, count).await?
            }
        };
        Ok(records.iter().map(|record| channel.message(record)).collect())
    }

    /// Messages that share something, the newest first. A page may be short, or empty, and have a `next` all the same.
    pub async fn shared(
        &self,
        caller: &Caller,
        id: ConversationId,
        kind: SharedKind,
        next: Option<&str>,
        count: u32,
    ) -> Result<Page<Message>, Error> {
        check_page(count)?;
        let before = page::decode(next, |place| Some(u64::from_be_bytes(place.try_into().ok()?)))?;
        let reader = caller.person.id;
        let channel = self.context.channels.of_member(id, reader).await?;
        let (before, limit) = (before.unwrap_or(u64::MAX), count as usize);
        let range = SharedRange { reader, conversation: channel.key, kind, before, limit };
        let found = self.context.store.shared(range).await?;
        let next = found.rest_below.map(|seq| page::encode(seq.to_be_bytes()));
        Ok(Page { items: found.messages.iter().map(|record| channel.message(record)).collect(), next })
    }

    /// Messages on both sides of a `seq`, itself included.
    async fn around(
        &self,
        user: UserId,
        key: ConversationKey,
        seq: u64,
        count: usize,
    ) -> Result<Vec<MessageRecord>, Error> {
        let mut records = self.context.store.messages_before(user, key, seq, count / 2).await?;
        let rest = count - records.len();
        records.extend(self.context.store.messages_after(user, key, seq.saturating_sub(1), rest).await?);
        Ok(records)
    }

    /// The `seq` of the first message of that time or later; above all of them if there is none. Halves the conversation
    /// by one message at a time, because messages are stored in the order of their times. Where the clock of the server
    /// was set back, what it finds is near.
    async fn first_since(&self, user: UserId, key: ConversationKey, time: Timestamp) -> Result<u64, Error> {
        let newest = self.context.store.messages_before(user, key, u64::MAX, 1).await?;
        let end = newest.first().map_or(0, |message| message.seq + 1);
        // What is up to `below` is earlier; `first` and what is above it is not.
        let (mut below, mut first) = (0, end);
        while first - below > 1 {
            let middle = below.midpoint(first);
            let found = self.context.store.messages_after(user, key, middle - 1, 1).await?;
            match found.first() {
                Some(message) if message.seq < first && message.timestamp < time => below = message.seq,
                // That one is of the time, or no message is between the two.
                _ => first = middle,
            }
        }
        Ok(first)
    }

    /// The newest `count` changes of a group above one `seq` and below another, by ascending `seq`. A direct
    /// conversation has none.
    pub async fn changes(
        &self,
        caller: &Caller,
        id: ConversationId,
        (above, below): (u64, u64),
        count: u32,
    ) -> Result<Vec<ConversationChange>, Error> {
        check_page(count)?;
        let user = caller.person.id;
        let channel = self.context.channels.of_member(id, user).await?;
        let key = channel.key;
        let entries = self.context.store.group_entries(user, key, above, below, count as usize).await?;
        let channel = match entries.last() {
            // The channel was read before the entries, and may lack people who joined with them.
            Some(last) if last.seq > channel.version => {
                let record = self.context.store.conversation_by_key(key).await?;
                record.map_or(channel, |record| self.context.channels.cache(&record))
            }
            _ => channel,
        };
        Ok(entries.iter().map(|entry| channel.change(entry)).collect())
    }
}

fn rank(role: Role) -> u8 {
    match role {
        Role::Owner => 0,
        Role::Admin => 1,
        Role::Member => 2,
    }
}

/// The place in a list of members where the next page begins: behind this role and user.
fn member_place(bytes: &[u8]) -> Option<(Role, UserId)> {
    let (&first, user) = bytes.split_first()?;
    let role = [Role::Owner, Role::Admin, Role::Member].into_iter().find(|role| rank(*role) == first)?;
    Some((role, UserId(i64::from_be_bytes(user.try_into().ok()?))))
}

fn check_page(count: u32) -> Result<(), Error> {
    if limit::PAGE.contains(&count) {
        return Ok(());
    }
    Err(Error::invalid("limit", "A page has 1 to 200 entries."))
}
