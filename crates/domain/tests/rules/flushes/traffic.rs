//! What happens while devices come and go: people write, change messages, block each other and change groups.

use std::collections::BTreeSet;

use domain::store::Position;
use domain::{Caller, Error, Sending, Sent};
use protocol::{
    ChangeConversation, ConversationId, DeleteMessage, EditMessage, HistoryAccess, Message, MessageId,
    NewGroup, PutMember, ReactToMessage, SendMessage,
};

use crate::support::{World, to};

pub(super) const NAMES: [&str; 4] = ["ann", "bob", "eve", "kim"];

/// Draws numbers: the same ones for the same seed (splitmix64).
pub(super) struct Draw(pub(super) u64);

impl Draw {
    /// A number below `below`.
    pub(super) fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((number ^ (number >> 31)) % below as u64).unwrap()
    }

    /// True once in so many `times`.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of these; `None` if there are none.
    fn one<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        if of.is_empty() { None } else { of.get(self.below(of.len())) }
    }
}

/// People who write, and what must hold by what they wrote.
pub(super) struct Traffic {
    pub(super) world: World,
    /// By their place in [`NAMES`].
    pub(super) people: Vec<Caller>,
    groups: Vec<ConversationId>,
    /// Every message that was sent, and its conversation.
    messages: Vec<(ConversationId, MessageId)>,
    /// People who must not get a message, because they were not in the group or had blocked the sender.
    pub(super) not_for: BTreeSet<(usize, MessageId)>,
    /// The messages in the acknowledgements that each person got.
    pub(super) acknowledged: Vec<Vec<Message>>,
    /// The message of each entry, and its last `seq` or `changeSeq` after that entry.
    pub(super) log: Vec<(Position, MessageId, u64)>,
    /// Counts the messages; each says its number.
    said: usize,
}

impl Traffic {
    pub(super) async fn new() -> Self {
        let world = World::new();
        let mut people = Vec::new();
        for name in NAMES {
            world.verified(name).await;
            people.push(world.caller(name).await);
        }
        let acknowledged = vec![Vec::new(); people.len()];
        let (groups, messages, not_for) = (Vec::new(), Vec::new(), BTreeSet::new());
        Self { world, people, groups, messages, not_for, acknowledged, log: Vec::new(), said: 0 }
    }

    /// Somebody does something at random. If they may not, it is refused and nothing happens.
    pub(super) async fn step(&mut self, draw: &mut Draw) {
        let who = draw.below(self.people.len());
        match draw.below(20) {
            0..=5 => self.say_to_person(who, draw).await,
            6..=10 => self.say_to_group(who, draw).await,
            11..=14 => self.change_message(who, draw).await,
            15 => {
                // Many edits of one message: more entries than a page or one reading of the store.
                self.say_to_person(who, draw).await;
                let &(conversation_id, id) = self.messages.last().unwrap();
                for number in 0..draw.below(200) {
                    let request = EditMessage { conversation_id, id, text: format!("edited {number}") };
                    self.edit(who, request).await;
                }
            }
            16 => self.block(who, draw).await,
            _ => self.change_group(who, draw).await,
        }
    }

    async fn say_to_person(&mut self, who: usize, draw: &mut Draw) {
        let other = (who + 1 + draw.below(NAMES.len() - 1)) % NAMES.len();
        self.said += 1;
        let (blocks, blocker) = (&self.world.domain.blocks, &self.people[other]);
        let is_blocked = blocks.get(blocker, NAMES[who]).await.is_ok();
        let sent =
            self.world.send(&self.people[who], to(NAMES[other], &self.said.to_string())).await.unwrap();
        let others = (0..NAMES.len()).filter(|&person| person != who && (person != other || is_blocked));
        self.sent(who, &sent, others.collect()).await;
    }

    async fn say_to_group(&mut self, who: usize, draw: &mut Draw) {
        let Some(&id) = draw.one(&self.groups) else { return };
        self.said += 1;
        let text = self.said.to_string();
        let request = SendMessage { conversation_id: Some(id), text, ..SendMessage::default() };
        let Ok(sent) = self.world.send(&self.people[who], request).await else { return };
        let members = self.world.domain.conversations.get(&self.people[who], id).await.unwrap().members;
        let is_in = |person: &usize| members.iter().any(|member| member.username == NAMES[*person]);
        self.sent(who, &sent, (0..NAMES.len()).filter(|person| !is_in(person)).collect()).await;
    }

