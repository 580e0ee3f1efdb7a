use domain::store::{Action, AppendError, EntryKind, Origin, Target, UserId};

use crate::support::{Said, Shared, all, append, entry, named, pair, send, text, to, user};

pub(crate) async fn one_senders_calls_keep_their_order(store: Shared) {
    let (ann, _, key) = pair(&store).await;
    let submit = |count: usize| {
        let what = entry(Target::Direct(key), ann, text(&count.to_string()));
        store.submit(what, Origin::default())
    };
    let submitted: Vec<_> = (0..500).map(submit).collect();
    for submitted in submitted {
        submitted.stored().await.unwrap();
    }
    let texts: Vec<_> = all(&store, key).await[1..].iter().map(|entry| entry.said().text.clone()).collect();
    assert_eq!(texts, (0..500).map(|count| count.to_string().into_boxed_str()).collect::<Vec<_>>());
}

pub(crate) async fn a_repeat_is_stored_once(store: Shared) {
    let (ann, bob, key) = pair(&store).await;
    let first = append(&store, entry(Target::Direct(key), ann, named("c1", "hi"))).await.unwrap();
    assert!(!first.duplicate);
    // A message to the conversation and one to the person go to the same place.
    for target in [Target::Direct(key), to(bob)] {
        let again = append(&store, entry(target, ann, named("c1", "hi"))).await.unwrap();
        assert!(again.duplicate);
        assert_eq!(again.entry(), first.entry());
    }
    assert_eq!(all(&store, key).await.len(), 2);
    // The repeats used up no `seq`.
    let next = append(&store, entry(Target::Direct(key), ann, text("next"))).await.unwrap();
    assert_eq!(next.entry().seq, 3);
}

pub(crate) async fn repeats_at_the_same_time_are_stored_once(store: Shared) {
    let (ann, bob, key) = pair(&store).await;
    let tasks = (0..200).map(|index| {
        let store = store.clone();
        let client_id = format!("c{}", index % 10);
        tokio::spawn(
            async move { append(&store, entry(to(bob), ann, named(&client_id, "hi"))).await.unwrap() },
        )
    });
    let mut fresh = 0;
    for task in tasks.collect::<Vec<_>>() {
        fresh += usize::from(!task.await.unwrap().duplicate);
    }
    assert_eq!((fresh, all(&store, key).await.len()), (10, 11));
}

pub(crate) async fn a_client_id_with_another_body_is_refused(store: Shared) {
    let (ann, _, key) = pair(&store).await;
    let eve = user(&store, "eve").await;
    let first = append(&store, entry(Target::Direct(key), ann, named("c1", "hi"))).await.unwrap();
    let other_text = entry(Target::Direct(key), ann, named("c1", "ho"));
    let other_place = entry(to(eve), ann, named("c1", "hi"));
    let reply_to = Some(first.entry().said().id);
    let reply = Action::Message {
        client_id: Some("c1".into()),
        text: "hi".into(),
        reply_to,
        attachments: Vec::new(),
    };
    for reused in [other_text, other_place, entry(Target::Direct(key), ann, reply)] {
        assert!(matches!(append(&store, reused).await, Err(AppendError::ClientIdReused)));
    }
    assert_eq!(store.direct(ann, eve).await.unwrap(), None);
    assert_eq!(all(&store, key).await.len(), 2);
}

pub(crate) async fn a_changed_message_is_known_by_what_it_said_at_first(store: Shared) {
    let (ann, _, key) = pair(&store).await;
    let to = Target::Direct(key);
    let answered = all(&store, key).await[0].said().id;
    let said = |text: &str, reply_to| Action::Message {
        client_id: Some("c1".into()),
        text: text.into(),
        reply_to,
        attachments: Vec::new(),
    };
    let first = said("hi", Some(answered));
    let id = append(&store, entry(to, ann, first.clone())).await.unwrap().entry().said().id;
    let changes = [
        Action::Edit { id, text: "ho".into() },
        Action::Edit { id, text: "hu".into() },
        Action::Delete { id },
    ];
    for change in changes {
        let changed = append(&store, entry(to, ann, change)).await.unwrap().entry().said().clone();
        let again = append(&store, entry(to, ann, first.clone())).await.unwrap();
        assert!(again.duplicate);
        assert_eq!(*again.entry().said(), changed);
        for other in [said(&changed.text, Some(answered)), said("hi", None), said("ha", Some(answered))] {
            let reused = append(&store, entry(to, ann, other)).await;
            assert!(matches!(reused, Err(AppendError::ClientIdReused)));
        }
    }
}

pub(crate) async fn client_ids_of_others_do_not_matter(store: Shared) {
    let (ann, bob, key) = pair(&store).await;
    for sender in [ann, bob] {
        let sent = append(&store, entry(Target::Direct(key), sender, named("c1", "hi"))).await.unwrap();
        assert!(!sent.duplicate);
    }
}

pub(crate) async fn client_ids_come_back_as_they_were(store: Shared) {
    let (ann, _, key) = pair(&store).await;
    let spellings = [
        "0190b8a2-6c1e-7def-8123-456789abcdef",
        "0190B8A2-6C1E-7DEF-8123-456789ABCDEF",
        "0190b8a26c1e7def8123456789abcdef",
        "17",
        "ключ 🗝",
    ];
    for client_id in spellings {
        append(&store, entry(Target::Direct(key), ann, named(client_id, "hi"))).await.unwrap();
    }
    let stored = all(&store, key).await;
    let stored: Vec<_> = stored[1..].iter().filter_map(|entry| entry.said().client_id.as_deref()).collect();
    assert_eq!(stored, spellings);
}

