use std::collections::BTreeMap;

use domain::store::{
    Action, AppendError, ConversationKey, ConversationRecord, EntryKind, EntryRange, GroupChange, GroupEvent,
    Mute, NewGroup, Since, Target, UserId,
};
use protocol::{ConversationId, ConversationKind, HistoryAccess, MessageId, Role, limit};

use crate::support::{Said, Shared, append, entry, now, send, text, to, user};

async fn group(
    store: &Shared,
    owner: UserId,
    members: &[UserId],
    history: HistoryAccess,
) -> ConversationRecord {
    let at = now();
    let id = ConversationId::mint(at, u128::from(at.as_millis().unsigned_abs()));
    let members = members.to_vec();
    store.create_group(NewGroup { id, owner, title: "Crew".into(), history, members, at }).await.unwrap()
}

async fn change(
    store: &Shared,
    group: &ConversationRecord,
    by: UserId,
    members: Vec<(UserId, Option<Role>)>,
) -> Option<ConversationRecord> {
    let (conversation, changed_seq) = (group.key, group.changed_seq);
    let change =
        GroupChange { conversation, by, at: now(), changed_seq, title: None, history: None, members };
    store.change_group(change).await.unwrap()?;
    store.conversation_by_key(conversation).await.unwrap()
}

async fn say(
    store: &Shared,
    key: ConversationKey,
    from: UserId,
    what: &str,
) -> Result<MessageId, AppendError> {
    append(store, entry(Target::Group(key), from, text(what)))
        .await
        .map(|appended| appended.entry().said().id)
}

async fn texts(store: &Shared, key: ConversationKey, reader: UserId) -> Vec<String> {
    let messages = store.messages_after(reader, key, 0, 99).await.unwrap();
    let backwards = store.messages_before(reader, key, u64::MAX, 99).await.unwrap();
    assert_eq!(messages, backwards);
    messages.iter().map(|message| message.text.to_string()).collect()
}

/// The entries that a reader who has nothing yet is sent.
async fn sent(store: &Shared, reader: UserId, since: Since) -> Vec<(EntryKind, Option<String>)> {
    let behind = store.behind(reader, since).await.unwrap();
    let range = |of: &domain::store::Lag| EntryRange {
        conversation: of.conversation,
        reader,
        after_seq: of.after_seq,
        limit: 99,
        bytes: usize::MAX,
    };
    let read =
        store.entries(behind.iter().map(range).collect(), store.position().await.unwrap()).await.unwrap();
    let entries = read.into_iter().flat_map(|read| read.entries);
    entries.map(|entry| (entry.kind, entry.message.map(|message| message.text.into()))).collect()
}

pub(crate) async fn a_group_is_its_first_entry(store: Shared) {
    let (ann, bob, eve) = (user(&store, "ann").await, user(&store, "bob").await, user(&store, "eve").await);
    let record = group(&store, ann, &[bob], HistoryAccess::Joined).await;
    assert_eq!((record.kind, record.head_seq, record.changed_seq), (ConversationKind::Group, 1, 1));
    assert_eq!(record.title.as_deref(), Some("Crew"));
    let roles: Vec<_> = record.members.iter().map(|member| (member.user, member.role)).collect();
    assert_eq!(roles, [(ann, Role::Owner), (bob, Role::Member)]);
    for (reader, count) in [(ann, 1), (bob, 1), (eve, 0)] {
        assert_eq!(store.conversations(reader, None, 9).await.unwrap().len(), count);
        assert_eq!(sent(&store, reader, Since::Delivered).await, vec![(EntryKind::GroupChange, None); count]);
    }
    say(&store, record.key, bob, "aboard").await.unwrap();
    assert_eq!(store.conversation(ann, record.key).await.unwrap().unwrap().unread, 1);
    assert!(matches!(say(&store, record.key, eve, "me too").await, Err(AppendError::NotMember)));
    assert_eq!(
        store.position().await.unwrap(),
        store.conversation_by_key(record.key).await.unwrap().unwrap().head_position
    );
}

