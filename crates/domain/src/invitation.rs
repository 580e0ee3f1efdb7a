//! Invitations: who may add somebody to a group, and asking those whom one may not add.

use std::sync::Arc;
use std::time::Duration;

use protocol::{
    AddMe, Code, Conversation, ConversationId, Invitation, InvitationChange, Invitee, Page, Role, Timestamp,
    limit,
};

use crate::bus::Hint;
use crate::context::Context;
use crate::conversation::Conversations;
use crate::error::Error;
use crate::limit::{Limiter, Rate};
use crate::live::Live;
use crate::page;
use crate::person::{Caller, Person};
use crate::presence::Presences;
use crate::store::{
    Accepted, ConversationKey, GroupChange, InvitationRecord, InvitationRefusal, NewInvitation, UserId,
};

/// Asks people whether they want to be in a group. Somebody is asked if their [`AddMe`] does not let the caller add them,
/// or if they were added to many groups lately.
pub struct Invitations {
    context: Arc<Context>,
    presences: Arc<Presences>,
    conversations: Conversations,
    /// How often others may add a person to groups.
    added: Limiter<UserId>,
    /// How often one person may ask another, however often they take it back.
    asked: Limiter<(UserId, UserId)>,
}

/// Somebody is being added to a group. It does not count if this is dropped before [`Added::counts`].
pub(crate) struct Added<'a> {
    limiter: &'a Limiter<UserId>,
    /// `None` if it does not count.
    user: Option<UserId>,
}

impl Added<'_> {
    /// They are a member now.
    pub(crate) fn counts(mut self) {
        self.user = None;
    }
}

impl Drop for Added<'_> {
    fn drop(&mut self) {
        if let Some(user) = self.user.take() {
            self.limiter.refund(&user);
        }
    }
}

impl Invitations {
    /// How many of the newest entries of a direct conversation are searched for a message, which makes a contact.
    const CONTACT_SCAN: usize = 1_000;
    /// How often one person may ask another in an hour.
    const ASKED: u32 = 30;
    /// How long it counts that somebody declined.
    const DECLINE_LIFETIME: Duration = Duration::from_hours(7 * 24);
    /// How often accepting is tried if the group changes meanwhile.
    const TRIES: usize = 16;

    pub(crate) fn new(context: Arc<Context>, presences: Arc<Presences>, added: Rate) -> Self {
        let conversations = Conversations::new(context.clone());
        let asked = Limiter::new(Rate::per(Duration::from_hours(1), Self::ASKED));
        Self { context, presences, conversations, added: Limiter::new(added), asked }
    }

    /// The invitations that wait for the caller, the latest first.
    pub async fn list(&self, caller: &Caller, next: Option<&str>) -> Result<Page<Invitation>, Error> {
        let (before, user) = (page::decode(next, place)?, caller.person.id);
        let mut found = self.context.store.invitations(user, before, limit::INVITATIONS_PAGE + 1).await?;
        let last = page::cut(&mut found, limit::INVITATIONS_PAGE);
        let next = last.map(|last| {
            page::encode([last.at.as_millis().to_be_bytes(), last.conversation.0.to_be_bytes()].concat())
        });
        Ok(Page { items: found.into_iter().map(shown).collect(), next })
    }

    /// The invitations of a group that wait, for those who lead it.
    pub async fn of_group(
        &self,
        caller: &Caller,
        id: ConversationId,
        next: Option<&str>,
    ) -> Result<Page<Invitee>, Error> {
        let after = page::decode(next, |place| Some(UserId(i64::from_be_bytes(place.try_into().ok()?))))?;
        let missing = || Error::not_found("conversation");
        let me = caller.person.id;
        let key = self.context.channels.of_member(id, me).await?.key;
        let record = self.context.store.conversation(me, key).await?.ok_or_else(missing)?;
        let own = record.members.iter().find(|member| member.user == me).ok_or_else(missing)?;
        if own.role == Role::Member {
            return Err(Error::new(Code::Forbidden, "Only the owner and admins may see this."));
        }
        let mut found = self.context.store.invited(me, key, after, limit::INVITATIONS_PAGE + 1).await?;
        let last = page::cut(&mut found, limit::INVITATIONS_PAGE);
        let next = last.map(|last| page::encode(last.user.id.0.to_be_bytes()));
        let items = found.into_iter().map(|record| Invitee {
            username: record.user.username.to_string(),
            display_name: record.user.display_name,
            by: record.by.username.to_string(),
            created_at: record.at,
        });
        Ok(Page { items: items.collect(), next })
    }

