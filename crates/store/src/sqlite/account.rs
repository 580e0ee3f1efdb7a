use async_trait::async_trait;
use domain::store::{
    Account, AccountChange, AccountStore, FirstCode, FoundAccounts, LastSeen, NameSearch, NewAccount,
    PresenceQuery, PresenceState, Purpose, StoreError, UserId,
};
use protocol::{AccountRole, AddMe, SessionId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteStore;
use super::avatar_columns::avatar;
use super::code::{forget_codes, put_code};
use super::lane::NOBODY;
use super::notice::put_notice;
use super::presence::{may_see, presence_states};
use super::session::end_sessions;

pub(super) const COLUMNS: &str = "id, username, display_name, email, password_hash, verified, created_at, hide_presence, \
                       last_seen_at, add_me, avatar_large, avatar_small, is_admin, disabled, deleted_at";

/// Users whose presence is looked at in one read. Each look may go through hundreds of conversations.
const LOOKS: usize = 64;

/// The highest character. A prefix followed by it sorts after all names that begin with the prefix.
pub(super) const END: char = char::MAX;

pub(super) fn account(row: &Row<'_>) -> Result<Account, rusqlite::Error> {
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
        add_me: add_me_of(row.get(9)?),
        avatar: avatar(row, 10)?,
        role: if row.get(12)? { AccountRole::Admin } else { AccountRole::Member },
        disabled: row.get(13)?,
        deleted_at: row.get::<_, Option<_>>(14)?.map(Timestamp::from_millis),
    })
}

fn add_me_of(number: i64) -> AddMe {
    match number {
        0 => AddMe::Everybody,
        1 => AddMe::Contacts,
        _ => AddMe::Nobody,
    }
}

pub(super) fn add_me_number(add_me: AddMe) -> i64 {
    match add_me {
        AddMe::Everybody => 0,
        AddMe::Contacts => 1,
        AddMe::Nobody => 2,
    }
}

/// Fills `display_key` for accounts created before migration 3.
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

/// Inserts an unverified account; `None` if the username is taken. An unverified account that was created at `freed` or
/// before does not keep its username.
pub(super) fn insert_account(
    connection: &Connection,
    new: &NewAccount,
    freed: Timestamp,
) -> Result<Option<UserId>, rusqlite::Error> {
    // Only codes refer to an account that was never verified, so the new account may take its row. Nothing of what it
    // was may stay there.
    let sql = "INSERT INTO users \
                 (username, username_key, display_name, display_key, email, password_hash, created_at) \
               VALUES (?, ?, ?, ?, ?, ?, ?) \
               ON CONFLICT (username_key) DO UPDATE SET \
                 username = excluded.username, display_name = excluded.display_name, \
                 display_key = excluded.display_key, email = excluded.email, \
                 password_hash = excluded.password_hash, created_at = excluded.created_at, \
                 is_admin = 0, disabled = 0 \
               WHERE users.verified = 0 AND users.created_at <= ? RETURNING id";
    let values = params![
        new.username,
        new.username.to_ascii_lowercase(),
        new.display_name,
        Account::display_key(&new.display_name),
        new.email,
        new.password_hash,
        new.created_at.as_millis(),
        freed.as_millis()
    ];
    let id = connection.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
    let Some(id) = id.map(UserId) else { return Ok(None) };
    forget_codes(connection, id, Purpose::Verify)?;
    Ok(Some(id))
}

/// Marks an account verified and removes its codes.
pub(super) fn verify(connection: &Connection, user: UserId) -> Result<(), rusqlite::Error> {
    connection.prepare_cached("UPDATE users SET verified = 1 WHERE id = ?")?.execute([user.0])?;
    forget_codes(connection, user, Purpose::Verify)
}

#[async_trait]
impl AccountStore for SqliteStore {
    async fn create_account(
        &self,
        new: NewAccount,
        code: FirstCode,
        freed: Timestamp,
    ) -> Result<Option<UserId>, StoreError> {
        let create = move |connection: &Connection| {
            let Some(id) = insert_account(connection, &new, freed)? else { return Ok(None) };
            match &code {
                FirstCode::Drawn(code) => put_code(connection, id, code)?,
                FirstCode::Requested(request) => put_notice(connection, request)?,
            }
            Ok(Some(id))
        };
        self.writer.run(create).await
    }

    async fn forget_unverified(&self, freed: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let forget = move |connection: &Connection| {
            // The newest account stays: SQLite would give its id to the next one.
            let sql = "DELETE FROM users WHERE id IN (SELECT id FROM users \
                         WHERE verified = 0 AND created_at <= ? AND id < (SELECT max(id) FROM users) \
                         LIMIT ?)";
            connection.prepare_cached(sql)?.execute(params![freed.as_millis(), limit])
        };
        self.writer.run(forget).await
    }

    async fn account(&self, username: &str) -> Result<Option<Account>, StoreError> {
        let key = username.to_ascii_lowercase();
        let read = move |connection: &Connection| {
            let sql = format!("SELECT {COLUMNS} FROM users WHERE username_key = ?");
            connection.prepare_cached(&sql)?.query_row([&key], account).optional()
        };
        self.readers.by_key(NOBODY, read).await
    }

    async fn account_of(&self, user: UserId) -> Result<Option<Account>, StoreError> {
        let read = move |connection: &Connection| {
            let sql = format!("SELECT {COLUMNS} FROM users WHERE id = ?");
            connection.prepare_cached(&sql)?.query_row([user.0], account).optional()
        };
        self.readers.by_key(user, read).await
    }

