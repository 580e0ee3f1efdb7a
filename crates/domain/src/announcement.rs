//! What an entry of the log is to those who are connected.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use protocol::{ConversationKind, Role};

use crate::channel::Channel;
use crate::context::Context;
use crate::error::Error;
use crate::live::Live;
use crate::store::{
    Committed, ConversationKey, ConversationRecord, EntryKind, GroupEvent, MemberRecord, UserId,
};

/// In a group of more, a change is told live to those whom it concerns and to those who lead; the others find it in
/// the log.
const LARGE: usize = 256;
/// People who are told of a message in one go.
const GO: usize = 512;
/// How many views of a conversation are read at a time.
const SIDE_BY_SIDE: usize = 8;
/// How long the views of a conversation may take to be read. Others wait behind them, so whoever has many reads under way
/// of their own is not waited for: their sockets resume.
const PATIENCE: Duration = Duration::from_secs(1);

/// Tells entries to the sockets of those who may see them.
pub(crate) struct Announcements {
    context: Arc<Context>,
}

impl Announcements {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    /// Tells a message, or a change of one, if that needs neither the store nor long.
    pub(crate) fn message_at_once(&self, committed: &Committed) -> bool {
        let is_short = committed.roster.as_ref().is_none_or(|roster| roster.len() <= GO);
        if committed.entry.kind == EntryKind::Conversation || !is_short {
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

    /// Tells a message, or a change of one.
    pub(crate) async fn message(&self, committed: &Committed) -> Result<(), Error> {
        let Some(channel) = self.context.channels.of_key(committed.conversation).await? else {
            return Ok(());
        };
        let Some(live) = entry(&channel, committed) else { return Ok(()) };
        if opens(&channel, committed) {
            self.opened(&channel, committed).await?;
        }
        let audience: Vec<_> = match &committed.roster {
            Some(roster) => roster.to_vec(),
            None => channel.users().filter(|user| !is_hidden_from(committed, *user)).collect(),
        };
        for users in audience.chunks(GO) {
            self.context.broker.tell(&mut users.iter().copied(), live.clone());
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Tells both people of a conversation that it has begun, before its first message.
    async fn opened(&self, channel: &Channel, committed: &Committed) -> Result<(), Error> {
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

    /// Tells a change of a group: what it is now, to each as they see it. Gives the `seq` of the last change that all of
    /// them have been told of with it.
    pub(crate) async fn change(&self, committed: &Committed) -> Result<u64, Error> {
        let key = committed.conversation;
        let (Some(record), Some(change)) =
            (self.context.store.conversation_by_key(key).await?, &committed.change)
        else {
            return Ok(0);
        };
        self.context.channels.keep(&record);
        let is_member = |user: UserId| record.members.iter().any(|member| member.user == user);
        let mut named = Vec::new();
        for event in &change.events {
            match *event {
                GroupEvent::Left(user) if !is_member(user) => self.gone(&record, user),
                GroupEvent::Left(user) | GroupEvent::Joined(user) | GroupEvent::Role(user, _) => {
                    named.push(user);
                }
                GroupEvent::Title(_) | GroupEvent::History(_) => {}
            }
        }
        // All are new in a group that has just begun.
        let everybody = record.members.len() <= LARGE || change.seq == 1;
        let concerns = |member: &&MemberRecord| {
            everybody
                || named.contains(&member.user)
                || member.role != Role::Member
                || member.user == change.by
        };
        self.views(record.members.iter().filter(concerns).map(|member| member.user), key).await;
        // Whom a later change concerns has been told of it only if all were.
        Ok(if everybody { record.changed_seq } else { 0 })
    }

    /// Tells each of these members what a conversation is now, as they see it, within [`PATIENCE`].
    pub(crate) async fn views(&self, users: impl Iterator<Item = UserId>, key: ConversationKey) {
        let mut missing: BTreeSet<_> = users.filter(|user| self.context.broker.is_live(*user)).collect();
        let views = stream::iter(missing.clone()).map(|user| self.view(user, key));
        let mut views = views.buffer_unordered(SIDE_BY_SIDE);
        let all_told = async {
            while let Some(user) = views.next().await {
                missing.remove(&user);
            }
        };
        if tokio::time::timeout(PATIENCE, all_told).await.is_err() {
            self.context.broker.interrupt(Some(&missing.into_iter().collect::<Vec<_>>()));
        }
    }

    async fn view(&self, user: UserId, key: ConversationKey) -> UserId {
        match self.context.store.conversation(user, key).await {
            Ok(Some(record)) => {
                let view = self.context.channels.view(record, user);
                self.context.broker.tell(&mut std::iter::once(user), Live::Conversation(Box::new(view)));
            }
            Ok(None) => {}
            // Such as who has as many reads under way as anybody may have.
            Err(_) => self.context.broker.interrupt(Some(&[user])),
        }
        user
    }

    /// Tells somebody that they are in a group no longer: it is without them, and without its messages.
    fn gone(&self, record: &ConversationRecord, user: UserId) {
        let view =
            self.context.channels.view(ConversationRecord { last_message: None, ..record.clone() }, user);
        self.context.broker.tell(&mut std::iter::once(user), Live::Conversation(Box::new(view)));
    }

    /// Has those resume who should have been told of an entry.
    pub(crate) fn interrupt(&self, committed: &Committed) {
        if let Some(change) = &committed.change {
            // The cached channel may be from before it, or from after.
            let concerned = change.events.iter().filter_map(|event| match *event {
                GroupEvent::Left(user) | GroupEvent::Joined(user) | GroupEvent::Role(user, _) => Some(user),
                GroupEvent::Title(_) | GroupEvent::History(_) => None,
            });
            let concerned: Vec<_> = concerned.chain([change.by]).collect();
            self.context.broker.interrupt(Some(&concerned));
        }
        match (&committed.roster, self.context.channels.cached(committed.conversation)) {
            (Some(roster), _) => self.context.broker.interrupt(Some(roster)),
            (None, Some(channel)) => {
                self.context.broker.interrupt(Some(&channel.users().collect::<Vec<_>>()));
            }
            (None, None) => self.context.broker.interrupt(None),
        }
    }
}

fn is_hidden_from(committed: &Committed, user: UserId) -> bool {
    committed.entry.message.as_ref().is_some_and(|message| message.hidden_from == Some(user))
}

/// Whether a direct conversation begins with an entry.
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