pub(crate) async fn a_repeat_of_an_edited_message_is_still_a_repeat(store: Shared) {
    let (ann, _, key) = pair(&store).await;
    let place = Target::Direct(key);
    let first = append(&store, entry(place, ann, named("c1", "hi"))).await.unwrap();
    let edit = Action::Edit { id: first.entry().said().id, text: "hello".into() };
    append(&store, entry(place, ann, edit)).await.unwrap();
    let again = append(&store, entry(place, ann, named("c1", "hi"))).await.unwrap();
    assert!(again.duplicate);
    assert_eq!(again.entry().said().text.as_ref(), "hello");
}

pub(crate) async fn a_refused_first_message_leaves_no_conversation(store: Shared) {
    let (ann, bob, _) = pair(&store).await;
    let eve = user(&store, "eve").await;
    let (_, elsewhere) = send(&store, ann, bob, "x").await;
    let reply = Action::Message {
        client_id: None,
        text: "x".into(),
        reply_to: Some(elsewhere),
        attachments: Vec::new(),
    };
    assert!(matches!(append(&store, entry(to(eve), ann, reply)).await, Err(AppendError::ReplyUnknown)));
    let edit = Action::Edit { id: elsewhere, text: "x".into() };
    assert!(matches!(append(&store, entry(to(eve), ann, edit)).await, Err(AppendError::MessageUnknown)));
    assert_eq!(store.direct(ann, eve).await.unwrap(), None);
    assert!(store.conversations(eve, None, 9).await.unwrap().is_empty());
}

pub(crate) async fn a_reply_is_to_a_message_of_the_conversation(store: Shared) {
    let (ann, bob, key) = pair(&store).await;
    let eve = user(&store, "eve").await;
    let (_, elsewhere) = send(&store, ann, eve, "x").await;
    let (_, here) = send(&store, bob, ann, "question").await;
    let reply = |id| Action::Message {
        client_id: None,
        text: "answer".into(),
        reply_to: Some(id),
        attachments: Vec::new(),
    };
    let refused = append(&store, entry(Target::Direct(key), ann, reply(elsewhere))).await;
    assert!(matches!(refused, Err(AppendError::ReplyUnknown)));
    let stored = append(&store, entry(Target::Direct(key), ann, reply(here))).await.unwrap();
    assert_eq!(stored.entry().said().reply_to, Some(here));
    assert_eq!(all(&store, key).await.last().unwrap(), stored.entry());
}

pub(crate) async fn changes_are_entries_and_change_the_message(store: Shared) {
    let (ann, bob, key) = pair(&store).await;
    let (_, id) = send(&store, ann, bob, "helo").await;
    let place = Target::Direct(key);
    let edited = append(&store, entry(place, ann, Action::Edit { id, text: "hello".into() }))
        .await
        .unwrap()
        .entry()
        .clone();
    assert_eq!((edited.kind, edited.seq, edited.said().seq), (EntryKind::MessageChange, 3, 2));
    assert_eq!((edited.said().text.as_ref(), edited.said().change_seq), ("hello", Some(3)));
    assert!(edited.said().edited_at.is_some() && edited.said().deleted_at.is_none());

    let deleted = append(&store, entry(place, ann, Action::Delete { id })).await.unwrap().entry().clone();
    assert_eq!((deleted.kind, deleted.seq, deleted.said().text.as_ref()), (EntryKind::MessageChange, 4, ""));
    assert!(deleted.said().deleted_at.is_some());
    assert!(edited.position < deleted.position);

    // The log shows entries with the message as it is now, and the last change alone; history shows messages alone.
    let entries = all(&store, key).await;
    assert_eq!(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 2, 4]);
    assert!(entries[1..].iter().all(|entry| entry.said() == deleted.said()));
    let history = store.messages_after(UserId(1), key, 0, 9).await.unwrap();
    assert_eq!(history.iter().map(|message| message.seq).collect::<Vec<_>>(), [1, 2]);
    let record = store.conversation(bob, key).await.unwrap().unwrap();
    assert_eq!((record.head_seq, record.last_message.unwrap().seq), (4, 2));
    let gone = append(&store, entry(place, ann, Action::Edit { id, text: "x".into() })).await;
    assert!(matches!(gone, Err(AppendError::MessageDeleted)));
}

pub(crate) async fn only_its_sender_changes_a_message(store: Shared) {
    let (ann, bob, key) = pair(&store).await;
    let eve = user(&store, "eve").await;
    let (_, id) = send(&store, ann, bob, "mine").await;
    let (other_key, other_id) = send(&store, eve, ann, "elsewhere").await;
    let place = Target::Direct(key);
    for change in [Action::Edit { id, text: "x".into() }, Action::Delete { id }] {
        assert!(matches!(append(&store, entry(place, bob, change)).await, Err(AppendError::NotSender)));
    }
    let unknown = append(&store, entry(place, eve, Action::Delete { id: other_id })).await;
    assert!(matches!(unknown, Err(AppendError::MessageUnknown)));
    assert_eq!(all(&store, key).await.len(), 2);
    assert_eq!(all(&store, other_key).await.len(), 1);
}
