//! The way to the people of a server: the socket of one that runs, or the data itself.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
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
pub(super) enum Door {
    Running(SendRequest<Body>),
    Own(Arc<App>, Router),
}

impl Door {
    /// Connects to the server of a data folder. If none runs, opens the folder as a server would; one that is not there
    /// yet is made with `make` only.
    pub(super) async fn open(config: Config, make: bool) -> Result<Self, String> {
        let path = local::path(&config.data);
        match UnixStream::connect(&path).await {
            Ok(stream) => Self::through(stream).await,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
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
    pub(super) async fn close(self) {
        if let Self::Own(app, _) = self {
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

    /// Makes a request that is answered with nothing.
    pub(super) async fn tell(&mut self, method: Method, path: &str) -> Result<(), String> {
        self.send(method, path, Vec::new()).await.map(drop)
    }

    async fn send(&mut self, method: Method, path: &str, body: Vec<u8>) -> Result<Bytes, String> {
        let request = Request::builder().method(method).uri(path).header(HOST, "localhost");
        let request = request.header(CONTENT_TYPE, "application/json").body(Body::from(body));
        let request = request.map_err(|error| error.to_string())?;
        let (status, body) = match self {
            Self::Running(sender) => {
                sender.ready().await.map_err(|error| error.to_string())?;
                let answer = sender.send_request(request).await.map_err(|error| error.to_string())?;
                (answer.status(), answer.into_body().collect().await.map_err(|error| error.to_string())?)
            }
            Self::Own(_, router) => {
                let Ok(answer) = router.call(request).await;
                (answer.status(), answer.into_body().collect().await.map_err(|error| error.to_string())?)
            }
        };
        let body = body.to_bytes();
        if status.is_success() { Ok(body) } else { Err(refusal(status, &body)) }
    }
}

fn refusal(status: StatusCode, body: &[u8]) -> String {
    let problem = serde_json::from_slice::<Problem>(body);
    problem.map_or_else(|_| format!("the server answered {status}"), |problem| problem.detail)
}

/// A text as a part of a path or query.
pub(super) fn escape(text: &str) -> String {
    let escaped = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    escaped.collect()
}
