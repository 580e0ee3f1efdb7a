//! Tokens of host applications, which log their people in by themselves.

use crate::Timestamp;
use crate::wire::wire;

wire! {
    /// Payload of `auth:renew`.
    pub struct RenewAuth {
        /// A new token of the same person, from the host application.
        pub token: String,
    }

    /// Answer to `auth:renew`.
    pub struct RenewedAuth {
        /// When the token expires; the socket lives a minute longer.
        pub expires_at: Timestamp,
    }
}
