//! Announcements: which sockets are told of an entry, and what they are told.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use protocol::{Conversation, ConversationChange, ConversationKind, Role, limit};

use crate::channel::Channel;
use crate::context::Context;
use crate::error::Error;
use crate::live::Live;
use crate::store::{
    Committed, ConversationKey, ConversationRecord, EntryKind, GroupEntry, GroupEvent, UserId,
};

/// In a group with more members than this, a change is announced only to the members whom it names, to the first
/// [`limit::MEMBERS_SHOWN`] of those who lead, and to its author. The others find it in the log.
const LARGE_GROUP: usize = 256;
/// Members who are told of a message at once. Past it, messages to the same people that wait are told together.
const SMALL_AUDIENCE: usize = 64;
/// Members who are told of a message before other tasks have their turn.
const AUDIENCE_BATCH: usize = 512;
/// How many views of a conversation are read from the store at a time.
const VIEWS_AT_ONCE: usize = 8;
/// How long reading one member's view of a conversation may take, because later entries of the conversation wait for
/// it. A member whose
/// view is not read by then, for example because many other reads of theirs are waiting, has their sockets closed and
/// resumes.
const VIEW_TIMEOUT: Duration = Duration::from_secs(1);
/// The same for all views together.
const VIEWS_TIMEOUT: Duration = Duration::from_secs(5);

/// Sends entries to the sockets of the members who may see them.
pub(crate) struct Announcements {
    context: Arc<Context>,
}

impl Announcements {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    /// Announces a message, or a change of one, if that takes neither the store nor long. False if it does.
    pub(crate) fn message_at_once(&self, committed: &Committed) -> bool {
        let is_short = committed.roster.as_ref().is_none_or(|roster| roster.len() <= SMALL_AUDIENCE);
        if committed.entry.kind == EntryKind::GroupChange || !is_short {
            return false;
        }
        let Some(channel) = self.context.channels.cached(committed.conversation) else { return false };
        if opens(&channel, committed) {
            return false;
        }
        let Some(live) = entry(&channel, committed) else { return true };
        let sees = |user: &UserId| !is_hidden_from(committed, *user);
        match &committed.roster {
            Some(roster) => self.context.broker.tell(&mut roster.iter().copied().filter(sees), live),
            None => self.context.broker.tell(&mut channel.users().filter(sees), live),
        }
        true
    }

    /// Announces messages of a conversation, or changes of messages, in their order. Those to the same people are told
    /// together: a socket that is woken once for several sends them in one call of the system, which is what a
    /// delivery costs most.
    pub(crate) async fn messages(
        &self,
        key: ConversationKey,
        committed: &[Arc<Committed>],
    ) -> Result<(), Error> {
        let Some(channel) = self.context.channels.of_key(key).await? else { return Ok(()) };
        let to_the_same =
            |one: &Arc<Committed>, other: &Arc<Committed>| one.roster.is_some() && one.roster == other.roster;
        for together in committed.chunk_by(to_the_same) {
            let Some(first) = together.first() else { continue };
            if opens(&channel, first) {
                self.announce_new_direct(&channel, first).await?;
            }
            let audience: Vec<_> = match &first.roster {
                Some(roster) => roster.to_vec(),
                None => channel.users().filter(|user| !is_hidden_from(first, *user)).collect(),
            };
            let lives: Vec<_> = together.iter().filter_map(|committed| entry(&channel, committed)).collect();
            self.tell_in_turns(&audience, &lives).await;
        }
        Ok(())
    }

    /// Sends both people of a direct conversation the conversation itself, before its first message.
    async fn announce_new_direct(&self, channel: &Channel, committed: &Committed) -> Result<(), Error> {
        let Some(record) = self.context.store.conversation_by_key(channel.key).await? else { return Ok(()) };
        let record = ConversationRecord { head_seq: committed.entry.seq, last_message: None, ..record };
        let message = committed.shown(|record| channel.message(record));
        for member in channel.members.iter().filter(|member| !is_hidden_from(committed, member.id)) {
            let mut view = self.context.channels.view(record.clone(), member.id);
            view.unread = message.iter().filter(|message| *message.sender != *member.username).count() as u64;
            view.last_message = message.as_deref().cloned();
            self.context.broker.tell(&mut std::iter::once(member.id), Live::Conversation(Box::new(view)));
        }
        Ok(())
    }

