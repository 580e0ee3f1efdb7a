use domain::Caught;
use domain::store::{Position, Since};
use protocol::Code;

use crate::support::{World, to};

/// Reads to the end in pages.
async fn read(world: &World, user: domain::store::UserId, since: Since, page: usize) -> Vec<Caught> {
    let mut reader = world.domain.syncs.reader(user, since, world.domain.syncs.position()).await.unwrap();
    let mut all = Vec::new();
    loop {
        if reader.is_done() {
            return all;
        }
        let next = reader.next(page).await.unwrap();
        assert!(next.len() <= page);
        all.extend(next);
    }
}

#[tokio::test]
async fn the_logs_of_all_conversations_are_one_stream_in_the_order_of_commitment() {
    let world = World::new();
    let ann = world.person("ann").await;
    let mut others = Vec::new();
    for name in ["b0", "b1", "b2", "b3", "b4", "b5", "b6"] {
        others.push(world.person(name).await);
    }
    let mut expected = Vec::new();
    // Conversations of very different lengths, mixed.
    for count in 0..900_usize {
        let index = if count % 5 == 0 { count % others.len() } else { 0 };
        let (from, receiver) = if count % 11 == 0 {
            (&ann, others[index].person.username.to_string())
        } else {
            (&others[index], "ann".into())
        };
        expected.push(world.send(from, to(&receiver, &count.to_string())).await.unwrap().message.id);
    }
    for page in [1, 7, 256, 10_000] {
        let all = read(&world, ann.person.id, Since::Delivered, page).await;
        assert_eq!(
            all.iter().map(|caught| caught.message.as_ref().unwrap().id).collect::<Vec<_>>(),
            expected
        );
        assert!(all.iter().all(|caught| caught.own == (&*caught.message.as_ref().unwrap().sender == "ann")));
    }
    for position in [0, 1, 450, 899, 900] {
        let all = read(&world, ann.person.id, Since::Position(Position(position)), 50).await;
        let ids: Vec<_> = all.iter().map(|caught| caught.message.as_ref().unwrap().id).collect();
        assert_eq!(ids, expected[usize::try_from(position).unwrap()..]);
    }
}

#[tokio::test]
async fn a_cursor_is_read_as_it_was_written() {
    let world = World::new();
    let (ann, _) = (world.person("ann").await, world.person("bob").await);
    for text in ["1", "2"] {
        world.send(&ann, to("bob", text)).await.unwrap();
    }
    let syncs = &world.domain.syncs;
    for position in [Position(0), Position(1), syncs.position()] {
        assert_eq!(syncs.resume(&syncs.cursor(position)).unwrap(), position);
    }
    let ahead = syncs.cursor(Position(3));
    // Another log, of the same length.
    let other = World::new();
    let (ann, _) = (other.person("ann").await, other.person("bob").await);
    for text in ["1", "2"] {
        other.send(&ann, to("bob", text)).await.unwrap();
    }
    let others = other.domain.syncs.cursor(Position(1));
    let long = "A".repeat(1000);
    let none = ["", "x", "AAAA", "AAAAAAAAAAAAA", "AQAAAAAAAAAB", "ключ", long.as_str()];
    for bad in none.into_iter().chain([ahead.as_str(), others.as_str()]) {
        assert_eq!(syncs.resume(bad).unwrap_err().code, Code::CursorInvalid, "{bad}");
    }
}

#[tokio::test]
async fn what_is_hidden_is_passed_over_a_part_at_a_time() {
    let world = World::new();
    let (ann, bob, eve) = (world.person("ann").await, world.person("bob").await, world.person("eve").await);
    let first = world.send(&ann, to("bob", "seen")).await.unwrap();
    world.domain.blocks.block(&bob, "ann").await.unwrap();
    for _ in 0..9_000 {
        world.send(&ann, to("bob", "hidden")).await.unwrap();
    }
    world.send(&eve, to("bob", "seen, too")).await.unwrap();
    let syncs = &world.domain.syncs;
    for since in [Since::Delivered, Since::Position(Position(0))] {
        let mut reader = syncs.reader(bob.person.id, since, syncs.position()).await.unwrap();
        let (mut texts, mut passed, mut reached, mut pages) = (Vec::new(), Vec::new(), Position(0), 0);
        while !reader.is_done() {
            let page = reader.next(64).await.unwrap();
            texts.extend(page.into_iter().map(|caught| caught.message.unwrap().text));
            passed.extend(reader.passed());
            // Who goes on from there later has what is left.
            assert!(reader.reached() >= reached);
            reached = reader.reached();
            pages += 1;
        }
        assert_eq!(texts, ["seen", "seen, too"]);
        // Half of what is looked at in one reading of two conversations, and then the rest.
        let key = first.conversation;
        assert_eq!((passed, pages), (vec![(key, 4_096), (key, 9_001)], 2));
        assert_eq!(reached, syncs.position());
    }
}
