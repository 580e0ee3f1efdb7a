//! Accepting connections and giving their requests to HTTP or to the Socket.IO layer.

mod address;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::Body;
use axum::http::header::HOST;
use axum::http::{Request, Response, Uri, Version};
use axum::response::IntoResponse;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use protocol::Code;
use socketio::holder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_service::Service;

use crate::app::App;
use crate::config::BasePath;
use crate::cores::Cores;
use crate::http;
use crate::http::extract::ClientAddress;
use crate::http::guard;
use crate::http::problem::Failure;
use crate::log::Rare;
use crate::socket::Sockets;
use address::{Connections, Place, client_address, is_forwarded, is_trusted};

/// How long reading the head of a request may take.
const HEAD: Duration = Duration::from_secs(15);
/// Wait after the system could not accept a connection.
const PAUSE: Duration = Duration::from_millis(100);
/// How many connections, not counting WebSockets, an address may have for each socket that it may have. A polling
/// client needs two, and a browser opens some for its pages.
const CONNECTIONS_PER_SOCKET: usize = 4;

/// Counts a connection among all connections and among those of its address, until it is dropped.
type Places = (OwnedSemaphorePermit, Place);

/// Accepts connections and serves them.
#[derive(Clone)]
pub(crate) struct Listener {
    app: Arc<App>,
    router: axum::Router,
    /// What answers outside the base path.
    outside: axum::Router,
    sockets: socketio::Server<Sockets>,
    /// Connections, and what handles their requests.
    tasks: TaskTracker,
    connections: Connections,
    cores: Cores,
    warned: Arc<Warned>,
}

impl Listener {
    pub(crate) fn new(
        app: Arc<App>,
        sockets: socketio::Server<Sockets>,
        tasks: TaskTracker,
        cores: Cores,
    ) -> Self {
        let (router, outside) = (http::router(app.clone()), http::outside(app.clone()));
        Self {
            app,
            router,
            outside,
            sockets,
            tasks,
            connections: Connections::default(),
            cores,
            warned: Arc::default(),
        }
    }

