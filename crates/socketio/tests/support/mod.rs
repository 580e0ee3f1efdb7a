//! A server under test, and an application that tells what happens to it.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "for tests; each uses a part of it")]

pub mod client;

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, value::RawValue};
use socketio::{
    Config, Connect, Event, Handler, Mark, Origins, Payload, Rate, Reason, Refusal, Server, Socket,
    Undelivered,
};
use tokio::{
    net::TcpListener,
    sync::{
        Semaphore,
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    },
    time::timeout,
};

/// The application's session: the client's auth.
pub type Session = Value;

/// What happened to the application.
#[derive(Debug)]
pub enum Happened {
    Connected(Socket<Session>),
    Event { name: String, args: Value, attachments: Vec<Bytes> },
    Received(Mark),
    Acked(Mark),
    Disconnected(Reason, Undelivered),
}

/// Records everything. Answers `echo` with the same arguments, and any event that asks for it; `drain` waits
/// for the transport first.
pub struct App {
    happened: UnboundedSender<Happened>,
    /// Each `wait` takes a permit for good.
    gate: Arc<Semaphore>,
}

impl App {
    fn tell(&self, happened: Happened) {
        let _ = self.happened.send(happened);
    }
}

impl Handler for App {
    type Session = Session;

    fn namespace(&self, name: &str) -> Result<(), Refusal> {
        if name == "/unknown" { Err(Refusal::new("Invalid namespace")) } else { Ok(()) }
    }

    async fn connect(&self, request: Connect) -> Result<Session, Refusal> {
        let auth: Value = request.auth().expect("auth is JSON");
        if auth["wait"] == true {
            self.gate.acquire().await.expect("never closed").forget();
        }
        match &*request.namespace {
            "/refused" => Err(Refusal::new("no").with_data(serde_json::json!({ "why": ["because"] }))),
            _ => Ok(auth),
        }
    }

    fn connected(&self, socket: &Socket<Session>) {
        self.tell(Happened::Connected(socket.clone()));
    }

    async fn event(&self, socket: &Socket<Session>, mut event: Event) {
        let name = event.name().to_owned();
        self.tell(Happened::Event {
            name: name.clone(),
            args: event.args().expect("arguments are a list"),
            attachments: event.attachments().to_vec(),
        });
        let raw: Vec<&RawValue> = event.args().expect("arguments are a list");
        match &*name {
            "wait" => self.gate.acquire().await.expect("never closed").forget(),
            "yield" => tokio::task::yield_now().await,
            "drain" => socket.drained().await,
            "panic" => panic!("as asked"),
            "echo" => {
                let back = Payload::event("echo", &raw).expect("it came as JSON");
                let _ = socket.emit(&back.with_attachments(event.attachments()).expect("they came along"));
            }
            _ => {}
        }
        let back = Payload::arguments(&raw).expect("it came as JSON");
        let back = back.with_attachments(event.attachments()).expect("they came along");
        if let Some(ack) = event.take_ack() {
            let _ = ack.send(&back);
        }
    }

    fn received(&self, _: &Socket<Session>, mark: Mark) {
        self.tell(Happened::Received(mark));
    }

    fn acked(&self, _: &Socket<Session>, mark: Mark) {
        self.tell(Happened::Acked(mark));
    }

    fn disconnected(&self, _: &Socket<Session>, reason: Reason, undelivered: Undelivered) {
        self.tell(Happened::Disconnected(reason, undelivered));
    }
}

/// A server that is running.
pub struct Fixture {
    pub address: SocketAddr,
    pub server: Server<App>,
    pub gate: Arc<Semaphore>,
    happened: UnboundedReceiver<Happened>,
}

/// Settings under which a test does not hit a limit by accident.
pub fn config() -> Config {
    Config {
        origins: Origins::new([""; 0], true),
        rate: Rate { per_second: 10_000_000, burst: 10_000_000 },
        close_timeout: Duration::from_millis(300),
        ..Config::default()
    }
}

impl Fixture {
    pub async fn start(config: Config) -> Self {
        Self::start_for(config, None).await
    }

    /// As if all clients had one address.
    pub async fn start_for(config: Config, client: Option<IpAddr>) -> Self {
        let (sender, happened) = unbounded_channel();
        let gate = Arc::new(Semaphore::new(0));
        let server = Server::new(config.clone(), App { happened: sender, gate: gate.clone() });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, peer)) = listener.accept().await {
                socketio::tune(&stream, config.ping_timeout).unwrap();
                let (server, client) = (served.clone(), client.unwrap_or(peer.ip()));
                tokio::spawn(async move {
                    let service = service_fn(|request: Request<Incoming>| async {
                        Ok::<_, Infallible>(server.handle(request, client).await)
                    });
                    let mut http = http1::Builder::new();
                    let connection = http.timer(TokioTimer::new());
                    let connection = connection.serve_connection(TokioIo::new(stream), service);
                    let _ = connection.with_upgrades().await;
                });
            }
        });
        Self { address, server, gate, happened }
    }

    /// What happened next.
    pub async fn next(&mut self) -> Happened {
        let next = timeout(Duration::from_secs(20), self.happened.recv()).await;
        next.expect("something happens").expect("the application lives")
    }

    /// A client on polling, connected to the default namespace: its session and its socket.
    pub async fn polling_socket(&mut self) -> (String, Socket<Session>) {
        let sid = client::open_polling(self.address).await;
        client::post(self.address, &sid, "40").await;
        client::get(self.address, &sid).await;
        (sid, self.socket().await)
    }

    /// The next socket that connects.
    pub async fn socket(&mut self) -> Socket<Session> {
        match self.next().await {
            Happened::Connected(socket) => socket,
            other => panic!("a connected socket was expected, not {other:?}"),
        }
    }

    /// The next event.
    pub async fn event(&mut self) -> (String, Value) {
        match self.next().await {
            Happened::Event { name, args, .. } => (name, args),
            other => panic!("an event was expected, not {other:?}"),
        }
    }

    /// The next mark that the client has proved to have.
    pub async fn received(&mut self) -> Mark {
        match self.next().await {
            Happened::Received(mark) => mark,
            other => panic!("a mark was expected, not {other:?}"),
        }
    }

    /// The end of a socket; what happens before is let go.
    pub async fn disconnected(&mut self) -> (Reason, Undelivered) {
        loop {
            if let Happened::Disconnected(reason, undelivered) = self.next().await {
                return (reason, undelivered);
            }
        }
    }

    /// Waits until there is no session any more, and nothing is kept of those that were.
    pub async fn empty(&self) {
        let empty = async {
            while self.server.metrics().sessions > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(Duration::from_secs(20), empty).await.expect("the sessions end");
        let metrics = self.server.metrics();
        assert_eq!((metrics.sockets, metrics.pending_bytes), (0, 0));
        assert_eq!(metrics.opened, metrics.closed.iter().map(|(_, count)| count).sum::<u64>());
    }
}
