use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::store::{
    AccountStore, Action, Append, ConversationKey, ConversationStore, FirstCode, GroupChange, MessageStore,
    NewAccount, OneTimeCode, Origin, Purpose, Submitted, Target, UserId,
};
use domain::{Clock, Live, Settings};
use protocol::{
    ChangeConversation, ConversationId, HistoryAccess, NewGroup, PutMember, Role, SendMessage, Timestamp,
};

use crate::faulty::Late;
use crate::support::{World, settings, to};

fn crew(members: &[&str]) -> NewGroup {
    let members = members.iter().map(|name| (*name).to_owned()).collect();
    NewGroup { title: "Crew".into(), members, history: None }
}

/// Renames a group in the store alone, so that only the announcer reads it.
async fn rename(world: &World, conversation: ConversationKey, (by, changed_seq): (UserId, u64), title: &str) {
    let (at, title) = (world.clock.now(), Some(title.to_owned()));
    let change = GroupChange { conversation, by, at, changed_seq, title, history: None, members: Vec::new() };
    world.store.change_group(change).await.unwrap().unwrap();
}

/// Adds members to a group in the store alone, so that only the announcer reads it.
async fn add_unheard(
    world: &World,
    conversation: ConversationKey,
    (by, changed_seq): (UserId, u64),
    users: &[UserId],
) {
    let at = world.clock.now();
    let members = users.iter().map(|user| (*user, Some(Role::Member))).collect();
    let change = GroupChange { conversation, by, at, changed_seq, title: None, history: None, members };
    world.store.change_group(change).await.unwrap().unwrap();
}

/// Makes users in the store alone, who cannot log in.
async fn many(world: &World, count: usize) -> Vec<UserId> {
    let mut many = Vec::new();
    for number in 0..count {
        let username = format!("member-{number}");
        let (email, password_hash, created_at) = (None, "hash".into(), world.clock.now());
        let display_name = username.clone();
        let account = NewAccount { username, display_name, email, password_hash, created_at, invite: None };
        let code = OneTimeCode {
            purpose: Purpose::Verify,
            hash: [0; 32],
            salt: [0; 16],
            expires_at: Timestamp::default(),
            asker: None,
            email: None,
        };
        let made =
            world.store.create_account(account, FirstCode::Drawn(code), Timestamp::default()).await.unwrap();
        many.push(made.unwrap());
    }
    many
}

/// Begins to store a text in a group.
fn submit(world: &World, conversation: ConversationKey, sender: UserId, text: &str) -> Submitted {
    let (client_id, text, reply_to) = (None, text.into(), None);
    let action = Action::Message { client_id, text, reply_to, attachments: Vec::new() };
    let (target, at) = (Target::Group(conversation), world.clock.now());
    let append = Append { target, sender, at, random: 1, action, mentions: Vec::new() };
    world.store.submit(append, Origin::default())
}

#[tokio::test]
async fn what_stays_as_it_is_is_no_change() {
    let world = World::new();
    let ann = world.person("ann").await;
    let id = world.domain.groups.create(&ann, crew(&[])).await.unwrap().id;
    let change = async |title: Option<&str>, history| {
        let request =
            ChangeConversation { title: title.map(str::to_owned), history, ..ChangeConversation::default() };
        world.domain.groups.change(&ann, id, request).await.unwrap().head_seq
    };
    assert_eq!(change(Some(" Crew "), Some(HistoryAccess::Joined)).await, 1);
    assert_eq!(change(Some("Crew"), Some(HistoryAccess::All)).await, 2);
    assert_eq!(change(Some("Harbour"), Some(HistoryAccess::All)).await, 3);
    let changes = world.domain.conversations.changes(&ann, id, (1, u64::MAX), 9).await.unwrap();
    let changes: Vec<_> = changes.iter().map(|change| (change.title.as_deref(), change.history)).collect();
    assert_eq!(changes, [(None, Some(HistoryAccess::All)), (Some("Harbour"), None)]);
}

