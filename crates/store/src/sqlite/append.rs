//! Appends entries to the log.

use std::sync::Arc;

use domain::store::{
    Action, Append, AppendError, Appended, Changed, ClientId, Committed, ConversationKey, EarlierMessage,
    Entry, EntryKind, Logged, MessageRecord, Origin, Position, Reacted, Reaction, Roster, StoreError, Target,
    Transaction, Uploads, UserId, append_to, check_first,
};
use protocol::{AttachmentId, MessageId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};
use tokio::sync::oneshot;

use super::attachment;
use super::client_id::ClientIdColumn;
use super::conversation::{find_direct, open_direct};
use super::erasure::is_deleted;
use super::history;
use super::mention::MentionsColumn;
use super::message::{self, DELETE, EDIT, MESSAGE, REACTION};
use super::reacted;
use super::reaction;
use super::shared;
use super::view::MEMBER;
use super::writer::{Job, Writing};

/// A job of the writer that appends one entry.
pub(super) struct AppendJob {
    append: Append,
    origin: Origin,
    answer: oneshot::Sender<Result<Appended, AppendError>>,
    outcome: Option<Result<(ConversationKey, Logged), AppendError>>,
}

impl AppendJob {
    pub(super) fn new(
        append: Append,
        origin: Origin,
        answer: oneshot::Sender<Result<Appended, AppendError>>,
    ) -> Self {
        Self { append, origin, answer, outcome: None }
    }
}

impl Job for AppendJob {
    fn run(&mut self, writing: &mut Writing<'_>) -> Result<(), rusqlite::Error> {
        self.outcome = Some(match append(&self.append, writing) {
            Ok(logged) => Ok(logged),
            Err(AppendFault::Refused(error)) => Err(error),
            Err(AppendFault::Database(error)) => return Err(error),
        });
        Ok(())
    }

    fn finish(self: Box<Self>, stored: Result<(), StoreError>) -> Option<Arc<Committed>> {
        let Self { origin, answer, outcome, .. } = *self;
        let appended = match (stored, outcome) {
            (Err(error), _) => Err(error.into()),
            (Ok(()), None) => Err(StoreError::Closed.into()),
            (Ok(()), Some(outcome)) => outcome.map(|(key, Logged { entry, roster, duplicate })| Appended {
                committed: Arc::new(Committed::of_message(key, entry, roster, origin)),
                duplicate,
            }),
        };
        let new = appended.as_ref().ok().filter(|appended| !appended.duplicate);
        let committed = new.map(|appended| appended.committed.clone());
        // The caller may have stopped waiting.
        let _ = answer.send(appended);
        committed
    }
}

/// Why an entry was not appended. A refusal concerns this entry alone; an error of the database fails the commit.
pub(super) enum AppendFault {
    Refused(AppendError),
    Database(rusqlite::Error),
}

impl From<AppendError> for AppendFault {
    fn from(error: AppendError) -> Self {
        Self::Refused(error)
    }
}

impl From<rusqlite::Error> for AppendFault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

fn append(append: &Append, writing: &mut Writing<'_>) -> Result<(ConversationKey, Logged), AppendFault> {
    let key = match append.target {
        Target::Direct(key) | Target::Group(key) => key,
        Target::DirectWith(other, id) => match find_direct(writing.connection, append.sender, other)? {
            Some(key) => key,
            None => {
                let (connection, sender) = (writing.connection, append.sender);
                if is_deleted(connection, sender)? || is_deleted(connection, other)? {
                    return Err(AppendError::ReceiverDeleted.into());
                }
                let is_sent =
                    |id: &ClientId| Ok::<_, AppendFault>(find_client_id(connection, sender, id)?.is_some());
                let is_there = |ids: &[_]| Ok(attachment::of_owner(connection, sender, ids)?.is_some());
                check_first(&append.action, is_sent, is_there)?;
                open_direct(connection, sender, other, id, append.at)?
            }
        },
    };
    let logged = append_to(&mut LogTransaction { key, writing }, key, append)?;
    Ok((key, logged))
}

