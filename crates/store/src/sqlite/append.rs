//! Putting an entry into the log.

use domain::store::{
    Append, AppendError, Appended, Change, ConversationKey, Direct, Done, Entry, EntryKind, MessageRecord,
    Position, StoreError, Target, UserId, first_body,
};
use protocol::MessageId;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::client_id::ClientIdColumn;
use super::conversation::{self, find_direct, open_direct};
use super::message::{self, DELETE, EDIT, MESSAGE};
use super::writer::{Job, Writing};

/// An entry on its way into the log.
pub(super) struct AppendJob {
    append: Append,
    done: Done,
    outcome: Option<Outcome>,
}

enum Outcome {
    /// A new message; what it says is still in the job.
    New {
        conversation: ConversationKey,
        seq: u64,
        position: Position,
        id: MessageId,
        direct: Option<Box<Direct>>,
    },
    Else(Result<Appended, AppendError>),
}

impl AppendJob {
    pub(super) fn new(append: Append, done: Done) -> Self {
        Self { append, done, outcome: None }
    }
}

impl Job for AppendJob {
    fn run(&mut self, writing: &mut Writing<'_>) -> Result<(), rusqlite::Error> {
        self.outcome = Some(append(&self.append, writing)?);
        Ok(())
    }

    fn finish(self: Box<Self>, stored: Result<(), StoreError>) {
        let Self { append: Append { sender, at, change, .. }, done, outcome } = *self;
        done(match (stored, outcome, change) {
            (Err(error), ..) => Err(error.into()),
            (Ok(()), Some(Outcome::Else(result)), _) => result,
            (
                Ok(()),
                Some(Outcome::New { conversation, seq, position, id, direct }),
                Change::Message { client_id, text, reply_to },
            ) => {
                let message = MessageRecord {
                    conversation,
                    seq,
                    id,
                    sender,
                    client_id,
                    text,
                    timestamp: at,
                    reply_to,
                    edited_at: None,
                    deleted_at: None,
                    change_seq: None,
                };
                let entry = Entry { seq, position, kind: EntryKind::Message, message };
                Ok(Appended { entry, duplicate: false, direct })
            }
            _ => Err(StoreError::Closed.into()),
        });
    }
}

fn append(append: &Append, writing: &mut Writing<'_>) -> Result<Outcome, rusqlite::Error> {
    let refuse = |error| Ok(Outcome::Else(Err(error)));
    let place = match append.target {
        Target::Conversation(key) => Place { key, direct: false, opened: false },
        Target::Direct(other, id) => match find_direct(writing.connection, append.sender, other)? {
            Some(key) => Place { key, direct: true, opened: false },
            None => match unfit_for_empty(writing.connection, append.sender, &append.change)? {
                Some(error) => return refuse(error),
                None => {
                    let key = open_direct(writing.connection, append.sender, other, id, append.at)?;
                    Place { key, direct: true, opened: true }
                }
            },
        },
    };
    match &append.change {
        Change::Message { client_id, text, reply_to } => {
            insert(append, writing, &place, client_id.as_deref(), text, *reply_to)
        }
        Change::Edit { id, text } => change(append, writing, &place, *id, EntryKind::Edit, text),
        Change::Delete { id } => change(append, writing, &place, *id, EntryKind::Delete, ""),
    }
}

/// The conversation that an entry goes to.
struct Place {
    key: ConversationKey,
    direct: bool,
    opened: bool,
}

impl Place {
    /// What the answer tells of a direct conversation.
    fn direct(&self, connection: &Connection) -> Result<Option<Box<Direct>>, rusqlite::Error> {
        if !self.direct {
            return Ok(None);
        }
        let conversation = conversation::record(connection, self.key, None)?;
        let conversation = conversation.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        Ok(Some(Box::new(Direct { conversation, opened: self.opened })))
    }
}

fn insert(
    append: &Append,
    writing: &mut Writing<'_>,
    place: &Place,
    client_id: Option<&str>,
    text: &str,
    reply_to: Option<MessageId>,
) -> Result<Outcome, rusqlite::Error> {
    let &Append { sender, at, random, .. } = append;
    let (key, connection) = (place.key, writing.connection);
    if let Some(id) = reply_to
        && message::with_id(connection, key, id)?.is_none()
    {
        return Ok(Outcome::Else(Err(AppendError::ReplyUnknown)));
    }
    let seq = writing.heads.get(connection, key)? + 1;
    let id = MessageId::mint(at, seq, random);
    let sql = "INSERT INTO messages (conversation_id, seq, kind, sender_id, client_id, id, timestamp, text, reply_to) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) \
               ON CONFLICT (client_id, sender_id) WHERE client_id IS NOT NULL DO NOTHING";
    let (client, reply) = (client_id.map(ClientIdColumn), reply_to.as_ref().map(MessageId::as_bytes));
    let values = params![key.0, seq, MESSAGE, sender.0, client, id.as_bytes(), at.as_millis(), text, reply];
    if connection.prepare_cached(sql)?.execute(values)? == 0 {
        let first = duplicate(connection, key, sender, client_id.unwrap_or_default(), text, reply_to)?;
        let direct = place.direct(connection)?;
        return Ok(Outcome::Else(first.map(|entry| Appended { entry, duplicate: true, direct })));
    }
    let position = writing.inserted(key, seq);
    Ok(Outcome::New { conversation: key, seq, position, id, direct: place.direct(connection)? })
}

