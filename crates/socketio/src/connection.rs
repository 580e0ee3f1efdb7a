//! One session's side of Socket.IO: which namespaces it is connected to, and what its packets mean.

use std::sync::{Arc, atomic::Ordering};

use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::{
    Ack, Config, Connect, Event, Handler, Id, Mark, Reason, Refusal, Socket, Undelivered,
    ack::Waiting,
    call::{Call, Called, PartialCall},
    engine::{Link, Message, Note, Protocol, Received, Role},
    json,
    metrics::Counters,
    packet::{Kind, Packet, head},
    room::Rooms,
    socket::{AnySocket, Core},
};

/// Socket.IO over Engine.IO.
pub(crate) struct SocketIo<H> {
    pub(crate) handler: H,
    pub(crate) config: Config,
    pub(crate) rooms: Arc<Rooms<AnySocket>>,
    pub(crate) counters: Arc<Counters>,
    /// The name of the default namespace, which most sockets share.
    pub(crate) main: Arc<str>,
}

/// What is kept of a session.
pub(crate) struct Connection<S> {
    link: Arc<Link>,
    sockets: Vec<Socket<S>>,
    /// The lane of the latest socket; none is used twice.
    lane: u32,
    /// The client has connected to a namespace, or tried to.
    greeted: bool,
    /// Since when there is no socket.
    alone: Instant,
    /// What came and has attachments that did not.
    partial: Option<Box<PartialCall>>,
}

/// What a handler's work ends with.
pub(crate) enum Done<S> {
    Event,
    Connect(Arc<str>, Result<S, Refusal>),
}

impl<H: Handler> Protocol for SocketIo<H> {
    type Session = Connection<H::Session>;
    type Done = Done<H::Session>;

    fn open(&self, link: &Arc<Link>, now: Instant) -> Self::Session {
        Connection {
            link: link.clone(),
            sockets: Vec::new(),
            lane: 0,
            greeted: false,
            alone: now,
            partial: None,
        }
    }

    fn receive<'a>(
        &'a self,
        connection: &mut Self::Session,
        message: Message<'_>,
        now: Instant,
    ) -> Result<Received<'a, Self::Done>, Reason> {
        match message {
            // Between a packet and its attachments nothing else may come.
            Message::Text(_) if connection.partial.is_some() => Err(Reason::BadPacket),
            Message::Text(text) => {
                let packet = Packet::decode(text).ok_or(Reason::BadPacket)?;
                match packet.kind {
                    Kind::Connect => self.connect(connection, &packet),
                    Kind::Disconnect => self.disconnect(connection, &packet, now),
                    Kind::Event | Kind::Ack => self.call(connection, &packet, now),
                    Kind::ConnectError => Err(Reason::BadPacket),
                }
            }
            Message::Binary(bytes) => self.attachment(connection, bytes),
        }
    }

    fn finish(&self, connection: &mut Self::Session, done: Self::Done, _: Instant) -> Result<(), Reason> {
        match done {
            Done::Event => {}
            Done::Connect(namespace, Ok(session)) => self.connected(connection, namespace, session)?,
            Done::Connect(namespace, Err(refusal)) => refuse(connection, &namespace, &refusal)?,
        }
        Ok(())
    }

    fn received(&self, connection: &mut Self::Session, note: Note) {
        if let Some(index) = connection.of_lane(note.lane) {
            self.handler.received(&connection.sockets[index], note.mark);
        }
    }

    fn ended(&self, connection: &mut Self::Session, lane: u32, in_doubt: Vec<Note>, now: Instant) {
        if let Some(index) = connection.of_lane(lane) {
            let socket = connection.remove(index, now);
            let in_doubt = in_doubt.into_iter().map(|note| note.mark);
            self.end(&socket, Reason::ServerDisconnected, in_doubt.collect());
        }
    }

    fn deadline(&self, connection: &Self::Session) -> Option<(Instant, Reason)> {
        let partial = connection.partial.as_ref();
        let alone = connection.sockets.is_empty().then_some(connection.alone);
        let partial =
            partial.map(|partial| (partial.since + self.config.packet_timeout, Reason::PacketTimeout));
        let alone = alone.map(|since| (since + self.config.connect_timeout, Reason::ConnectTimeout));
        partial.into_iter().chain(alone).min_by_key(|(deadline, _)| *deadline)
    }

    fn close(&self, connection: Self::Session, reason: Reason, in_doubt: Vec<Note>) {
        for socket in connection.sockets {
            let lane = socket.core().lane;
            let marks = in_doubt.iter().filter(|note| note.lane == lane).map(|note| note.mark);
            self.end(&socket, reason, marks.collect());
        }
    }
}

