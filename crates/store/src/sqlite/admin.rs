use async_trait::async_trait;
use domain::store::{
    Account, AccountPlace, AdminAccount, AdminChange, AdminChanged, AdminStore, Deed, FoundBy, NewAccount,
    StoreError, UserId,
};
use protocol::{AccountRole, AuditAction, SessionId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::account::{COLUMNS, END, account, insert_account, verify};
use super::lane::NOBODY;
use super::session::note_ended;
use super::{SqliteStore, audit};

const ACTIVE_ADMIN: &str = "is_admin = 1 AND verified = 1 AND disabled = 0 AND deleted_at IS NULL";

fn admin_account(connection: &Connection, account: Account) -> Result<AdminAccount, rusqlite::Error> {
    let sql = "SELECT count(*) FROM sessions WHERE user_id = ?";
    let sessions = connection.prepare_cached(sql)?.query_row([account.id.0], |row| row.get(0))?;
    Ok(AdminAccount { account, sessions })
}

fn find(connection: &Connection, user: UserId) -> Result<Option<Account>, rusqlite::Error> {
    let sql = format!("SELECT {COLUMNS} FROM users WHERE id = ?");
    connection.prepare_cached(&sql)?.query_row([user.0], account).optional()
}

/// Ends all sessions and API tokens of a user, and gives them.
pub(super) fn end_all(
    connection: &Connection,
    user: UserId,
    at: Timestamp,
) -> Result<Vec<SessionId>, rusqlite::Error> {
    let mut ended = Vec::new();
    for table in ["sessions", "api_tokens"] {
        let sql = format!("DELETE FROM {table} WHERE user_id = ? RETURNING id");
        let id = |row: &Row<'_>| Ok(SessionId::from_bytes(row.get(0)?));
        let ids = connection.prepare_cached(&sql)?.query_map([user.0], id)?.collect::<Result<Vec<_>, _>>()?;
        ended.extend(ids);
    }
    for id in &ended {
        note_ended(connection, user, *id, at)?;
    }
    Ok(ended)
}

fn administer(connection: &Connection, change: &AdminChange) -> Result<AdminChanged, rusqlite::Error> {
    let Some(before) = find(connection, change.user)? else { return Ok(AdminChanged::Unknown) };
    let mut after = before.clone();
    let actions = change.apply(&mut after);
    if change.keeps_an_admin && before.is_active_admin() && !after.is_active_admin() {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM users WHERE {ACTIVE_ADMIN} AND id <> ?)");
        let others: bool = connection.prepare_cached(&sql)?.query_row([change.user.0], |row| row.get(0))?;
        if !others {
            return Ok(AdminChanged::LastAdmin);
        }
    }
    let sql = "UPDATE users SET disabled = ?, is_admin = ?, display_name = ?, display_key = ? WHERE id = ?";
    let key = Account::display_key(&after.display_name);
    let is_admin = after.role == AccountRole::Admin;
    let values = params![after.disabled, is_admin, after.display_name, key, change.user.0];
    if !actions.is_empty() {
        connection.prepare_cached(sql)?.execute(values)?;
    }
    for action in &actions {
        audit::put(connection, &change.deed, *action, Some(&after.username), None)?;
    }
    let is_shut_out = actions.contains(&AuditAction::UserDisabled);
    let ended = if is_shut_out { end_all(connection, change.user, change.deed.at)? } else { Vec::new() };
    Ok(AdminChanged::Changed { account: Box::new(admin_account(connection, after)?), ended })
}

/// The accounts of which this field begins with the query and none before it, above a key and id. In the order of an
/// index for each field, so that nothing is sorted.
pub(super) fn by_field(field: FoundBy) -> String {
    let (key, unlike) = match field {
        FoundBy::Username => ("username_key", ""),
        FoundBy::DisplayName => ("display_key", "AND NOT (username_key >= ?6 AND username_key < ?7)"),
        FoundBy::Email => (
            "lower(email)",
            "AND email IS NOT NULL AND NOT (username_key >= ?6 AND username_key < ?7) \
             AND NOT (display_key >= ?8 AND display_key < ?9)",
        ),
    };
    format!(
        "SELECT {COLUMNS} FROM users WHERE {key} >= ?1 AND {key} < ?2 AND ({key}, id) > (?3, ?4) {unlike} \
         ORDER BY {key}, id LIMIT ?5"
    )
}

