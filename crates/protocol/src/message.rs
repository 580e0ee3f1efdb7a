//! The message: one type, shared by server, stores and clients.

use std::collections::BTreeMap;

use crate::json;
use crate::wire::wire;
use crate::{Attachment, AttachmentId, ConversationId, MessageId, Timestamp};

wire! {
    /// A stored message in its present state.
    #[derive(Eq)]
    pub struct Message {
        /// The id, which never changes.
        pub id: MessageId,
        /// Where it is.
        pub conversation_id: ConversationId,
        /// Its place in the conversation: 1, 2, 3, … shared with every other durable change; never changes.
        pub seq: u64,
        /// The sender's own name for it; the message's `id` where the sender gave none.
        pub client_id: String,
        /// Username of who sent it.
        pub sender: String,
        /// Username of who it is for; in a direct conversation only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub receiver: Option<String>,
        /// Empty once deleted.
        pub text: String,
        /// When the server took it.
        pub timestamp: Timestamp,
        /// When its text was last changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub edited_at: Option<Timestamp>,
        /// When it was deleted for everyone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub deleted_at: Option<Timestamp>,
        /// The message it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub reply_to: Option<MessageId>,
        /// Files that it carries.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub attachments: Vec<Attachment>,
        /// Who reacted with which emoji: the first 20 with each, in the order in which they did.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        pub reactions: BTreeMap<String, Vec<String>>,
        /// How many reacted with an emoji, where they are more than `reactions` names.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        pub reaction_counts: BTreeMap<String, usize>,
        /// Usernames of members that its text names with `@`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub mentions: Vec<String>,
        /// The `seq` of its latest change, once there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub change_seq: Option<u64>,
    }

    /// Payload of `message`: to a person or to a conversation.
    ///
    /// The first demo's client spelled its three fields with capitals; both spellings are taken.
    #[derive(Default)]
    pub struct SendMessage {
        /// May be left out; if there, it must be the caller.
        #[serde(default, alias = "Sender", skip_serializing_if = "Option::is_none")]
        pub sender: Option<String>,
        /// A username; opens the direct conversation with them where there is none.
        #[serde(default, alias = "Receiver", skip_serializing_if = "Option::is_none")]
        pub receiver: Option<String>,
        /// Instead of `receiver`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub conversation_id: Option<ConversationId>,
        /// What to say; with attachments, nothing need be said.
        #[serde(default, alias = "Text")]
        pub text: String,
        /// Makes a resend harmless: 1–64 characters, unique for this sender; a UUIDv7 is best.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub client_id: Option<String>,
        /// A message of the same conversation that this one answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub reply_to: Option<MessageId>,
        /// Files that the caller uploaded, at most 10.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub attachments: Vec<AttachmentId>,
    }

    /// Somebody's reaction to a message.
    #[derive(Eq)]
    pub struct Reaction {
        /// One emoji.
        pub emoji: String,
        /// Who reacted.
        pub username: String,
    }

    /// Payload of `message:edit`.
    pub struct EditMessage {
        /// The conversation of the message.
        pub conversation_id: ConversationId,
        /// Which; the caller must be its sender.
        pub id: MessageId,
        /// The new text.
        pub text: String,
    }

    /// Body of a change of a message over HTTP, whose path says which.
    pub struct ChangeMessage {
        /// The new text.
        pub text: String,
    }

    /// Payload of `message:delete`.
    pub struct DeleteMessage {
        /// The conversation of the message.
        pub conversation_id: ConversationId,
        /// Which; of the caller, or of a group that the caller leads.
        pub id: MessageId,
    }

    /// Payload of `message:react`.
    pub struct ReactToMessage {
        /// The conversation of the message.
        pub conversation_id: ConversationId,
        /// The message.
        pub id: MessageId,
        /// One emoji.
        pub emoji: String,
        /// Whether the caller's reaction with it is there afterwards.
        pub on: bool,
    }
}

