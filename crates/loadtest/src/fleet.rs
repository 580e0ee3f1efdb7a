//! Many connections on one thread: reads what came, hands it to the scenario, writes what the scenario answers.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::epoll::{self, Event, EventData, EventFlags};
use rustix::time::Timespec;

use crate::client::Client;
use crate::frame::{self, Kind};
use crate::interrupt;
use crate::packet::{self, Packet, Peer};
use crate::server::Server;
use crate::socket::{Failure, Socket, Stage, source, upgraded};
use crate::timer::Timer;

/// How long a wait lasts at most, so that Ctrl-C is noticed.
const TICK: Duration = Duration::from_millis(100);

/// Connecting has failed if no connection becomes ready for so long.
const PATIENCE: u64 = 30_000_000_000;

/// The timer's key in epoll, where sockets have their own numbers.
const TIMER: u64 = u64::MAX;

/// The connections.
pub(crate) struct Fleet {
    peer: Peer,
    address: SocketAddr,
    /// The path of the WebSocket.
    path: String,
    start: Instant,
    epoll: OwnedFd,
    timer: Timer,
    sockets: Vec<Option<Socket>>,
    events: Vec<Event>,
    buffer: Vec<u8>,
    /// Connections ever begun.
    begun: usize,
    /// Connections that are not ready yet.
    opening: usize,
    /// When the last one became ready, or the first one was begun after that.
    progress: u64,
}

impl Fleet {
    pub(crate) fn new(peer: Peer, server: &Server) -> Result<Self, String> {
        let made = || {
            let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
            let timer = Timer::new()?;
            let edge = EventFlags::IN | EventFlags::ET;
            epoll::add(&epoll, &timer, EventData::new_u64(TIMER), edge)?;
            Ok((epoll, timer))
        };
        let (epoll, timer) = made().map_err(|error: rustix::io::Errno| format!("epoll: {error}"))?;
        Ok(Self {
            peer,
            address: server.address,
            path: format!("{}{}", server.base, peer.path()),
            start: Instant::now(),
            epoll,
            timer,
            sockets: Vec::new(),
            events: Vec::with_capacity(256),
            buffer: vec![0; 256 * 1024],
            begun: 0,
            opening: 0,
            progress: 0,
        })
    }

    /// Nanoseconds since the start.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Begins a connection with this number.
    pub(crate) fn open(&mut self, number: usize, token: &str) -> Result<(), String> {
        let source = source(self.address, self.begun);
        let hello = self.peer.hello(number, token);
        let socket = Socket::connect(self.address, source, &self.path, hello, self.now())
            .and_then(|socket| {
                let data = EventData::new_u64(number as u64);
                epoll::add(&self.epoll, &socket.stream, data, socket.interest)?;
                Ok(socket)
            })
            .map_err(|error| match error.raw_os_error() {
                Some(24) => {
                    "too many open files: raise the limit (ulimit -Hn) or ask for fewer connections".into()
                }
                _ => format!("cannot connect to {}: {error}", self.address),
            })?;
        if self.sockets.len() <= number {
            self.sockets.resize_with(number + 1, || None);
        }
        self.sockets[number] = Some(socket);
        if self.opening == 0 {
            self.progress = self.now();
        }
        self.begun += 1;
        self.opening += 1;
        Ok(())
    }

