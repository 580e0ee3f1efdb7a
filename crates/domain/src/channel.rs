//! Channels: conversations with their members, cached for sending messages and for showing them to clients.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use protocol::{
    Attachment, Conversation, ConversationChange, ConversationId, ConversationKind, Member, Message,
};
use quick_cache::sync::Cache;

use crate::clock::Clock;
use crate::error::Error;
use crate::mention::mentions;
use crate::person::{Directory, Person};
use crate::store::{
    AttachmentRecord, ConversationKey, ConversationRecord, GroupEntry, GroupEvent, MemberRecord,
    MessageRecord, Mute, Reacted, Store, Target, UserId,
};
use crate::url::{of_attachment, picture_of_group, picture_of_person};

/// A conversation and its members. May be out of date: the store decides.
#[derive(Debug)]
pub struct Channel {
    /// Its number within the store.
    pub key: ConversationKey,
    /// Its id for clients.
    pub id: ConversationId,
    /// Two people, or a group.
    pub kind: ConversationKind,
    /// The members, sorted by id.
    pub members: Vec<Arc<Person>>,
    /// Others who are named in it, such as former members, sorted by id.
    others: Vec<Arc<Person>>,
    /// The `seq` of the last change of the group itself; 0 for a direct conversation.
    pub(crate) version: u64,
    /// The members by username in lower case. Built when a text first mentions somebody.
    names: OnceLock<Arc<HashMap<Box<str>, UserId>>>,
}

impl Channel {
    /// The member with this id.
    pub fn member(&self, user: UserId) -> Option<&Arc<Person>> {
        find(&self.members, user)
    }

    /// The username of somebody who is or was a member.
    pub(crate) fn name(&self, user: UserId) -> Option<String> {
        self.member(user).or_else(|| find(&self.others, user)).map(|person| person.username.to_string())
    }

    /// The other person of a direct conversation; `user` themselves if they talk to themselves. `None` in a group.
    pub(crate) fn other(&self, user: UserId) -> Option<&Arc<Person>> {
        match (self.kind, self.members.as_slice()) {
            (ConversationKind::Direct, [one, other]) => Some(if one.id == user { other } else { one }),
            (ConversationKind::Direct, [one]) => Some(one),
            _ => None,
        }
    }

    /// The target of an append to it.
    pub(crate) fn target(&self) -> Target {
        match self.kind {
            ConversationKind::Direct => Target::Direct(self.key),
            ConversationKind::Group => Target::Group(self.key),
        }
    }

    /// The ids of the members.
    pub(crate) fn users(&self) -> impl Iterator<Item = UserId> {
        self.members.iter().map(|person| person.id)
    }

    /// The members whom a text mentions.
    pub(crate) fn mentions(&self, text: &str) -> Vec<UserId> {
        mentions(text, |name| self.names().get(name).copied())
    }

    fn names(&self) -> &HashMap<Box<str>, UserId> {
        let name = |person: &Arc<Person>| (person.username.to_ascii_lowercase().into(), person.id);
        self.names.get_or_init(|| Arc::new(self.members.iter().map(name).collect()))
    }

    /// The channel after the next change of the group; `joined` are the people who join by it.
    fn after(&self, change: &GroupEntry, joined: Vec<Arc<Person>>) -> Self {
        let (mut members, mut others) = (self.members.clone(), self.others.clone());
        for person in joined {
            take(&mut others, person.id);
            insert(&mut members, person);
        }
        for user in change.left() {
            if let Some(person) = take(&mut members, user) {
                insert(&mut others, person);
            }
        }
        let are_the_same = members.len() == self.members.len() && others.len() == self.others.len();
        let names = if are_the_same { self.names.clone() } else { OnceLock::new() };
        let (key, id, kind, version) = (self.key, self.id, self.kind, change.seq);
        Self { key, id, kind, members, others, version, names }
    }

