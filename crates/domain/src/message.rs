//! Sending and changing messages: checked, appended to the log, and only then acknowledged and told.

use std::sync::Arc;

use protocol::{
    AttachmentId, Code, ConversationId, DeleteMessage, EditMessage, Message, ReactToMessage, SendMessage,
    limit,
};

use crate::Settings;
use crate::block::Blocks;
use crate::clock::Clock;
use crate::conversation::{Channel, Channels};
use crate::error::Error;
use crate::live::{Broker, Live, SocketKey};
use crate::mention::mentions;
use crate::person::{Caller, Directory, Person};
use crate::random::{self, Random};
use crate::store::{Append, AppendError, Appended, Change, ConversationKey, Direct, Store, Target, UserId};

/// Sends and changes messages.
pub struct Messages {
    store: Arc<dyn Store>,
    broker: Arc<dyn Broker>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    people: Arc<Directory>,
    channels: Arc<Channels>,
    blocks: Arc<Blocks>,
    text_bytes: usize,
}

/// A message that is stored.
#[derive(Clone, Debug)]
pub struct Sent {
    /// As clients see it.
    pub message: Arc<Message>,
    /// Whether it had been there before: the sender repeated a `clientId`.
    pub duplicate: bool,
    /// Within the store.
    pub conversation: ConversationKey,
    /// The `seq` of the entry: the message's own, or that of its change.
    pub seq: u64,
}

impl Messages {
    #[expect(clippy::too_many_arguments, reason = "called once, by `Domain::new`")]
    pub(crate) fn new(
        store: Arc<dyn Store>,
        broker: Arc<dyn Broker>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        people: Arc<Directory>,
        channels: Arc<Channels>,
        blocks: Arc<Blocks>,
        settings: &Settings,
    ) -> Self {
        Self { store, broker, clock, random, people, channels, blocks, text_bytes: settings.text_bytes }
    }

    /// Sends a message. Ready once it is submitted: what one caller submits is stored in that order.
    /// `reply` is called once it is stored durably and told, or refused; not if this is dropped before it
    /// is ready.
    pub async fn send(
        &self,
        caller: &Caller,
        request: SendMessage,
        origin: Option<SocketKey>,
        reply: impl FnOnce(Result<Sent, Error>) + Send + 'static,
    ) {
        match self.new_message(caller, request).await {
            Ok((place, change)) => self.submit(caller, place, change, origin, reply).await,
            Err(error) => reply(Err(error)),
        }
    }

    /// Changes the text of a message of the caller's. Ordered and answered as [`Messages::send`].
    pub async fn edit(
        &self,
        caller: &Caller,
        request: EditMessage,
        origin: Option<SocketKey>,
        reply: impl FnOnce(Result<Sent, Error>) + Send + 'static,
    ) {
        let EditMessage { conversation_id, id, text } = request;
        let change = self.check_text(text).map(|text| Change::Edit { id, text });
        self.change(caller, conversation_id, change, origin, reply).await;
    }

    /// Deletes a message of the caller's, for everyone. Ordered and answered as [`Messages::send`].
    pub async fn delete(
        &self,
        caller: &Caller,
        request: DeleteMessage,
        origin: Option<SocketKey>,
        reply: impl FnOnce(Result<Sent, Error>) + Send + 'static,
    ) {
        let DeleteMessage { conversation_id, id } = request;
        self.change(caller, conversation_id, Ok(Change::Delete { id }), origin, reply).await;
    }

    /// Reacts to a message, or takes that back. Ordered and answered as [`Messages::send`].
    pub async fn react(
        &self,
        caller: &Caller,
        request: ReactToMessage,
        origin: Option<SocketKey>,
        reply: impl FnOnce(Result<Sent, Error>) + Send + 'static,
    ) {
        let ReactToMessage { conversation_id, id, emoji, on } = request;
        let change = check_emoji(emoji).map(|emoji| Change::React { id, emoji, on });
        self.change(caller, conversation_id, change, origin, reply).await;
    }

    async fn change(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        change: Result<Change, Error>,
        origin: Option<SocketKey>,
        reply: impl FnOnce(Result<Sent, Error>) + Send + 'static,
    ) {
        let place = async {
            let change = change?;
            self.take_share(caller)?;
            let channel = self.channels.of_member(conversation, caller.person.id).await?;
            Ok((Place::Known(channel), change))
        };
        match place.await {
            Ok((place, change)) => self.submit(caller, place, change, origin, reply).await,
            Err(error) => reply(Err(error)),
        }
    }

