use std::time::Duration;

use domain::{Admin, Caller, Error, Live};
use protocol::{AuditAction, ChangeReport, Code, ConversationId, MessageId, NewReport, ReportId, Timestamp};

use crate::support::{World, to};

fn of_person(username: &str) -> NewReport {
    NewReport { username: Some(username.into()), ..NewReport::default() }
}

fn of_message(conversation: ConversationId, message: MessageId) -> NewReport {
    NewReport { conversation_id: Some(conversation), message_id: Some(message), ..NewReport::default() }
}

async fn report(world: &World, caller: &Caller, request: NewReport) -> Result<(), Error> {
    world.domain.reports.create(caller, request).await
}

#[tokio::test]
async fn admins_read_a_reported_message_only_with_consent() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("Bob").await);
    let mut sent = Vec::new();
    for number in 0..8 {
        let (from, other) = if number % 2 == 0 { (&bob, "ann") } else { (&ann, "bob") };
        let text = format!("text {number}");
        sent.push(world.send(from, to(other, &text)).await.unwrap().message);
    }
    let about = of_message(sent[4].conversation_id, sent[4].id);
    report(&world, &ann, about.clone()).await.unwrap();
    let with_context = NewReport { context: true, reason: Some(" spam ".into()), ..about };
    report(&world, &ann, with_context).await.unwrap();

    let page = world.domain.reports.list(None).await.unwrap();
    let [shown, bare] = &page.items[..] else { panic!("two reports") };
    assert_eq!((bare.by.as_str(), bare.username.as_str(), bare.context.len()), ("ann", "Bob", 0));
    assert_eq!((bare.conversation_id, bare.message_id), (Some(sent[4].conversation_id), Some(sent[4].id)));
    assert_eq!(shown.reason.as_deref(), Some("spam"));
    let texts: Vec<_> =
        shown.context.iter().map(|message| (message.sender.as_str(), message.text.as_str())).collect();
    let expected: Vec<_> =
        (1..7).map(|number| (["Bob", "ann"][number % 2], format!("text {number}"))).collect();
    let expected: Vec<_> = expected.iter().map(|(sender, text)| (*sender, text.as_str())).collect();
    assert_eq!(texts, expected);
    assert_eq!(shown.context[3].id, sent[4].id);
}

#[tokio::test]
async fn only_what_one_may_see_can_be_reported() {
    let world = World::new();
    let (ann, bob, eve) = (world.person("ann").await, world.person("bob").await, world.person("eve").await);
    let theirs = world.send(&bob, to("ann", "hi")).await.unwrap().message;
    let own = world.send(&ann, to("bob", "hi yourself")).await.unwrap().message;
    let id = theirs.conversation_id;
    let refused = [
        (report(&world, &eve, of_message(id, theirs.id)).await, Code::NotFound),
        (report(&world, &ann, of_message(id, own.id)).await, Code::Invalid),
        (
            report(&world, &ann, of_message(id, MessageId::mint(Timestamp::default(), 1, 1))).await,
            Code::NotFound,
        ),
        (
            report(&world, &ann, of_message(id, MessageId::mint(Timestamp::default(), 99, 1))).await,
            Code::NotFound,
        ),
        (report(&world, &ann, of_person("ANN")).await, Code::Invalid),
        (report(&world, &ann, of_person("nobody")).await, Code::NotFound),
        (report(&world, &ann, NewReport::default()).await, Code::Invalid),
        (
            report(&world, &ann, NewReport { username: Some("bob".into()), ..of_message(id, theirs.id) })
                .await,
            Code::Invalid,
        ),
        (
            report(&world, &ann, NewReport { reason: Some("x".repeat(1_001)), ..of_person("bob") }).await,
            Code::Invalid,
        ),
    ];
    for (number, (outcome, code)) in refused.into_iter().enumerate() {
        assert_eq!(outcome.unwrap_err().code, code, "{number}");
    }
    assert_eq!(world.domain.reports.list(None).await.unwrap().items, []);
    report(&world, &eve, of_person("BOB")).await.unwrap();
}

#[tokio::test]
async fn a_person_reports_only_so_often() {
    let world = World::new();
    let ann = world.person("ann").await;
    world.verified("bob").await;
    for _ in 0..20 {
        report(&world, &ann, of_person("bob")).await.unwrap();
    }
    assert_eq!(report(&world, &ann, of_person("bob")).await.unwrap_err().code, Code::RateLimited);
    // Past so many that nobody has seen to, waiting does not help.
    for _ in 0..30 {
        world.clock.advance(Duration::from_mins(3));
        report(&world, &ann, of_person("bob")).await.unwrap();
    }
    world.clock.advance(Duration::from_hours(2));
    assert_eq!(report(&world, &ann, of_person("bob")).await.unwrap_err().code, Code::RateLimited);
    let latest = world.domain.reports.list(None).await.unwrap().items.remove(0);
    let done = ChangeReport { resolved: true };
    world.domain.reports.change(&Admin::command_line(), latest.id, done).await.unwrap();
    report(&world, &ann, of_person("bob")).await.unwrap();
}

#[tokio::test]
async fn an_admin_removes_what_was_reported_and_nothing_else() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let sent = world.send(&bob, to("ann", "buy this")).await.unwrap().message;
    report(&world, &ann, of_message(sent.conversation_id, sent.id)).await.unwrap();
    report(&world, &ann, of_person("bob")).await.unwrap();
    let [person, message] = &world.domain.reports.list(None).await.unwrap().items[..] else { panic!("two") };
    let (reports, root) = (&world.domain.reports, Admin::command_line());
    world.told.live.lock().clear();
    reports.remove_message(&root, message.id).await.unwrap();
    world.settled().await;
    // Everybody who sees it is told, the sender included.
    let updated = world.told.live.lock().iter().find_map(|(users, live)| match live {
        Live::Entry { message, .. } => Some((users.clone(), message.clone())),
        _ => None,
    });
    let (mut users, updated) = updated.expect("they are told");
    users.sort();
    assert_eq!(users, [ann.person.id, bob.person.id]);
    assert!(updated.deleted_at.is_some() && updated.text.is_empty());
    let removed = reports.list(None).await.unwrap().items.remove(1);
    assert!(removed.removed_at.is_some() && removed.resolved_at.is_none());
    assert_eq!(reports.remove_message(&root, message.id).await.unwrap_err().code, Code::MessageDeleted);
    assert_eq!(reports.remove_message(&root, person.id).await.unwrap_err().code, Code::NotFound);
    let unknown = ReportId::mint(Timestamp::default(), 1);
    assert_eq!(reports.remove_message(&root, unknown).await.unwrap_err().code, Code::NotFound);
    let audit = world.domain.admins.audit(None).await.unwrap();
    assert_eq!(audit.items.len(), 1);
    assert_eq!(audit.items[0].action, AuditAction::MessageRemoved);
    assert!(!serde_json::to_string(&audit.items).unwrap().contains("buy"));
    // What is deleted cannot be reported any more.
    let late = report(&world, &ann, of_message(sent.conversation_id, sent.id)).await.unwrap_err();
    assert_eq!(late.code, Code::MessageDeleted);
}
