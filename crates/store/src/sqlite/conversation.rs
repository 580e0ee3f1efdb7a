use std::collections::VecDeque;

use async_trait::async_trait;
use domain::store::{
    ConversationKey, ConversationRecord, ConversationStore, GroupChange, GroupEntry, Lag, MemberRecord, Mute,
    NewGroup, Position, Since, StoreError, StoredChange, UserId,
};
use protocol::{ConversationId, Role, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::SqliteStore;
use super::group;
use super::lane::NOBODY;
use super::message::MESSAGE;
use super::view::{DIRECT, MEMBER, Shown, head, members, record};

/// Members in one read for a list of conversations. The last group of a read may exceed it.
const MEMBERS: usize = 2048;

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
    let sql = "INSERT INTO conversations (public_id, kind, created_at, direct_low, direct_high, member_count) \
               VALUES (?, ?, ?, ?, ?, ?) RETURNING id";
    let count = if low == high { 1 } else { 2 };
    let values = params![id.as_bytes(), DIRECT, now.as_millis(), low, high, count];
    let key: i64 = connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))?;
    // In a conversation with oneself both are the same user: the second row is ignored.
    let sql =
        "INSERT OR IGNORE INTO members (conversation_id, user_id, role) VALUES (?1, ?2, ?4), (?1, ?3, ?4)";
    connection.prepare_cached(sql)?.execute(params![key, low, high, MEMBER])?;
    Ok(ConversationKey(key))
}

/// Reads records in the order of `keys` until they have about [`MEMBERS`] members together. Returns them and the keys
/// that are left.
fn records_of(
    connection: &Connection,
    user: UserId,
    mut keys: VecDeque<ConversationKey>,
) -> Result<(Vec<ConversationRecord>, VecDeque<ConversationKey>), rusqlite::Error> {
    let (mut records, mut members) = (Vec::new(), 0);
    while members < MEMBERS
        && let Some(key) = keys.pop_front()
    {
        if let Some(record) = record(connection, key, Some(user), &Shown::First)? {
            members += record.members.len() + record.others.len();
            records.push(record);
        }
    }
    Ok((records, keys))
}

/// The `seq` of the last entry that is not above a position. Goes back from the head by 1, 2, 4, … entries, so the cost
/// depends on how many entries are above the position, not on the length of the log.
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

fn behind(connection: &Connection, user: UserId, since: Since) -> Result<Vec<Lag>, rusqlite::Error> {
    let mut behind = Vec::new();
    match since {
        Since::Delivered => {
            let sql = "SELECT conversation_id, max(delivered_seq, joined_after) AS reached FROM members \
                       WHERE user_id = ?1 AND gone = 0 AND reached < \
                       (SELECT max(seq) FROM messages WHERE messages.conversation_id = members.conversation_id)";
            let mut statement = connection.prepare_cached(sql)?;
            for row in statement.query_map([user.0], |row| Ok((row.get(0)?, row.get(1)?)))? {
                let (key, after_seq) = row?;
                behind.push(Lag { conversation: ConversationKey(key), after_seq });
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
                behind.push(Lag { conversation, after_seq });
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
        self.readers.by_key(NOBODY, move |connection| record(connection, key, None, &Shown::All)).await
    }

    async fn brief(
        &self,
        key: ConversationKey,
        reader: Option<UserId>,
        named: Vec<UserId>,
    ) -> Result<Option<ConversationRecord>, StoreError> {
        let read = move |connection: &Connection| record(connection, key, reader, &Shown::Brief(&named));
        let found = self.readers.by_key(reader.unwrap_or(NOBODY), read).await?;
        Ok(found.filter(|record| reader.is_none() || !record.members.is_empty()))
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

    async fn has_written(&self, sender: UserId, other: UserId, entries: usize) -> Result<bool, StoreError> {
        let read = move |connection: &Connection| {
            let Some(key) = find_direct(connection, sender, other)? else { return Ok(false) };
            let sql = "SELECT 1 FROM \
                         (SELECT sender_id, kind FROM messages WHERE conversation_id = ? ORDER BY seq DESC LIMIT ?) \
                       WHERE sender_id = ? AND kind = ?";
            let values = params![key.0, entries, sender.0, MESSAGE];
            connection.prepare_cached(sql)?.exists(values)
        };
        // For the other, who asks.
        self.readers.by_key(other, read).await
    }

    async fn conversation(
        &self,
        user: UserId,
        key: ConversationKey,
    ) -> Result<Option<ConversationRecord>, StoreError> {
        let read = move |connection: &Connection| record(connection, key, Some(user), &Shown::First);
        let found = self.readers.by_key(user, read).await?;
        // Without members if the user is none of them.
        Ok(found.filter(|record| !record.members.is_empty()))
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
        // With large groups one read is not enough.
        while !keys.is_empty() {
            let rest = std::mem::take(&mut keys);
            let (more, left) =
                self.readers.run(user, move |connection| records_of(connection, user, rest)).await?;
            records.extend(more);
            keys = left;
        }
        Ok(records)
    }

    async fn members(
        &self,
        reader: UserId,
        key: ConversationKey,
        after: Option<(Role, UserId)>,
        limit: usize,
    ) -> Result<Option<Vec<MemberRecord>>, StoreError> {
        let read = move |connection: &Connection| {
            let sql = "SELECT 1 FROM members WHERE conversation_id = ? AND user_id = ? AND gone = 0";
            if !connection.prepare_cached(sql)?.exists([key.0, reader.0])? {
                return Ok(None);
            }
            members(connection, key, after, limit).map(Some)
        };
        self.readers.run(reader, read).await
    }

    async fn create_group(&self, group: NewGroup) -> Result<ConversationRecord, StoreError> {
        self.writer.run_with_heads(move |writing| group::create(writing, &group)).await
    }

    async fn change_group(&self, change: GroupChange) -> Result<Option<StoredChange>, StoreError> {
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

    async fn mute(&self, user: UserId, key: ConversationKey, mute: Mute) -> Result<bool, StoreError> {
        let (muted, until) = match mute {
            Mute::Off => (false, None),
            Mute::Until(end) => (true, Some(end.as_millis())),
            Mute::Always => (true, None),
        };
        let mute = move |connection: &Connection| {
            let sql = "UPDATE members SET muted = ?, muted_until = ? \
                       WHERE conversation_id = ? AND user_id = ? AND gone = 0";
            Ok(connection.prepare_cached(sql)?.execute(params![muted, until, key.0, user.0])? > 0)
        };
        self.writer.run(mute).await
    }

    async fn behind(&self, user: UserId, since: Since) -> Result<Vec<Lag>, StoreError> {
        self.readers.by_key(user, move |connection| behind(connection, user, since)).await
    }
}
