//! Closing accounts, and erasing what they left.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::store::{
    Action, Append, BlobHash, Closing, ConversationKey, Erasure, ErasureStore, Forgotten, LogPlace,
    StoreError, Target, Traces, UserId, erase_from,
};
use protocol::{AddMe, OwnMessages, SessionId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteStore;
use super::account::add_me_number;
use super::append::{AppendFault, LogTransaction};
use super::avatar_columns::{COLUMNS as AVATAR_COLUMNS, avatar};
use super::lane::NOBODY;
use super::message::{self, MESSAGE, REACTION};
use super::scrub;
use super::session::note_ended;
use super::view::GROUP;
use super::writer::Writing;

/// Entries that one read scans for traces.
const SCANNED: u64 = 8192;
/// Conversations that one read scans for traces.
const CONVERSATIONS: usize = 256;

/// How often emptying the write-ahead log is tried. A long read is over by then; what reads longer, such as a backup, is
/// waited for by the next try.
const EMPTYING: usize = 100;
const EMPTYING_AGAIN: Duration = Duration::from_millis(200);

/// Whether an account is deleted.
pub(super) fn is_deleted(connection: &Connection, user: UserId) -> Result<bool, rusqlite::Error> {
    let sql = "SELECT 1 FROM users WHERE id = ? AND deleted_at IS NOT NULL";
    connection.prepare_cached(sql)?.exists([user.0])
}

fn close(
    writing: &mut Writing<'_>,
    user: UserId,
    messages: OwnMessages,
    at: Timestamp,
) -> Result<Closing, rusqlite::Error> {
    let connection = writing.connection;
    let sql = format!(
        "SELECT {AVATAR_COLUMNS}, is_admin FROM users WHERE id = ? AND verified = 1 AND deleted_at IS NULL"
    );
    let read = |row: &Row<'_>| Ok((avatar(row, 0)?, row.get("is_admin")?));
    let found = connection.prepare_cached(&sql)?.query_row([user.0], read).optional()?;
    let Some((avatar, is_admin)) = found else { return Ok(Closing::Unknown) };
    if is_admin && is_last_admin(connection, user)? {
        return Ok(Closing::LastAdmin);
    }
    let ended = end_sessions(connection, user, at)?;
    for sql in [
        "DELETE FROM one_time_codes WHERE user_id = ?",
        "DELETE FROM notices WHERE lower(username) = (SELECT username_key FROM users WHERE id = ?1) \
           OR lower(email) = (SELECT lower(email) FROM users WHERE id = ?1)",
        "DELETE FROM blocks WHERE user_id = ?",
        "DELETE FROM invitations WHERE user_id = ?",
    ] {
        connection.prepare_cached(sql)?.execute([user.0])?;
    }
    let sql = "UPDATE users SET display_name = username, display_key = username_key, email = NULL, \
                 password_hash = '', hide_presence = 1, add_me = ?, avatar_large = NULL, avatar_small = NULL, \
                 last_seen_at = NULL, is_admin = 0, disabled = 0, email_proven = 0, \
                 deleted_at = ? WHERE id = ?";
    let values = params![add_me_number(AddMe::Nobody), at.as_millis(), user.0];
    connection.prepare_cached(sql)?.execute(values)?;
    let sql = "INSERT INTO erasures (user_id, messages) VALUES (?, ?)";
    connection.prepare_cached(sql)?.execute(params![user.0, messages == OwnMessages::Delete])?;
    writing.heads.forget_others();
    Ok(Closing::Closed { ended, avatar })
}

/// Whether others are there and none of them runs the server.
fn is_last_admin(connection: &Connection, user: UserId) -> Result<bool, rusqlite::Error> {
    let sql = "SELECT count(*) > 0, coalesce(sum(is_admin AND NOT disabled), 0) = 0 FROM users \
               WHERE verified = 1 AND deleted_at IS NULL AND id <> ?";
    let read = |row: &Row<'_>| Ok(row.get(0)? && row.get(1)?);
    connection.prepare_cached(sql)?.query_row([user.0], read)
}

/// Ends all sessions and API tokens of a user, and gives them.
fn end_sessions(
    connection: &Connection,
    user: UserId,
    at: Timestamp,
) -> Result<Vec<SessionId>, rusqlite::Error> {
    let mut ended = Vec::new();
    for sql in [
        "DELETE FROM sessions WHERE user_id = ? RETURNING id",
        "DELETE FROM api_tokens WHERE user_id = ? RETURNING id",
        "DELETE FROM host_accounts WHERE user_id = ? RETURNING session_id",
    ] {
        let mut statement = connection.prepare_cached(sql)?;
        let ids = statement.query_map([user.0], |row| row.get(0).map(SessionId::from_bytes))?;
        ended.extend(ids.collect::<Result<Vec<_>, _>>()?);
    }
    for id in &ended {
        note_ended(connection, user, *id, at)?;
    }
    Ok(ended)
}

fn traces(connection: &Connection, erasure: Erasure, limit: usize) -> Result<Traces, rusqlite::Error> {
    let Erasure { user, messages, reached } = erasure;
    let sql = "SELECT conversation_id, \
                 NOT EXISTS (SELECT 1 FROM members AS other WHERE other.conversation_id = members.conversation_id \
                   AND gone = 0 AND other.user_id <> ?1), \
                 (SELECT coalesce(max(seq), 0) FROM messages WHERE messages.conversation_id = members.conversation_id) \
               FROM members WHERE user_id = ?1 AND conversation_id >= ?2 ORDER BY conversation_id LIMIT ?3";
    let conversation = |row: &Row<'_>| Ok((ConversationKey(row.get(0)?), row.get(1)?, row.get(2)?));
    let mut statement = connection.prepare_cached(sql)?;
    let values = params![user.0, reached.conversation.0, CONVERSATIONS];
    let conversations: Vec<(_, bool, u64)> =
        statement.query_map(values, conversation)?.collect::<Result<_, _>>()?;
    // The newest message that the user wrote or reacted to comes last.
    let sql = "SELECT seq, coalesce(ref_seq, seq) FROM messages \
               WHERE conversation_id = ? AND seq > ? AND seq <= ? AND sender_id = ? \
                 AND (kind = ? AND deleted_at IS NULL OR kind = ?) AND (? OR hidden_from IS NOT NULL) \
               ORDER BY seq LIMIT ?";
    let mut entries = connection.prepare_cached(sql)?;
    let mut found = Traces { reached, is_complete: conversations.len() < CONVERSATIONS, ..Traces::default() };
    let mut left = SCANNED;
    for (key, nobody_else, head) in conversations {
        let after = if key == reached.conversation { reached.seq } else { 0 };
        let upto = head.min(after.saturating_add(left));
        let all = nobody_else || messages == OwnMessages::Delete;
        let room = limit.saturating_sub(found.messages.len());
        let values = params![key.0, after, upto, user.0, MESSAGE, REACTION, all, room];
        let place = |row: &Row<'_>| Ok((row.get::<_, u64>(0)?, row.get::<_, u64>(1)?));
        let places: Vec<_> = entries.query_map(values, place)?.collect::<Result<_, _>>()?;
        found.messages.extend(places.iter().map(|(_, message)| (key, *message)));
        let is_full = found.messages.len() >= limit;
        let seq = places.last().filter(|_| is_full).map_or(upto, |(seq, _)| *seq);
        found.reached = LogPlace { conversation: key, seq };
        left = left.saturating_sub(seq.saturating_sub(after));
        if is_full || seq < head || left == 0 {
            found.is_complete = false;
            break;
        }
    }
    Ok(found)
}

/// Deletes a message, if the user has sent it, or takes the user's reactions to it back.
fn erase_trace(
    writing: &mut Writing<'_>,
    user: UserId,
    (key, seq): (ConversationKey, u64),
    at: Timestamp,
) -> Result<(), rusqlite::Error> {
    let connection = writing.connection;
    let Some(message) = message::at(connection, key, seq)? else { return Ok(()) };
    if message.deleted_at.is_some() {
        return Ok(());
    }
    let sql = "SELECT kind FROM conversations WHERE id = ?";
    let kind: i64 = connection.prepare_cached(sql)?.query_row([key.0], |row| row.get(0))?;
    let target = if kind == GROUP { Target::Group(key) } else { Target::Direct(key) };
    let is_own = message.sender == user;
    let actions = if is_own {
        vec![Action::Delete { id: message.id }]
    } else {
        let sql = "SELECT emoji FROM reactions WHERE conversation_id = ? AND seq = ? AND user_id = ?";
        let mut statement = connection.prepare_cached(sql)?;
        let take_back = |row: &Row<'_>| Ok(Action::React { id: message.id, emoji: row.get(0)?, on: false });
        statement.query_map(params![key.0, seq, user.0], take_back)?.collect::<Result<_, _>>()?
    };
    for action in actions {
        let append = Append { target, sender: user, at, random: 0, action, mentions: Vec::new() };
        // As it is after the reactions before, of which it shows the first.
        let Some(message) = message::at(connection, key, seq)? else { return Ok(()) };
        match erase_from(&mut LogTransaction { key, writing }, &append, message) {
            Ok(logged) => writing.inserted_entry(key, logged),
            Err(AppendFault::Database(error)) => return Err(error),
            Err(AppendFault::Refused(_)) => {}
        }
    }
    if is_own {
        // What it said at first, before it was edited, could be guessed from its digest.
        let sql = "UPDATE messages SET first_body = NULL WHERE conversation_id = ? AND seq = ?";
        connection.prepare_cached(sql)?.execute(params![key.0, seq])?;
    }
    Ok(())
}

fn forget_belongings(
    connection: &Connection,
    user: UserId,
    limit: usize,
) -> Result<Forgotten, rusqlite::Error> {
    let sql = "DELETE FROM attachments WHERE id IN \
                 (SELECT id FROM attachments WHERE user_id = ? AND uses = 0 LIMIT ?) \
               RETURNING hash, thumbnail_hash";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![user.0, limit])?;
    let (mut blobs, mut uploads) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        uploads += 1;
        blobs.push(BlobHash(row.get(0)?));
        blobs.extend(row.get::<_, Option<[u8; 32]>>(1)?.map(BlobHash));
    }
    let sql = "DELETE FROM blocks WHERE blocked_id = ?1 AND user_id IN \
                 (SELECT user_id FROM blocks WHERE blocked_id = ?1 LIMIT ?2)";
    let blocks = connection.prepare_cached(sql)?.execute(params![user.0, limit])?;
    Ok(Forgotten { blobs, is_complete: uploads < limit && blocks < limit })
}

