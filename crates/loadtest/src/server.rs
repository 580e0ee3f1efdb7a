//! The server that is loaded, and the few HTTP requests that prepare a run. HTTP 1.0, so that an answer ends with its
//! connection.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use http::Uri;
use serde_json::Value;

/// Longer than a password waits for its turn to be hashed.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The address of a server.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    /// The URL as it was given, without a slash at its end.
    pub(crate) url: String,
    pub(crate) address: SocketAddr,
    /// The path of the host that the server is under, such as `/chat`; else empty.
    pub(crate) base: String,
}

impl Server {
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let wrong = || format!("--url: {url:?} is not like http://127.0.0.1:5000");
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let authority = uri.authority().ok_or_else(wrong)?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => {
                return Err(
                    "--url: the load goes to the server itself, which speaks plain http, not TLS".into()
                );
            }
            _ => return Err(wrong()),
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let address = (host, authority.port_u16().unwrap_or(80)).to_socket_addrs();
        let address = address.map_err(|error| format!("--url: {host}: {error}"))?.next().ok_or_else(wrong)?;
        let base = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { url: format!("http://{authority}{base}"), address, base })
    }

    /// Sends a request with JSON, and returns the status and the body of the answer as JSON.
    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: &Value,
    ) -> Result<(u16, Value), String> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, path, token, "application/json", body.as_bytes())
    }

    /// Sends a request with any body, and returns the status and the body of the answer as JSON.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        kind: &str,
        body: &[u8],
    ) -> Result<(u16, Value), String> {
        let failed = |error: std::io::Error| format!("{method} {}{path}: {error}", self.url);
        let authorization =
            token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let request = format!(
            "{method} {}{path} HTTP/1.0\r\nHost: {}\r\nContent-Type: {kind}\r\n{authorization}\
             Content-Length: {}\r\n\r\n",
            self.base,
            self.address,
            body.len()
        );
        let mut stream = TcpStream::connect_timeout(&self.address, TIMEOUT).map_err(failed)?;
        stream.set_read_timeout(Some(TIMEOUT)).map_err(failed)?;
        stream.write_all(request.as_bytes()).map_err(failed)?;
        stream.write_all(body).map_err(failed)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).map_err(failed)?;
        let answer = String::from_utf8_lossy(&answer);
        let parsed = || {
            let (head, body) = answer.split_once("\r\n\r\n")?;
            let status = head.split(' ').nth(1)?.parse().ok()?;
            Some((status, serde_json::from_str(body).unwrap_or_default()))
        };
        parsed().ok_or_else(|| format!("{method} {}{path}: the answer is not HTTP", self.url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (url, whole, base) in [
            ("http://127.0.0.1:5000", "http://127.0.0.1:5000", ""),
            ("http://127.0.0.1:5000/", "http://127.0.0.1:5000", ""),
            ("http://127.0.0.1:5000/chat/", "http://127.0.0.1:5000/chat", "/chat"),
        ] {
            let server = Server::parse(url).unwrap();
            assert_eq!((server.url.as_str(), server.base.as_str()), (whole, base));
            assert_eq!(server.address.port(), 5000);
        }
        assert_eq!(Server::parse("http://[::1]:7").unwrap().address, "[::1]:7".parse().unwrap());
        for wrong in ["127.0.0.1:5000", "https://127.0.0.1", "ws://127.0.0.1", "http://", "nothing"] {
            assert!(Server::parse(wrong).unwrap_err().starts_with("--url"), "{wrong}");
        }
    }
}
