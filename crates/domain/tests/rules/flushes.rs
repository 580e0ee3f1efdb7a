//! Devices that are cut at random while people write: in the end each has what the log says.
//!
//! The flush of a device is what the server does with [`Syncs::page`]: it takes the pages, keeps a cursor or moves the
//! mark, and begins again from there when it was cut.
//!
//! [`Syncs::page`]: domain::Syncs::page

use std::collections::{BTreeMap, BTreeSet};

use domain::store::{ConversationKey, EntryKind, Position, Since};
use domain::{Around, Caller, Delivery, Error, LogReader, Page, Sending, Sent};
use protocol::{
    ChangeConversation, Conversation, ConversationId, ConversationKind, DeleteMessage, EditMessage,
    HistoryAccess, Message, MessageId, NewGroup, PutMember, ReactToMessage, SendMessage, SyncEvent,
};

use crate::support::{World, to};

const NAMES: [&str; 4] = ["ann", "bob", "eve", "kim"];

/// The same numbers for the same seed (splitmix64).
struct Draw(u64);

impl Draw {
    fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((number ^ (number >> 31)) % below as u64).unwrap()
    }

    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        if of.is_empty() { None } else { of.get(self.below(of.len())) }
    }
}

/// People who write, and what the test itself knows of it.
struct Traffic {
    world: World,
    people: Vec<Caller>,
    groups: Vec<ConversationId>,
    /// Where each may be found, of every message that was sent.
    messages: Vec<(ConversationId, MessageId)>,
    /// Who is not to get a message: who was not in the group, or had blocked the sender.
    not_for: BTreeSet<(usize, MessageId)>,
    /// What the acknowledgements told each person.
    acknowledged: Vec<Vec<Message>>,
    /// The message of each entry, with its `changeSeq` after it.
    log: Vec<(Position, MessageId, u64)>,
    said: usize,
}