#[async_trait]
impl ErasureStore for SqliteStore {
    async fn close_account(
        &self,
        user: UserId,
        messages: OwnMessages,
        at: Timestamp,
    ) -> Result<Closing, StoreError> {
        self.writer.run_with_heads(move |writing| close(writing, user, messages, at)).await
    }

    async fn erasures(&self) -> Result<Vec<Erasure>, StoreError> {
        let read = |connection: &Connection| {
            let sql = "SELECT user_id, messages, conversation_id, seq FROM erasures";
            let erasure = |row: &Row<'_>| {
                Ok(Erasure {
                    user: UserId(row.get(0)?),
                    messages: if row.get(1)? { OwnMessages::Delete } else { OwnMessages::Keep },
                    reached: LogPlace { conversation: ConversationKey(row.get(2)?), seq: row.get(3)? },
                })
            };
            connection.prepare_cached(sql)?.query_map([], erasure)?.collect()
        };
        self.readers.by_key(NOBODY, read).await
    }

    async fn heir(&self, group: ConversationKey, leaving: UserId) -> Result<Option<UserId>, StoreError> {
        let read = move |connection: &Connection| {
            let sql = "SELECT user_id FROM members JOIN users ON id = user_id \
                       WHERE conversation_id = ? AND gone = 0 AND user_id <> ? AND deleted_at IS NULL \
                       ORDER BY role, joined_after, user_id LIMIT 1";
            let heir = |row: &Row<'_>| row.get(0).map(UserId);
            connection.prepare_cached(sql)?.query_row([group.0, leaving.0], heir).optional()
        };
        self.readers.run(NOBODY, read).await
    }

    async fn traces(&self, erasure: Erasure, limit: usize) -> Result<Traces, StoreError> {
        self.readers.run(NOBODY, move |connection| traces(connection, erasure, limit)).await
    }

    async fn erase_traces(&self, user: UserId, traces: Traces, at: Timestamp) -> Result<(), StoreError> {
        let erase = move |writing: &mut Writing<'_>| {
            for &message in &traces.messages {
                erase_trace(writing, user, message, at)?;
            }
            let sql = "UPDATE erasures SET conversation_id = ?, seq = ? WHERE user_id = ?";
            let values = params![traces.reached.conversation.0, traces.reached.seq, user.0];
            writing.connection.prepare_cached(sql)?.execute(values)?;
            Ok(())
        };
        self.writer.run_with_heads(erase).await
    }

    async fn forget_belongings(&self, user: UserId, limit: usize) -> Result<Forgotten, StoreError> {
        self.writer.run(move |connection| forget_belongings(connection, user, limit)).await
    }

    async fn scrub(&self) -> Result<(), StoreError> {
        let again = |what: &str| StoreError::Unavailable(format!("{what} is in use"));
        if !self.index.scrub(self.writer.position()).await {
            return Err(again("the index for search"));
        }
        let last = self.readers.run(NOBODY, scrub::last_page).await?;
        for from in (1..=last).step_by(scrub::READ as usize) {
            let started = Instant::now();
            let read = move |connection: &Connection| scrub::unclean(connection, from, last);
            for pages in self.readers.run(NOBODY, read).await?.chunks(scrub::WRITTEN) {
                let pages = pages.to_vec();
                self.writer.run(move |connection| scrub::clean_pages(connection, &pages)).await?;
            }
            // So that scrubbing takes at most half of the time of the disk.
            tokio::time::sleep(started.elapsed()).await;
        }
        for _ in 0..EMPTYING {
            if self.checkpointer.empty().await {
                return Ok(());
            }
            tokio::time::sleep(EMPTYING_AGAIN).await;
        }
        Err(again("an older state of the database"))
    }

    async fn end_erasure(&self, user: UserId) -> Result<(), StoreError> {
        let end = move |connection: &Connection| {
            connection.prepare_cached("DELETE FROM invitations WHERE user_id = ?")?.execute([user.0])?;
            connection.prepare_cached("DELETE FROM erasures WHERE user_id = ?")?.execute([user.0])?;
            Ok(())
        };
        self.writer.run(end).await
    }
}
