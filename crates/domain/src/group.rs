//! Groups: beginning and changing them, and who may do what.

use std::sync::Arc;

use protocol::{
    ChangeConversation, Code, Conversation, ConversationId, ConversationKind, HistoryAccess, NewGroup,
    PutMember, Role, limit,
};

use crate::announce::Announcer;
use crate::block::Blocks;
use crate::context::Context;
use crate::conversation::Conversations;
use crate::error::Error;
use crate::invitation::{Added, Invitations, MEMBERS_CHARGED, full};
use crate::line::check_line;
use crate::person::{Caller, Person};
use crate::presence::Presences;
use crate::random;
use crate::store::{self, ConversationRecord, GroupChange, UserId};

/// Begins and changes groups. Every change is an entry of the group's log.
pub struct Groups {
    context: Arc<Context>,
    announcer: Arc<Announcer>,
    blocks: Arc<Blocks>,
    presences: Arc<Presences>,
    invitations: Arc<Invitations>,
    conversations: Conversations,
}

/// The people with whom a group is to begin, besides its owner.
#[derive(Default)]
struct Divided<'a> {
    members: Vec<UserId>,
    added: Vec<Added<'a>>,
    invited: Vec<Arc<Person>>,
}

/// A decided change of a group. Empty if nothing changes.
#[derive(Default)]
struct Plan {
    title: Option<String>,
    history: Option<HistoryAccess>,
    /// Users with their new role; `None` removes them.
    members: Vec<(UserId, Option<Role>)>,
    /// Whether one of them joins.
    joins: bool,
    /// What is done in place of the above.
    invitation: Option<InvitationPlan>,
}

/// A decided change of an invitation, which is no change of the group.
enum InvitationPlan {
    Invite(Arc<Person>),
    Withdraw(UserId),
}

/// How often a change is decided anew because another change was stored first.
const TRIES: usize = 16;

impl Groups {
    pub(crate) fn new(
        context: Arc<Context>,
        announcer: Arc<Announcer>,
        blocks: Arc<Blocks>,
        presences: Arc<Presences>,
        invitations: Arc<Invitations>,
    ) -> Self {
        let conversations = Conversations::new(context.clone());
        Self { context, announcer, blocks, presences, invitations, conversations }
    }

    /// Begins a group, with the caller as its owner. Those whom the caller may not add are invited.
    pub async fn create(&self, caller: &Caller, request: NewGroup) -> Result<Conversation, Error> {
        let NewGroup { title, members, history } = request;
        let title = check_title(&title)?;
        if members.len() > limit::MEMBERS_AT_ONCE {
            let detail = "A group begins with at most 256 people; add the others afterwards.";
            return Err(Error::invalid("members", detail));
        }
        self.context.charge_times(caller, 1 + members.len())?;
        let owner = caller.person.id;
        let Divided { members, added, invited } =
            self.divided(caller, &members).await.map_err(|error| error.about("members"))?;
        let at = self.context.clock.now();
        let id = ConversationId::mint(at, u128::from_le_bytes(random::bytes(&*self.context.random)));
        let history = history.unwrap_or(HistoryAccess::Joined);
        let group = store::NewGroup { id, owner, title, history, members, at };
        let record = self.context.store.create_group(group).await?;
        added.into_iter().for_each(Added::counts);
        self.context.channels.cache(&record);
        for person in &invited {
            self.invitations.invite(caller, record.key, person).await?;
        }
        let view = self.seen_by(caller, &record).await?;
        let invited = invited.iter().map(|person| person.username.to_string()).collect();
        Ok(Conversation { invited, ..view })
    }

