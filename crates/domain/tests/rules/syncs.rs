use domain::store::{Position, Since};
use domain::{Caught, Cursor};
use protocol::Code;

use crate::support::{World, to};

/// Reads to the end in pages.
async fn read(world: &World, user: domain::store::UserId, since: Since, page: usize) -> Vec<Caught> {
    let mut reader = world.domain.syncs.reader(user, since, world.domain.syncs.position()).await.unwrap();
    let mut all = Vec::new();
    loop {
        let next = reader.next(page).await.unwrap();
        assert!(next.len() <= page);
        if next.is_empty() {
            assert!(reader.is_done());
            return all;
        }
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
        assert_eq!(all.iter().map(|caught| caught.message.id).collect::<Vec<_>>(), expected);
        assert!(all.iter().all(|caught| caught.own == (&*caught.message.sender == "ann")));
    }
    for position in [0, 1, 450, 899, 900] {
        let all = read(&world, ann.person.id, Since::Position(Position(position)), 50).await;
        let ids: Vec<_> = all.iter().map(|caught| caught.message.id).collect();
        assert_eq!(ids, expected[usize::try_from(position).unwrap()..]);
    }
}

#[tokio::test]
async fn a_cursor_is_read_as_it_was_written() {
    for position in [0, 1, u64::MAX >> 1] {
        let cursor = Cursor(Position(position));
        assert_eq!(Cursor::decode(&cursor.encode()).unwrap(), cursor);
    }
    let long = "A".repeat(1000);
    for bad in ["", "x", "AAAA", "AAAAAAAAAAAAA", "AgAAAAAAAAAB", "ключ", long.as_str()] {
        assert_eq!(Cursor::decode(bad).unwrap_err().code, Code::CursorInvalid, "{bad}");
    }
}
