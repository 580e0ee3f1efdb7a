use async_trait::async_trait;
use domain::store::{Account, AccountStore, CodeTry, NewAccount, OneTimeCode, StoreError, UserId};
use protocol::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteStore;

const ACCOUNT: &str =
    "SELECT id, username, display_name, email, password_hash, verified, created_at FROM users";

fn account(row: &Row<'_>) -> Result<Account, rusqlite::Error> {
    Ok(Account {
        id: UserId(row.get(0)?),
        username: row.get(1)?,
        display_name: row.get(2)?,
        email: row.get(3)?,
        password_hash: row.get(4)?,
        verified: row.get(5)?,
        created_at: Timestamp::from_millis(row.get(6)?),
    })
}

fn put_code(connection: &Connection, user: UserId, code: &OneTimeCode) -> Result<(), rusqlite::Error> {
    let sql = "INSERT OR REPLACE INTO one_time_codes (user_id, hash, salt, expires_at) VALUES (?, ?, ?, ?)";
    let values = params![user.0, code.hash, code.salt, code.expires_at.as_millis()];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

#[async_trait]
impl AccountStore for SqliteStore {
    async fn create_account(&self, new: NewAccount, code: OneTimeCode) -> Result<Option<UserId>, StoreError> {
        let key = new.username.to_ascii_lowercase();
        let create = move |connection: &Connection| {
            let sql = "INSERT INTO users (username, username_key, display_name, email, password_hash, created_at) \
                       VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (username_key) DO NOTHING RETURNING id";
            let values = params![
                new.username,
                key,
                new.display_name,
                new.email,
                new.password_hash,
                new.created_at.as_millis()
            ];
            let id = connection.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
            let Some(id) = id.map(UserId) else { return Ok(None) };
            put_code(connection, id, &code)?;
            Ok(Some(id))
        };
        self.writer.run(create).await
    }

    async fn account(&self, username: &str) -> Result<Option<Account>, StoreError> {
        let key = username.to_ascii_lowercase();
        let read = move |connection: &Connection| {
            let sql = format!("{ACCOUNT} WHERE username_key = ?");
            connection.prepare_cached(&sql)?.query_row([key], account).optional()
        };
        self.readers.run(read).await
    }

    async fn account_of(&self, user: UserId) -> Result<Option<Account>, StoreError> {
        let read = move |connection: &Connection| {
            let sql = format!("{ACCOUNT} WHERE id = ?");
            connection.prepare_cached(&sql)?.query_row([user.0], account).optional()
        };
        self.readers.run(read).await
    }

    async fn put_code(&self, user: UserId, code: OneTimeCode) -> Result<(), StoreError> {
        self.writer.run(move |connection| put_code(connection, user, &code)).await
    }

    async fn try_code(&self, user: UserId) -> Result<Option<CodeTry>, StoreError> {
        let count = move |connection: &Connection| {
            let sql = "UPDATE one_time_codes SET tries = tries + 1 WHERE user_id = ? \
                       RETURNING hash, salt, expires_at, tries";
            let attempt = |row: &Row<'_>| {
                let expires_at = Timestamp::from_millis(row.get(2)?);
                let code = OneTimeCode { hash: row.get(0)?, salt: row.get(1)?, expires_at };
                Ok(CodeTry { code, tries: row.get(3)? })
            };
            connection.prepare_cached(sql)?.query_row([user.0], attempt).optional()
        };
        self.writer.run(count).await
    }

    async fn use_code(&self, user: UserId, code: &OneTimeCode) -> Result<bool, StoreError> {
        let (hash, salt) = (code.hash, code.salt);
        let verify = move |connection: &Connection| {
            let sql = "DELETE FROM one_time_codes WHERE user_id = ? AND hash = ? AND salt = ?";
            if connection.prepare_cached(sql)?.execute(params![user.0, hash, salt])? == 0 {
                return Ok(false);
            }
            connection.prepare_cached("UPDATE users SET verified = 1 WHERE id = ?")?.execute([user.0])?;
            Ok(true)
        };
        self.writer.run(verify).await
    }
}
