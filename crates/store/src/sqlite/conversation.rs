use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use domain::store::{
    Behind, ConversationKey, ConversationRecord, ConversationStore, GroupChange, GroupEntry, MemberRecord,
    NewGroup, Position, Since, StoreError, UserId,
};
use protocol::{ConversationId, ConversationKind, Cursors, HistoryAccess, Role, Timestamp, limit};
use rusqlite::{Connection, OptionalExtension, params};

use super::SqliteStore;
use super::lane::NOBODY;
use super::{group, history, message};

/// How many entries of a conversation are looked at to count the unread: changes, and the asking user's own messages,
/// may be any number in a row.
const LOOK_BACK: u64 = 2 * limit::UNREAD;

/// Members read in one turn of a list of conversations; the last group may go over it.
const MEMBERS: usize = 2048;

const DIRECT: i64 = 0;
pub(super) const GROUP: i64 = 1;

const OWNER: i64 = 0;
const ADMIN: i64 = 1;
const MEMBER: i64 = 2;

pub(super) fn role_number(role: Role) -> i64 {
    match role {
        Role::Owner => OWNER,
        Role::Admin => ADMIN,
        Role::Member => MEMBER,
    }
}

pub(super) fn role_of(number: i64) -> Role {
    match number {
        OWNER => Role::Owner,
        ADMIN => Role::Admin,
        _ => Role::Member,
    }
}

pub(super) fn history_of(all: bool) -> HistoryAccess {
    if all { HistoryAccess::All } else { HistoryAccess::Joined }
}

pub(super) fn find_direct(
    connection: &Connection,
    one: UserId,
    other: UserId,
) -> Result<Option<ConversationKey>, rusqlite::Error> {
    let sql = "SELECT id FROM conversations WHERE direct_low = ? AND direct_high = ?";
    let pair = [one.min(other).0, one.max(other).0];
    connection.prepare_cached(sql)?.query_row(pair, |row| row.get(0).map(ConversationKey)).optional()
}

pub(super) fn open_direct(
    connection: &Connection,
    one: UserId,
    other: UserId,
    id: ConversationId,
    now: Timestamp,
) -> Result<ConversationKey, rusqlite::Error> {
    let (low, high) = (one.min(other).0, one.max(other).0);
    let sql = "INSERT INTO conversations (public_id, kind, created_at, direct_low, direct_high) \
               VALUES (?, ?, ?, ?, ?) RETURNING id";
    let values = params![id.as_bytes(), DIRECT, now.as_millis(), low, high];
    let key: i64 = connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))?;
    // One row for a note to oneself.
    let sql =
        "INSERT OR IGNORE INTO members (conversation_id, user_id, role) VALUES (?1, ?2, ?4), (?1, ?3, ?4)";
    connection.prepare_cached(sql)?.execute(params![key, low, high, MEMBER])?;
    Ok(ConversationKey(key))
}

/// A conversation, as `user` sees it.
pub(super) fn record(
    connection: &Connection,
    key: ConversationKey,
    user: Option<UserId>,
) -> Result<Option<ConversationRecord>, rusqlite::Error> {
    let sql =
        "SELECT public_id, kind, created_at, title, history, changed_seq FROM conversations WHERE id = ?";
    let found = connection.prepare_cached(sql)?.query_row([key.0], |row| {
        let kind =
            if row.get::<_, i64>(1)? == GROUP { ConversationKind::Group } else { ConversationKind::Direct };
        Ok(ConversationRecord {
            key,
            id: ConversationId::from_bytes(row.get(0)?),
            kind,
            title: row.get(3)?,
            history: history_of(row.get(4)?),
            created_at: Timestamp::from_millis(row.get(2)?),
            head_seq: 0,
            head_position: Position::default(),
            changed_seq: row.get(5)?,
            members: Vec::new(),
            former: Vec::new(),
            last_message: None,
            unread: 0,
        })
    });
    let Some(mut record) = found.optional()? else {
        return Ok(None);
    };
    // Nobody has the number 0: what is hidden from somebody is not the last message of everybody.
    let mut reader = Reader { user: user.unwrap_or(UserId(0)), read_seq: None, visible_after: 0 };
    members(connection, &mut record, &mut reader)?;
    (record.head_seq, record.head_position) = head(connection, key)?;
    let looked_at = record.head_seq.saturating_sub(LOOK_BACK).max(reader.visible_after);
    if let Some(read_seq) = reader.read_seq {
        record.unread = unread(connection, key, reader.user, read_seq.max(looked_at))?;
    }
    let newest = history::newest(connection, key, reader.user, record.head_seq)?;
    if let Some(seq) = newest.filter(|seq| *seq > reader.visible_after) {
        record.last_message = message::at(connection, key, seq)?;
    }
    Ok(Some(record))
}

