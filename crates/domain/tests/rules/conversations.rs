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
