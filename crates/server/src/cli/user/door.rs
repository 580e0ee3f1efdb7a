//! The way to the people of a server: the socket of one that runs, or the data itself.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use protocol::Problem;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tower_service::Service;

use crate::app::App;
use crate::config::Config;
use crate::{http, local, wiring};

/// A connection to a server that runs, or the parts of one that this process alone uses.
pub(in crate::cli) enum Door {
    Running(SendRequest<Body>),
    Own(Arc<App>, Router),
}

impl Door {
    /// Connects to the server of a data folder. If none runs, opens the folder as a server would; one that is not there
    /// yet is made with `make` only.
    pub(in crate::cli) async fn open(config: Config, make: bool) -> Result<Self, String> {
        let path = local::path(&config.data);
        match UnixStream::connect(&path).await {
            Ok(stream) => Self::through(stream).await,
            Err(error) if is_nobody_there(error.kind()) => {
                if !make && !config.data.join("aldis.db").exists() {
                    let data = config.data.display();
                    return Err(format!("there is no database in {data}; name the data folder with --data"));
                }
                let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                let (app, _) = wiring::wire(config, nowhere)?;
                let router = http::command_line(app.clone());
                Ok(Self::Own(app, router))
            }
            Err(error) => Err(format!("the server cannot be reached through {}: {error}", path.display())),
        }
    }

    async fn through(stream: UnixStream) -> Result<Self, String> {
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
        tokio::spawn(connection);
        Ok(Self::Running(sender))
    }

    /// Finishes what was begun.
    pub(in crate::cli) async fn close(self) {
        if let Self::Own(app, _) = self {
            // Accounts that were deleted: no server is there that would erase what they left.
            if let Err(error) = app.domain.erasures.finish().await {
                tracing::warn!(cause = ?error.cause, "what a deleted account left is erased when the server runs");
            }
            app.store.close().await;
        }
    }

    /// Makes a request that is answered with a value.
    pub(super) async fn ask<T: DeserializeOwned>(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, String> {
        let body = body.map(serde_json::to_vec).transpose().map_err(|error| error.to_string())?;
        let answer = self.send(method, path, body.unwrap_or_default()).await?;
        serde_json::from_slice(&answer).map_err(|error| format!("the server answered otherwise: {error}"))
    }

    /// Writes what a request is answered with into a file that is not there yet. Nothing is left of one that breaks off.
    pub(in crate::cli) async fn save(&mut self, path: &str, target: &Path) -> Result<u64, String> {
        let (status, mut body) = self.begin(Method::GET, path, Vec::new()).await?;
        if !status.is_success() {
            let body = body.collect().await.map_err(|error| error.to_string())?;
            return Err(refusal(status, &body.to_bytes()));
        }
        let named = |error: std::io::Error| format!("{}: {error}", target.display());
        let file = File::options().write(true).create_new(true).mode(0o600).open(target).map_err(named)?;
        let written = write_all(file, &mut body).await;
        if written.is_err() {
            let _ = std::fs::remove_file(target);
        }
        written.map_err(named)
    }

    /// Makes a request that is answered with a value or with nothing.
    pub(super) async fn ask_perhaps<T: DeserializeOwned>(
        &mut self,
        method: Method,
        path: &str,
    ) -> Result<Option<T>, String> {
        let answer = self.send(method, path, Vec::new()).await?;
        if answer.is_empty() {
            return Ok(None);
        }
        let value = serde_json::from_slice(&answer);
        value.map(Some).map_err(|error| format!("the server answered otherwise: {error}"))
    }

    /// Makes a request that is answered with nothing.
    pub(super) async fn tell(&mut self, method: Method, path: &str) -> Result<(), String> {
        self.send(method, path, Vec::new()).await.map(drop)
    }

    async fn send(&mut self, method: Method, path: &str, body: Vec<u8>) -> Result<Bytes, String> {
        let (status, body) = self.begin(method, path, body).await?;
        let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
        if status.is_success() { Ok(body) } else { Err(refusal(status, &body)) }
    }

    async fn begin(
        &mut self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<(StatusCode, Body), String> {
        let request = Request::builder().method(method).uri(path).header(HOST, "localhost");
        let request = request.header(CONTENT_TYPE, "application/json").body(Body::from(body));
        let request = request.map_err(|error| error.to_string())?;
        match self {
            Self::Running(sender) => {
                sender.ready().await.map_err(|error| error.to_string())?;
                let answer = sender.send_request(request).await.map_err(|error| error.to_string())?;
                Ok((answer.status(), Body::new(answer.into_body())))
            }
            Self::Own(_, router) => {
                let Ok(answer) = router.call(request).await;
                Ok((answer.status(), answer.into_body()))
            }
        }
    }
}

/// Writes a body into a file, as it comes, and gives its length.
async fn write_all(mut file: File, body: &mut Body) -> std::io::Result<u64> {
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(std::io::Error::other)?;
        if let Some(bytes) = frame.data_ref() {
            // Nothing else runs in this process.
            file.write_all(bytes)?;
            length += bytes.len() as u64;
        }
    }
    file.sync_all()?;
    Ok(length)
}

/// Whether no server can be listening. The path may be too long for a socket; then the lock of the folder tells whether
/// one runs.
fn is_nobody_there(error: ErrorKind) -> bool {
    matches!(error, ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::InvalidInput)
}

fn refusal(status: StatusCode, body: &[u8]) -> String {
    let problem = serde_json::from_slice::<Problem>(body);
    problem.map_or_else(|_| format!("the server answered {status}"), |problem| problem.detail)
}

/// A text as a part of a path or query.
pub(in crate::cli) fn escape(text: &str) -> String {
    let escaped = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    escaped.collect()
}