impl Message {
    /// Appends its JSON, the same as serde writes, in a fraction of the time: a message is written for every
    /// acknowledgement and every delivery.
    pub fn write_json(&self, json: &mut Vec<u8>) {
        let Self { id, conversation_id, seq, client_id, sender, receiver, text, timestamp, .. } = self;
        let Self { edited_at, deleted_at, reply_to, attachments, mentions, change_seq, .. } = self;
        let Self { reactions, reaction_counts, .. } = self;
        json.reserve(400 + text.len());
        json.extend_from_slice(b"{\"id\":");
        id.write_json(json);
        json.extend_from_slice(b",\"conversationId\":");
        conversation_id.write_json(json);
        json.extend_from_slice(b",\"seq\":");
        json::number(json, *seq);
        json.extend_from_slice(b",\"clientId\":");
        json::string(json, client_id);
        json.extend_from_slice(b",\"sender\":");
        json::string(json, sender);
        if let Some(receiver) = receiver {
            json.extend_from_slice(b",\"receiver\":");
            json::string(json, receiver);
        }
        json.extend_from_slice(b",\"text\":");
        json::string(json, text);
        json.extend_from_slice(b",\"timestamp\":");
        timestamp.write_json(json);
        for (key, at) in [(&b",\"editedAt\":"[..], edited_at), (b",\"deletedAt\":", deleted_at)] {
            if let Some(at) = at {
                json.extend_from_slice(key);
                at.write_json(json);
            }
        }
        if let Some(reply_to) = reply_to {
            json.extend_from_slice(b",\"replyTo\":");
            reply_to.write_json(json);
        }
        if !attachments.is_empty() {
            json::member(json, b",\"attachments\":", attachments);
        }
        if !reactions.is_empty() {
            json::member(json, b",\"reactions\":", reactions);
        }
        if !reaction_counts.is_empty() {
            json::member(json, b",\"reactionCounts\":", reaction_counts);
        }
        if !mentions.is_empty() {
            json::member(json, b",\"mentions\":", mentions);
        }
        if let Some(change_seq) = change_seq {
            json.extend_from_slice(b",\"changeSeq\":");
            json::number(json, *change_seq);
        }
        json.push(b'}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spelling_of_the_first_demo_is_taken() {
        let sent: SendMessage =
            serde_json::from_str(r#"{"Sender":"ann","Receiver":"bob","Text":"hi"}"#).unwrap();
        assert_eq!(sent.sender.as_deref(), Some("ann"));
        assert_eq!(sent.receiver.as_deref(), Some("bob"));
        assert_eq!(sent.text, "hi");
    }

    #[test]
    fn what_is_not_there_is_left_out() {
        let message = Message {
            id: MessageId::mint(Timestamp::from_millis(0), 1, 0),
            conversation_id: ConversationId::mint(Timestamp::from_millis(0), 0),
            seq: 1,
            client_id: "c".into(),
            sender: "ann".into(),
            receiver: None,
            text: "hi".into(),
            timestamp: Timestamp::from_millis(0),
            edited_at: None,
            deleted_at: None,
            reply_to: None,
            attachments: Vec::new(),
            reactions: BTreeMap::new(),
            reaction_counts: BTreeMap::new(),
            mentions: Vec::new(),
            change_seq: None,
        };
        let written = |message: &Message| {
            let mut json = Vec::new();
            message.write_json(&mut json);
            String::from_utf8(json).unwrap()
        };
        assert_eq!(written(&message), serde_json::to_string(&message).unwrap());
        let at = Some(Timestamp::from_millis(1_795_336_708_009));
        let (receiver, reply_to) = (Some("bob".into()), Some(message.id));
        let text = "\"quoted\"\n".into();
        let attachment = Attachment {
            id: AttachmentId::mint(Timestamp::from_millis(0), 0),
            name: "a \"file\".png".into(),
            kind: "image/png".into(),
            size: 7,
            width: Some(1),
            height: None,
            animated: true,
            url: "/api/attachments/x".into(),
            thumbnail_url: None,
        };
        let full = Message {
            receiver,
            text,
            edited_at: at,
            deleted_at: at,
            reply_to,
            attachments: vec![attachment],
            reactions: [("👍".into(), vec!["ann".into(), "bob".into()])].into(),
            reaction_counts: [("👍".into(), 21)].into(),
            mentions: vec!["bob".into()],
            change_seq: Some(7),
            ..message.clone()
        };
        assert_eq!(written(&full), serde_json::to_string(&full).unwrap());
        let json = serde_json::to_value(&message).unwrap();
        let keys: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["clientId", "conversationId", "id", "sender", "seq", "text", "timestamp"]);
    }
}
