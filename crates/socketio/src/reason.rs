//! Why sessions and sockets end.

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal, $code:literal;)+) => {
        /// Why a session, or a socket, ended. Each is counted ([`crate::Metrics`]).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Reason { $($(#[doc = $doc])+ $name,)+ }

        impl Reason {
            /// Every reason, in the order in which they are counted ([`crate::Metrics`]).
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// A stable word in `snake_case`, for metrics and logs.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }

            /// The status of the WebSocket close frame that says so.
            pub(crate) const fn close_code(self) -> u16 {
                match self { $(Self::$name => $code),+ }
            }

            /// Whether the client is told: not where it did nothing wrong and is to come back at once. A
            /// close frame makes the Java library wait for its ping timeout, and a close packet is final
            /// for those of Python and Rust; a connection that ends without a word is lost for every
            /// library, and opened anew.
            pub(crate) const fn is_told(self) -> bool {
                !matches!(self, Self::ServerClosing | Self::Application | Self::Aborted)
            }
        }
    };
}

reasons! {
    /// The client closed the session, or its transport, in an orderly way.
    ClientClosed = "client_closed", 1000;
    /// The client left the namespace; the session may live on.
    ClientDisconnected = "client_disconnected", 1000;
    /// The application disconnected the socket; the session may live on.
    ServerDisconnected = "server_disconnected", 1000;
    /// The application closed the session.
    Application = "application", 1000;
    /// The server is closing.
    ServerClosing = "server_closing", 1001;
    /// The connection ended without a word: reset, timed out, or cut.
    TransportError = "transport_error", 1000;
    /// No answer to a ping within `ping_timeout`.
    PingTimeout = "ping_timeout", 1001;
    /// Something waited for `ping_timeout` and the peer took none of it.
    Stalled = "stalled", 1008;
    /// More than `max_pending_bytes` waited for the peer.
    SlowReader = "slow_reader", 1008;
    /// More than `max_unacknowledged` emits waited for the client's acknowledgement.
    Unacknowledged = "unacknowledged", 1008;
    /// The client did not connect to a namespace within `connect_timeout`.
    ConnectTimeout = "connect_timeout", 1008;
    /// The client began a packet and did not finish it within `packet_timeout`.
    PacketTimeout = "packet_timeout", 1008;
    /// A packet over `max_payload`, or a body over `max_body`.
    PacketTooLarge = "packet_too_large", 1009;
    /// More attachments than `max_attachments`, or more bytes in them than `max_attachment_bytes`.
    AttachmentLimit = "attachment_limit", 1009;
    /// More than `max_sockets` namespaces on one session.
    SocketLimit = "socket_limit", 1008;
    /// Not a WebSocket frame that a client may send.
    BadFrame = "bad_frame", 1002;
    /// A text that is not UTF-8.
    BadUtf8 = "bad_utf8", 1007;
    /// Not a packet of Engine.IO or Socket.IO that a client may send, or not at this point.
    BadPacket = "bad_packet", 1008;
    /// Two polling requests of one kind at once, or one that was given up.
    PollingConflict = "polling_conflict", 1008;
    /// A panic in the application's handler.
    Panicked = "panicked", 1011;
    /// The task was dropped: the bound for closing passed, or the runtime ended.
    Aborted = "aborted", 1001;
}

#[cfg(test)]
mod tests {
    use super::Reason;

    #[test]
    fn words_are_distinct_and_in_snake_case() {
        let mut words: Vec<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        assert!(words.iter().all(|word| word.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'_' | b'8'))));
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Reason::ALL.len());
    }
}
