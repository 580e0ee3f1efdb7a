use std::time::Duration;

use domain::store::{BlockStore, UserId};
use domain::{Clock, Rate, Settings};
use protocol::Code;

use crate::support::{World, settings};

#[tokio::test]
async fn blocks_come_in_pages_the_latest_first() {
    let world = World::new();
    let ann = world.person("ann").await;
    let mut expected = Vec::new();
    for number in 0..401 {
        let username = world.verified(&format!("user{number}")).await;
        world.domain.blocks.block(&ann, &username).await.unwrap();
        expected.insert(0, username);
        world.clock.advance(Duration::from_millis(1));
    }
    let (mut found, mut sizes, mut next) = (Vec::new(), Vec::new(), None);
    loop {
        let page = world.domain.blocks.list(&ann, next.as_deref()).await.unwrap();
        sizes.push(page.items.len());
        found.extend(page.items.into_iter().map(|block| block.username));
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!((found, sizes), (expected, vec![200, 200, 1]));
    for bad in ["", "AAAA", "nonsense!"] {
        let refused = world.domain.blocks.list(&ann, Some(bad)).await.unwrap_err();
        assert_eq!((refused.code, refused.field.as_deref()), (Code::CursorInvalid, Some("next")));
    }
    let one = world.domain.blocks.get(&ann, "USER7").await.unwrap();
    assert_eq!(one.username, "user7");
    assert_eq!(world.domain.blocks.block(&ann, "user7").await.unwrap(), one);
    for missing in ["ann", "nobody"] {
        assert_eq!(world.domain.blocks.get(&ann, missing).await.unwrap_err().code, Code::NotFound);
    }
}

#[tokio::test]
async fn an_account_has_so_many_blocks_at_most() {
    let world = World::new();
    let ann = world.person("ann").await;
    world.person("bob").await;
    for number in 1..=1_000 {
        let (other, at) = (UserId(1_000 + number), world.clock.now());
        world.store.block(ann.person.id, other, at, usize::MAX).await.unwrap();
    }
    let refused = world.domain.blocks.block(&ann, "bob").await.unwrap_err();
    assert_eq!(refused.code, Code::TooManyBlocks);
    world.store.unblock(ann.person.id, UserId(1_001)).await.unwrap();
    world.domain.blocks.block(&ann, "bob").await.unwrap();
}

#[tokio::test]
async fn a_block_and_a_watch_are_charged() {
    let messages = Rate { burst: 10, interval: Duration::from_secs(1) };
    let world = World::with(&Settings { messages, ..settings() });
    let ann = world.person("ann").await;
    world.person("bob").await;
    let watch = async |names: usize| {
        let usernames = (0..names).map(|number| format!("name{number}")).collect();
        let mut answer = None;
        let request = protocol::WatchPresence { usernames };
        world
            .domain
            .presences
            .watch(&ann, domain::SocketKey::default(), request, |result| answer = Some(result))
            .await;
        answer.unwrap().map_err(|error| (error.code, error.retry_after))
    };
    // Ten names cost what a message costs, and a block, too.
    assert!(watch(71).await.is_ok());
    world.domain.blocks.block(&ann, "bob").await.unwrap();
    world.domain.blocks.unblock(&ann, "bob").await.unwrap();
    let wait = |seconds| Err((Code::RateLimited, Some(Duration::from_secs(seconds))));
    assert_eq!(watch(11).await.map(drop), wait(2));
    assert_eq!(world.domain.blocks.block(&ann, "bob").await.unwrap_err().code, Code::RateLimited);
    // What costs more than a burst takes all of it; nobody at all costs nothing.
    assert_eq!(watch(1_000).await.map(drop), wait(10));
    assert!(watch(0).await.is_ok());
    world.clock.advance(Duration::from_secs(10));
    assert!(watch(1_000).await.is_ok());
    assert_eq!(watch(1).await.map(drop), wait(1));
}