fn find_by(
    connection: &Connection,
    field: FoundBy,
    query: &str,
    after: Option<&AccountPlace>,
    limit: usize,
) -> Result<Vec<Account>, rusqlite::Error> {
    let range = |field| {
        let from = AccountPlace::query(field, query);
        let to = format!("{from}{END}");
        (from, to)
    };
    let (from, to) = range(field);
    let (after, user) = after.map_or(("", 0), |place| (&*place.key, place.user.0));
    let mut statement = connection.prepare_cached(&by_field(field))?;
    let (name, name_end) = range(FoundBy::Username);
    let (display, display_end) = range(FoundBy::DisplayName);
    match field {
        FoundBy::Username => statement.query_map(params![from, to, after, user, limit], account)?.collect(),
        FoundBy::DisplayName => {
            let values = params![from, to, after, user, limit, name, name_end];
            statement.query_map(values, account)?.collect()
        }
        FoundBy::Email => {
            let values = params![from, to, after, user, limit, name, name_end, display, display_end];
            statement.query_map(values, account)?.collect()
        }
    }
}

#[async_trait]
impl AdminStore for SqliteStore {
    async fn add_account(
        &self,
        new: NewAccount,
        role: AccountRole,
        deed: Deed,
        freed: Timestamp,
    ) -> Result<Option<UserId>, StoreError> {
        let add = move |connection: &Connection| {
            let Some(user) = insert_account(connection, &new, freed)? else { return Ok(None) };
            verify(connection, user)?;
            audit::put(connection, &deed, AuditAction::UserAdded, Some(&new.username), None)?;
            if role == AccountRole::Admin {
                let sql = "UPDATE users SET is_admin = 1 WHERE id = ?";
                connection.prepare_cached(sql)?.execute([user.0])?;
                audit::put(connection, &deed, AuditAction::AdminAdded, Some(&new.username), None)?;
            }
            Ok(Some(user))
        };
        self.writer.run(add).await
    }

    async fn administer(&self, change: AdminChange) -> Result<AdminChanged, StoreError> {
        self.writer.run(move |connection| administer(connection, &change)).await
    }

    async fn log_out(&self, user: UserId, deed: Deed) -> Result<Vec<SessionId>, StoreError> {
        let log_out = move |connection: &Connection| {
            let Some(account) = find(connection, user)? else { return Ok(Vec::new()) };
            audit::put(connection, &deed, AuditAction::UserLoggedOut, Some(&account.username), None)?;
            end_all(connection, user, deed.at)
        };
        self.writer.run(log_out).await
    }

    async fn find_accounts(
        &self,
        query: &str,
        after: Option<AccountPlace>,
        limit: usize,
    ) -> Result<Vec<AdminAccount>, StoreError> {
        let query = query.to_owned();
        let read = move |connection: &Connection| {
            let mut found = Vec::new();
            for field in FoundBy::ALL {
                let above = after.as_ref().filter(|place| place.field == field);
                // An empty query has found everybody by their username.
                let is_over = after.as_ref().is_some_and(|place| place.field > field)
                    || query.is_empty() && field > FoundBy::Username;
                if !is_over && found.len() < limit {
                    found.extend(find_by(connection, field, &query, above, limit - found.len())?);
                }
            }
            found.into_iter().map(|account| admin_account(connection, account)).collect()
        };
        self.readers.run(NOBODY, read).await
    }

    async fn admin_account(&self, user: UserId) -> Result<Option<AdminAccount>, StoreError> {
        let read = move |connection: &Connection| {
            find(connection, user)?.map(|account| admin_account(connection, account)).transpose()
        };
        self.readers.by_key(NOBODY, read).await
    }

    async fn has_admin(&self) -> Result<bool, StoreError> {
        let read = |connection: &Connection| {
            let sql = format!("SELECT EXISTS (SELECT 1 FROM users WHERE {ACTIVE_ADMIN})");
            connection.prepare_cached(&sql)?.query_row([], |row| row.get(0))
        };
        self.readers.by_key(NOBODY, read).await
    }
}
