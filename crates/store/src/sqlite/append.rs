//! Putting an entry into the log.

use std::sync::Arc;

use domain::store::{
    Append, AppendError, Appended, AttachmentRecord, Change, Committed, ConversationKey, Entry, EntryKind,
    MessageRecord, Origin, Position, Roster, StoreError, Target, UserId, first_body,
};
use protocol::{AttachmentId, MessageId};
use rusqlite::{Connection, OptionalExtension, Row, params};
use tokio::sync::oneshot;

use super::attachment;
use super::client_id::ClientIdColumn;
use super::conversation::{find_direct, open_direct};
use super::history;
use super::mention::MentionsColumn;
use super::message::{self, DELETE, EDIT, MESSAGE};
use super::writer::{Job, Writing};

/// An entry on its way into the log.
pub(super) struct AppendJob {
    append: Append,
    origin: Origin,
    answer: oneshot::Sender<Result<Appended, AppendError>>,
    outcome: Option<Result<Outcome, AppendError>>,
}

enum Outcome {
    /// A new message; what it says is still in the job.
    New {
        conversation: ConversationKey,
        seq: u64,
        position: Position,
        id: MessageId,
        attachments: Vec<Arc<AttachmentRecord>>,
        mentions: Box<[UserId]>,
        roster: Option<Roster>,
    },
    /// A message has changed.
    Changed { conversation: ConversationKey, entry: Entry, roster: Option<Roster> },
    /// It was there.
    Duplicate { conversation: ConversationKey, entry: Entry },
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
        self.outcome = Some(append(&self.append, writing)?);
        Ok(())
    }

    fn finish(self: Box<Self>, stored: Result<(), StoreError>) -> Option<Arc<Committed>> {
        let Self { append, origin, answer, outcome } = *self;
        let appended = match (stored, outcome) {
            (Err(error), _) => Err(error.into()),
            (Ok(()), Some(outcome)) => outcome.map(|outcome| outcome.appended(append, origin)),
            (Ok(()), None) => Err(StoreError::Closed.into()),
        };
        let new = appended.as_ref().ok().filter(|appended| !appended.duplicate);
        let committed = new.map(|appended| appended.committed.clone());
        // Who asked may have gone.
        let _ = answer.send(appended);
        committed
    }
}

impl Outcome {
    fn appended(self, append: Append, origin: Origin) -> Appended {
        let (conversation, entry, roster, duplicate) = match self {
            Self::Changed { conversation, entry, roster } => (conversation, entry, roster, false),
            Self::Duplicate { conversation, entry } => (conversation, entry, None, true),
            Self::New { conversation, seq, position, id, attachments, mentions, roster } => {
                let Append { sender, at, change, .. } = append;
                let Change::Message { client_id, text, reply_to, hidden_from, .. } = change else {
                    unreachable!("only a message is new");
                };
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
                    attachments,
                    mentions: Some(mentions),
                    reactions: Vec::new(),
                    hidden_from,
                    change_seq: None,
                };
                let entry = Entry { seq, position, kind: EntryKind::Message, message: Some(message) };
                (conversation, entry, roster, false)
            }
        };
        let committed = Arc::new(Committed::of_message(conversation, entry, roster, origin));
        Appended { committed, duplicate }
    }
}