    /// A message as clients see it.
    pub(crate) fn message(&self, record: &MessageRecord) -> Message {
        let receiver = self.other(record.sender).map(|person| person.username.to_string());
        let named = |Reacted { emoji, first, .. }: &Reacted| {
            (emoji.to_string(), first.iter().filter_map(|user| self.name(*user)).collect())
        };
        let more = record.reactions.iter().filter(|reacted| reacted.count > reacted.first.len());
        // Messages stored before mentions were: find the mentions in the text.
        let mentions = record.mentions.as_deref().map_or_else(|| self.mentions(&record.text), <[_]>::to_vec);
        Message {
            conversation_id: self.id,
            seq: record.seq,
            client_id: record.client_id.as_ref().map_or_else(|| record.id.to_string(), ToString::to_string),
            id: record.id,
            sender: self.name(record.sender).unwrap_or_default(),
            receiver,
            mentions: mentions.into_iter().filter_map(|user| self.name(user)).collect(),
            text: record.text.to_string(),
            timestamp: record.timestamp,
            edited_at: record.edited_at,
            deleted_at: record.deleted_at,
            reply_to: record.reply_to,
            attachments: record.attachments.iter().map(|attachment| shown(attachment)).collect(),
            reactions: record.reactions.iter().map(named).collect(),
            reaction_counts: more.map(|reacted| (reacted.emoji.to_string(), reacted.count)).collect(),
            change_seq: record.change_seq,
        }
    }

    /// A change of the group as clients see it.
    pub(crate) fn change(&self, entry: &GroupEntry) -> ConversationChange {
        let mut change = ConversationChange {
            seq: entry.seq,
            by: self.name(entry.by).unwrap_or_default(),
            timestamp: entry.at,
            title: None,
            history: None,
            picture: None,
            joined: Vec::new(),
            left: Vec::new(),
            roles: BTreeMap::new(),
        };
        for event in &entry.events {
            match event {
                GroupEvent::Title(title) => change.title = Some(title.clone()),
                GroupEvent::History(history) => change.history = Some(*history),
                GroupEvent::Picture(is_there) => change.picture = Some(*is_there),
                GroupEvent::Joined(user) => change.joined.extend(self.name(*user)),
                GroupEvent::Left(user) => change.left.extend(self.name(*user)),
                GroupEvent::Role(user, role) => {
                    change.roles.extend(self.name(*user).map(|name| (name, *role)));
                }
            }
        }
        change
    }
}

fn find(people: &[Arc<Person>], user: UserId) -> Option<&Arc<Person>> {
    people.get(people.binary_search_by_key(&user, |person| person.id).ok()?)
}

fn insert(people: &mut Vec<Arc<Person>>, person: Arc<Person>) {
    if let Err(place) = people.binary_search_by_key(&person.id, |other| other.id) {
        people.insert(place, person);
    }
}

fn take(people: &mut Vec<Arc<Person>>, user: UserId) -> Option<Arc<Person>> {
    let place = people.binary_search_by_key(&user, |person| person.id).ok()?;
    Some(people.remove(place))
}

/// A cache of the channels that were used lately.
pub(crate) struct Channels {
    store: Arc<dyn Store>,
    people: Arc<Directory>,
    clock: Arc<dyn Clock>,
    by_key: Cache<ConversationKey, Arc<Channel>>,
    by_id: Cache<ConversationId, Arc<Channel>>,
    /// By the two users, the lower id first.
    direct: Cache<(UserId, UserId), Arc<Channel>>,
    /// Held while a channel is replaced, so that an older one does not replace a newer one.
    replacing: Mutex<()>,
}

impl Channels {
    /// Channels kept in memory; one of two people takes about 300 bytes.
    const CAPACITY: usize = 100_000;

