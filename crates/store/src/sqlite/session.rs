use async_trait::async_trait;
use domain::store::{
    EndedSession, Hash, NewSession, RefreshUse, Rotation, Salt, SessionRecord, SessionStore, StoreError,
    UserId,
};
use protocol::{SessionId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteStore;
use super::lane::NOBODY;

const SESSION: &str = "SELECT id, user_id, device, created_at, last_seen_at FROM sessions";

fn record(row: &Row<'_>) -> Result<SessionRecord, rusqlite::Error> {
    Ok(SessionRecord {
        id: SessionId::from_bytes(row.get(0)?),
        user: UserId(row.get(1)?),
        device: row.get(2)?,
        created_at: Timestamp::from_millis(row.get(3)?),
        last_seen_at: Timestamp::from_millis(row.get(4)?),
    })
}

fn find(connection: &Connection, id: SessionId) -> Result<Option<SessionRecord>, rusqlite::Error> {
    let sql = format!("{SESSION} WHERE id = ?");
    connection.prepare_cached(&sql)?.query_row([id.as_bytes()], record).optional()
}

fn put_refresh(
    connection: &Connection,
    hash: Hash,
    session: SessionId,
    expires_at: Timestamp,
) -> Result<(), rusqlite::Error> {
    let sql = "INSERT INTO refresh_tokens (hash, session_id, expires_at) VALUES (?, ?, ?)";
    connection.prepare_cached(sql)?.execute(params![hash, session.as_bytes(), expires_at.as_millis()])?;
    Ok(())
}

/// Ends a session. Its refresh tokens are deleted with it (foreign key).
fn end(connection: &Connection, session: &SessionRecord, at: Timestamp) -> Result<(), rusqlite::Error> {
    connection.prepare_cached("DELETE FROM sessions WHERE id = ?")?.execute([session.id.as_bytes()])?;
    note_ended(connection, session.user, session.id, at)
}

/// Ends all sessions of a user but `keep`.
pub(super) fn end_sessions(
    connection: &Connection,
    user: UserId,
    keep: Option<SessionId>,
    at: Timestamp,
) -> Result<(), rusqlite::Error> {
    let sql = format!("{SESSION} WHERE user_id = ?");
    let mut of_user = connection.prepare_cached(&sql)?;
    let theirs: Vec<_> = of_user.query_map([user.0], record)?.collect::<Result<_, _>>()?;
    for session in theirs.iter().filter(|session| Some(session.id) != keep) {
        end(connection, session, at)?;
    }
    Ok(())
}

/// Notes that a session or an API token has ended.
pub(super) fn note_ended(
    connection: &Connection,
    user: UserId,
    id: SessionId,
    at: Timestamp,
) -> Result<(), rusqlite::Error> {
    let sql = "INSERT INTO ended_sessions (user_id, session_id, ended_at) VALUES (?, ?, ?)";
    connection.prepare_cached(sql)?.execute(params![user.0, id.as_bytes(), at.as_millis()])?;
    Ok(())
}

/// A refresh token, as it is stored.
struct RefreshToken {
    session: SessionId,
    expires_at: Timestamp,
    used: bool,
    used_at: Option<Timestamp>,
    /// `None` once the successor was used.
    salt: Option<Salt>,
}

fn refresh_token(connection: &Connection, hash: Hash) -> Result<Option<RefreshToken>, rusqlite::Error> {
    let sql = "SELECT session_id, expires_at, used, used_at, salt FROM refresh_tokens WHERE hash = ?";
    let token = connection.prepare_cached(sql)?.query_row([hash], |row| {
        Ok(RefreshToken {
            session: SessionId::from_bytes(row.get("session_id")?),
            expires_at: Timestamp::from_millis(row.get("expires_at")?),
            used: row.get("used")?,
            used_at: row.get::<_, Option<_>>("used_at")?.map(Timestamp::from_millis),
            salt: row.get("salt")?,
        })
    });
    token.optional()
}

fn rotate(connection: &Connection, refresh: &RefreshUse) -> Result<Rotation, rusqlite::Error> {
    let RefreshUse { used, next, salt, next_expires_at, now, grace } = *refresh;
    let Some(token) = refresh_token(connection, used)? else {
        return Ok(Rotation::Unknown);
    };
    let id = token.session;
    let Some(mut session) = find(connection, id)? else {
        return Ok(Rotation::Unknown);
    };
    if token.used {
        return match (token.used_at, token.salt) {
            (Some(at), Some(salt)) if refresh.is_repeat_of(at) => Ok(Rotation::Rotated(session, salt)),
            _ => {
                end(connection, &session, now)?;
                Ok(Rotation::Reused(session))
            }
        };
    }
    if token.expires_at <= now {
        return Ok(Rotation::Unknown);
    }
    let until = now.plus(grace).as_millis();
    let now = now.as_millis();
    // A used token is kept at least for the grace time, so that a repeat within it is answered.
    let sql = "UPDATE refresh_tokens \
               SET used = 1, used_at = ?, salt = ?, successor = ?, expires_at = max(expires_at, ?) \
               WHERE hash = ?";
    connection.prepare_cached(sql)?.execute(params![now, salt, next, until, used])?;
    let sql = "UPDATE refresh_tokens SET salt = NULL, successor = NULL WHERE successor = ?";
    connection.prepare_cached(sql)?.execute([used])?;
    put_refresh(connection, next, id, next_expires_at)?;
    let sql = "UPDATE sessions SET last_seen_at = ? WHERE id = ?";
    connection.prepare_cached(sql)?.execute(params![now, id.as_bytes()])?;
    session.last_seen_at = refresh.now;
    Ok(Rotation::Rotated(session, salt))
}

#[async_trait]
impl SessionStore for SqliteStore {
    async fn create_session(
        &self,
        new: NewSession,
        most: usize,
    ) -> Result<Option<Vec<SessionRecord>>, StoreError> {
        let create = move |connection: &Connection| {
            let NewSession { session, refresh, refresh_expires_at } = &new;
            let sql = "INSERT INTO sessions (id, user_id, device, created_at, last_seen_at) \
                       SELECT ?, id, ?, ?, ? FROM users WHERE id = ? AND disabled = 0 AND deleted_at IS NULL";
            let values = params![
                session.id.as_bytes(),
                session.device,
                session.created_at.as_millis(),
                session.last_seen_at.as_millis(),
                session.user.0
            ];
            if connection.prepare_cached(sql)?.execute(values)? == 0 {
                return Ok(None);
            }
            put_refresh(connection, *refresh, session.id, *refresh_expires_at)?;
            let sql = format!(
                "{SESSION} WHERE user_id = ? AND id <> ? \
                 ORDER BY last_seen_at DESC, id DESC LIMIT -1 OFFSET ?"
            );
            let mut unused_longest = connection.prepare_cached(&sql)?;
            let others = most.saturating_sub(1);
            let more =
                unused_longest.query_map(params![session.user.0, session.id.as_bytes(), others], record)?;
            let more: Vec<_> = more.collect::<Result<_, _>>()?;
            for unused in &more {
                end(connection, unused, session.created_at)?;
            }
            Ok(Some(more))
        };
        self.writer.run(create).await
    }

    async fn session(&self, id: SessionId) -> Result<Option<SessionRecord>, StoreError> {
        self.readers.by_key(NOBODY, move |connection| find(connection, id)).await
    }

    async fn sessions_of(&self, user: UserId) -> Result<Vec<SessionRecord>, StoreError> {
        let read = move |connection: &Connection| {
            let sql = format!("{SESSION} WHERE user_id = ? ORDER BY last_seen_at DESC, id DESC");
            connection.prepare_cached(&sql)?.query_map([user.0], record)?.collect()
        };
        self.readers.by_key(user, read).await
    }

    async fn session_of_refresh(&self, token: Hash) -> Result<Option<SessionId>, StoreError> {
        // A read, because anybody may ask with any token: only known tokens should reach the writer.
        let token = self.readers.by_key(NOBODY, move |connection| refresh_token(connection, token)).await?;
        Ok(token.map(|token| token.session))
    }

    async fn rotate(&self, refresh: RefreshUse) -> Result<Rotation, StoreError> {
        self.writer.run(move |connection| rotate(connection, &refresh)).await
    }

    async fn end_session(&self, user: UserId, id: SessionId, at: Timestamp) -> Result<bool, StoreError> {
        let end = move |connection: &Connection| {
            let theirs = find(connection, id)?.filter(|session| session.user == user);
            theirs.as_ref().map(|session| end(connection, session, at)).transpose()?;
            Ok(theirs.is_some())
        };
        self.writer.run(end).await
    }

    async fn forget_expired(&self, now: Timestamp) -> Result<Vec<SessionRecord>, StoreError> {
        let forget = move |connection: &Connection| {
            let old = now.minus(EndedSession::KEPT).as_millis();
            connection.execute("DELETE FROM ended_sessions WHERE ended_at <= ?", [old])?;
            let expired_at = now.as_millis();
            connection.execute("DELETE FROM one_time_codes WHERE expires_at <= ?", [expired_at])?;
            // A session ends with its last refresh token, so only sessions of expired tokens are checked.
            let sql = "DELETE FROM refresh_tokens WHERE expires_at <= ? RETURNING session_id";
            let mut expired = connection.prepare(sql)?;
            let of: Vec<[u8; 16]> =
                expired.query_map([expired_at], |row| row.get(0))?.collect::<Result<_, _>>()?;
            let sql = "DELETE FROM sessions WHERE id = ?1 AND NOT EXISTS \
                       (SELECT 1 FROM refresh_tokens WHERE session_id = ?1) \
                       RETURNING id, user_id, device, created_at, last_seen_at";
            let mut end = connection.prepare(sql)?;
            let ended = of.iter().map(|id| end.query_row([id], record).optional());
            let ended: Vec<_> = ended.filter_map(Result::transpose).collect::<Result<_, _>>()?;
            for session in &ended {
                note_ended(connection, session.user, session.id, now)?;
            }
            Ok(ended)
        };
        self.writer.run(forget).await
    }

    async fn ended_sessions(&self, after: u64, limit: usize) -> Result<Vec<EndedSession>, StoreError> {
        let read = move |connection: &Connection| {
            let sql = "SELECT number, user_id, session_id, ended_at FROM ended_sessions \
                       WHERE number > ? ORDER BY number LIMIT ?";
            let ended = |row: &Row<'_>| {
                Ok(EndedSession {
                    number: row.get("number")?,
                    user: UserId(row.get("user_id")?),
                    session: SessionId::from_bytes(row.get("session_id")?),
                    at: Timestamp::from_millis(row.get("ended_at")?),
                })
            };
            connection.prepare_cached(sql)?.query_map(params![after, limit], ended)?.collect()
        };
        self.readers.by_key(NOBODY, read).await
    }

    async fn last_ended_session(&self) -> Result<u64, StoreError> {
        let read = |connection: &Connection| {
            let sql = "SELECT seq FROM sqlite_sequence WHERE name = 'ended_sessions'";
            Ok(connection
                .prepare_cached(sql)?
                .query_row([], |row| row.get(0))
                .optional()?
                .unwrap_or_default())
        };
        self.readers.by_key(NOBODY, read).await
    }
}
