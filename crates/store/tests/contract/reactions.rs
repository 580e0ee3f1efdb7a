use domain::store::{
    Action, AppendError, ConversationKey, EntryKind, NewGroup, Reacted, Reaction, Target, UserId,
};
use protocol::{ConversationId, HistoryAccess, MessageId};

use crate::support::{Said, Shared, append, entry, now, send, text, user};

fn reacted(emoji: &str, users: &[UserId]) -> Reacted {
    Reacted { emoji: emoji.into(), count: users.len(), first: users.iter().take(20).copied().collect() }
}

pub(crate) async fn reactions_are_entries(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let (key, id) = send(&store, ann, bob, "hi").await;
    let react = |user, emoji: &str, on| {
        let change = Action::React { id, emoji: emoji.into(), on };
        append(&store, entry(Target::Direct(key), user, change))
    };
    let first = react(bob, "👍", true).await.unwrap();
    assert_eq!(
        (first.entry().kind, first.entry().seq, first.duplicate),
        (EntryKind::MessageChange, 2, false)
    );
    assert_eq!(first.entry().said().change_seq, Some(2));
    assert!(react(bob, "👍", true).await.unwrap().duplicate);
    react(ann, "👍", true).await.unwrap();
    react(bob, "🎉", true).await.unwrap();
    let gone = react(bob, "👍", false).await.unwrap();
    assert_eq!(gone.entry().said().reactions, [reacted("🎉", &[bob]), reacted("👍", &[ann])]);
    assert!(react(bob, "👍", false).await.unwrap().duplicate);
    for number in 0..18 {
        react(ann, &format!("é{number}"), true).await.unwrap();
    }
    assert!(matches!(react(ann, "é18", true).await, Err(AppendError::ReactionsFull)));
    let delete = entry(Target::Direct(key), ann, Action::Delete { id });
    assert_eq!(append(&store, delete).await.unwrap().entry().said().reactions, []);
    assert!(matches!(react(bob, "👍", true).await, Err(AppendError::MessageDeleted)));
}

/// A group of `count` members, whose first is its owner, with a message of theirs.
async fn crowd(store: &Shared, count: usize) -> (Vec<UserId>, ConversationKey, MessageId) {
    let mut members = Vec::new();
    for number in 0..count {
        members.push(user(store, &format!("user{number:02}")).await);
    }
    let group = NewGroup {
        id: ConversationId::mint(now(), 1),
        owner: members[0],
        title: "Tea".into(),
        history: HistoryAccess::Joined,
        members: members[1..].to_vec(),
        at: now(),
    };
    let key = store.create_group(group).await.unwrap().key;
    let said = append(store, entry(Target::Group(key), members[0], text("hi"))).await.unwrap();
    (members, key, said.entry().said().id)
}

pub(crate) async fn of_many_reactions_the_first_are_shown(store: Shared) {
    let (members, key, id) = crowd(&store, 25).await;
    let react = async |user, on| {
        let change = Action::React { id, emoji: "👍".into(), on };
        append(&store, entry(Target::Group(key), user, change)).await.unwrap()
    };
    for (index, member) in members.iter().enumerate() {
        let reactions = react(*member, true).await.entry().said().reactions.clone();
        assert_eq!(reactions, [reacted("👍", &members[..=index])]);
    }
    assert!(react(members[24], true).await.duplicate);
    // In the place of somebody who takes theirs back comes the next, and theirs comes last if they react again.
    react(members[3], false).await;
    let again = react(members[3], true).await;
    let order = [&members[..3], &members[4..], &members[3..4]].concat();
    assert_eq!(again.entry().said().reactions, [reacted("👍", &order)]);
    assert_eq!(shown(&store, members[0], key).await, [reacted("👍", &order)]);
}

async fn shown(store: &Shared, reader: UserId, key: ConversationKey) -> Vec<Reacted> {
    let mut messages = store.messages_before(reader, key, u64::MAX, 1).await.unwrap();
    messages.remove(0).reactions
}

pub(crate) async fn all_reactions_are_listed_in_pages(store: Shared) {
    let (members, key, id) = crowd(&store, 7).await;
    for (number, member) in members.iter().enumerate() {
        let emoji = if number % 2 == 0 { "👍" } else { "🎉" };
        let change = Action::React { id, emoji: emoji.into(), on: true };
        append(&store, entry(Target::Group(key), *member, change)).await.unwrap();
    }
    let page = async |reader, after, limit| store.reactions(reader, key, id, after, limit).await.unwrap();
    let listed = page(members[6], None, 99).await.unwrap();
    let seen = |listed: &[Reaction]| -> Vec<_> {
        listed.iter().map(|reaction| (reaction.emoji.to_string(), reaction.user)).collect()
    };
    let of = |emoji: &str, numbers: &[usize]| -> Vec<_> {
        numbers.iter().map(|number| (emoji.to_owned(), members[*number])).collect()
    };
    assert_eq!(seen(&listed), [of("🎉", &[1, 3, 5]), of("👍", &[0, 2, 4, 6])].concat());
    let mut paged = Vec::new();
    while paged.len() < listed.len() {
        let after = paged.last().map(|last: &Reaction| (last.emoji.clone(), last.seq));
        paged.extend(page(members[6], after, 2).await.unwrap());
    }
    assert_eq!(paged, listed);
    // Nobody lists the reactions to a message that they may not see.
    let stranger = user(&store, "eve").await;
    assert!(page(stranger, None, 9).await.is_none());
    let group = store.conversation_by_key(key).await.unwrap().unwrap();
    let late = domain::store::GroupChange {
        conversation: key,
        by: members[0],
        at: now(),
        changed_seq: group.changed_seq,
        title: None,
        history: None,
        members: vec![(stranger, Some(protocol::Role::Member))],
    };
    store.change_group(late).await.unwrap().unwrap();
    assert!(page(stranger, None, 9).await.is_none());
}
