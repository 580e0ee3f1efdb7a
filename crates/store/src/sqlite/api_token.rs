use async_trait::async_trait;
use domain::store::{ApiTokenRecord, ApiTokenStore, Hash, StoreError, UserId};
use protocol::{SessionId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteStore;
use super::lane::NOBODY;
use super::session::note_ended;

const COLUMNS: &str = "id, user_id, name, created_at, expires_at, last_used_at";

fn record(row: &Row<'_>) -> Result<ApiTokenRecord, rusqlite::Error> {
    let time =
        |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis));
    Ok(ApiTokenRecord {
        id: SessionId::from_bytes(row.get(0)?),
        user: UserId(row.get(1)?),
        name: row.get(2)?,
        created_at: Timestamp::from_millis(row.get(3)?),
        expires_at: time(4)?,
        last_used_at: time(5)?,
    })
}

#[async_trait]
impl ApiTokenStore for SqliteStore {
    async fn create_api_token(
        &self,
        token: ApiTokenRecord,
        hash: Hash,
        most: usize,
    ) -> Result<bool, StoreError> {
        let create = move |connection: &Connection| {
            let sql = format!(
                "INSERT INTO api_tokens (hash, {COLUMNS}) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 \
                 WHERE (SELECT count(*) FROM api_tokens WHERE user_id = ?3) < ?8 \
                   AND EXISTS (SELECT 1 FROM users WHERE id = ?3 AND disabled = 0 AND deleted_at IS NULL)"
            );
            let values = params![
                hash,
                token.id.as_bytes(),
                token.user.0,
                token.name,
                token.created_at.as_millis(),
                token.expires_at.map(Timestamp::as_millis),
                token.last_used_at.map(Timestamp::as_millis),
                most
            ];
            Ok(connection.prepare_cached(&sql)?.execute(values)? > 0)
        };
        self.writer.run(create).await
    }

    async fn api_token(&self, hash: Hash) -> Result<Option<ApiTokenRecord>, StoreError> {
        let read = move |connection: &Connection| {
            let sql = format!("SELECT {COLUMNS} FROM api_tokens WHERE hash = ?");
            connection.prepare_cached(&sql)?.query_row([hash], record).optional()
        };
        self.readers.by_key(NOBODY, read).await
    }

    async fn api_tokens_of(&self, user: UserId) -> Result<Vec<ApiTokenRecord>, StoreError> {
        let read = move |connection: &Connection| {
            let sql = format!("SELECT {COLUMNS} FROM api_tokens WHERE user_id = ? ORDER BY id DESC");
            connection.prepare_cached(&sql)?.query_map([user.0], record)?.collect()
        };
        self.readers.by_key(user, read).await
    }

    async fn note_api_token_used(&self, hash: Hash, at: Timestamp) -> Result<(), StoreError> {
        let note = move |connection: &Connection| {
            let sql = "UPDATE api_tokens SET last_used_at = max(ifnull(last_used_at, 0), ?) WHERE hash = ?";
            connection.prepare_cached(sql)?.execute(params![at.as_millis(), hash])?;
            Ok(())
        };
        self.writer.run(note).await
    }

    async fn end_api_token(&self, user: UserId, id: SessionId, at: Timestamp) -> Result<bool, StoreError> {
        let end = move |connection: &Connection| {
            let sql = "DELETE FROM api_tokens WHERE user_id = ? AND id = ?";
            let ended = connection.prepare_cached(sql)?.execute(params![user.0, id.as_bytes()])? > 0;
            if ended {
                note_ended(connection, user, id, at)?;
            }
            Ok(ended)
        };
        self.writer.run(end).await
    }

    async fn end_expired_api_tokens(&self, now: Timestamp) -> Result<Vec<ApiTokenRecord>, StoreError> {
        let expired = move |connection: &Connection| {
            let sql = "SELECT EXISTS (SELECT 1 FROM api_tokens WHERE expires_at <= ?)";
            connection.prepare_cached(sql)?.query_row([now.as_millis()], |row| row.get(0))
        };
        // Asked often, and the answer is nearly always no: most calls need no commit.
        if !self.readers.by_key(NOBODY, expired).await? {
            return Ok(Vec::new());
        }
        let end = move |connection: &Connection| {
            let sql = format!("DELETE FROM api_tokens WHERE expires_at <= ? RETURNING {COLUMNS}");
            let mut expire = connection.prepare_cached(&sql)?;
            let ended: Vec<_> = expire.query_map([now.as_millis()], record)?.collect::<Result<_, _>>()?;
            for token in &ended {
                note_ended(connection, token.user, token.id, now)?;
            }
            Ok(ended)
        };
        self.writer.run(end).await
    }
}