    /// Announces changes of a group, in their order: sends the members the group as it is now and as they see it, with
    /// the changes. Nobody has left by any of them but the last.
    pub(crate) async fn group_changes(
        &self,
        key: ConversationKey,
        committed: &[Arc<Committed>],
    ) -> Result<(), Error> {
        let changes: Vec<_> = committed.iter().filter_map(|entry| entry.group_change.as_ref()).collect();
        let mut channel = None;
        for change in &changes {
            channel = self.context.channels.after(key, change).await?;
        }
        let (Some(channel), Some(first), Some(last)) = (channel, changes.first(), changes.last()) else {
            return Ok(());
        };
        let told = Told {
            changes: changes.iter().map(|change| channel.change(change)).collect(),
            named: changes.iter().flat_map(|change| concerned(change)).collect(),
            joined: changes
                .iter()
                .flat_map(|change| change.joined().map(|user| (user, change.seq)))
                .collect(),
        };
        let begins = first.seq == 1;
        if begins
            && let Some(record) = self.context.store.conversation_by_key(key).await?
            && record.head_seq == 1
        {
            self.announce_new_group(record, &told).await;
            return Ok(());
        }
        let Some(record) = self.context.store.brief(key, None, told.named.clone()).await? else {
            return Ok(());
        };
        let is_member = |user| record.members.iter().any(|member| member.user == user);
        for user in last.left().filter(|user| !is_member(*user)) {
            self.tell_former(&record, last.seq, user, &told);
        }
        // A group that has just begun is new to all its members.
        let users: BTreeSet<_> = if begins || record.member_count <= LARGE_GROUP {
            channel.users().collect()
        } else {
            let leading = record.members.iter().filter(|member| member.role != Role::Member);
            leading.map(|member| member.user).chain(told.named.iter().copied()).collect()
        };
        self.views(users, key, Some(&told)).await;
        Ok(())
    }

    /// Sends each of these members the conversation as it is now and as they see it, with what is told of its changes.
    /// Closes the sockets of those whose view is not read within [`VIEW_TIMEOUT`], or not before [`VIEWS_TIMEOUT`] is over.
    pub(crate) async fn views(&self, users: BTreeSet<UserId>, key: ConversationKey, told: Option<&Told>) {
        let mut missing = users;
        missing.retain(|user| self.context.broker.is_live(*user));
        let views = stream::iter(missing.clone()).map(|user| self.view(user, key, told));
        let mut views = views.buffer_unordered(VIEWS_AT_ONCE);
        let all_told = async {
            while let Some(user) = views.next().await {
                missing.remove(&user);
            }
        };
        if tokio::time::timeout(VIEWS_TIMEOUT, all_told).await.is_err() {
            self.context.broker.close_to_resume(Some(&missing.into_iter().collect::<Vec<_>>()));
        }
    }

    async fn view(&self, user: UserId, key: ConversationKey, told: Option<&Told>) -> UserId {
        let store = &self.context.store;
        let read = async {
            match told {
                Some(told) => store.brief(key, Some(user), told.named.clone()).await,
                None => store.conversation(user, key).await,
            }
        };
        match tokio::time::timeout(VIEW_TIMEOUT, read).await {
            Ok(Ok(Some(record))) => self.tell(record, user, told.map_or(Vec::new(), |told| told.to(user))),
            Ok(Ok(None)) => {}
            // For example, because the user has as many waiting reads as one user may have.
            Ok(Err(_)) | Err(_) => self.context.broker.close_to_resume(Some(&[user])),
        }
        user
    }

    /// Sends a user a conversation as they see it.
    fn tell(&self, record: ConversationRecord, user: UserId, changes: Vec<ConversationChange>) {
        let view = Conversation { changes, ..self.context.channels.view(record, user) };
        self.context.broker.tell(&mut std::iter::once(user), Live::Conversation(Box::new(view)));
    }

