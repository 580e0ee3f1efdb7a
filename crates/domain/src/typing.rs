//! Typing: told to whom it concerns, kept nowhere.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use protocol::{Nothing, SetTyping, Typing};

use crate::block::Blocks;
use crate::bus::Hint;
use crate::channel::Channel;
use crate::context::Context;
use crate::error::Error;
use crate::live::Live;
use crate::person::{Caller, Person};
use crate::store::{ConversationKey, UserId};

/// Tells who types.
pub struct Typings {
    context: Arc<Context>,
    blocks: Arc<Blocks>,
}

impl Typings {
    /// In a group of more than this, typing is told to nobody: it would always be somebody.
    const LARGE: usize = 256;

    pub(crate) fn new(context: Arc<Context>, blocks: Arc<Blocks>) -> Self {
        Self { context, blocks }
    }

    /// Tells the other members of a conversation that the caller types, or has stopped. Nobody is told where
    /// there is no conversation yet, or the other of a direct one has blocked the caller.
    pub async fn set(&self, caller: &Caller, pace: &Pace, request: SetTyping) -> Result<Nothing, Error> {
        let SetTyping { conversation_id, receiver, typing } = request;
        let me = caller.person.id;
        let channel = match (receiver, conversation_id) {
            (Some(receiver), None) => self.direct(caller, &receiver).await?,
            (None, Some(id)) => Some(self.context.channels.of_member(id, me).await?),
            _ => {
                return Err(Error::invalid("receiver", "Name a receiver or a conversationId, and not both."));
            }
        };
        let Some(channel) = channel.filter(|channel| channel.members.len() <= Self::LARGE) else {
            return Ok(Nothing {});
        };
        if !pace.takes(channel.key, typing, self.context.clock.monotonic()) {
            return Ok(Nothing {});
        }
        if let Some(other) = channel.other(me)
            && self.blocks.has_blocked(other.id, me).await?
        {
            return Ok(Nothing {});
        }
        self.tell(&channel, &caller.person, typing);
        self.context.bus.publish(Hint::Typing { conversation: channel.key, user: me, typing });
        Ok(Nothing {})
    }

    /// Tells the other members who are connected to this node what a member did on another.
    pub(crate) async fn tell_here(&self, conversation: ConversationKey, user: UserId, typing: bool) {
        // Only a hint: it is forgotten where the store does not answer.
        if let Ok(Some(channel)) = self.context.channels.of_key(conversation).await
            && let Some(person) = channel.member(user)
        {
            self.tell(&channel, person, typing);
        }
    }

    fn tell(&self, channel: &Channel, person: &Person, typing: bool) {
        let username = person.username.to_string();
        let live = Live::Typing(Typing { conversation_id: channel.id, username, typing });
        self.context.broker.tell(&mut channel.users().filter(|user| *user != person.id), live);
    }

    /// The direct conversation of the caller and somebody, if they have one.
    async fn direct(&self, caller: &Caller, receiver: &str) -> Result<Option<Arc<Channel>>, Error> {
        let receiver = self.context.people.receiver(receiver).await?;
        self.context.channels.direct(caller.person.id, receiver.id).await
    }
}

/// How often the typing of one socket is told.
#[derive(Debug, Default)]
pub struct Pace(Mutex<Vec<Told>>);

#[derive(Debug)]
struct Told {
    conversation: ConversationKey,
    typing: bool,
    at: Duration,
}

impl Pace {
    /// How long the same is not told again in a conversation, and nothing but its end.
    const INTERVAL: Duration = Duration::from_millis(250);

    /// Whether it is to be told. The end of what was told always is: nobody should seem to type who does not.
    fn takes(&self, conversation: ConversationKey, typing: bool, now: Duration) -> bool {
        let mut told = self.0.lock();
        told.retain(|told| now.saturating_sub(told.at) < Self::INTERVAL);
        match told.iter_mut().find(|told| told.conversation == conversation) {
            Some(told) if typing || !told.typing => false,
            // At its old time: the next beginning comes no sooner for it.
            Some(told) => {
                told.typing = false;
                true
            }
            None => {
                told.push(Told { conversation, typing, at: now });
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_always_told_and_the_rest_only_so_often() {
        let (pace, key) = (Pace::default(), ConversationKey(1));
        let takes = |typing, at| pace.takes(key, typing, Duration::from_millis(at));
        assert!(takes(true, 1000));
        assert!(!takes(true, 1010));
        assert!(takes(false, 1020));
        assert!(!takes(false, 1030));
        // Its end was told, so nothing is left open.
        assert!(!takes(true, 1040));
        assert!(!takes(false, 1050));
        assert!(takes(true, 1250));
        assert!(takes(false, 9000));
        assert!(!takes(true, 9249));
        assert!(takes(true, 9250));
    }

    #[test]
    fn conversations_do_not_share() {
        let pace = Pace::default();
        for key in 0..100 {
            assert!(pace.takes(ConversationKey(key), true, Duration::from_millis(1)));
        }
        assert!(!pace.takes(ConversationKey(7), true, Duration::from_millis(2)));
        assert!(pace.takes(ConversationKey(7), true, Duration::from_millis(300)));
        assert_eq!(pace.0.lock().len(), 1);
    }
}
