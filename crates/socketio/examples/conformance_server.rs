//! The server that the official conformance suites want: an echo over Engine.IO on `/engine.io/`, and one
//! over Socket.IO on `/socket.io/`.
//!
//! `conformance_server [PORT] [PING_INTERVAL] [PING_TIMEOUT]`: by default port 3000 (0 for any) and the
//! suites' 300 and 200 milliseconds. Prints its address when it is ready.

use std::{convert::Infallible, env, error::Error, sync::Arc, time::Duration};

use bytes::Bytes;
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::value::RawValue;
use socketio::{
    Config, Connect, Event, Handler, Origins, Payload, Rate, Reason, Refusal, Server, Socket,
    engine::{Engine, Head, Link, Message, Note, Protocol, Received, Role},
};
use tokio::{net::TcpListener, time::Instant};

/// Answers on Socket.IO.
struct Answers;

/// The handshake's auth.
type Auth = Box<RawValue>;

impl Handler for Answers {
    type Session = Auth;

    async fn connect(&self, request: Connect) -> Result<Auth, Refusal> {
        match &*request.namespace {
            "/" | "/custom" => {}
            // For the end-to-end tests: a refusal that tells more.
            "/refused" => {
                let data = serde_json::json!({ "code": "refused", "retryable": false });
                return Err(Refusal::new("refused").with_data(data));
            }
            _ => return Err(Refusal::new("Invalid namespace")),
        }
        Ok(request.auth.unwrap_or_else(|| RawValue::from_string("{}".to_owned()).expect("an object")))
    }

    fn connected(&self, socket: &Socket<Auth>) {
        let auth = Payload::event("auth", &[socket.session()]).expect("JSON stays JSON");
        let socket = socket.clone();
        tokio::spawn(async move {
            // The suites listen for one message after the other, and miss the second of two that come in
            // one segment.
            tokio::time::sleep(Duration::from_millis(10)).await;
            let _ = socket.emit(&auth);
        });
    }

    async fn event(&self, socket: &Socket<Auth>, mut event: Event) {
        let arguments: Vec<&RawValue> = event.args().expect("arguments are a list");
        let back = match event.name() {
            "message" => Payload::event("message-back", &arguments),
            "message-with-ack" => Payload::arguments(&arguments),
            // For the end-to-end tests: the server asks, and tells what it was answered.
            "ask-me" => {
                let socket = socket.clone();
                let question = Payload::event("question", &arguments).expect("JSON stays JSON");
                let question = question.with_attachments(event.attachments()).expect("as they came");
                tokio::spawn(async move {
                    let answer = socket.emit_with_ack(&question, Duration::from_millis(500)).await;
                    let answer = match &answer {
                        Ok(answer) => {
                            Payload::event("answer", &answer.args::<Vec<&RawValue>>().expect("a list"))
                                .and_then(|payload| payload.with_attachments(answer.attachments()))
                        }
                        Err(error) => Payload::event("no-answer", &[error.to_string()]),
                    };
                    let _ = socket.emit(&answer.expect("JSON stays JSON"));
                });
                return;
            }
            "disconnect-me" => return socket.disconnect(),
            "close-me" => return socket.close(Reason::Application),
            _ => return,
        };
        let back = back.and_then(|payload| payload.with_attachments(event.attachments()));
        let back = back.expect("what came can go back");
        let _ = match event.take_ack() {
            Some(ack) => ack.send(&back),
            None => socket.emit(&back),
        };
    }
}

/// An echo on Engine.IO.
struct Echo;

impl Protocol for Echo {
    type Session = Arc<Link>;
    type Done = ();

    fn open(&self, link: &Arc<Link>, _: Instant) -> Arc<Link> {
        link.clone()
    }

    fn receive(
        &self,
        link: &mut Arc<Link>,
        message: Message<'_>,
        _: Instant,
    ) -> Result<Received<'_, ()>, Reason> {
        let _ = match message {
            Message::Text(text) => link.send(0, Head::default(), text.as_bytes().into(), &[], Role::Plain),
            Message::Binary(bytes) => link.send_binary(Bytes::copy_from_slice(bytes)),
        };
        Ok(Received::Done)
    }

    fn finish(&self, _: &mut Arc<Link>, (): (), _: Instant) -> Result<(), Reason> {
        Ok(())
    }

    fn received(&self, _: &mut Arc<Link>, _: Note) {}

    fn ended(&self, _: &mut Arc<Link>, _: u32, _: Vec<Note>, _: Instant) {}

    fn deadline(&self, _: &Arc<Link>) -> Option<(Instant, Reason)> {
        None
    }

    fn close(&self, _: Arc<Link>, _: Reason, _: Vec<Note>) {}
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let argument = |index, default: u64| env::args().nth(index).map_or(Ok(default), |text| text.parse());
    let port = u16::try_from(argument(1, 3000)?)?;
    let config = Config {
        ping_interval: Duration::from_millis(argument(2, 300)?),
        ping_timeout: Duration::from_millis(argument(3, 200)?),
        connect_timeout: Duration::from_secs(1),
        max_payload: 1_000_000,
        max_body: 1_000_000,
        max_pending_bytes: 64 * 1024 * 1024,
        rate: Rate { per_second: 1_000_000, burst: 1_000_000 },
        origins: Origins::new([""; 0], true),
        ..Config::default()
    };
    let engine = Engine::new(Config { path: "/engine.io/".to_owned(), ..config.clone() }, Echo);
    let server = Server::new(config.clone(), Answers);
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://127.0.0.1:{}", listener.local_addr()?.port());
    loop {
        let (stream, address) = listener.accept().await?;
        socketio::tune(&stream, config.ping_timeout)?;
        let (engine, server) = (engine.clone(), server.clone());
        tokio::spawn(async move {
            let service = service_fn(|request: Request<Incoming>| async {
                Ok::<_, Infallible>(if engine.serves(request.uri().path()) {
                    engine.handle(request, address.ip()).await
                } else {
                    server.handle(request, address.ip()).await
                })
            });
            let mut http = http1::Builder::new();
            let connection = http.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
            let _ = connection.with_upgrades().await;
        });
    }
}