    /// Opens connections numbered as their tokens are, so many at a time, and waits until all are ready.
    pub(crate) fn open_all<'a>(
        &mut self,
        tokens: impl Iterator<Item = &'a str>,
        at_a_time: usize,
        client: &mut impl Client,
    ) -> Result<(), String> {
        for (number, token) in tokens.enumerate() {
            self.wait_opening(at_a_time - 1, client)?;
            self.open(number, token)?;
        }
        self.wait_opening(0, client)
    }

    /// Waits until at most so many are not ready.
    pub(crate) fn wait_opening(&mut self, most: usize, client: &mut impl Client) -> Result<(), String> {
        while self.opening > most {
            interrupt::check()?;
            self.poll(TICK, client)?;
            self.check_progress()?;
        }
        Ok(())
    }

    /// Fails if no connection has become ready for too long.
    pub(crate) fn check_progress(&self) -> Result<(), String> {
        if self.opening > 0 && self.now().saturating_sub(self.progress) > PATIENCE {
            return Err(format!("{} connections are not ready after 30 s", self.opening));
        }
        Ok(())
    }

    /// Waits. Meanwhile the server's pings are answered, and no connection is begun.
    pub(crate) fn rest(&mut self, nanos: u64, client: &mut impl Client) -> Result<(), String> {
        let until = self.now() + nanos;
        while let Some(left) = until.checked_sub(self.now()) {
            interrupt::check()?;
            self.poll(Duration::from_nanos(left), client)?;
        }
        Ok(())
    }

    /// Says goodbye and closes.
    pub(crate) fn close(&mut self, number: usize) {
        let Some(mut socket) = self.remove(number) else { return };
        if self.peer != Peer::Relay && socket.stage != Stage::Upgrading {
            frame::write(Kind::Text, b"41", &mut socket.out);
        }
        frame::write(Kind::Close, &1000_u16.to_be_bytes(), &mut socket.out);
        // The goodbye need not arrive.
        let _ = socket.flush();
    }

    /// Closes all.
    pub(crate) fn close_all(&mut self) {
        (0..self.sockets.len()).for_each(|number| self.close(number));
    }

    fn remove(&mut self, number: usize) -> Option<Socket> {
        let socket = self.sockets.get_mut(number)?.take()?;
        if socket.stage != Stage::Ready {
            self.opening -= 1;
        }
        Some(socket)
    }

    /// Where to append frames outside a turn; `flush` sends them.
    pub(crate) fn out(&mut self, number: usize) -> Option<&mut Vec<u8>> {
        self.sockets.get_mut(number)?.as_mut().map(|socket| &mut socket.out)
    }

    /// Sends what was appended.
    pub(crate) fn flush(&mut self, number: usize, client: &mut impl Client) -> Result<(), String> {
        self.after(number, Ok(()), client)
    }

    /// Ends the next wait at a time, more exactly than a wait for milliseconds does.
    pub(crate) fn wake_at(&mut self, nanos: u64) -> Result<(), String> {
        let now = self.now();
        self.timer.set(now, nanos).map_err(|error| error.to_string())
    }

    /// Waits until something arrives, but at most so long, and handles it.
    pub(crate) fn poll(&mut self, wait: Duration, client: &mut impl Client) -> Result<(), String> {
        let timeout = Timespec::try_from(wait.min(TICK)).map_err(|error| error.to_string())?;
        let mut events = std::mem::take(&mut self.events);
        events.clear();
        let waited = epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), Some(&timeout));
        match waited {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.to_string()),
        }
        for event in &events {
            let data = event.data;
            if data.u64() != TIMER {
                let number = usize::try_from(data.u64()).expect("it was a usize");
                let handled = self.readable(number, client);
                self.after(number, handled, client)?;
            }
        }
        self.events = events;
        Ok(())
    }

    /// Writes what waits to be written. Ends the connection if that fails, or if the handling before it failed.
    fn after(
        &mut self,
        number: usize,
        handled: Result<(), Failure>,
        client: &mut impl Client,
    ) -> Result<(), String> {
        let flushed = handled.and_then(|()| {
            let Some(socket) = self.sockets[number].as_mut() else { return Ok(()) };
            socket.flush()?;
            let mut interest = EventFlags::IN;
            interest.set(EventFlags::OUT, !socket.out.is_empty());
            if socket.interest != interest {
                let data = EventData::new_u64(number as u64);
                epoll::modify(&self.epoll, &socket.stream, data, interest).map_err(io::Error::from)?;
                socket.interest = interest;
            }
            Ok(())
        });
        match flushed {
            Ok(()) => Ok(()),
            Err(Failure::Scenario(error)) => Err(error),
            Err(Failure::Connection(reason)) => {
                self.remove(number);
                client.closed(number, &reason)
            }
            Err(Failure::Refused(reason)) => {
                self.remove(number);
                client.refused(number, &reason)
            }
        }
    }

    /// Reads from a connection and handles what arrived.
    fn readable(&mut self, number: usize, client: &mut impl Client) -> Result<(), Failure> {
        // The connection may have been closed while earlier events of this wait were handled.
        let Some(socket) = self.sockets[number].as_mut() else { return Ok(()) };
        let Some(length) = socket.read(&mut self.buffer)? else { return Ok(()) };
        let now = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let bytes = &self.buffer[..length];
        let mut used = 0;
        if socket.stage == Stage::Upgrading {
            let Some(head) = upgraded(bytes).map_err(Failure::Connection)? else {
                socket.keep(bytes);
                return Ok(());
            };
            used = head;
            socket.stage = Stage::Joining;
            if self.peer == Peer::Relay {
                socket.introduce();
                socket.stage = Stage::Ready;
                self.opening -= 1;
                self.progress = now;
                client.ready(socket.turn(number, now)).map_err(Failure::Scenario)?;
            }
        }
        while let Some(frame) = frame::parse(&bytes[used..]).map_err(Failure::Connection)? {
            used += frame.length;
            match frame.kind {
                Kind::Text => {}
                Kind::Ping => {
                    frame::write(Kind::Pong, frame.payload, &mut socket.out);
                    continue;
                }
                Kind::Pong => continue,
                Kind::Close => return Err(Failure::Connection(frame::close_reason(frame.payload))),
            }
            match self.peer.read(frame.payload) {
                Packet::Ack(number_of_ack, arguments) => match packet::refusal(arguments) {
                    Some(reason) => client.declined(socket.turn(number, now), &reason),
                    None => client.acknowledged(socket.turn(number, now), number_of_ack),
                },
                Packet::Message(message) => client.message(socket.turn(number, now), message),
                Packet::Ping => {
                    frame::write(Kind::Text, b"3", &mut socket.out);
                    Ok(())
                }
                Packet::Open => {
                    socket.introduce();
                    Ok(())
                }
                Packet::Ready if socket.stage == Stage::Joining => {
                    socket.stage = Stage::Ready;
                    self.opening -= 1;
                    self.progress = now;
                    client.ready(socket.turn(number, now))
                }
                Packet::Refused(problem) => return Err(Failure::Refused(packet::explain(problem))),
                Packet::Ready | Packet::Other => Ok(()),
            }
            .map_err(Failure::Scenario)?;
        }
        socket.keep(&bytes[used..]);
        Ok(())
    }
}
