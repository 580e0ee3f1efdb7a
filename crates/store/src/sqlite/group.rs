//! Groups: who is in them, and what they are called.

use domain::store::{ConversationKey, ConversationRecord, GroupChange, NewGroup, UserId};
use protocol::{HistoryAccess, Role, Timestamp};
use rusqlite::{OptionalExtension, params};

use super::conversation::{GROUP, record, role_number};
use super::message::CONVERSATION;
use super::writer::Writing;

pub(super) fn create(
    writing: &mut Writing<'_>,
    group: &NewGroup,
) -> Result<ConversationRecord, rusqlite::Error> {
    let NewGroup { id, owner, title, history, members, at } = group;
    let sql = "INSERT INTO conversations (public_id, kind, created_at, title, history, changed_seq) \
               VALUES (?, ?, ?, ?, ?, 1) RETURNING id";
    let all = *history == HistoryAccess::All;
    let values = params![id.as_bytes(), GROUP, at.as_millis(), title, all];
    let key =
        writing.connection.prepare_cached(sql)?.query_row(values, |row| row.get(0).map(ConversationKey))?;
    put(writing, key, *owner, Role::Owner, 0, 0)?;
    for &member in members {
        put(writing, key, member, Role::Member, 0, 0)?;
    }
    insert_entry(writing, key, 1, *owner, *at)?;
    found(writing, key)
}

/// Changes a group, unless it has changed since the change was decided on.
pub(super) fn change(
    writing: &mut Writing<'_>,
    change: &GroupChange,
) -> Result<Option<ConversationRecord>, rusqlite::Error> {
    let &GroupChange { conversation: key, by, at, changed_seq, .. } = change;
    let seq = writing.heads.get(writing.connection, key)? + 1;
    let sql = "UPDATE conversations SET changed_seq = ?, title = coalesce(?, title), history = coalesce(?, history) \
               WHERE id = ? AND changed_seq = ? RETURNING history";
    let history = change.history.map(|history| history == HistoryAccess::All);
    let values = params![seq, change.title, history, key.0, changed_seq];
    let all: Option<bool> =
        writing.connection.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
    let Some(all) = all else { return Ok(None) };
    for &(user, role) in &change.members {
        match role {
            Some(role) => put(writing, key, user, role, seq - 1, if all { 0 } else { seq - 1 })?,
            None => {
                let sql = "UPDATE members SET gone = 1 WHERE conversation_id = ? AND user_id = ?";
                writing.connection.prepare_cached(sql)?.execute([key.0, user.0])?;
            }
        }
    }
    writing.heads.forget_roster(key);
    insert_entry(writing, key, seq, by, at)?;
    found(writing, key).map(Some)
}

/// Puts somebody into a group, or gives a member another role.
fn put(
    writing: &Writing<'_>,
    key: ConversationKey,
    user: UserId,
    role: Role,
    joined_after: u64,
    visible_after: u64,
) -> Result<(), rusqlite::Error> {
    let connection = writing.connection;
    let role = role_number(role);
    let sql = "UPDATE members SET role = ? WHERE conversation_id = ? AND user_id = ? AND gone = 0";
    if connection.prepare_cached(sql)?.execute([role, key.0, user.0])? > 0 {
        return Ok(());
    }
    let sql = "INSERT OR REPLACE INTO members \
               (conversation_id, user_id, role, delivered_seq, read_seq, joined_after, visible_after) \
               VALUES (?1, ?2, ?3, ?4, ?4, ?4, ?5)";
    connection.prepare_cached(sql)?.execute(params![key.0, user.0, role, joined_after, visible_after])?;
    Ok(())
}

fn insert_entry(
    writing: &mut Writing<'_>,
    key: ConversationKey,
    seq: u64,
    by: UserId,
    at: Timestamp,
) -> Result<(), rusqlite::Error> {
    let sql =
        "INSERT INTO messages (conversation_id, seq, kind, sender_id, timestamp) VALUES (?, ?, ?, ?, ?)";
    let values = params![key.0, seq, CONVERSATION, by.0, at.as_millis()];
    writing.connection.prepare_cached(sql)?.execute(values)?;
    writing.inserted(key, seq);
    Ok(())
}

fn found(writing: &Writing<'_>, key: ConversationKey) -> Result<ConversationRecord, rusqlite::Error> {
    record(writing.connection, key, None)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}
