//! A copy of everything that the server has for a person, for them to keep.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use protocol::{AttachmentId, ConversationId, ConversationKind, SharedKind};
use serde::Serialize;
use tokio::sync::mpsc;

use crate::account::own_user;
use crate::context::Context;
use crate::error::Error;
use crate::files::Files;
use crate::limit::{Limiter, Rate};
use crate::media;
use crate::person::Caller;
use crate::session::check_alive;
use crate::store::{
    Account, AttachmentRecord, BlobHash, ConversationKey, Position, SharedRange, StoreError, UserId,
};
use crate::{api_token, block, session};

/// What is in the files of an export, for whoever opens it.
const README: &str = "\
This is a copy of what this server keeps for you.

profile.json        who you are here: names, e-mail address, settings
picture             your picture, if you have one
sessions.json       the devices that are logged in
api-tokens.json     programs that may act for you, without their secrets
blocks.json         people whom you have blocked
conversations.json  your conversations, with their members
messages/           a file for each conversation, named by its id: every message that you may see, the oldest first,
                    each on a line of its own as JSON
files/              what you have uploaded, and the files in messages that you may see, each after its id

What you may not see is not here: messages from before you joined a group, and what others have deleted.
";

/// Makes copies of what the server has for a person.
pub struct Exports {
    context: Arc<Context>,
    files: Arc<Files>,
    begun: Limiter<UserId>,
}

/// A part of an export. An export is a list of files; each begins with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportPart {
    /// A file begins. Its name has no name before it in the same export.
    File(String),
    /// The next bytes of the file.
    Bytes(Bytes),
}

/// An export that is to be read.
pub struct Export {
    context: Arc<Context>,
    files: Arc<Files>,
    account: Account,
    /// `None` if somebody who runs the server asked for it.
    caller: Option<Caller>,
}

impl Exports {
    pub(crate) fn new(context: Arc<Context>, files: Arc<Files>) -> Self {
        Self { context, files, begun: Limiter::new(Rate::per(Duration::from_hours(1), 1)) }
    }

    /// Begins an export of what the caller may see. Once an hour, because it reads everything.
    pub async fn own(&self, caller: &Caller) -> Result<Export, Error> {
        caller.check_logged_in()?;
        let user = caller.person.id;
        self.begun.take(user, self.context.clock.monotonic()).map_err(Error::rate_limited)?;
        let account = self.context.store.account_of(user).await?;
        self.begin(account, Some(caller.clone()))
    }

    /// Begins an export of what this person may see, for somebody who runs the server.
    pub async fn of(&self, username: &str) -> Result<Export, Error> {
        let account = self.context.store.account(username).await?;
        self.begin(account.filter(|account| account.verified), None)
    }

    fn begin(&self, account: Option<Account>, caller: Option<Caller>) -> Result<Export, Error> {
        let account = account.filter(|account| account.deleted_at.is_none());
        let account = account.ok_or_else(|| Error::not_found("user"))?;
        Ok(Export { context: self.context.clone(), files: self.files.clone(), account, caller })
    }
}

/// Whoever takes the parts of an export has gone, so nothing more is read.
struct Gone;

/// Why an export ended early.
enum End {
    Gone,
    Failed(Error),
}

impl From<Gone> for End {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<StoreError> for End {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// Where the parts of an export go.
struct Parts(mpsc::Sender<ExportPart>);

impl Parts {
    async fn begin(&self, name: impl Into<String>) -> Result<(), Gone> {
        self.0.send(ExportPart::File(name.into())).await.map_err(|_| Gone)
    }

    async fn write(&self, bytes: impl Into<Bytes>) -> Result<(), Gone> {
        self.0.send(ExportPart::Bytes(bytes.into())).await.map_err(|_| Gone)
    }

    async fn document(&self, name: &str, value: &impl Serialize) -> Result<(), End> {
        self.begin(name).await?;
        Ok(self.write(json(value)?).await?)
    }
}

impl Export {
    /// Conversations that are read at a time.
    const CONVERSATIONS: usize = 50;
    /// Messages that are read at a time.
    const MESSAGES: usize = 100;
    /// Blocks and uploads that are read at a time.
    const ROWS: usize = 256;
    /// Bytes of a file that are read at a time.
    const PIECE: usize = 128 << 10;
    /// How often the conversations are listed anew because some may have moved while they were listed.
    const PASSES: usize = 3;