fn change(
    append: &Append,
    writing: &mut Writing<'_>,
    place: &Place,
    id: MessageId,
    kind: EntryKind,
    text: &str,
) -> Result<Outcome, rusqlite::Error> {
    let refuse = |error| Ok(Outcome::Else(Err(error)));
    let &Append { sender, at, .. } = append;
    let (key, connection) = (place.key, writing.connection);
    let (changed, first_body) = match message::with_id(connection, key, id)? {
        None => return refuse(AppendError::MessageUnknown),
        Some(message) if message.sender != sender => return refuse(AppendError::NotSender),
        Some(message) if message.deleted_at.is_some() => return refuse(AppendError::MessageDeleted),
        // Kept at the first change; without a client id no repeat can come.
        Some(message) if message.client_id.is_none() || message.change_seq.is_some() => (message.seq, None),
        Some(message) => (message.seq, Some(first_body(&message.text, message.reply_to))),
    };
    let (column, number) = match kind {
        EntryKind::Delete => ("deleted_at", DELETE),
        EntryKind::Edit | EntryKind::Message => ("edited_at", EDIT),
    };
    let seq = writing.heads.get(connection, key)? + 1;
    let at = at.as_millis();
    let sql = format!(
        "UPDATE messages SET text = ?, {column} = ?, change_seq = ?, first_body = coalesce(first_body, ?) \
         WHERE conversation_id = ? AND seq = ?"
    );
    connection.prepare_cached(&sql)?.execute(params![text, at, seq, first_body, key.0, changed])?;
    let sql = "INSERT INTO messages (conversation_id, seq, kind, ref_seq, sender_id, timestamp) \
               VALUES (?, ?, ?, ?, ?, ?)";
    connection.prepare_cached(sql)?.execute(params![key.0, seq, number, changed, sender.0, at])?;
    let position = writing.inserted(key, seq);
    let message = message::at(connection, key, changed)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    let entry = Entry { seq, position, kind, message };
    Ok(Outcome::Else(Ok(Appended { entry, duplicate: false, direct: place.direct(connection)? })))
}

/// Why a change cannot be the first of a conversation; found out before one is opened for it.
fn unfit_for_empty(
    connection: &Connection,
    sender: UserId,
    change: &Change,
) -> Result<Option<AppendError>, rusqlite::Error> {
    Ok(match change {
        Change::Message { reply_to: Some(_), .. } => Some(AppendError::ReplyUnknown),
        Change::Message { client_id: Some(client_id), .. } => {
            find_client_id(connection, sender, client_id)?.map(|_| AppendError::ClientIdReused)
        }
        Change::Message { .. } => None,
        Change::Edit { .. } | Change::Delete { .. } => Some(AppendError::MessageUnknown),
    })
}

/// Where a sender's own name leads.
fn find_client_id(
    connection: &Connection,
    sender: UserId,
    client_id: &str,
) -> Result<Option<(ConversationKey, u64, Position)>, rusqlite::Error> {
    let sql = "SELECT conversation_id, seq, position FROM messages WHERE client_id = ? AND sender_id = ?";
    let place = |row: &Row<'_>| Ok((ConversationKey(row.get(0)?), row.get(1)?, Position(row.get(2)?)));
    connection.prepare_cached(sql)?.query_row(params![ClientIdColumn(client_id), sender.0], place).optional()
}

/// What was stored the first time, if it said the same then.
fn duplicate(
    connection: &Connection,
    key: ConversationKey,
    sender: UserId,
    client_id: &str,
    text: &str,
    reply_to: Option<MessageId>,
) -> Result<Result<Entry, AppendError>, rusqlite::Error> {
    let Some((conversation, seq, position)) = find_client_id(connection, sender, client_id)? else {
        return Err(rusqlite::Error::QueryReturnedNoRows);
    };
    let Some(message) = message::at(connection, conversation, seq)? else {
        return Err(rusqlite::Error::QueryReturnedNoRows);
    };
    let same = match message.change_seq {
        Some(_) => changed_from(connection, position)? == Some(first_body(text, reply_to)),
        None => *message.text == *text && message.reply_to == reply_to,
    };
    if conversation != key || !same {
        return Ok(Err(AppendError::ClientIdReused));
    }
    Ok(Ok(Entry { seq, position, kind: EntryKind::Message, message }))
}

/// What a message that has changed said at first.
fn changed_from(connection: &Connection, position: Position) -> Result<Option<[u8; 16]>, rusqlite::Error> {
    let sql = "SELECT first_body FROM messages WHERE position = ?";
    connection.prepare_cached(sql)?.query_row([position.0], |row| row.get(0))
}
