use std::time::Duration;

use domain::{Live, Rate, Settings};
use protocol::{Code, NewGroup, PutMember, Role};

use crate::support::{World, settings};

fn crew(members: Vec<String>) -> NewGroup {
    NewGroup { title: "Crew".into(), members, history: None }
}

/// Verified people.
async fn people(world: &World, count: usize) -> Vec<String> {
    let mut people = Vec::new();
    for number in 0..count {
        people.push(world.verified(&format!("user{number:03}")).await);
    }
    people
}

#[tokio::test]
async fn a_group_is_charged_for_each_of_its_members() {
    let messages = Rate { burst: 10, interval: Duration::from_secs(1) };
    let world = World::with(&Settings { messages, ..settings() });
    let ann = world.person("ann").await;
    let people = people(&world, 9).await;
    world.domain.groups.create(&ann, crew(people[..4].to_vec())).await.unwrap();
    let refused = world.domain.groups.create(&ann, crew(people.clone())).await.unwrap_err();
    assert_eq!((refused.code, refused.retry_after), (Code::RateLimited, Some(Duration::from_secs(5))));
    world.domain.groups.create(&ann, crew(people[..4].to_vec())).await.unwrap();
}

#[tokio::test]
async fn a_group_begins_with_so_many_people_at_most() {
    let world = World::new();
    let ann = world.person("ann").await;
    let many = (0..257).map(|number| format!("user{number}")).collect();
    let refused = world.domain.groups.create(&ann, crew(many)).await.unwrap_err();
    assert_eq!((refused.code, refused.field.as_deref()), (Code::Invalid, Some("members")));
}

#[tokio::test]
async fn a_group_is_handed_on_to_a_member_who_has_blocked_its_owner() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let id = world.domain.groups.create(&ann, crew(vec!["bob".into()])).await.unwrap().id;
    world.domain.blocks.block(&bob, "ann").await.unwrap();
    let owner = PutMember { role: Some(Role::Owner) };
    let group = world.domain.groups.put_member(&ann, id, "bob", owner).await.unwrap();
    assert_eq!(group.members.iter().find(|member| member.username == "bob").unwrap().role, Role::Owner);
    // Somebody who is not a member is not added against their will.
    world.domain.groups.leave(&ann, id).await.unwrap();
    let id = world.domain.groups.create(&ann, crew(vec![])).await.unwrap().id;
    let refused = world.domain.groups.put_member(&ann, id, "bob", PutMember::default()).await.unwrap_err();
    assert_eq!(refused.code, Code::Forbidden);
}

#[tokio::test]
async fn a_large_group_shows_its_first_members_and_lists_all() {
    let world = World::new();
    let (ann, late) = (world.person("ann").await, people(&world, 205).await);
    let group = world.domain.groups.create(&ann, crew(late.clone())).await.unwrap();
    assert_eq!((group.member_count, group.members.len()), (206, 100));
    let (mut listed, mut sizes, mut next) = (Vec::new(), Vec::new(), None);
    loop {
        let page = world.domain.conversations.members(&ann, group.id, next.as_deref()).await.unwrap();
        sizes.push(page.items.len());
        listed.extend(page.items.into_iter().map(|member| member.username));
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    let expected: Vec<_> = ["ann".to_owned()].into_iter().chain(late).collect();
    assert_eq!((listed, sizes), (expected, vec![200, 6]));
    let bad = world.domain.conversations.members(&ann, group.id, Some("nonsense!")).await.unwrap_err();
    assert_eq!(bad.code, Code::CursorInvalid);
    let eve = world.person("eve").await;
    let refused = world.domain.conversations.members(&eve, group.id, None).await.unwrap_err();
    assert_eq!(refused.code, Code::NotFound);
}

#[tokio::test]
async fn each_member_of_a_large_group_is_told_of_it_with_themselves() {
    let world = World::new();
    let ann = world.person("ann").await;
    world.domain.groups.create(&ann, crew(people(&world, 150).await)).await.unwrap();
    world.settled().await;
    let told = world.told.live.lock();
    let mut members = Vec::new();
    for (users, live) in &*told {
        let Live::Conversation(view) = live else { panic!("{live:?}") };
        assert_eq!((users.len(), view.member_count, view.members.len()), (1, 151, 100));
        members.push(view.members[0].username.clone());
    }
    members.sort();
    members.dedup();
    assert_eq!(members.len(), 151);
}
