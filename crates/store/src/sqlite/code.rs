use std::net::IpAddr;

use async_trait::async_trait;
use domain::store::{CodeStore, CodeTry, CodeUse, OneTimeCode, Purpose, StoreError, UserId};
use protocol::Timestamp;
use rusqlite::{Connection, Row, ToSql, params};

use super::SqliteStore;
use super::session::end_sessions;

const COLUMNS: &str = "purpose, hash, salt, expires_at, asker, tries, others, email";

fn purpose_number(purpose: Purpose) -> i64 {
    match purpose {
        Purpose::Verify => 0,
        Purpose::Reset => 1,
        Purpose::Email => 2,
    }
}

fn purpose_of(number: i64) -> Purpose {
    match number {
        0 => Purpose::Verify,
        1 => Purpose::Reset,
        _ => Purpose::Email,
    }
}

/// The address that asked for something, as it is stored; empty for none.
pub(super) fn asker(address: Option<IpAddr>) -> String {
    address.map(|address| address.to_string()).unwrap_or_default()
}

pub(super) fn put_code(
    connection: &Connection,
    user: UserId,
    code: &OneTimeCode,
) -> Result<(), rusqlite::Error> {
    let sql = "INSERT OR REPLACE INTO one_time_codes (user_id, purpose, asker, hash, salt, expires_at, email) \
               SELECT id, ?1, ?2, ?3, ?4, ?5, ?6 FROM users \
               WHERE id = ?7 AND verified = (?1 <> 0) AND disabled = 0 AND deleted_at IS NULL";
    let values = params![
        purpose_number(code.purpose),
        asker(code.asker),
        code.hash,
        code.salt,
        code.expires_at.as_millis(),
        code.email,
        user.0
    ];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// Removes the user's codes for a purpose.
pub(super) fn forget_codes(
    connection: &Connection,
    user: UserId,
    purpose: Purpose,
) -> Result<(), rusqlite::Error> {
    let sql = "DELETE FROM one_time_codes WHERE user_id = ? AND purpose = ?";
    connection.prepare_cached(sql)?.execute([user.0, purpose_number(purpose)])?;
    Ok(())
}

fn code_try(row: &Row<'_>) -> Result<CodeTry, rusqlite::Error> {
    let code = OneTimeCode {
        purpose: purpose_of(row.get("purpose")?),
        hash: row.get("hash")?,
        salt: row.get("salt")?,
        expires_at: Timestamp::from_millis(row.get("expires_at")?),
        asker: row.get::<_, String>("asker")?.parse().ok(),
        email: row.get("email")?,
    };
    Ok(CodeTry { code, tries: row.get("tries")?, others: row.get("others")? })
}

/// Adds 1 to a counter of a user's valid codes whose asker meets the condition. Returns these codes.
fn count_try(
    connection: &Connection,
    counter: &str,
    condition: &str,
    values: &[&dyn ToSql],
) -> Result<Vec<CodeTry>, rusqlite::Error> {
    let sql = format!(
        "UPDATE one_time_codes SET {counter} = {counter} + 1 \
         WHERE user_id = ? AND purpose = ? AND expires_at > ? AND asker {condition} RETURNING {COLUMNS}"
    );
    connection.prepare_cached(&sql)?.query_map(values, code_try)?.collect()
}

/// Changes an account by a right code.
fn apply(
    connection: &Connection,
    user: UserId,
    code: &OneTimeCode,
    by: &CodeUse,
) -> Result<(), rusqlite::Error> {
    match by {
        CodeUse::Verify { email_proven } => {
            let sql = "UPDATE users SET verified = 1, email_proven = ?, invite_number = NULL WHERE id = ?";
            connection.prepare_cached(sql)?.execute(params![email_proven, user.0])?;
        }
        CodeUse::Reset { password_hash, at } => {
            let sql = "UPDATE users SET password_hash = ? WHERE id = ?";
            connection.prepare_cached(sql)?.execute(params![password_hash, user.0])?;
            end_sessions(connection, user, None, *at)?;
        }
        CodeUse::Email { email_proven } => {
            let sql = "UPDATE users SET email = ?, email_proven = ? WHERE id = ?";
            connection.prepare_cached(sql)?.execute(params![code.email, email_proven, user.0])?;
        }
    }
    Ok(())
}

#[async_trait]
impl CodeStore for SqliteStore {
    async fn put_code(&self, user: UserId, code: OneTimeCode) -> Result<(), StoreError> {
        self.writer.run(move |connection| put_code(connection, user, &code)).await
    }

    async fn codes(
        &self,
        user: UserId,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Vec<CodeTry>, StoreError> {
        let read = move |connection: &Connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM one_time_codes WHERE user_id = ? AND purpose = ? AND expires_at > ?"
            );
            let values = [user.0, purpose_number(purpose), now.as_millis()];
            connection.prepare_cached(&sql)?.query_map(values, code_try)?.collect()
        };
        self.readers.by_key(user, read).await
    }

    async fn try_code(
        &self,
        user: UserId,
        purpose: Purpose,
        from: Option<IpAddr>,
        others: bool,
        now: Timestamp,
    ) -> Result<Vec<CodeTry>, StoreError> {
        let (purpose, from, now) = (purpose_number(purpose), asker(from), now.as_millis());
        let count = move |connection: &Connection| {
            let values: [&dyn ToSql; 4] = [&user.0, &purpose, &now, &from];
            let mut tried = count_try(connection, "tries", "= ?", &values)?;
            if others {
                tried.extend(count_try(connection, "others", "<> ?", &values)?);
            }
            Ok(tried)
        };
        self.writer.run(count).await
    }

    async fn use_code(&self, user: UserId, code: &OneTimeCode, by: CodeUse) -> Result<bool, StoreError> {
        let code = code.clone();
        let change = move |connection: &Connection| {
            let sql =
                "DELETE FROM one_time_codes WHERE user_id = ? AND purpose = ? AND hash = ? AND salt = ?";
            let values = params![user.0, purpose_number(code.purpose), code.hash, code.salt];
            if connection.prepare_cached(sql)?.execute(values)? == 0 {
                return Ok(false);
            }
            apply(connection, user, &code, &by)?;
            forget_codes(connection, user, code.purpose)?;
            Ok(true)
        };
        self.writer.run(change).await
    }
}
