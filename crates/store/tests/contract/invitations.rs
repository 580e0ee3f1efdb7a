use domain::store::{
    Accepted, AccountChange, ConversationRecord, GroupChange, GroupEvent, InvitationRefusal, NewGroup,
    NewInvitation, Target, UserId,
};
use protocol::{AddMe, ConversationId, HistoryAccess, Role, Timestamp};

use crate::support::{Shared, append, entry, now, send, text, user};

async fn group(store: &Shared, owner: UserId, members: &[UserId]) -> ConversationRecord {
    let at = now();
    let id = ConversationId::mint(at, u128::from(at.as_millis().unsigned_abs()));
    let (title, history, members) = ("Crew".into(), HistoryAccess::Joined, members.to_vec());
    store.create_group(NewGroup { id, owner, title, history, members, at }).await.unwrap()
}

/// Invites, with all that was declined counting.
async fn invite(
    store: &Shared,
    group: &ConversationRecord,
    by: UserId,
    user: UserId,
) -> Result<bool, InvitationRefusal> {
    invite_forgetting(store, group, by, user, Timestamp::from_millis(0)).await
}

async fn invite_forgetting(
    store: &Shared,
    group: &ConversationRecord,
    by: UserId,
    user: UserId,
    declines_since: Timestamp,
) -> Result<bool, InvitationRefusal> {
    let invitation = NewInvitation { conversation: group.key, user, by, at: now(), declines_since };
    store.invite(invitation).await.unwrap()
}

async fn change(
    store: &Shared,
    group: &ConversationRecord,
    by: UserId,
    members: Vec<(UserId, Option<Role>)>,
) -> ConversationRecord {
    store.change_group(changing(store, group, by, members).await).await.unwrap().unwrap();
    store.conversation_by_key(group.key).await.unwrap().unwrap()
}

async fn changing(
    store: &Shared,
    group: &ConversationRecord,
    by: UserId,
    members: Vec<(UserId, Option<Role>)>,
) -> GroupChange {
    let changed_seq = store.conversation_by_key(group.key).await.unwrap().unwrap().changed_seq;
    let (conversation, at) = (group.key, now());
    GroupChange { conversation, by, at, changed_seq, title: None, history: None, members }
}

async fn waits(store: &Shared, group: &ConversationRecord, user: UserId) -> bool {
    let waiting = store.invitation(user, group.key).await.unwrap();
    let listed = store.invitations(user, None, 999).await.unwrap();
    let is_listed = listed.iter().any(|invitation| invitation.conversation == group.key);
    let invited = store.invited(user, group.key, None, 9_999).await.unwrap();
    assert_eq!(invited.iter().any(|invitation| invitation.user.id == user), waiting.is_some());
    assert_eq!(is_listed, waiting.is_some());
    is_listed
}

pub(crate) async fn who_may_add_is_kept_with_the_account(store: Shared) {
    let ann = user(&store, "ann").await;
    let add_me = async || store.account_of(ann).await.unwrap().unwrap().add_me;
    assert_eq!(add_me().await, AddMe::Everybody);
    for wanted in [AddMe::Nobody, AddMe::Contacts, AddMe::Everybody] {
        let change = AccountChange { add_me: Some(wanted), ..AccountChange::default() };
        assert_eq!(store.change_account(ann, change).await.unwrap().unwrap().add_me, wanted);
        store.change_account(ann, AccountChange::default()).await.unwrap();
        assert_eq!(add_me().await, wanted);
    }
}