/// The log of one conversation within the open transaction.
pub(super) struct LogTransaction<'a, 'b> {
    pub(super) key: ConversationKey,
    pub(super) writing: &'a mut Writing<'b>,
}

impl Transaction for LogTransaction<'_, '_> {
    type Error = AppendFault;

    fn head(&mut self) -> Result<u64, AppendFault> {
        Ok(self.writing.heads.get(self.writing.connection, self.key)?)
    }

    fn roster(&mut self, seq: u64) -> Result<Roster, AppendFault> {
        let (roster, all_see) = self.writing.heads.roster(self.writing.connection, self.key)?;
        if seq > all_see {
            return Ok(roster);
        }
        Ok(message::seen_by(self.writing.connection, self.key, seq)?)
    }

    fn blocker_of(&mut self, user: UserId) -> Result<Option<UserId>, AppendFault> {
        Ok(self.writing.heads.other(self.writing.connection, self.key, user)?.blocker)
    }

    fn deleted_member(&mut self, sender: UserId) -> Result<Option<UserId>, AppendFault> {
        Ok(self.writing.heads.other(self.writing.connection, self.key, sender)?.deleted)
    }

    fn seen(&mut self, reader: UserId, id: MessageId) -> Result<Option<MessageRecord>, AppendFault> {
        Ok(message::seen(self.writing.connection, reader, self.key, id)?)
    }

    fn leads(&mut self, user: UserId) -> Result<bool, AppendFault> {
        let sql = "SELECT role FROM members WHERE conversation_id = ? AND user_id = ? AND gone = 0";
        let mut statement = self.writing.connection.prepare_cached(sql)?;
        let role: Option<i64> = statement.query_row([self.key.0, user.0], |row| row.get(0)).optional()?;
        Ok(role.is_some_and(|role| role < MEMBER))
    }

    fn has_reacted(&mut self, seq: u64, user: UserId, emoji: &str) -> Result<bool, AppendFault> {
        Ok(reaction::contains(self.writing.connection, self.key, seq, user, emoji)?)
    }

    fn reactions(&mut self, seq: u64) -> Result<Vec<Reacted>, AppendFault> {
        Ok(reacted::of_message(self.writing.connection, self.key, seq)?)
    }

    fn uploads(&mut self, owner: UserId, ids: &[AttachmentId]) -> Result<Option<Uploads>, AppendFault> {
        Ok(attachment::of_owner(self.writing.connection, owner, ids)?)
    }

    fn sent(&mut self, sender: UserId, client_id: &str) -> Result<Option<EarlierMessage>, AppendFault> {
        let connection = self.writing.connection;
        let Some((key, seq, position)) = find_client_id(connection, sender, client_id)? else {
            return Ok(None);
        };
        let sql = "SELECT first_body FROM messages WHERE position = ?";
        let original_digest = connection.prepare_cached(sql)?.query_row([position.0], |row| row.get(0))?;
        let message = message::at(connection, key, seq)?;
        Ok(Some(EarlierMessage {
            entry: Entry { seq, position, kind: EntryKind::Message, message },
            original_digest,
        }))
    }

    fn insert(&mut self, message: &MessageRecord) -> Result<Option<Position>, AppendFault> {
        let (key, connection) = (self.key, self.writing.connection);
        let sql = "INSERT INTO messages (conversation_id, seq, kind, sender_id, client_id, id, timestamp, text, reply_to, \
                   hidden_from, mentions, below_seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
                   ON CONFLICT (client_id, sender_id) WHERE client_id IS NOT NULL DO NOTHING";
        let values = params![
            key.0,
            message.seq,
            MESSAGE,
            message.sender.0,
            message.client_id.as_deref().map(ClientIdColumn),
            message.id.as_bytes(),
            message.timestamp.as_millis(),
            message.text,
            message.reply_to.as_ref().map(MessageId::as_bytes),
            message.hidden_from.map(|user| user.0),
            MentionsColumn(message.mentions.as_deref().unwrap_or_default()),
            history::below(connection, key, message.seq, MESSAGE, message.hidden_from)?
        ];
        if connection.prepare_cached(sql)?.execute(values)? == 0 {
            return Ok(None);
        }
        let position = self.writing.inserted(key, message.seq);
        attachment::carry(connection, message)?;
        shared::put(connection, message)?;
        Ok(Some(position))
    }

