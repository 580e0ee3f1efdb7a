//! One WebSocket connection, straight on its TCP socket, which never blocks.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use rustix::event::epoll::EventFlags;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use super::client::Turn;
use super::frame::{self, Kind};

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The answer to the handshake has not come.
    Upgrading,
    /// It is a WebSocket; the session is not open to messages.
    Joining,
    /// It may be used.
    Ready,
}

/// A connection.
pub(super) struct Socket {
    pub(super) stream: TcpStream,
    pub(super) stage: Stage,
    /// When it was begun.
    pub(super) opened: u64,
    /// What the client says first; empty once it is said.
    pub(super) hello: String,
    /// What is to be written.
    pub(super) out: Vec<u8>,
    /// The beginning of a frame whose rest has not come.
    pub(super) partial: Vec<u8>,
    /// What it waits for.
    pub(super) interest: EventFlags,
}

impl Socket {
    /// Begins to connect, from an address of this machine's own choice or from this one, and asks for a WebSocket.
    pub(super) fn connect(
        to: SocketAddr,
        from: Option<Ipv4Addr>,
        path: &str,
        hello: String,
        opened: u64,
    ) -> io::Result<Self> {
        let family = if to.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
        sockopt::set_tcp_nodelay(&socket, true)?;
        if let Some(from) = from {
            rustix::net::bind(&socket, &SocketAddr::from((from, 0)))?;
        }
        match rustix::net::connect(&socket, &to) {
            Ok(()) | Err(rustix::io::Errno::INPROGRESS) => {}
            Err(error) => return Err(error.into()),
        }
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {to}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        Ok(Self {
            stream: TcpStream::from(socket),
            stage: Stage::Upgrading,
            opened,
            hello,
            out: request.into_bytes(),
            partial: Vec::new(),
            interest: EventFlags::IN | EventFlags::OUT,
        })
    }

    /// Writes what the system takes.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let mut written = 0;
        let done = loop {
            if written == self.out.len() {
                break Ok(());
            }
            match self.stream.write(&self.out[written..]) {
                Ok(0) => break Err(ErrorKind::WriteZero.into()),
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Also while the connection is not made.
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => {
                    break Ok(());
                }
                Err(error) => break Err(error),
            }
        };
        self.out.drain(..written);
        done
    }

    /// Reads into the buffer, after what was left of the last time; gives how much is in it, or `None` if nothing came.
    pub(super) fn read(&mut self, buffer: &mut Vec<u8>) -> io::Result<Option<usize>> {
        let left = self.partial.len();
        if buffer.len() < 2 * left {
            buffer.resize(4 * left, 0);
        }
        buffer[..left].copy_from_slice(&self.partial);
        loop {
            return match self.stream.read(&mut buffer[left..]) {
                Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => Ok(Some(left + count)),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
                Err(error) => Err(error),
            };
        }
    }

    /// Says what a client says first.
    pub(super) fn introduce(&mut self) {
        let hello = std::mem::take(&mut self.hello);
        frame::write(Kind::Text, hello.as_bytes(), &mut self.out);
    }

    /// The connection as a scenario sees it while it handles what was received.
    pub(super) fn turn(&mut self, number: usize, now: u64) -> Turn<'_> {
        Turn { number, now, opened: self.opened, out: &mut self.out }
    }

    /// Keeps what was not used.
    pub(super) fn keep(&mut self, rest: &[u8]) {
        self.partial.clear();
        self.partial.extend_from_slice(rest);
    }
}

/// What ended the handling of a connection.
pub(super) enum Failure {
    /// The connection itself: the scenario decides.
    Connection(String),
    /// The server, in the words of its protocol.
    Refused(String),
    /// The scenario gives up.
    Scenario(String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Connection(match error.kind() {
            ErrorKind::UnexpectedEof => "the server closed it".into(),
            _ => error.to_string(),
        })
    }
}

/// How long the head of the answer to a handshake is, once it is whole; or why there is no WebSocket.
pub(super) fn upgraded(bytes: &[u8]) -> Result<Option<usize>, String> {
    let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else { return Ok(None) };
    if bytes.starts_with(b"HTTP/1.1 101 ") {
        return Ok(Some(end + 4));
    }
    let line = bytes.split(|&byte| byte == b'\r').next().unwrap_or_default();
    let body = String::from_utf8_lossy(&bytes[end + 4..]);
    Err(format!("{} {}", String::from_utf8_lossy(line), body.trim()).trim_end().to_owned())
}
