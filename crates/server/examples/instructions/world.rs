//! The server, wired as always but for its limits, and clients whose connection is a buffer.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use domain::Caller;
use serde::Deserialize;
use socketio::bench::{Wire, frame};
use socketio::{Reason, Server};
use tokio::runtime::{Builder, Runtime};

use crate::app::App;
use crate::config::{Config, DEFAULTS};
use crate::people;
use crate::socket::Sockets;
use crate::wiring;

/// A server in memory.
pub(crate) struct World {
    pub(crate) runtime: Runtime,
    pub(crate) app: Arc<App>,
    pub(crate) server: Server<Sockets>,
}

impl World {
    pub(crate) fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let mut settings: toml::Table = DEFAULTS.parse().expect("the defaults are TOML");
        settings.insert("memory".into(), true.into());
        for often in ["message-burst", "messages-per-second", "event-burst", "events-per-second"] {
            settings.insert(often.into(), 1_000_000.into());
        }
        // Under valgrind minutes pass, and nobody answers pings.
        settings.insert("ping-interval".into(), "24h".into());
        let config = Config::deserialize(settings).expect("the settings are known");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (app, server) = wiring::wire(config, address).expect("a store in memory opens");
        let announced = app.clone();
        runtime.spawn(async move { announced.domain.announcer.run(std::future::pending()).await });
        Self { runtime, app, server }
    }

    /// Makes a person known, and logs them in; gives their token.
    pub(crate) async fn person(&self, username: &str) -> String {
        people::register(&self.app, username).await;
        people::login(&self.app, username).await
    }

    pub(crate) async fn caller(&self, token: &str) -> Caller {
        self.app.domain.sessions.authenticate(token).await.expect("the token is right")
    }

    /// A client, connected and caught up.
    pub(crate) async fn connect(&self, token: &str) -> Client<'_> {
        let wire = Wire::open(&self.server, IpAddr::V4(Ipv4Addr::LOCALHOST)).expect("there is room");
        let mut client = Client { wire, output: Vec::new() };
        client.turn(&mut frame(&format!(r#"40{{"token":"{token}"}}"#))).await;
        while !String::from_utf8_lossy(&client.output).contains("sync:done") {
            tokio::task::yield_now().await;
            client.turn(&mut []).await;
        }
        client
    }
}

/// A connected client.
pub(crate) struct Client<'a> {
    wire: Wire<'a, Sockets>,
    output: Vec<u8>,
}

impl Client<'_> {
    /// One turn of its session's task; gives what the server sent.
    pub(crate) async fn turn(&mut self, frames: &mut [u8]) -> &[u8] {
        self.output.clear();
        let turned: Result<(), Reason> = self.wire.turn(frames, &mut self.output).await;
        turned.expect("the session lives");
        &self.output
    }

    /// Turns until the server has sent something.
    pub(crate) async fn next(&mut self) {
        while self.turn(&mut []).await.is_empty() {
            tokio::task::yield_now().await;
        }
    }
}
