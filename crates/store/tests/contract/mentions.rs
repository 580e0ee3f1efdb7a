use domain::store::{Action, Append, GroupChange, NewGroup, Target, UserId};
use protocol::{ConversationId, HistoryAccess, Role};

use crate::support::{Said, Shared, append, entry, now, text, user};

pub(crate) async fn who_is_mentioned_is_kept_with_the_message(store: Shared) {
    let [ann, bob, eve] = [user(&store, "ann").await, user(&store, "bob").await, user(&store, "eve").await];
    let id = ConversationId::mint(now(), 1);
    let (title, history, at) = ("Crew".into(), HistoryAccess::All, now());
    let new = NewGroup { id, owner: ann, title, history, members: vec![bob], at };
    let group = store.create_group(new).await.unwrap();
    let (key, place) = (group.key, Target::Group(group.key));
    let naming =
        |action, mentions: &[UserId]| Append { mentions: mentions.to_vec(), ..entry(place, ann, action) };
    let kept = |store: Shared| async move {
        let messages = store.messages_before(ann, key, u64::MAX, 9).await.unwrap();
        messages.into_iter().map(|message| message.mentions.unwrap().into_vec()).collect::<Vec<_>>()
    };
    // Only members at the time of storing are mentioned.
    let sent = append(&store, naming(text("@bob @eve"), &[bob, eve])).await.unwrap();
    let said = sent.entry().said().clone();
    assert_eq!(said.mentions.as_deref(), Some(&[bob][..]));
    append(&store, naming(text("nobody"), &[])).await.unwrap();
    assert_eq!(kept(store.clone()).await, [vec![bob], vec![]]);
    let members = vec![(bob, None), (eve, Some(Role::Member))];
    let (at, changed_seq, title, history) = (now(), group.changed_seq, None, None);
    let change = GroupChange { conversation: key, by: ann, at, changed_seq, title, history, members };
    store.change_group(change).await.unwrap().unwrap();
    assert_eq!(kept(store.clone()).await, [vec![bob], vec![]]);
    // An edit names anew, a reaction changes nothing, a deletion leaves nothing.
    let edit = Action::Edit { id: said.id, text: "@eve @bob @ann".into() };
    append(&store, naming(edit, &[eve, bob, ann])).await.unwrap();
    assert_eq!(kept(store.clone()).await, [vec![eve, ann], vec![]]);
    append(&store, naming(Action::React { id: said.id, emoji: "👍".into(), on: true }, &[])).await.unwrap();
    assert_eq!(kept(store.clone()).await, [vec![eve, ann], vec![]]);
    append(&store, naming(Action::Delete { id: said.id }, &[])).await.unwrap();
    assert_eq!(kept(store).await, [vec![], vec![]]);
}