#[tokio::test]
async fn a_change_names_a_new_member_even_if_the_cache_does_not_have_them() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let id = world.domain.groups.create(&ann, crew(&[])).await.unwrap().id;
    let key = world.store.conversation_key(id).await.unwrap().unwrap();
    add_unheard(&world, key, (ann.person.id, 1), &[bob.person.id]).await;
    let changes = world.domain.conversations.changes(&ann, id, (1, u64::MAX), 9).await.unwrap();
    assert_eq!(changes[0].joined, ["bob"]);
}

#[tokio::test]
async fn a_new_member_is_let_in_although_the_cache_does_not_have_them() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let id = world.domain.groups.create(&ann, crew(&[])).await.unwrap().id;
    let key = world.store.conversation_key(id).await.unwrap().unwrap();
    assert!(world.domain.conversations.get(&bob, id).await.is_err());
    add_unheard(&world, key, (ann.person.id, 1), &[bob.person.id]).await;
    assert_eq!(world.domain.conversations.get(&bob, id).await.unwrap().members.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn after_changes_at_the_same_time_the_last_state_told_is_the_stored_one() {
    let world = World::new();
    let ann = world.person("ann").await;
    let id = world.domain.groups.create(&ann, crew(&[])).await.unwrap().id;
    let key = world.store.conversation_key(id).await.unwrap().unwrap();
    world.settled().await;
    // The first is read to be told, and told only after many others are stored: those are told together.
    let (is_known, let_go) = Late::next(&world.faulty.late_view);
    rename(&world, key, (ann.person.id, 1), "First").await;
    is_known.await.unwrap();
    for seq in 2..=101 {
        rename(&world, key, (ann.person.id, seq), &format!("Number {seq}")).await;
    }
    let_go.send(()).unwrap();
    world.settled().await;
    let told = std::mem::take(&mut *world.told.live.lock());
    let views = told.iter().filter_map(|(_, live)| match live {
        Live::Conversation(view) => Some(view),
        _ => None,
    });
    let (mut titles, mut changes) = (Vec::new(), Vec::new());
    for view in views {
        titles.push(view.title.clone().unwrap());
        changes.extend(view.changes.iter().map(|change| change.seq));
    }
    // Each is told once, although it is the last title that is told each time.
    assert_eq!(titles, [&["Crew", "First"][..], &["Number 101"; 4]].concat());
    assert_eq!(changes, (1..=102).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn in_a_large_group_who_comes_is_told_however_much_else_changes() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let id = world.domain.groups.create(&ann, crew(&[])).await.unwrap().id;
    let key = world.store.conversation_key(id).await.unwrap().unwrap();
    let many = many(&world, 260).await;
    add_unheard(&world, key, (ann.person.id, 1), &many).await;
    world.settled().await;
    world.told.live.lock().clear();
    let (is_known, let_go) = Late::next(&world.faulty.late_view);
    rename(&world, key, (ann.person.id, 2), "First").await;
    is_known.await.unwrap();
    rename(&world, key, (ann.person.id, 3), "Second").await;
    add_unheard(&world, key, (ann.person.id, 4), &[bob.person.id]).await;
    let_go.send(()).unwrap();
    world.settled().await;
    let told = std::mem::take(&mut *world.told.live.lock());
    let of_bob = told.iter().filter(|(users, _)| users.contains(&bob.person.id));
    let titles = of_bob.map(|(_, live)| match live {
        Live::Conversation(view) => view.title.as_deref(),
        _ => None,
    });
    assert_eq!(titles.collect::<Vec<_>>(), [Some("Second")]);
}

#[tokio::test(start_paused = true)]
async fn what_is_told_of_a_group_keeps_its_place_among_the_messages() {
    let world = World::new();
    let (ann, _) = (world.person("ann").await, world.person("bob").await);
    let id = world.domain.groups.create(&ann, crew(&["bob"])).await.unwrap().id;
    let say =
        |text: &str| SendMessage { conversation_id: Some(id), text: text.into(), ..SendMessage::default() };
    world.settled().await;
    world.told.live.lock().clear();
    // The change takes its time to be told; what comes behind it waits, and what is elsewhere does not.
    let key = world.store.conversation_key(id).await.unwrap().unwrap();
    let (is_known, let_go) = Late::next(&world.faulty.late_view);
    rename(&world, key, (ann.person.id, 1), "Tea").await;
    is_known.await.unwrap();
    for request in [say("behind"), to("bob", "elsewhere")] {
        world.domain.messages.send(&ann, request, None).await.unwrap().stored().await.unwrap();
    }
    while !world.told.live.lock().iter().any(|(_, live)| text_of(live) == Some("elsewhere")) {
        tokio::task::yield_now().await;
    }
    assert!(!world.told.live.lock().iter().any(|(_, live)| text_of(live) == Some("behind")));
    let_go.send(()).unwrap();
    world.settled().await;
    let told = std::mem::take(&mut *world.told.live.lock());
    let in_group = told.iter().filter_map(|(users, live)| match live {
        Live::Conversation(view) if view.id == id => Some((users.len(), view.title.as_deref())),
        Live::Entry { message, .. } if message.conversation_id == id => {
            Some((users.len(), Some(&*message.text)))
        }
        _ => None,
    });
    assert_eq!(in_group.collect::<Vec<_>>(), [(1, Some("Tea")), (1, Some("Tea")), (2, Some("behind"))]);
}

#[tokio::test(start_paused = true)]
async fn a_view_that_takes_too_long_to_read_is_not_waited_for() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let id = world.domain.groups.create(&ann, crew(&["bob"])).await.unwrap().id;
    let key = world.store.conversation_key(id).await.unwrap().unwrap();
    world.settled().await;
    world.told.live.lock().clear();
    // Never let go.
    let (is_known, _kept) = Late::next(&world.faulty.late_view);
    rename(&world, key, (ann.person.id, 1), "Tea").await;
    is_known.await.unwrap();
    let behind = SendMessage { conversation_id: Some(id), text: "behind".into(), ..SendMessage::default() };
    world.send(&bob, behind).await.unwrap();
    assert_eq!(*world.told.interrupted.lock(), [Some(vec![ann.person.id])]);
    let told = std::mem::take(&mut *world.told.live.lock());
    let told: Vec<_> = told.iter().map(|(users, live)| (users.len(), text_of(live))).collect();
    assert_eq!(told, [(1, None), (2, Some("behind"))]);
}

#[tokio::test(start_paused = true)]
async fn a_group_that_begins_is_told_to_all_members_and_read_for_none() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    world.settled().await;
    world.told.live.lock().clear();
    // A view that is read would never come.
    let (_is_known, _kept) = Late::next(&world.faulty.late_view);
    let (at, title, history) = (world.clock.now(), "Crew".into(), HistoryAccess::Joined);
    let (id, owner, members) = (ConversationId::mint(at, 1), ann.person.id, vec![bob.person.id]);
    let group = domain::store::NewGroup { id, owner, title, history, members, at };
    world.store.create_group(group).await.unwrap();
    world.settled().await;
    let told = std::mem::take(&mut *world.told.live.lock());
    let [(users, Live::Conversation(view))] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(*users, [ann.person.id, bob.person.id]);
    assert_eq!((view.unread, view.muted, view.members.len()), (0, false, 2));
}

