//! The server.

use std::{net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Body as HttpBody;

use crate::{Body, Config, Handler, Metrics, Room, connection::SocketIo, engine::Engine, metrics::Counters};

/// A Socket.IO server for one path. Cheap to clone.
pub struct Server<H: Handler>(pub(crate) Arc<Engine<SocketIo<H>>>);

impl<H: Handler> Clone for Server<H> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<H: Handler> Server<H> {
    /// A server without sessions. It accepts no connections: whoever does gives it their requests
    /// ([`Server::handle`]).
    pub fn new(config: Config, handler: H) -> Self {
        let counters = Arc::<Counters>::default();
        let protocol = SocketIo {
            handler,
            config: config.clone(),
            rooms: Arc::default(),
            counters: counters.clone(),
            main: "/".into(),
        };
        Self(Engine::counting(config, protocol, counters))
    }

    /// The application that it was made with.
    pub fn handler(&self) -> &H {
        &self.0.protocol().handler
    }

    /// Whether requests of a path are for [`Server::handle`]: those of [`Config::path`].
    pub fn serves(&self, path: &str) -> bool {
        self.0.serves(path)
    }

    /// Answers any request that it [serves](Server::serves), within the runtime.
    ///
    /// `address` is the client's, as the limits are to count it. For WebSocket the connection must be served
    /// by hyper as `TokioIo<TcpStream>` with upgrades, and [tuned](crate::tune).
    pub async fn handle<B>(&self, request: Request<B>, address: IpAddr) -> Response<Body>
    where
        B: HttpBody<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
    {
        self.0.handle(request, address).await
    }

    /// The sockets that are in a room of a namespace, to emit to. A room that nobody is in has none.
    pub fn to<'a>(&'a self, namespace: &'a str, room: &'a str) -> Room<'a> {
        Room::new(&self.0.protocol().rooms, namespace, room)
    }

    /// Opens no new session and reads no more events; resolves when the handlers at work are done. What
    /// they emit is sent.
    pub async fn quiesce(&self) {
        self.0.quiesce().await;
    }

    /// Quiesces, for at most half of `bound`, sends what waits and closes every session, and resolves when all
    /// tasks have ended. After `bound` what is left is cut off, handlers included.
    pub async fn close(&self, bound: Duration) {
        self.0.close(bound).await;
    }

    /// What is counted, at this moment. Looks at every session, so it costs more the more there are.
    pub fn metrics(&self) -> Metrics {
        self.0.metrics()
    }
}