    async fn sent(&mut self, who: usize, sent: &Sent, not_for: Vec<usize>) {
        let message = &sent.message;
        self.messages.push((message.conversation_id, message.id));
        self.not_for.extend(not_for.into_iter().map(|person| (person, message.id)));
        self.acknowledged[who].push((**message).clone());
        self.log.push((self.world.domain.syncs.position().await.unwrap(), message.id, message.seq));
    }

    async fn change_message(&mut self, who: usize, draw: &mut Draw) {
        // New messages, or a few old ones that change again and again.
        let some: Vec<_> = if draw.once_in(2) {
            self.messages.iter().rev().take(30).copied().collect()
        } else {
            self.messages.iter().step_by(60).copied().collect()
        };
        let Some(&(conversation_id, id)) = draw.one(&some) else { return };
        match draw.below(8) {
            0 => {
                let messages = &self.world.domain.messages;
                let request = DeleteMessage { conversation_id, id };
                let sending = messages.delete(&self.people[who], request, None).await;
                self.changed(who, sending).await;
            }
            1..=3 => {
                let text = format!("edited {}", draw.below(1000));
                self.edit(who, EditMessage { conversation_id, id, text }).await;
            }
            _ => {
                let emoji = ["👍", "🎉"][draw.below(2)].into();
                let request = ReactToMessage { conversation_id, id, emoji, on: !draw.once_in(3) };
                let sending = self.world.domain.messages.react(&self.people[who], request, None).await;
                self.changed(who, sending).await;
            }
        }
    }

    async fn edit(&mut self, who: usize, request: EditMessage) {
        let sending = self.world.domain.messages.edit(&self.people[who], request, None).await;
        self.changed(who, sending).await;
    }

    async fn changed(&mut self, who: usize, sending: Result<Sending, Error>) {
        let Ok(Sent { message, duplicate, seq, .. }) = self.world.sent(sending).await else { return };
        self.acknowledged[who].push((*message).clone());
        if !duplicate {
            self.log.push((self.world.domain.syncs.position().await.unwrap(), message.id, seq));
        }
    }

    async fn block(&mut self, who: usize, draw: &mut Draw) {
        let (other, blocks) = (NAMES[draw.below(NAMES.len())], &self.world.domain.blocks);
        let caller = &self.people[who];
        let _ = if draw.once_in(2) {
            blocks.block(caller, other).await.map(drop)
        } else {
            blocks.unblock(caller, other).await.map(drop)
        };
    }

    async fn change_group(&mut self, who: usize, draw: &mut Draw) {
        let (groups, caller) = (&self.world.domain.groups, &self.people[who]);
        let history = [HistoryAccess::Joined, HistoryAccess::All][draw.below(2)];
        if self.groups.len() < 3 {
            let others = NAMES.iter().filter(|_| draw.once_in(2)).filter(|name| **name != NAMES[who]);
            let members = others.map(|name| (*name).to_owned()).collect();
            let request = NewGroup { title: "Crew".into(), members, history: Some(history) };
            self.groups.extend(groups.create(caller, request).await.map(|group| group.id));
            return;
        }
        let id = *draw.one(&self.groups).unwrap();
        let other = NAMES[draw.below(NAMES.len())];
        let _ = match draw.below(6) {
            0..=2 => groups.put_member(caller, id, other, PutMember { role: None }).await.map(drop),
            3 => groups.remove_member(caller, id, other).await.map(drop),
            4 => {
                let request = ChangeConversation { history: Some(history), ..ChangeConversation::default() };
                groups.change(caller, id, request).await.map(drop)
            }
            _ => {
                let title = Some(format!("Crew {}", draw.below(1000)));
                groups
                    .change(caller, id, ChangeConversation { title, ..ChangeConversation::default() })
                    .await
                    .map(drop)
            }
        };
    }
}