fn append(
    append: &Append,
    writing: &mut Writing<'_>,
) -> Result<Result<Outcome, AppendError>, rusqlite::Error> {
    let refuse = |error| Ok(Err(error));
    let place = match append.target {
        Target::Conversation(key) => Place { key, roster: None },
        Target::Group(key) => {
            let (roster, _) = writing.heads.roster(writing.connection, key)?;
            if roster.binary_search(&append.sender).is_err() {
                return refuse(AppendError::NotMember);
            }
            Place { key, roster: Some(roster) }
        }
        Target::Direct(other, id) => match find_direct(writing.connection, append.sender, other)? {
            Some(key) => Place { key, roster: None },
            None => match unfit_for_empty(writing.connection, append.sender, &append.change)? {
                Some(error) => return refuse(error),
                None => {
                    let key = open_direct(writing.connection, append.sender, other, id, append.at)?;
                    Place { key, roster: None }
                }
            },
        },
    };
    match &append.change {
        Change::Message { client_id, text, reply_to, attachments, hidden_from } => {
            let (client_id, reply_to, hidden_from) = (client_id.as_deref(), *reply_to, *hidden_from);
            insert(append, writing, &place, &New { client_id, text, reply_to, attachments, hidden_from })
        }
        Change::Edit { id, text } => change(append, writing, &place, *id, EntryKind::Edit, text),
        Change::Delete { id } => change(append, writing, &place, *id, EntryKind::Delete, ""),
        Change::React { id, emoji, on } => react(append, writing, &place, *id, emoji, *on),
    }
}

/// The conversation that an entry goes to.
struct Place {
    key: ConversationKey,
    /// Of a group.
    roster: Option<Roster>,
}

impl Place {
    /// Those of the people that a text names who are in it now.
    fn mentioned(&self, named: &[UserId]) -> Box<[UserId]> {
        let is_member =
            |user: &&UserId| self.roster.as_ref().is_none_or(|roster| roster.binary_search(user).is_ok());
        named.iter().filter(is_member).copied().collect()
    }
}

/// What a new message says.
struct New<'a> {
    client_id: Option<&'a str>,
    text: &'a str,
    reply_to: Option<MessageId>,
    attachments: &'a [AttachmentId],
    hidden_from: Option<UserId>,
}

fn insert(
    append: &Append,
    writing: &mut Writing<'_>,
    place: &Place,
    new: &New<'_>,
) -> Result<Result<Outcome, AppendError>, rusqlite::Error> {
    let &Append { sender, at, random, .. } = append;
    let &New { client_id, text, reply_to, attachments: ids, hidden_from } = new;
    let (key, connection) = (place.key, writing.connection);
    if let Some(id) = reply_to
        && message::seen(connection, sender, key, id)?.is_none()
    {
        return Ok(Err(AppendError::ReplyUnknown));
    }
    let Some(attachments) = attachment::of_owner(connection, sender, ids)? else {
        // Of a message that was sent before and deleted since, they may be gone.
        let sent = client_id.map(|client_id| find_client_id(connection, sender, client_id)).transpose()?;
        return match sent.flatten() {
            Some(_) => repeated(append, writing, place, new),
            None => Ok(Err(AppendError::AttachmentUnknown)),
        };
    };
    let seq = writing.heads.get(connection, key)? + 1;
    let id = MessageId::mint(at, seq, random);
    let sql = "INSERT INTO messages (conversation_id, seq, kind, sender_id, client_id, id, timestamp, text, reply_to, \
               hidden_from, mentions, below_seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
               ON CONFLICT (client_id, sender_id) WHERE client_id IS NOT NULL DO NOTHING";
    let (client, reply) = (client_id.map(ClientIdColumn), reply_to.as_ref().map(MessageId::as_bytes));
    let hidden = hidden_from.map(|user| user.0);
    let mentions = place.mentioned(&append.mentions);
    let values = params![
        key.0,
        seq,
        MESSAGE,
        sender.0,
        client,
        id.as_bytes(),
        at.as_millis(),
        text,
        reply,
        hidden,
        MentionsColumn(&mentions),
        history::below(connection, key, seq, MESSAGE, hidden_from)?
    ];
    if connection.prepare_cached(sql)?.execute(values)? == 0 {
        return repeated(append, writing, place, new);
    }
    let position = writing.inserted(key, seq);
    attachment::carry(connection, key, seq, ids)?;
    let roster = place.roster.clone();
    Ok(Ok(Outcome::New { conversation: key, seq, position, id, attachments, mentions, roster }))
}