    pub(crate) fn new(store: Arc<dyn Store>, people: Arc<Directory>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            people,
            clock,
            by_key: Cache::new(Self::CAPACITY),
            by_id: Cache::new(Self::CAPACITY),
            direct: Cache::new(Self::CAPACITY),
            replacing: Mutex::default(),
        }
    }

    /// The channel of a conversation that the user is a member of; not found otherwise. The cache may be behind the
    /// store, so the store is asked before a user is refused.
    pub(crate) async fn of_member(&self, id: ConversationId, user: UserId) -> Result<Arc<Channel>, Error> {
        let missing = || Error::not_found("conversation");
        let key = match self.by_id.get(&id) {
            Some(channel) if channel.member(user).is_some() => return Ok(channel),
            // Asked first, because a stranger must not make the store read all members again and again.
            Some(channel) => self.store.conversation(user, channel.key).await?.map(|record| record.key),
            None => self.store.conversation_key(id).await?,
        };
        let record = self.store.conversation_by_key(key.ok_or_else(missing)?).await?;
        let record = record.filter(|record| record.members.iter().any(|member| member.user == user));
        Ok(self.cache(&record.ok_or_else(missing)?))
    }

    /// The channel with this store key, if it is cached.
    pub(crate) fn cached(&self, key: ConversationKey) -> Option<Arc<Channel>> {
        self.by_key.get(&key)
    }

    /// The channel with this store key.
    pub(crate) async fn of_key(&self, key: ConversationKey) -> Result<Option<Arc<Channel>>, Error> {
        if let Some(channel) = self.by_key.get(&key) {
            return Ok(Some(channel));
        }
        Ok(self.store.conversation_by_key(key).await?.map(|record| self.cache(&record)))
    }

    /// The direct channel of two people, if it is cached.
    pub(crate) fn cached_direct(&self, one: UserId, other: UserId) -> Option<Arc<Channel>> {
        self.direct.get(&pair(one, other))
    }

    /// The direct channel of two people, if they have one.
    pub(crate) async fn direct(&self, one: UserId, other: UserId) -> Result<Option<Arc<Channel>>, Error> {
        if let Some(channel) = self.cached_direct(one, other) {
            return Ok(Some(channel));
        }
        match self.store.direct(one, other).await? {
            Some(key) => self.of_key(key).await,
            None => Ok(None),
        }
    }

    /// Caches the channel of a record with all members, and gives it. If a later state of it is cached, gives that one instead.
    pub(crate) fn cache(&self, record: &ConversationRecord) -> Arc<Channel> {
        let _replacing = self.replacing.lock();
        if let Some(known) = self.by_key.get(&record.key)
            && known.version > record.changed_seq
        {
            return known;
        }
        let channel = Arc::new(self.channel(record));
        self.put(&channel);
        if channel.kind == ConversationKind::Direct
            && let (Some(first), Some(last)) = (channel.members.first(), channel.members.last())
        {
            self.direct.insert(pair(first.id, last.id), channel.clone());
        }
        channel
    }

    fn put(&self, channel: &Arc<Channel>) {
        self.by_key.insert(channel.key, channel.clone());
        self.by_id.insert(channel.id, channel.clone());
    }

    /// The channel of a group as it is after a change, or later. All members are read only if the channel as it was
    /// before is not cached.
    pub(crate) async fn after(
        &self,
        key: ConversationKey,
        change: &GroupEntry,
    ) -> Result<Option<Arc<Channel>>, Error> {
        let joined = self.joined(change).await?;
        {
            let _replacing = self.replacing.lock();
            match (self.by_key.get(&key), joined) {
                (Some(known), _) if known.version >= change.seq => return Ok(Some(known)),
                (Some(known), Some(joined)) if known.version == change.previous => {
                    let channel = Arc::new(known.after(change, joined));
                    self.put(&channel);
                    return Ok(Some(channel));
                }
                _ => {}
            }
        }
        Ok(self.store.conversation_by_key(key).await?.map(|record| self.cache(&record)))
    }

    /// Brings the cached channel up to date with a change that is stored. If that fails, the announcer does it.
    pub(crate) async fn apply(&self, key: ConversationKey, change: &GroupEntry) {
        if let Err(error) = self.after(key, change).await {
            tracing::warn!(%error, "the cached members of a group are behind until its change is announced");
        }
    }

    /// The people who join by a change; `None` if one of them is not known by their id alone.
    async fn joined(&self, change: &GroupEntry) -> Result<Option<Vec<Arc<Person>>>, Error> {
        let mut joined = Vec::new();
        for user in change.joined() {
            let Some(person) = self.people.of(user).await? else { return Ok(None) };
            joined.push(person);
        }
        Ok(Some(joined))
    }

    fn channel(&self, record: &ConversationRecord) -> Channel {
        let members = record.members.iter();
        let mut members: Vec<_> =
            members.map(|member| self.people.intern(member.user, &member.username)).collect();
        members.sort_by_key(|person| person.id);
        let others = record.others.iter();
        let mut others: Vec<_> = others.map(|(user, username)| self.people.intern(*user, username)).collect();
        others.sort_by_key(|person| person.id);
        let (key, id, kind, version) = (record.key, record.id, record.kind, record.changed_seq);
        Channel { key, id, kind, members, others, version, names: OnceLock::new() }
    }

    /// A conversation as a member sees it.
    pub(crate) fn view(&self, mut record: ConversationRecord, user: UserId) -> Conversation {
        let channel = self.channel(&record);
        record.show_to(user);
        let own = record.members.iter().find(|member| member.user == user);
        let mute = own.map_or(Mute::Off, |own| own.mute);
        let muted = mute.holds(self.clock.now());
        let muted_until = match mute {
            Mute::Until(end) if muted => Some(end),
            _ => None,
        };
        let members = record.members.into_iter().map(member);
        Conversation {
            id: record.id,
            kind: record.kind,
            title: record.title,
            picture_url: record.avatar.map(|avatar| picture_of_group(record.id, avatar)),
            history: record.history,
            created_at: record.created_at,
            head_seq: record.head_seq,
            unread: record.unread,
            muted,
            muted_until,
            member_count: record.member_count,
            members: members.collect(),
            last_message: record.last_message.as_ref().map(|message| channel.message(message)),
            invited: Vec::new(),
            changes: Vec::new(),
        }
    }
}

