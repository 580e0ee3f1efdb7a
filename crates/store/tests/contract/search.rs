//! Finding messages by their words.

use std::sync::Arc;
use std::time::Duration;

use domain::Query;
use domain::store::{
    Action, Append, ConversationKey, GroupChange, NewGroup, Position, Search, Target, UserId,
};
use protocol::{ConversationId, HistoryAccess, Role};

use crate::support::{Shared, append, entry, now, send, text, to, user};

/// A search of all that a user may see.
fn looking(reader: UserId, query: Arc<Query>) -> Search {
    let (conversation, sender, since, until, before) = (None, None, None, None, None);
    Search { reader, conversation, query, sender, since, until, before, limit: 99 }
}

async fn page(
    store: &Shared,
    reader: UserId,
    conversation: Option<ConversationKey>,
    q: &str,
    before: Option<Position>,
    limit: usize,
) -> Vec<(Position, String)> {
    store.indexed().await;
    let query = Arc::new(Query::parse(q).unwrap());
    let search = Search { conversation, before, limit, ..looking(reader, query) };
    let found = store.search(search).await.unwrap().messages;
    assert!(found.windows(2).all(|two| two[0].0 > two[1].0));
    found.into_iter().map(|(position, message)| (position, message.text.into())).collect()
}

/// What a user finds in all their conversations.
async fn find(store: &Shared, reader: UserId, q: &str) -> Vec<String> {
    page(store, reader, None, q, None, 99).await.into_iter().map(|(_, text)| text).collect()
}

/// What a user finds in one conversation.
async fn find_in(store: &Shared, reader: UserId, conversation: ConversationKey, q: &str) -> Vec<String> {
    page(store, reader, Some(conversation), q, None, 99).await.into_iter().map(|(_, text)| text).collect()
}

async fn group(store: &Shared, owner: UserId, members: &[UserId], history: HistoryAccess) -> ConversationKey {
    let at = now();
    let id = ConversationId::mint(at, u128::from(at.as_millis().unsigned_abs()));
    let (title, members) = ("Group".into(), members.to_vec());
    store.create_group(NewGroup { id, owner, title, history, members, at }).await.unwrap().key
}

async fn set_member(store: &Shared, key: ConversationKey, by: UserId, user: UserId, role: Option<Role>) {
    let changed_seq = store.conversation_by_key(key).await.unwrap().unwrap().changed_seq;
    let members = vec![(user, role)];
    let change =
        GroupChange { conversation: key, by, at: now(), changed_seq, title: None, history: None, members };
    store.change_group(change).await.unwrap().unwrap();
}

async fn say(store: &Shared, group: ConversationKey, from: UserId, what: &str) {
    append(store, entry(Target::Group(group), from, text(what))).await.unwrap();
}

pub(crate) async fn words_are_found_the_newest_first(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    for what in ["Crème brûlée", "creme", "", "🎉", "the CREAM of the crop", "a \"quoted\" AND b*", "brulee"]
    {
        send(&store, ann, bob, what).await;
    }
    for reader in [ann, bob] {
        assert_eq!(find(&store, reader, "crè").await, ["the CREAM of the crop", "creme", "Crème brûlée"]);
        assert_eq!(find(&store, reader, "creme").await, ["creme", "Crème brûlée"]);
        assert_eq!(find(&store, reader, "BRULEE CR").await, ["Crème brûlée"]);
        // Only the last word may be a beginning.
        assert_eq!(find(&store, reader, "cr brulee").await, [""; 0]);
        assert_eq!(find(&store, reader, "c").await.len(), 3);
        assert_eq!(find(&store, reader, "\"quoted\" AND (b*").await, ["a \"quoted\" AND b*"]);
        assert_eq!(find(&store, reader, "c1").await, [""; 0]);
        assert_eq!(find(&store, reader, "conversation").await, [""; 0]);
    }
}

pub(crate) async fn what_has_no_spaces_is_found_inside(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    for what in ["我在北京大学", "京都と東京", "저는 서울에 살아요", "ฉันอยู่ประเทศไทย"]
    {
        send(&store, ann, bob, what).await;
    }
    assert_eq!(find(&store, bob, "北京").await, ["我在北京大学"]);
    assert_eq!(find(&store, bob, "京大学").await, ["我在北京大学"]);
    assert_eq!(find(&store, bob, "京").await, ["京都と東京", "我在北京大学"]);
    assert_eq!(find(&store, bob, "東 京都").await, ["京都と東京"]);
    assert_eq!(find(&store, bob, "서울").await, ["저는 서울에 살아요"]);
    assert_eq!(find(&store, bob, "ประเทศ").await, ["ฉันอยู่ประเทศไทย"]);
    assert_eq!(find(&store, bob, "京北").await, [""; 0]);
    // Letters that stand for several, with spaces and brackets between them.
    for what in ["ﷺ", "⑴", "㈠"] {
        send(&store, ann, bob, what).await;
        assert_eq!(find(&store, bob, what).await, [what]);
        assert_eq!(find(&store, bob, &format!("hello {what}")).await, [""; 0]);
    }
}

