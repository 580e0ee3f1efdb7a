//! A call over HTTP, on a connection of its own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use super::PATIENCE;

/// What the server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The status and the headers, as they were sent.
    pub(crate) head: String,
    /// Its JSON, or a text as it is.
    pub(crate) body: Value,
    /// The same as it was sent.
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    /// The body of a call that succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.body
    }
}

pub(super) fn call(address: SocketAddr, method: &str, path: &str, token: &str, body: &Value) -> Answer {
    let authorization =
        if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
    call_with(address, method, path, &authorization, body)
}

/// `headers` are lines that end with `\r\n`.
pub(super) fn call_with(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
    body: &Value,
) -> Answer {
    if body.is_null() {
        return send(address, method, path, headers, &[]);
    }
    let headers = format!("{headers}Content-Type: application/json\r\n");
    send(address, method, path, &headers, body.to_string().as_bytes())
}

/// Sends a body of any kind. `headers` are lines that end with `\r\n`.
pub(super) fn send(address: SocketAddr, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}");
    if !body.is_empty() {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(&[head.as_bytes(), b"\r\n", body].concat()).unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).unwrap();
    let end = response.windows(4).position(|end| end == b"\r\n\r\n").expect("a response has a head");
    let bytes = response.split_off(end + 4);
    let head = String::from_utf8(response).expect("a head is a text");
    let status = head[9..12].parse().expect("a head has a status");
    let text = || Value::from(String::from_utf8_lossy(&bytes));
    let body = if bytes.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&bytes).unwrap_or_else(|_| text())
    };
    Answer { status, head, body, bytes }
}
