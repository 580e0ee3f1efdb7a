//! Sending and changing messages: checks a request and submits an entry to the log.

use std::sync::Arc;

use protocol::{
    AttachmentId, Code, ConversationId, DeleteMessage, EditMessage, Message, ReactToMessage, SendMessage,
    limit,
};
use tokio::sync::Semaphore;

use crate::Settings;
use crate::channel::{Channel, Channels};
use crate::context::Context;
use crate::error::Error;
use crate::live::SocketKey;
use crate::mention::mentions;
use crate::person::{Caller, Person};
use crate::random;
use crate::store::{
    Append, AppendError, Appended, Change, ConversationKey, Origin, Submitted, Target, UserId,
};

/// Sends and changes messages.
pub struct Messages {
    context: Arc<Context>,
    text_bytes: usize,
    /// Permits for the memory of entries that are submitted and not announced yet. Senders wait for permits.
    room: Arc<Semaphore>,
}

/// A message that is stored.
#[derive(Clone, Debug)]
pub struct Sent {
    /// As clients see it.
    pub message: Arc<Message>,
    /// Whether it had been stored before, because the sender repeated a `clientId` or a reaction.
    pub duplicate: bool,
    /// The conversation's number within the store.
    pub conversation: ConversationKey,
    /// The `seq` of the entry: the message's own, or that of its change.
    pub seq: u64,
}

impl Messages {
    /// Bytes of text for one permit.
    const UNIT: usize = 512;
    /// Bytes that a changed message is assumed to have beside its new text. Its real size is known only in the store.
    const CHANGED: usize = 32 * 1024;
    /// Permits in all, which stand for 32 MiB.
    const ROOM: u32 = 65_536;

    pub(crate) fn new(context: Arc<Context>, settings: &Settings) -> Self {
        let (text_bytes, room) = (settings.text_bytes, Arc::new(Semaphore::new(Self::ROOM as usize)));
        Self { context, text_bytes, room }
    }

    /// Sends a message. The future is ready once the message is queued. Messages that one caller queues one after the
    /// other are stored in that order.
    pub async fn send(
        &self,
        caller: &Caller,
        request: SendMessage,
        socket: Option<SocketKey>,
    ) -> Result<Sending, Error> {
        let (destination, change) = self.new_message(caller, request).await?;
        self.submit(caller, destination, change, socket).await
    }

    /// Changes the text of one of the caller's messages. Ordered like [`Messages::send`].
    pub async fn edit(
        &self,
        caller: &Caller,
        request: EditMessage,
        socket: Option<SocketKey>,
    ) -> Result<Sending, Error> {
        let EditMessage { conversation_id, id, text } = request;
        let text = self.check_text(text)?;
        self.change(caller, conversation_id, Change::Edit { id, text }, socket).await
    }

    /// Deletes one of the caller's messages, for everyone. Ordered like [`Messages::send`].
    pub async fn delete(
        &self,
        caller: &Caller,
        request: DeleteMessage,
        socket: Option<SocketKey>,
    ) -> Result<Sending, Error> {
        let DeleteMessage { conversation_id, id } = request;
        self.change(caller, conversation_id, Change::Delete { id }, socket).await
    }

    /// Adds a reaction to a message, or takes it back. Ordered like [`Messages::send`].
    pub async fn react(
        &self,
        caller: &Caller,
        request: ReactToMessage,
        socket: Option<SocketKey>,
    ) -> Result<Sending, Error> {
        let ReactToMessage { conversation_id, id, emoji, on } = request;
        let emoji = check_emoji(emoji)?;
        self.change(caller, conversation_id, Change::React { id, emoji, on }, socket).await
    }

    async fn change(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        change: Change,
        socket: Option<SocketKey>,
    ) -> Result<Sending, Error> {
        self.context.charge(caller)?;
        let channel = self.context.channels.of_member(conversation, caller.person.id).await?;
        self.submit(caller, Destination::Known(channel), change, socket).await
    }

