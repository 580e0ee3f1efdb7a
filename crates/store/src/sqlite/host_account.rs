use async_trait::async_trait;
use domain::store::{Account, HostAccount, HostAccountStore, NewHostAccount, Purpose, StoreError, UserId};
use protocol::{SessionId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteStore;
use super::account::{COLUMNS, account};
use super::code::forget_codes;
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

/// Takes the username, unless somebody has it.
fn take_username(
    connection: &Connection,
    new: &NewHostAccount,
    freed: Timestamp,
) -> Result<Option<UserId>, rusqlite::Error> {
    // Only codes refer to an account that was never verified, so the new account may take its row. No password has an
    // empty hash.
    let sql = "INSERT INTO users \
                 (username, username_key, display_name, display_key, password_hash, verified, created_at) \
               VALUES (?, ?, ?, ?, '', 1, ?) \
               ON CONFLICT (username_key) DO UPDATE SET \
                 username = excluded.username, display_name = excluded.display_name, \
                 display_key = excluded.display_key, email = NULL, password_hash = excluded.password_hash, \
                 verified = 1, created_at = excluded.created_at \
               WHERE users.verified = 0 AND users.created_at <= ? RETURNING id";
    let values = params![
        new.username,
        new.username.to_ascii_lowercase(),
        new.display_name,
        Account::display_key(&new.display_name),
        new.created_at.as_millis(),
        freed.as_millis()
    ];
    let id = connection.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
    Ok(id.map(UserId))
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
            forget_codes(connection, id, Purpose::Verify)?;
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
