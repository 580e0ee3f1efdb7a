//! The message: one type, shared by server, stores and clients.

use crate::wire::wire;
use crate::{ConversationId, MessageId, Timestamp};

wire! {
    /// A stored message in its present state.
    #[derive(Eq)]
    pub struct Message {
        /// Stable.
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
        /// What to say.
        #[serde(alias = "Text")]
        pub text: String,
        /// Makes a resend harmless: 1–64 characters, unique for this sender; a UUIDv7 is best.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub client_id: Option<String>,
        /// A message of the same conversation that this one answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub reply_to: Option<MessageId>,
    }

    /// Payload of `message:edit`.
    pub struct EditMessage {
        /// Where.
        pub conversation_id: ConversationId,
        /// Which; the caller must be its sender.
        pub id: MessageId,
        /// The new text.
        pub text: String,
    }

    /// Payload of `message:delete`.
    pub struct DeleteMessage {
        /// Where.
        pub conversation_id: ConversationId,
        /// Which; the caller must be its sender.
        pub id: MessageId,
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
            change_seq: None,
        };
        let json = serde_json::to_value(&message).unwrap();
        let keys: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["clientId", "conversationId", "id", "sender", "seq", "text", "timestamp"]);
    }
}
