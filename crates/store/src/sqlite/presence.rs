//! Whose presence somebody may see.

use domain::store::{Look, Sighting, UserId};
use protocol::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

/// The people of these names, as `from` may see them.
pub(super) fn look_for(
    connection: &Connection,
    from: UserId,
    usernames: &[String],
) -> Result<Vec<Sighting>, rusqlite::Error> {
    let sql = "SELECT id, username, last_seen_at FROM users WHERE username_key = ? AND verified = 1";
    let mut find = connection.prepare_cached(sql)?;
    let mut sightings = Vec::with_capacity(usernames.len());
    for username in usernames {
        let found = find.query_row([username.to_ascii_lowercase()], |row| {
            let last_seen_at = row.get::<_, Option<_>>(2)?.map(Timestamp::from_millis);
            Ok(Sighting { user: UserId(row.get(0)?), username: row.get(1)?, visible: false, last_seen_at })
        });
        if let Some(mut sighting) = found.optional()? {
            sighting.visible = may_see(connection, Look { from, at: sighting.user })?;
            sightings.push(sighting);
        }
    }
    Ok(sightings)
}

/// The rule of [`domain::store::AccountStore::sees`]: cheapest first, since a page asks it a thousand times.
pub(super) fn may_see(connection: &Connection, Look { from, at }: Look) -> Result<bool, rusqlite::Error> {
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM users WHERE id IN (?1, ?2) AND hide_presence = 1) \
               AND NOT EXISTS (SELECT 1 FROM blocks WHERE user_id = ?2 AND blocked_id = ?1) \
               AND (?1 = ?2 \
                 OR EXISTS (SELECT 1 FROM conversations WHERE direct_low = min(?1, ?2) AND direct_high = max(?1, ?2)) \
                 OR EXISTS (SELECT 1 FROM members AS own CROSS JOIN members AS their \
                            ON their.conversation_id = own.conversation_id \
                            WHERE own.user_id = ?1 AND own.gone = 0 AND their.user_id = ?2 AND their.gone = 0))";
    connection.prepare_cached(sql)?.query_row(params![from.0, at.0], |row| row.get(0))
}
