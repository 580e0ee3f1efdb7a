//! A WebSocket and HTTP client that can also misbehave: it sends any bytes, and reads only when told to.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "for tests; each uses a part of it")]

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What the server sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// A close frame, with its status and its reason.
    Close(u16, String),
    /// The end of the connection.
    End,
}

impl Message {
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            other => panic!("a text was expected, not {other:?}"),
        }
    }
}

/// A WebSocket connection.
pub struct Client {
    pub stream: TcpStream,
    received: Vec<u8>,
}

impl Client {
    /// Opens a WebSocket on a path with its query.
    pub async fn open(address: SocketAddr, path: &str) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut client = Self { stream, received: Vec::new() };
        let head = loop {
            if let Some(end) = client.received.windows(4).position(|window| window == b"\r\n\r\n") {
                break client.received.drain(..end + 4).collect::<Vec<_>>();
            }
            if client.fill().await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        if head.starts_with(b"HTTP/1.1 101") {
            Ok(client)
        } else {
            Err(io::Error::other(String::from_utf8_lossy(&head).into_owned()))
        }
    }

    async fn fill(&mut self) -> io::Result<usize> {
        self.received.reserve(64 * 1024);
        self.stream.read_buf(&mut self.received).await
    }

    /// The next frame; pings of WebSocket included.
    pub async fn next(&mut self) -> Message {
        loop {
            if let Some((message, length)) = parse(&self.received) {
                self.received.drain(..length);
                return message;
            }
            if !matches!(self.fill().await, Ok(1..)) {
                return Message::End;
            }
        }
    }

    /// The next frames, as many as came at once; at least one.
    pub async fn batch(&mut self, each: &mut impl FnMut(Message)) {
        each(self.next().await);
        let mut used = 0;
        while let Some((message, length)) = parse(&self.received[used..]) {
            used += length;
            each(message);
        }
        self.received.drain(..used);
    }

    /// The texts up to the next Engine.IO ping, which is not answered.
    pub async fn until_ping(&mut self) -> Vec<String> {
        let mut texts = Vec::new();
        loop {
            match self.next().await.text() {
                "2" => return texts,
                text => texts.push(text.to_owned()),
            }
        }
    }

    /// The next text that is not an Engine.IO ping; pings are not answered.
    pub async fn text(&mut self) -> String {
        loop {
            match self.next().await.text() {
                "2" => {}
                text => return text.to_owned(),
            }
        }
    }

    /// Reads until the connection ends; gives the status of the close frame.
    pub async fn closed(&mut self) -> Option<u16> {
        self.farewell().await.map(|(status, _)| status)
    }

    /// Reads until the connection ends; gives the status and the reason of the close frame.
    pub async fn farewell(&mut self) -> Option<(u16, String)> {
        let mut farewell = None;
        loop {
            match self.next().await {
                Message::Close(code, reason) => farewell = Some((code, reason)),
                Message::End => return farewell,
                _ => {}
            }
        }
    }

    pub async fn send(&mut self, text: &str) {
        self.raw(&frame(0x81, text.as_bytes())).await;
    }

    pub async fn send_binary(&mut self, bytes: &[u8]) {
        self.raw(&frame(0x82, bytes)).await;
    }

    /// Sends bytes; an error shows later, in what is read.
    pub async fn raw(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// Opens a session and connects it to the default namespace.
    pub async fn connect(address: SocketAddr) -> Self {
        let mut client = Self::session(address).await;
        client.send("40").await;
        assert!(client.text().await.starts_with("40{\"sid\":"));
        client
    }

    /// Opens a session.
    pub async fn session(address: SocketAddr) -> Self {
        let mut client = Self::open(address, "/socket.io/?EIO=4&transport=websocket").await.unwrap();
        assert!(client.next().await.text().starts_with("0{"));
        client
    }
}

/// A message of text, as a frame of a client.
pub fn text(text: &str) -> Vec<u8> {
    frame(0x81, text.as_bytes())
}

/// A masked frame; `first` is its first byte.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..=125 => frame.push(0x80 | u8::try_from(short).unwrap()),
        medium @ 126..=0xFFFF => {
            frame.push(0xFE);
            frame.extend(u16::try_from(medium).unwrap().to_be_bytes());
        }
        long => {
            frame.push(0xFF);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    let key = [0x37, 0xFA, 0x21, 0x3D];
    frame.extend(key);
    frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// The first frame in what the server sent, and its length.
pub fn parse(bytes: &[u8]) -> Option<(Message, usize)> {
    let &[first, second, ..] = bytes else { return None };
    assert_eq!(second & 0x80, 0, "a server does not mask");
    let (start, length) = match second {
        126 => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().unwrap()))),
        127 => (10, usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().unwrap())).unwrap()),
        short => (2, usize::from(short)),
    };
    let payload = bytes.get(start..start + length)?.to_vec();
    let message = match first {
        0x81 => Message::Text(String::from_utf8(payload).expect("text is UTF-8")),
        0x82 => Message::Binary(payload),
        0x88 => Message::Close(
            u16::from_be_bytes(payload[..2].try_into().unwrap()),
            String::from_utf8(payload[2..].to_vec()).unwrap(),
        ),
        0x89 => Message::Ping(payload),
        0x8A => Message::Pong(payload),
        other => panic!("a frame that begins with {other:#x}"),
    };
    Some((message, start + length))
}

/// A response.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// Sends an HTTP request on a connection of its own.
pub async fn http(address: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> Response {
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n\
         {headers}\r\n{body}"
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.unwrap();
    let response = String::from_utf8(response).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").expect("a response has a head");
    Response { status: head[9..12].parse().unwrap(), head: head.to_owned(), body: body.to_owned() }
}

/// Opens a session on polling; gives its id.
pub async fn open_polling(address: SocketAddr) -> String {
    let response = http(address, "GET", "/socket.io/?EIO=4&transport=polling", "", "").await;
    assert_eq!(response.status, 200);
    let open: serde_json::Value = serde_json::from_str(response.body.strip_prefix('0').unwrap()).unwrap();
    open["sid"].as_str().unwrap().to_owned()
}

pub async fn get(address: SocketAddr, sid: &str) -> Response {
    http(address, "GET", &format!("/socket.io/?EIO=4&transport=polling&sid={sid}"), "", "").await
}

pub async fn post(address: SocketAddr, sid: &str, body: &str) -> Response {
    http(address, "POST", &format!("/socket.io/?EIO=4&transport=polling&sid={sid}"), "", body).await
}