#[tokio::test]
async fn a_mute_ends_by_the_clock_alone() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let id = world.domain.groups.create(&ann, crew(&["bob"])).await.unwrap().id;
    let change = async |muted, muted_until| {
        let request = ChangeConversation { muted, muted_until, ..ChangeConversation::default() };
        world.domain.groups.change(&ann, id, request).await.map(|view| (view.muted, view.muted_until))
    };
    let of = async |caller| {
        let view = world.domain.conversations.get(caller, id).await.unwrap();
        (view.muted, view.muted_until)
    };
    let hour = Duration::from_hours(1);
    let end = world.clock.now().plus(hour);
    assert_eq!(change(Some(true), Some(end)).await.unwrap(), (true, Some(end)));
    assert_eq!(of(&bob).await, (false, None));
    // What says nothing of it leaves it.
    assert_eq!(change(None, None).await.unwrap(), (true, Some(end)));
    world.clock.advance(Duration::from_millis(3_599_999));
    assert_eq!(of(&ann).await, (true, Some(end)));
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(of(&ann).await, (false, None));

    assert_eq!(change(Some(true), None).await.unwrap(), (true, None));
    world.clock.advance(365 * 24 * hour);
    assert_eq!(of(&ann).await, (true, None));
    let later = world.clock.now().plus(hour);
    for (muted, until) in [(Some(true), world.clock.now()), (Some(false), later), (None, later)] {
        assert_eq!(change(muted, Some(until)).await.unwrap_err().field.as_deref(), Some("mutedUntil"));
    }
    assert_eq!(of(&ann).await, (true, None));
    assert_eq!(change(Some(false), None).await.unwrap(), (false, None));
}