    /// Sends all members a group that has just begun, without reading it for each. If each is shown all members, it is
    /// the same for all.
    async fn announce_new_group(&self, record: ConversationRecord, told: &Told) {
        let members: Vec<_> = record.members.iter().map(|member| member.user).collect();
        let record = ConversationRecord { unread: 0, last_message: None, ..record };
        if members.len() <= limit::MEMBERS_SHOWN {
            let Some(first) = members.first() else { return };
            let view = self.context.channels.view(record, *first);
            let view = Conversation { changes: told.changes.clone(), ..view };
            return self.tell_in_turns(&members, &[Live::Conversation(Box::new(view))]).await;
        }
        for user in members.into_iter().filter(|user| self.context.broker.is_live(*user)) {
            self.tell(record.clone(), user, told.to(user));
            tokio::task::yield_now().await;
        }
    }

    /// Sends many members the same. Other tasks have their turn in between.
    async fn tell_in_turns(&self, users: &[UserId], lives: &[Live]) {
        for users in users.chunks(AUDIENCE_BATCH) {
            for live in lives {
                self.context.broker.tell(&mut users.iter().copied(), live.clone());
            }
            tokio::task::yield_now().await;
        }
    }

    /// Sends somebody who left a group by the change `seq` the group without them, and without its last message. If it
    /// has changed since, closes their sockets instead, because a later state is not for them to see.
    fn tell_former(&self, record: &ConversationRecord, seq: u64, user: UserId, told: &Told) {
        if record.changed_seq > seq {
            return self.context.broker.close_to_resume(Some(&[user]));
        }
        self.tell(ConversationRecord { last_message: None, ..record.clone() }, user, told.to(user));
    }

    /// Closes the sockets that should have been told of an entry, so that their clients resume from the log.
    pub(crate) fn close_to_resume(&self, committed: &Committed) {
        if let Some(change) = &committed.group_change {
            // The cached channel below may be from before this change or from after it, and lack some of them.
            self.context.broker.close_to_resume(Some(&concerned(change)));
        }
        match (&committed.roster, self.context.channels.cached(committed.conversation)) {
            (Some(roster), _) => self.context.broker.close_to_resume(Some(roster)),
            (None, Some(channel)) => {
                self.context.broker.close_to_resume(Some(&channel.users().collect::<Vec<_>>()));
            }
            (None, None) => self.context.broker.close_to_resume(None),
        }
    }
}

/// What is told of a group beside its state.
pub(crate) struct Told {
    /// The changes that are told, ascending.
    changes: Vec<ConversationChange>,
    /// Whom the changes name, and who made them.
    named: Vec<UserId>,
    /// Who joined by the changes, and the `seq` by which they did.
    joined: Vec<(UserId, u64)>,
}

impl Told {
    /// The changes that a user is told of: from their joining on, if they join by one of them.
    fn to(&self, user: UserId) -> Vec<ConversationChange> {
        let joined = self.joined.iter().filter(|(joined, _)| *joined == user).map(|(_, seq)| *seq);
        let from = joined.max().unwrap_or(0);
        self.changes.iter().filter(|change| change.seq >= from).cloned().collect()
    }
}

/// Whom a change names, and who made it.
fn concerned(change: &GroupEntry) -> Vec<UserId> {
    let named = change.events.iter().filter_map(|event| match *event {
        GroupEvent::Left(user) | GroupEvent::Joined(user) | GroupEvent::Role(user, _) => Some(user),
        GroupEvent::Title(_) | GroupEvent::History(_) | GroupEvent::Picture(_) => None,
    });
    named.chain([change.by]).collect()
}

fn is_hidden_from(committed: &Committed, user: UserId) -> bool {
    committed.entry.message.as_ref().is_some_and(|message| message.hidden_from == Some(user))
}

/// Whether an entry is the first of a direct conversation.
fn opens(channel: &Channel, committed: &Committed) -> bool {
    channel.kind == ConversationKind::Direct && committed.entry.seq == 1
}

fn entry(channel: &Channel, committed: &Committed) -> Option<Live> {
    Some(Live::Entry {
        kind: committed.entry.kind,
        message: committed.shown(|record| channel.message(record))?,
        conversation: committed.conversation,
        seq: committed.entry.seq,
        position: committed.entry.position,
        origin: committed.origin.socket,
    })
}
