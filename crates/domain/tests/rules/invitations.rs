//! Who may add somebody to a group, and asking those whom one may not add.

use std::time::Duration;

use domain::{Caller, Error, Live, Rate, Settings};
use protocol::{
    AddMe, ChangeMe, Code, Conversation, ConversationId, Invitation, InvitationChange, NewGroup, PutMember,
    Role,
};

use crate::support::{World, settings, to};

fn crew(title: &str, members: &[&str]) -> NewGroup {
    let members = members.iter().map(|name| (*name).to_owned()).collect();
    NewGroup { title: title.into(), members, history: None }
}

async fn let_add(world: &World, caller: &Caller, add_me: AddMe) {
    let change = ChangeMe { add_me: Some(add_me), ..ChangeMe::default() };
    let me = world.domain.users.change_me(caller, change).await.unwrap();
    assert_eq!(me.add_me, Some(add_me));
}

async fn begin(world: &World, caller: &Caller, members: &[&str]) -> Result<Conversation, Error> {
    world.domain.groups.create(caller, crew("Crew", members)).await
}

async fn add(world: &World, by: &Caller, id: ConversationId, who: &str) -> Result<Conversation, Error> {
    world.domain.groups.put_member(by, id, who, PutMember::default()).await
}

async fn waiting(world: &World, caller: &Caller) -> Vec<Invitation> {
    world.domain.invitations.list(caller, None).await.unwrap().items
}

fn names(conversation: &Conversation) -> Vec<&str> {
    conversation.members.iter().map(|member| &*member.username).collect()
}

/// The invitations that a person was told of since the last time; `None` is one that ended.
fn told(world: &World, person: &Caller) -> Vec<(ConversationId, Option<String>)> {
    let live = std::mem::take(&mut *world.told.live.lock());
    let changes = live.into_iter().filter_map(|(users, live)| match live {
        Live::Invitation(change) if users == [person.person.id] => {
            let InvitationChange { conversation_id, invitation } = *change;
            Some((conversation_id, invitation.map(|invitation| invitation.by)))
        }
        _ => None,
    });
    changes.collect()
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> Code {
    result.unwrap_err().code
}

#[tokio::test]
async fn whoever_wants_to_be_asked_is_invited_and_becomes_a_member_by_accepting() {
    let world = World::new();
    let (ann, bob) = (world.person("Ann").await, world.person("Bob").await);
    world.person("cat").await;
    let_add(&world, &ann, AddMe::Nobody).await;
    let group = begin(&world, &bob, &["ANN", "cat"]).await.unwrap();
    assert_eq!((names(&group), &*group.invited), (vec!["Bob", "cat"], &["Ann".to_owned()][..]));
    assert_eq!(told(&world, &ann), [(group.id, Some("Bob".to_owned()))]);
    assert_eq!(code(world.domain.conversations.get(&ann, group.id).await), Code::NotFound);
    let [invitation] = &*waiting(&world, &ann).await else { panic!() };
    assert_eq!((&*invitation.title, &*invitation.by, invitation.member_count), ("Crew", "Bob", 2));

    // To add her again changes nothing and tells nobody, in any spelling.
    let again = add(&world, &bob, group.id, "ann").await.unwrap();
    assert_eq!((again.member_count, again.invited), (2, vec!["Ann".to_owned()]));
    assert_eq!(told(&world, &ann), []);
    let invited = world.domain.invitations.of_group(&bob, group.id, None).await.unwrap().items;
    assert_eq!((&*invited[0].username, &*invited[0].by, invited.len()), ("Ann", "Bob", 1));

    let accepted = world.domain.invitations.accept(&ann, group.id).await.unwrap();
    assert_eq!((accepted.member_count, accepted.head_seq), (3, 2));
    assert_eq!(told(&world, &ann), [(group.id, None)]);
    let changes = world.domain.conversations.changes(&bob, group.id, (1, u64::MAX), 9).await.unwrap();
    assert_eq!((&*changes[0].by, &*changes[0].joined), ("Ann", &["Ann".to_owned()][..]));
    // The answer was lost: the same again.
    let again = world.domain.invitations.accept(&ann, group.id).await.unwrap();
    assert_eq!((again.id, again.head_seq), (group.id, 2));
    assert!(waiting(&world, &ann).await.is_empty());
    assert!(add(&world, &bob, group.id, "ann").await.unwrap().invited.is_empty());
}

#[tokio::test]
async fn contacts_are_those_whom_the_person_wrote_to() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let_add(&world, &ann, AddMe::Contacts).await;
    world.send(&bob, to("ann", "join us")).await.unwrap();
    assert_eq!(begin(&world, &bob, &["ann"]).await.unwrap().invited, ["ann"]);
    world.send(&ann, to("bob", "gladly")).await.unwrap();
    let group = begin(&world, &bob, &["ann"]).await.unwrap();
    assert_eq!((names(&group).len(), group.invited.len()), (2, 0));
    // Somebody may always be a member of what they begin.
    let_add(&world, &bob, AddMe::Nobody).await;
    assert_eq!(names(&begin(&world, &bob, &["bob"]).await.unwrap()), ["bob"]);
}