    async fn new_message(
        &self,
        caller: &Caller,
        request: SendMessage,
    ) -> Result<(Destination, Change), Error> {
        let SendMessage { sender, receiver, conversation_id, text, client_id, reply_to, attachments } =
            request;
        if sender.is_some_and(|sender| !sender.eq_ignore_ascii_case(&caller.person.username)) {
            return Err(Error::new(Code::SenderMismatch, "Leave the sender out: it is you.").about("sender"));
        }
        check_attachments(&attachments)?;
        let text = if attachments.is_empty() { self.check_text(text)? } else { self.check_length(text)? };
        let client_id = client_id.map(check_client_id).transpose()?;
        self.context.charge(caller)?;
        let destination = match (receiver, conversation_id) {
            (Some(receiver), None) => self.to_person(caller, &receiver).await?,
            (None, Some(id)) => {
                Destination::Known(self.context.channels.of_member(id, caller.person.id).await?)
            }
            _ => {
                return Err(Error::invalid("receiver", "Name a receiver or a conversationId, and not both."));
            }
        };
        Ok((destination, Change::Message { client_id, text, reply_to, attachments }))
    }

    async fn to_person(&self, caller: &Caller, receiver: &str) -> Result<Destination, Error> {
        let receiver = self.context.people.receiver(receiver).await?;
        let channel = self.context.channels.direct(caller.person.id, receiver.id).await?;
        Ok(channel.map_or(Destination::New(receiver), Destination::Known))
    }

    fn check_text(&self, text: String) -> Result<Box<str>, Error> {
        let text = self.check_length(text)?;
        if text.trim().is_empty() {
            return Err(Error::new(Code::TextEmpty, "Write something.").about("text"));
        }
        Ok(text)
    }

    fn check_length(&self, text: String) -> Result<Box<str>, Error> {
        if text.len() > self.text_bytes {
            let detail =
                format!("A text has at most {} bytes; this one has {}.", self.text_bytes, text.len());
            return Err(Error::new(Code::TextTooLong, detail).about("text"));
        }
        Ok(text.into())
    }

    async fn submit(
        &self,
        caller: &Caller,
        destination: Destination,
        change: Change,
        socket: Option<SocketKey>,
    ) -> Result<Sending, Error> {
        let at = self.context.clock.now();
        let mentions = destination.mentions(&caller.person, &change);
        let (target, channel) = match destination {
            Destination::Known(channel) => (channel.target(), Some(channel)),
            Destination::New(other) => {
                let id = ConversationId::mint(at, u128::from_le_bytes(random::bytes(&*self.context.random)));
                (Target::Direct(other.id, id), None)
            }
        };
        let random = u64::from_le_bytes(random::bytes(&*self.context.random));
        let room = self.room.clone().acquire_many_owned(permits_for(&change)).await.ok();
        let append = Append { target, sender: caller.person.id, at, random, change, mentions };
        let mut submitted = self.context.store.submit(append, Origin { socket, room });
        submitted.queued().await;
        Ok(Sending { submitted, channel, channels: self.context.channels.clone() })
    }
}

/// A message, or a change of one, that is queued for the log. It is stored even if this is dropped.
#[must_use = "the message may be refused"]
pub struct Sending {
    submitted: Submitted,
    /// Its channel; `None` if the append opens the conversation.
    channel: Option<Arc<Channel>>,
    channels: Arc<Channels>,
}

impl Sending {
    /// Waits until the message is durable or refused.
    pub async fn stored(self) -> Result<Sent, Error> {
        let Self { submitted, channel, channels } = self;
        let Appended { committed, duplicate } = submitted.stored().await.map_err(refusal)?;
        let channel = match channel {
            Some(channel) => channel,
            None => channels
                .of_key(committed.conversation)
                .await?
                .ok_or_else(|| Error::not_found("conversation"))?,
        };
        let message = committed.shown(|record| channel.message(record));
        let message = message.ok_or_else(|| Error::not_found("message"))?;
        Ok(Sent { message, duplicate, conversation: committed.conversation, seq: committed.entry.seq })
    }
}