    /// The username of the person.
    pub fn username(&self) -> &str {
        &self.account.username
    }

    /// Reads the export, as fast as its parts are taken. Holds a page of it at a time, and nothing of the store while a
    /// part waits to be taken. Ends early if nobody takes the parts any more.
    pub async fn run(self, parts: mpsc::Sender<ExportPart>) -> Result<(), Error> {
        match self.write(&Parts(parts)).await {
            Ok(()) | Err(End::Gone) => Ok(()),
            Err(End::Failed(error)) => Err(error),
        }
    }

    async fn write(&self, to: &Parts) -> Result<(), End> {
        to.begin("README.txt").await?;
        to.write(README).await?;
        self.account_to(to).await?;
        let conversations = self.conversations_to(to).await?;
        for &(key, id) in &conversations {
            self.messages_to(to, key, id).await?;
        }
        let mut written = HashSet::new();
        self.uploads_to(to, &mut written).await?;
        for (key, _) in conversations {
            for kind in [SharedKind::Media, SharedKind::Files] {
                self.shared_to(to, key, kind, &mut written).await?;
            }
        }
        Ok(())
    }

    /// Waits for the turn of the next read, and fails if the session of the caller has ended.
    async fn turn(&self) -> Result<(), Error> {
        let Some(caller) = &self.caller else { return Ok(()) };
        caller.pace(&*self.context.clock).await;
        check_alive(&self.context, caller).await
    }

    async fn account_to(&self, to: &Parts) -> Result<(), End> {
        let (user, store) = (self.account.id, &self.context.store);
        to.document("profile.json", &own_user(self.account.clone())).await?;
        if let Some(avatar) = self.account.avatar {
            self.blob_to(to, "picture".into(), avatar.large).await?;
        }
        let current = self.caller.as_ref().map(|caller| caller.session);
        let sessions = store.sessions_of(user).await?.into_iter();
        let sessions: Vec<_> = sessions.map(|record| session::shown(record, current)).collect();
        to.document("sessions.json", &sessions).await?;
        let tokens: Vec<_> = store.api_tokens_of(user).await?.into_iter().map(api_token::shown).collect();
        to.document("api-tokens.json", &tokens).await?;
        let (mut blocks, mut before) = (Vec::new(), None);
        loop {
            self.turn().await?;
            let page = store.blocks(user, before, Self::ROWS).await?;
            let Some(last) = page.last() else { break };
            before = Some((last.at, last.user));
            blocks.extend(page.iter().map(|blocked| block::shown(&blocked.username, blocked.at)));
        }
        to.document("blocks.json", &blocks).await
    }

    /// Writes the conversations, and gives them. They are listed by their latest entry, so one that gets a message while
    /// they are listed may be passed over; it is found by listing them again.
    async fn conversations_to(&self, to: &Parts) -> Result<Vec<(ConversationKey, ConversationId)>, End> {
        let user = self.account.id;
        let (mut listed, mut known) = (Vec::new(), HashSet::new());
        to.begin("conversations.json").await?;
        let mut between = "[\n";
        for _ in 0..Self::PASSES {
            let (mut before, at_first) = (None::<Position>, listed.len());
            loop {
                self.turn().await?;
                let page = self.context.store.conversations(user, before, Self::CONVERSATIONS).await?;
                let Some(last) = page.last() else { break };
                before = Some(last.head_position);
                for record in page {
                    // As in the list: nothing of a direct conversation in which all is hidden.
                    let is_shown = record.kind == ConversationKind::Group || record.last_message.is_some();
                    let (key, id) = (record.key, record.id);
                    if is_shown && known.insert(key) {
                        listed.push((key, id));
                        let view = json(&self.context.channels.view(record, user))?;
                        to.write([between.as_bytes(), &view].concat()).await?;
                        between = ",\n";
                    }
                }
            }
            if listed.len() == at_first {
                break;
            }
        }
        to.write(if listed.is_empty() { "[]\n" } else { "\n]\n" }).await?;
        Ok(listed)
    }