#[tokio::test]
async fn a_declined_invitation_is_gone_and_not_made_again_for_seven_days() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let_add(&world, &ann, AddMe::Nobody).await;
    let group = begin(&world, &bob, &["ann"]).await.unwrap();
    told(&world, &ann);
    for _ in 0..2 {
        world.domain.invitations.decline(&ann, group.id).await.unwrap();
    }
    assert_eq!(told(&world, &ann)[0], (group.id, None));
    assert!(waiting(&world, &ann).await.is_empty());
    assert_eq!(code(world.domain.invitations.accept(&ann, group.id).await), Code::NotFound);
    assert_eq!(code(add(&world, &bob, group.id, "ann").await), Code::InvitationDeclined);
    world.clock.advance(Duration::from_hours(7 * 24 - 1));
    assert_eq!(code(add(&world, &bob, group.id, "ann").await), Code::InvitationDeclined);
    world.clock.advance(Duration::from_hours(1));
    assert_eq!(add(&world, &bob, group.id, "ann").await.unwrap().invited, ["ann"]);
    world.domain.invitations.decline(&ann, group.id).await.unwrap();

    // Nor does it help to begin another group again and again.
    for _ in 0..2 {
        let id = begin(&world, &bob, &["ann"]).await.unwrap().id;
        world.domain.invitations.decline(&ann, id).await.unwrap();
    }
    let refused = begin(&world, &bob, &["ann"]).await.unwrap_err();
    assert_eq!((refused.code, refused.field.as_deref()), (Code::InvitationDeclined, Some("members")));
}

#[tokio::test]
async fn an_invitation_is_for_those_who_lead_to_see_and_take_back() {
    let world = World::new();
    let (ann, bob, cat) = (world.person("ann").await, world.person("bob").await, world.person("cat").await);
    let_add(&world, &ann, AddMe::Nobody).await;
    let group = begin(&world, &bob, &["cat"]).await.unwrap();
    assert_eq!(code(add(&world, &cat, group.id, "ann").await), Code::Forbidden);
    let admin = PutMember { role: Some(Role::Admin) };
    world.domain.groups.put_member(&bob, group.id, "ann", admin.clone()).await.unwrap();
    assert_eq!(code(world.domain.invitations.of_group(&cat, group.id, None).await), Code::Forbidden);
    assert_eq!(code(world.domain.invitations.of_group(&ann, group.id, None).await), Code::NotFound);
    let take_back = async |by: &Caller| world.domain.groups.remove_member(by, group.id, "Ann").await;
    assert_eq!(code(take_back(&cat).await), Code::Forbidden);
    assert_eq!(code(take_back(&ann).await), Code::NotFound);
    told(&world, &ann);
    assert_eq!(take_back(&bob).await.unwrap().unwrap().member_count, 2);
    assert_eq!(told(&world, &ann), [(group.id, None)]);
    assert_eq!(code(take_back(&bob).await), Code::NotFound);
    assert_eq!(code(world.domain.invitations.accept(&ann, group.id).await), Code::NotFound);
    assert_eq!(code(world.domain.invitations.decline(&ann, group.id).await), Code::NotFound);

    // Whatever role it was asked for, whoever accepts is a member.
    world.domain.groups.put_member(&bob, group.id, "ann", admin.clone()).await.unwrap();
    let accepted = world.domain.invitations.accept(&ann, group.id).await.unwrap();
    let own = accepted.members.iter().find(|member| member.username == "ann").unwrap();
    assert_eq!(own.role, Role::Member);
}

