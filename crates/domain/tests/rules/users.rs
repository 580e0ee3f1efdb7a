use std::time::Duration;

use domain::Rate;
use domain::store::{AccountChange, AccountStore};
use protocol::{ChangeMe, Code, User};

use crate::support::{World, settings, to};

fn named(display_name: &str) -> ChangeMe {
    ChangeMe { display_name: Some(display_name.into()), ..ChangeMe::default() }
}

fn names(users: &[User]) -> Vec<&str> {
    users.iter().map(|user| user.username.as_str()).collect()
}

#[tokio::test]
async fn a_field_that_is_left_out_stays_as_it_is() {
    let world = World::new();
    let ann = world.person("ann").await;
    let me = world.domain.users.me(&ann).await.unwrap();
    assert_eq!((me.display_name.as_str(), me.hide_presence), ("ann", Some(false)));
    let me = world.domain.users.change_me(&ann, named("  Ann Lee ")).await.unwrap();
    assert_eq!((me.display_name.as_str(), me.hide_presence), ("Ann Lee", Some(false)));
    let hide = ChangeMe { hide_presence: Some(true), ..ChangeMe::default() };
    let me = world.domain.users.change_me(&ann, hide).await.unwrap();
    assert_eq!((me.display_name.as_str(), me.hide_presence), ("Ann Lee", Some(true)));
    assert_eq!(world.domain.users.change_me(&ann, ChangeMe::default()).await.unwrap(), me);
    assert_eq!(world.domain.users.me(&ann).await.unwrap(), me);
    let shown = world.domain.users.get("ann").await.unwrap();
    assert_eq!((shown.display_name.as_str(), shown.email, shown.hide_presence), ("Ann Lee", None, None));
    for bad in ["", "  ", "a\nb", &"x".repeat(65)] {
        let refused = world.domain.users.change_me(&ann, named(bad)).await.unwrap_err();
        assert_eq!((refused.code, refused.field.as_deref()), (Code::Invalid, Some("displayName")));
    }
}

#[tokio::test]
async fn a_new_name_shows_in_conversations() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let id = world.send(&ann, to("bob", "hi")).await.unwrap().message.conversation_id;
    world.domain.conversations.get(&bob, id).await.unwrap();
    world.domain.users.change_me(&ann, named("Ann Lee")).await.unwrap();
    let seen = world.domain.conversations.get(&bob, id).await.unwrap();
    let shown = seen.members.iter().find(|member| member.username == "ann").unwrap();
    assert_eq!(shown.display_name, "Ann Lee");
}

#[tokio::test]
async fn people_are_found_by_the_beginning_of_a_name() {
    let world = World::new();
    for (username, display_name) in
        [("zoe", "Anna Lee"), ("Anton", "Émile"), ("bob", "bob"), ("anders", "anders"), ("yan", "ANNE")]
    {
        let caller = world.person(username).await;
        world.domain.users.change_me(&caller, named(display_name)).await.unwrap();
    }
    world.register("andy").await.unwrap();
    let caller = world.person("caller").await;
    for (query, expected) in [
        ("AN", &["anders", "Anton", "zoe", "yan"][..]),
        (" anna l", &["zoe"]),
        ("éMI", &["Anton"]),
        ("ann", &["zoe", "yan"]),
        ("lee", &[]),
        ("andy", &[]),
        ("%%", &[]),
        ("a_", &[]),
    ] {
        let page = world.domain.users.find(&caller, query, None).await.unwrap();
        assert_eq!((names(&page.items), page.next.as_deref()), (expected.to_vec(), None), "{query}");
        assert!(page.items.iter().all(|user| user.email.is_none() && user.hide_presence.is_none()));
    }
    for short in ["", "a", " a ", "é"] {
        let refused = world.domain.users.find(&caller, short, None).await.unwrap_err();
        assert_eq!((refused.code, refused.field.as_deref()), (Code::Invalid, Some("query")));
    }
}

#[tokio::test]
async fn who_was_found_comes_in_pages() {
    for (by_username, by_display_name) in [(0_usize, 45_usize), (20, 0), (20, 5), (21, 0), (23, 20), (40, 40)]
    {
        let world = World::new();
        let caller = world.person("caller").await;
        let mut expected = Vec::new();
        for number in 0..by_username {
            expected.push(world.verified(&format!("pat{number:02}")).await);
        }
        for number in 0..by_display_name {
            let username = world.verified(&format!("x{number:02}")).await;
            // The same name for all: their ids decide.
            let id = world.store.account(&username).await.unwrap().unwrap().id;
            let name = AccountChange { display_name: Some("Pat".into()), ..AccountChange::default() };
            world.store.change_account(id, name).await.unwrap();
            expected.push(username);
        }
        let (mut found, mut next, mut pages) = (Vec::new(), None, 0);
        loop {
            let page = world.domain.users.find(&caller, "pa", next.as_deref()).await.unwrap();
            assert!(page.items.len() <= 20);
            pages += 1;
            found.extend(page.items.into_iter().map(|user| user.username));
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        assert_eq!(found, expected);
        assert_eq!(pages, (by_username + by_display_name).div_ceil(20));
    }
}

#[tokio::test]
async fn a_person_after_many_skipped_ones_is_found_on_a_later_page() {
    let world = World::new();
    let caller = world.person("caller").await;
    let mut expected = Vec::new();
    for number in 0..300 {
        expected.push(world.verified(&format!("pat{number:03}")).await);
    }
    expected.push(world.verified("zoe").await);
    for username in &expected {
        let id = world.store.account(username).await.unwrap().unwrap().id;
        let name = if username == "zoe" { "Pauline" } else { "Pat" };
        let name = AccountChange { display_name: Some(name.into()), ..AccountChange::default() };
        world.store.change_account(id, name).await.unwrap();
    }
    let (mut found, mut next, mut pages) = (Vec::new(), None, Vec::new());
    loop {
        let page = world.domain.users.find(&caller, "pa", next.as_deref()).await.unwrap();
        pages.push(page.items.len());
        found.extend(page.items.into_iter().map(|user| user.username));
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(found, expected);
    // Of the 300, 256 are passed over at the end of the 15th page.
    assert_eq!(pages, [vec![20; 15], vec![1]].concat());
}

#[tokio::test]
async fn looking_for_people_counts_as_a_message() {
    let messages = Rate { burst: 3, interval: Duration::from_secs(1) };
    let world = World::with(&domain::Settings { messages, ..settings() });
    let ann = world.person("ann").await;
    let find = async |query| world.domain.users.find(&ann, query, None).await.map_err(|error| error.code);
    for _ in 0..3 {
        // What is no question costs nothing.
        assert_eq!(find("a").await.unwrap_err(), Code::Invalid);
        assert_eq!(find("an").await.unwrap().items.len(), 1);
    }
    assert_eq!(find("an").await.unwrap_err(), Code::RateLimited);
    world.clock.advance(Duration::from_secs(1));
    find("an").await.unwrap();
}

#[tokio::test]
async fn an_invalid_next_is_refused() {
    let world = World::new();
    let caller = world.person("caller").await;
    for next in ["nonsense!", "", "AAAA", "AAAAAAAAAAD_"] {
        let refused = world.domain.users.find(&caller, "ann", Some(next)).await.unwrap_err();
        assert_eq!(refused.code, Code::CursorInvalid, "{next}");
    }
}