pub(crate) async fn who_joins_sees_what_the_group_is_set_to(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    for (history, seen) in
        [(HistoryAccess::Joined, vec!["after"]), (HistoryAccess::All, vec!["before", "after"])]
    {
        let record = group(&store, ann, &[], history).await;
        say(&store, record.key, ann, "before").await.unwrap();
        let start = store.position().await.unwrap();
        let record = change(&store, &record, ann, vec![(bob, Some(Role::Member))]).await.unwrap();
        assert_eq!((record.changed_seq, record.head_seq), (3, 3));
        say(&store, record.key, ann, "after").await.unwrap();
        assert_eq!(texts(&store, record.key, bob).await, seen);
        // Earlier messages can be read, but are not sent.
        let expected = [(EntryKind::GroupChange, None), (EntryKind::Message, Some("after".into()))];
        assert_eq!(sent(&store, bob, Since::Position(start)).await, expected);
        let view = store.conversation(bob, record.key).await.unwrap().unwrap();
        assert_eq!((view.unread, view.last_message.unwrap().text.as_ref()), (1, "after"));
    }
}

pub(crate) async fn what_was_before_who_joined_is_not_there_for_them_when_it_changes(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    for (history, sees) in [(HistoryAccess::Joined, false), (HistoryAccess::All, true)] {
        let record = group(&store, ann, &[], history).await;
        let id = say(&store, record.key, ann, "before").await.unwrap();
        let record = change(&store, &record, ann, vec![(bob, Some(Role::Member))]).await.unwrap();
        let start = store.position().await.unwrap();
        let target = Target::Group(record.key);
        let edit = Action::Edit { id, text: "edited".into() };
        let roster =
            append(&store, entry(target, ann, edit)).await.unwrap().committed.roster.clone().unwrap();
        assert_eq!(roster.contains(&bob), sees);
        assert_eq!(sent(&store, bob, Since::Position(start)).await.len(), usize::from(sees));
        assert_eq!(sent(&store, ann, Since::Position(start)).await.len(), 1);
        let view = store.conversation(bob, record.key).await.unwrap().unwrap();
        assert_eq!(view.last_message.is_some(), sees);
        let react = |user| entry(target, user, Action::React { id, emoji: "👍".into(), on: true });
        assert_eq!(append(&store, react(bob)).await.is_ok(), sees);
        let roster = append(&store, react(ann)).await.unwrap().committed.roster.clone().unwrap();
        assert_eq!(roster.contains(&bob), sees);
    }
}

pub(crate) async fn who_is_taken_out_sees_nothing_any_more(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let record = group(&store, ann, &[bob], HistoryAccess::All).await;
    say(&store, record.key, bob, "mine").await.unwrap();
    let record = change(&store, &record, ann, vec![(bob, None)]).await.unwrap();
    assert_eq!(record.others.iter().map(|(user, name)| (*user, &**name)).collect::<Vec<_>>(), [(bob, "bob")]);
    let later = append(&store, entry(Target::Group(record.key), ann, text("secret"))).await.unwrap();
    assert_eq!(&*later.committed.roster.clone().unwrap(), [ann]);
    assert!(store.conversation(bob, record.key).await.unwrap().is_none());
    assert!(store.conversations(bob, None, 9).await.unwrap().is_empty());
    assert!(texts(&store, record.key, bob).await.is_empty());
    assert!(sent(&store, bob, Since::Delivered).await.is_empty());
    assert!(matches!(say(&store, record.key, bob, "still here").await, Err(AppendError::NotMember)));
    assert_eq!(texts(&store, record.key, ann).await, ["mine", "secret"]);
    // A member who comes back counts as new.
    let record = change(&store, &record, ann, vec![(bob, Some(Role::Admin))]).await.unwrap();
    assert!(record.others.is_empty());
    say(&store, record.key, bob, "back").await.unwrap();
    assert_eq!(texts(&store, record.key, bob).await, ["mine", "secret", "back"]);
}

pub(crate) async fn what_was_before_who_came_back_is_not_there_for_them(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    for (history, sees) in [(HistoryAccess::Joined, false), (HistoryAccess::All, true)] {
        let record = group(&store, ann, &[bob], history).await;
        let target = Target::Group(record.key);
        let id = say(&store, record.key, bob, "mine").await.unwrap();
        let record = change(&store, &record, ann, vec![(bob, None)]).await.unwrap();
        change(&store, &record, ann, vec![(bob, Some(Role::Member))]).await.unwrap();
        let reply = Action::Message {
            client_id: None,
            text: "indeed".into(),
            reply_to: Some(id),
            attachments: Vec::new(),
        };
        let replied = append(&store, entry(target, bob, reply)).await;
        assert!(if sees { replied.is_ok() } else { matches!(replied, Err(AppendError::ReplyUnknown)) });
        for what in [Action::Edit { id, text: "edited".into() }, Action::Delete { id }] {
            let changed = append(&store, entry(target, bob, what)).await;
            assert!(if sees { changed.is_ok() } else { matches!(changed, Err(AppendError::MessageUnknown)) });
        }
    }
}

