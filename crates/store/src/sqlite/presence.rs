//! Which users may see whose presence.

use domain::store::{PresenceQuery, PresenceState, UserId};
use protocol::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// The verified users with these names, and whether `from` may see their presence. Unknown names are left out.
pub(super) fn presence_states(
    connection: &Connection,
    from: UserId,
    usernames: &[String],
) -> Result<Vec<PresenceState>, rusqlite::Error> {
    let sql = "SELECT id, username, last_seen_at FROM users WHERE username_key = ? AND verified = 1";
    let mut find = connection.prepare_cached(sql)?;
    let mut states = Vec::with_capacity(usernames.len());
    for username in usernames {
        let found = find.query_row([username.to_ascii_lowercase()], |row| {
            let last_seen_at = row.get::<_, Option<_>>(2)?.map(Timestamp::from_millis);
            Ok(PresenceState {
                user: UserId(row.get(0)?),
                username: row.get(1)?,
                visible: false,
                last_seen_at,
            })
        });
        if let Some(mut state) = found.optional()? {
            state.visible = may_see(connection, PresenceQuery { from, at: state.user })?;
            states.push(state);
        }
    }
    Ok(states)
}

/// If the watcher is in more conversations than this, the conversations of the other user are searched instead.
const FEW: usize = 64;

/// The rule of [`domain::store::AccountStore::sees`]. Cheap questions first, because one request asks about up to a
/// thousand users.
pub(super) fn may_see(
    connection: &Connection,
    PresenceQuery { from, at }: PresenceQuery,
) -> Result<bool, rusqlite::Error> {
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM users WHERE id IN (?1, ?2) AND hide_presence = 1) \
               AND NOT EXISTS (SELECT 1 FROM blocks WHERE user_id = ?2 AND blocked_id = ?1), \
               ?1 = ?2 OR EXISTS \
                 (SELECT 1 FROM conversations WHERE direct_low = min(?1, ?2) AND direct_high = max(?1, ?2))";
    let look = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let (allowed, are_two): (bool, bool) =
        connection.prepare_cached(sql)?.query_row(params![from.0, at.0], look)?;
    Ok(allowed && (are_two || are_together(connection, from, at)?))
}

/// Whether two users are in a conversation together. Goes through the conversations of one user, and through many only
/// if both have many.
fn are_together(connection: &Connection, one: UserId, other: UserId) -> Result<bool, rusqlite::Error> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM members WHERE user_id = ? LIMIT ?)";
    let count: usize =
        connection.prepare_cached(sql)?.query_row(params![one.0, FEW + 1], |row| row.get(0))?;
    let (one, other) = if count <= FEW { (one, other) } else { (other, one) };
    connection.prepare_cached(TOGETHER)?.query_row(params![one.0, other.0], |row| row.get(0))
}

pub(super) const TOGETHER: &str = "SELECT EXISTS (SELECT 1 FROM members AS own CROSS JOIN members AS their \
                    ON their.conversation_id = own.conversation_id \
                    WHERE own.user_id = ?1 AND own.gone = 0 AND their.user_id = ?2 AND their.gone = 0)";
