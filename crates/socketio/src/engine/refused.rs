//! Why a request is refused, and what whoever sent it can do.

use std::borrow::Cow;

use http::{HeaderValue, Response, StatusCode, header};

use super::response::{Body, respond};
use crate::Reason;

/// After how many seconds a client should try again. A guess, because nobody knows when there will be room.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// Which clients can be used, for one that speaks an older protocol.
const SPOKEN: &str = "This server speaks Engine.IO 4 (EIO=4) and Socket.IO 5, as do socket.io-client 3 for \
    JavaScript, socket.io-client 2 for Java, python-socketio 5, Socket.IO-Client-Swift 16, and what is later.";

/// Why a request is refused. Each has a code that the client libraries know, and says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// `transport` is missing, or neither `polling` nor `websocket`.
    Transport,
    /// There is no session with this id, or no more.
    Session,
    /// A session is opened, or a WebSocket asked for, with another method than GET.
    OpenMethod,
    /// A request for an open session has another method than GET and POST.
    SessionMethod,
    /// No WebSocket handshake where one is wanted.
    Handshake,
    /// The session is on WebSocket by now.
    Moved,
    /// Two requests of one kind at once.
    Conflict,
    /// The session has ended over what was posted.
    Closed(Reason),
    /// The session ended while a GET waited; the message is `word`. 400 if the client is to be `told` the
    /// reason, else 503.
    Ended { told: bool, word: &'static str },
    /// A page of this origin may not; with the sentence that says so.
    Origin(String),
    /// `EIO` says that it is another version.
    Version,
    /// `EIO` is missing.
    NoVersion,
    /// A body over so many bytes.
    TooLarge(usize),
    /// `max_sessions` or `max_sessions_per_address` are open.
    TooMany,
    /// The server lets nobody in any more.
    Closing,
}

impl Refused {
    /// The answer of the reference server, `{"code", "message"}`, with what to do.
    pub(super) fn response(&self) -> Response<Body> {
        let (status, code) = self.status_and_code();
        let body = serde_json::json!({ "code": code, "message": self.message() }).to_string();
        let mut response = respond(status, "application/json", Body::new(body.into(), None));
        if let Self::TooMany | Self::Closing = self {
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        response
    }

    fn status_and_code(&self) -> (StatusCode, u8) {
        match self {
            Self::Transport => (StatusCode::BAD_REQUEST, 0),
            Self::Session | Self::Ended { told: true, .. } => (StatusCode::BAD_REQUEST, 1),
            Self::OpenMethod => (StatusCode::BAD_REQUEST, 2),
            Self::TooLarge(_) | Self::Closed(Reason::PacketTooLarge) => (StatusCode::PAYLOAD_TOO_LARGE, 3),
            Self::SessionMethod | Self::Handshake | Self::Moved | Self::Conflict | Self::Closed(_) => {
                (StatusCode::BAD_REQUEST, 3)
            }
            Self::Origin(_) => (StatusCode::FORBIDDEN, 4),
            Self::Version | Self::NoVersion => (StatusCode::BAD_REQUEST, 5),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, 4),
            Self::Closing | Self::Ended { told: false, .. } => (StatusCode::SERVICE_UNAVAILABLE, 4),
        }
    }

    fn message(&self) -> Cow<'static, str> {
        match self {
            Self::Transport => "Transport unknown. Ask with transport=polling or transport=websocket.".into(),
            Self::Session => "Session ID unknown. The session has ended, or the server was started anew; \
                open another one, without sid."
                .into(),
            Self::OpenMethod => "Bad handshake method. A session is opened with GET.".into(),
            Self::SessionMethod => "Bad request. A session is spoken to with GET and POST.".into(),
            Self::Handshake => "Bad request. This is no WebSocket handshake, which needs HTTP/1.1; a proxy has to \
                pass the headers Connection and Upgrade on (nginx: proxy_http_version 1.1)."
                .into(),
            Self::Moved => "Bad request. The session is on WebSocket by now.".into(),
            Self::Conflict => {
                "Bad request. The session is closed: two requests of one kind came at the same time.".into()
            }
            Self::Closed(reason) => format!(
                "Bad request. The session is closed ({}); connect again, and send again what was not acknowledged.",
                reason.as_str()
            )
            .into(),
            Self::Ended { word, .. } => (*word).into(),
            Self::Origin(why) => format!("Forbidden. {why}").into(),
            Self::Version => format!("Unsupported protocol version. EIO names another one. {SPOKEN}").into(),
            Self::NoVersion => {
                format!("Unsupported protocol version. EIO is missing, as in old clients. {SPOKEN}").into()
            }
            Self::TooLarge(most) => format!(
                "Payload too large. A body has at most {most} bytes. The session is closed, and nothing of this body \
                 was handled; connect again and send less at a time."
            )
            .into(),
            Self::TooMany => "Too many sessions. Close some, or come back later.".into(),
            Self::Closing => "The server is closing. Come back in a moment.".into(),
        }
    }
}
