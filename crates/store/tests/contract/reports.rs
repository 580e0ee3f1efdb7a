use domain::store::{
    Action, AppendError, ConversationKey, Deed, GroupChange, NewGroup, ReportRecord, ReportedPlace, Target,
    UserId,
};
use protocol::{AuditAction, ConversationId, HistoryAccess, MessageId, ReportId};

use crate::support::{NEVER, Said, Shared, append, entry, now, send, text, user};

fn deed() -> Deed {
    Deed { by: Some("root".into()), at: now() }
}

fn report(by: &str, username: &str, message: Option<ReportedPlace>) -> ReportRecord {
    let created_at = now();
    let id = ReportId::mint(created_at, u128::from(created_at.as_millis().unsigned_abs()));
    let (by, username, reason) = (by.into(), username.into(), Some("spam".into()));
    let context = Some("[]".into());
    ReportRecord {
        number: 0,
        id,
        by,
        username,
        message,
        reason,
        context,
        created_at,
        resolved_at: None,
        resolved_by: None,
        removed_at: None,
    }
}

fn place(conversation: ConversationKey, message: MessageId, sender: UserId) -> ReportedPlace {
    ReportedPlace { conversation, conversation_id: ConversationId::mint(now(), 7), message, sender }
}

fn remove(id: MessageId, report: ReportId) -> Action {
    Action::Remove { id, report, deed: deed() }
}

pub(crate) async fn reports_are_kept_as_they_were_made(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let (key, message) = send(&store, bob, ann, "buy this").await;
    let of_message = report("ann", "bob", Some(place(key, message, bob)));
    let of_person = report("ann", "bob", None);
    for report in [&of_message, &of_person] {
        assert!(store.add_report(report.clone(), 2).await.unwrap());
    }
    assert!(!store.add_report(report("ann", "eve", None), 2).await.unwrap());
    assert!(store.add_report(report("eve", "ann", None), 2).await.unwrap());
    let stored = store.report(of_message.id).await.unwrap().unwrap();
    assert_eq!(stored, ReportRecord { number: stored.number, ..of_message.clone() });
    let all = store.reports(None, 10).await.unwrap();
    assert_eq!(all.len(), 3);
    assert_eq!(store.reports(Some(all[0].number), 1).await.unwrap(), all[1..2]);
    assert!(all.is_sorted_by(|one, next| one.number > next.number));

    let done = deed();
    let resolved = store.resolve_report(of_person.id, true, done.clone()).await.unwrap().unwrap();
    assert_eq!((resolved.resolved_at, resolved.resolved_by.as_deref()), (Some(done.at), Some("root")));
    // Again changes nothing, and is not in the audit log.
    let again = store.resolve_report(of_person.id, true, deed()).await.unwrap().unwrap();
    assert_eq!(again, resolved);
    assert!(store.add_report(report("ann", "eve", None), 2).await.unwrap());
    let reopened = store.resolve_report(of_person.id, false, deed()).await.unwrap().unwrap();
    assert_eq!((reopened.resolved_at, reopened.resolved_by), (None, None));
    let last = store.resolve_report(of_person.id, true, deed()).await.unwrap().unwrap();
    let audit = store.audit(None, 10).await.unwrap();
    let actions: Vec<_> = audit.iter().map(|entry| entry.action).collect();
    let (resolved, reopened) = (AuditAction::ReportResolved, AuditAction::ReportReopened);
    assert_eq!(actions, [resolved, reopened, resolved]);
    let named = (audit[0].username.as_deref(), audit[0].details.clone());
    assert_eq!(named, (Some("bob"), Some(of_person.id.to_string())));
    assert_eq!(store.resolve_report(ReportId::mint(now(), 1), true, deed()).await.unwrap(), None);

    store.forget_reports(NEVER).await.unwrap();
    assert_eq!(store.reports(None, 10).await.unwrap().len(), 4);
    store.forget_reports(last.resolved_at.unwrap()).await.unwrap();
    assert_eq!(store.report(of_person.id).await.unwrap(), None);
    assert_eq!(store.reports(None, 10).await.unwrap().len(), 3);
}

pub(crate) async fn a_reported_message_is_removed_by_an_entry_of_the_log(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let (key, id) = send(&store, bob, ann, "buy this").await;
    let made = report("ann", "bob", Some(place(key, id, bob)));
    store.add_report(made.clone(), 10).await.unwrap();
    let removal = remove(id, made.id);
    let Action::Remove { deed, .. } = removal.clone() else { unreachable!() };
    let removed = append(&store, entry(Target::Direct(key), bob, removal.clone())).await.unwrap();
    let message = removed.entry().said();
    assert_eq!((removed.entry().seq, message.seq, &*message.text), (2, 1, ""));
    assert!(message.deleted_at.is_some());
    let seen = store.messages_before(ann, key, u64::MAX, 10).await.unwrap();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].text.is_empty() && seen[0].deleted_at.is_some());
    assert_eq!(store.report(made.id).await.unwrap().unwrap().removed_at, Some(deed.at));
    let audit = store.audit(None, 10).await.unwrap();
    let expected = (AuditAction::MessageRemoved, Some("bob"), Some(made.id.to_string()));
    assert_eq!((audit[0].action, audit[0].username.as_deref(), audit[0].details.clone()), expected);
    assert_eq!(audit[0].deed, deed);

    // What is refused is not in the audit log.
    let again = append(&store, entry(Target::Direct(key), bob, removal)).await.unwrap_err();
    assert!(matches!(again, AppendError::MessageDeleted));
    let unknown = remove(MessageId::mint(now(), 1, 9), made.id);
    let unknown = append(&store, entry(Target::Direct(key), bob, unknown)).await.unwrap_err();
    assert!(matches!(unknown, AppendError::MessageUnknown));
    assert_eq!(store.audit(None, 10).await.unwrap().len(), 1);
}

pub(crate) async fn a_message_of_somebody_who_has_left_is_removed_for_who_is_there(store: Shared) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let at = now();
    let group = NewGroup {
        id: ConversationId::mint(at, 3),
        title: "Crew".into(),
        owner: ann,
        members: vec![bob],
        history: HistoryAccess::Joined,
        at,
    };
    let group = store.create_group(group).await.unwrap();
    let key = group.key;
    let said = append(&store, entry(Target::Group(key), bob, text("buy this"))).await.unwrap();
    let id = said.entry().said().id;
    let leaving = GroupChange {
        conversation: key,
        by: bob,
        at: now(),
        changed_seq: group.changed_seq,
        title: None,
        history: None,
        members: vec![(bob, None)],
    };
    store.change_group(leaving).await.unwrap().unwrap();
    let delete = append(&store, entry(Target::Group(key), bob, Action::Delete { id })).await.unwrap_err();
    assert!(matches!(delete, AppendError::NotMember));
    let made = report("ann", "bob", Some(place(key, id, bob)));
    store.add_report(made.clone(), 10).await.unwrap();
    let removed = append(&store, entry(Target::Group(key), bob, remove(id, made.id))).await.unwrap();
    assert_eq!(removed.committed.roster.as_deref(), Some(&[ann][..]));
    let seen = store.messages_before(ann, key, u64::MAX, 10).await.unwrap();
    assert!(seen[0].text.is_empty());
}