/// The records of the first of these conversations, up to about [`MEMBERS`] members, and the keys of the others.
fn records_of(
    connection: &Connection,
    user: UserId,
    mut keys: VecDeque<ConversationKey>,
) -> Result<(Vec<ConversationRecord>, VecDeque<ConversationKey>), rusqlite::Error> {
    let (mut records, mut members) = (Vec::new(), 0);
    while members < MEMBERS
        && let Some(key) = keys.pop_front()
    {
        if let Some(record) = record(connection, key, Some(user))? {
            members += record.members.len() + record.former.len();
            records.push(record);
        }
    }
    Ok((records, keys))
}

/// Who asks for a conversation.
struct Reader {
    user: UserId,
    /// If they are a member.
    read_seq: Option<u64>,
    visible_after: u64,
}

/// Adds the members to a record, those who were included, and what of it concerns the reader.
fn members(
    connection: &Connection,
    record: &mut ConversationRecord,
    reader: &mut Reader,
) -> Result<(), rusqlite::Error> {
    let sql = "SELECT user_id, username, display_name, role, delivered_seq, read_seq, muted, visible_after, gone \
               FROM members JOIN users ON users.id = user_id WHERE conversation_id = ?";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([record.key.0])?;
    while let Some(row) = rows.next()? {
        let (user, username) = (UserId(row.get(0)?), row.get::<_, Arc<str>>(1)?);
        if row.get(8)? {
            record.former.push((user, username));
            continue;
        }
        let cursors = Cursors { delivered_seq: row.get(4)?, read_seq: row.get(5)? };
        if user == reader.user {
            (reader.read_seq, reader.visible_after) = (Some(cursors.read_seq), row.get(7)?);
        }
        record.members.push(MemberRecord {
            user,
            username,
            display_name: row.get(2)?,
            role: role_of(row.get(3)?),
            cursors,
            muted: row.get(6)?,
        });
    }
    Ok(())
}

fn unread(
    connection: &Connection,
    key: ConversationKey,
    user: UserId,
    above: u64,
) -> Result<u64, rusqlite::Error> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM messages \
               WHERE conversation_id = ? AND seq > ? AND kind = ? AND sender_id <> ? \
               AND hidden_from IS NOT ? LIMIT ?)";
    let values = params![key.0, above, message::MESSAGE, user.0, user.0, limit::UNREAD];
    connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))
}

/// The last entry's place in its conversation and in the store.
fn head(connection: &Connection, key: ConversationKey) -> Result<(u64, Position), rusqlite::Error> {
    let sql = "SELECT seq, position FROM messages WHERE conversation_id = ? ORDER BY seq DESC LIMIT 1";
    let head =
        connection.prepare_cached(sql)?.query_row([key.0], |row| Ok((row.get(0)?, Position(row.get(1)?))));
    Ok(head.optional()?.unwrap_or_default())
}

/// The `seq` of the last entry that is not above a position. Looks back from the head in growing steps, so
/// that it costs what is above the position and not what is below.
fn seq_at(connection: &Connection, key: ConversationKey, position: Position) -> Result<u64, rusqlite::Error> {
    let (head, head_position) = head(connection, key)?;
    if head_position <= position {
        return Ok(head);
    }
    let sql = "SELECT position FROM messages WHERE conversation_id = ? AND seq = ?";
    let mut lookup = connection.prepare_cached(sql)?;
    let mut is_above = |seq: u64| {
        let at: u64 = lookup.query_row(params![key.0, seq], |row| row.get(0))?;
        Ok::<_, rusqlite::Error>(at > position.0)
    };
    let (mut below, mut above, mut step) = (0, head, 1);
    while let Some(seq) = above.checked_sub(step).filter(|&seq| seq > 0) {
        if !is_above(seq)? {
            below = seq;
            break;
        }
        above = seq;
        step *= 2;
    }
    while above - below > 1 {
        let middle = below.midpoint(above);
        if is_above(middle)? {
            above = middle;
        } else {
            below = middle;
        }
    }
    Ok(below)
}

