use async_trait::async_trait;
use domain::store::{HostAccount, HostAccountStore, NewAccount, NewHostAccount, StoreError, UserId};
use protocol::{SessionId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteStore;
use super::account::{COLUMNS, account, insert_account, verify};
use super::lane::NOBODY;
use super::session::note_ended;

fn record(row: &Row<'_>) -> Result<HostAccount, rusqlite::Error> {
    Ok(HostAccount {
        account: account(row)?,
        session: SessionId::from_bytes(row.get("session_id")?),
        not_before: row.get::<_, Option<_>>("not_before")?.map(Timestamp::from_millis),
    })
}

/// The one row that meets the condition.
fn find(
    connection: &Connection,
    condition: &str,
    values: impl rusqlite::Params,
) -> Result<Option<HostAccount>, rusqlite::Error> {
    let sql = format!(
        "SELECT {COLUMNS}, session_id, not_before FROM host_accounts JOIN users ON users.id = user_id \
         WHERE {condition}"
    );
    connection.prepare_cached(&sql)?.query_row(values, record).optional()
}

fn of_subject(
    connection: &Connection,
    issuer: &str,
    subject: &str,
) -> Result<Option<HostAccount>, rusqlite::Error> {
    find(connection, "issuer = ? AND subject = ?", [issuer, subject])
}

/// Makes a verified account without a password: no password has an empty hash.
fn take_username(
    connection: &Connection,
    new: &NewHostAccount,
    freed: Timestamp,
) -> Result<Option<UserId>, rusqlite::Error> {
    let account = NewAccount {
        username: new.username.clone(),
        display_name: new.display_name.clone(),
        email: None,
        password_hash: String::new(),
        created_at: new.created_at,
        invite: None,
    };
    let id = insert_account(connection, &account, freed)?;
    if let Some(id) = id {
        verify(connection, id)?;
    }
    Ok(id)
}

#[async_trait]
impl HostAccountStore for SqliteStore {
    async fn host_account(&self, issuer: &str, subject: &str) -> Result<Option<HostAccount>, StoreError> {
        let (issuer, subject) = (issuer.to_owned(), subject.to_owned());
        self.readers.by_key(NOBODY, move |connection| of_subject(connection, &issuer, &subject)).await
    }

    async fn host_account_of(&self, session: SessionId) -> Result<Option<HostAccount>, StoreError> {
        let read = move |connection: &Connection| find(connection, "session_id = ?", [session.as_bytes()]);
        self.readers.by_key(NOBODY, read).await
    }

    async fn create_host_account(
        &self,
        new: NewHostAccount,
        freed: Timestamp,
    ) -> Result<Option<HostAccount>, StoreError> {
        let create = move |connection: &Connection| {
            // Another first sight of the same person may have come before.
            if let Some(theirs) = of_subject(connection, &new.issuer, &new.subject)? {
                return Ok(Some(theirs));
            }
            let Some(id) = take_username(connection, &new, freed)? else { return Ok(None) };
            let sql = "INSERT INTO host_accounts (user_id, issuer, subject, session_id) VALUES (?, ?, ?, ?)";
            let values = params![id.0, new.issuer, new.subject, new.session.as_bytes()];
            connection.prepare_cached(sql)?.execute(values)?;
            of_subject(connection, &new.issuer, &new.subject)
        };
        self.writer.run(create).await
    }

    async fn refuse_host_tokens(
        &self,
        user: UserId,
        next: SessionId,
        now: Timestamp,
    ) -> Result<Option<SessionId>, StoreError> {
        let refuse = move |connection: &Connection| {
            let Some(theirs) = find(connection, "user_id = ?", [user.0])? else { return Ok(None) };
            let sql = "UPDATE host_accounts SET session_id = ?, not_before = ? WHERE user_id = ?";
            connection.prepare_cached(sql)?.execute(params![next.as_bytes(), now.as_millis(), user.0])?;
            note_ended(connection, user, theirs.session, now)?;
            Ok(Some(theirs.session))
        };
        self.writer.run(refuse).await
    }
}
