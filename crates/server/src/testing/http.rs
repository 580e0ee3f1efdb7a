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
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}");
    if !body.is_empty() {
        head += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    }
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").expect("a response has a head");
    let status = head[9..12].parse().expect("a head has a status");
    let text = || Value::from(body);
    let body =
        if body.is_empty() { Value::Null } else { serde_json::from_str(body).unwrap_or_else(|_| text()) };
    Answer { status, head: head.to_owned(), body }
}