pub(crate) async fn an_invitation_waits_once_and_is_accepted_once(store: Shared) {
    let (ann, bob, cat) = (user(&store, "ann").await, user(&store, "bob").await, user(&store, "cat").await);
    let crew = group(&store, ann, &[cat]).await;
    let accept = async |changed_seq| {
        let members = vec![(bob, Some(Role::Member))];
        let change = GroupChange { changed_seq, ..changing(&store, &crew, bob, members).await };
        store.accept_invitation(change).await.unwrap()
    };
    assert!(matches!(accept(1).await, Accepted::NotInvited));
    assert_eq!(invite(&store, &crew, ann, bob).await, Ok(true));
    assert_eq!(invite(&store, &crew, cat, bob).await, Ok(false));
    // A member is not invited, and nobody is invited by a stranger.
    assert_eq!(invite(&store, &crew, ann, cat).await, Ok(false));
    let eve = user(&store, "eve").await;
    assert_eq!(invite(&store, &crew, eve, bob).await, Err(InvitationRefusal::NotMember));

    let invitation = store.invitation(bob, crew.key).await.unwrap().unwrap();
    assert_eq!((invitation.id, &*invitation.title, invitation.member_count), (crew.id, "Crew", 2));
    assert_eq!((&*invitation.user.username, &*invitation.by.username), ("bob", "ann"));
    assert_eq!(store.invitations(bob, None, 9).await.unwrap(), std::slice::from_ref(&invitation));
    assert_eq!(store.invited(ann, crew.key, None, 9).await.unwrap(), [invitation]);
    assert!(store.invitations(ann, None, 9).await.unwrap().is_empty());

    let renamed =
        GroupChange { title: Some("Harbour".into()), ..changing(&store, &crew, ann, Vec::new()).await };
    store.change_group(renamed).await.unwrap().unwrap();
    assert_eq!(store.invitation(bob, crew.key).await.unwrap().unwrap().title, "Harbour");
    // The group has changed since it was read.
    assert!(matches!(accept(1).await, Accepted::Changed));
    assert!(waits(&store, &crew, bob).await);
    let Accepted::Joined(stored) = accept(2).await else { panic!() };
    assert_eq!((stored.entry.seq, stored.entry.previous, stored.uninvited), (3, 2, vec![bob]));
    let changes = store.group_entries(ann, crew.key, 2, 9, 9).await.unwrap();
    assert_eq!((changes[0].by, &*changes[0].events), (bob, &[GroupEvent::Joined(bob)][..]));
    assert!(!waits(&store, &crew, bob).await);
    assert!(matches!(accept(3).await, Accepted::NotInvited));

    // Who is added after all is not invited any more; what was taken back does not wait.
    assert_eq!(invite(&store, &crew, ann, eve).await, Ok(true));
    let added = changing(&store, &crew, ann, vec![(eve, Some(Role::Member))]).await;
    assert_eq!(store.change_group(added).await.unwrap().unwrap().uninvited, [eve]);
    assert!(!waits(&store, &crew, eve).await);
    let dan = user(&store, "dan").await;
    assert_eq!(invite(&store, &crew, ann, dan).await, Ok(true));
    assert!(store.withdraw_invitation(dan, crew.key).await.unwrap());
    assert!(!store.withdraw_invitation(dan, crew.key).await.unwrap());
    assert!(!waits(&store, &crew, dan).await);
    assert_eq!(invite(&store, &crew, ann, dan).await, Ok(true));
}

pub(crate) async fn a_declined_invitation_is_not_made_again_for_a_while(store: Shared) {
    let (ann, bob, cat) = (user(&store, "ann").await, user(&store, "bob").await, user(&store, "cat").await);
    let crew = group(&store, ann, &[cat]).await;
    assert!(!store.decline_invitation(bob, crew.key, now()).await.unwrap());
    assert_eq!(invite(&store, &crew, ann, bob).await, Ok(true));
    let declined = now();
    assert!(store.decline_invitation(bob, crew.key, declined).await.unwrap());
    // The same again changes nothing, not even when it was declined.
    assert!(store.decline_invitation(bob, crew.key, now()).await.unwrap());
    assert!(!waits(&store, &crew, bob).await);
    assert!(store.has_declined(bob, crew.key, Timestamp::from_millis(0)).await.unwrap());
    assert!(!store.has_declined(bob, crew.key, declined).await.unwrap());
    assert!(!store.has_declined(cat, crew.key, Timestamp::from_millis(0)).await.unwrap());
    assert!(!store.withdraw_invitation(bob, crew.key).await.unwrap());
    for by in [ann, cat] {
        assert_eq!(invite(&store, &crew, by, bob).await, Err(InvitationRefusal::Declined));
    }
    assert_eq!(invite_forgetting(&store, &crew, ann, bob, declined).await, Ok(true));
    assert!(waits(&store, &crew, bob).await);

    // After three declined invitations of one inviter it is enough.
    for _ in 0..3 {
        let other = group(&store, ann, &[cat]).await;
        assert_eq!(store.invitation_refusal(bob, ann, declined).await.unwrap(), None);
        assert_eq!(invite_forgetting(&store, &other, ann, bob, declined).await, Ok(true));
        store.decline_invitation(bob, other.key, now()).await.unwrap();
    }
    let other = group(&store, ann, &[cat]).await;
    let refused = Some(InvitationRefusal::Declined);
    assert_eq!(store.invitation_refusal(bob, ann, declined).await.unwrap(), refused);
    assert_eq!(invite(&store, &other, ann, bob).await, Err(InvitationRefusal::Declined));
    assert_eq!(store.invitation_refusal(bob, cat, declined).await.unwrap(), None);
    assert_eq!(invite(&store, &other, cat, bob).await, Ok(true));
    assert_eq!(store.invitation_refusal(bob, ann, now()).await.unwrap(), None);
}

pub(crate) async fn an_invitation_ends_with_its_inviter(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let (cat, dan) = (user(&store, "cat").await, user(&store, "dan").await);
    let crew = group(&store, ann, &[bob]).await;
    assert_eq!(invite(&store, &crew, bob, cat).await, Ok(true));
    assert_eq!(invite(&store, &crew, ann, dan).await, Ok(true));
    change(&store, &crew, bob, vec![(bob, None)]).await;
    assert!(!waits(&store, &crew, cat).await);
    assert!(waits(&store, &crew, dan).await);
    // The last one leaves, and nobody is left to join.
    change(&store, &crew, ann, vec![(ann, None)]).await;
    assert!(!waits(&store, &crew, dan).await);
}