pub(crate) async fn long_words_and_many_are_told_apart(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let words = ["incomprehensible", "incomprehensibly", "incomprehensibilities", "incomprehensibility"];
    for what in words.into_iter().chain(["one two three four five six", "one two three four five"]) {
        send(&store, ann, bob, what).await;
    }
    assert_eq!(find(&store, bob, "incomprehensible").await, ["incomprehensible"]);
    assert_eq!(find(&store, bob, "incomprehensibility").await, ["incomprehensibility"]);
    assert_eq!(find(&store, bob, "incomprehensibilit").await, [words[3], words[2]]);
    assert_eq!(find(&store, bob, "incomprehensib").await.len(), 4);
    assert_eq!(find(&store, bob, "incomprehensibilities one").await, [""; 0]);
    assert_eq!(find(&store, bob, "six five four three two o").await, ["one two three four five six"]);
    assert_eq!(find(&store, bob, "five four three two on").await.len(), 2);
}

pub(crate) async fn who_is_not_a_member_finds_nothing(store: Shared) {
    let (ann, bob, eve) = (user(&store, "ann").await, user(&store, "bob").await, user(&store, "eve").await);
    let (here, _) = send(&store, ann, bob, "secret here").await;
    let (there, _) = send(&store, eve, bob, "secret there").await;
    assert_eq!(find(&store, ann, "secret").await, ["secret here"]);
    assert_eq!(find(&store, bob, "secret").await, ["secret there", "secret here"]);
    assert_eq!(find_in(&store, bob, here, "secret").await, ["secret here"]);
    assert_eq!(find_in(&store, ann, there, "secret").await, [""; 0]);
    assert_eq!(find_in(&store, ann, ConversationKey(99), "secret").await, [""; 0]);
    let stranger = user(&store, "stranger").await;
    assert_eq!(find(&store, stranger, "secret").await, [""; 0]);
}

pub(crate) async fn members_find_what_they_may_see(store: Shared) {
    let (ann, bob, eve) = (user(&store, "ann").await, user(&store, "bob").await, user(&store, "eve").await);
    for (history, before) in [(HistoryAccess::Joined, false), (HistoryAccess::All, true)] {
        let group = group(&store, ann, &[bob], history).await;
        say(&store, group, ann, "plan one").await;
        assert_eq!(find_in(&store, eve, group, "plan").await, [""; 0]);
        set_member(&store, group, ann, eve, Some(Role::Member)).await;
        say(&store, group, bob, "plan two").await;
        let expected = if before { &["plan two", "plan one"][..] } else { &["plan two"] };
        assert_eq!(find_in(&store, eve, group, "plan").await, expected);
        // A former member finds nothing in the group.
        set_member(&store, group, ann, bob, None).await;
        assert_eq!(find(&store, bob, "plan").await, [""; 0]);
        assert_eq!(find_in(&store, bob, group, "plan").await, [""; 0]);
        assert_eq!(find_in(&store, ann, group, "plan").await, ["plan two", "plan one"]);
    }
}

pub(crate) async fn what_is_hidden_is_not_found(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    store.block(bob, ann, now(), 9).await.unwrap();
    let sent =
        append(&store, entry(to(bob), ann, text("psst"))).await.unwrap().entry().message.clone().unwrap();
    store.unblock(bob, ann).await.unwrap();
    send(&store, ann, bob, "psst again").await;
    assert_eq!(find(&store, ann, "psst").await, ["psst again", "psst"]);
    assert_eq!(find(&store, bob, "psst").await, ["psst again"]);
    assert_eq!(find_in(&store, bob, sent.conversation, "psst").await, ["psst again"]);
}