    fn change(&mut self, changed: &Changed<'_>) -> Result<Position, AppendFault> {
        let (key, connection) = (self.key, self.writing.connection);
        let Changed { action, message, by, at, .. } = changed;
        let seq = message.change_seq.unwrap_or_default();
        let kind = match action {
            Action::Delete { .. } => DELETE,
            Action::React { .. } => REACTION,
            Action::Edit { .. } | Action::Message { .. } => EDIT,
        };
        store_changed(connection, changed)?;
        let sql = "INSERT INTO messages (conversation_id, seq, kind, ref_seq, sender_id, timestamp, hidden_from, \
                   below_seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
        let hidden = message.hidden_from.map(|user| user.0);
        let below = history::below(connection, key, seq, kind, message.hidden_from)?;
        let values = params![key.0, seq, kind, message.seq, by.0, at.as_millis(), hidden, below];
        connection.prepare_cached(sql)?.execute(values)?;
        Ok(self.writing.inserted(key, seq))
    }
}

/// Updates the row of a message that was edited, deleted or reacted to.
fn store_changed(connection: &Connection, changed: &Changed<'_>) -> Result<(), rusqlite::Error> {
    let Changed { action, message, by, original_digest, dropped, .. } = changed;
    let (key, seq) = (message.conversation.0, message.seq);
    if let Action::React { emoji, on, .. } = action {
        let (conversation, user) = (message.conversation, *by);
        let sql = "UPDATE messages SET change_seq = ? WHERE conversation_id = ? AND seq = ?";
        connection.prepare_cached(sql)?.execute(params![message.change_seq, key, seq])?;
        if !on {
            return reaction::remove(connection, conversation, seq, user, emoji);
        }
        let added = message.change_seq.unwrap_or_default();
        let reaction = Reaction { emoji: emoji.clone(), user, seq: added };
        return reaction::add(connection, conversation, seq, &reaction);
    }
    let sql = "UPDATE messages SET text = ?, mentions = ?, edited_at = ?, deleted_at = ?, change_seq = ?, \
                 first_body = coalesce(first_body, ?) \
               WHERE conversation_id = ? AND seq = ?";
    let values = params![
        message.text,
        MentionsColumn(message.mentions.as_deref().unwrap_or_default()),
        message.edited_at.map(Timestamp::as_millis),
        message.deleted_at.map(Timestamp::as_millis),
        message.change_seq,
        original_digest,
        key,
        seq
    ];
    connection.prepare_cached(sql)?.execute(values)?;
    if message.deleted_at.is_some() {
        reaction::remove_all(connection, message.conversation, seq)?;
    }
    if !dropped.is_empty() {
        attachment::drop_from(connection, message.conversation, seq)?;
    }
    shared::remove(connection, message.conversation, seq)?;
    shared::put(connection, message)
}

/// The message with this client id: its conversation, `seq` and position.
fn find_client_id(
    connection: &Connection,
    sender: UserId,
    client_id: &str,
) -> Result<Option<(ConversationKey, u64, Position)>, rusqlite::Error> {
    let sql = "SELECT conversation_id, seq, position FROM messages WHERE client_id = ? AND sender_id = ?";
    let place = |row: &Row<'_>| Ok((ConversationKey(row.get(0)?), row.get(1)?, Position(row.get(2)?)));
    connection.prepare_cached(sql)?.query_row(params![ClientIdColumn(client_id), sender.0], place).optional()
}
