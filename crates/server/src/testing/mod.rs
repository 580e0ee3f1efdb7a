//! A server for tests: wired as always, on a free port of loopback, ended with the test that started it.
//!
//! Tests are plain threads that block; the server has its own. Nothing waits for a time: a test waits for what
//! the server says, and fails after [`PATIENCE`].

mod client;
mod http;
mod people;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::config::{Config, DEFAULTS};
use crate::cores::{self, Cores};
use crate::running::Running;
pub(crate) use client::{Client, Event, texts};

/// How long a test waits for anything before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a server is to be started.
pub(crate) struct Builder {
    config: Config,
    folder: Option<TempDir>,
}

impl Builder {
    /// Keeps everything in SQLite, in a folder that goes with the server.
    pub(crate) fn sqlite(mut self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        self.config.memory = false;
        self.config.data = folder.path().into();
        self.folder = Some(folder);
        self
    }

    pub(crate) fn settings(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    pub(crate) fn start(self) -> TestApp {
        let Self { config, folder } = self;
        let (started, running) = mpsc::channel();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || serve(config, &started, &stopped));
        let Started { app, address, runtime } = running.recv().expect("the server starts");
        TestApp { address, app, runtime, stop, thread: Some(thread), _folder: folder }
    }
}

/// A server that is running.
pub(crate) struct TestApp {
    pub(crate) address: SocketAddr,
    app: Arc<App>,
    runtime: Handle,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
    _folder: Option<TempDir>,
}

impl TestApp {
    /// In memory, with the default settings but for the limits that a busy test would hit.
    pub(crate) fn builder() -> Builder {
        let defaults: toml::Table = DEFAULTS.parse().unwrap();
        let mut config = Config::deserialize(defaults).unwrap();
        config.memory = true;
        config.message_burst = 100_000;
        config.event_burst = 100_000;
        config.login_burst = 1000;
        config.added_to_groups_per_hour = 100_000;
        Builder { config, folder: None }
    }

    pub(crate) fn start() -> Self {
        Self::builder().start()
    }

    /// One for each store.
    pub(crate) fn of_each_store() -> [Self; 2] {
        [Self::start(), Self::builder().sqlite().start()]
    }

    /// Makes a verified account and logs it in; gives the token.
    pub(crate) fn person(&self, username: &str) -> String {
        self.runtime.block_on(people::register(&self.app, username));
        self.login(username)
    }

    /// The same, of an admin.
    pub(crate) fn admin(&self, username: &str) -> String {
        let token = self.person(username);
        self.runtime.block_on(people::make_admin(&self.app, username));
        token
    }

    /// Begins another session; gives its token.
    pub(crate) fn login(&self, username: &str) -> String {
        self.runtime.block_on(people::login(&self.app, username))
    }

    /// Refuses the tokens that a host application has signed for somebody until now.
    pub(crate) fn log_out(&self, username: &str) {
        self.runtime.block_on(people::log_out(&self.app, username));
    }

    /// Calls the server over HTTP; `Null` is no body.
    pub(crate) fn call(&self, method: &str, path: &str, token: &str, body: &Value) -> http::Answer {
        http::call(self.address, method, path, token, body)
    }

    /// Asks for something with one more header.
    pub(crate) fn call_with(&self, method: &str, path: &str, header: &str) -> http::Answer {
        http::call_with(self.address, method, path, &format!("{header}\r\n"), &Value::Null)
    }

    /// Sends bytes as the body, without a `Content-Type`.
    pub(crate) fn send(&self, method: &str, path: &str, token: &str, bytes: &[u8]) -> http::Answer {
        http::send(self.address, method, path, &format!("Authorization: Bearer {token}\r\n"), bytes)
    }

    /// A socket that is caught up, and what it was sent until then.
    pub(crate) fn join(&self, auth: &Value) -> (Client, Vec<Event>) {
        let mut client = Client::open(self.address, "");
        client.connect(auth).expect("the server lets it in");
        let flushed = client.flush();
        (client, flushed)
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stop.cancel();
        let ended = self.thread.take().map_or(Ok(()), JoinHandle::join);
        // A second panic would hide the first one.
        assert!(std::thread::panicking() || ended.is_ok(), "the server panicked");
    }
}

/// What the test's thread is told of the server's.
struct Started {
    app: Arc<App>,
    address: SocketAddr,
    runtime: Handle,
}

fn serve(config: Config, started: &mpsc::Sender<Started>, stop: &CancellationToken) {
    let runtime = cores::runtime().unwrap();
    let (cores, threads) = Cores::start(&runtime).unwrap();
    runtime.block_on(run(config, cores, started, stop));
    threads.end();
    runtime.shutdown_background();
}

async fn run(config: Config, cores: Cores, started: &mpsc::Sender<Started>, stop: &CancellationToken) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let mut running = Running::start(config, listener, cores).unwrap();
    let Running { app, address, .. } = &running;
    started.send(Started { app: app.clone(), address: *address, runtime: Handle::current() }).unwrap();
    tokio::select! {
        () = stop.cancelled() => {}
        fault = running.fault() => panic!("{fault}"),
    }
    running.end(PATIENCE).await;
}