pub(crate) async fn of_two_changes_at_once_the_second_is_decided_again(store: Shared) {
    let (ann, bob, eve) = (user(&store, "ann").await, user(&store, "bob").await, user(&store, "eve").await);
    let record = group(&store, ann, &[bob], HistoryAccess::Joined).await;
    assert!(change(&store, &record, ann, vec![(eve, Some(Role::Member))]).await.is_some());
    assert!(change(&store, &record, ann, vec![(bob, None)]).await.is_none());
    let record = store.conversation_by_key(record.key).await.unwrap().unwrap();
    assert_eq!((record.members.len(), record.head_seq), (3, 2));
    // A hand-over is one change.
    let roles = vec![(bob, Some(Role::Owner)), (ann, Some(Role::Admin))];
    let record = change(&store, &record, ann, roles).await.unwrap();
    let roles: Vec<_> = record.members.iter().map(|member| member.role).collect();
    assert_eq!(roles, [Role::Admin, Role::Owner, Role::Member]);
}

pub(crate) async fn of_the_changes_of_a_group_ones_coming_and_the_last_are_read(store: Shared) {
    let (ann, bob, eve) = (user(&store, "ann").await, user(&store, "bob").await, user(&store, "eve").await);
    let record = group(&store, ann, &[bob], HistoryAccess::Joined).await; // 1
    let key = record.key;
    let record = change(&store, &record, ann, vec![(bob, Some(Role::Admin))]).await.unwrap(); // 2
    say(&store, key, ann, "hello").await.unwrap(); // 3
    let record = change(&store, &record, ann, vec![(eve, Some(Role::Member))]).await.unwrap(); // 4
    say(&store, key, ann, "hello, eve").await.unwrap(); // 5
    let record = change(&store, &record, ann, vec![(eve, Some(Role::Admin))]).await.unwrap(); // 6
    let before = store.position().await.unwrap();
    let record = change(&store, &record, ann, vec![(bob, Some(Role::Member))]).await.unwrap(); // 7
    let seqs = async |reader, after_seq, upto| {
        let range = EntryRange { conversation: key, reader, after_seq, limit: 99, bytes: usize::MAX };
        let read = store.entries(vec![range], upto).await.unwrap().remove(0);
        assert!(read.upto.is_complete);
        read.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>()
    };
    let upto = store.position().await.unwrap();
    // A new member is told of the group before its first message.
    assert_eq!(seqs(bob, 0, upto).await, [1, 3, 5, 7]);
    assert_eq!(seqs(eve, 3, upto).await, [4, 5, 7]);
    assert_eq!(seqs(bob, 1, upto).await, [3, 5, 7]);
    // A last change above the range does not count.
    assert_eq!(seqs(bob, 1, before).await, [2, 3, 4, 5, 6]);
    // A user who is not a member is sent nothing.
    change(&store, &record, ann, vec![(eve, None)]).await.unwrap();
    assert_eq!(seqs(eve, 3, upto).await, [0_u64; 0]);
}

pub(crate) async fn muting_is_each_members_own(store: Shared) {
    let (ann, bob, eve) = (user(&store, "ann").await, user(&store, "bob").await, user(&store, "eve").await);
    let record = group(&store, ann, &[bob], HistoryAccess::Joined).await;
    assert!(!store.mute(eve, record.key, Mute::Always).await.unwrap());
    let until = Mute::Until(now());
    for mute in [Mute::Always, until, Mute::Always, until, Mute::Off] {
        assert!(store.mute(bob, record.key, mute).await.unwrap());
        let whole = store.conversation_by_key(record.key).await.unwrap().unwrap();
        let own = store.conversation(bob, record.key).await.unwrap().unwrap();
        for record in [whole, own] {
            let mutes = record.members.iter().map(|member| (member.user, member.mute));
            assert_eq!(mutes.collect::<BTreeMap<_, _>>(), BTreeMap::from([(ann, Mute::Off), (bob, mute)]));
            assert_eq!(record.head_seq, 1);
        }
    }
}