/// The permits for the memory of an entry; one stands for [`Messages::UNIT`] bytes.
fn permits_for(change: &Change) -> u32 {
    let bytes = match change {
        Change::Message { text, attachments, .. } => text.len() + attachments.len() * Messages::UNIT,
        // The entry holds the whole message with its reactions, whose size is not known yet.
        Change::Edit { text, .. } => text.len() + Messages::CHANGED,
        Change::React { .. } => Messages::CHANGED,
        Change::Delete { .. } => 0,
    };
    u32::try_from(bytes / Messages::UNIT + 1).unwrap_or(Messages::ROOM).min(Messages::ROOM)
}

/// The conversation that a message goes to.
enum Destination {
    /// A conversation that exists.
    Known(Arc<Channel>),
    /// A direct conversation with this person, which did not exist a moment ago. The store opens it if that is still
    /// so.
    New(Arc<Person>),
}

impl Destination {
    /// The members whom the text of a change mentions.
    fn mentions(&self, sender: &Person, change: &Change) -> Vec<UserId> {
        let (Change::Message { text, .. } | Change::Edit { text, .. }) = change else { return Vec::new() };
        match self {
            Self::Known(channel) => channel.mentions(text),
            Self::New(other) => mentions(text, |name| {
                let named =
                    [sender, &**other].into_iter().find(|one| one.username.eq_ignore_ascii_case(name));
                named.map(|person| person.id)
            }),
        }
    }
}

fn refusal(error: AppendError) -> Error {
    let error = match error {
        AppendError::Store(error) => return error.into(),
        AppendError::ClientIdReused => (Code::ClientIdReused, "Mint a new clientId for each message."),
        AppendError::ReplyUnknown => (Code::ReplyUnknown, "Answer a message of the same conversation."),
        AppendError::AttachmentUnknown => {
            return Error::invalid("attachments", "Upload the files first; each is its sender's to send.");
        }
        AppendError::MessageUnknown => return Error::not_found("message"),
        AppendError::NotMember => return Error::not_found("conversation"),
        AppendError::ReactionsFull => {
            return Error::invalid("emoji", "The message has as many reactions as it can have.");
        }
        AppendError::NotSender => (Code::Forbidden, "Only its sender may change a message."),
        AppendError::MessageDeleted => (Code::MessageDeleted, "A deleted message cannot be changed."),
    };
    Error::new(error.0, error.1)
}

fn check_attachments(attachments: &[AttachmentId]) -> Result<(), Error> {
    if attachments.len() > limit::ATTACHMENTS {
        return Err(Error::invalid("attachments", "A message carries at most 10 files."));
    }
    let is_repeated = |(place, id): (usize, &AttachmentId)| attachments[..place].contains(id);
    if attachments.iter().enumerate().any(is_repeated) {
        return Err(Error::invalid("attachments", "A message carries each file once."));
    }
    Ok(())
}

fn check_client_id(client_id: String) -> Result<Box<str>, Error> {
    if limit::CLIENT_ID.contains(&client_id.len()) && !client_id.contains(char::is_control) {
        return Ok(client_id.into());
    }
    Err(Error::invalid("clientId", "A clientId has 1 to 64 bytes and no control characters."))
}

/// Accepts a few characters of which at least one is not ASCII: emoji have no simpler rule that lasts.
fn check_emoji(emoji: String) -> Result<Box<str>, Error> {
    let unfit = |char: char| char.is_whitespace() || char.is_control() || char.is_ascii_alphabetic();
    if limit::EMOJI.contains(&emoji.len()) && !emoji.is_ascii() && !emoji.contains(unfit) {
        return Ok(emoji.into());
    }
    Err(Error::invalid("emoji", "A reaction is one emoji."))
}
