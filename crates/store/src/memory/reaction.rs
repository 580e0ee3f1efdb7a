use std::collections::HashMap;

use async_trait::async_trait;
use domain::store::{ConversationKey, Reacted, Reaction, ReactionStore, StoreError, UserId};
use protocol::{MessageId, limit};

use super::MemoryStore;

/// The reactions to the messages of a log, by the `seq` of the message. Those to one message are ascending by emoji,
/// and then by the `seq` that added them.
#[derive(Default)]
pub(super) struct Reactions(HashMap<u64, Vec<Reaction>>);

impl Reactions {
    pub(super) fn add(&mut self, message: u64, reaction: Reaction) {
        let to = self.0.entry(message).or_default();
        let place = to.partition_point(|other| (&other.emoji, other.seq) < (&reaction.emoji, reaction.seq));
        to.insert(place, reaction);
    }

    pub(super) fn remove(&mut self, message: u64, user: UserId, emoji: &str) {
        if let Some(to) = self.0.get_mut(&message) {
            to.retain(|reaction| reaction.user != user || *reaction.emoji != *emoji);
        }
    }

    pub(super) fn remove_all(&mut self, message: u64) {
        self.0.remove(&message);
    }

    pub(super) fn contains(&self, message: u64, user: UserId, emoji: &str) -> bool {
        self.to(message).iter().any(|reaction| reaction.user == user && *reaction.emoji == *emoji)
    }

    /// The first emoji with which a user has reacted to a message.
    pub(super) fn first_of(&self, message: u64, user: UserId) -> Option<Box<str>> {
        let own = self.to(message).iter().find(|reaction| reaction.user == user);
        own.map(|reaction| reaction.emoji.clone())
    }

    /// The messages to which a user has reacted.
    pub(super) fn those_of(&self, user: UserId) -> impl Iterator<Item = u64> {
        let own = move |to: &Vec<Reaction>| to.iter().any(|reaction| reaction.user == user);
        self.0.iter().filter(move |(_, to)| own(to)).map(|(message, _)| *message)
    }

    /// What a message shows of its reactions.
    pub(super) fn shown(&self, message: u64) -> Vec<Reacted> {
        let of_one_emoji = self.to(message).chunk_by(|one, other| one.emoji == other.emoji);
        let shown = of_one_emoji.filter_map(|reactions| {
            let first = reactions.iter().take(limit::REACTED_NAMED).map(|reaction| reaction.user).collect();
            Some(Reacted { emoji: reactions.first()?.emoji.clone(), count: reactions.len(), first })
        });
        shown.collect()
    }

    fn to(&self, message: u64) -> &[Reaction] {
        self.0.get(&message).map_or(&[], Vec::as_slice)
    }
}

#[async_trait]
impl ReactionStore for MemoryStore {
    async fn reactions(
        &self,
        reader: UserId,
        conversation: ConversationKey,
        message: MessageId,
        after: Option<(Box<str>, u64)>,
        limit: usize,
    ) -> Result<Option<Vec<Reaction>>, StoreError> {
        let Some(conversation) = self.conversations.read().get(conversation).cloned() else {
            return Ok(None);
        };
        let log = conversation.log.lock();
        let Some(message) = log.seen(message, reader) else { return Ok(None) };
        let is_behind = |reaction: &&Reaction| {
            after.as_ref().is_none_or(|(emoji, seq)| (&reaction.emoji, reaction.seq) > (emoji, *seq))
        };
        Ok(Some(log.reactions.to(message.seq).iter().filter(is_behind).take(limit).cloned().collect()))
    }
}
