//! Receipts: how far a member has come, as two cursors that only move forward.

use crate::ConversationId;
use crate::wire::wire;

wire! {
    /// Payload of the client's `receipt`.
    pub struct MoveCursors {
        /// The conversation that was read.
        pub conversation_id: ConversationId,
        /// Everything up to here is on this device.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub delivered_seq: Option<u64>,
        /// Everything up to here has been read; implies delivered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub read_seq: Option<u64>,
    }

    /// Body of a receipt over HTTP, whose path says where.
    #[derive(Copy, Default)]
    pub struct Reached {
        /// Everything up to here has arrived.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub delivered_seq: Option<u64>,
        /// Everything up to here has been read; implies delivered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub read_seq: Option<u64>,
    }

    /// A member's two cursors; `readSeq` ≤ `deliveredSeq` ≤ the conversation's `headSeq`.
    #[derive(Copy, Default, Eq)]
    pub struct Cursors {
        /// Everything up to here has reached one of the member's devices.
        pub delivered_seq: u64,
        /// Everything up to here has been read.
        pub read_seq: u64,
    }

    /// A member's cursors moved. Coalesced: only the latest state is told.
    #[derive(Eq)]
    pub struct Receipt {
        /// The conversation that was read.
        pub conversation_id: ConversationId,
        /// Username of the member whose marks moved.
        pub username: String,
        /// See [`Cursors`].
        pub delivered_seq: u64,
        /// See [`Cursors`].
        pub read_seq: u64,
    }
}