pub(crate) async fn who_leads_a_group_deletes_any_message_of_it(store: Shared) {
    let (ann, bob, eve) = (user(&store, "ann").await, user(&store, "bob").await, user(&store, "eve").await);
    let record = group(&store, ann, &[bob, eve], HistoryAccess::Joined).await;
    let of = async |from, what: &str| say(&store, record.key, from, what).await.unwrap();
    let ids = [of(eve, "one").await, of(eve, "two").await, of(ann, "three").await];
    let place = Target::Group(record.key);
    let delete = async |by, id| append(&store, entry(place, by, Action::Delete { id })).await;
    assert!(matches!(delete(bob, ids[0]).await, Err(AppendError::NotSender)));
    delete(ann, ids[0]).await.unwrap();
    // Editing is the sender's alone.
    let edit = entry(place, ann, Action::Edit { id: ids[1], text: "x".into() });
    assert!(matches!(append(&store, edit).await, Err(AppendError::NotSender)));
    let record = change(&store, &record, ann, vec![(bob, Some(Role::Admin))]).await.unwrap();
    delete(bob, ids[1]).await.unwrap();
    delete(bob, ids[2]).await.unwrap();
    assert!(matches!(delete(bob, ids[2]).await, Err(AppendError::MessageDeleted)));
    let record = change(&store, &record, ann, vec![(bob, Some(Role::Member))]).await.unwrap();
    let last = say(&store, record.key, eve, "four").await.unwrap();
    assert!(matches!(delete(bob, last).await, Err(AppendError::NotSender)));
    let record = change(&store, &record, ann, vec![(bob, Some(Role::Admin))]).await.unwrap();
    change(&store, &record, ann, vec![(bob, None)]).await.unwrap();
    assert!(matches!(delete(bob, last).await, Err(AppendError::NotMember)));
}

pub(crate) async fn how_a_group_changed_is_kept(store: Shared) {
    let (ann, bob, eve) = (user(&store, "ann").await, user(&store, "bob").await, user(&store, "eve").await);
    let record = group(&store, ann, &[bob], HistoryAccess::Joined).await;
    let key = record.key;
    say(&store, key, ann, "hello").await.unwrap();
    let record = change(&store, &record, bob, vec![(eve, Some(Role::Member))]).await.unwrap();
    let roles = vec![(bob, Some(Role::Owner)), (ann, Some(Role::Admin))];
    let record = change(&store, &record, ann, roles).await.unwrap();
    let (title, history) = (Some("Harbour".to_owned()), Some(HistoryAccess::All));
    let (conversation, changed_seq) = (key, record.changed_seq);
    let renamed =
        GroupChange { conversation, by: ann, at: now(), changed_seq, title, history, members: Vec::new() };
    let renamed = store.change_group(renamed).await.unwrap().unwrap();
    assert_eq!((renamed.entry.seq, renamed.entry.previous), (5, 4));
    let record = store.conversation_by_key(key).await.unwrap().unwrap();
    change(&store, &record, eve, vec![(eve, None)]).await.unwrap();

    let read = async |reader, above, below, limit| {
        let entries = store.group_entries(reader, key, above, below, limit).await.unwrap();
        entries.into_iter().map(|entry| (entry.seq, entry.by, entry.events)).collect::<Vec<_>>()
    };
    let all = [
        (1, ann, vec![GroupEvent::Title("Crew".into())]),
        (3, bob, vec![GroupEvent::Joined(eve)]),
        (4, ann, vec![GroupEvent::Role(ann, Role::Admin), GroupEvent::Role(bob, Role::Owner)]),
        (5, ann, vec![GroupEvent::Title("Harbour".into()), GroupEvent::History(HistoryAccess::All)]),
        (6, eve, vec![GroupEvent::Left(eve)]),
    ];
    assert_eq!(read(ann, 0, u64::MAX, 9).await, all);
    assert_eq!(read(ann, 1, 6, 2).await, all[2..4], "the newest in between");
    let entries = store.group_entries(ann, key, 0, u64::MAX, 9).await.unwrap();
    let before: Vec<_> = entries.iter().map(|entry| entry.previous).collect();
    assert_eq!(before, [0, 1, 3, 4, 5]);
    assert!(entries.contains(&renamed.entry));
    assert_eq!(read(eve, 0, u64::MAX, 9).await, [], "not for who is gone");
    let record = store.conversation_by_key(key).await.unwrap().unwrap();
    let kim = user(&store, "kim").await;
    let setting = Some(HistoryAccess::Joined);
    let (at, changed_seq) = (now(), record.changed_seq);
    let closed = GroupChange {
        conversation,
        by: ann,
        at,
        changed_seq,
        title: None,
        history: setting,
        members: vec![(kim, Some(Role::Member))],
    };
    store.change_group(closed).await.unwrap().unwrap();
    let since = [(7, ann, vec![GroupEvent::History(HistoryAccess::Joined), GroupEvent::Joined(kim)])];
    assert_eq!(read(kim, 0, u64::MAX, 9).await, since, "from their joining on");
}