pub(crate) async fn changes_are_found_as_they_are_now(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let (key, id) = send(&store, ann, bob, "first words").await;
    let (_, other) = send(&store, ann, bob, "other words").await;
    let place = Target::Direct(key);
    assert_eq!(find(&store, bob, "words").await.len(), 2);
    for text in ["second words", "third words"] {
        append(&store, entry(place, ann, Action::Edit { id, text: text.into() })).await.unwrap();
    }
    assert_eq!(find(&store, bob, "words").await, ["other words", "third words"]);
    assert_eq!(find(&store, bob, "first").await, [""; 0]);
    assert_eq!(find(&store, bob, "third").await, ["third words"]);
    // A text may lose all its words and get them back, many times before it is indexed.
    let (_, third) = send(&store, bob, ann, "more").await;
    for round in 0..2 {
        for text in ["🎉", "again words", "🎉"] {
            append(&store, entry(place, bob, Action::Edit { id: third, text: text.into() })).await.unwrap();
            if round == 0 {
                assert_eq!(find(&store, bob, "again").await.len(), usize::from(text != "🎉"));
            }
        }
    }
    assert_eq!(find(&store, bob, "words").await, ["other words", "third words"]);
    let react = Action::React { id, emoji: "👍".into(), on: true };
    append(&store, entry(place, bob, react)).await.unwrap();
    assert_eq!(find(&store, bob, "third").await, ["third words"]);
    append(&store, entry(place, ann, Action::Delete { id: other })).await.unwrap();
    assert_eq!(find(&store, bob, "words").await, ["third words"]);
    append(&store, entry(place, ann, Action::Delete { id })).await.unwrap();
    assert_eq!(find(&store, ann, "words").await, [""; 0]);
}

pub(crate) async fn what_is_found_pages(store: Shared) {
    let ann = user(&store, "ann").await;
    let others = [user(&store, "bob").await, user(&store, "eve").await, user(&store, "kim").await];
    for count in 0..700 {
        send(&store, ann, others[count % 3], &format!("number {count}")).await;
        send(&store, others[0], others[1], "number of others").await;
    }
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let found = page(&store, ann, None, "numb", before, 64).await;
        let Some((position, _)) = found.last() else { break };
        before = Some(*position);
        seen.extend(found.into_iter().map(|(_, text)| text));
    }
    let expected: Vec<_> = (0..700).rev().map(|count| format!("number {count}")).collect();
    assert_eq!(seen, expected);
}

pub(crate) async fn many_conversations_are_searched_as_one(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let mut groups = Vec::new();
    for _ in 0..600 {
        groups.push(group(&store, ann, &[], HistoryAccess::All).await);
    }
    // The messages are stored in another order than the conversations.
    for count in 0..600 {
        say(&store, groups[count * 7 % 600], ann, &format!("number {count}")).await;
    }
    let found = page(&store, ann, None, "number", None, 25).await;
    let texts: Vec<_> = found.iter().map(|(_, text)| text.clone()).collect();
    assert_eq!(texts, (575..600).rev().map(|count| format!("number {count}")).collect::<Vec<_>>());
    assert_eq!(find(&store, ann, "number").await.len(), 99);
    assert_eq!(find(&store, ann, "number 3").await.len(), 99);
    assert_eq!(find(&store, ann, "number 598").await, ["number 598"]);
    assert_eq!(find(&store, bob, "number").await, [""; 0]);
}

pub(crate) async fn a_search_is_narrowed_to_a_sender_and_a_time(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let start = now();
    let at = |minutes: u64| start.plus(Duration::from_mins(minutes));
    for (minutes, from, other, what) in [
        (0, ann, bob, "tide one"),
        (1, bob, ann, "tide two"),
        (2, ann, bob, "tide three"),
        (3, ann, bob, "ebb"),
    ] {
        let entry = Append { at: at(minutes), ..entry(to(other), from, text(what)) };
        append(&store, entry).await.unwrap();
    }
    store.indexed().await;
    let query = Arc::new(Query::parse("tide").unwrap());
    let find = async |sender, since, until| {
        let search = Search { sender, since, until, ..looking(bob, query.clone()) };
        let found = store.search(search).await.unwrap().messages;
        found.into_iter().map(|(_, message)| message.text.into()).collect::<Vec<String>>()
    };
    assert_eq!(find(Some(ann), None, None).await, ["tide three", "tide one"]);
    assert_eq!(find(Some(bob), None, None).await, ["tide two"]);
    // From its beginning, up to its end and without it.
    assert_eq!(find(None, Some(at(1)), None).await, ["tide three", "tide two"]);
    assert_eq!(find(None, None, Some(at(2))).await, ["tide two", "tide one"]);
    assert_eq!(find(None, Some(at(1)), Some(at(2))).await, ["tide two"]);
    assert_eq!(find(Some(ann), Some(at(1)), Some(at(2))).await, [""; 0]);
}