fn pair(one: UserId, other: UserId) -> (UserId, UserId) {
    (one.min(other), one.max(other))
}

/// A member as clients see them.
pub(crate) fn member(record: MemberRecord) -> Member {
    Member {
        username: record.username.to_string(),
        display_name: record.display_name,
        picture_url: record.avatar.map(|avatar| picture_of_person(&record.username, avatar)),
        role: record.role,
        delivered_seq: record.cursors.delivered_seq,
        read_seq: record.cursors.read_seq,
    }
}

/// A file as clients see it.
pub(crate) fn shown(record: &AttachmentRecord) -> Attachment {
    let url = of_attachment(record.id);
    let picture = record.picture.as_ref();
    Attachment {
        id: record.id,
        name: record.name.to_string(),
        kind: record.kind.to_string(),
        size: record.size,
        width: picture.map(|picture| picture.width),
        height: picture.map(|picture| picture.height),
        animated: picture.is_some_and(|picture| picture.animated),
        thumbnail_url: picture
            .and_then(|picture| picture.thumbnail)
            .map(|_| format!("/api/attachments/{}/thumbnail", record.id)),
        url,
    }
}

#[cfg(test)]
mod tests {
    use protocol::{MessageId, Timestamp};

    use super::*;

    fn person(id: i64, username: &str) -> Arc<Person> {
        Arc::new(Person { id: UserId(id), username: username.into() })
    }

    #[test]
    fn mentions_are_those_that_were_stored_and_of_older_messages_those_of_now() {
        let at = Timestamp::from_millis(1);
        let channel = Channel {
            key: ConversationKey(1),
            id: ConversationId::mint(at, 1),
            kind: ConversationKind::Group,
            members: vec![person(1, "Ann"), person(2, "Bob")],
            others: vec![person(3, "Eve")],
            version: 1,
            names: OnceLock::new(),
        };
        let mentioned = |mentions: Option<&[i64]>| {
            let record = MessageRecord {
                conversation: channel.key,
                seq: 1,
                id: MessageId::mint(at, 1, 0),
                sender: UserId(1),
                client_id: None,
                text: "@bob, @eve".into(),
                timestamp: at,
                reply_to: None,
                edited_at: None,
                deleted_at: None,
                attachments: Vec::new(),
                mentions: mentions.map(|users| users.iter().map(|user| UserId(*user)).collect()),
                reactions: Vec::new(),
                hidden_from: None,
                change_seq: None,
            };
            channel.message(&record).mentions
        };
        assert_eq!(mentioned(Some(&[3])), ["Eve"]);
        assert_eq!(mentioned(Some(&[])), [""; 0]);
        assert_eq!(mentioned(None), ["Bob"]);
    }
}
