//! Groups: beginning and changing them, and who may do what.

use std::sync::Arc;

use protocol::{
    ChangeConversation, Code, Conversation, ConversationId, ConversationKind, HistoryAccess, NewGroup,
    PutMember, Role, Timestamp, limit,
};

use crate::announce::Announcer;
use crate::block::Blocks;
use crate::context::Context;
use crate::conversation::Conversations;
use crate::error::Error;
use crate::invitation::{Added, Invitations, check_room};
use crate::line::check_line;
use crate::person::{Caller, Person};
use crate::presence::Presences;
use crate::random;
use crate::store::{self, ConversationKey, ConversationRecord, GroupChange, Mute, UserId};

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

/// What is decided about a group.
enum Plan {
    /// Everything stays as it is.
    Nothing,
    /// The group changes.
    Change(Change),
    /// A person joins in a role, or is invited if the caller may not add them.
    Add(Arc<Person>, Role),
    /// An invitation is taken back.
    Withdraw(UserId),
}

/// A change of a group.
#[derive(Default)]
struct Change {
    title: Option<String>,
    history: Option<HistoryAccess>,
    /// Users with their new role; `None` removes them.
    members: Vec<(UserId, Option<Role>)>,
}

/// What was done about a group.
#[derive(PartialEq, Eq)]
enum Done {
    /// It is as was decided.
    Changed,
    /// A person was invited.
    Invited,
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
        let ChangeConversation { title, muted, muted_until, history } = request;
        let mute = self.mute_of(muted, muted_until)?;
        let title = title.as_deref().map(check_title).transpose()?;
        let channel = self.context.channels.of_member(id, caller.person.id).await?;
        if title.is_some() || history.is_some() {
            let decide = |record: &ConversationRecord, role: Role| {
                check_leads(role)?;
                // An equal value is no change, and must not be announced as one.
                let title = title.clone().filter(|title| record.title.as_ref() != Some(title));
                let history = history.filter(|history| record.history != *history);
                if title.is_none() && history.is_none() {
                    return Ok(Plan::Nothing);
                }
                Ok(Plan::Change(Change { title, history, members: Vec::new() }))
            };
            self.decide(caller, channel.key, None, decide).await?;
        }
        if let Some(mute) = mute {
            self.context.store.mute(caller.person.id, channel.key, mute).await?;
            self.announcer.tell_view(caller.person.id, channel.key);
        }
        self.conversations.get(caller, id).await
    }

    /// What a request says of the caller's notifications; `None` leaves them as they are.
    fn mute_of(&self, muted: Option<bool>, until: Option<Timestamp>) -> Result<Option<Mute>, Error> {
        match (muted, until) {
            (None, None) => Ok(None),
            (Some(false), None) => Ok(Some(Mute::Off)),
            (Some(true), None) => Ok(Some(Mute::Always)),
            (Some(true), Some(end)) if end > self.context.clock.now() => Ok(Some(Mute::Until(end))),
            (Some(true), Some(_)) => Err(Error::invalid("mutedUntil", "This time is over.")),
            (_, Some(_)) => Err(Error::invalid("mutedUntil", "Only with `muted: true`.")),
        }
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
        let (me, them) = (caller.person.id, person.id);
        let decide = |record: &ConversationRecord, role: Role| {
            check_leads(role)?;
            let before = role_in(record, them);
            let after = request.role.or(before).unwrap_or(Role::Member);
            let is_new = before.is_none();
            if is_new {
                may_add.clone()?;
                check_room(record.member_count)?;
            }
            if before == Some(after) {
                return Ok(Plan::Nothing);
            }
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
            if is_new {
                return Ok(Plan::Add(person.clone(), after));
            }
            let mut members = vec![(them, Some(after))];
            if after == Role::Owner {
                members.push((me, Some(Role::Admin)));
            }
            Ok(Plan::Change(Change { members, ..Change::default() }))
        };
        let done = self.decide(caller, key, Some(them), decide).await?;
        let view = self.conversations.get(caller, id).await?;
        let invited = (done == Done::Invited).then(|| person.username.to_string());
        Ok(Conversation { invited: invited.into_iter().collect(), ..view })
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
        let them = person.map(|person| person.id);
        let decide = |record: &ConversationRecord, role: Role| {
            check_leads(role)?;
            let them = them.ok_or_else(|| Error::not_found("member"))?;
            match role_in(record, them) {
                None => Ok(Plan::Withdraw(them)),
                Some(theirs) if role != Role::Owner && theirs != Role::Member => {
                    Err(Error::new(Code::Forbidden, "Only the owner takes out those who lead."))
                }
                Some(_) => Ok(Plan::Change(Change { members: vec![(them, None)], ..Change::default() })),
            }
        };
        self.decide(caller, key, them, decide).await?;
        self.conversations.get(caller, id).await.map(Some)
    }

    /// Leaves a group. The owner must make somebody else the owner first, unless they are alone.
    pub async fn leave(&self, caller: &Caller, id: ConversationId) -> Result<(), Error> {
        let me = caller.person.id;
        let key = self.context.channels.of_member(id, me).await?.key;
        let decide = |record: &ConversationRecord, role: Role| {
            if role == Role::Owner && record.member_count > 1 {
                return Err(Error::new(Code::OwnerLeaves, "Make somebody else the owner first."));
            }
            Ok(Plan::Change(Change { members: vec![(me, None)], ..Change::default() }))
        };
        self.decide(caller, key, None, decide).await.map(drop)
    }

    /// Decides by the state of a group what is done about it, and does it. If another change was stored meanwhile, decides
    /// anew. `decide` is given the role of the caller, and a record with them and with `named`, if they are members.
    async fn decide(
        &self,
        caller: &Caller,
        key: ConversationKey,
        named: Option<UserId>,
        decide: impl Fn(&ConversationRecord, Role) -> Result<Plan, Error>,
    ) -> Result<Done, Error> {
        let missing = || Error::not_found("conversation");
        self.context.charge(caller)?;
        let me = caller.person.id;
        let concerned: Vec<_> = named.into_iter().chain([me]).collect();
        let mut added = None;
        for _ in 0..TRIES {
            let record = self.context.store.brief(key, None, concerned.clone()).await?.ok_or_else(missing)?;
            let role = role_of_caller(&record, me)?;
            let change = match decide(&record, role)? {
                Plan::Nothing => return Ok(Done::Changed),
                Plan::Change(change) => change,
                Plan::Add(person, role) => {
                    if added.is_none() {
                        added = self.added(caller, key, &person).await?;
                    }
                    if added.is_none() {
                        self.invitations.count_invited(caller, &person)?;
                        self.invitations.invite(caller, key, &person).await?;
                        return Ok(Done::Invited);
                    }
                    let members = vec![(person.id, Some(role))];
                    Change { members, ..Change::default() }
                }
                Plan::Withdraw(user) => {
                    self.invitations.withdraw(user, key).await?;
                    return Ok(Done::Changed);
                }
            };
            let Change { title, history, members } = change;
            let concerned: Vec<_> = members.iter().map(|(user, _)| *user).collect();
            let (at, changed_seq) = (self.context.clock.now(), record.changed_seq);
            let change = GroupChange { conversation: key, by: me, at, changed_seq, title, history, members };
            if let Some(stored) = self.context.store.change_group(change).await? {
                if let Some(added) = added {
                    added.counts();
                }
                self.context.channels.apply(key, &stored.entry).await;
                for user in concerned {
                    self.presences.changed(user);
                }
                for user in stored.uninvited {
                    self.invitations.changed(user, key).await;
                }
                return Ok(Done::Changed);
            }
        }
        Err(Error::new(Code::Overloaded, "The group changes too fast; try again."))
    }

    /// Counts that the caller adds a person to a group; `None` if they are to be invited instead.
    async fn added(
        &self,
        caller: &Caller,
        key: ConversationKey,
        person: &Person,
    ) -> Result<Option<Added<'_>>, Error> {
        if self.invitations.has_declined(person.id, key).await? {
            return Ok(None);
        }
        self.invitations.count_added(caller, person).await
    }

    async fn seen_by(&self, caller: &Caller, record: &ConversationRecord) -> Result<Conversation, Error> {
        let view = self.conversations.view(caller.person.id, record.key).await?;
        view.ok_or_else(|| Error::not_found("conversation"))
    }

    async fn person(&self, username: &str) -> Result<Arc<Person>, Error> {
        let unknown = || Error::new(Code::ReceiverUnknown, format!("There is nobody called {username}."));
        self.context.people.active(username).await?.ok_or_else(unknown)
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

pub(crate) fn role_in(record: &ConversationRecord, user: UserId) -> Option<Role> {
    record.members.iter().find(|member| member.user == user).map(|member| member.role)
}

/// The role of a caller in a group that they want to change.
pub(crate) fn role_of_caller(record: &ConversationRecord, caller: UserId) -> Result<Role, Error> {
    let role = role_in(record, caller).ok_or_else(|| Error::not_found("conversation"))?;
    if record.kind != ConversationKind::Group {
        return Err(Error::new(Code::Forbidden, "Only a group can be changed."));
    }
    Ok(role)
}

/// Refuses members who are neither owner nor admin.
pub(crate) fn check_leads(role: Role) -> Result<(), Error> {
    if role == Role::Member { Err(not_leading()) } else { Ok(()) }
}

pub(crate) fn not_leading() -> Error {
    Error::new(Code::Forbidden, "Only the owner and admins may do this.")
}

fn check_title(title: &str) -> Result<String, Error> {
    check_line("title", "A title", title, &limit::TITLE)
}
