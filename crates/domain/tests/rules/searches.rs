use std::time::Duration;

use domain::{Rate, Within};
use protocol::{Code, ConversationId};

use crate::support::{World, settings, to};

#[tokio::test]
async fn a_search_pages_and_shows_hits_as_html() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    for count in 0..25 {
        world.send(&ann, to("bob", &format!("<b>word</b> {count}"))).await.unwrap();
    }
    let first = world.domain.searches.find(&bob, "wor", Within::default(), None).await.unwrap();
    assert_eq!(first.items.len(), 20);
    assert_eq!(first.items[0].fragment, "&lt;b&gt;<mark>word</mark>&lt;/b&gt; 24");
    let id = first.items[0].message.conversation_id;
    let here = Within { conversation: Some(id), ..Within::default() };
    let second = world.domain.searches.find(&bob, "wor", here, first.next.as_deref()).await.unwrap();
    assert_eq!((second.items.len(), second.next), (5, None));
    assert_eq!(second.items[4].message.text, "<b>word</b> 0");
}

#[tokio::test]
async fn a_search_without_words_or_in_a_strangers_conversation_is_refused() {
    let world = World::new();
    let (ann, eve) = (world.person("ann").await, world.person("eve").await);
    let sent = world.send(&ann, to("ann", "a note")).await.unwrap();
    let find = async |q: &str, id: Option<ConversationId>, next: Option<&str>| {
        world
            .domain
            .searches
            .find(&eve, q, Within { conversation: id, ..Within::default() }, next)
            .await
            .map(|page| page.items.len())
    };
    assert_eq!(find("note", None, None).await.unwrap(), 0);
    let here = Some(sent.message.conversation_id);
    assert_eq!(find("note", here, None).await.unwrap_err().code, Code::NotFound);
    assert_eq!(find("note", None, Some("?")).await.unwrap_err().code, Code::CursorInvalid);
    assert_eq!(find("", None, None).await.unwrap_err().field.as_deref(), Some("q"));
}

#[tokio::test]
async fn a_search_counts_as_a_message() {
    let messages = Rate { burst: 3, interval: Duration::from_secs(1) };
    let world = World::with(&domain::Settings { messages, ..settings() });
    let ann = world.person("ann").await;
    for _ in 0..3 {
        world.domain.searches.find(&ann, "word", Within::default(), None).await.unwrap();
    }
    let refused = world.domain.searches.find(&ann, "word", Within::default(), None).await.unwrap_err();
    assert_eq!(refused.code, Code::RateLimited);
    world.clock.advance(Duration::from_secs(1));
    world.domain.searches.find(&ann, "word", Within::default(), None).await.unwrap();
}

#[tokio::test]
async fn a_search_is_narrowed_to_a_person_and_a_time() {
    let world = World::new();
    let (ann, bob) = (world.person("Ann").await, world.person("bob").await);
    world.send(&ann, to("bob", "tide one")).await.unwrap();
    world.clock.advance(Duration::from_mins(1));
    let second = world.send(&bob, to("Ann", "tide two")).await.unwrap().message.timestamp;
    let find = async |within: Within<'_>| {
        let page = world.domain.searches.find(&bob, "tide", within, None).await.unwrap();
        page.items.into_iter().map(|hit| hit.message.text).collect::<Vec<_>>()
    };
    let all = Within::default();
    assert_eq!(find(Within { sender: Some("aNN"), ..all }).await, ["tide one"]);
    assert_eq!(find(Within { sender: Some("nobody"), ..all }).await, [""; 0]);
    assert_eq!(find(Within { since: Some(second), ..all }).await, ["tide two"]);
    assert_eq!(find(Within { until: Some(second), ..all }).await, ["tide one"]);
}
