//! Reactions: the list of who reacted to a message. They are added and taken back as changes of the message.

use std::sync::Arc;

use protocol::{ConversationId, MessageId, Page, Reaction, limit};

use crate::context::Context;
use crate::error::Error;
use crate::page;
use crate::person::Caller;

/// Lists reactions. A message itself shows the first of them only.
pub struct Reactions {
    context: Arc<Context>,
}

impl Reactions {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    /// The reactions to a message, ascending by emoji, and those with one emoji the oldest first.
    pub async fn list(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        message: MessageId,
        next: Option<&str>,
    ) -> Result<Page<Reaction>, Error> {
        let (after, user) = (page::decode(next, place)?, caller.person.id);
        let channel = self.context.channels.of_member(conversation, user).await?;
        let most = limit::REACTIONS_PAGE + 1;
        let found = self.context.store.reactions(user, channel.key, message, after, most).await?;
        let mut found = found.ok_or_else(|| Error::not_found("message"))?;
        let last = page::cut(&mut found, limit::REACTIONS_PAGE);
        let next =
            last.map(|last| page::encode([&last.seq.to_be_bytes()[..], last.emoji.as_bytes()].concat()));
        let items = found.into_iter().filter_map(|reaction| {
            let username = channel.name(reaction.user)?;
            Some(Reaction { emoji: reaction.emoji.into(), username })
        });
        Ok(Page { items: items.collect(), next })
    }
}

/// The place in a list of reactions where the next page begins: behind this emoji and `seq`.
fn place(bytes: &[u8]) -> Option<(Box<str>, u64)> {
    let (seq, emoji) = bytes.split_first_chunk()?;
    Some((str::from_utf8(emoji).ok()?.into(), u64::from_be_bytes(*seq)))
}
