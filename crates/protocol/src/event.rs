//! The events of the socket: one table, from which names, TypeScript and documentation come.

use serde::{Deserialize, Serialize};

use crate::Problem;
#[cfg(feature = "schema")]
use crate::schema::{EventSchema, Type};
#[cfg(feature = "schema")]
use crate::{
    Conversation, Cursors, DeleteMessage, EditMessage, InvitationChange, Message, MoveCursors, Nothing,
    Presence, PresenceList, ReactToMessage, Receipt, RenewAuth, RenewedAuth, SendMessage, SetTyping, Sync,
    Synced, Typing, WatchPresence,
};

/// What the callback of a request is called with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "camelCase")]
pub enum Reply<T> {
    /// Done; for a message: stored durably.
    Ok {
        /// The answer.
        data: T,
    },
    /// Not done.
    Error {
        /// Why it failed.
        error: Problem,
    },
}

macro_rules! events {
    (
        client { $($(#[doc = $cdoc:literal])+ $cname:ident = $cword:literal ($cpayload:ty) -> $creply:ty;)+ }
        server { $($(#[doc = $sdoc:literal])+ $sname:ident = $sword:literal ($spayload:ty);)+ }
    ) => {
        /// A request from a client; takes a callback, called with a [`Reply`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ClientEvent { $($(#[doc = $cdoc])+ $cname,)+ }

        impl ClientEvent {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$cname),+];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$cname => $cword),+ }
            }

            /// The event of a name.
            pub fn named(name: &str) -> Option<Self> {
                match name { $($cword => Some(Self::$cname),)+ _ => None }
            }

            /// What it asks for.
            pub const fn description(self) -> &'static str {
                match self { $(Self::$cname => concat!($($cdoc, "\n"),+)),+ }
            }
        }

        /// What the server tells.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ServerEvent { $($(#[doc = $sdoc])+ $sname,)+ }

        impl ServerEvent {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$sname),+];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$sname => $sword),+ }
            }

            /// What it tells.
            pub const fn description(self) -> &'static str {
                match self { $(Self::$sname => concat!($($sdoc, "\n"),+)),+ }
            }
        }

        /// The types of the client's events.
        #[cfg(feature = "schema")]
        pub fn client_events() -> Vec<EventSchema> {
            vec![$(EventSchema {
                name: $cword,
                description: ClientEvent::$cname.description(),
                payload: Type::of::<$cpayload>(),
                reply: Some(Type::of::<$creply>()),
            }),+]
        }

        /// The types of the server's events.
        #[cfg(feature = "schema")]
        pub fn server_events() -> Vec<EventSchema> {
            vec![$(EventSchema {
                name: $sword,
                description: ServerEvent::$sname.description(),
                payload: Type::of::<$spayload>(),
                reply: None,
            }),+]
        }
    };
}

events! {
    client {
        /// Sends a message; answered once it is stored durably.
        Message = "message" (SendMessage) -> Message;
        /// Changes the text of a message of one's own.
        EditMessage = "message:edit" (EditMessage) -> Message;
        /// Deletes a message of one's own, or of a group that one leads, for everyone.
        DeleteMessage = "message:delete" (DeleteMessage) -> Message;
        /// Reacts to a message with an emoji, or takes that back.
        ReactToMessage = "message:react" (ReactToMessage) -> Message;
        /// Moves one's own cursors forward.
        Receipt = "receipt" (MoveCursors) -> Cursors;
        /// Asks for what this client lacks; the events come before the answer.
        Sync = "sync" (Sync) -> Synced;
        /// Says that the caller types, or has stopped.
        Typing = "typing" (SetTyping) -> Nothing;
        /// Prolongs a socket that was opened with a token of a host application, by a newer one.
        RenewAuth = "auth:renew" (RenewAuth) -> RenewedAuth;
        /// Asks for the presence of people, now and from now on.
        WatchPresence = "presence:watch" (WatchPresence) -> PresenceList;
    }
    server {
        /// A new message.
        Message = "message" (Message);
        /// A message was edited, deleted or reacted to.
        MessageUpdated = "message:updated" (Message);
        /// A member's cursors moved.
        Receipt = "receipt" (Receipt);
        /// A conversation is new or changed, as the receiver of this event sees it.
        Conversation = "conversation" (Conversation);
        /// An invitation to a group came or ended.
        Invitation = "invitation" (InvitationChange);
        /// A member began or stopped typing.
        Typing = "typing" (Typing);
        /// Somebody who is watched came or went.
        Presence = "presence" (Presence);
        /// What waited at connecting has been sent.
        SyncDone = "sync:done" (Synced);
        /// A request sent without a callback failed.
        RequestError = "request:error" (Problem);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_event() {
        for &event in ClientEvent::ALL {
            assert_eq!(ClientEvent::named(event.as_str()), Some(event));
        }
        assert_eq!(ClientEvent::named("constructor"), None);
    }

    #[test]
    fn a_reply_says_its_status() {
        let ok = serde_json::to_value(Reply::Ok { data: 1 }).unwrap();
        assert_eq!(ok, serde_json::json!({"status": "ok", "data": 1}));
    }
}
