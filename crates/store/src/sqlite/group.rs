//! Groups: their members, titles and history settings.

use domain::store::{
    Avatar, ConversationKey, ConversationRecord, GroupAvatar, GroupChange, GroupEntry, GroupEvent, NewGroup,
    SetGroupAvatar, StoredChange, UserId,
};
use protocol::{HistoryAccess, Role, Timestamp};
use rusqlite::types::Null;
use rusqlite::{Connection, OptionalExtension, Row, Rows, ToSql, params};

use super::attachment::forget_unnamed;
use super::avatar_columns::{COLUMNS as AVATAR_COLUMNS, avatar};
use super::erasure::is_deleted;
use super::message::{CONVERSATION, visible_after};
use super::view::{GROUP, MEMBER, Shown, history_of, record, role_number, role_of};
use super::writer::Writing;
use super::{history, invited};

const TITLE: i64 = 0;
const HISTORY: i64 = 1;
const JOINED: i64 = 2;
const LEFT: i64 = 3;
const ROLE: i64 = 4;
const PICTURE: i64 = 5;

pub(super) fn create(
    writing: &mut Writing<'_>,
    group: &NewGroup,
) -> Result<ConversationRecord, rusqlite::Error> {
    let NewGroup { id, owner, title, history, members, at } = group;
    let mut joining = Vec::with_capacity(members.len());
    for &member in members {
        if !is_deleted(writing.connection, member)? {
            joining.push(member);
        }
    }
    let sql = "INSERT INTO conversations (public_id, kind, created_at, title, history, changed_seq, member_count) \
               VALUES (?, ?, ?, ?, ?, 1, ?) RETURNING id";
    let all = *history == HistoryAccess::All;
    let values = params![id.as_bytes(), GROUP, at.as_millis(), title, all, joining.len() + 1];
    let key =
        writing.connection.prepare_cached(sql)?.query_row(values, |row| row.get(0).map(ConversationKey))?;
    put(writing, key, *owner, Role::Owner, 0, 0)?;
    for member in joining {
        put(writing, key, member, Role::Member, 0, 0)?;
    }
    let begun = [GroupEvent::Title(title.clone())];
    insert_entry(
        writing,
        key,
        GroupEntry { seq: 1, previous: 0, by: *owner, at: *at, events: begun.into() },
    )?;
    record(writing.connection, key, None, &Shown::All)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// Changes a group, unless it has changed since the change was decided on.
pub(super) fn change(
    writing: &mut Writing<'_>,
    change: &GroupChange,
) -> Result<Option<StoredChange>, rusqlite::Error> {
    let &GroupChange { conversation: key, by, at, changed_seq, .. } = change;
    for (user, _) in change.members.iter().filter(|(_, role)| role.is_some()) {
        if is_deleted(writing.connection, *user)? {
            return Ok(None);
        }
    }
    let seq = writing.heads.get(writing.connection, key)? + 1;
    let sql = "UPDATE conversations SET changed_seq = ?, title = coalesce(?, title), history = coalesce(?, history) \
               WHERE id = ? AND changed_seq = ? RETURNING history";
    let history = change.history.map(|history| history == HistoryAccess::All);
    let values = params![seq, change.title, history, key.0, changed_seq];
    let all: Option<bool> =
        writing.connection.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
    let Some(all) = all else { return Ok(None) };
    let (mut events, mut uninvited, mut more) = (Vec::new(), Vec::new(), 0);
    events.extend(change.title.clone().map(GroupEvent::Title));
    events.extend(change.history.map(GroupEvent::History));
    for &(user, role) in &change.members {
        events.push(match role {
            Some(role) if put(writing, key, user, role, seq - 1, if all { 0 } else { seq - 1 })? => {
                more += 1;
                uninvited.extend(invited::end(writing.connection, key, user)?.then_some(user));
                GroupEvent::Joined(user)
            }
            Some(role) => GroupEvent::Role(user, role),
            None => {
                let sql =
                    "UPDATE members SET gone = 1 WHERE conversation_id = ? AND user_id = ? AND gone = 0";
                more -= i64::from(writing.connection.prepare_cached(sql)?.execute([key.0, user.0])? > 0);
                uninvited.extend(invited::end_those_of_former(writing.connection, key, user)?);
                writing.heads.leave(key, user);
                GroupEvent::Left(user)
            }
        });
    }
    let sql = "UPDATE conversations SET member_count = member_count + ? WHERE id = ?";
    writing.connection.prepare_cached(sql)?.execute([more, key.0])?;
    let entry = GroupEntry { seq, previous: changed_seq, by, at, events };
    insert_entry(writing, key, entry.clone())?;
    Ok(Some(StoredChange { entry, uninvited }))
}

/// Adds a user to a group, or changes the role of a member. Returns whether they are a new member.
fn put(
    writing: &mut Writing<'_>,
    key: ConversationKey,
    user: UserId,
    role: Role,
    joined_after: u64,
    visible_after: u64,
) -> Result<bool, rusqlite::Error> {
    let connection = writing.connection;
    let role = role_number(role);
    let sql = "UPDATE members SET role = ? WHERE conversation_id = ? AND user_id = ? AND gone = 0";
    if connection.prepare_cached(sql)?.execute([role, key.0, user.0])? > 0 {
        return Ok(false);
    }
    let sql = "INSERT OR REPLACE INTO members \
               (conversation_id, user_id, role, delivered_seq, read_seq, joined_after, visible_after) \
               VALUES (?1, ?2, ?3, ?4, ?4, ?4, ?5)";
    connection.prepare_cached(sql)?.execute(params![key.0, user.0, role, joined_after, visible_after])?;
    writing.heads.join(key, user, visible_after);
    Ok(true)
}

/// Gives a group a picture, or none. See [`AvatarStore::set_group_avatar`](domain::store::AvatarStore::set_group_avatar).
pub(super) fn set_avatar(
    writing: &mut Writing<'_>,
    change: GroupAvatar,
) -> Result<Option<SetGroupAvatar>, rusqlite::Error> {
    let GroupAvatar { conversation: key, by, at, avatar: new } = change;
    let sql = format!(
        "SELECT {AVATAR_COLUMNS}, changed_seq FROM conversations JOIN members ON conversation_id = id \
         WHERE id = ? AND kind = ? AND user_id = ? AND gone = 0 AND role < ?"
    );
    let values = params![key.0, GROUP, by.0, MEMBER];
    let read = |row: &Row<'_>| Ok((avatar(row, 0)?, row.get("changed_seq")?));
    let found = writing.connection.prepare_cached(&sql)?.query_row(values, read).optional()?;
    let Some((before, previous)) = found else { return Ok(None) };
    if before == new {
        return Ok(Some(SetGroupAvatar { entry: None, before }));
    }
    let seq = writing.heads.get(writing.connection, key)? + 1;
    let sql = "UPDATE conversations SET changed_seq = ?, avatar_large = ?, avatar_small = ? WHERE id = ?";
    let [large, small] = [new.map(|new| new.large.0), new.map(|new| new.small.0)];
    writing.connection.prepare_cached(sql)?.execute(params![seq, large, small, key.0])?;
    for hash in new.iter().flat_map(Avatar::blobs) {
        forget_unnamed(writing.connection, hash)?;
    }
    let events = vec![GroupEvent::Picture(new.is_some())];
    let entry = GroupEntry { seq, previous, by, at, events };
    insert_entry(writing, key, entry.clone())?;
    Ok(Some(SetGroupAvatar { entry: Some(entry), before }))
}

fn insert_entry(
    writing: &mut Writing<'_>,
    key: ConversationKey,
    entry: GroupEntry,
) -> Result<(), rusqlite::Error> {
    let GroupEntry { seq, by, at, .. } = entry;
    let sql = "INSERT INTO messages (conversation_id, seq, kind, sender_id, timestamp, below_seq) VALUES (?, ?, ?, ?, ?, ?)";
    let below = history::below(writing.connection, key, seq, CONVERSATION, None)?;
    let values = params![key.0, seq, CONVERSATION, by.0, at.as_millis(), below];
    writing.connection.prepare_cached(sql)?.execute(values)?;
    for event in &entry.events {
        let (what, user, value): (i64, _, &dyn ToSql) = match event {
            GroupEvent::Title(title) => (TITLE, 0, title),
            GroupEvent::History(history) => (HISTORY, 0, &(*history == HistoryAccess::All)),
            GroupEvent::Joined(user) => (JOINED, user.0, &Null),
            GroupEvent::Left(user) => (LEFT, user.0, &Null),
            GroupEvent::Role(user, role) => (ROLE, user.0, &role_number(*role)),
            GroupEvent::Picture(is_there) => (PICTURE, 0, is_there),
        };
        let sql = "INSERT INTO changes (conversation_id, seq, what, user_id, value) VALUES (?, ?, ?, ?, ?)";
        writing.connection.prepare_cached(sql)?.execute(params![key.0, seq, what, user, value])?;
    }
    writing.inserted_change(key, entry);
    Ok(())
}

/// The changes of a group, one row for each thing that changed. The last column is the `seq` of the change before.
const ENTRIES: &str = "SELECT seq, sender_id, timestamp, what, changes.user_id, value, \
                         (SELECT coalesce(max(before.seq), 0) FROM changes AS before \
                          WHERE before.conversation_id = ?1 AND before.seq < changes.seq) \
                       FROM changes JOIN messages USING (conversation_id, seq) WHERE conversation_id = ?1";

/// The changes of a group that a reader may see, with `above` < `seq` < `below`: the newest `limit` of them, ascending.
pub(super) fn entries(
    connection: &Connection,
    reader: UserId,
    key: ConversationKey,
    above: u64,
    below: u64,
    limit: usize,
) -> Result<Vec<GroupEntry>, rusqlite::Error> {
    let above = above.max(visible_after(connection, reader, key)?);
    let [above, below] = [above, below].map(|seq| i64::try_from(seq).unwrap_or(i64::MAX));
    let sql = format!(
        "{ENTRIES} AND seq IN \
           (SELECT DISTINCT seq FROM changes WHERE conversation_id = ?1 AND seq > ?2 AND seq < ?3 \
            ORDER BY seq DESC LIMIT ?4) ORDER BY seq, what, user_id"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![key.0, above, below, limit])?;
    gathered(&mut rows)
}

/// The change of a group in the entry with a `seq`; `None` if that entry is about a message.
pub(super) fn entry_at(
    connection: &Connection,
    key: ConversationKey,
    seq: u64,
) -> Result<Option<GroupEntry>, rusqlite::Error> {
    let sql = format!("{ENTRIES} AND seq = ?2 ORDER BY what, user_id");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![key.0, seq])?;
    Ok(gathered(&mut rows)?.pop())
}

/// Joins rows with the same `seq` into one entry.
fn gathered(rows: &mut Rows<'_>) -> Result<Vec<GroupEntry>, rusqlite::Error> {
    let mut entries: Vec<GroupEntry> = Vec::new();
    while let Some(row) = rows.next()? {
        let event = event(row)?;
        let seq = row.get(0)?;
        match entries.last_mut() {
            Some(last) if last.seq == seq => last.events.push(event),
            _ => {
                let (by, at) = (UserId(row.get(1)?), Timestamp::from_millis(row.get(2)?));
                let previous = row.get(6)?;
                entries.push(GroupEntry { seq, previous, by, at, events: vec![event] });
            }
        }
    }
    Ok(entries)
}

fn event(row: &Row<'_>) -> Result<GroupEvent, rusqlite::Error> {
    let user = UserId(row.get(4)?);
    Ok(match row.get(3)? {
        TITLE => GroupEvent::Title(row.get(5)?),
        HISTORY => GroupEvent::History(history_of(row.get(5)?)),
        JOINED => GroupEvent::Joined(user),
        LEFT => GroupEvent::Left(user),
        PICTURE => GroupEvent::Picture(row.get(5)?),
        _ => GroupEvent::Role(user, role_of(row.get(5)?)),
    })
}
