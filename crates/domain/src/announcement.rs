//! Announcements: which sockets are told of an entry, and what they are told.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use protocol::{ConversationKind, Role, limit};

use crate::channel::Channel;
use crate::context::Context;
use crate::error::Error;
use crate::live::Live;
use crate::store::{
    Committed, ConversationKey, ConversationRecord, EntryKind, GroupEvent, MemberRecord, UserId,
};

/// In a group with more members than this, a change is announced only to the members whom it names, to the owner and
/// admins, and to its author. The others find it in the log.
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

    /// Announces a change of a group: sends each member the group as it is now and as they see it. Gives the `seq` of
    /// the last change of the group that all members have been told of; 0 if some were not told.
    pub(crate) async fn group_change(&self, committed: &Committed) -> Result<u64, Error> {
        let key = committed.conversation;
        let (Some(record), Some(change)) =
            (self.context.store.conversation_by_key(key).await?, &committed.group_change)
        else {
            return Ok(0);
        };
        self.context.channels.cache(&record);
        let is_member = |user: UserId| record.members.iter().any(|member| member.user == user);
        let mut named = Vec::new();
        for event in &change.events {
            match *event {
                GroupEvent::Left(user) if !is_member(user) => self.tell_former(&record, change.seq, user),
                GroupEvent::Left(user) | GroupEvent::Joined(user) | GroupEvent::Role(user, _) => {
                    named.push(user);
                }
                GroupEvent::Title(_) | GroupEvent::History(_) => {}
            }
        }
        if record.head_seq == 1 {
            self.announce_new_group(record).await;
            return Ok(1);
        }
        // A group that has just begun is new to all its members.
        let everybody = record.members.len() <= LARGE_GROUP || change.seq == 1;
        let concerns = |member: &&MemberRecord| {
            everybody
                || named.contains(&member.user)
                || member.role != Role::Member
                || member.user == change.by
        };
        self.views(record.members.iter().filter(concerns).map(|member| member.user), key).await;
        // A later change may name other members, who have been told of it only if everybody was.
        Ok(if everybody { record.changed_seq } else { 0 })
    }

    /// Sends each of these members the conversation as it is now and as they see it. Closes the sockets of those
    /// whose view is not read within [`VIEW_TIMEOUT`], or not before [`VIEWS_TIMEOUT`] is over.
    pub(crate) async fn views(&self, users: impl Iterator<Item = UserId>, key: ConversationKey) {
        let mut missing: BTreeSet<_> = users.filter(|user| self.context.broker.is_live(*user)).collect();
        let views = stream::iter(missing.clone()).map(|user| self.view(user, key));
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

    async fn view(&self, user: UserId, key: ConversationKey) -> UserId {
        match tokio::time::timeout(VIEW_TIMEOUT, self.context.store.conversation(user, key)).await {
            Ok(Ok(Some(record))) => {
                let view = self.context.channels.view(record, user);
                self.context.broker.tell(&mut std::iter::once(user), Live::Conversation(Box::new(view)));
            }
            Ok(Ok(None)) => {}
            // For example, because the user has as many waiting reads as one user may have.
            Ok(Err(_)) | Err(_) => self.context.broker.close_to_resume(Some(&[user])),
        }
        user
    }

    /// Sends all members a group that has just begun, without reading it for each. If each is shown all members, it is
    /// the same for all.
    async fn announce_new_group(&self, record: ConversationRecord) {
        let members: Vec<_> = record.members.iter().map(|member| member.user).collect();
        let record = ConversationRecord { unread: 0, last_message: None, ..record };
        let seen_by = |user| Live::Conversation(Box::new(self.context.channels.view(record.clone(), user)));
        if members.len() <= limit::MEMBERS_SHOWN {
            let Some(first) = members.first() else { return };
            return self.tell_in_turns(&members, &[seen_by(*first)]).await;
        }
        for user in members.into_iter().filter(|user| self.context.broker.is_live(*user)) {
            self.context.broker.tell(&mut std::iter::once(user), seen_by(user));
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
    fn tell_former(&self, record: &ConversationRecord, seq: u64, user: UserId) {
        if record.changed_seq > seq {
            return self.context.broker.close_to_resume(Some(&[user]));
        }
        let view =
            self.context.channels.view(ConversationRecord { last_message: None, ..record.clone() }, user);
        self.context.broker.tell(&mut std::iter::once(user), Live::Conversation(Box::new(view)));
    }

    /// Closes the sockets that should have been told of an entry, so that their clients resume from the log.
    pub(crate) fn close_to_resume(&self, committed: &Committed) {
        if let Some(change) = &committed.group_change {
            // The cached channel below may be from before this change or from after it, and lack some of them.
            let concerned = change.events.iter().filter_map(|event| match *event {
                GroupEvent::Left(user) | GroupEvent::Joined(user) | GroupEvent::Role(user, _) => Some(user),
                GroupEvent::Title(_) | GroupEvent::History(_) => None,
            });
            let concerned: Vec<_> = concerned.chain([change.by]).collect();
            self.context.broker.close_to_resume(Some(&concerned));
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