#[tokio::test]
async fn invitations_end_with_a_block_of_the_inviter_and_when_the_inviter_leaves() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let_add(&world, &ann, AddMe::Nobody).await;
    let [first, second] = [begin(&world, &bob, &["ann"]), begin(&world, &bob, &["ann"])];
    let (first, second) = (first.await.unwrap().id, second.await.unwrap().id);
    told(&world, &ann);
    world.domain.groups.leave(&bob, first).await.unwrap();
    assert_eq!(told(&world, &ann), [(first, None)]);
    assert_eq!(code(world.domain.invitations.accept(&ann, first).await), Code::NotFound);
    world.domain.blocks.block(&ann, "bob").await.unwrap();
    assert_eq!(told(&world, &ann), [(second, None)]);
    assert!(waiting(&world, &ann).await.is_empty());
    assert_eq!(code(add(&world, &bob, second, "ann").await), Code::Forbidden);
    // Whoever is added after all is no longer invited.
    world.domain.blocks.unblock(&ann, "bob").await.unwrap();
    add(&world, &bob, second, "ann").await.unwrap();
    let_add(&world, &ann, AddMe::Everybody).await;
    told(&world, &ann);
    add(&world, &bob, second, "ann").await.unwrap();
    assert_eq!(told(&world, &ann), [(second, None)]);
    assert!(waiting(&world, &ann).await.is_empty());
}

#[tokio::test]
async fn whoever_was_added_to_many_groups_lately_is_asked() {
    let world = World::with(&Settings { added: Rate::per(Duration::from_hours(1), 3), ..settings() });
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let first = begin(&world, &bob, &["ann"]).await.unwrap();
    // A role is no new group, and a group of one's own is not one that others put one into.
    let admin = PutMember { role: Some(Role::Admin) };
    for _ in 0..5 {
        world.domain.groups.put_member(&bob, first.id, "ann", admin.clone()).await.unwrap();
        begin(&world, &ann, &["ann"]).await.unwrap();
    }
    for _ in 0..2 {
        assert_eq!(begin(&world, &bob, &["ann"]).await.unwrap().member_count, 2);
    }
    let fourth = begin(&world, &bob, &["ann"]).await.unwrap();
    assert_eq!((fourth.member_count, &*fourth.invited), (1, &["ann".to_owned()][..]));
    world.clock.advance(Duration::from_mins(20));
    let fourth = add(&world, &bob, fourth.id, "ann").await.unwrap();
    assert_eq!((fourth.member_count, fourth.invited.len()), (2, 0));
    let fifth = begin(&world, &bob, &[]).await.unwrap();
    assert_eq!(add(&world, &bob, fifth.id, "ann").await.unwrap().invited, ["ann"]);
    // To accept is one's own choice, and counts for nothing.
    assert_eq!(world.domain.invitations.accept(&ann, fifth.id).await.unwrap().member_count, 2);
}

#[tokio::test]
async fn whoever_declined_is_not_added_even_where_everybody_may() {
    let world = World::new();
    let (ann, bob) = (world.person("Ann").await, world.person("Bob").await);
    let_add(&world, &ann, AddMe::Nobody).await;
    let group = begin(&world, &bob, &["ann"]).await.unwrap();
    world.domain.invitations.decline(&ann, group.id).await.unwrap();
    let_add(&world, &ann, AddMe::Everybody).await;
    assert_eq!(code(add(&world, &bob, group.id, "ANN").await), Code::InvitationDeclined);
    // Another group may.
    assert_eq!(begin(&world, &bob, &["ann"]).await.unwrap().member_count, 2);
    world.clock.advance(Duration::from_hours(7 * 24));
    assert_eq!(add(&world, &bob, group.id, "ann").await.unwrap().member_count, 2);
}

#[tokio::test]
async fn a_refused_group_counts_for_nobody() {
    let world = World::with(&Settings { added: Rate::per(Duration::from_hours(1), 3), ..settings() });
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let (eve, mal) = (world.person("eve").await, world.person("mal").await);
    let_add(&world, &eve, AddMe::Nobody).await;
    for _ in 0..3 {
        let declined = begin(&world, &mal, &["eve"]).await.unwrap();
        world.domain.invitations.decline(&eve, declined.id).await.unwrap();
    }
    // Ann could be added, and Eve cannot be asked.
    for _ in 0..5 {
        assert_eq!(code(begin(&world, &mal, &["ann", "eve"]).await), Code::InvitationDeclined);
    }
    for _ in 0..3 {
        assert_eq!(begin(&world, &bob, &["ann"]).await.unwrap().member_count, 2);
    }
    assert_eq!(begin(&world, &bob, &["ann"]).await.unwrap().invited, ["ann"]);
    // Whom she writes to is no stranger, however often others added her.
    world.send(&ann, to("bob", "hello")).await.unwrap();
    let fifth = begin(&world, &bob, &["ann"]).await.unwrap();
    assert_eq!((fifth.member_count, fifth.invited.len()), (2, 0));
    assert_eq!(begin(&world, &mal, &["ann"]).await.unwrap().invited, ["ann"]);
}

