//! Decides what an append does to the log: the same rules for every store.

use protocol::{AttachmentId, MessageId, Timestamp};

use super::append::{Action, Append, AppendError, Roster, Target};
use super::message::{ClientId, Entry, EntryKind, MessageRecord, Position, content_digest};
use super::reaction::Reacted;
use super::transaction::{Changed, EarlierMessage, Logged, Transaction, Uploads};
use super::{ConversationKey, UserId};

/// Appends an entry to a conversation that exists, or finds the earlier entry that it repeats.
pub fn append_to<T: Transaction>(
    log: &mut T,
    key: ConversationKey,
    append: &Append,
) -> Result<Logged, T::Error> {
    let seq = log.head()? + 1;
    let roster = if is_to_group(append) { Some(log.roster(seq)?) } else { None };
    let is_member = |user: &UserId| roster.as_ref().is_none_or(|roster| roster.binary_search(user).is_ok());
    let deleted = if roster.is_none() { log.deleted_member(append.sender)? } else { None };
    if !is_member(&append.sender) || deleted == Some(append.sender) {
        return Err(AppendError::NotMember.into());
    }
    let mentions = append.mentions.iter().copied().filter(is_member).collect();
    match &append.action {
        Action::Message { client_id, text, reply_to, attachments } => {
            let new = New { client_id: client_id.as_ref(), text, reply_to: *reply_to, attachments };
            if deleted.is_some() {
                return repeat_to_deleted(log, key, append.sender, &new);
            }
            add(log, (key, seq), append, &new, mentions, roster)
        }
        Action::Edit { id, text } => edit(log, seq, append, (*id, text), mentions),
        Action::Delete { id } => delete(log, seq, append, *id),
        Action::React { id, emoji, on } => react(log, seq, append, *id, (emoji, *on)),
    }
}

/// Deletes a message of somebody who has deleted their account, or takes a reaction of theirs back: they need not be a
/// member any more. No digest of the text is kept, because nobody can repeat it.
pub fn erase_from<T: Transaction>(
    log: &mut T,
    append: &Append,
    mut message: MessageRecord,
) -> Result<Logged, T::Error> {
    message.change_seq = Some(log.head()? + 1);
    match append.action {
        Action::Delete { .. } => {
            let (message, dropped) = deleted(message, append.at);
            change(log, append, message, (None, dropped))
        }
        _ => change(log, append, message, (None, Vec::new())),
    }
}

/// Checks the first entry of a direct conversation before the conversation is opened for it. `is_sent` says whether
/// the sender has used a `client_id` before, in any conversation. `is_there` says whether all these files are the
/// sender's uploads.
pub fn check_first<E: From<AppendError>>(
    action: &Action,
    is_sent: impl FnOnce(&ClientId) -> Result<bool, E>,
    is_there: impl FnOnce(&[AttachmentId]) -> Result<bool, E>,
) -> Result<(), E> {
    let Action::Message { client_id, reply_to, attachments, .. } = action else {
        return Err(AppendError::MessageUnknown.into());
    };
    if reply_to.is_some() {
        return Err(AppendError::ReplyUnknown.into());
    }
    if client_id.as_ref().map(is_sent).transpose()? == Some(true) {
        return Err(AppendError::ClientIdReused.into());
    }
    if !attachments.is_empty() && !is_there(attachments)? {
        return Err(AppendError::AttachmentUnknown.into());
    }
    Ok(())
}

/// The parts of [`Action::Message`].
struct New<'a> {
    client_id: Option<&'a ClientId>,
    text: &'a str,
    reply_to: Option<MessageId>,
    attachments: &'a [AttachmentId],
}

fn add<T: Transaction>(
    log: &mut T,
    (key, seq): (ConversationKey, u64),
    append: &Append,
    new: &New<'_>,
    mentions: Box<[UserId]>,
    roster: Option<Roster>,
) -> Result<Logged, T::Error> {
    let &Append { sender, at, random, .. } = append;
    if let Some(id) = new.reply_to
        && log.seen(sender, id)?.is_none()
    {
        return Err(AppendError::ReplyUnknown.into());
    }
    let sent = |log: &mut T| new.client_id.map(|client_id| log.sent(sender, client_id)).transpose();
    let Some(attachments) = log.uploads(sender, new.attachments)? else {
        // A repeat: the message may have been sent before and deleted since, and its uploads with it.
        let sent = sent(log)?.flatten().ok_or(AppendError::AttachmentUnknown)?;
        return repeated(key, sent, new).map_err(T::Error::from);
    };
    let message = MessageRecord {
        conversation: key,
        seq,
        id: MessageId::mint(at, seq, random),
        sender,
        client_id: new.client_id.cloned(),
        text: new.text.into(),
        timestamp: at,
        reply_to: new.reply_to,
        edited_at: None,
        deleted_at: None,
        attachments,
        mentions: Some(mentions),
        reactions: Vec::new(),
        hidden_from: if roster.is_none() { log.blocker_of(sender)? } else { None },
        change_seq: None,
    };
    let Some(position) = log.insert(&message)? else {
        let sent = sent(log)?.flatten().ok_or(AppendError::ClientIdReused)?;
        return repeated(key, sent, new).map_err(T::Error::from);
    };
    let entry = Entry { seq, position, kind: EntryKind::Message, message: Some(message) };
    Ok(Logged { entry, roster, duplicate: false })
}

