//! `aldis serve`

use std::io::Write;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::Config;
use crate::cores::{self, Cores};
use crate::running::Running;
use crate::{log, metrics};

/// Serves until it is told to stop.
pub(super) fn serve(config: Config) -> Result<(), String> {
    log::start(&config)?;
    raise_file_limit();
    let runtime = cores::runtime().map_err(|error| error.to_string())?;
    let (cores, threads) = Cores::start(&runtime).map_err(|error| error.to_string())?;
    let served = runtime.block_on(run(config, cores));
    threads.end();
    // A task that does not end in time does not keep the process running.
    runtime.shutdown_background();
    served
}

async fn run(config: Config, cores: Cores) -> Result<(), String> {
    // Before anything is opened, so that a signal that comes early is not lost.
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;

    // With a handler for this signal, writing past the limit for files fails with an error and does not end the
    // process.
    let _file_limit = signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()));

    let wanted = resolve(&config.listen)?;
    config.check(wanted)?;
    let listener = TcpListener::bind(wanted).await.map_err(|error| cannot_listen(&config.listen, &error))?;
    let mut running = Running::start(config, listener, cores)?;
    serve_metrics(&running).await?;

    let address = running.address;
    let base = running.app.config.base_path.as_str();
    tracing::info!(%address, memory = running.app.config.memory, "serving");
    if !running.app.config.memory && !running.app.domain.admins.is_there_one().await.unwrap_or(true) {
        let hint = "nobody sees to this server yet; make an admin with `aldis user admin NAME` of somebody who is \
                    registered, or with `aldis user add NAME --admin`";
        tracing::info!("{hint}");
    }
    // The only line on standard output. Whoever started the server may wait for it.
    let mut output = std::io::stdout();
    let _ = writeln!(output, "aldis is listening on http://{address}{base}").and_then(|()| output.flush());

    let cause = tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
        // The rest of the server would go on without it, and nobody would notice.
        fault = running.fault() => Err(fault),
    };
    tracing::info!("stopping: no new connections, what is in flight is finished");
    let bound = running.app.config.drain_timeout.0;
    let finished = tokio::select! {
        ended = tokio::time::timeout(bound, running.end(bound)) => ended.is_ok(),
        _ = terminate.recv() => false,
        _ = interrupt.recv() => false,
    };
    tracing::info!(finished, "stopped");
    cause
}

fn resolve(listen: &str) -> Result<SocketAddr, String> {
    let failed = || format!("listen: {listen:?} is not an address and a port, like 127.0.0.1:5000");
    listen.to_socket_addrs().map_err(|_| failed())?.next().ok_or_else(failed)
}

fn cannot_listen(listen: &str, error: &std::io::Error) -> String {
    let hint = match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            "; another program has it: stop that one, or choose another with --listen"
        }
        _ => "",
    };
    format!("cannot listen on {listen}: {error}{hint}")
}

/// Serves `/metrics` on a listener of its own, so that clients do not reach it.
async fn serve_metrics(running: &Running) -> Result<(), String> {
    let Running { app, sockets, tasks, stop, .. } = running;
    let listen = &app.config.metrics_listen;
    if listen == "off" {
        return Ok(());
    }
    let listener = match TcpListener::bind(resolve(listen)?).await {
        Ok(listener) => listener,
        Err(error) => {
            // Not an error: messages matter more than metrics, and there may be a second server on the machine.
            tracing::warn!(%listen, %error, "metrics are not served; choose another --metrics-listen, or off");
            return Ok(());
        }
    };
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    tracing::info!(%address, "metrics");
    let registry = Arc::new(app.metrics.registry(sockets.clone(), app.hub.clone(), app.store.clone()));
    let metrics = move |headers: HeaderMap| async move {
        let text = metrics::text(&registry, &headers).map_err(|error| error.to_string());
        text.map(|(kind, text)| ([(CONTENT_TYPE, kind)], text))
    };
    let router = axum::Router::new().route("/metrics", get(metrics));
    let stop = stop.clone();
    tasks.spawn(async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
        if let Err(error) = served.await {
            tracing::warn!(%error, "metrics are no longer served");
        }
    });
    Ok(())
}

/// Raises the limit of open files as far as the system allows, because each connection is an open file.
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        limit.current = limit.maximum;
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::warn!(%error, "the limit of open files could not be raised");
        }
    }
}