    /// Makes the caller a member of a group that invited them. Gives the group also if they are one already.
    pub async fn accept(&self, caller: &Caller, id: ConversationId) -> Result<Conversation, Error> {
        let missing = || Error::not_found("invitation");
        self.context.charge(caller)?;
        let (me, store) = (caller.person.id, &self.context.store);
        let key = store.conversation_key(id).await?.ok_or_else(missing)?;
        for _ in 0..Self::TRIES {
            if let Some(conversation) = self.conversations.view(me, key).await? {
                return Ok(conversation);
            }
            let invitation = store.invitation(me, key).await?.ok_or_else(missing)?;
            check_room(invitation.member_count)?;
            let record = store.brief(key, None, Vec::new()).await?.ok_or_else(missing)?;
            check_room(record.member_count)?;
            let (at, changed_seq) = (self.context.clock.now(), record.changed_seq);
            let members = vec![(me, Some(Role::Member))];
            let (title, history) = (None, None);
            let change = GroupChange { conversation: key, by: me, at, changed_seq, title, history, members };
            match store.accept_invitation(change).await? {
                Accepted::Joined(stored) => {
                    self.context.channels.apply(key, &stored.entry).await;
                    self.presences.changed(me);
                    self.changed(me, key).await;
                }
                Accepted::Changed => {}
                Accepted::NotInvited => return Err(missing()),
            }
        }
        Err(Error::new(Code::Overloaded, "The group changes too fast; try again."))
    }

    /// Declines an invitation. The group cannot ask again for some days.
    pub async fn decline(&self, caller: &Caller, id: ConversationId) -> Result<(), Error> {
        let missing = || Error::not_found("invitation");
        self.context.charge(caller)?;
        let me = caller.person.id;
        let key = self.context.store.conversation_key(id).await?.ok_or_else(missing)?;
        let at = self.context.clock.now();
        if !self.context.store.decline_invitation(me, key, at).await? {
            return Err(missing());
        }
        self.changed(me, key).await;
        Ok(())
    }

    /// Whether a person's settings let the caller add them to a group without asking.
    async fn lets_add(&self, caller: &Caller, person: &Person) -> Result<bool, Error> {
        let account = self.context.store.account_of(person.id).await?;
        Ok(match account.map_or(AddMe::Nobody, |account| account.add_me) {
            AddMe::Everybody => true,
            AddMe::Nobody => false,
            AddMe::Contacts => self.is_contact(caller, person).await?,
        })
    }

