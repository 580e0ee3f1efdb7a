//! Measures the layer: memory of an idle connection, CPU of a connect and of a relayed message.
//!
//! `relay [IDLE] [PAIRS] [WINDOW] [SECONDS]`: starts itself as a server in a process of its own, and reads
//! the kernel's accounting of that process. A message goes to the other socket of its pair, and its sender
//! gets an acknowledgement; each socket keeps WINDOW messages in flight.

#[path = "../tests/support/client.rs"]
mod client;

use std::{
    convert::Infallible,
    env,
    error::Error,
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use client::{Client, Message, frame};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::{Deserialize, Serialize};
use socketio::{Config, Connect, Event, Handler, Payload, Rate, Refusal, Server, Socket};
use tokio::net::TcpListener;

/// A message of the benchmark.
#[derive(Serialize, Deserialize)]
struct Text<'a> {
    receiver: usize,
    text: &'a str,
}

/// Hands messages to whom they are for, by number of connection.
#[derive(Default)]
struct Relay(Mutex<Vec<Socket<()>>>);

impl Handler for Relay {
    type Session = ();

    async fn connect(&self, _: Connect) -> Result<(), Refusal> {
        Ok(())
    }

    fn connected(&self, socket: &Socket<()>) {
        self.0.lock().expect("no panic").push(socket.clone());
    }

    async fn event(&self, socket: &Socket<()>, mut event: Event) {
        if event.name() == "forget" {
            self.0.lock().expect("no panic").clear();
            let _ = socket.emit(&Payload::event("forgotten", &()).expect("no arguments"));
            return;
        }
        let Ok(text) = event.first::<Text<'_>>() else { return };
        let receiver = self.0.lock().expect("no panic").get(text.receiver).cloned();
        let payload = Payload::event("message", &(&text,)).expect("it came as JSON");
        let status =
            if receiver.is_some_and(|receiver| receiver.emit(&payload).is_ok()) { "ok" } else { "gone" };
        if let Some(ack) = event.take_ack() {
            let _ = ack.send(&Payload::arguments(&(status,)).expect("a word"));
        }
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let rate = Rate { per_second: 10_000_000, burst: 10_000_000 };
    let config = Config { rate, max_sessions_per_address: 1_000_000, ..Config::default() };
    let server = Server::new(config, Relay::default());
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{}", listener.local_addr()?);
    loop {
        let (stream, address) = listener.accept().await?;
        socketio::tune(&stream, Duration::from_secs(20))?;
        let server = server.clone();
        tokio::spawn(async move {
            let service = service_fn(|request: Request<Incoming>| async {
                Ok::<_, Infallible>(server.handle(request, address.ip()).await)
            });
            let mut http = http1::Builder::new();
            let connection = http.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
            let _ = connection.with_upgrades().await;
        });
    }
}

/// The server's process.
struct Measured(Child);

impl Measured {
    fn start() -> Result<(Self, SocketAddr), Box<dyn Error>> {
        // Another server of the same protocol can be measured in its place.
        let program = env::var_os("RELAY_SERVER").map_or_else(env::current_exe, |path| Ok(path.into()))?;
        let mut child = Command::new(program).arg("serve").stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        Ok((Self(child), line.trim().parse()?))
    }

    /// User and system time.
    fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id())).expect("it runs");
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks: u64 = fields[11..13].iter().filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
        Duration::from_millis(ticks * 10)
    }

    /// Resident memory in bytes.
    fn memory(&self) -> i64 {
        let statm = fs::read_to_string(format!("/proc/{}/statm", self.0.id())).expect("it runs");
        let pages: i64 = statm.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
        pages * 4096
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Opens connections, several at a time.
async fn connect(address: SocketAddr, count: usize) -> Vec<Client> {
    let mut clients = Vec::new();
    while clients.len() < count {
        let some: Vec<_> =
            (clients.len()..count).take(64).map(|_| tokio::spawn(Client::connect(address))).collect();
        for client in some {
            clients.push(client.await.expect("no panic"));
        }
    }
    clients
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
async fn measure(idle: usize, pairs: usize, window: usize, seconds: u64) -> Result<(), Box<dyn Error>> {
    let (server, address) = Measured::start()?;
    // What every server pays once is not the connections'.
    drop(Client::connect(address).await);
    let memory = server.memory();
    for round in 1..=2 {
        let cpu = server.cpu();
        let clients = connect(address, idle).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        if idle > 0 {
            let kib = (server.memory() - memory) as f64 / 1024.0 / idle as f64;
            let micros = server.cpu().saturating_sub(cpu).as_secs_f64() * 1e6 / idle as f64;
            println!("memory of an idle connection   {kib:.2} KiB (round {round})");
            println!("CPU of a connect               {micros:.1} µs");
        }
        drop(clients);
        let mut forget = Client::connect(address).await;
        forget.send("42[\"forget\"]").await;
        assert_eq!(forget.text().await, "42[\"forgotten\"]");
        drop(forget);
        tokio::time::sleep(Duration::from_secs(1)).await;
        if idle > 0 {
            println!("memory after they closed       {:+} KiB", (server.memory() - memory) / 1024);
        }
    }

    let clients = connect(address, pairs * 2).await;
    let (relayed, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let tasks: Vec<_> = clients
        .into_iter()
        .enumerate()
        .map(|(number, mut client)| {
            let (relayed, stop) = (relayed.clone(), stop.clone());
            tokio::spawn(async move {
                let receiver = number ^ 1;
                let text = "x".repeat(120);
                let event = frame(
                    0x81,
                    format!(r#"421["message",{{"receiver":{receiver},"text":"{text}"}}]"#).as_bytes(),
                );
                client.raw(&event.repeat(window)).await;
                while !stop.load(Relaxed) {
                    let mut acked = 0;
                    client
                        .batch(&mut |message| match message {
                            Message::Text(text) if text.starts_with("43") => acked += 1,
                            Message::Text(text) if text.starts_with("42") => {}
                            other => panic!("{other:?}"),
                        })
                        .await;
                    relayed.fetch_add(acked as u64, Relaxed);
                    if acked > 0 {
                        client.raw(&event.repeat(acked)).await;
                    }
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (cpu, count, start) = (server.cpu(), relayed.load(Relaxed), Instant::now());
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let count = relayed.load(Relaxed) - count;
    println!("messages relayed a second      {:.0}", count as f64 / start.elapsed().as_secs_f64());
    println!(
        "CPU of a relayed message       {:.2} µs",
        server.cpu().saturating_sub(cpu).as_secs_f64() * 1e6 / count as f64
    );
    stop.store(true, Relaxed);
    for task in tasks {
        task.abort();
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "serve") {
        let one = env::var_os("RELAY_THREADS").is_none();
        let mut runtime = if one {
            tokio::runtime::Builder::new_current_thread()
        } else {
            tokio::runtime::Builder::new_multi_thread()
        };
        return runtime.enable_all().build()?.block_on(serve());
    }
    let number = |index: usize, default| arguments.get(index).map_or(Ok(default), |text| text.parse());
    let (idle, pairs, window, seconds) = (number(0, 5000)?, number(1, 500)?, number(2, 16)?, number(3, 5)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(measure(idle, pairs, window, seconds as u64))
}
