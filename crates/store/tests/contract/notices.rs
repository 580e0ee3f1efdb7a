use domain::Language;
use domain::store::{FirstCode, NewAccount, NoticeKind, NoticeRequest, Recipient};
use protocol::Timestamp;

use crate::support::{NEVER, Shared, now};

fn request(kind: NoticeKind, recipient: Recipient, at: i64) -> NoticeRequest {
    let asker = Some("2001:db8::1".parse().unwrap());
    NoticeRequest { kind, recipient, asker, language: Language::Japanese, at: Timestamp::from_millis(at) }
}

pub(crate) async fn notices_wait_until_they_are_removed(store: Shared) {
    let (name, email) = ("ann".to_owned(), "ann@example.org".to_owned());
    let kinds = [
        (NoticeKind::Verify, Recipient::Username(name.clone())),
        (NoticeKind::Reset, Recipient::Email(email.clone())),
        (NoticeKind::Email, Recipient::At(name.clone(), email.clone())),
        (NoticeKind::EmailChanging, Recipient::At(name.clone(), email)),
        (NoticeKind::PasswordChanged, Recipient::Username(name)),
    ];
    let mut asked = Vec::new();
    for (at, (kind, recipient)) in (100..).zip(kinds) {
        asked.push(request(kind, recipient, at));
        store.request_notice(asked[asked.len() - 1].clone()).await.unwrap();
    }
    let due = async |now, limit| store.due_notices(Timestamp::from_millis(now), limit).await.unwrap();
    assert_eq!(due(99, 10).await, []);
    assert_eq!(due(101, 10).await.len(), 2);
    assert_eq!(due(999, 3).await.len(), 3);
    let all = due(999, 10).await;
    assert!(all.iter().all(|notice| notice.failures == 0));
    assert_eq!(all.iter().map(|notice| notice.request.clone()).collect::<Vec<_>>(), asked);
    // What is put off comes later; what is removed never again.
    store.put_notice_off(all[0].number, Timestamp::from_millis(5000)).await.unwrap();
    store.remove_notice(all[1].number).await.unwrap();
    assert_eq!(due(4999, 10).await, all[2..]);
    let later = due(5000, 10).await;
    assert_eq!((later[3].number, later[3].failures), (all[0].number, 1));
    assert_eq!(later[3].request, asked[0]);
}

pub(crate) async fn an_account_is_created_with_its_notice_or_not_at_all(store: Shared) {
    let account = |username: &str| NewAccount {
        username: username.into(),
        display_name: username.into(),
        email: Some("ann@example.org".into()),
        password_hash: "hash".into(),
        created_at: now(),
        invite: None,
    };
    for username in ["ann", "ANN"] {
        let first = request(NoticeKind::Verify, Recipient::Username(username.into()), 100);
        store.create_account(account(username), FirstCode::Requested(first), NEVER).await.unwrap().ok();
    }
    let due = store.due_notices(now(), 10).await.unwrap();
    assert_eq!(due.len(), 1);
    assert_eq!(due[0].request.recipient, Recipient::Username("ann".into()));
}