fn behind(connection: &Connection, user: UserId, since: Since) -> Result<Vec<Behind>, rusqlite::Error> {
    let mut behind = Vec::new();
    match since {
        Since::Delivered => {
            let sql = "SELECT conversation_id, max(delivered_seq, joined_after) AS reached FROM members \
                       WHERE user_id = ?1 AND gone = 0 AND reached < \
                       (SELECT max(seq) FROM messages WHERE messages.conversation_id = members.conversation_id)";
            let mut statement = connection.prepare_cached(sql)?;
            for row in statement.query_map([user.0], |row| Ok((row.get(0)?, row.get(1)?)))? {
                let (key, after_seq) = row?;
                behind.push(Behind { conversation: ConversationKey(key), after_seq });
            }
        }
        Since::Position(position) => {
            let sql = "SELECT conversation_id, joined_after FROM members WHERE user_id = ?1 AND gone = 0 AND ?2 < \
                       (SELECT position FROM messages WHERE messages.conversation_id = members.conversation_id \
                        ORDER BY seq DESC LIMIT 1)";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query(params![user.0, position.0])?;
            while let Some(row) = rows.next()? {
                let (conversation, joined_after): (_, u64) = (ConversationKey(row.get(0)?), row.get(1)?);
                let after_seq = seq_at(connection, conversation, position)?.max(joined_after);
                behind.push(Behind { conversation, after_seq });
            }
        }
    }
    Ok(behind)
}

#[async_trait]
impl ConversationStore for SqliteStore {
    async fn conversation_by_key(
        &self,
        key: ConversationKey,
    ) -> Result<Option<ConversationRecord>, StoreError> {
        self.readers.by_key(NOBODY, move |connection| record(connection, key, None)).await
    }

    async fn conversation_key(&self, id: ConversationId) -> Result<Option<ConversationKey>, StoreError> {
        let read = move |connection: &Connection| {
            let sql = "SELECT id FROM conversations WHERE public_id = ?";
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_row([id.as_bytes()], |row| row.get(0).map(ConversationKey)).optional()
        };
        self.readers.by_key(NOBODY, read).await
    }

    async fn direct(&self, one: UserId, other: UserId) -> Result<Option<ConversationKey>, StoreError> {
        self.readers.by_key(one, move |connection| find_direct(connection, one, other)).await
    }

    async fn conversation(
        &self,
        user: UserId,
        key: ConversationKey,
    ) -> Result<Option<ConversationRecord>, StoreError> {
        let found = self.readers.by_key(user, move |connection| record(connection, key, Some(user))).await?;
        Ok(found.filter(|record| record.members.iter().any(|member| member.user == user)))
    }

    async fn conversations(
        &self,
        user: UserId,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<ConversationRecord>, StoreError> {
        let before = before.map_or(i64::MAX, |position| i64::try_from(position.0).unwrap_or(i64::MAX));
        let read = move |connection: &Connection| {
            let sql = "SELECT members.conversation_id, \
                         (SELECT position FROM messages WHERE messages.conversation_id = members.conversation_id \
                          ORDER BY seq DESC LIMIT 1) AS head \
                       FROM members WHERE user_id = ? AND gone = 0 AND head < ? ORDER BY head DESC LIMIT ?";
            let mut statement = connection.prepare_cached(sql)?;
            let keys =
                statement.query_map(params![user.0, before, limit], |row| row.get(0).map(ConversationKey))?;
            let keys = keys.collect::<Result<VecDeque<_>, _>>()?;
            records_of(connection, user, keys)
        };
        let (mut records, mut keys) = self.readers.run(user, read).await?;
        // In large groups the rest is read in other turns.
        while !keys.is_empty() {
            let rest = std::mem::take(&mut keys);
            let (more, left) =
                self.readers.run(user, move |connection| records_of(connection, user, rest)).await?;
            records.extend(more);
            keys = left;
        }
        Ok(records)
    }

    async fn create_group(&self, group: NewGroup) -> Result<ConversationRecord, StoreError> {
        self.writer.run_with_heads(move |writing| group::create(writing, &group)).await
    }

    async fn change_group(&self, change: GroupChange) -> Result<Option<ConversationRecord>, StoreError> {
        self.writer.run_with_heads(move |writing| group::change(writing, &change)).await
    }

    async fn group_entries(
        &self,
        reader: UserId,
        key: ConversationKey,
        above: u64,
        below: u64,
        limit: usize,
    ) -> Result<Vec<GroupEntry>, StoreError> {
        self.readers
            .run(reader, move |connection| group::entries(connection, reader, key, above, below, limit))
            .await
    }

    async fn mute(&self, user: UserId, key: ConversationKey, muted: bool) -> Result<bool, StoreError> {
        let mute = move |connection: &Connection| {
            let sql = "UPDATE members SET muted = ? WHERE conversation_id = ? AND user_id = ? AND gone = 0";
            Ok(connection.prepare_cached(sql)?.execute(params![muted, key.0, user.0])? > 0)
        };
        self.writer.run(mute).await
    }

    async fn behind(&self, user: UserId, since: Since) -> Result<Vec<Behind>, StoreError> {
        self.readers.by_key(user, move |connection| behind(connection, user, since)).await
    }
}