/// A message whose `client_id` its sender has used before.
fn repeated(
    append: &Append,
    writing: &Writing<'_>,
    place: &Place,
    new: &New<'_>,
) -> Result<Result<Outcome, AppendError>, rusqlite::Error> {
    let first = duplicate(writing.connection, place.key, append.sender, new)?;
    Ok(first.map(|entry| Outcome::Duplicate { conversation: place.key, entry }))
}

fn change(
    append: &Append,
    writing: &mut Writing<'_>,
    place: &Place,
    id: MessageId,
    kind: EntryKind,
    text: &str,
) -> Result<Result<Outcome, AppendError>, rusqlite::Error> {
    let refuse = |error| Ok(Err(error));
    let &Append { sender, at, .. } = append;
    let (key, connection) = (place.key, writing.connection);
    let changed = match message::seen(connection, sender, key, id)? {
        None => return refuse(AppendError::MessageUnknown),
        Some(message) if message.sender != sender => return refuse(AppendError::NotSender),
        Some(message) if message.deleted_at.is_some() => return refuse(AppendError::MessageDeleted),
        Some(message) => message,
    };
    // Kept at the first change of its text; without a client id no repeat can come.
    let first_body = changed.client_id.is_some().then(|| changed.body());
    let (column, number) = match kind {
        EntryKind::Delete => ("deleted_at", DELETE),
        _ => ("edited_at", EDIT),
    };
    let seq = writing.heads.get(connection, key)? + 1;
    let at = at.as_millis();
    let sql = format!(
        "UPDATE messages SET text = ?, mentions = ?, {column} = ?, change_seq = ?, \
           first_body = coalesce(first_body, ?) \
         WHERE conversation_id = ? AND seq = ?"
    );
    let mentions = place.mentioned(&append.mentions);
    let values = params![text, MentionsColumn(&mentions), at, seq, first_body, key.0, changed.seq];
    connection.prepare_cached(&sql)?.execute(values)?;
    if kind == EntryKind::Delete {
        let sql = "DELETE FROM reactions WHERE conversation_id = ? AND seq = ?";
        connection.prepare_cached(sql)?.execute(params![key.0, changed.seq])?;
        if !changed.attachments.is_empty() {
            attachment::drop_from(connection, key, changed.seq)?;
        }
    }
    changed_entry(append, writing, place, &changed, kind, number)
}

/// Puts in the entry of a change that has been made.
fn changed_entry(
    append: &Append,
    writing: &mut Writing<'_>,
    place: &Place,
    changed: &MessageRecord,
    kind: EntryKind,
    number: i64,
) -> Result<Result<Outcome, AppendError>, rusqlite::Error> {
    let (key, connection) = (place.key, writing.connection);
    let seq = writing.heads.get(connection, key)? + 1;
    let sql = "INSERT INTO messages (conversation_id, seq, kind, ref_seq, sender_id, timestamp, hidden_from, \
               below_seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    let hidden = changed.hidden_from.map(|user| user.0);
    let below = history::below(connection, key, seq, number, changed.hidden_from)?;
    let values =
        params![key.0, seq, number, changed.seq, append.sender.0, append.at.as_millis(), hidden, below];
    connection.prepare_cached(sql)?.execute(values)?;
    let position = writing.inserted(key, seq);
    let message = message::at(connection, key, changed.seq)?;
    let entry = Entry { seq, position, kind, message };
    let roster = match place.roster {
        Some(_) => Some(match writing.heads.roster(connection, key)? {
            (roster, all_see) if changed.seq > all_see => roster,
            _ => message::seen_by(connection, key, changed.seq)?,
        }),
        None => None,
    };
    Ok(Ok(Outcome::Changed { conversation: key, entry, roster }))
}