    async fn messages_to(&self, to: &Parts, key: ConversationKey, id: ConversationId) -> Result<(), End> {
        to.begin(format!("messages/{id}.jsonl")).await?;
        let mut after = 0;
        loop {
            self.turn().await?;
            let store = &self.context.store;
            let page = store.messages_after(self.account.id, key, after, Self::MESSAGES).await?;
            let (Some(last), Some(channel)) = (page.last(), self.context.channels.of_key(key).await?) else {
                return Ok(());
            };
            after = last.seq;
            let mut lines = Vec::new();
            for record in &page {
                serde_json::to_writer(&mut lines, &channel.message(record))
                    .map_err(|error| unwritable(&error))?;
                lines.push(b'\n');
            }
            to.write(lines).await?;
        }
    }

    /// Writes what the person has uploaded, also what no message carries.
    async fn uploads_to(&self, to: &Parts, written: &mut HashSet<AttachmentId>) -> Result<(), End> {
        let mut after = None;
        loop {
            self.turn().await?;
            let page = self.context.store.attachments_of(self.account.id, after, Self::ROWS).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            for file in page {
                written.insert(file.id);
                self.file_to(to, &file).await?;
            }
        }
    }

    /// Writes the files in messages of a conversation that are not written yet.
    async fn shared_to(
        &self,
        to: &Parts,
        conversation: ConversationKey,
        kind: SharedKind,
        written: &mut HashSet<AttachmentId>,
    ) -> Result<(), End> {
        let mut before = Some(u64::MAX);
        while let Some(below) = before {
            self.turn().await?;
            let (reader, limit) = (self.account.id, Self::MESSAGES);
            let range = SharedRange { reader, conversation, kind, before: below, limit };
            let page = self.context.store.shared(range).await?;
            before = page.rest_below;
            for file in page.messages.into_iter().flat_map(|message| message.attachments) {
                if written.insert(file.id) {
                    self.file_to(to, &file).await?;
                }
            }
        }
        Ok(())
    }

    async fn file_to(&self, to: &Parts, file: &AttachmentRecord) -> Result<(), End> {
        self.blob_to(to, format!("files/{}-{}", file.id, safe(&file.name)), file.hash).await
    }

    async fn blob_to(&self, to: &Parts, name: String, hash: BlobHash) -> Result<(), End> {
        self.turn().await?;
        // A file may have been deleted since it was listed.
        let Some(blob) = self.files.blobs.open(hash).await? else { return Ok(()) };
        let is_picture = name == "picture";
        let ending = if is_picture {
            picture_ending(&media::kind_of(&blob.read(0, media::HEAD).await?, None, ""))
        } else {
            ""
        };
        to.begin(name + ending).await?;
        let mut from = 0;
        while from < blob.size() {
            let bytes = blob.read(from, Self::PIECE).await?;
            if bytes.is_empty() {
                break;
            }
            from += bytes.len() as u64;
            to.write(bytes).await?;
        }
        Ok(())
    }
}

fn picture_ending(kind: &str) -> &'static str {
    match kind {
        "image/png" => ".png",
        "image/webp" => ".webp",
        _ => ".jpg",
    }
}

/// A name as any system takes it, and at most as long as it may be after an id. The end stays, because it says what the
/// file is.
fn safe(name: &str) -> String {
    const LONGEST: usize = 200;
    let from = name.ceil_char_boundary(name.len().saturating_sub(LONGEST));
    let allowed = |char: char| !char.is_control() && !"<>:\"/\\|?*".contains(char);
    name[from..].chars().map(|char| if allowed(char) { char } else { '_' }).collect()
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec_pretty(value).map_err(|error| unwritable(&error))
}

fn unwritable(error: &serde_json::Error) -> Error {
    Error::new(protocol::Code::Internal, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_safe() {
        assert_eq!(safe("a b.png"), "a b.png");
        assert_eq!(safe("a/b\\c:d?.txt"), "a_b_c_d_.txt");
        let long = format!("{}.txt", "ä".repeat(120));
        assert_eq!(safe(&long), format!("{}.txt", "ä".repeat(98)));
    }
}
