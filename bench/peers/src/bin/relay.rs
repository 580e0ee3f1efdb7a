//! A bare WebSocket relay: the floor below any messaging server.
//!
//! A client's first frame is its number. Every further one, `<number> <text>`, goes as it is to the client of that
//! number, and `+` goes back. No names, no tokens, no JSON, no heartbeats.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::convert::Infallible;
use std::error::Error;
use std::rc::Rc;

use bench_peers::{listen, port};
use fastwebsockets::upgrade::{self, UpgradeFut};
use fastwebsockets::{Frame, OpCode, Role, after_handshake_split};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::Notify;
use tokio::task::{LocalSet, spawn_local};

type Clients = Rc<RefCell<HashMap<u32, Rc<Outbox>>>>;

/// What waits to be written to a client: many frames leave in one write.
#[derive(Default)]
struct Outbox {
    bytes: RefCell<Vec<u8>>,
    filled: Notify,
    closed: Cell<bool>,
}

impl Outbox {
    /// Adds a text frame as a server sends it: unmasked, with the shortest length.
    fn push(&self, text: &[u8]) {
        let mut bytes = self.bytes.borrow_mut();
        bytes.push(0x81);
        match (u8::try_from(text.len()), u16::try_from(text.len())) {
            (Ok(length @ ..=125), _) => bytes.push(length),
            (_, Ok(length)) => {
                bytes.push(126);
                bytes.extend_from_slice(&length.to_be_bytes());
            }
            _ => {
                bytes.push(127);
                bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
            }
        }
        bytes.extend_from_slice(text);
        drop(bytes);
        self.filled.notify_one();
    }

    fn close(&self) {
        self.closed.set(true);
        self.filled.notify_one();
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = listen(port()?)?;
    LocalSet::new()
        .run_until(async move {
            let clients = Clients::default();
            loop {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                spawn_local(handshake(stream, clients.clone()));
            }
        })
        .await
}

async fn handshake(stream: TcpStream, clients: Clients) {
    let service = service_fn(async |mut request: Request<Incoming>| {
        let answer = upgrade::upgrade(&mut request).map(|(answer, upgraded)| {
            spawn_local(connection(upgraded, clients.clone()));
            answer
        });
        Ok::<_, Infallible>(answer.unwrap_or_else(|_| {
            let mut refused = Response::new(Empty::<Bytes>::new());
            *refused.status_mut() = StatusCode::BAD_REQUEST;
            refused
        }))
    });
    // An error is a client that went away.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades().await;
}

async fn connection(upgrade: UpgradeFut, clients: Clients) {
    let Some(stream) = upgrade.await.ok().and_then(|upgraded| raw(upgraded.into_inner().into_inner())) else {
        return;
    };
    let (read, write) = stream.into_split();
    let outbox = Rc::new(Outbox::default());
    spawn_local(write_out(outbox.clone(), write));

    let mut number = None;
    // Only what reads is used of the library: it writes a frame at a time.
    let (mut frames, _) = after_handshake_split(read, tokio::io::empty(), Role::Server);
    frames.set_auto_close(false);
    frames.set_auto_pong(false);
    while let Ok(frame) = frames.read_frame(&mut async |_: Frame<'_>| Ok::<_, Infallible>(())).await {
        match (frame.opcode, number) {
            (OpCode::Text, None) => {
                let Some(own) = leading_number(&frame.payload) else { break };
                clients.borrow_mut().insert(own, outbox.clone());
                number = Some(own);
            }
            (OpCode::Text, Some(_)) => {
                let Some(receiver) = leading_number(&frame.payload) else { break };
                if let Some(receiver) = clients.borrow().get(&receiver) {
                    receiver.push(&frame.payload);
                }
                outbox.push(b"+");
            }
            (OpCode::Close, _) => break,
            _ => {}
        }
    }

    outbox.close();
    if let Some(number) = number {
        clients.borrow_mut().remove(&number);
    }
}

/// Writes what waits, all of it at once, until the connection is closed.
async fn write_out(outbox: Rc<Outbox>, mut write: OwnedWriteHalf) {
    let mut bytes = Vec::new();
    loop {
        outbox.filled.notified().await;
        std::mem::swap(&mut bytes, &mut outbox.bytes.borrow_mut());
        if outbox.closed.get() || write.write_all(&bytes).await.is_err() {
            return;
        }
        bytes.clear();
    }
}

/// The connection below the upgrade, so that nothing of HTTP stays in the way.
fn raw(upgraded: Upgraded) -> Option<TcpStream> {
    let parts = upgraded.downcast::<TokioIo<TcpStream>>().ok()?;
    // A client has nothing to say before it knows that it was let in.
    parts.read_buf.is_empty().then(|| parts.io.into_inner())
}

fn leading_number(text: &[u8]) -> Option<u32> {
    let digits = text.split(|&byte| byte == b' ').next()?;
    str::from_utf8(digits).ok()?.parse().ok()
}
