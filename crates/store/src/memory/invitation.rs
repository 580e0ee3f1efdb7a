use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use domain::store::{
    Accepted, ConversationKey, GroupChange, InvitationRecord, InvitationRefusal, InvitationStore, NamedUser,
    NewInvitation, StoreError, UserId,
};
use protocol::{Timestamp, limit};

use super::MemoryStore;
use super::account::Accounts;

/// Invitations that wait, and those that were declined.
#[derive(Default)]
pub(super) struct Invitations {
    of_user: BTreeMap<(UserId, ConversationKey), Invitation>,
    of_group: BTreeSet<(ConversationKey, UserId)>,
}

#[derive(Clone, Copy)]
struct Invitation {
    conversation: ConversationKey,
    user: UserId,
    by: UserId,
    at: Timestamp,
    /// `None` while it waits.
    declined_at: Option<Timestamp>,
}

impl Invitation {
    fn waits(&self) -> bool {
        self.declined_at.is_none()
    }
}

impl Invitations {
    fn of_user(&self, user: UserId) -> impl Iterator<Item = &Invitation> {
        let all = (user, ConversationKey(i64::MIN))..=(user, ConversationKey(i64::MAX));
        self.of_user.range(all).map(|(_, invitation)| invitation)
    }

    fn of_group(&self, key: ConversationKey) -> impl Iterator<Item = &Invitation> {
        let all = (key, UserId(i64::MIN))..=(key, UserId(i64::MAX));
        self.of_group.range(all).filter_map(|&(key, user)| self.of_user.get(&(user, key)))
    }

    fn waiting(&self, user: UserId, key: ConversationKey) -> Option<&Invitation> {
        self.of_user.get(&(user, key)).filter(|invitation| invitation.waits())
    }

    fn has_declined(&self, user: UserId, key: ConversationKey, declines_since: Timestamp) -> bool {
        let declined_at = self.of_user.get(&(user, key)).and_then(|invitation| invitation.declined_at);
        declined_at.is_some_and(|at| at > declines_since)
    }

    /// Removes an invitation, and that it was declined. Returns whether it waited.
    pub(super) fn end(&mut self, user: UserId, key: ConversationKey) -> bool {
        self.of_group.remove(&(key, user));
        self.of_user.remove(&(user, key)).is_some_and(|invitation| invitation.waits())
    }

    /// Ends the invitations of somebody who has left the group. Returns whom they had invited.
    pub(super) fn end_those_of_former(&mut self, by: UserId, key: ConversationKey) -> Vec<UserId> {
        let ended = self.of_group(key).filter(|invitation| invitation.waits() && invitation.by == by);
        let users: Vec<_> = ended.map(|invitation| invitation.user).collect();
        for user in &users {
            self.end(*user, key);
        }
        users
    }

    /// Ends all invitations of a user.
    pub(super) fn end_those_of(&mut self, user: UserId) {
        for key in self.of_user(user).map(|invitation| invitation.conversation).collect::<Vec<_>>() {
            self.end(user, key);
        }
    }

    /// Ends the invitations that wait for a user and that `by` made.
    pub(super) fn end_those_by(&mut self, user: UserId, by: UserId) {
        let ended = self.of_user(user).filter(|invitation| invitation.waits() && invitation.by == by);
        for key in ended.map(|invitation| invitation.conversation).collect::<Vec<_>>() {
            self.end(user, key);
        }
    }

    fn refusal(&self, user: UserId, by: UserId, declines_since: Timestamp) -> Option<InvitationRefusal> {
        let count = |counts: &dyn Fn(&Invitation) -> bool| {
            self.of_user(user).filter(|invitation| counts(invitation)).count()
        };
        let is_full = count(&Invitation::waits) >= limit::INVITATIONS_OF_PERSON
            || count(&|invitation| invitation.waits() && invitation.by == by)
                >= limit::INVITATIONS_OF_INVITER;
        let was_declined = |invitation: &Invitation| {
            invitation.by == by && invitation.declined_at.is_some_and(|at| at > declines_since)
        };
        if count(&was_declined) >= limit::DECLINED {
            return Some(InvitationRefusal::Declined);
        }
        is_full.then_some(InvitationRefusal::PersonFull)
    }
}

impl MemoryStore {
    fn invitation_record(&self, invitation: &Invitation) -> Option<InvitationRecord> {
        let conversation = self.conversations.read().get(invitation.conversation).cloned()?;
        let member_count = conversation.log.lock().members.len();
        let accounts = self.accounts.read();
        let title = conversation.about.lock().title.clone()?;
        Some(InvitationRecord {
            conversation: conversation.key,
            id: conversation.id,
            title,
            member_count,
            user: named(&accounts, invitation.user)?,
            by: named(&accounts, invitation.by)?,
            at: invitation.at,
        })
    }

    fn has_blocked(&self, user: UserId, other: UserId) -> bool {
        self.blocks.read().get(&user).is_some_and(|blocked| blocked.contains_key(&other))
    }
}