#[tokio::test]
async fn telling_a_view_does_not_restart_a_read_of_the_log() {
    let world = World::new();
    let ann = world.person("ann").await;
    let id = world.domain.groups.create(&ann, crew(&[])).await.unwrap().id;
    world.settled().await;
    let before = world.faulty.follows.load(Ordering::SeqCst);
    world.told.live.lock().clear();
    for round in 1..=9 {
        let request = ChangeConversation { muted: Some(round % 2 == 1), ..ChangeConversation::default() };
        world.domain.groups.change(&ann, id, request).await.unwrap();
        while world.told.live.lock().len() < round {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(world.faulty.follows.load(Ordering::SeqCst), before);
}

#[tokio::test(start_paused = true)]
async fn the_announcer_stops_reading_the_log_while_too_many_entries_wait() {
    const TEXT: usize = 64 * 1024;
    let world = World::new();
    let ann = world.person("ann").await;
    let id = world.domain.groups.create(&ann, crew(&[])).await.unwrap().id;
    let key = world.store.conversation_key(id).await.unwrap().unwrap();
    world.settled().await;
    let (is_known, let_go) = Late::next(&world.faulty.late_view);
    rename(&world, key, (ann.person.id, 1), "Tea").await;
    is_known.await.unwrap();
    let before = world.faulty.follows.load(Ordering::SeqCst);
    let send = async |count: usize| {
        for _ in 0..count {
            submit(&world, key, ann.person.id, &"x".repeat(TEXT)).stored().await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    send(1000).await;
    let taken = world.faulty.follows.load(Ordering::SeqCst) - before;
    assert!((400..600).contains(&taken), "{taken}");
    let_go.send(()).unwrap();
    world.settled().await;
    let told = world.told.live.lock().iter().filter(|(_, live)| text_of(live).is_some()).count();
    assert_eq!(told, 1000);
}

#[tokio::test]
async fn a_change_of_a_large_group_reads_those_whom_it_names() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("Bob").await);
    let id = world.domain.groups.create(&ann, crew(&[])).await.unwrap().id;
    let key = world.store.conversation_key(id).await.unwrap().unwrap();
    let many = many(&world, 300).await;
    add_unheard(&world, key, (ann.person.id, 1), &many).await;
    world.settled().await;
    let before = world.faulty.whole_reads.load(Ordering::SeqCst);
    world.told.live.lock().clear();
    let request = ChangeConversation { title: Some("Harbour".into()), ..ChangeConversation::default() };
    world.domain.groups.change(&ann, id, request).await.unwrap();
    world.settled().await;
    let put = async |role| {
        world.domain.groups.put_member(&ann, id, "bob", PutMember { role }).await.unwrap();
        world.settled().await;
    };
    put(None).await;
    put(Some(Role::Admin)).await;
    world.domain.groups.leave(&bob, id).await.unwrap();
    let mention =
        SendMessage { conversation_id: Some(id), text: "@bob @member-7".into(), ..SendMessage::default() };
    let sent = world.send(&ann, mention).await.unwrap();
    assert_eq!(sent.message.mentions, ["member-7"]);
    assert_eq!(world.faulty.whole_reads.load(Ordering::SeqCst), before);
    let told = std::mem::take(&mut *world.told.live.lock());
    let of_ann = told.iter().filter_map(|(users, live)| match live {
        Live::Conversation(view) if users.contains(&ann.person.id) => {
            let names: Vec<_> = view.members.iter().map(|member| &*member.username).collect();
            Some((names, view.member_count, view.changes.iter().map(|change| change.seq).collect::<Vec<_>>()))
        }
        _ => None,
    });
    assert_eq!(
        of_ann.collect::<Vec<_>>(),
        [
            (vec!["ann"], 301, vec![3]),
            (vec!["ann", "Bob"], 302, vec![4]),
            (vec!["ann", "Bob"], 302, vec![5]),
            (vec!["ann"], 301, vec![6]),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn who_joins_is_told_of_the_changes_from_then_on() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let id = world.domain.groups.create(&ann, crew(&[])).await.unwrap().id;
    let key = world.store.conversation_key(id).await.unwrap().unwrap();
    world.settled().await;
    world.told.live.lock().clear();
    let (is_known, let_go) = Late::next(&world.faulty.late_view);
    rename(&world, key, (ann.person.id, 1), "First").await;
    is_known.await.unwrap();
    rename(&world, key, (ann.person.id, 2), "Before Bob").await;
    add_unheard(&world, key, (ann.person.id, 3), &[bob.person.id]).await;
    rename(&world, key, (ann.person.id, 4), "With Bob").await;
    let_go.send(()).unwrap();
    world.settled().await;
    let told = std::mem::take(&mut *world.told.live.lock());
    let changes_of = |user: UserId| {
        let views = told.iter().filter(move |(users, _)| users.contains(&user));
        let changes = views.filter_map(|(_, live)| match live {
            Live::Conversation(view) => Some(view.changes.iter().map(|change| change.seq).collect()),
            _ => None,
        });
        changes.collect::<Vec<Vec<_>>>()
    };
    assert_eq!(changes_of(ann.person.id), [vec![2], vec![3, 4, 5]]);
    assert_eq!(changes_of(bob.person.id), [vec![4, 5]]);
}

/// More of them would make the commit longer that everybody waits for.
#[tokio::test(start_paused = true)]
async fn few_long_texts_of_one_person_are_on_their_way_at_a_time() {
    let world = World::with(&Settings { text_bytes: 16 << 10, ..settings() });
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let id = world.domain.groups.create(&ann, crew(&["bob"])).await.unwrap().id;
    let key = world.store.conversation_key(id).await.unwrap().unwrap();
    world.settled().await;
    let long =
        || SendMessage { conversation_id: Some(id), text: "x".repeat(16 << 10), ..SendMessage::default() };
    // Nothing behind it is announced.
    let (is_known, let_go) = Late::next(&world.faulty.late_view);
    rename(&world, key, (ann.person.id, 1), "Tea").await;
    is_known.await.unwrap();
    let send =
        async |who| world.domain.messages.send(who, long(), None).await.unwrap().stored().await.unwrap();
    send(&ann).await;
    send(&ann).await;
    let mut third = std::pin::pin!(send(&ann));
    assert!(tokio::time::timeout(Duration::from_millis(100), &mut third).await.is_err());
    // Short ones and those of others do not wait.
    let short = SendMessage { text: "short".into(), ..long() };
    world.domain.messages.send(&ann, short, None).await.unwrap().stored().await.unwrap();
    send(&bob).await;
    let_go.send(()).unwrap();
    assert_eq!(third.await.message.seq, 7);
}

#[tokio::test]
async fn messages_stored_together_are_told_to_many_people_together() {
    let world = World::new();
    let ann = world.person("ann").await;
    let id = world.domain.groups.create(&ann, crew(&[])).await.unwrap().id;
    let key = world.store.conversation_key(id).await.unwrap().unwrap();
    // More than are told of a message in one turn.
    let many = many(&world, 600).await;
    add_unheard(&world, key, (ann.person.id, 1), &many).await;
    world.settled().await;
    world.told.live.lock().clear();
    // All are stored before the announcer has its turn.
    let submitted = ["one", "two", "three"].map(|text| submit(&world, key, ann.person.id, text));
    for submitted in submitted {
        submitted.stored().await.unwrap();
    }
    world.settled().await;
    let told = std::mem::take(&mut *world.told.live.lock());
    let of_one = |user: UserId| {
        let places = told.iter().enumerate().filter(move |(_, (users, _))| users.contains(&user));
        places.map(|(place, (_, live))| (place, text_of(live))).collect::<Vec<_>>()
    };
    assert_eq!(of_one(many[0]), [(0, Some("one")), (1, Some("two")), (2, Some("three"))]);
    assert_eq!(of_one(many[599]), [(3, Some("one")), (4, Some("two")), (5, Some("three"))]);
}

#[tokio::test]
async fn who_is_taken_out_is_told_before_what_comes_behind_it() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let id = world.domain.groups.create(&ann, crew(&["bob"])).await.unwrap().id;
    world.settled().await;
    world.told.live.lock().clear();
    world.domain.groups.remove_member(&ann, id, "bob").await.unwrap();
    let behind = SendMessage { conversation_id: Some(id), text: "behind".into(), ..SendMessage::default() };
    world.send(&ann, behind).await.unwrap();
    let told = std::mem::take(&mut *world.told.live.lock());
    let of_bob: Vec<_> = told.iter().filter(|(users, _)| users.contains(&bob.person.id)).collect();
    let [(_, Live::Conversation(view))] = of_bob.as_slice() else { panic!("{of_bob:?}") };
    assert_eq!(view.members.iter().map(|member| &*member.username).collect::<Vec<_>>(), ["ann"]);
    assert!(view.last_message.is_none());
}

/// The announcement of a removal may wait while the group goes on changing.
#[tokio::test]
async fn whoever_was_taken_out_is_told_nothing_of_later_changes() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let id = world.domain.groups.create(&ann, crew(&["bob"])).await.unwrap().id;
    let key = world.store.conversation_key(id).await.unwrap().unwrap();
    world.settled().await;
    let (is_known, let_go) = Late::next(&world.faulty.late_view);
    rename(&world, key, (ann.person.id, 1), "Tea").await;
    is_known.await.unwrap();
    world.told.live.lock().clear();
    world.domain.groups.remove_member(&ann, id, "bob").await.unwrap();
    rename(&world, key, (ann.person.id, 3), "Without Bob").await;
    let_go.send(()).unwrap();
    world.settled().await;
    let told = std::mem::take(&mut *world.told.live.lock());
    for (users, live) in &told {
        let Live::Conversation(view) = live else { continue };
        assert!(!users.contains(&bob.person.id) || view.title.as_deref() == Some("Tea"), "{view:?}");
    }
    assert!(world.told.interrupted.lock().contains(&Some(vec![bob.person.id])));
}

fn text_of(live: &Live) -> Option<&str> {
    match live {
        Live::Entry { message, .. } => Some(&message.text),
        _ => None,
    }
}
