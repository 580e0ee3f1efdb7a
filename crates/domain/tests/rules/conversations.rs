use std::time::Duration;

use domain::Around;
use protocol::{Code, DeleteMessage, EditMessage, ReactToMessage, SharedKind, Timestamp};

use crate::support::{World, to};

#[tokio::test]
async fn a_direct_conversation_is_found_by_the_name_of_the_other() {
    let world = World::new();
    let (ann, bob, cat) = (world.person("ann").await, world.person("Bob").await, world.person("cat").await);
    let conversations = &world.domain.conversations;
    assert_eq!(conversations.with(&ann, "bob").await.unwrap(), None);
    let id = world.send(&ann, to("Bob", "hi")).await.unwrap().message.conversation_id;
    world.send(&cat, to("ann", "hello")).await.unwrap();
    for name in ["bob", "BOB", "Bob"] {
        assert_eq!(conversations.with(&ann, name).await.unwrap().unwrap().id, id, "{name}");
    }
    assert_eq!(conversations.with(&bob, "ann").await.unwrap().unwrap().id, id);
    for name in ["ann", "nobody", "", "b"] {
        assert_eq!(conversations.with(&ann, name).await.unwrap(), None, "{name}");
    }
    assert_eq!(conversations.with(&cat, "Bob").await.unwrap(), None);
}

#[tokio::test]
async fn a_conversation_that_the_list_hides_is_not_found_by_name_either() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    world.domain.blocks.block(&ann, "bob").await.unwrap();
    world.send(&bob, to("ann", "hi")).await.unwrap();
    assert_eq!(world.domain.conversations.list(&ann, None).await.unwrap().items, []);
    assert_eq!(world.domain.conversations.with(&ann, "bob").await.unwrap(), None);
    assert!(world.domain.conversations.with(&bob, "ann").await.unwrap().is_some());
}

#[tokio::test]
async fn the_first_message_since_a_time_is_found_whatever_stands_between() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let minute = Duration::from_mins(1);
    let mut sent = Vec::new();
    for count in 0..20 {
        let message = world.send(&ann, to("bob", &count.to_string())).await.unwrap().message;
        // Changes are entries, too, and have no place of their own in a page.
        for emoji in ["👍", "🎉", "❤️"].into_iter().take(count % 4) {
            let (conversation_id, id) = (message.conversation_id, message.id);
            let request = ReactToMessage { conversation_id, id, emoji: emoji.into(), on: true };
            world.sent(world.domain.messages.react(&bob, request, None).await).await.unwrap();
        }
        sent.push(message);
        world.clock.advance(minute);
    }
    let id = sent[0].conversation_id;
    let around = async |time: Timestamp, count: u32| {
        let page = world.domain.conversations.history(&bob, id, Around::Time(time), count).await.unwrap();
        page.into_iter().map(|message| message.text).collect::<Vec<_>>()
    };
    for (count, message) in sent.iter().enumerate() {
        assert_eq!(around(message.timestamp, 1).await, [count.to_string()]);
        assert_eq!(around(message.timestamp.minus(minute / 2), 1).await, [count.to_string()]);
    }
    assert_eq!(around(sent[9].timestamp, 3).await, ["8", "9", "10"]);
    // Before all of them, and after.
    assert_eq!(around(Timestamp::from_millis(0), 2).await, ["0", "1"]);
    assert_eq!(around(sent[19].timestamp.plus(minute), 4).await, ["18", "19"]);
}

#[tokio::test]
async fn what_was_shared_is_listed_for_members_the_newest_first() {
    let world = World::new();
    let (ann, bob, eve) = (world.person("ann").await, world.person("bob").await, world.person("eve").await);
    let mut sent = Vec::new();
    for count in 0..5 {
        sent.push(
            world.send(&ann, to("bob", &format!("https://aldis.example/{count}"))).await.unwrap().message,
        );
        world.send(&bob, to("ann", "words")).await.unwrap();
    }
    let id = sent[0].conversation_id;
    let conversations = &world.domain.conversations;
    let list = async |caller, next: Option<&str>, count| {
        let page = conversations.shared(caller, id, SharedKind::Links, next, count).await;
        page.map(|page| (page.items.into_iter().map(|message| message.text).collect::<Vec<_>>(), page.next))
    };
    let text = |count| format!("https://aldis.example/{count}");
    let (first, next) = list(&bob, None, 3).await.unwrap();
    assert_eq!(first, [text(4), text(3), text(2)]);
    // A page that comes later knows nothing of what was shared meanwhile.
    world.send(&ann, to("bob", "https://later.example")).await.unwrap();
    assert_eq!(list(&bob, next.as_deref(), 3).await.unwrap(), (vec![text(1), text(0)], None));
    // As they are now.
    let delete = DeleteMessage { conversation_id: id, id: sent[0].id };
    world.sent(world.domain.messages.delete(&ann, delete, None).await).await.unwrap();
    let edit = EditMessage { conversation_id: id, id: sent[1].id, text: "no link".into() };
    world.sent(world.domain.messages.edit(&ann, edit, None).await).await.unwrap();
    assert_eq!(list(&bob, next.as_deref(), 3).await.unwrap(), (vec![], None));

    assert_eq!(list(&eve, None, 3).await.unwrap_err().code, Code::NotFound);
    assert_eq!(list(&bob, Some("?"), 3).await.unwrap_err().code, Code::CursorInvalid);
    for count in [0, 201] {
        assert_eq!(list(&bob, None, count).await.unwrap_err().field.as_deref(), Some("limit"));
    }
}
