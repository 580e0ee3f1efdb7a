//! One WebSocket connection, straight on its TCP socket, which never blocks.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use rustix::event::epoll::EventFlags;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use crate::client::Turn;
use crate::frame::{self, Kind};

/// A loopback address has some 28,000 ports to connect from; after so many connections the next address is used.
const PER_SOURCE: usize = 10_000;

/// The address to connect from, by how many connections were begun. `None` lets the system choose.
pub(crate) fn source(to: SocketAddr, begun: usize) -> Option<Ipv4Addr> {
    let round = begun / PER_SOURCE;
    (to.ip().is_loopback() && to.is_ipv4() && round > 0)
        .then(|| Ipv4Addr::new(127, 0, 0, u8::try_from(1 + round % 250).expect("it is below 251")))
}

/// The state of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Waits for the answer to the WebSocket handshake.
    Upgrading,
    /// The WebSocket is open. The session does not take messages yet.
    Joining,
    /// The session takes messages.
    Ready,
}

/// A connection.
pub(crate) struct Socket {
    pub(crate) stream: TcpStream,
    pub(crate) stage: Stage,
    /// When connecting began.
    pub(crate) opened: u64,
    /// The client's first frame; empty once it was sent.
    pub(crate) hello: String,
    /// Bytes that wait to be written.
    pub(crate) out: Vec<u8>,
    /// The beginning of a frame that is incomplete.
    pub(crate) partial: Vec<u8>,
    /// The events that epoll reports for it.
    pub(crate) interest: EventFlags,
}

impl Socket {
    /// Begins to connect, from an address of this machine's own choice or from this one, and asks for a WebSocket.
    pub(crate) fn connect(
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

    /// Writes as much as the system accepts.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
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
    pub(crate) fn read(&mut self, buffer: &mut Vec<u8>) -> io::Result<Option<usize>> {
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

    /// Sends the client's first frame.
    pub(crate) fn introduce(&mut self) {
        let hello = std::mem::take(&mut self.hello);
        frame::write(Kind::Text, hello.as_bytes(), &mut self.out);
    }

    /// The connection as a scenario sees it while it handles what was received.
    pub(crate) fn turn(&mut self, number: usize, now: u64) -> Turn<'_> {
        Turn { number, now, opened: self.opened, out: &mut self.out }
    }

    /// Keeps the bytes that are not a whole frame yet.
    pub(crate) fn keep(&mut self, rest: &[u8]) {
        self.partial.clear();
        self.partial.extend_from_slice(rest);
    }
}

/// Why handling a connection ended.
pub(crate) enum Failure {
    /// The connection ended. The scenario decides what that means.
    Connection(String),
    /// The server refused something, in the words of its protocol.
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
pub(crate) fn upgraded(bytes: &[u8]) -> Result<Option<usize>, String> {
    let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else { return Ok(None) };
    if bytes.starts_with(b"HTTP/1.1 101 ") {
        return Ok(Some(end + 4));
    }
    let line = bytes.split(|&byte| byte == b'\r').next().unwrap_or_default();
    let body = String::from_utf8_lossy(&bytes[end + 4..]);
    Err(format!("{} {}", String::from_utf8_lossy(line), body.trim()).trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_connections_to_loopback_come_from_several_addresses() {
        let local = "127.0.0.1:5000".parse().unwrap();
        let addresses = [0, 9_999, 10_000, 2_499_999, 2_500_000].map(|begun| source(local, begun));
        let expected = [None, None, Some(2), Some(250), Some(1)];
        assert_eq!(addresses, expected.map(|last| last.map(|last| Ipv4Addr::new(127, 0, 0, last))));
        assert_eq!(source("192.0.2.1:5000".parse().unwrap(), 20_000), None);
        assert_eq!(source("[::1]:5000".parse().unwrap(), 20_000), None);
    }
}