pub(crate) async fn what_is_hidden_from_somebody_is_not_there_for_them(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let (key, _) = send(&store, ann, bob, "hello").await;
    store.block(bob, ann, now(), 9).await.unwrap();
    let stored = append(&store, entry(to(bob), ann, text("listen"))).await.unwrap();
    assert_eq!((stored.entry().seq, stored.entry().said().hidden_from), (2, Some(bob)));
    let id = stored.entry().said().id;
    let edit = entry(Target::Direct(key), ann, Action::Edit { id, text: "listen!".into() });
    append(&store, edit).await.unwrap();
    assert_eq!(texts(&store, key, ann).await, ["hello", "listen!"]);
    assert_eq!(texts(&store, key, bob).await, ["hello"]);
    assert_eq!(sent(&store, bob, Since::Delivered).await, [(EntryKind::Message, Some("hello".into()))]);
    let view = store.conversation(bob, key).await.unwrap().unwrap();
    assert_eq!((view.unread, view.last_message.unwrap().text.as_ref()), (1, "hello"));
    let react = Action::React { id, emoji: "👍".into(), on: true };
    let refused = append(&store, entry(Target::Direct(key), bob, react)).await;
    assert!(matches!(refused, Err(AppendError::MessageUnknown)));
}

pub(crate) async fn of_many_members_the_first_are_shown_and_all_are_listed(store: Shared) {
    let mut people = Vec::new();
    for number in 0..130 {
        people.push(user(&store, &format!("user{number:03}")).await);
    }
    // The owner, an admin and the one who asks have high numbers.
    let (owner, admin, late) = (people[129], people[128], people[127]);
    let record = group(&store, owner, &people[..129], HistoryAccess::All).await;
    let record = change(&store, &record, owner, vec![(admin, Some(Role::Admin))]).await.unwrap();
    assert_eq!((record.member_count, record.members.len()), (130, 130));

    let all: Vec<_> = [owner, admin].into_iter().chain(people[..128].iter().copied()).collect();
    let view = store.conversation(late, record.key).await.unwrap().unwrap();
    let shown = |view: &ConversationRecord| view.members.iter().map(|member| member.user).collect::<Vec<_>>();
    assert_eq!(view.member_count, 130);
    assert_eq!(shown(&view), [&[late], &all[..99]].concat());
    assert_eq!(shown(&store.conversations(late, None, 9).await.unwrap()[0]), shown(&view));
    // Whoever is shown anyway is not shown twice.
    let view = store.conversation(admin, record.key).await.unwrap().unwrap();
    assert_eq!(shown(&view), [&[admin, owner], &all[2..100]].concat());

    // The last message is shown with names, whoever sent it.
    let said = say(&store, record.key, people[120], "hello").await.unwrap();
    let react = Action::React { id: said, emoji: "👍".into(), on: true };
    append(&store, entry(Target::Group(record.key), people[121], react)).await.unwrap();
    let view = store.conversation(late, record.key).await.unwrap().unwrap();
    let named: Vec<_> = view.others.iter().map(|(user, _)| *user).collect();
    assert!(named.contains(&people[120]) && named.contains(&people[121]), "{named:?}");

    let mut listed: Vec<domain::store::MemberRecord> = Vec::new();
    while listed.len() < 130 {
        let after = listed.last().map(|last| (last.role, last.user));
        let page = store.members(late, record.key, after, 50).await.unwrap().unwrap();
        assert!(!page.is_empty() && page.len() <= 50);
        listed.extend(page);
    }
    assert_eq!(listed.iter().map(|member| member.user).collect::<Vec<_>>(), all);
    let stranger = user(&store, "eve").await;
    assert!(store.members(stranger, record.key, None, 9).await.unwrap().is_none());

    // Nobody is counted twice, or after they left.
    let again = vec![(people[0], None), (people[1], Some(Role::Admin))];
    let record = change(&store, &record, owner, again).await.unwrap();
    assert_eq!((record.member_count, record.members.len()), (129, 129));
    let view = store.conversation(people[1], record.key).await.unwrap().unwrap();
    assert_eq!(view.member_count, 129);
}

