//! The socket: decode in the order of arrival, call the domain, encode.

mod catch_up;
mod client;
mod connect;
mod message;
mod presence;
mod receipt;
pub(crate) mod reply;
mod storing;
mod sync;
mod typing;
mod unacked;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use domain::Error;
use protocol::{ClientEvent, Code};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use socketio::{Connect, Event, Handler, Mark, Reason, Refusal, Undelivered};

use crate::app::App;
pub(crate) use client::Client;
use reply::Reply;

/// A connected client.
pub(crate) type Socket = socketio::Socket<Client>;

/// The application behind the Socket.IO server.
#[derive(Clone)]
pub(crate) struct Sockets(pub(crate) Arc<App>);

impl Handler for Sockets {
    type Session = Client;

    fn namespace(&self, name: &str) -> Result<(), Refusal> {
        connect::namespace(name).map_err(|error| connect::refusal(&error))
    }

    async fn connect(&self, request: Connect) -> Result<Client, Refusal> {
        connect::connect(&self.0, &request).await.map_err(|error| connect::refusal(&error))
    }

    fn connected(&self, socket: &Socket) {
        // Into the live stream first, then reading what was missed: nothing falls between the two.
        if !self.0.hub.join(socket) {
            socket.close(Reason::Application);
            return;
        }
        self.0.domain.presences.came(socket.session().caller.person.id);
        self.0.tasks.spawn(catch_up::run(self.0.clone(), socket.clone()));
    }

    async fn event(&self, socket: &Socket, mut event: Event) {
        let reply = Reply::new(socket, event.take_ack());
        let app = &self.0;
        match ClientEvent::named(event.name()) {
            Some(ClientEvent::Message) => message::send(app, socket, &event, reply).await,
            Some(ClientEvent::EditMessage) => message::edit(app, socket, &event, reply).await,
            Some(ClientEvent::DeleteMessage) => message::delete(app, socket, &event, reply).await,
            Some(ClientEvent::ReactToMessage) => message::react(app, socket, &event, reply).await,
            Some(ClientEvent::Receipt) => receipt::advance(app, socket, &event, reply).await,
            Some(ClientEvent::Sync) => sync::sync(app, socket, &event, reply).await,
            Some(ClientEvent::Typing) => typing::set(app, socket, &event, reply).await,
            Some(ClientEvent::WatchPresence) => presence::watch(app, socket, &event, reply).await,
            None => reply.error(&Error::new(Code::EventUnknown, "There is no event of this name.")),
        }
    }

    fn received(&self, socket: &Socket, mark: Mark) {
        client::delivered(&self.0, socket, mark);
    }

    fn acked(&self, socket: &Socket, mark: Mark) {
        if let Some(mark) = socket.session().acked(mark) {
            client::delivered(&self.0, socket, mark);
        }
    }

    fn disconnected(&self, socket: &Socket, reason: Reason, _: Undelivered) {
        self.0.hub.leave(socket);
        let client = socket.session();
        client.ended();
        self.0.domain.presences.left(client.caller.person.id, client.key);
        self.0.domain.receipts.hurry();
        let user = &*client.caller.person.username;
        tracing::debug!(user, reason = reason.as_str(), "a socket is over");
    }
}

/// The payload of a request.
pub(crate) fn decode<T: DeserializeOwned>(event: &Event) -> Result<T, Error> {
    if !event.attachments().is_empty() {
        return Err(Error::new(Code::Malformed, "Send JSON alone, without binary parts."));
    }
    // Where a fault lies is looked for only when there is one.
    event.first().map(|Object(request)| request).or_else(|_| decode_with_path(event))
}

fn decode_with_path<T: DeserializeOwned>(event: &Event) -> Result<T, Error> {
    use serde_json::error::Category;
    let mut track = serde_path_to_error::Track::new();
    let argument: &serde_json::value::RawValue =
        event.first().map_err(|_| Error::new(Code::Malformed, "Send one argument, an object."))?;
    if !argument.get().starts_with('{') {
        return Err(Error::new(Code::Malformed, "Send one argument, an object."));
    }
    let mut json = serde_json::Deserializer::from_str(argument.get());
    T::deserialize(serde_path_to_error::Deserializer::new(&mut json, &mut track)).map_err(|error| match error
        .classify()
    {
        Category::Data => crate::http::extract::unfit(&track.path().to_string(), &error.to_string()),
        Category::Io | Category::Syntax | Category::Eof => {
            Error::new(Code::Malformed, format!("This is not JSON: {error}."))
        }
    })
}

/// What is an object in JSON: serde alone would take a list of the values, too.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members))
            }
        }
        deserializer.deserialize_map(Members(PhantomData)).map(Self)
    }
}
