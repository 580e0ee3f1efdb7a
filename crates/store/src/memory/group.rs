//! Groups: who is in them, and what they are called.

use std::sync::Arc;

use domain::store::{
    Committed, ConversationKey, ConversationRecord, Entry, EntryKind, GroupChange, GroupEntry, GroupEvent,
    NewGroup, Position, StoredChange, UserId,
};
use protocol::{ConversationKind, Role, Timestamp};

use super::MemoryStore;
use super::conversation::About;
use super::invitation::Invitations;
use super::log::{Log, Member};

impl MemoryStore {
    pub(super) fn open_group(&self, group: NewGroup) -> ConversationRecord {
        let NewGroup { id, owner, title, history, members, at } = group;
        let mut all = vec![Member::new(owner, Role::Owner, 0, 0)];
        let members = members.into_iter().filter(|user| !self.is_deleted(*user));
        all.extend(members.map(|user| Member::new(user, Role::Member, 0, 0)));
        all.sort_by_key(|member| member.user);
        let about = About { title: Some(title.clone()), avatar: None, history };
        let opened = self.conversations.write().open(id, ConversationKind::Group, at, about, all);
        let mut log = opened.log.lock();
        self.push_changed(opened.key, &mut log, owner, at, vec![GroupEvent::Title(title)]);
        self.record(&opened, &log, None)
    }

    /// Changes a group, unless it has changed since the change was decided on.
    pub(super) fn change_of_group(&self, change: GroupChange) -> Option<StoredChange> {
        self.change_of_group_if(change, |_| true)
    }

    /// As [`MemoryStore::change_of_group`], if the invitations allow it. They stay as they are until it is made.
    pub(super) fn change_of_group_if(
        &self,
        change: GroupChange,
        allows: impl FnOnce(&Invitations) -> bool,
    ) -> Option<StoredChange> {
        let GroupChange { conversation: key, by, at, changed_seq, title, history, members } = change;
        if members.iter().any(|(user, role)| role.is_some() && self.is_deleted(*user)) {
            return None;
        }
        // Locked before the log and for as long, so that the members of the group and the groups of each user agree.
        let mut conversations = self.conversations.write();
        let conversation = conversations.get(key)?.clone();
        let mut log = conversation.log.lock();
        if log.changed_seq != changed_seq {
            return None;
        }
        let mut invitations = self.invitations.write();
        if !allows(&invitations) {
            return None;
        }
        let (mut events, mut uninvited) = (Vec::new(), Vec::new());
        events.extend(title.clone().map(GroupEvent::Title));
        events.extend(history.map(GroupEvent::History));
        let all = {
            let mut about = conversation.about.lock();
            about.title = title.or_else(|| about.title.take());
            about.history = history.unwrap_or(about.history);
            about.history == protocol::HistoryAccess::All
        };
        for (user, role) in members {
            let is_member = log.member(user).is_some();
            match role {
                Some(role) if is_member => {
                    set_role(&mut log, user, role);
                    events.push(GroupEvent::Role(user, role));
                }
                Some(role) => {
                    let head = log.head_seq();
                    log.former.retain(|former| *former != user);
                    let at = log.members.partition_point(|member| member.user < user);
                    log.members.insert(at, Member::new(user, role, head, if all { 0 } else { head }));
                    conversations.join(user, key);
                    uninvited.extend(invitations.end(user, key).then_some(user));
                    events.push(GroupEvent::Joined(user));
                }
                None if is_member => {
                    log.members.retain(|member| member.user != user);
                    log.former.push(user);
                    conversations.leave(user, key);
                    uninvited.extend(invitations.end_those_of_former(user, key));
                    events.push(GroupEvent::Left(user));
                }
                None => {}
            }
        }
        let entry = self.push_changed(key, &mut log, by, at, events);
        Some(StoredChange { entry, uninvited })
    }

    pub(super) fn push_changed(
        &self,
        key: ConversationKey,
        log: &mut Log,
        by: UserId,
        at: Timestamp,
        events: Vec<GroupEvent>,
    ) -> GroupEntry {
        let mut last = self.messages.position.lock();
        let position = Position(*last + 1);
        let change = log.push_changed(position, by, at, events);
        let entry = Entry { seq: change.seq, position, kind: EntryKind::GroupChange, message: None };
        self.tail.push([Arc::new(Committed::of_group(key, entry, change.clone()))]);
        *last = position.0;
        change
    }

    pub(super) fn changes_of_group(
        &self,
        reader: UserId,
        key: ConversationKey,
        above: u64,
        below: u64,
        limit: usize,
    ) -> Vec<GroupEntry> {
        let Some(conversation) = self.conversations.read().get(key).cloned() else { return Vec::new() };
        let log = conversation.log.lock();
        let above = above.max(log.visible_after(reader));
        let within = log.changes.iter().filter(|entry| entry.seq > above && entry.seq < below);
        let mut newest: Vec<_> = within.rev().take(limit).cloned().collect();
        newest.reverse();
        newest
    }
}

fn set_role(log: &mut Log, user: UserId, role: Role) {
    if let Some(member) = log.members.iter_mut().find(|member| member.user == user) {
        member.role = role;
    }
}