    async fn new_message(&self, caller: &Caller, request: SendMessage) -> Result<(Place, Change), Error> {
        let SendMessage { sender, receiver, conversation_id, text, client_id, reply_to, attachments } =
            request;
        if sender.is_some_and(|sender| !sender.eq_ignore_ascii_case(&caller.person.username)) {
            return Err(Error::new(Code::SenderMismatch, "Leave the sender out: it is you.").about("sender"));
        }
        check_attachments(&attachments)?;
        let text = if attachments.is_empty() { self.check_text(text)? } else { self.check_length(text)? };
        let client_id = client_id.map(check_client_id).transpose()?;
        self.take_share(caller)?;
        let place = match (receiver, conversation_id) {
            (Some(receiver), None) => self.to_person(caller, &receiver).await?,
            (None, Some(id)) => Place::Known(self.channels.of_member(id, caller.person.id).await?),
            _ => {
                return Err(Error::invalid("receiver", "Name a receiver or a conversationId, and not both."));
            }
        };
        let me = caller.person.id;
        let receiver = match &place {
            Place::Known(channel) => channel.other(me).map(|person| person.id),
            Place::New(other) => Some(other.id),
        };
        let hidden_from = match receiver {
            Some(receiver) if self.blocks.has_blocked(receiver, me).await? => Some(receiver),
            _ => None,
        };
        Ok((place, Change::Message { client_id, text, reply_to, attachments, hidden_from }))
    }

    async fn to_person(&self, caller: &Caller, receiver: &str) -> Result<Place, Error> {
        let unknown = || Error::new(Code::ReceiverUnknown, "There is nobody of this name.").about("receiver");
        let receiver = self.people.named(receiver).await?.ok_or_else(unknown)?;
        let channel = self.channels.direct(caller.person.id, receiver.id).await?;
        Ok(channel.map_or(Place::New(receiver), Place::Known))
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

    fn take_share(&self, caller: &Caller) -> Result<(), Error> {
        caller.messages.take(self.clock.monotonic()).map_err(Error::rate_limited)
    }

    async fn submit(
        &self,
        caller: &Caller,
        place: Place,
        change: Change,
        origin: Option<SocketKey>,
        reply: impl FnOnce(Result<Sent, Error>) + Send + 'static,
    ) {
        let at = self.clock.now();
        let mentions = place.mentions(&caller.person, &change);
        let (target, channel) = match place {
            Place::Known(channel) => (channel.target(), Some(channel)),
            Place::New(other) => {
                let id = ConversationId::mint(at, u128::from_le_bytes(random::bytes(&*self.random)));
                (Target::Direct(other.id, id), None)
            }
        };
        let random = u64::from_le_bytes(random::bytes(&*self.random));
        let append = Append { target, sender: caller.person.id, at, random, change, mentions };
        let (broker, channels) = (self.broker.clone(), self.channels.clone());
        let done = move |result: Result<Appended, AppendError>| {
            reply(match result {
                Ok(appended) => Ok(announce(&*broker, &channels, channel, appended, origin)),
                Err(error) => Err(refusal(error)),
            });
        };
        if let Some(room) = self.store.append(append, Box::new(done)) {
            room.await;
        }
    }
}

/// Where a message goes.
enum Place {
    /// A conversation that is there.
    Known(Arc<Channel>),
    /// To a person with whom there was no conversation a moment ago.
    New(Arc<Person>),
}

impl Place {
    /// Whom of its members a new text names.
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

/// Tells an entry that has just been committed. Called in the order of commitment.
fn announce(
    broker: &dyn Broker,
    channels: &Channels,
    channel: Option<Arc<Channel>>,
    appended: Appended,
    origin: Option<SocketKey>,
) -> Sent {
    let Appended { entry, duplicate, roster, direct } = appended;
    let Some(record) = entry.message else { unreachable!("a store gives the message of what was appended") };
    let hidden_from = record.hidden_from;
    let sees = |user: &UserId| hidden_from != Some(*user);
    let channel = match (channel, &direct) {
        (Some(channel), _) => channel,
        (None, Some(direct)) => channels.keep(&direct.conversation),
        (None, None) => unreachable!("a store gives the conversation of every `Target::Direct`"),
    };
    let message = Arc::new(channel.message(record));
    let (conversation, seq) = (channel.key, entry.seq);
    if !duplicate {
        if let Some(Direct { conversation, opened: true }) = direct.map(|direct| *direct) {
            for member in channel.members.iter().filter(|member| sees(&member.id)) {
                let mut view = channels.view(conversation.clone(), member.id);
                view.unread = u64::from(*member.username != *message.sender);
                view.last_message = Some((*message).clone());
                broker.tell(&mut std::iter::once(member.id), Live::Conversation(Box::new(view)));
            }
        }
        let (kind, position, message) = (entry.kind, entry.position, message.clone());
        let live = Live::Entry { kind, message, conversation, seq, position, origin };
        // Of a group, who was in it when it was stored.
        match roster {
            Some(roster) => broker.tell(&mut roster.iter().copied().filter(sees), live),
            None => broker.tell(&mut channel.users().filter(sees), live),
        }
    }
    Sent { message, duplicate, conversation, seq }
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

/// One emoji is a few characters, of which at least one is not of ASCII.
fn check_emoji(emoji: String) -> Result<Box<str>, Error> {
    let unfit = |char: char| char.is_whitespace() || char.is_control() || char.is_ascii_alphabetic();
    if limit::EMOJI.contains(&emoji.len()) && !emoji.is_ascii() && !emoji.contains(unfit) {
        return Ok(emoji.into());
    }
    Err(Error::invalid("emoji", "A reaction is one emoji."))
}