    /// Divides the people with whom a group is to begin, besides the caller: whom the caller may add, ascending, and
    /// whom they may only invite. The additions count once the group is stored.
    async fn divided(&self, caller: &Caller, usernames: &[String]) -> Result<Divided<'_>, Error> {
        let mut people = Vec::with_capacity(usernames.len());
        for username in usernames {
            let person = self.person(username).await?;
            self.check_may_add(caller, &person).await?;
            people.push(person);
        }
        people.sort_unstable_by_key(|person| person.id);
        people.dedup_by_key(|person| person.id);
        people.retain(|person| person.id != caller.person.id);
        let mut divided = Divided::default();
        for person in people {
            if let Some(added) = self.invitations.count_added(caller, &person).await? {
                divided.members.push(person.id);
                divided.added.push(added);
            } else {
                self.invitations.check_may_invite(caller, &person).await?;
                self.invitations.count_invited(caller, &person)?;
                divided.invited.push(person);
            }
        }
        Ok(divided)
    }

    /// Changes a group's title and what new members may read, and the caller's notifications of any conversation.
    pub async fn change(
        &self,
        caller: &Caller,
        id: ConversationId,
        request: ChangeConversation,
    ) -> Result<Conversation, Error> {
        let ChangeConversation { title, muted, history } = request;
        let title = title.as_deref().map(check_title).transpose()?;
        let channel = self.context.channels.of_member(id, caller.person.id).await?;
        if title.is_some() || history.is_some() {
            let decide = |record: &ConversationRecord, role: Role| {
                check_leads(role)?;
                // An equal value is no change, and must not be announced as one.
                let title = title.clone().filter(|title| record.title.as_ref() != Some(title));
                let history = history.filter(|history| record.history != *history);
                Ok(Plan { title, history, ..Plan::default() })
            };
            self.decide(caller, id, decide).await?;
        }
        if let Some(muted) = muted {
            self.context.store.mute(caller.person.id, channel.key, muted).await?;
            self.announcer.tell_view(caller.person.id, channel.key);
        }
        self.conversations.get(caller, id).await
    }

    /// Adds somebody, or gives a member another role. Somebody whom the caller may not add is invited, to be a member.
    pub async fn put_member(
        &self,
        caller: &Caller,
        id: ConversationId,
        username: &str,
        request: PutMember,
    ) -> Result<Conversation, Error> {
        // Checked first, so that a stranger does not learn which usernames exist.
        let key = self.context.channels.of_member(id, caller.person.id).await?.key;
        let person = self.person(username).await?;
        let may_add = self.check_may_add(caller, &person).await;
        let added = if self.invitations.has_declined(person.id, key).await? {
            None
        } else {
            self.invitations.count_added(caller, &person).await?
        };
        let may_join = added.is_some();
        let (me, them) = (caller.person.id, person.id);
        let decide = |record: &ConversationRecord, role: Role| {
            check_leads(role)?;
            let before = record.members.iter().find(|member| member.user == them).map(|member| member.role);
            if before.is_none() {
                may_add.clone()?;
            }
            let after = request.role.or(before).unwrap_or(Role::Member);
            if before.is_none() && record.members.len() >= limit::MEMBERS {
                return Err(full());
            }
            if before == Some(after) {
                return Ok(Plan::default());
            }
            let is_new = before.is_none();
            if !(is_new && after == Role::Member) && role != Role::Owner {
                return Err(Error::new(Code::Forbidden, "Only the owner gives roles."));
            }
            if them == me {
                return Err(Error::new(Code::OwnerLeaves, "Give `owner` to somebody else instead."));
            }
            if is_new && after == Role::Owner {
                return Err(Error::new(
                    Code::Forbidden,
                    "Only a member can be made the owner; add them first.",
                ));
            }
            if is_new && !may_join {
                return Ok(Plan {
                    invitation: Some(InvitationPlan::Invite(person.clone())),
                    ..Plan::default()
                });
            }
            let mut members = vec![(them, Some(after))];
            if after == Role::Owner {
                members.push((me, Some(Role::Admin)));
            }
            Ok(Plan { members, joins: is_new, ..Plan::default() })
        };
        let plan = self.decide(caller, id, decide).await?;
        // A new role is not a new group.
        if let Some(added) = added.filter(|_| plan.joins) {
            added.counts();
        }
        let view = self.conversations.get(caller, id).await?;
        let is_invited = plan.invitation.is_some();
        let invited = is_invited.then(|| person.username.to_string()).into_iter().collect();
        Ok(Conversation { invited, ..view })
    }

    /// Removes a member, or takes an invitation back. Gives the group, or `None` if the caller removed themselves.
    pub async fn remove_member(
        &self,
        caller: &Caller,
        id: ConversationId,
        username: &str,
    ) -> Result<Option<Conversation>, Error> {
        if username.eq_ignore_ascii_case(&caller.person.username) {
            self.leave(caller, id).await?;
            return Ok(None);
        }
        let key = self.context.channels.of_member(id, caller.person.id).await?.key;
        let person = self.context.people.named(username).await?;
        let invited = match &person {
            Some(person) if self.invitations.waits(person.id, key).await? => Some(person.id),
            _ => None,
        };
        let decide = |record: &ConversationRecord, role: Role| {
            check_leads(role)?;
            let named = |member: &&store::MemberRecord| member.username.eq_ignore_ascii_case(username);
            let Some(them) = record.members.iter().find(named) else {
                let invited = invited.ok_or_else(|| Error::not_found("member"))?;
                let invitation = Some(InvitationPlan::Withdraw(invited));
                return Ok(Plan { invitation, ..Plan::default() });
            };
            if role != Role::Owner && them.role != Role::Member {
                return Err(Error::new(Code::Forbidden, "Only the owner takes out those who lead."));
            }
            Ok(Plan { members: vec![(them.user, None)], ..Plan::default() })
        };
        self.decide(caller, id, decide).await?;
        self.conversations.get(caller, id).await.map(Some)
    }

    /// Leaves a group. The owner must make somebody else the owner first, unless they are alone.
    pub async fn leave(&self, caller: &Caller, id: ConversationId) -> Result<(), Error> {
        let me = caller.person.id;
        let decide = |record: &ConversationRecord, role: Role| {
            if role == Role::Owner && record.members.len() > 1 {
                return Err(Error::new(Code::OwnerLeaves, "Make somebody else the owner first."));
            }
            Ok(Plan { members: vec![(me, None)], ..Plan::default() })
        };
        self.decide(caller, id, decide).await.map(drop)
    }

    /// Decides on a change by the state of the group, and stores it. If another change was stored meanwhile, decides
    /// anew. Gives whether somebody joins by it, or the invitation that was changed instead.
    async fn decide(
        &self,
        caller: &Caller,
        id: ConversationId,
        decide: impl Fn(&ConversationRecord, Role) -> Result<Plan, Error>,
    ) -> Result<Plan, Error> {
        let missing = || Error::not_found("conversation");
        self.context.charge(caller)?;
        let me = caller.person.id;
        let channel = self.context.channels.of_member(id, me).await?;
        self.context.charge_times(caller, channel.users().count() / MEMBERS_CHARGED)?;
        let key = channel.key;
        for _ in 0..TRIES {
            let record = self.context.store.conversation_by_key(key).await?.ok_or_else(missing)?;
            let role = record.members.iter().find(|member| member.user == me).ok_or_else(missing)?.role;
            if record.kind != ConversationKind::Group {
                return Err(Error::new(Code::Forbidden, "Only a group can be changed."));
            }
            let Plan { title, history, members, joins, invitation } = decide(&record, role)?;
            match &invitation {
                Some(InvitationPlan::Invite(person)) => {
                    self.invitations.count_invited(caller, person)?;
                    self.invitations.invite(caller, key, person).await?;
                }
                Some(InvitationPlan::Withdraw(user)) => self.invitations.withdraw(*user, key).await?,
                None => {}
            }
            let done = Plan { joins, invitation, ..Plan::default() };
            if title.is_none() && history.is_none() && members.is_empty() {
                return Ok(done);
            }
            let ended = self.invitations.ended_by(caller, key, &members).await?;
            let concerned = members.clone();
            let (at, changed_seq) = (self.context.clock.now(), record.changed_seq);
            let change = GroupChange { conversation: key, by: me, at, changed_seq, title, history, members };
            if let Some(record) = self.context.store.change_group(change).await? {
                self.context.channels.cache(&record);
                for (user, _) in &concerned {
                    self.presences.changed(*user);
                }
                for user in ended {
                    self.invitations.changed(user, key).await;
                }
                return Ok(done);
            }
        }
        Err(Error::new(Code::Overloaded, "The group changes too fast; try again."))
    }

    async fn seen_by(&self, caller: &Caller, record: &ConversationRecord) -> Result<Conversation, Error> {
        let view = self.conversations.view(caller.person.id, record.key).await?;
        view.ok_or_else(|| Error::not_found("conversation"))
    }

    async fn person(&self, username: &str) -> Result<Arc<Person>, Error> {
        let unknown = || Error::new(Code::ReceiverUnknown, format!("There is nobody called {username}."));
        self.context.people.named(username).await?.ok_or_else(unknown)
    }

    /// Refuses to add somebody who has blocked the caller. Those who are members already can be given roles all the
    /// same, so that an owner whom they have blocked can hand on the group.
    async fn check_may_add(&self, caller: &Caller, person: &Person) -> Result<(), Error> {
        if self.blocks.has_blocked(person.id, caller.person.id).await? {
            let detail = format!("{} cannot be added by you.", person.username);
            return Err(Error::new(Code::Forbidden, detail));
        }
        Ok(())
    }
}

/// Refuses members who are neither owner nor admin.
fn check_leads(role: Role) -> Result<(), Error> {
    match role {
        Role::Owner | Role::Admin => Ok(()),
        Role::Member => Err(Error::new(Code::Forbidden, "Only the owner and admins may do this.")),
    }
}

fn check_title(title: &str) -> Result<String, Error> {
    check_line("title", "A title", title, &limit::TITLE)
}
