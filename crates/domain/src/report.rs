//! Reports: people tell the admins of a message or a person, and admins act on it.

use std::sync::Arc;
use std::time::Duration;

use protocol::{
    ChangeReport, Code, ConversationId, MessageId, NewReport, Page, Report, ReportId, ReportedMessage, limit,
};

use crate::admin::Admin;
use crate::channel::Channel;
use crate::context::Context;
use crate::error::Error;
use crate::limit::{Limiter, Rate};
use crate::message::refusal;
use crate::person::Caller;
use crate::store::{Action, Append, MessageRecord, Origin, ReportRecord, ReportedPlace, UserId};
use crate::{page, random};

/// How long a report is kept after the admins are done with it.
const KEPT: Duration = Duration::from_hours(90 * 24);
/// Messages that are shown before the reported one, and after it.
const AROUND: (usize, usize) = (3, 2);
/// Bytes that are shown of a text.
const SHOWN: usize = 4_000;

/// Making reports, and what admins do with them.
pub struct Reports {
    context: Arc<Context>,
    rate: Limiter<UserId>,
}

/// What a report is about.
struct About {
    username: String,
    message: Option<ReportedPlace>,
    context: Vec<ReportedMessage>,
}

impl Reports {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        let rate = Limiter::new(Rate::per(Duration::from_hours(1), limit::REPORTS_PER_HOUR));
        Self { context, rate }
    }

    /// Tells the admins of a person, or of a message that the caller may see. They may read the message and those
    /// around it only if the caller says so.
    pub async fn create(&self, caller: &Caller, request: NewReport) -> Result<(), Error> {
        let NewReport { username, conversation_id, message_id, reason, context } = request;
        let reason = reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty());
        if reason.as_ref().is_some_and(|reason| reason.chars().count() > limit::REPORT_REASON) {
            return Err(Error::invalid("reason", "A reason has at most 1,000 characters."));
        }
        self.context.charge(caller)?;
        let about = match (username, conversation_id, message_id) {
            (Some(username), None, None) => self.person(caller, &username).await?,
            (None, Some(conversation), Some(message)) => {
                self.message(caller, conversation, message, context).await?
            }
            _ => {
                let detail = "Name a person, or a conversationId and a messageId.";
                return Err(Error::invalid("username", detail));
            }
        };
        self.rate.take(caller.person.id, self.context.clock.monotonic()).map_err(Error::rate_limited)?;
        let at = self.context.clock.now();
        let report = ReportRecord {
            number: 0,
            id: ReportId::mint(at, u128::from_le_bytes(random::bytes(&*self.context.random))),
            by: caller.person.username.to_string(),
            username: about.username,
            message: about.message,
            reason,
            context: (!about.context.is_empty()).then(|| serde_json::json!(about.context).to_string()),
            created_at: at,
            resolved_at: None,
            resolved_by: None,
            removed_at: None,
        };
        if !self.context.store.add_report(report, limit::OPEN_REPORTS).await? {
            return Err(Error::rate_limited(Duration::from_hours(1)));
        }
        Ok(())
    }

    async fn person(&self, caller: &Caller, username: &str) -> Result<About, Error> {
        let person = self.context.people.named(username).await?.ok_or_else(|| Error::not_found("user"))?;
        if person.id == caller.person.id {
            return Err(Error::invalid("username", "This is you."));
        }
        Ok(About { username: person.username.to_string(), message: None, context: Vec::new() })
    }

    async fn message(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        id: MessageId,
        with_context: bool,
    ) -> Result<About, Error> {
        let reader = caller.person.id;
        let channel = self.context.channels.of_member(conversation, reader).await?;
        let (before, after) = AROUND;
        let store = &self.context.store;
        let mut around = store.messages_before(reader, channel.key, id.seq() + 1, before + 1).await?;
        let missing = || Error::not_found("message");
        let message = around.last().filter(|message| message.id == id).ok_or_else(missing)?.clone();
        if message.sender == reader {
            return Err(Error::invalid("messageId", "This message is your own."));
        }
        if message.deleted_at.is_some() {
            return Err(Error::new(Code::MessageDeleted, "There is nothing left of it to remove."));
        }
        if with_context {
            around.extend(store.messages_after(reader, channel.key, id.seq(), after).await?);
        } else {
            around.clear();
        }
        let place = ReportedPlace {
            conversation: channel.key,
            conversation_id: conversation,
            message: id,
            sender: message.sender,
        };
        let username = self.name(&channel, message.sender).await?;
        let mut context = Vec::with_capacity(around.len());
        for message in around {
            context.push(self.reported(&channel, message).await?);
        }
        Ok(About { username, message: Some(place), context })
    }

    async fn reported(&self, channel: &Channel, message: MessageRecord) -> Result<ReportedMessage, Error> {
        let mut text = String::from(message.text);
        text.truncate(text.floor_char_boundary(SHOWN));
        Ok(ReportedMessage {
            id: message.id,
            sender: self.name(channel, message.sender).await?,
            text,
            timestamp: message.timestamp,
            attachments: message.attachments.len(),
        })
    }

    async fn name(&self, channel: &Channel, user: UserId) -> Result<String, Error> {
        if let Some(name) = channel.name(user) {
            return Ok(name);
        }
        let person = self.context.people.of(user).await?.ok_or_else(|| Error::not_found("user"))?;
        Ok(person.username.to_string())
    }

    /// All reports, the latest first; those with which the admins are done for 90 days.
    pub async fn list(&self, next: Option<&str>) -> Result<Page<Report>, Error> {
        let below = page::decode_number(next)?;
        let mut found = self.context.store.reports(below, limit::REPORTS_PAGE + 1).await?;
        let next = page::cut(&mut found, limit::REPORTS_PAGE).map(|last| page::encode_number(last.number));
        Ok(Page { items: found.into_iter().map(shown).collect(), next })
    }

    /// Stores whether the admins are done with a report.
    pub async fn change(&self, admin: &Admin, id: ReportId, request: ChangeReport) -> Result<Report, Error> {
        let deed = admin.deed(self.context.clock.now());
        let report = self.context.store.resolve_report(id, request.resolved, deed).await?;
        report.map(shown).ok_or_else(|| Error::not_found("report"))
    }

    /// Removes the message of a report, for everybody who sees it. Of no other message can an admin do so.
    pub async fn remove_message(&self, admin: &Admin, id: ReportId) -> Result<(), Error> {
        let report = self.context.store.report(id).await?.ok_or_else(|| Error::not_found("report"))?;
        let place = report.message.ok_or_else(|| Error::not_found("message"))?;
        let channel = self.context.channels.of_key(place.conversation).await?;
        let channel = channel.ok_or_else(|| Error::not_found("conversation"))?;
        let at = self.context.clock.now();
        let append = Append {
            target: channel.target(),
            // The log knows no admins: the message goes as if its sender deleted it.
            sender: place.sender,
            at,
            random: 0,
            action: Action::Remove { id: place.message, report: id, deed: admin.deed(at) },
            mentions: Vec::new(),
        };
        let submitted = self.context.store.submit(append, Origin::default());
        submitted.stored().await.map(drop).map_err(refusal)
    }

    /// Removes the reports with which the admins were done long ago.
    pub async fn sweep(&self) -> Result<(), Error> {
        Ok(self.context.store.forget_reports(self.context.clock.now().minus(KEPT)).await?)
    }
}

fn shown(report: ReportRecord) -> Report {
    let context = report.context.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
    Report {
        id: report.id,
        by: report.by,
        username: report.username,
        conversation_id: report.message.map(|place| place.conversation_id),
        message_id: report.message.map(|place| place.message),
        reason: report.reason,
        context,
        created_at: report.created_at,
        resolved_at: report.resolved_at,
        resolved_by: report.resolved_by,
        removed_at: report.removed_at,
    }
}
