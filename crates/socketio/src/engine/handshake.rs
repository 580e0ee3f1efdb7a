//! What a request asks for, and whether its WebSocket handshake is right.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::{HeaderValue, Method, Request, Response, StatusCode, Version, header};
use sha1::{Digest, Sha1};

use super::{refused::Refused, response::Body};
use crate::Id;

/// What a session may run over; the parameter `transport`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Polling,
    WebSocket,
}

/// The parameters of a request, all but `EIO`, which must be 4.
pub(super) struct Query {
    pub(super) transport: Transport,
    pub(super) session: Option<Id>,
}

impl Query {
    pub(super) fn read<B>(request: &Request<B>) -> Result<Self, Refused> {
        let mut transport = None;
        let mut version = None;
        let mut session = None;
        for pair in request.uri().query().unwrap_or_default().split('&') {
            // None of the values that are understood needs percent-encoding.
            match pair.split_once('=') {
                Some(("transport", value)) => transport = Some(value),
                Some(("EIO", value)) => version = Some(value),
                Some(("sid", value)) => session = Some(value),
                _ => {}
            }
        }
        let transport = match transport {
            Some("polling") => Transport::Polling,
            Some("websocket") => Transport::WebSocket,
            _ => return Err(Refused::Transport),
        };
        match version {
            Some("4") => {}
            Some(_) => return Err(Refused::Version),
            None => return Err(Refused::NoVersion),
        }
        let session = session.map(|sid| Id::parse(sid).ok_or(Refused::Session)).transpose()?;
        Ok(Self { transport, session })
    }
}

/// Checks a WebSocket handshake (RFC 6455, section 4.2.1); gives the response that accepts it.
pub(super) fn accept_websocket<B>(request: &Request<B>) -> Result<Response<Body>, Refused> {
    if request.method() != Method::GET {
        return Err(Refused::OpenMethod);
    }
    let headers = request.headers();
    let has = |name, token: &str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.split(',').any(|item| item.trim().eq_ignore_ascii_case(token)))
    };
    // In HTTP/1.0 nothing can be upgraded: after a 101 both sides would wait for ever.
    let upgrade = request.version() == Version::HTTP_11
        && has(header::CONNECTION, "upgrade")
        && has(header::UPGRADE, "websocket")
        && has(header::SEC_WEBSOCKET_VERSION, "13");
    let key = headers.get(header::SEC_WEBSOCKET_KEY).ok_or(Refused::Handshake)?.as_bytes();
    let mut nonce = [0; 18]; // What the decoder may need for 16 bytes with padding.
    if !upgrade || BASE64_STANDARD.decode_slice(key, &mut nonce) != Ok(16) {
        return Err(Refused::Handshake);
    }
    let digest =
        Sha1::new().chain_update(key).chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11").finalize();
    let accept = HeaderValue::from_str(&BASE64_STANDARD.encode(digest)).map_err(|_| Refused::Handshake)?;
    let mut response = Response::new(Body::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Result<(Transport, bool), Refused> {
        let request = Request::builder().uri(format!("/socket.io/?{text}")).body(()).unwrap();
        Query::read(&request).map(|query| (query.transport, query.session.is_some()))
    }

    #[test]
    fn reads_the_query() {
        assert_eq!(query("EIO=4&transport=polling&t=abc"), Ok((Transport::Polling, false)));
        let sid = Id::draw(crate::id::system_random);
        assert_eq!(query(&format!("transport=websocket&EIO=4&sid={sid}")), Ok((Transport::WebSocket, true)));
        assert_eq!(query("EIO=4"), Err(Refused::Transport));
        assert_eq!(query("EIO=4&transport=abc"), Err(Refused::Transport));
        assert_eq!(query("transport=polling"), Err(Refused::NoVersion));
        assert_eq!(query("EIO=3&transport=polling"), Err(Refused::Version));
        for sid in ["", "abc", "AAAAAAAAAAAAAAAAAAAAAB", "../../etc/passwd"] {
            assert_eq!(query(&format!("EIO=4&transport=polling&sid={sid}")), Err(Refused::Session));
        }
    }

    fn handshake(change: impl FnOnce(&mut Request<()>)) -> Result<String, Refused> {
        let mut request = Request::builder()
            .header("connection", "keep-alive, Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
            .body(())
            .unwrap();
        change(&mut request);
        accept_websocket(&request)
            .map(|response| response.headers()["sec-websocket-accept"].to_str().unwrap().to_owned())
    }

    #[test]
    fn accepts_the_handshake_of_the_rfc() {
        assert_eq!(handshake(|_| {}).as_deref(), Ok("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    }

    #[test]
    fn refuses_a_bad_handshake() {
        for name in ["connection", "upgrade", "sec-websocket-version", "sec-websocket-key"] {
            let without = handshake(|request| drop(request.headers_mut().remove(name)));
            assert_eq!(without, Err(Refused::Handshake), "{name}");
        }
        let old = handshake(|request| *request.version_mut() = Version::HTTP_10);
        assert_eq!(old, Err(Refused::Handshake));
        let short = handshake(|request| {
            request.headers_mut().insert("sec-websocket-key", HeaderValue::from_static("c2hvcnQ="));
        });
        assert_eq!(short, Err(Refused::Handshake));
        assert_eq!(handshake(|request| *request.method_mut() = Method::POST), Err(Refused::OpenMethod));
    }
}
