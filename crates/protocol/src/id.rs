//! Identifiers: strings on the wire, 16 bytes inside.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;

macro_rules! id {
    ($($(#[$meta:meta])* $name:ident;)+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "schema", schema(value_type = String, format = "uuid"))]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// From the 16 bytes that a store keeps.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// Appends it as it is on the wire.
            pub fn write_json(&self, json: &mut Vec<u8>) {
                let mut buffer = Uuid::encode_buffer();
                crate::json::quoted(json, self.0.hyphenated().encode_lower(&mut buffer).as_bytes());
            }

            /// The 16 bytes that a store keeps.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

id! {
    /// A message (UUIDv7). Its last 32 bits are the message's `seq`, so that a message is found by its id
    /// within its conversation without an index of its own.
    MessageId;
    /// A conversation (UUIDv7).
    ConversationId;
    /// A session (UUIDv7): one logged-in device, or an API token.
    SessionId;
    /// A file that was uploaded (UUIDv7).
    AttachmentId;
    /// What somebody told the admins (UUIDv7).
    ReportId;
}

/// Lays out a UUIDv7 (RFC 9562, 5.7): 48 bits of milliseconds, then `random` but for version and variant.
fn uuid_v7(time: Timestamp, random: u128) -> Uuid {
    let millis = u128::from(time.as_millis().max(0).unsigned_abs()) & ((1 << 48) - 1);
    let random = random & ((1 << 80) - 1) & !(0xf << 76) & !(0b11 << 62);
    Uuid::from_u128(millis << 80 | 0x7 << 76 | 0b10 << 62 | random)
}

impl MessageId {
    /// Mints the id of the message that takes `seq` at `time`.
    pub fn mint(time: Timestamp, seq: u64, random: u64) -> Self {
        let random = u128::from(random) << 32 | u128::from(seq & u64::from(u32::MAX));
        Self(uuid_v7(time, random))
    }

    /// When it was minted.
    pub fn timestamp(&self) -> Timestamp {
        Timestamp::from_millis(i64::try_from(self.0.as_u128() >> 80).unwrap_or_default())
    }

    /// The lower 32 bits of the `seq` that the message took, if this is an id that [`MessageId::mint`] made.
    pub fn seq(&self) -> u64 {
        u64::try_from(self.0.as_u128() & u128::from(u32::MAX)).unwrap_or_default()
    }
}

macro_rules! mint {
    ($($name:ident)+) => {$(
        impl $name {
            /// Mints an id; `random` must be fresh.
            pub fn mint(time: Timestamp, random: u128) -> Self {
                Self(uuid_v7(time, random))
            }
        }
    )+};
}

mint! { ConversationId SessionId AttachmentId ReportId }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_version_7_and_ordered_by_time() {
        let earlier = ConversationId::mint(Timestamp::from_millis(1), u128::MAX);
        let later = ConversationId::mint(Timestamp::from_millis(2), 0);
        assert_eq!(earlier.0.get_version_num(), 7);
        assert_eq!(earlier.0.get_variant(), uuid::Variant::RFC4122);
        assert!(earlier < later);
    }

    #[test]
    fn a_message_id_tells_its_seq() {
        let id = MessageId::mint(Timestamp::from_millis(1_700_000_000_000), 77, u64::MAX);
        assert_eq!(id.seq(), 77);
        assert_eq!(id.timestamp(), Timestamp::from_millis(1_700_000_000_000));
        assert_eq!(id.0.get_version_num(), 7);
        assert_eq!(id.0.get_variant(), uuid::Variant::RFC4122);
    }
}