impl<S: Send + Sync + 'static> Connection<S> {
    fn find(&self, namespace: &str) -> Option<usize> {
        self.sockets.iter().position(|socket| socket.namespace() == namespace)
    }

    fn of_lane(&self, lane: u32) -> Option<usize> {
        self.sockets.iter().position(|socket| socket.core().lane == lane)
    }

    fn remove(&mut self, index: usize, now: Instant) -> Socket<S> {
        self.alone = now;
        let socket = self.sockets.swap_remove(index);
        self.link.allow_long_bodies(!self.sockets.is_empty());
        socket
    }
}

impl<H: Handler> SocketIo<H> {
    fn connect(
        &self,
        connection: &mut Connection<H::Session>,
        packet: &Packet<'_>,
    ) -> Result<Received<'_, Done<H::Session>>, Reason> {
        let valid = packet.data.is_empty() || json::is_valid(packet.data);
        if !valid || connection.find(packet.namespace).is_some() {
            return Err(Reason::BadPacket);
        }
        if let Err(refusal) = self.handler.namespace(packet.namespace) {
            connection.greeted = true;
            refuse(connection, packet.namespace, &refusal)?;
            return Ok(Received::Done);
        }
        if connection.sockets.len() >= self.config.max_sockets {
            return Err(Reason::SocketLimit);
        }
        connection.greeted = true;
        let auth = Some(packet.data).filter(|data| !matches!(data.trim(), "" | "null"));
        let auth = auth.map(|data| RawValue::from_string(data.to_owned())).transpose();
        let request = Connect {
            namespace: packet.namespace.to_owned(),
            auth: auth.map_err(|_| Reason::BadPacket)?,
            address: connection.link.address(),
        };
        let namespace = match packet.namespace {
            "/" => self.main.clone(),
            other => other.into(),
        };
        Ok(Received::Work(Box::pin(
            async move { Done::Connect(namespace, self.handler.connect(request).await) },
        )))
    }

    fn connected(
        &self,
        connection: &mut Connection<H::Session>,
        namespace: Arc<str>,
        session: H::Session,
    ) -> Result<(), Reason> {
        connection.lane = connection.lane.checked_add(1).ok_or(Reason::SocketLimit)?;
        let id = Id::draw(self.config.random);
        let head = head(Kind::Connect, 0, &namespace, None);
        let limit = self.config.max_unacknowledged;
        let link = connection.link.clone();
        link.allow_long_bodies(true);
        let core = Core::new(id, connection.lane, namespace, link, limit, self.rooms.clone());
        let socket = Socket::new(core, session);
        let body = format!(r#"{{"sid":"{id}"}}"#);
        // If the session is closing, the socket is told of it as any other.
        let _ = connection.link.send(connection.lane, head, body.into_bytes().into(), &[], Role::Plain);
        if connection.sockets.is_empty() {
            connection.sockets.reserve_exact(1);
        }
        connection.sockets.push(socket.clone());
        self.counters.sockets.fetch_add(1, Ordering::Relaxed);
        self.handler.connected(&socket);
        Ok(())
    }

    fn disconnect(
        &self,
        connection: &mut Connection<H::Session>,
        packet: &Packet<'_>,
        now: Instant,
    ) -> Result<Received<'_, Done<H::Session>>, Reason> {
        if !packet.data.is_empty() || packet.ack.is_some() {
            return Err(Reason::BadPacket);
        }
        match connection.find(packet.namespace) {
            Some(index) => {
                let socket = connection.remove(index, now);
                // A packet for the old socket must not reach a new one of the same name.
                let in_doubt = connection.link.remove_lane(socket.core().lane);
                self.end(&socket, Reason::ClientDisconnected, in_doubt);
            }
            None if connection.greeted => {}
            None => return Err(Reason::BadPacket),
        }
        Ok(Received::Done)
    }

    /// Reads an event or an acknowledgement; handles it unless attachments belong to it.
    fn call(
        &self,
        connection: &mut Connection<H::Session>,
        packet: &Packet<'_>,
        now: Instant,
    ) -> Result<Received<'_, Done<H::Session>>, Reason> {
        let attachments = packet.attachments.unwrap_or_default();
        if attachments > self.config.max_attachments {
            return Err(Reason::AttachmentLimit);
        }
        let call = Call::read(packet).ok_or(Reason::BadPacket)?;
        if !connection.greeted {
            return Err(Reason::BadPacket);
        }
        if attachments == 0 {
            return Ok(self.dispatch(connection, packet.namespace, call));
        }
        let partial = PartialCall::new(packet.namespace, call, attachments, now);
        connection.partial = Some(Box::new(partial.ok_or(Reason::BadPacket)?));
        Ok(Received::Done)
    }

    fn attachment(
        &self,
        connection: &mut Connection<H::Session>,
        bytes: &[u8],
    ) -> Result<Received<'_, Done<H::Session>>, Reason> {
        let partial = connection.partial.as_mut().ok_or(Reason::BadPacket)?;
        partial.add(bytes, self.config.max_attachment_bytes)?;
        let Some(partial) = connection.partial.take_if(|partial| partial.is_complete()) else {
            return Ok(Received::Done);
        };
        let (namespace, call) = partial.into_call();
        Ok(self.dispatch(connection, &namespace, call))
    }

    fn dispatch(
        &self,
        connection: &Connection<H::Session>,
        namespace: &str,
        Call { kind, ack, payload }: Call,
    ) -> Received<'_, Done<H::Session>> {
        let socket = connection.find(namespace).map(|index| &connection.sockets[index]);
        // What comes for a socket that the server has disconnected was sent before the client knew.
        let Some(socket) = socket.filter(|socket| socket.is_connected()) else {
            return Received::Done;
        };
        if let Called::Event(name) = kind {
            let ack = ack.map(|id| Ack::new(socket.any(), id, payload.json().len()));
            let (socket, event) = (socket.clone(), Event::new(payload, name, ack));
            return Received::Work(Box::pin(async move {
                self.handler.event(&socket, event).await;
                Done::Event
            }));
        }
        let waiting = ack.and_then(|id| socket.core().acks.lock().take(id));
        match waiting {
            Some(Waiting::Mark(mark)) => self.handler.acked(socket, mark),
            // Nobody may be waiting any more.
            Some(Waiting::Call(sender)) => drop(sender.send(payload)),
            None => return Received::Done,
        }
        Received::Answer
    }

    /// Tells the application that a socket is over.
    fn end(&self, socket: &Socket<H::Session>, reason: Reason, in_doubt: Vec<Mark>) {
        let unacked = socket.core().end();
        self.counters.sockets.fetch_sub(1, Ordering::Relaxed);
        self.handler.disconnected(socket, reason, Undelivered { in_doubt, unacked });
    }
}

/// Tells the client that it may not connect to a namespace.
fn refuse<S>(connection: &Connection<S>, namespace: &str, refusal: &Refusal) -> Result<(), Reason> {
    let body = serde_json::to_vec(refusal).map_err(|_| Reason::Application)?;
    let head = head(Kind::ConnectError, 0, namespace, None);
    // If the session is closing, so be it.
    let _ = connection.link.send(0, head, body.into(), &[], Role::Plain);
    Ok(())
}
