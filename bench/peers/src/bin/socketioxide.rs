//! The demo in Rust, on the socket.io server that Rust has. Same events, same queue in memory.
//!
//! One thread: it is faster so, and with several the library hands a client's messages over out of order.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::State;
use axum::routing::post;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use bench_peers::{listen, port};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, Extension, SocketRef};
use socketioxide::handler::ConnectHandler;
use uuid::Uuid;

#[derive(Clone, Serialize)]
struct Message {
    id: Uuid,
    sender: String,
    receiver: String,
    text: String,
    timestamp: u64,
}

#[derive(Serialize)]
struct Reply<'a> {
    status: &'static str,
    data: &'a Message,
}

impl<'a> Reply<'a> {
    fn ok(data: &'a Message) -> Self {
        Self { status: "ok", data }
    }
}

#[derive(Deserialize)]
struct Send {
    sender: String,
    receiver: String,
    text: String,
}

#[derive(Deserialize)]
struct Join {
    room: String,
}

#[derive(Deserialize)]
struct Group {
    room: String,
    text: String,
}

#[derive(Deserialize)]
struct Auth {
    token: String,
}

#[derive(Deserialize)]
struct Login {
    username: String,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    username: String,
    exp: u64,
}

#[derive(Clone)]
struct Username(String);

/// Who is connected, and what waits for those who are not.
struct Users {
    people: Mutex<HashMap<String, Person>>,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

#[derive(Default)]
struct Person {
    sockets: Vec<SocketRef>,
    queued: Vec<Message>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let secret = [Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat();
    let users = Arc::new(Users {
        people: Mutex::default(),
        encoding: EncodingKey::from_secret(&secret),
        decoding: DecodingKey::from_secret(&secret),
    });

    // Past so many packets an emit fails and the message is lost; the default of 128 is less than a flush.
    let (layer, io) = SocketIo::builder().max_buffer_size(1 << 17).build_layer();
    let known = users.clone();
    let authenticate = async move |socket: SocketRef, Data(auth): Data<Auth>| {
        let token = decode::<Claims>(auth.token, &known.decoding, &Validation::default());
        token.map(|token| drop(socket.extensions.insert(Username(token.claims.username))))
    };
    let state = users.clone();
    let connected = async move |socket: SocketRef, Extension(Username(name)): Extension<Username>| {
        connect(&socket, name, &state);
    };
    io.ns("/", connected.with(authenticate));

    let app = Router::new().route("/auth/login", post(login)).layer(layer).with_state(users);
    // Without it every handshake waits 40 ms.
    let listener = listen(port()?)?.tap_io(|stream| drop(stream.set_nodelay(true)));
    Ok(axum::serve(listener, app).await?)
}

/// Anybody is let in: registering is not what is measured.
async fn login(State(users): State<Arc<Users>>, Json(login): Json<Login>) -> Json<Value> {
    let claims = Claims { username: login.username, exp: now() / 1000 + 3600 };
    Json(json!({ "token": encode(&Header::default(), &claims, &users.encoding).expect("claims are JSON") }))
}

fn connect(socket: &SocketRef, name: String, users: &Arc<Users>) {
    let queued = users.with(&name, |person| {
        person.sockets.push(socket.clone());
        std::mem::take(&mut person.queued)
    });
    for message in &queued {
        let _ = socket.emit("message", message);
    }

    let state = users.clone();
    socket.on("message", async move |Data(send): Data<Send>, ack: AckSender| {
        let Send { sender, receiver, text } = send;
        let message = Message { id: Uuid::new_v4(), sender, receiver, text, timestamp: now() };
        state.deliver(&message);
        let _ = ack.send(&Reply::ok(&message));
    });
    socket.on("join", async |socket: SocketRef, Data(Join { room }): Data<Join>, ack: AckSender| {
        socket.join(room);
        let _ = ack.send(&());
    });
    let sender = name.clone();
    socket.on("group", async |socket: SocketRef, Data(Group { room, text }): Data<Group>, ack: AckSender| {
        let message = Message { id: Uuid::new_v4(), sender, receiver: room.clone(), text, timestamp: now() };
        let _ = socket.to(room).emit("message", &message).await;
        let _ = ack.send(&Reply::ok(&message));
    });
    let state = users.clone();
    socket.on_disconnect(async move |socket: SocketRef| {
        state.with(&name, |person| person.sockets.retain(|other| *other != socket));
    });
}

impl Users {
    fn with<T>(&self, name: &str, work: impl FnOnce(&mut Person) -> T) -> T {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        match people.get_mut(name) {
            Some(person) => work(person),
            None => work(people.entry(name.to_owned()).or_default()),
        }
    }

    fn deliver(&self, message: &Message) {
        self.with(&message.receiver, |person| {
            if person.sockets.is_empty() {
                person.queued.push(message.clone());
            }
            for socket in &person.sockets {
                let _ = socket.emit("message", message);
            }
        });
    }
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or_default()
}