fn react(
    append: &Append,
    writing: &mut Writing<'_>,
    place: &Place,
    id: MessageId,
    emoji: &str,
    on: bool,
) -> Result<Result<Outcome, AppendError>, rusqlite::Error> {
    let refuse = |error| Ok(Err(error));
    let (key, connection, user) = (place.key, writing.connection, append.sender);
    let Some(message) = message::seen(connection, user, key, id)? else {
        return refuse(AppendError::MessageUnknown);
    };
    if message.deleted_at.is_some() {
        return refuse(AppendError::MessageDeleted);
    }
    if message.has_reaction(user, emoji) == on {
        let seq = message.change_seq.unwrap_or(message.seq);
        let (kind, position) = (EntryKind::Reaction, Position::default());
        let entry = Entry { seq, position, kind, message: Some(message) };
        return Ok(Ok(Outcome::Duplicate { conversation: key, entry }));
    }
    if on && !message.has_room_for(emoji) {
        return refuse(AppendError::ReactionsFull);
    }
    let seq = writing.heads.get(connection, key)? + 1;
    if on {
        let sql =
            "INSERT INTO reactions (conversation_id, seq, entry_seq, user_id, emoji) VALUES (?, ?, ?, ?, ?)";
        connection.prepare_cached(sql)?.execute(params![key.0, message.seq, seq, user.0, emoji])?;
    } else {
        let sql = "DELETE FROM reactions WHERE conversation_id = ? AND seq = ? AND user_id = ? AND emoji = ?";
        connection.prepare_cached(sql)?.execute(params![key.0, message.seq, user.0, emoji])?;
    }
    let sql = "UPDATE messages SET change_seq = ? WHERE conversation_id = ? AND seq = ?";
    connection.prepare_cached(sql)?.execute(params![seq, key.0, message.seq])?;
    changed_entry(append, writing, place, &message, EntryKind::Reaction, message::REACTION)
}

/// Why a change cannot be the first of a conversation; found out before one is opened for it.
fn unfit_for_empty(
    connection: &Connection,
    sender: UserId,
    change: &Change,
) -> Result<Option<AppendError>, rusqlite::Error> {
    Ok(match change {
        Change::Message { reply_to: Some(_), .. } => Some(AppendError::ReplyUnknown),
        Change::Message { client_id: Some(client_id), .. }
            if find_client_id(connection, sender, client_id)?.is_some() =>
        {
            Some(AppendError::ClientIdReused)
        }
        Change::Message { attachments, .. } => {
            let known = attachment::of_owner(connection, sender, attachments)?;
            known.is_none().then_some(AppendError::AttachmentUnknown)
        }
        Change::Edit { .. } | Change::Delete { .. } | Change::React { .. } => {
            Some(AppendError::MessageUnknown)
        }
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
    new: &New<'_>,
) -> Result<Result<Entry, AppendError>, rusqlite::Error> {
    let &New { client_id, text, reply_to, attachments, .. } = new;
    let client_id = client_id.unwrap_or_default();
    let Some((conversation, seq, position)) = find_client_id(connection, sender, client_id)? else {
        return Err(rusqlite::Error::QueryReturnedNoRows);
    };
    let Some(message) = message::at(connection, conversation, seq)? else {
        return Err(rusqlite::Error::QueryReturnedNoRows);
    };
    let same = match changed_from(connection, position)? {
        Some(first) => first == first_body(text, reply_to, attachments),
        None => message.says(text, reply_to, attachments),
    };
    if conversation != key || !same {
        return Ok(Err(AppendError::ClientIdReused));
    }
    Ok(Ok(Entry { seq, position, kind: EntryKind::Message, message: Some(message) }))
}

/// What a message that has changed said at first.
fn changed_from(connection: &Connection, position: Position) -> Result<Option<[u8; 16]>, rusqlite::Error> {
    let sql = "SELECT first_body FROM messages WHERE position = ?";
    connection.prepare_cached(sql)?.query_row([position.0], |row| row.get(0))
}
