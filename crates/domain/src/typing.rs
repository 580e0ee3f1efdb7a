//! Typing: told to the other members, stored nowhere.

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

/// Tells members who types.
pub struct Typings {
    context: Arc<Context>,
    blocks: Arc<Blocks>,
}

impl Typings {
    /// In a group with more members than this, typing is told to nobody: somebody would always be typing.
    const LARGE_GROUP: usize = 256;

    pub(crate) fn new(context: Arc<Context>, blocks: Arc<Blocks>) -> Self {
        Self { context, blocks }
    }

    /// Tells the other members of a conversation that the caller types, or has stopped. Nobody is told if the
    /// conversation does not exist yet, or if the other person of a direct one has blocked the caller.
    pub async fn set(
        &self,
        caller: &Caller,
        throttle: &TypingThrottle,
        request: SetTyping,
    ) -> Result<Nothing, Error> {
        let SetTyping { conversation_id, receiver, typing } = request;
        let me = caller.person.id;
        let channel = match (receiver, conversation_id) {
            (Some(receiver), None) => self.direct(caller, &receiver).await?,
            (None, Some(id)) => Some(self.context.channels.of_member(id, me).await?),
            _ => {
                return Err(Error::invalid("receiver", "Name a receiver or a conversationId, and not both."));
            }
        };
        let Some(channel) = channel.filter(|channel| channel.members.len() <= Self::LARGE_GROUP) else {
            return Ok(Nothing {});
        };
        if !throttle.takes(channel.key, typing, self.context.clock.monotonic()) {
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

    /// Tells the members on this node what a member did on another node.
    pub(crate) async fn tell_here(&self, conversation: ConversationKey, user: UserId, typing: bool) {
        // Only a hint: it is dropped if the store does not answer.
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

/// Limits how often the typing of one socket is told.
#[derive(Debug, Default)]
pub struct TypingThrottle(Mutex<Vec<LastTold>>);

/// What was last told in a conversation.
#[derive(Debug)]
struct LastTold {
    conversation: ConversationKey,
    typing: bool,
    at: Duration,
}

impl TypingThrottle {
    /// How long after telling something in a conversation nothing is told there, except that typing stopped.
    const INTERVAL: Duration = Duration::from_millis(250);

    /// Whether to tell it. That typing stopped is always told if its beginning was, so that nobody seems to type for
    /// ever.
    fn takes(&self, conversation: ConversationKey, typing: bool, now: Duration) -> bool {
        let mut told = self.0.lock();
        told.retain(|told| now.saturating_sub(told.at) < Self::INTERVAL);
        match told.iter_mut().find(|told| told.conversation == conversation) {
            Some(told) if typing || !told.typing => false,
            // `at` stays: typing again is not told sooner because it stopped.
            Some(told) => {
                told.typing = false;
                true
            }
            None => {
                told.push(LastTold { conversation, typing, at: now });
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_is_always_told_and_a_start_once_in_an_interval() {
        let (throttle, key) = (TypingThrottle::default(), ConversationKey(1));
        let takes = |typing, at| throttle.takes(key, typing, Duration::from_millis(at));
        assert!(takes(true, 1000));
        assert!(!takes(true, 1010));
        assert!(takes(false, 1020));
        assert!(!takes(false, 1030));
        // Told that it stopped, so a new start has to wait for the interval.
        assert!(!takes(true, 1040));
        assert!(!takes(false, 1050));
        assert!(takes(true, 1250));
        assert!(takes(false, 9000));
        assert!(!takes(true, 9249));
        assert!(takes(true, 9250));
    }

    #[test]
    fn each_conversation_has_its_own_interval() {
        let throttle = TypingThrottle::default();
        for key in 0..100 {
            assert!(throttle.takes(ConversationKey(key), true, Duration::from_millis(1)));
        }
        assert!(!throttle.takes(ConversationKey(7), true, Duration::from_millis(2)));
        assert!(throttle.takes(ConversationKey(7), true, Duration::from_millis(300)));
        assert_eq!(throttle.0.lock().len(), 1);
    }
}