fn named(accounts: &Accounts, user: UserId) -> Option<NamedUser> {
    let account = accounts.get(user)?;
    let username = account.username.as_str().into();
    Some(NamedUser { id: user, username, display_name: account.display_name.clone() })
}

#[async_trait]
impl InvitationStore for MemoryStore {
    async fn invitation_refusal(
        &self,
        user: UserId,
        by: UserId,
        declines_since: Timestamp,
    ) -> Result<Option<InvitationRefusal>, StoreError> {
        let invitations = self.invitations.read();
        if self.has_blocked(user, by) {
            return Ok(Some(InvitationRefusal::Blocked));
        }
        Ok(invitations.refusal(user, by, declines_since))
    }

    async fn invite(&self, new: NewInvitation) -> Result<Result<bool, InvitationRefusal>, StoreError> {
        let NewInvitation { conversation: key, user, by, at, declines_since } = new;
        let Some(conversation) = self.conversations.read().get(key).cloned() else {
            return Ok(Err(InvitationRefusal::NotMember));
        };
        // Locked as long, so that nobody joins or leaves meanwhile.
        let log = conversation.log.lock();
        let mut invitations = self.invitations.write();
        if log.member(by).is_none() {
            return Ok(Err(InvitationRefusal::NotMember));
        }
        if log.member(user).is_some() || invitations.waiting(user, key).is_some() {
            return Ok(Ok(false));
        }
        if self.has_blocked(user, by) {
            return Ok(Err(InvitationRefusal::Blocked));
        }
        if invitations.has_declined(user, key, declines_since) {
            return Ok(Err(InvitationRefusal::Declined));
        }
        if let Some(refusal) = invitations.refusal(user, by, declines_since) {
            return Ok(Err(refusal));
        }
        let waiting = invitations.of_group(key).filter(|invitation| invitation.waits()).count();
        if waiting >= limit::INVITATIONS_OF_GROUP {
            return Ok(Err(InvitationRefusal::GroupFull));
        }
        let invitation = Invitation { conversation: key, user, by, at, declined_at: None };
        invitations.of_user.insert((user, key), invitation);
        invitations.of_group.insert((key, user));
        Ok(Ok(true))
    }

    async fn accept_invitation(&self, change: GroupChange) -> Result<Accepted, StoreError> {
        let (user, key) = (change.by, change.conversation);
        let mut waits = true;
        let changed = self.change_of_group_if(change, |invitations| {
            waits = invitations.waiting(user, key).is_some();
            waits
        });
        Ok(match changed {
            Some(stored) => Accepted::Joined(stored),
            None if waits => Accepted::Changed,
            None => Accepted::NotInvited,
        })
    }

    async fn decline_invitation(
        &self,
        user: UserId,
        conversation: ConversationKey,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut invitations = self.invitations.write();
        let Some(invitation) = invitations.of_user.get_mut(&(user, conversation)) else { return Ok(false) };
        invitation.declined_at.get_or_insert(at);
        Ok(true)
    }

    async fn has_declined(
        &self,
        user: UserId,
        conversation: ConversationKey,
        declines_since: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(self.invitations.read().has_declined(user, conversation, declines_since))
    }

    async fn withdraw_invitation(
        &self,
        user: UserId,
        conversation: ConversationKey,
    ) -> Result<bool, StoreError> {
        let mut invitations = self.invitations.write();
        let waits = invitations.waiting(user, conversation).is_some();
        if waits {
            invitations.end(user, conversation);
        }
        Ok(waits)
    }

    async fn invitation(
        &self,
        user: UserId,
        conversation: ConversationKey,
    ) -> Result<Option<InvitationRecord>, StoreError> {
        let waiting = self.invitations.read().waiting(user, conversation).copied();
        Ok(waiting.and_then(|invitation| self.invitation_record(&invitation)))
    }

    async fn invitations(
        &self,
        user: UserId,
        before: Option<(Timestamp, ConversationKey)>,
        limit: usize,
    ) -> Result<Vec<InvitationRecord>, StoreError> {
        let place = |invitation: &Invitation| (invitation.at, invitation.conversation);
        let mut waiting: Vec<_> = self.invitations.read().of_user(user).copied().collect();
        waiting.retain(|one| one.waits() && before.is_none_or(|before| place(one) < before));
        waiting.sort_unstable_by_key(|one| Reverse(place(one)));
        Ok(waiting.iter().take(limit).filter_map(|one| self.invitation_record(one)).collect())
    }

    async fn invited(
        &self,
        _: UserId,
        conversation: ConversationKey,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<InvitationRecord>, StoreError> {
        let mut waiting: Vec<_> = self.invitations.read().of_group(conversation).copied().collect();
        waiting.retain(|one| one.waits() && after.is_none_or(|after| one.user > after));
        Ok(waiting.iter().take(limit).filter_map(|one| self.invitation_record(one)).collect())
    }
}