/// A message to somebody who has deleted their account: refused, unless it was stored before that.
fn repeat_to_deleted<T: Transaction>(
    log: &mut T,
    key: ConversationKey,
    sender: UserId,
    new: &New<'_>,
) -> Result<Logged, T::Error> {
    let sent = new.client_id.map(|client_id| log.sent(sender, client_id)).transpose()?.flatten();
    repeated(key, sent.ok_or(AppendError::ReceiverDeleted)?, new).map_err(T::Error::from)
}

/// The outcome for a `client_id` that the sender has used before. If the message is the same, it is a repeat; if not,
/// it is refused.
fn repeated(key: ConversationKey, sent: EarlierMessage, new: &New<'_>) -> Result<Logged, AppendError> {
    let EarlierMessage { entry, original_digest: first } = sent;
    let same = entry.message.as_ref().is_some_and(|message| {
        let says_it = match first {
            Some(first) => first == content_digest(new.text, new.reply_to, new.attachments),
            None => message.says(new.text, new.reply_to, new.attachments),
        };
        message.conversation == key && says_it
    });
    if same { Ok(already_logged(entry)) } else { Err(AppendError::ClientIdReused) }
}

fn edit<T: Transaction>(
    log: &mut T,
    seq: u64,
    append: &Append,
    (id, text): (MessageId, &str),
    mentions: Box<[UserId]>,
) -> Result<Logged, T::Error> {
    let before = changeable(log, append.sender, id, false)?;
    let original_digest = digest_to_keep(&before);
    let message = MessageRecord {
        text: text.into(),
        mentions: Some(mentions),
        edited_at: Some(append.at),
        change_seq: Some(seq),
        ..before
    };
    change(log, append, message, (original_digest, Vec::new()))
}

fn delete<T: Transaction>(log: &mut T, seq: u64, append: &Append, id: MessageId) -> Result<Logged, T::Error> {
    let leads = is_to_group(append) && log.leads(append.sender)?;
    let before = changeable(log, append.sender, id, leads)?;
    let original_digest = digest_to_keep(&before);
    let (message, dropped) = deleted(MessageRecord { change_seq: Some(seq), ..before }, append.at);
    change(log, append, message, (original_digest, dropped))
}

/// A message once it is deleted, and the files that it carried.
fn deleted(mut before: MessageRecord, at: Timestamp) -> (MessageRecord, Uploads) {
    let dropped = std::mem::take(&mut before.attachments);
    let message = MessageRecord {
        text: Box::default(),
        mentions: Some(Box::default()),
        deleted_at: Some(at),
        reactions: Vec::new(),
        ..before
    };
    (message, dropped)
}

fn react<T: Transaction>(
    log: &mut T,
    seq: u64,
    append: &Append,
    id: MessageId,
    (emoji, on): (&str, bool),
) -> Result<Logged, T::Error> {
    let user = append.sender;
    let mut message = log.seen(user, id)?.ok_or(AppendError::MessageUnknown)?;
    if message.deleted_at.is_some() {
        return Err(AppendError::MessageDeleted.into());
    }
    if log.has_reacted(message.seq, user, emoji)? == on {
        let seq = message.change_seq.unwrap_or(message.seq);
        let (position, kind) = (Position::default(), EntryKind::MessageChange);
        return Ok(already_logged(Entry { seq, position, kind, message: Some(message) }));
    }
    if on && !Reacted::have_room_for(&message.reactions, emoji) {
        return Err(AppendError::ReactionsFull.into());
    }
    message.change_seq = Some(seq);
    change(log, append, message, (None, Vec::new()))
}

/// The message that somebody wants to edit or delete, if they may: one of their own, or with `any` of anybody.
fn changeable<T: Transaction>(
    log: &mut T,
    by: UserId,
    id: MessageId,
    any: bool,
) -> Result<MessageRecord, T::Error> {
    let message = log.seen(by, id)?.ok_or(AppendError::MessageUnknown)?;
    if message.sender != by && !any {
        return Err(AppendError::NotSender.into());
    }
    if message.deleted_at.is_some() {
        return Err(AppendError::MessageDeleted.into());
    }
    Ok(message)
}

/// The digest of what a message says, to recognize a repeat of it after it has changed. `None` without a `client_id`:
/// then no repeat can come.
fn digest_to_keep(message: &MessageRecord) -> Option<[u8; 16]> {
    message.client_id.is_some().then(|| message.digest())
}

/// Stores a message in its new state, and the entry that says so.
fn change<T: Transaction>(
    log: &mut T,
    append: &Append,
    message: MessageRecord,
    (original_digest, dropped): (Option<[u8; 16]>, Uploads),
) -> Result<Logged, T::Error> {
    let Append { action, sender: by, at, .. } = append;
    let changed = Changed { action, message, by: *by, at: *at, original_digest, dropped };
    let position = log.change(&changed)?;
    let (mut message, kind) = (changed.message, EntryKind::MessageChange);
    if let Action::React { .. } = append.action {
        message.reactions = log.reactions(message.seq)?;
    }
    let roster = if is_to_group(append) { Some(log.roster(message.seq)?) } else { None };
    let seq = message.change_seq.unwrap_or(message.seq);
    Ok(Logged { entry: Entry { seq, position, kind, message: Some(message) }, roster, duplicate: false })
}

fn is_to_group(append: &Append) -> bool {
    matches!(append.target, Target::Group(_))
}

/// The outcome for an entry that was in the log before.
fn already_logged(entry: Entry) -> Logged {
    Logged { entry, roster: None, duplicate: true }
}
