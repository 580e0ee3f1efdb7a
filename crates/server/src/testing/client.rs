//! A Socket.IO client on a WebSocket, which reads only when it is asked to and may behave badly.

use std::collections::{HashMap, VecDeque};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};
use tungstenite::protocol::Role;
use tungstenite::{Error, Message, WebSocket};

use super::PATIENCE;

/// An event that the server emitted.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) payload: Value,
    /// By which it is to be acknowledged.
    ack: Option<u64>,
}

/// The texts of the messages among events.
pub(crate) fn texts<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<String> {
    let messages = events.into_iter().filter(|event| event.name == "message");
    messages.map(|event| event.payload["text"].as_str().expect("a message has a text").to_owned()).collect()
}

/// A connection to the server.
pub(crate) struct Client {
    socket: WebSocket<TcpStream>,
    /// Whether it answers the server's pings, by which the server knows what it has.
    pub(crate) answers_pings: bool,
    /// Where the last flush came to.
    pub(crate) cursor: String,
    next_ack: u64,
    events: VecDeque<Event>,
    answers: HashMap<u64, Value>,
    /// Why the server closed it.
    farewell: Option<String>,
}

impl Client {
    /// Opens a session of Engine.IO; `headers` are lines that end with `\r\n`.
    pub(crate) fn open(address: SocketAddr, headers: &str) -> Self {
        Self::open_at(address, "/socket.io/", headers)
    }

    /// The same at another path.
    pub(crate) fn open_at(address: SocketAddr, path: &str, headers: &str) -> Self {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = format!(
            "GET {path}?EIO=4&transport=websocket HTTP/1.1\r\nHost: {address}\r\n{headers}\
             Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
        let mut client = Self {
            socket: WebSocket::from_raw_socket(stream, Role::Client, None),
            answers_pings: true,
            cursor: String::new(),
            next_ack: 0,
            events: VecDeque::new(),
            answers: HashMap::new(),
            farewell: None,
        };
        let open = client.read().expect("the server opens a session");
        assert!(open.starts_with("0{"), "{open}");
        client
    }

    /// Joins the default namespace, or gives the `connect_error`.
    pub(crate) fn connect(&mut self, auth: &Value) -> Result<(), Value> {
        self.start_connecting(auth);
        self.connected()
    }

    /// Asks to join; [`Client::connected`] reads the answer.
    pub(crate) fn start_connecting(&mut self, auth: &Value) {
        self.send(format!("40{auth}"));
    }

    /// `Null` is the end of the connection instead of an answer.
    pub(crate) fn connected(&mut self) -> Result<(), Value> {
        let answer = self.read().ok_or(Value::Null)?;
        if let Some(refusal) = answer.strip_prefix("44") {
            return Err(parse(refusal));
        }
        assert!(answer.starts_with("40"), "{answer}");
        Ok(())
    }

    /// Everything up to `sync:done`, whose cursor is kept.
    pub(crate) fn flush(&mut self) -> Vec<Event> {
        let mut flushed = self.until(|event| event.name == "sync:done");
        let done = flushed.pop().expect("it ended with sync:done");
        done.payload["cursor"].as_str().expect("sync:done has a cursor").clone_into(&mut self.cursor);
        flushed
    }

    /// Emits an event with a callback, and does not wait; gives what [`Client::answer`] takes.
    pub(crate) fn emit(&mut self, name: &str, payload: &Value) -> u64 {
        self.next_ack += 1;
        self.send(format!("42{}{}", self.next_ack, json!([name, payload])));
        self.next_ack
    }

    /// The acknowledgement of an event; what comes before it is kept.
    pub(crate) fn answer(&mut self, ack: u64) -> Value {
        loop {
            if let Some(answer) = self.answers.remove(&ack) {
                return answer;
            }
            assert!(self.receive(), "closed without an answer: {:?}", self.farewell);
        }
    }

    /// Whether the acknowledgement of an event has been received.
    pub(crate) fn has_answer(&self, ack: u64) -> bool {
        self.answers.contains_key(&ack)
    }

    /// Emits an event that is to succeed; gives the data of its acknowledgement.
    #[track_caller]
    pub(crate) fn ask(&mut self, name: &str, payload: &Value) -> Value {
        let ack = self.emit(name, payload);
        let mut answer = self.answer(ack);
        assert_eq!(answer["status"], "ok", "{answer}");
        answer["data"].take()
    }

    /// The next event.
    pub(crate) fn next(&mut self) -> Event {
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            assert!(self.receive(), "closed: {:?}", self.farewell);
        }
    }

    /// The events up to one, and that one.
    pub(crate) fn until(&mut self, mut last: impl FnMut(&Event) -> bool) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let event = self.next();
            let over = last(&event);
            events.push(event);
            if over {
                return events;
            }
        }
    }

    /// The events up to the message with this text, which is among them.
    pub(crate) fn until_text(&mut self, text: &str) -> Vec<Event> {
        self.until(|event| event.name == "message" && event.payload["text"] == text)
    }

    /// Acknowledges an event, as a client with `acks` does.
    pub(crate) fn acknowledge(&mut self, event: &Event) {
        self.send(format!("43{}[]", event.ack.expect("the server asks for an acknowledgement")));
    }

    /// Reads until the server closes the connection; gives its reason.
    pub(crate) fn closed(mut self) -> Option<String> {
        while self.receive() {}
        self.farewell
    }

    /// Ends the connection without a goodbye, and throws away what is on its way in either direction.
    pub(crate) fn cut(self) {
        rustix::net::sockopt::set_socket_linger(self.socket.get_ref(), Some(Duration::ZERO)).unwrap();
    }

    /// An error shows later, in what is read.
    fn send(&mut self, packet: String) {
        let _ = self.socket.send(Message::text(packet));
    }

    /// Takes in a packet; says no at the end of the connection.
    fn receive(&mut self) -> bool {
        let Some(packet) = self.read() else { return false };
        let (kind, rest) = packet.split_at(2);
        let digits = rest.len() - rest.trim_start_matches(|digit: char| digit.is_ascii_digit()).len();
        let (ack, arguments) = rest.split_at(digits);
        match kind {
            "42" => {
                let mut arguments = parse(arguments);
                let name = arguments[0].as_str().expect("an event has a name").to_owned();
                let payload = arguments.get_mut(1).map(Value::take).unwrap_or_default();
                self.events.push_back(Event { name, payload, ack: ack.parse().ok() });
            }
            "43" => {
                let ack = ack.parse().expect("an acknowledgement has a number");
                self.answers.insert(ack, parse(arguments)[0].take());
            }
            "41" => {}
            _ => panic!("a packet that was not expected: {packet}"),
        }
        true
    }

    /// The next packet but for pings; `None` at the end of the connection.
    fn read(&mut self) -> Option<String> {
        loop {
            match self.socket.read() {
                Ok(Message::Text(ping)) if ping.as_str() == "2" => {
                    if self.answers_pings {
                        self.send("3".into());
                    }
                }
                Ok(Message::Text(packet)) => return Some(packet.as_str().to_owned()),
                Ok(Message::Close(frame)) => {
                    self.farewell = frame.map(|frame| frame.reason.as_str().to_owned());
                }
                Ok(_) => {}
                Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                    panic!("nothing came in {PATIENCE:?}");
                }
                Err(_) => return None,
            }
        }
    }
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("a packet holds JSON")
}
