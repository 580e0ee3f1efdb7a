use async_trait::async_trait;
use domain::store::{
    Account, AccountChange, AccountStore, CodeTry, Look, NewAccount, OneTimeCode, Seen, Sighting, StoreError,
    UserId,
};
use protocol::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteStore;
use super::presence::{look_for, may_see};

const COLUMNS: &str =
    "id, username, display_name, email, password_hash, verified, created_at, hide_presence, last_seen_at";

/// Above everything that begins with what is before it: no character is higher.
const END: char = char::MAX;

fn account(row: &Row<'_>) -> Result<Account, rusqlite::Error> {
    Ok(Account {
        id: UserId(row.get(0)?),
        username: row.get(1)?,
        display_name: row.get(2)?,
        email: row.get(3)?,
        password_hash: row.get(4)?,
        verified: row.get(5)?,
        created_at: Timestamp::from_millis(row.get(6)?),
        hide_presence: row.get(7)?,
        last_seen_at: row.get::<_, Option<_>>(8)?.map(Timestamp::from_millis),
    })
}

/// Fills in by what people are found who were there before that was kept.
pub(super) fn write_display_keys(connection: &Connection) -> Result<(), rusqlite::Error> {
    let mut people = connection.prepare("SELECT id, display_name FROM users WHERE display_key IS NULL")?;
    let people: Vec<(i64, String)> =
        people.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    let mut update = connection.prepare("UPDATE users SET display_key = ? WHERE id = ?")?;
    for (id, display_name) in people {
        update.execute(params![Account::display_key(&display_name), id])?;
    }
    Ok(())
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
            let sql = "INSERT INTO users \
                         (username, username_key, display_name, display_key, email, password_hash, created_at) \
                       VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (username_key) DO NOTHING RETURNING id";
            let values = params![
                new.username,
                key,
                new.display_name,
                Account::display_key(&new.display_name),
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
            let sql = format!("SELECT {COLUMNS} FROM users WHERE username_key = ?");
            connection.prepare_cached(&sql)?.query_row([key], account).optional()
        };
        self.readers.run(read).await
    }

    async fn account_of(&self, user: UserId) -> Result<Option<Account>, StoreError> {
        let read = move |connection: &Connection| {
            let sql = format!("SELECT {COLUMNS} FROM users WHERE id = ?");
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

    async fn change_account(
        &self,
        user: UserId,
        change: AccountChange,
    ) -> Result<Option<Account>, StoreError> {
        let display_key = change.display_name.as_deref().map(Account::display_key);
        let change = move |connection: &Connection| {
            let sql = format!(
                "UPDATE users SET display_name = coalesce(?, display_name), display_key = coalesce(?, display_key), \
                   hide_presence = coalesce(?, hide_presence) \
                 WHERE id = ? RETURNING {COLUMNS}"
            );
            let values = params![change.display_name, display_key, change.hide_presence, user.0];
            connection.prepare_cached(&sql)?.query_row(values, account).optional()
        };
        self.writer.run(change).await
    }

    async fn accounts_by_username(
        &self,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Account>, StoreError> {
        let (prefix, after, end) = (prefix.to_owned(), after.to_owned(), format!("{prefix}{END}"));
        let read = move |connection: &Connection| {
            let sql = by_username();
            let values = params![prefix, end, after, limit];
            connection.prepare_cached(&sql)?.query_map(values, account)?.collect()
        };
        self.readers.run(read).await
    }

    async fn accounts_by_display_name(
        &self,
        prefix: &str,
        after: Option<(String, UserId)>,
        limit: usize,
    ) -> Result<Vec<Account>, StoreError> {
        let (prefix, end) = (prefix.to_owned(), format!("{prefix}{END}"));
        let (after, after_id) = after.unwrap_or((String::new(), UserId(0)));
        let read = move |connection: &Connection| {
            let sql = by_display_name();
            let values = params![prefix, end, after, after_id.0, limit];
            connection.prepare_cached(&sql)?.query_map(values, account)?.collect()
        };
        self.readers.run(read).await
    }

    async fn note_seen(&self, seen: Vec<Seen>) -> Result<(), StoreError> {
        let note = move |connection: &Connection| {
            let sql = "UPDATE users SET last_seen_at = ?1 WHERE id = ?2 AND ifnull(last_seen_at, 0) < ?1";
            let mut update = connection.prepare_cached(sql)?;
            for Seen { user, at } in &seen {
                update.execute([at.as_millis(), user.0])?;
            }
            Ok(())
        };
        self.writer.run(note).await
    }

    async fn look_for(&self, from: UserId, usernames: Vec<String>) -> Result<Vec<Sighting>, StoreError> {
        self.readers.run(move |connection| look_for(connection, from, &usernames)).await
    }

    async fn sees(&self, looks: Vec<Look>) -> Result<Vec<bool>, StoreError> {
        let read =
            move |connection: &Connection| looks.iter().map(|look| may_see(connection, *look)).collect();
        self.readers.run(read).await
    }
}

/// As its index has it.
pub(super) fn by_username() -> String {
    format!(
        "SELECT {COLUMNS} FROM users \
         WHERE verified = 1 AND username_key >= ?1 AND username_key < ?2 AND username_key > ?3 \
         ORDER BY username_key LIMIT ?4"
    )
}

/// As its index has it, with the names that are no username.
pub(super) fn by_display_name() -> String {
    format!(
        "SELECT {COLUMNS} FROM users \
         WHERE verified = 1 AND display_key <> username_key AND display_key >= ?1 AND display_key < ?2 \
           AND (display_key, id) > (?3, ?4) AND NOT (username_key >= ?1 AND username_key < ?2) \
         ORDER BY display_key, id LIMIT ?5"
    )
}
