//! The Rust library, driven by lines of JSON (../README.md).
use std::collections::{HashMap, VecDeque};
use std::env;
use std::sync::{Arc, Mutex as StdMutex};
use std::time::Duration;

use futures_util::FutureExt;
use rust_socketio::asynchronous::{Client, ClientBuilder, ReconnectSettings};
use rust_socketio::{Payload, TransportType};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::sync::Mutex;

type Token = Arc<StdMutex<String>>;

/// The library loses what is emitted while there is no connection, so it is kept here.
#[derive(Default)]
struct Outbox {
    client: Option<Client>,
    commands: VecDeque<Value>,
}

type Shared = Arc<Mutex<Outbox>>;

/// What an event or an acknowledgement carries; the library wraps the latter once more.
fn value(payload: Payload) -> Value {
    match payload {
        Payload::Text(values) => values.into_iter().next().map_or(Value::Null, |first| match first {
            Value::Array(mut inner) if inner.len() == 1 => inner.remove(0),
            first => first,
        }),
        other => json!(format!("{other:?}")),
    }
}

fn report(socket: &str, event: &str, payload: Payload) {
    println!("{}", json!({ "socket": socket, "namespace": "/", "event": event, "payload": value(payload) }));
}

async fn flush(outbox: &mut Outbox) {
    while let (Some(client), Some(command)) = (&outbox.client, outbox.commands.front()) {
        let (event, payload) = (command["event"].as_str().unwrap(), command["payload"].clone());
        let (socket, ack) = (command["socket"].clone(), command["ack"].clone());
        let answered = move |answer: Payload, _: Client| {
            println!("{}", json!({ "socket": socket, "ack": ack, "payload": value(answer) }));
            async {}.boxed()
        };
        if client.emit_with_ack(event, payload, Duration::from_secs(60), answered).await.is_err() {
            // The next connection is told as another "open".
            outbox.client = None;
            return;
        }
        outbox.commands.pop_front();
    }
}

async fn connect(command: Value, token: Token, outbox: Shared) {
    let socket = command["socket"].as_str().unwrap().to_owned();
    let auth = command["auth"].clone();
    let renewed =
        move || if auth.is_null() { json!({ "token": *token.lock().unwrap() }) } else { auth.clone() };
    let transport = match command["transports"][0].as_str() {
        Some("polling") => TransportType::Polling,
        Some("websocket") => TransportType::Websocket,
        _ => TransportType::Any,
    };
    loop {
        let (renewed, came) = (renewed.clone(), socket.clone());
        let mut builder = ClientBuilder::new(env::var("URL").unwrap())
            .transport_type(transport.clone())
            .reconnect_delay(500, 2000)
            .auth(renewed())
            // It is asked at each connection, so that a renewed token is used.
            .on_reconnect(move || {
                let mut settings = ReconnectSettings::new();
                settings.auth(renewed());
                async { settings }.boxed()
            })
            .on_any(move |event, payload, _| {
                report(&came, event.as_str(), payload);
                async {}.boxed()
            });
        for (event, name) in [("open", "connect"), ("close", "disconnect"), ("error", "connect_error")] {
            let (socket, outbox) = (socket.clone(), outbox.clone());
            builder = builder.on(event, move |payload, client| {
                report(&socket, name, payload);
                let outbox = outbox.clone();
                async move {
                    let mut outbox = outbox.lock().await;
                    match event {
                        "open" => outbox.client = Some(client),
                        "close" => outbox.client = None,
                        _ => return,
                    }
                    flush(&mut outbox).await;
                }
                .boxed()
            });
        }
        // Until the first connection the library gives up at once.
        let Err(error) = builder.connect().await else { return };
        eprintln!("{error}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::main]
async fn main() {
    let token: Token = Arc::new(StdMutex::new(env::var("TOKEN").unwrap()));
    let mut sockets = HashMap::<String, Shared>::new();
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        let command: Value = serde_json::from_str(&line).unwrap();
        let outbox = sockets.entry(command["socket"].to_string()).or_default().clone();
        let done = command["do"].clone();
        match command["do"].as_str() {
            Some("connect") => drop(tokio::spawn(connect(command, token.clone(), outbox))),
            Some("emit") => {
                let mut outbox = outbox.lock().await;
                outbox.commands.push_back(command);
                flush(&mut outbox).await;
            }
            Some("token") => *token.lock().unwrap() = command["token"].as_str().unwrap().to_owned(),
            _ => panic!("{line}"),
        }
        println!("{}", json!({ "did": done }));
    }
}