pub(crate) async fn a_block_ends_invitations_and_refuses_more(store: Shared) {
    let (ann, bob, cat) = (user(&store, "ann").await, user(&store, "bob").await, user(&store, "cat").await);
    let (crew, other) = (group(&store, ann, &[cat]).await, group(&store, cat, &[]).await);
    assert_eq!(invite(&store, &crew, ann, bob).await, Ok(true));
    assert_eq!(invite(&store, &other, cat, bob).await, Ok(true));
    store.block(bob, ann, now(), 9).await.unwrap();
    assert!(!waits(&store, &crew, bob).await);
    assert!(waits(&store, &other, bob).await);
    assert_eq!(invite(&store, &crew, ann, bob).await, Err(InvitationRefusal::Blocked));
    let refused = Some(InvitationRefusal::Blocked);
    assert_eq!(store.invitation_refusal(bob, ann, now()).await.unwrap(), refused);
    assert_eq!(invite(&store, &crew, cat, bob).await, Ok(true));
}

pub(crate) async fn only_so_many_wait(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let mut groups = Vec::new();
    for _ in 0..11 {
        groups.push(group(&store, ann, &[]).await);
    }
    for crew in &groups[..10] {
        assert_eq!(invite(&store, crew, ann, bob).await, Ok(true));
    }
    let full = InvitationRefusal::PersonFull;
    assert_eq!(invite(&store, &groups[10], ann, bob).await, Err(full));
    assert_eq!(invite(&store, &groups[9], ann, bob).await, Ok(false));
    for inviter in 0..9 {
        let by = user(&store, &format!("inviter{inviter}")).await;
        for _ in 0..10 {
            assert_eq!(invite(&store, &group(&store, by, &[]).await, by, bob).await, Ok(true));
        }
    }
    let eve = user(&store, "eve").await;
    let hers = group(&store, eve, &[]).await;
    assert_eq!(invite(&store, &hers, eve, bob).await, Err(full));
    assert_eq!(store.invitation_refusal(bob, eve, now()).await.unwrap(), Some(full));
    store.decline_invitation(bob, groups[0].key, now()).await.unwrap();
    assert_eq!(invite(&store, &hers, eve, bob).await, Ok(true));

    for number in 1..1_000 {
        let invited = user(&store, &format!("user{number}")).await;
        assert_eq!(invite(&store, &hers, eve, invited).await, Ok(true));
    }
    let late = user(&store, "late").await;
    assert_eq!(invite(&store, &hers, eve, late).await, Err(InvitationRefusal::GroupFull));
}

pub(crate) async fn invitations_come_in_pages(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let (mut expected, at) = (Vec::new(), now());
    for number in 0..7 {
        let crew = group(&store, ann, &[]).await;
        // Some have the same time.
        let at = if number < 4 { at } else { now() };
        let declines_since = Timestamp::from_millis(0);
        let invitation = NewInvitation { conversation: crew.key, user: bob, by: ann, at, declines_since };
        store.invite(invitation).await.unwrap().unwrap();
        expected.insert(0, (at, crew.key));
    }
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let page = store.invitations(bob, before, 3).await.unwrap();
        assert!(page.len() <= 3);
        let Some(last) = page.last() else { break };
        before = Some((last.at, last.conversation));
        found.extend(page.iter().map(|invitation| (invitation.at, invitation.conversation)));
    }
    assert_eq!(found, expected);

    let (crew, mut invited) = (group(&store, ann, &[]).await, Vec::new());
    for number in 0..5 {
        invited.push(user(&store, &format!("user{number}")).await);
        assert_eq!(invite(&store, &crew, ann, invited[number]).await, Ok(true));
    }
    let page = async |after| {
        let page = store.invited(ann, crew.key, after, 3).await.unwrap();
        page.into_iter().map(|invitation| invitation.user.id).collect::<Vec<_>>()
    };
    assert_eq!(page(None).await, invited[..3]);
    assert_eq!(page(Some(invited[2])).await, invited[3..]);
}

pub(crate) async fn a_contact_is_somebody_one_wrote_to_lately(store: Shared) {
    let (ann, bob, cat) = (user(&store, "ann").await, user(&store, "bob").await, user(&store, "cat").await);
    let wrote = async |sender, other| store.has_written(sender, other, 4).await.unwrap();
    assert!(!wrote(ann, bob).await);
    let (key, _) = send(&store, bob, ann, "hi").await;
    assert!(wrote(bob, ann).await);
    // Being written to makes nobody a contact, and no group does.
    assert!(!wrote(ann, bob).await);
    let crew = group(&store, cat, &[ann]).await;
    append(&store, entry(Target::Group(crew.key), ann, text("hi all"))).await.unwrap();
    assert!(!wrote(ann, cat).await);
    send(&store, ann, bob, "hello").await;
    for _ in 0..3 {
        assert!(wrote(ann, bob).await);
        append(&store, entry(Target::Direct(key), bob, text("still there?"))).await.unwrap();
    }
    assert!(wrote(ann, bob).await);
    append(&store, entry(Target::Direct(key), bob, text("no?"))).await.unwrap();
    assert!(!wrote(ann, bob).await);
}
