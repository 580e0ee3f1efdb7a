use domain::store::{ConversationKey, ConversationStore, GroupChange, UserId};
use domain::{Clock, Live};
use protocol::{ChangeConversation, HistoryAccess, NewGroup, Role};

use crate::faulty::Late;
use crate::support::World;

fn crew(members: &[&str]) -> NewGroup {
    let members = members.iter().map(|name| (*name).to_owned()).collect();
    NewGroup { title: "Crew".into(), members, history: None }
}

/// One brings another into a group that has not changed so far: stored, and not heard of yet.
async fn add_unheard(world: &World, conversation: ConversationKey, (by, user): (UserId, UserId)) {
    let at = world.clock.now();
    let members = vec![(user, Some(Role::Member))];
    let change = GroupChange { conversation, by, at, changed_seq: 1, title: None, history: None, members };
    world.store.change_group(change).await.unwrap().unwrap();
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
    let key = world.store.conversation_key(id).await.unwrap().unwrap();
    add_unheard(&world, key, (ann.person.id, bob.person.id)).await;
    let changes = world.domain.conversations.changes(&ann, id, (1, u64::MAX), 9).await.unwrap();
    assert_eq!(changes[0].joined, ["bob"]);
}

#[tokio::test]
async fn who_was_just_brought_in_is_a_member_whatever_is_remembered() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let id = world.domain.groups.create(&ann, crew(&[])).await.unwrap().id;
    let key = world.store.conversation_key(id).await.unwrap().unwrap();
    assert!(world.domain.conversations.get(&bob, id).await.is_err());
    add_unheard(&world, key, (ann.person.id, bob.person.id)).await;
    assert_eq!(world.domain.conversations.get(&bob, id).await.unwrap().members.len(), 2);
}

#[tokio::test]
async fn of_changes_side_by_side_the_last_that_is_told_is_what_holds() {
    let world = World::new();
    let ann = world.person("ann").await;
    let id = world.domain.groups.create(&ann, crew(&[])).await.unwrap().id;
    let rename = async |title: &str| {
        let request = ChangeConversation { title: Some(title.into()), history: None, muted: None };
        world.domain.groups.change(&ann, id, request).await.unwrap();
    };
    // The first is read to be told, and told only after the second.
    let (is_known, let_go) = Late::next(&world.faulty.late_view);
    let second = async {
        is_known.await.unwrap();
        rename("Second").await;
        let_go.send(()).unwrap();
    };
    tokio::join!(rename("First"), second);
    let told = world.told.live.lock();
    let titles = told.iter().filter_map(|(_, live)| match live {
        Live::Conversation(conversation) => conversation.title.as_deref(),
        _ => None,
    });
    assert_eq!(titles.collect::<Vec<_>>(), ["Crew", "Second", "First", "Second"]);
}