pub(crate) async fn a_brief_record_has_the_members_who_matter(store: Shared) {
    let mut many = Vec::new();
    for number in 0..limit::MEMBERS_SHOWN {
        many.push(user(&store, &format!("member-{number}")).await);
    }
    let (ann, bob, eve) = (user(&store, "ann").await, user(&store, "bob").await, user(&store, "eve").await);
    many.pop();
    let record = group(&store, ann, &many, HistoryAccess::Joined).await;
    let key = record.key;
    let brief = async |reader, named: &[UserId]| {
        let brief = store.brief(key, reader, named.to_vec()).await.unwrap()?;
        let mut members: Vec<_> = brief.members.iter().map(|member| member.user).collect();
        members.sort_unstable();
        Some((members, brief.member_count, brief.changed_seq, brief.unread))
    };
    // All of a group that is shown whole.
    let all: Vec<_> = many.iter().copied().chain([ann]).collect();
    assert_eq!(brief(None, &[]).await, Some((all.clone(), 100, 1, 0)));
    assert_eq!(brief(Some(ann), &[eve]).await, Some((all, 100, 1, 0)));
    let record = change(&store, &record, ann, vec![(bob, Some(Role::Admin))]).await.unwrap();
    say(&store, key, ann, "hello").await.unwrap();
    assert_eq!(brief(None, &[]).await, Some((vec![ann, bob], 101, 2, 0)));
    assert_eq!(brief(None, &[many[7], eve]).await, Some((vec![many[7], ann, bob], 101, 2, 0)));
    assert_eq!(brief(Some(many[5]), &[many[7]]).await, Some((vec![many[5], many[7], ann, bob], 101, 2, 1)));
    let own = store.brief(key, Some(bob), Vec::new()).await.unwrap().unwrap();
    assert_eq!(own.last_message.unwrap().text.as_ref(), "hello");
    assert_eq!(brief(Some(eve), &[]).await, None);
    change(&store, &record, bob, vec![(bob, None)]).await.unwrap();
    assert_eq!(brief(Some(bob), &[ann]).await, None);
}

pub(crate) async fn who_may_see_a_message_is_right_after_each_change(store: Shared) {
    let (ann, bob, eve) = (user(&store, "ann").await, user(&store, "bob").await, user(&store, "eve").await);
    let mut record = group(&store, ann, &[bob], HistoryAccess::Joined).await;
    let key = record.key;
    let roster = async |what| {
        let appended = append(&store, entry(Target::Group(key), ann, what)).await.unwrap();
        appended.committed.roster.clone().unwrap().to_vec()
    };
    assert_eq!(roster(text("one")).await, [ann, bob]);
    let id = say(&store, key, ann, "before").await.unwrap();
    let edit = || Action::Edit { id, text: "edited".into() };
    // Each time the members are known from before.
    let steps = [
        (bob, None, vec![ann], vec![ann]),
        (eve, Some(Role::Member), vec![ann, eve], vec![ann]),
        (bob, Some(Role::Member), vec![ann, bob, eve], vec![ann]),
        (eve, Some(Role::Admin), vec![ann, bob, eve], vec![ann]),
        (eve, None, vec![ann, bob], vec![ann]),
    ];
    for (user, role, of_new, of_old) in steps {
        record = change(&store, &record, ann, vec![(user, role)]).await.unwrap();
        assert_eq!(roster(text("new")).await, of_new);
        assert_eq!(roster(edit()).await, of_old);
    }
}
