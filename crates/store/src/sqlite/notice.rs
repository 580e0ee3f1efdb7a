use async_trait::async_trait;
use domain::Language;
use domain::store::{NoticeKind, NoticeRequest, NoticeStore, Recipient, StoreError, WaitingNotice};
use protocol::Timestamp;
use rusqlite::{Connection, Row, params};

use super::SqliteStore;
use super::code::asker;
use super::lane::NOBODY;

const KINDS: [NoticeKind; 5] = [
    NoticeKind::Verify,
    NoticeKind::Reset,
    NoticeKind::Email,
    NoticeKind::EmailChanging,
    NoticeKind::PasswordChanged,
];

pub(super) fn put_notice(connection: &Connection, request: &NoticeRequest) -> Result<(), rusqlite::Error> {
    let NoticeRequest { kind, recipient, asker: from, language, at } = request;
    let (username, email) = match recipient {
        Recipient::Username(username) => (Some(username), None),
        Recipient::Email(email) => (None, Some(email)),
        Recipient::At(username, email) => (Some(username), Some(email)),
    };
    let kind = KINDS.iter().position(|one| one == kind);
    let sql = "INSERT INTO notices (kind, username, email, asker, language, requested_at, due_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)";
    let values = params![kind, username, email, asker(*from), language.tag(), at.as_millis()];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

fn notice(row: &Row<'_>) -> Result<WaitingNotice, rusqlite::Error> {
    let (username, email): (Option<String>, Option<String>) = (row.get("username")?, row.get("email")?);
    let recipient = match (username, email) {
        (Some(username), Some(email)) => Recipient::At(username, email),
        (None, Some(email)) => Recipient::Email(email),
        (username, None) => Recipient::Username(username.unwrap_or_default()),
    };
    let request = NoticeRequest {
        kind: KINDS.get(row.get::<_, usize>("kind")?).copied().unwrap_or(NoticeKind::Verify),
        recipient,
        asker: row.get::<_, String>("asker")?.parse().ok(),
        language: Language::of_tag(&row.get::<_, String>("language")?).unwrap_or_default(),
        at: Timestamp::from_millis(row.get("requested_at")?),
    };
    Ok(WaitingNotice { number: row.get("number")?, request, failures: row.get("failures")? })
}

#[async_trait]
impl NoticeStore for SqliteStore {
    async fn request_notice(&self, request: NoticeRequest) -> Result<(), StoreError> {
        self.writer.run(move |connection| put_notice(connection, &request)).await
    }

    async fn due_notices(&self, now: Timestamp, limit: usize) -> Result<Vec<WaitingNotice>, StoreError> {
        let read = move |connection: &Connection| {
            let sql = "SELECT number, kind, username, email, asker, language, requested_at, failures \
                       FROM notices WHERE due_at <= ? ORDER BY due_at, number LIMIT ?";
            connection.prepare_cached(sql)?.query_map(params![now.as_millis(), limit], notice)?.collect()
        };
        self.readers.by_key(NOBODY, read).await
    }

    async fn remove_notice(&self, number: i64) -> Result<(), StoreError> {
        let remove = move |connection: &Connection| {
            connection.prepare_cached("DELETE FROM notices WHERE number = ?")?.execute([number])?;
            Ok(())
        };
        self.writer.run(remove).await
    }

    async fn put_notice_off(&self, number: i64, due_at: Timestamp) -> Result<(), StoreError> {
        let put_off = move |connection: &Connection| {
            let sql = "UPDATE notices SET failures = failures + 1, due_at = ? WHERE number = ?";
            connection.prepare_cached(sql)?.execute([due_at.as_millis(), number])?;
            Ok(())
        };
        self.writer.run(put_off).await
    }
}
