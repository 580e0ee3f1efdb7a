use domain::Clock;
use domain::store::{ConversationStore, GroupChange};
use protocol::{ChangeConversation, HistoryAccess, NewGroup, Role};

use crate::support::World;

fn crew(members: &[&str]) -> NewGroup {
    let members = members.iter().map(|name| (*name).to_owned()).collect();
    NewGroup { title: "Crew".into(), members, history: None }
}

#[tokio::test]
async fn what_stays_as_it_is_is_no_change() {
    let world = World::new();
    let ann = world.person("ann").await;
    let id = world.domain.groups.create(&ann, crew(&[])).await.unwrap().id;
    let change = async |title: Option<&str>, history| {
        let request = ChangeConversation { title: title.map(str::to_owned), history, muted: None };
        world.domain.groups.change(&ann, id, request).await.unwrap().head_seq
    };
    assert_eq!(change(Some(" Crew "), Some(HistoryAccess::Joined)).await, 1);
    assert_eq!(change(Some("Crew"), Some(HistoryAccess::All)).await, 2);
    assert_eq!(change(Some("Harbour"), Some(HistoryAccess::All)).await, 3);
    let changes = world.domain.conversations.changes(&ann, id, (1, u64::MAX), 9).await.unwrap();
    let changes: Vec<_> = changes.iter().map(|change| (change.title.as_deref(), change.history)).collect();
    assert_eq!(changes, [(None, Some(HistoryAccess::All)), (Some("Harbour"), None)]);
}

#[tokio::test]
async fn a_change_names_who_came_with_it_however_soon_it_is_read() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let id = world.domain.groups.create(&ann, crew(&[])).await.unwrap().id;
    // Stored, and not heard of yet.
    let conversation = world.store.conversation_key(id).await.unwrap().unwrap();
    let change = GroupChange {
        conversation,
        by: ann.person.id,
        at: world.clock.now(),
        changed_seq: 1,
        title: None,
        history: None,
        members: vec![(bob.person.id, Some(Role::Member))],
    };
    world.store.change_group(change).await.unwrap().unwrap();
    let changes = world.domain.conversations.changes(&ann, id, (1, u64::MAX), 9).await.unwrap();
    assert_eq!(changes[0].joined, ["bob"]);
}
