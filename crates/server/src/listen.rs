//! Accepting connections and giving their requests to HTTP or to the Socket.IO layer.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Request, Response, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_service::Service;

use crate::app::App;
use crate::config::Network;
use crate::http::extract::ClientAddress;
use crate::socket::Sockets;

/// How long a request's head may take.
const HEAD: Duration = Duration::from_secs(15);
/// How long to wait when the system has no room for another connection.
const PAUSE: Duration = Duration::from_millis(100);

/// What connections are served with.
#[derive(Clone)]
pub(crate) struct Listener {
    pub(crate) app: Arc<App>,
    pub(crate) router: axum::Router,
    pub(crate) sockets: socketio::Server<Sockets>,
}

impl Listener {
    /// Accepts connections until `stop`, then lets requests under way finish; `tasks` are theirs.
    pub(crate) async fn run(self, listener: TcpListener, stop: CancellationToken, tasks: TaskTracker) {
        let places = Arc::new(Semaphore::new(self.app.config.connections));
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stop.cancelled() => return,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            // Past the limit a connection is dropped at once: a refusal would cost what is lacking.
            let Ok(place) = places.clone().try_acquire_owned() else {
                tracing::warn!("too many connections; one was dropped");
                continue;
            };
            let (this, stop) = (self.clone(), stop.clone());
            tasks.spawn(async move {
                this.connection(stream, peer, stop).await;
                drop(place);
            });
        }
    }

    async fn connection(self, stream: TcpStream, peer: SocketAddr, stop: CancellationToken) {
        if let Err(error) = socketio::tune(&stream, self.app.config.ping_timeout.0) {
            // Gone before it began.
            tracing::debug!(%error, "a connection could not be set up");
            return;
        }
        let service = service_fn(|request| {
            let this = self.clone();
            async move { Ok::<_, Infallible>(this.answer(request, peer.ip()).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended badly");
        }
    }

    async fn answer(self, mut request: Request<Incoming>, peer: IpAddr) -> Response<Body> {
        let address = client_address(peer, request.headers(), &self.app.config.trusted_proxy);
        if is_socket(request.uri().path()) {
            return self.sockets.handle(request, address).await.map(Body::new);
        }
        request.extensions_mut().insert(ClientAddress(address));
        let Ok(response) = self.router.clone().call(request).await;
        response
    }
}

fn is_socket(path: &str) -> bool {
    path == "/socket.io" || path.starts_with("/socket.io/")
}

/// Whose request it is. Behind trusted proxies: the last address that is not one of theirs, as each proxy
/// appends the one it got the request from.
fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let peer = peer.to_canonical();
    if !is_trusted(peer) {
        return peer;
    }
    let forwarded = named_addresses(headers, header::FORWARDED.as_str(), |element| {
        let parts = element.split(';').filter_map(|part| part.trim().split_once('='));
        parts.filter(|(name, _)| name.eq_ignore_ascii_case("for")).map(|(_, value)| value).next()
    });
    let hops =
        if forwarded.is_empty() { named_addresses(headers, "x-forwarded-for", Some) } else { forwarded };
    let mut client = peer;
    for hop in hops.into_iter().rev() {
        // An obfuscated or broken hop hides all before it.
        let Some(hop) = hop else { break };
        client = hop;
        if !is_trusted(hop) {
            break;
        }
    }
    client
}

/// The addresses that the elements of a header name, in order.
fn named_addresses<'a>(
    headers: &'a HeaderMap,
    name: &str,
    address: impl Fn(&'a str) -> Option<&'a str>,
) -> Vec<Option<IpAddr>> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let elements = values.flat_map(|value| value.split(',')).map(str::trim);
    elements.map(|element| address(element).and_then(parse_address)).collect()
}

/// `192.0.2.1`, `192.0.2.1:4711`, `"[2001:db8::1]:4711"` or `2001:db8::1` (RFC 7239, 6).
fn parse_address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let address = text.parse().or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
    let address = address.or_else(|_| text.trim_start_matches('[').trim_end_matches(']').parse());
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, headers: &[(&'static str, &str)]) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()];
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        client_address(peer.parse().unwrap(), &map, &trusted).to_string()
    }

    #[test]
    fn only_trusted_proxies_count() {
        assert_eq!(client("192.0.2.9", &[("x-forwarded-for", "198.51.100.1")]), "192.0.2.9");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &[("x-forwarded-for", "198.51.100.1")]), "198.51.100.1");
        assert_eq!(client("::ffff:10.0.0.1", &[("x-forwarded-for", "198.51.100.1")]), "198.51.100.1");
    }

    #[test]
    fn what_a_client_claims_before_the_proxies_does_not_count() {
        let spoofed = [("x-forwarded-for", "127.0.0.1, 198.51.100.1, 10.9.9.9")];
        assert_eq!(client("10.0.0.1", &spoofed), "198.51.100.1");
        let split = [("x-forwarded-for", "127.0.0.1"), ("x-forwarded-for", "198.51.100.1")];
        assert_eq!(client("10.0.0.1", &split), "198.51.100.1");
    }

    #[test]
    fn forwarded_wins_and_is_read_in_all_its_forms() {
        let both = [("forwarded", "for=198.51.100.1;proto=https"), ("x-forwarded-for", "127.0.0.1")];
        assert_eq!(client("10.0.0.1", &both), "198.51.100.1");
        assert_eq!(
            client("10.0.0.1", &[("forwarded", "proto=https;For=\"[2001:db8::1]:80\"")]),
            "2001:db8::1"
        );
        assert_eq!(client("10.0.0.1", &[("forwarded", "for=198.51.100.1:4711")]), "198.51.100.1");
        assert_eq!(client("::1", &[("forwarded", "for=198.51.100.1, for=_hidden")]), "::1");
    }
}