#[tokio::test]
async fn nobody_is_asked_again_and_again() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let_add(&world, &ann, AddMe::Nobody).await;
    let group = begin(&world, &bob, &[]).await.unwrap();
    let ask = async || {
        add(&world, &bob, group.id, "ann").await?;
        world.domain.groups.remove_member(&bob, group.id, "ann").await
    };
    for _ in 0..30 {
        ask().await.unwrap();
    }
    assert_eq!(code(ask().await), Code::RateLimited);
    world.clock.advance(Duration::from_mins(2));
    ask().await.unwrap();
}

#[tokio::test]
async fn nobody_becomes_an_owner_by_joining() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let group = begin(&world, &bob, &[]).await.unwrap();
    let owner = PutMember { role: Some(Role::Owner) };
    let made = world.domain.groups.put_member(&bob, group.id, "ann", owner.clone()).await;
    assert_eq!(code(made), Code::Forbidden);
    add(&world, &bob, group.id, "ann").await.unwrap();
    world.domain.groups.put_member(&bob, group.id, "ann", owner).await.unwrap();
    world.domain.groups.leave(&bob, group.id).await.unwrap();
    assert_eq!(world.domain.conversations.list(&ann, None).await.unwrap().items[0].member_count, 1);
}

#[tokio::test]
async fn too_many_invitations_refuse_the_whole_group() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let_add(&world, &ann, AddMe::Nobody).await;
    for _ in 0..10 {
        begin(&world, &bob, &["ann"]).await.unwrap();
    }
    let refused = begin(&world, &bob, &["ann"]).await.unwrap_err();
    assert_eq!((refused.code, refused.field.as_deref()), (Code::TooManyInvitations, Some("members")));
    assert_eq!(world.domain.conversations.list(&bob, None).await.unwrap().items.len(), 10);
    let alone = begin(&world, &bob, &[]).await.unwrap();
    assert_eq!(code(add(&world, &bob, alone.id, "ann").await), Code::TooManyInvitations);
    for bad in ["", "AAAA", "nonsense!"] {
        assert_eq!(code(world.domain.invitations.list(&ann, Some(bad)).await), Code::CursorInvalid);
        let of_group = world.domain.invitations.of_group(&bob, alone.id, Some(bad)).await;
        assert_eq!(code(of_group), Code::CursorInvalid);
    }
}

#[tokio::test]
async fn invitations_are_charged() {
    let messages = Rate { burst: 5, interval: Duration::from_secs(1) };
    let world = World::with(&Settings { messages, ..settings() });
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let_add(&world, &ann, AddMe::Nobody).await;
    let group = begin(&world, &bob, &["ann"]).await.unwrap();
    for _ in 0..3 {
        add(&world, &bob, group.id, "ann").await.unwrap();
    }
    assert_eq!(code(add(&world, &bob, group.id, "ann").await), Code::RateLimited);
    for _ in 0..5 {
        world.domain.invitations.decline(&ann, group.id).await.unwrap();
    }
    assert_eq!(code(world.domain.invitations.decline(&ann, group.id).await), Code::RateLimited);
    assert_eq!(code(world.domain.invitations.accept(&ann, group.id).await), Code::RateLimited);
}

#[tokio::test]
async fn an_invitation_is_told_at_every_node() {
    let here = World::new();
    let there = here.beside();
    let (ann, bob) = (here.person("ann").await, here.person("bob").await);
    let_add(&here, &ann, AddMe::Nobody).await;
    let id = begin(&here, &bob, &["ann"]).await.unwrap().id;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(told(&here, &ann), [(id, Some("bob".to_owned()))]);
    assert_eq!(told(&there, &ann), [(id, Some("bob".to_owned()))]);
}
