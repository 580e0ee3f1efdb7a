//! What a device has stored and received, and what must hold of it.

use std::collections::{BTreeMap, BTreeSet};

use domain::store::{ConversationKey, EntryKind, Position};
use domain::{Around, Delivery};
use protocol::{Conversation, ConversationId, ConversationKind, Message, MessageId, SyncEvent};

use super::device::{CatchUp, Device};
use super::traffic::{NAMES, Traffic};

/// What a device has stored.
#[derive(Clone, Default)]
pub(super) struct Contents {
    pub(super) messages: BTreeMap<MessageId, Message>,
    pub(super) groups: BTreeMap<ConversationId, Conversation>,
    pub(super) cursor: String,
}

/// What a device received in one flush, or in one page of `sync`.
#[derive(Default)]
pub(super) struct Received {
    /// Of the last entry.
    position: Position,
    /// The last `seq` of each conversation.
    seqs: BTreeMap<ConversationKey, u64>,
    /// How often each message came with its last change, and each conversation at all.
    changes: BTreeMap<MessageId, usize>,
    conversations: BTreeMap<ConversationKey, usize>,
    /// Conversations that its person had left when the entry was to be sent.
    left: BTreeSet<ConversationKey>,
    /// Whether things happened meanwhile. Then an earlier change may come, because the last is above what is read.
    restless: bool,
    /// Every entry that was sent, and the message in it.
    pub(super) marks: Vec<(ConversationKey, u64, Option<MessageId>)>,
}

impl Received {
    /// Nothing received yet, above a position.
    pub(super) fn new(position: Position, restless: bool) -> Self {
        Self { position, restless, ..Self::default() }
    }
}

/// The `seq` of the last entry about a message.
pub(super) fn state(message: &Message) -> u64 {
    message.change_seq.unwrap_or(message.seq)
}

impl Contents {
    /// Checks that the messages between two people are no older than the log was at a position.
    pub(super) fn is_up_to(&self, traffic: &Traffic, position: Position) {
        for (_, id, state_then) in traffic.log.iter().filter(|(at, ..)| *at <= position) {
            if let Some(message) = self.messages.get(id).filter(|message| message.receiver.is_some()) {
                assert!(state(message) >= *state_then, "older than the cursor says: {message:?}");
            }
        }
    }
}

impl Device {
    /// Takes one event, and checks that it may come now.
    pub(super) async fn take(
        &self,
        traffic: &Traffic,
        contents: &mut Contents,
        received: &mut Received,
        delivery: Delivery,
    ) {
        let Delivery { kind, conversation, seq, position, .. } = delivery;
        let (who, catch_up) = (NAMES[self.who], self.catch_up);
        assert!(position > received.position, "{who} {catch_up:?}: out of the order of the log");
        received.position = position;
        let before = received.seqs.insert(conversation, seq);
        assert!(
            before.is_none_or(|before| before < seq),
            "{who} {catch_up:?}: out of the order of the conversation"
        );
        let reader = &traffic.people[self.who];
        let message = delivery.message.as_ref().map(|message| message.id);
        received.marks.push((conversation, seq, message));
        match traffic.world.domain.syncs.event(reader, delivery).await.unwrap() {
            // Its person has left the group, and is sent nothing more of it.
            None => {
                assert_eq!(kind, EntryKind::GroupChange);
                received.left.insert(conversation);
            }
            Some(SyncEvent::Conversation(told)) => {
                let times = received.conversations.entry(conversation).or_default();
                *times += 1;
                let few = received.restless || *times <= 2;
                assert!(
                    few,
                    "{who} {catch_up:?}: a conversation more than twice: new, and with its last change"
                );
                contents.groups.insert(told.id, told);
            }
            Some(SyncEvent::Message(message)) => {
                assert_eq!((kind, message.seq), (EntryKind::Message, seq));
                assert!(
                    !traffic.not_for.contains(&(self.who, message.id)),
                    "{who} {catch_up:?}: a message that is not for them"
                );
                let known = contents.groups.contains_key(&message.conversation_id);
                let is_direct = message.receiver.is_some();
                let has_left = received.left.contains(&conversation);
                assert!(is_direct || known || has_left, "{who} {catch_up:?}: a message before its group");
                let may_come = catch_up == CatchUp::Plain && self.in_doubt.contains(&message.id);
                let before = contents.messages.insert(message.id, message);
                assert!(before.is_none() || may_come, "{who} {catch_up:?}: twice: {before:?}");
            }
            Some(SyncEvent::MessageUpdated(message)) => {
                assert!(kind != EntryKind::Message && state(&message) >= seq);
                // In a group they may be allowed to read what was said before they joined.
                let is_hidden =
                    message.receiver.is_some() && traffic.not_for.contains(&(self.who, message.id));
                assert!(!is_hidden, "{who} {catch_up:?}: a message that is not for them");
                let times = received.changes.entry(message.id).or_default();
                *times += usize::from(state(&message) == seq);
                assert!(*times <= 1, "{who} {catch_up:?}: the last change twice");
                let before = contents.messages.insert(message.id, message.clone());
                let is_new = before.is_none() && message.receiver.is_some();
                assert!(!is_new, "{who} {catch_up:?}: a new message that came as changed");
                assert!(
                    before.is_none_or(|before| state(&before) <= state(&message)),
                    "{who} {catch_up:?}: an older state of a message"
                );
            }
        }
    }

    /// Checks that it has every message that its person may read and that was sent since they joined.
    pub(super) async fn has_everything(&self, traffic: &Traffic) {
        let (domain, caller) = (&traffic.world.domain, &traffic.people[self.who]);
        let list = domain.conversations.list(caller, None).await.unwrap();
        assert!(list.next.is_none());
        let mut found = 0;
        for conversation in list.items {
            let mut joined = 0;
            if conversation.kind == ConversationKind::Group {
                let changes =
                    domain.conversations.changes(caller, conversation.id, (0, u64::MAX), 200).await.unwrap();
                let name = NAMES[self.who].to_owned();
                let last_joined = changes.iter().rfind(|change| change.joined.contains(&name));
                joined = last_joined.map_or(0, |change| change.seq);
                let contents = &self.contents.groups[&conversation.id];
                let view = |of: &Conversation| {
                    let roles = of.members.iter().map(|member| (member.username.clone(), member.role));
                    (of.title.clone(), of.history, roles.collect::<Vec<_>>())
                };
                assert_eq!(view(contents), view(&conversation), "{name} {:?}", self.catch_up);
            }
            let mut after = joined;
            loop {
                let around = Around::After(after);
                let page = domain.conversations.history(caller, conversation.id, around, 200).await.unwrap();
                let Some(last) = page.last() else { break };
                after = last.seq;
                for message in page {
                    let contents = self.contents.messages.get(&message.id);
                    assert_eq!(contents, Some(&message), "{} {:?}", NAMES[self.who], self.catch_up);
                    found += 1;
                }
            }
        }
        assert!(found > 20, "too little happened");
    }
}
