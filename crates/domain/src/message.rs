//! Sending and changing messages: checks a request and submits an entry to the log.

use std::sync::Arc;
use std::time::Duration;

use protocol::{
    AttachmentId, Code, ConversationId, DeleteMessage, EditMessage, Message, ReactToMessage, SendMessage,
    limit,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Settings;
use crate::channel::{Channel, Channels};
use crate::context::Context;
use crate::emoji;
use crate::error::Error;
use crate::live::SocketKey;
use crate::mention::mentions;
use crate::person::{Allowance, Caller, Person};
use crate::random;
use crate::store::{
    Action, Append, AppendError, Appended, ConversationKey, Origin, StoreError, Submitted, Target, UserId,
};
use crate::visible::is_blank;

/// Wait after the store failed to read what a stored message needs.
const RETRY_DELAY: Duration = Duration::from_millis(100);

/// Sends and changes messages.
pub struct Messages {
    context: Arc<Context>,
    text_bytes: usize,
    /// Permits for the memory of entries that are submitted and not announced yet. Senders wait for permits.
    permits: Arc<Semaphore>,
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
    /// The fewest permits of an entry, so that at most 16,384 wait to be announced. With more, most would have left the
    /// processor's caches before they are announced.
    const LEAST: usize = 4;
    /// The most bytes that a message has beside its text: files and reactions. For a change of a message its real size
    /// is known only in the store.
    const BESIDE_TEXT: usize = 24 * 1024;
    /// Permits in all, which stand for 32 MiB.
    const PERMITS: u32 = 65_536;

    pub(crate) fn new(context: Arc<Context>, settings: &Settings) -> Self {
        let (text_bytes, permits) = (settings.text_bytes, Arc::new(Semaphore::new(Self::PERMITS as usize)));
        Self { context, text_bytes, permits }
    }

    /// Sends a message. The future is ready once the message is queued. Messages that one caller queues one after the
    /// other are stored in that order.
    pub async fn send(
        &self,
        caller: &Caller,
        request: SendMessage,
        socket: Option<SocketKey>,
    ) -> Result<Sending, Error> {
        let (destination, action) = self.new_message(caller, request).await?;
        self.submit(caller, destination, action, socket).await
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
        self.change(caller, conversation_id, Action::Edit { id, text }, socket).await
    }

    /// Deletes one of the caller's messages, or any of a group that they lead, for everyone. Ordered like
    /// [`Messages::send`].
    pub async fn delete(
        &self,
        caller: &Caller,
        request: DeleteMessage,
        socket: Option<SocketKey>,
    ) -> Result<Sending, Error> {
        let DeleteMessage { conversation_id, id } = request;
        self.change(caller, conversation_id, Action::Delete { id }, socket).await
    }

    /// Adds a reaction to a message, or takes it back. Ordered like [`Messages::send`].
    pub async fn react(
        &self,
        caller: &Caller,
        request: ReactToMessage,
        socket: Option<SocketKey>,
    ) -> Result<Sending, Error> {
        let ReactToMessage { conversation_id, id, emoji, on } = request;
        let emoji = check_emoji(&emoji)?;
        self.change(caller, conversation_id, Action::React { id, emoji, on }, socket).await
    }

    async fn change(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        action: Action,
        socket: Option<SocketKey>,
    ) -> Result<Sending, Error> {
        self.context.charge(caller)?;
        let channel = self.context.channels.of_member(conversation, caller.person.id).await?;
        self.submit(caller, Destination::Known(channel), action, socket).await
    }

    async fn new_message(
        &self,
        caller: &Caller,
        request: SendMessage,
    ) -> Result<(Destination, Action), Error> {
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
        Ok((destination, Action::Message { client_id, text, reply_to, attachments }))
    }

    async fn to_person(&self, caller: &Caller, receiver: &str) -> Result<Destination, Error> {
        let receiver = self.context.people.receiver(receiver).await?;
        let channel = self.context.channels.direct(caller.person.id, receiver.id).await?;
        Ok(channel.map_or(Destination::New(receiver), Destination::Known))
    }

    fn check_text(&self, text: String) -> Result<Box<str>, Error> {
        let text = self.check_length(text)?;
        if is_blank(&text) {
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
        // Every reader is sent the text as JSON, in which a control character takes six bytes.
        if text.len() > self.text_bytes / 6 && escaped(&text) > 2 * self.text_bytes {
            let detail = "The text has too many control characters for its length.";
            return Err(Error::new(Code::TextTooLong, detail).about("text"));
        }
        Ok(text.into())
    }

    async fn submit(
        &self,
        caller: &Caller,
        destination: Destination,
        action: Action,
        socket: Option<SocketKey>,
    ) -> Result<Sending, Error> {
        let at = self.context.clock.now();
        let mentions = destination.mentions(&caller.person, &action);
        let (target, channel) = match destination {
            Destination::Known(channel) => (channel.target(), Some(channel)),
            Destination::New(other) => {
                let id = ConversationId::mint(at, u128::from_le_bytes(random::bytes(&*self.context.random)));
                (Target::DirectWith(other.id, id), None)
            }
        };
        let random = u64::from_le_bytes(random::bytes(&*self.context.random));
        let own_permit = own_permit(caller, &action).await;
        let permit = self.permits.clone().acquire_many_owned(self.permits_for(&action)).await.ok();
        let append = Append { target, sender: caller.person.id, at, random, action, mentions };
        let mut submitted = self.context.store.submit(append, Origin { socket, permit, own_permit });
        submitted.queued().await;
        Ok(Sending { submitted, channel, channels: self.context.channels.clone() })
    }

    /// The permits for the memory of an entry; one stands for [`Messages::UNIT`] bytes.
    fn permits_for(&self, action: &Action) -> u32 {
        let bytes = match action {
            Action::Message { text, attachments, .. } => text.len() + attachments.len() * Self::UNIT,
            Action::Edit { text, .. } => text.len() + Self::BESIDE_TEXT,
            // The entry holds the whole message.
            Action::React { .. } => self.text_bytes + Self::BESIDE_TEXT,
            Action::Delete { .. } => 0,
        };
        u32::try_from((bytes / Self::UNIT).max(Self::LEAST)).unwrap_or(Self::PERMITS).min(Self::PERMITS)
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

/// Waits until few enough long texts of the caller are on their way. A text of less than a kibibyte is not long.
async fn own_permit(caller: &Caller, action: &Action) -> Option<OwnedSemaphorePermit> {
    let (Action::Message { text, .. } | Action::Edit { text, .. }) = action else { return None };
    let kibibytes = u32::try_from(text.len() >> 10).unwrap_or(u32::MAX).min(Allowance::LONG_TEXTS);
    if kibibytes == 0 {
        return None;
    }
    caller.allowance.long_texts.clone().acquire_many_owned(kibibytes).await.ok()
}

impl Sending {
    /// Waits until the message is durable or refused.
    pub async fn stored(self) -> Result<Sent, Error> {
        let Self { submitted, channel, channels } = self;
        let Appended { committed, duplicate } = submitted.stored().await.map_err(refusal)?;
        let channel = match channel {
            Some(channel) => channel,
            None => opened(&channels, committed.conversation).await?,
        };
        let message = committed.shown(|record| channel.message(record));
        let message = message.ok_or_else(|| Error::not_found("message"))?;
        Ok(Sent { message, duplicate, conversation: committed.conversation, seq: committed.entry.seq })
    }
}

/// The channel of a conversation that a stored message has opened. Waits for as long as the store fails, because an
/// error would say that the message is not stored, and a sender who sends it again would have sent it twice.
async fn opened(channels: &Channels, key: ConversationKey) -> Result<Arc<Channel>, Error> {
    let channel = loop {
        match channels.of_key(key).await {
            Err(Error { cause: Some(StoreError::Unavailable(_)), .. }) => {
                tokio::time::sleep(RETRY_DELAY).await;
            }
            channel => break channel?,
        }
    };
    channel.ok_or_else(|| Error::not_found("conversation"))
}

/// The bytes of a text in JSON.
fn escaped(text: &str) -> usize {
    let bytes = text.bytes().map(|byte| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..0x20 => 6,
        _ => 1,
    });
    bytes.sum()
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
    /// The members whom the text of an action mentions.
    fn mentions(&self, sender: &Person, action: &Action) -> Vec<UserId> {
        let (Action::Message { text, .. } | Action::Edit { text, .. }) = action else { return Vec::new() };
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
        AppendError::ReceiverDeleted => {
            let detail = "The receiver has deleted their account.";
            return Error::new(Code::ReceiverUnknown, detail).about("receiver");
        }
        AppendError::MessageUnknown => return Error::not_found("message"),
        AppendError::NotMember => return Error::not_found("conversation"),
        AppendError::ReactionsFull => {
            return Error::invalid("emoji", "The message has as many reactions as it can have.");
        }
        AppendError::NotSender => {
            (Code::Forbidden, "Only its sender may change a message, and who leads its group delete it.")
        }
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

/// The emoji in its normal form, so that one that is spelled in several ways is counted as one.
fn check_emoji(emoji: &str) -> Result<Box<str>, Error> {
    let normal = limit::EMOJI.contains(&emoji.len()).then(|| emoji::normal(emoji)).flatten();
    normal.map(Into::into).ok_or_else(|| Error::invalid("emoji", "A reaction is one emoji."))
}