    /// Accepts connections until `stop`, then lets requests under way finish.
    pub(crate) async fn run(self, listener: TcpListener, stop: CancellationToken) {
        let places = Arc::new(Semaphore::new(self.app.config.connections));
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stop.cancelled() => return,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    static REFUSED: Rare = Rare::new();
                    if let Some(left_out) = REFUSED.left_out() {
                        tracing::warn!(%error, left_out, "a connection could not be accepted");
                    }
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            // Dropped without an answer, because answering would need what the server is short of.
            let Ok(place) = places.clone().try_acquire_owned() else {
                static DROPPED: Rare = Rare::new();
                if let Some(left_out) = DROPPED.left_out() {
                    tracing::warn!(left_out, "too many connections; one was dropped");
                }
                continue;
            };
            let Some(of_address) = self.place_of(peer.ip()) else {
                tracing::debug!(%peer, "too many connections of an address; one was dropped");
                continue;
            };
            let places = Arc::new((place, of_address));
            let stream = match stream.into_std() {
                Ok(stream) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be handed on");
                    continue;
                }
            };
            let connection = self.clone().connection(stream, peer, places, stop.clone());
            self.tasks.spawn_on(connection, self.cores.next());
        }
    }

    /// Counts a connection of an address; without a limit on loopback and for a proxy, which brings everybody's.
    fn place_of(&self, peer: IpAddr) -> Option<Place> {
        let config = &self.app.config;
        let peer = peer.to_canonical();
        let free = peer.is_loopback() || is_trusted(peer, &config.trusted_proxy);
        let most =
            if free { usize::MAX } else { config.sockets_per_address as usize * CONNECTIONS_PER_SOCKET };
        self.connections.enter(holder(peer), most)
    }

    async fn connection(
        self,
        stream: std::net::TcpStream,
        peer: SocketAddr,
        places: Arc<Places>,
        stop: CancellationToken,
    ) {
        // From here on the connection belongs to the core that this runs on. (A session that upgrades from polling
        // stays with the core of its first request; its WebSocket belongs to this core.)
        let tuned = TcpStream::from_std(stream).and_then(|stream| {
            socketio::tune(&stream, self.app.config.ping_timeout.0)?;
            Ok(stream)
        });
        let stream = match tuned {
            Ok(stream) => stream,
            Err(error) => {
                // Gone before it began.
                tracing::debug!(%error, "a connection could not be set up");
                return;
            }
        };
        let service = service_fn(|request| {
            let answer = self.clone().answer(request, peer.ip(), places.clone());
            async move { Ok::<_, Infallible>(answer.await) }
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

    /// Answers a request. The future only waits: hyper drops it when the client goes away, and what was begun
    /// must come to its end, as a session that is ended in the store and then cut.
    fn answer(
        self,
        mut request: Request<Incoming>,
        peer: IpAddr,
        places: Arc<Places>,
    ) -> impl Future<Output = Response<Body>> {
        let address = self.address(&request, peer);
        let is_inside = enter(&self.app.config.base_path, request.uri_mut());
        let asked = if self.came_through_a_stranger(&request, peer) {
            Asked::Refused
        } else if !names_one_host(&request) {
            Asked::Malformed
        } else if is_inside && self.sockets.serves(request.uri().path()) {
            Asked::Socket(request)
        } else {
            request.extensions_mut().insert(ClientAddress(address));
            let mut router = if is_inside { self.router.clone() } else { self.outside.clone() };
            Asked::Http(self.tasks.spawn(async move {
                let Ok(response) = router.call(request).await;
                // Kept until here, so that hanging up makes no room for more.
                drop(places);
                response
            }))
        };
        async move {
            match asked {
                Asked::Http(task) => task.await.unwrap_or_else(|_| {
                    Failure::new(Code::Internal, "The request could not be handled.").into_response()
                }),
                Asked::Socket(request) => self.sockets.handle(request, address).await.map(Body::new),
                Asked::Refused => guard::refuse_proxy(&self.app, peer),
                Asked::Malformed => {
                    Failure::new(Code::Malformed, "A request has one Host header.").into_response()
                }
            }
        }
    }

    /// Whether a request came through a proxy on this machine that the operator did not name. Such a request is
    /// refused, because all clients of the proxy would count as loopback, where nothing is limited and the fixed code
    /// is allowed. Only the liveness check is answered.
    fn came_through_a_stranger(&self, request: &Request<Incoming>, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        let stranger = peer.is_loopback()
            && !is_trusted(peer, &self.app.config.trusted_proxy)
            && is_forwarded(request.headers())
            && request.uri().path() != http::LIVEZ;
        if stranger {
            self.warned.stranger.get_or_init(|| {
                tracing::warn!(
                    "requests of a proxy on this machine are refused, because it was not named; \
                     set --trusted-proxy {peer}"
                );
            });
        }
        stranger
    }

    /// The client's address, by which it is limited.
    fn address(&self, request: &Request<Incoming>, peer: IpAddr) -> IpAddr {
        let (headers, config) = (request.headers(), &self.app.config);
        let header = config.proxy_header;
        let unnamed = !headers.contains_key(header.name()) && is_forwarded(headers);
        if unnamed && is_trusted(peer.to_canonical(), &config.trusted_proxy) {
            self.warned.no_header.get_or_init(|| {
                tracing::warn!(
                    "the proxy {peer} does not name its clients in {}, so that they are limited as one; \
                     let it send that header, or set --proxy-header",
                    header.name()
                );
            });
        }
        holder(client_address(peer, headers, &config.trusted_proxy, header))
    }
}

/// How a request is answered.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one for a moment; a box would be one more allocation"
)]
enum Asked {
    Http(JoinHandle<Response<Body>>),
    Socket(Request<Incoming>),
    Refused,
    Malformed,
}

/// Warnings that are logged only once.
#[derive(Default)]
struct Warned {
    /// A proxy on this machine was not named in the settings.
    stranger: OnceLock<()>,
    /// A trusted proxy does not send the header that the settings name.
    no_header: OnceLock<()>,
}

/// Whether a request names its host once, as HTTP/1.1 demands (RFC 9112, 3.2): with two of them, a proxy and the server
/// could each believe another one.
fn names_one_host<B>(request: &Request<B>) -> bool {
    let hosts = request.headers().get_all(HOST).iter().count();
    hosts == 1 || hosts == 0 && request.version() == Version::HTTP_10
}

/// Takes the base path off what was asked for: behind this nobody knows of it. Says no if it lies outside.
fn enter(base: &BasePath, uri: &mut Uri) -> bool {
    if base.as_str().is_empty() {
        return true;
    }
    let Some(inside) = uri.path_and_query().and_then(|whole| base.inside(whole.as_str())) else {
        return false;
    };
    let Ok(inside) = inside.parse() else { return false };
    let mut parts = std::mem::take(uri).into_parts();
    parts.path_and_query = Some(inside);
    *uri = Uri::from_parts(parts).expect("only its path has changed");
    true
}