    async fn accounts_by_email(&self, email: &str, limit: usize) -> Result<Vec<Account>, StoreError> {
        let email = email.to_ascii_lowercase();
        let read = move |connection: &Connection| {
            let sql = by_email();
            connection.prepare_cached(&sql)?.query_map(params![email, limit], account)?.collect()
        };
        self.readers.by_key(NOBODY, read).await
    }

    async fn change_password(
        &self,
        user: UserId,
        before: String,
        password_hash: String,
        keep: SessionId,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let change = move |connection: &Connection| {
            let sql = "UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?";
            if connection.prepare_cached(sql)?.execute(params![password_hash, user.0, before])? == 0 {
                return Ok(false);
            }
            end_sessions(connection, user, Some(keep), at)?;
            Ok(true)
        };
        self.writer.run(change).await
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
                   hide_presence = coalesce(?, hide_presence), add_me = coalesce(?, add_me) \
                 WHERE id = ? AND deleted_at IS NULL RETURNING {COLUMNS}"
            );
            let add_me = change.add_me.map(add_me_number);
            let values = params![change.display_name, display_key, change.hide_presence, add_me, user.0];
            connection.prepare_cached(&sql)?.query_row(values, account).optional()
        };
        self.writer.run(change).await
    }

    async fn accounts_by_username(
        &self,
        reader: UserId,
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
        self.readers.by_key(reader, read).await
    }

    async fn accounts_by_display_name(&self, search: NameSearch) -> Result<FoundAccounts, StoreError> {
        let reader = search.reader;
        self.readers.by_key(reader, move |connection| find_by_display_name(connection, &search)).await
    }

    async fn note_seen(&self, seen: Vec<LastSeen>) -> Result<(), StoreError> {
        let note = move |connection: &Connection| {
            let sql = "UPDATE users SET last_seen_at = ?1 WHERE id = ?2 AND deleted_at IS NULL AND ifnull(last_seen_at, 0) < ?1";
            let mut update = connection.prepare_cached(sql)?;
            for LastSeen { user, at } in &seen {
                update.execute([at.as_millis(), user.0])?;
            }
            Ok(())
        };
        self.writer.run(note).await
    }

    async fn presence_states(
        &self,
        from: UserId,
        usernames: Vec<String>,
    ) -> Result<Vec<PresenceState>, StoreError> {
        let mut sightings = Vec::with_capacity(usernames.len());
        for names in usernames.chunks(LOOKS) {
            let names = names.to_vec();
            sightings.extend(
                self.readers.run(from, move |connection| presence_states(connection, from, &names)).await?,
            );
        }
        Ok(sightings)
    }

    async fn sees(&self, looks: Vec<PresenceQuery>) -> Result<Vec<bool>, StoreError> {
        let mut seen = Vec::with_capacity(looks.len());
        for looks in looks.chunks(LOOKS) {
            let looks = looks.to_vec();
            let read = move |connection: &Connection| {
                looks.iter().map(|look| may_see(connection, *look)).collect::<Result<Vec<_>, _>>()
            };
            seen.extend(self.readers.run(NOBODY, read).await?);
        }
        Ok(seen)
    }
}

/// By the index `users_by_email`, whose rows are in the order of their ids.
pub(super) fn by_email() -> String {
    format!(
        "SELECT {COLUMNS} FROM users \
         WHERE verified = 1 AND email IS NOT NULL AND lower(email) = ?1 ORDER BY id LIMIT ?2"
    )
}

/// In the order of the index `users_by_username`, so that nothing is sorted.
pub(super) fn by_username() -> String {
    format!(
        "SELECT {COLUMNS} FROM users \
         WHERE verified = 1 AND disabled = 0 AND deleted_at IS NULL \
           AND username_key >= ?1 AND username_key < ?2 AND username_key > ?3 \
         ORDER BY username_key LIMIT ?4"
    )
}

/// In the order of the index `users_by_display_name`, so that nothing is sorted. Accounts whose username begins with
/// the prefix and disabled ones are returned, too, with `is_left_out` set, because they count as scanned.
pub(super) fn by_display_name() -> String {
    format!(
        "SELECT {COLUMNS}, display_key, \
           disabled OR username_key >= ?1 AND username_key < ?2 AS is_left_out FROM users \
         WHERE verified = 1 AND display_key <> username_key AND display_key >= ?1 AND display_key < ?2 \
           AND (display_key, id) > (?3, ?4) \
         ORDER BY display_key, id LIMIT ?5"
    )
}

pub(super) fn find_by_display_name(
    connection: &Connection,
    search: &NameSearch,
) -> Result<FoundAccounts, rusqlite::Error> {
    let NameSearch { reader: _, prefix, after, limit, looks } = search;
    let (after, after_id) = after.as_ref().map_or(("", 0), |(key, user)| (key, user.0));
    let mut statement = connection.prepare_cached(&by_display_name())?;
    let mut rows = statement.query(params![prefix, format!("{prefix}{END}"), after, after_id, looks])?;
    let (mut found, mut scanned) = (FoundAccounts::default(), 0);
    while found.accounts.len() < *limit
        && let Some(row) = rows.next()?
    {
        scanned += 1;
        if !row.get::<_, bool>("is_left_out")? {
            found.accounts.push(account(row)?);
        }
        if scanned == *looks && found.accounts.len() < *limit {
            found.stopped = Some((row.get("display_key")?, UserId(row.get("id")?)));
        }
    }
    Ok(found)
}
