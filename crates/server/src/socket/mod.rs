//! The socket: decodes events in the order of arrival, calls the domain, and encodes the answers.

mod catch_up;
mod connect;
mod message;
mod presence;
mod receipt;
mod renew;
pub(crate) mod reply;
pub(crate) mod request;
mod storing;
mod sync;
mod typing;

use std::sync::Arc;

use domain::Error;
use protocol::{ClientEvent, Code};
use socketio::{Connect, Event, Handler, Mark, Reason, Refusal, Undelivered};

use domain::store::ConversationKey;

use crate::app::App;
use crate::client::{Client, Socket};
use reply::Reply;

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
        // Join the live stream before reading the log, so that no entry falls between the two.
        if !self.0.hub.join(socket) {
            socket.close(Reason::Application);
            return;
        }
        self.0.domain.presences.came(socket.session().caller.person.id);
        if socket.session().expiry.is_some() {
            self.0.tasks.spawn(renew::cut_when_expired(self.0.clone(), socket.clone()));
        }
        self.0.tasks.spawn(catch_up::run(self.0.clone(), socket.clone()));
    }

    async fn event(&self, socket: &Socket, mut event: Event) {
        let reply = Reply::new(socket, event.take_ack());
        let app = &self.0;
        // Meanwhile nothing more is read from the socket.
        if let Err(error) = socket.session().caller.wait_for_turn(&*app.clock).await {
            return reply.error(&error);
        }
        match ClientEvent::named(event.name()) {
            Some(ClientEvent::Message) => message::send(app, socket, &event, reply).await,
            Some(ClientEvent::EditMessage) => message::edit(app, socket, &event, reply).await,
            Some(ClientEvent::DeleteMessage) => message::delete(app, socket, &event, reply).await,
            Some(ClientEvent::ReactToMessage) => message::react(app, socket, &event, reply).await,
            Some(ClientEvent::Receipt) => receipt::advance(app, socket, &event, reply).await,
            Some(ClientEvent::Sync) => sync::sync(app, socket, &event, reply).await,
            Some(ClientEvent::Typing) => typing::set(app, socket, &event, reply).await,
            Some(ClientEvent::RenewAuth) => renew::renew(app, socket, &event, reply).await,
            Some(ClientEvent::WatchPresence) => presence::watch(app, socket, &event, reply).await,
            None => reply.error(&Error::new(
                Code::EventUnknown,
                "There is no event of this name; /docs lists those there are.",
            )),
        }
    }

    fn received(&self, socket: &Socket, mark: Mark) {
        delivered(&self.0, socket, mark);
    }

    fn acked(&self, socket: &Socket, mark: Mark) {
        if let Some(mark) = socket.session().acked(socket, mark) {
            delivered(&self.0, socket, mark);
        }
    }

    fn disconnected(&self, socket: &Socket, reason: Reason, _: Undelivered) {
        self.0.hub.leave(socket);
        let client = socket.session();
        client.ended();
        self.0.domain.presences.left(client.caller.person.id, client.key);
        self.0.domain.receipts.flush_soon();
        let user = &*client.caller.person.username;
        tracing::debug!(user, reason = reason.as_str(), "a socket is over");
    }
}

/// A device of the user has everything of a conversation up to the mark.
fn delivered(app: &App, socket: &Socket, mark: Mark) {
    let conversation = ConversationKey(i64::try_from(mark.0).unwrap_or_default());
    app.domain.receipts.delivered(socket.session().caller.person.id, conversation, mark.1);
}