impl Traffic {
    async fn new() -> Self {
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

    /// Something happens. What is not allowed is refused, and nothing happens.
    async fn step(&mut self, draw: &mut Draw) {
        let who = draw.below(self.people.len());
        match draw.below(20) {
            0..=5 => self.say_to_person(who, draw).await,
            6..=10 => self.say_to_group(who, draw).await,
            11..=14 => self.change_message(who, draw).await,
            15 => {
                // One message changes over and over, further than a page and a reading reach.
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
        // New ones, or a few that change again and again.
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

/// How a device catches up.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// By the flush, with the cursor of the last `sync:done`; what it got and did not keep with one is lost to it.
    Cursor,
    /// By `sync`, with the cursor of each answer.
    Sync,
    /// By the flush, with no cursor. What its person sent was acknowledged to it.
    Plain,
}

/// What a device holds.
#[derive(Clone, Default)]
struct Held {
    messages: BTreeMap<MessageId, Message>,
    groups: BTreeMap<ConversationId, Conversation>,
    cursor: String,
}

struct Device {
    who: usize,
    way: Way,
    held: Held,
    /// The acknowledgements that it has heeded; a plain one alone.
    heeded: usize,
    /// What a plain device was sent and has not proved to have: it may come again.
    in_doubt: BTreeSet<MessageId>,
    cuts: usize,
}

/// What came in one flush, or one answer to `sync`.
#[derive(Default)]
struct Came {
    position: Position,
    seqs: BTreeMap<ConversationKey, u64>,
    /// How often each message came as changed, and each conversation at all.
    changes: BTreeMap<MessageId, usize>,
    conversations: BTreeMap<ConversationKey, usize>,
    /// Conversations that its person had left when they were to come.
    left: BTreeSet<ConversationKey>,
    /// Whether things happened meanwhile: then a last change may be above what is read, and others come for it.
    restless: bool,
    /// Every entry, as a mark.
    marks: Vec<(ConversationKey, u64, Option<MessageId>)>,
}

/// Whether things happen while a device catches up, or it is there for the last time.
fn is_restless(most: usize) -> bool {
    most < usize::MAX / 2
}

fn state(message: &Message) -> u64 {
    message.change_seq.unwrap_or(message.seq)
}

impl Held {
    /// Looks at whether what is held between two people is no older than the log was at a position.
    fn is_up_to(&self, traffic: &Traffic, position: Position) {
        for (_, id, state_then) in traffic.log.iter().filter(|(at, ..)| *at <= position) {
            if let Some(message) = self.messages.get(id).filter(|message| message.receiver.is_some()) {
                assert!(state(message) >= *state_then, "older than the cursor says: {message:?}");
            }
        }
    }
}

impl Device {
    async fn new(who: usize, way: Way, traffic: &Traffic) -> Self {
        let syncs = &traffic.world.domain.syncs;
        let held = Held { cursor: syncs.cursor(syncs.position().await.unwrap()), ..Held::default() };
        let (in_doubt, heeded) = (BTreeSet::new(), traffic.acknowledged[who].len());
        Self { who, way, held, heeded, in_doubt, cuts: 0 }
    }

    /// Connects, and is cut after so many events unless it catches up before; things happen meanwhile.
    async fn connect(&mut self, traffic: &mut Traffic, draw: &mut Draw, most: usize) {
        match self.way {
            Way::Cursor => self.flush(traffic, draw, most).await,
            Way::Plain => self.flush_plain(traffic, draw, most).await,
            Way::Sync => while !self.sync(traffic, draw, most).await {},
        }
    }

    async fn reader(&self, traffic: &Traffic, since: Since) -> (LogReader, Position) {
        let syncs = &traffic.world.domain.syncs;
        let upto = syncs.position().await.unwrap();
        (syncs.reader(traffic.people[self.who].person.id, since, upto).await.unwrap(), upto)
    }

    async fn flush(&mut self, traffic: &mut Traffic, draw: &mut Draw, mut most: usize) {
        let since = traffic.world.domain.syncs.resume(&self.held.cursor).unwrap();
        let (mut reader, upto) = self.reader(traffic, Since::Position(since)).await;
        let restless = is_restless(most);
        let mut came = Came { position: since, restless, ..Came::default() };
        let mut held = self.held.clone();
        self.meanwhile(traffic, draw, most).await;
        while let Some(Page { deliveries, .. }) = traffic.world.domain.syncs.page(&mut reader).await.unwrap()
        {
            for delivery in deliveries {
                if most == 0 {
                    self.cuts += 1;
                    return;
                }
                most -= 1;
                self.take(traffic, &mut held, &mut came, delivery).await;
            }
            self.meanwhile(traffic, draw, most).await;
        }
        assert_eq!(reader.reached(), upto);
        held.is_up_to(traffic, upto);
        held.cursor = traffic.world.domain.syncs.cursor(upto);
        self.held = held;
    }

    /// Says whether it has everything, or was cut.
    async fn sync(&mut self, traffic: &mut Traffic, draw: &mut Draw, most: usize) -> bool {
        let user = traffic.people[self.who].person.id;
        let limit = 1 + draw.below(40);
        let (syncs, cursor) = (&traffic.world.domain.syncs, Some(&*self.held.cursor));
        let mut reader = syncs.reader_after(user, cursor, u32::try_from(limit).ok()).await.unwrap();
        let mut came = Came { restless: is_restless(most), ..Came::default() };
        let mut held = self.held.clone();
        self.meanwhile(traffic, draw, most).await;
        while let Some(page) = traffic.world.domain.syncs.page(&mut reader).await.unwrap() {
            for delivery in page.deliveries {
                self.take(traffic, &mut held, &mut came, delivery).await;
            }
            self.meanwhile(traffic, draw, most).await;
        }
        assert!(came.marks.len() <= limit);
        if most < usize::MAX && draw.once_in(4) {
            // The answer is lost, and with it what came before.
            self.cuts += 1;
            return true;
        }
        held.cursor = traffic.world.domain.syncs.cursor(reader.reached());
        if reader.is_done() {
            held.is_up_to(traffic, reader.reached());
        }
        self.held = held;
        reader.is_done()
    }

    async fn flush_plain(&mut self, traffic: &mut Traffic, draw: &mut Draw, mut most: usize) {
        self.heed(traffic);
        let (mut reader, before) = self.reader(traffic, Since::Delivered).await;
        let mut came = Came { restless: is_restless(most), ..Came::default() };
        let mut held = self.held.clone();
        self.meanwhile(traffic, draw, most).await;
        let mut cut = false;
        'flush: while let Some(page) = traffic.world.domain.syncs.page(&mut reader).await.unwrap() {
            for delivery in page.deliveries {
                if most == 0 {
                    cut = true;
                    break 'flush;
                }
                most -= 1;
                if delivery.own {
                    // It has been acknowledged; what it sends itself during the flush is not read by this one.
                    assert!(delivery.position <= before);
                    came.marks.push((delivery.conversation, delivery.seq, None));
                    continue;
                }
                self.take(traffic, &mut held, &mut came, delivery).await;
            }
            came.marks.extend(page.passed.into_iter().map(|(key, seq)| (key, seq, None)));
            self.meanwhile(traffic, draw, most).await;
        }
        if !cut {
            held.is_up_to(traffic, before);
        }
        self.held = held;
        self.heed(traffic);
        // What was sent before the last ping that was answered is proved.
        let proved = if cut { draw.below(came.marks.len() + 1) } else { came.marks.len() };
        self.cuts += usize::from(cut);
        let user = traffic.people[self.who].person.id;
        for &(key, seq, message) in &came.marks[..proved] {
            traffic.world.domain.receipts.delivered(user, key, seq);
            if let Some(message) = message {
                self.in_doubt.remove(&message);
            }
        }
        self.in_doubt.extend(came.marks[proved..].iter().filter_map(|(_, _, message)| *message));
        if draw.once_in(2) {
            traffic.world.domain.receipts.run(std::future::ready(())).await;
        }
    }

    /// Things happen while it catches up, but for the last time.
    async fn meanwhile(&self, traffic: &mut Traffic, draw: &mut Draw, most: usize) {
        if is_restless(most) {
            for _ in 0..draw.below(6) {
                traffic.step(draw).await;
            }
        }
    }

    /// Takes what its person's acknowledgements told.
    fn heed(&mut self, traffic: &Traffic) {
        let acknowledged = &traffic.acknowledged[self.who];
        for message in &acknowledged[self.heeded..] {
            let held = &mut self.held.messages;
            // What it reacted to and lacks will come as new.
            let lacks = |held: Option<&Message>| match held {
                Some(held) => state(held) < state(message),
                None => message.sender == NAMES[self.who],
            };
            if lacks(held.get(&message.id)) {
                held.insert(message.id, message.clone());
            }
        }
        self.heeded = acknowledged.len();
    }

    /// Takes one event, and looks at whether it may come now.
    async fn take(&self, traffic: &Traffic, held: &mut Held, came: &mut Came, delivery: Delivery) {
        let Delivery { kind, conversation, seq, position, .. } = delivery;
        let (who, way) = (NAMES[self.who], self.way);
        assert!(position > came.position, "{who} {way:?}: in the order of the log");
        came.position = position;
        let before = came.seqs.insert(conversation, seq);
        assert!(before.is_none_or(|before| before < seq), "{who} {way:?}: in the order of the conversation");
        let user = traffic.people[self.who].person.id;
        let message = delivery.message.as_ref().map(|message| message.id);
        came.marks.push((conversation, seq, message));
        match traffic.world.domain.syncs.event(user, delivery).await.unwrap() {
            // Who has left is told nothing more.
            None => {
                assert_eq!(kind, EntryKind::Conversation);
                came.left.insert(conversation);
            }
            Some(SyncEvent::Conversation(told)) => {
                let times = came.conversations.entry(conversation).or_default();
                *times += 1;
                let few = came.restless || *times <= 2;
                assert!(few, "{who} {way:?}: once when it is new, and as it changed last");
                held.groups.insert(told.id, told);
            }
            Some(SyncEvent::Message(message)) => {
                assert_eq!((kind, message.seq), (EntryKind::Message, seq));
                assert!(!traffic.not_for.contains(&(self.who, message.id)), "{who} {way:?}: hidden");
                let known = held.groups.contains_key(&message.conversation_id);
                let is_direct = message.receiver.is_some();
                let has_left = came.left.contains(&conversation);
                assert!(is_direct || known || has_left, "{who} {way:?}: the group before its messages");
                let may_come = way == Way::Plain && self.in_doubt.contains(&message.id);
                let before = held.messages.insert(message.id, message);
                assert!(before.is_none() || may_come, "{who} {way:?}: twice: {before:?}");
            }
            Some(SyncEvent::MessageUpdated(message)) => {
                assert!(kind != EntryKind::Message && state(&message) >= seq);
                // What was said in a group before they came they may read.
                let is_hidden =
                    message.receiver.is_some() && traffic.not_for.contains(&(self.who, message.id));
                assert!(!is_hidden, "{who} {way:?}: hidden");
                let times = came.changes.entry(message.id).or_default();
                *times += usize::from(state(&message) == seq);
                assert!(*times <= 1, "{who} {way:?}: the last change, once");
                let before = held.messages.insert(message.id, message.clone());
                let is_new = before.is_none() && message.receiver.is_some();
                assert!(!is_new, "{who} {way:?}: new, and told as changed");
                assert!(
                    before.is_none_or(|before| state(&before) <= state(&message)),
                    "{who} {way:?}: older"
                );
            }
        }
    }

    /// Looks at whether it has what its person may read, as far as it was sent since they came.
    async fn has_everything(&self, traffic: &Traffic) {
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
                let came = changes.iter().rfind(|change| change.joined.contains(&name));
                joined = came.map_or(0, |change| change.seq);
                let held = &self.held.groups[&conversation.id];
                let view = |of: &Conversation| {
                    let roles = of.members.iter().map(|member| (member.username.clone(), member.role));
                    (of.title.clone(), of.history, roles.collect::<Vec<_>>())
                };
                assert_eq!(view(held), view(&conversation), "{name} {:?}", self.way);
            }
            let mut after = joined;
            loop {
                let around = Around::After(after);
                let page = domain.conversations.history(caller, conversation.id, around, 200).await.unwrap();
                let Some(last) = page.last() else { break };
                after = last.seq;
                for message in page {
                    let held = self.held.messages.get(&message.id);
                    assert_eq!(held, Some(&message), "{} {:?}", NAMES[self.who], self.way);
                    found += 1;
                }
            }
        }
        assert!(found > 20, "too little happened");
    }
}

async fn devices_have_what_the_log_says(seed: u64) {
    let (mut traffic, mut draw) = (Traffic::new().await, Draw(seed));
    let mut devices = Vec::new();
    // The marks are a person's: one plain device each.
    for (who, ways) in [
        (0, &[Way::Cursor, Way::Sync, Way::Plain][..]),
        (1, &[Way::Cursor, Way::Cursor, Way::Plain]),
        (2, &[Way::Sync, Way::Sync]),
        (3, &[Way::Plain]),
    ] {
        for way in ways {
            devices.push(Device::new(who, *way, &traffic).await);
        }
    }
    for _ in 0..60 {
        for _ in 0..draw.below(25) {
            traffic.step(&mut draw).await;
        }
        let (index, most) = (draw.below(devices.len()), draw.below(120));
        devices[index].connect(&mut traffic, &mut draw, most).await;
    }
    for device in &mut devices {
        device.connect(&mut traffic, &mut draw, usize::MAX).await;
        device.has_everything(&traffic).await;
        // Once more there is nothing: a message that came again would be told twice.
        let before = device.held.messages.clone();
        device.in_doubt.clear();
        device.connect(&mut traffic, &mut draw, usize::MAX).await;
        assert!(before == device.held.messages);
    }
    assert!(devices.iter().filter(|device| device.cuts > 0).count() > 4, "too few were cut");
}

macro_rules! seeds {
    ($($name:ident: $seed:literal,)+) => {$(
        #[tokio::test]
        async fn $name() {
            devices_have_what_the_log_says($seed).await;
        }
    )+};
}

seeds! {
    devices_have_what_the_log_says_1: 1,
    devices_have_what_the_log_says_2: 2,
    devices_have_what_the_log_says_3: 3,
    devices_have_what_the_log_says_4: 4,
    devices_have_what_the_log_says_5: 5,
    devices_have_what_the_log_says_6: 6,
}