    /// Counts that the caller adds a person to a group. `None` if the person is to be asked: their settings do not let the
    /// caller add them, or they were added to too many groups lately. People to whom they have written add them however
    /// often others do.
    pub(crate) async fn count_added(
        &self,
        caller: &Caller,
        person: &Person,
    ) -> Result<Option<Added<'_>>, Error> {
        if !self.lets_add(caller, person).await? {
            return Ok(None);
        }
        let counted = self.added.take(person.id, self.context.clock.monotonic()).is_ok();
        if !counted && !self.is_contact(caller, person).await? {
            return Ok(None);
        }
        Ok(Some(Added { limiter: &self.added, user: counted.then_some(person.id) }))
    }

    /// Counts that the caller asks a person; an error if they did so too often lately.
    pub(crate) fn count_invited(&self, caller: &Caller, person: &Person) -> Result<(), Error> {
        let pair = (caller.person.id, person.id);
        self.asked.take(pair, self.context.clock.monotonic()).map_err(Error::rate_limited)
    }

    async fn is_contact(&self, caller: &Caller, person: &Person) -> Result<bool, Error> {
        Ok(self.context.store.has_written(person.id, caller.person.id, Self::CONTACT_SCAN).await?)
    }

    /// Whether a person has declined to be in a group lately. Then nobody puts them into it, whatever their settings are.
    pub(crate) async fn has_declined(
        &self,
        user: UserId,
        conversation: ConversationKey,
    ) -> Result<bool, Error> {
        Ok(self.context.store.has_declined(user, conversation, self.declines_since()).await?)
    }

    /// What was declined at this time or before does not count.
    fn declines_since(&self) -> Timestamp {
        self.context.clock.now().minus(Self::DECLINE_LIFETIME)
    }

    /// Refuses to invite a person to a new group.
    pub(crate) async fn check_may_invite(&self, caller: &Caller, person: &Person) -> Result<(), Error> {
        let declines_since = self.declines_since();
        let refusal =
            self.context.store.invitation_refusal(person.id, caller.person.id, declines_since).await?;
        refusal.map_or(Ok(()), |refusal| Err(refused(refusal, &person.username)))
    }

    /// Invites a person to a group, which the caller may do. If they are invited already, that stays as it is.
    pub(crate) async fn invite(
        &self,
        caller: &Caller,
        conversation: ConversationKey,
        person: &Person,
    ) -> Result<(), Error> {
        let (user, by, at) = (person.id, caller.person.id, self.context.clock.now());
        let declines_since = self.declines_since();
        let invitation = NewInvitation { conversation, user, by, at, declines_since };
        match self.context.store.invite(invitation).await? {
            Ok(true) => self.changed(user, conversation).await,
            Ok(false) => {}
            Err(refusal) => return Err(refused(refusal, &person.username)),
        }
        Ok(())
    }

    /// Takes an invitation back, which the caller may do.
    pub(crate) async fn withdraw(&self, user: UserId, conversation: ConversationKey) -> Result<(), Error> {
        if !self.context.store.withdraw_invitation(user, conversation).await? {
            return Err(Error::not_found("member"));
        }
        self.changed(user, conversation).await;
        Ok(())
    }

    /// The groups to which `by` has invited a user.
    pub(crate) async fn made_by(&self, by: UserId, user: UserId) -> Result<Vec<ConversationKey>, Error> {
        let waiting = self.context.store.invitations(user, None, limit::INVITATIONS_OF_PERSON).await?;
        let own = waiting.into_iter().filter(|record| record.by.id == by);
        Ok(own.map(|record| record.conversation).collect())
    }

    /// An invitation came or ended: tells the user's devices.
    pub(crate) async fn changed(&self, user: UserId, conversation: ConversationKey) {
        self.tell_here(user, conversation).await;
        self.context.bus.publish(Hint::Invitation(user, conversation));
    }

    /// Tells the user's sockets on this node how an invitation is now. If it cannot be read, they are told when they ask
    /// for the list.
    pub(crate) async fn tell_here(&self, user: UserId, conversation: ConversationKey) {
        if !self.context.broker.is_live(user) {
            return;
        }
        let told = async {
            let invitation = self.context.store.invitation(user, conversation).await?.map(shown);
            let channel = self.context.channels.of_key(conversation).await?;
            Ok::<_, Error>(
                channel.map(|channel| InvitationChange { conversation_id: channel.id, invitation }),
            )
        };
        match told.await {
            Ok(Some(change)) => {
                self.context.broker.tell(&mut std::iter::once(user), Live::Invitation(Box::new(change)));
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "an invitation could not be told"),
        }
    }
}

/// Refuses another member of a group that has as many as it may have.
pub(crate) fn check_room(members: usize) -> Result<(), Error> {
    if members >= limit::MEMBERS {
        return Err(Error::new(Code::GroupFull, "A group has at most 10,000 members."));
    }
    Ok(())
}

fn refused(refusal: InvitationRefusal, username: &str) -> Error {
    let (code, detail) = match refusal {
        InvitationRefusal::Blocked => (Code::Forbidden, format!("{username} cannot be added by you.")),
        InvitationRefusal::PersonFull => {
            (Code::TooManyInvitations, format!("Too many invitations wait for {username}; ask them first."))
        }
        InvitationRefusal::GroupFull => {
            (Code::TooManyInvitations, "At most 1,000 invitations of a group wait; take some back.".into())
        }
        InvitationRefusal::Declined => (
            Code::InvitationDeclined,
            format!("{username} has declined lately. Who declined can be invited again after seven days."),
        ),
        InvitationRefusal::NotMember => return Error::not_found("conversation"),
    };
    Error::new(code, detail)
}

/// An invitation as the invited person sees it.
fn shown(record: InvitationRecord) -> Invitation {
    Invitation {
        conversation_id: record.id,
        title: record.title,
        by: record.by.username.to_string(),
        by_name: record.by.display_name,
        member_count: record.member_count,
        created_at: record.at,
    }
}

/// The place in a list of invitations where the next page begins.
fn place(bytes: &[u8]) -> Option<(Timestamp, ConversationKey)> {
    let (at, key) = bytes.split_first_chunk()?;
    let (at, key) = (i64::from_be_bytes(*at), i64::from_be_bytes(key.try_into().ok()?));
    Some((Timestamp::from_millis(at), ConversationKey(key)))
}
