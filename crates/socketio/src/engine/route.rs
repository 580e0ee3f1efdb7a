//! Requests: which session they are for, and how sessions come to be.

use std::{
    net::IpAddr,
    pin::pin,
    sync::{Arc, atomic::Ordering},
};

use bytes::Bytes;
use http::{Method, Request, Response};
use hyper::{
    body::Body as HttpBody,
    upgrade::{OnUpgrade, Parts, Upgraded},
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    time::{Instant, sleep_until, timeout},
};

use super::{
    Engine, Link, Protocol,
    driver::Driver,
    handshake::{Query, Transport, accept_websocket},
    item::{Content, Item},
    polling,
    refused::Refused,
    requests,
    response::{Body, preflight, text},
    stream::FrameStream,
    websocket,
};
use crate::{Config, Reason};

impl<P: Protocol> Engine<P> {
    /// Answers a request of the path. See [`crate::Server::handle`].
    pub async fn handle<B>(self: &Arc<Self>, request: Request<B>, address: IpAddr) -> Response<Body>
    where
        B: HttpBody<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
    {
        let cors = self.config.origins.cors(request.headers());
        let mut response = match self.route(request, address).await {
            Ok(response) => response,
            Err(refused) => {
                self.counters.refused.fetch_add(1, Ordering::Relaxed);
                refused.response()
            }
        };
        response.headers_mut().extend(cors);
        response
    }

    async fn route<B>(
        self: &Arc<Self>,
        request: Request<B>,
        address: IpAddr,
    ) -> Result<Response<Body>, Refused>
    where
        B: HttpBody<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
    {
        if let Some(why) = self.config.origins.refusal(request.headers()) {
            return Err(Refused::Origin(why));
        }
        if request.method() == Method::OPTIONS {
            return Ok(preflight(request.headers()));
        }
        let query = Query::read(&request)?;
        match (query.transport, query.session, request.method()) {
            (Transport::Polling, None, &Method::GET) => self.open_polling(address),
            (Transport::WebSocket, None, _) => self.open_websocket(request, address),
            (Transport::Polling, None, _) => Err(Refused::OpenMethod),
            (Transport::WebSocket, Some(id), _) => self.upgrade(&self.find(id)?, request),
            (Transport::Polling, Some(id), &Method::GET) => requests::get(&*self.find(id)?).await,
            (Transport::Polling, Some(id), &Method::POST) => {
                requests::post(&*self.find(id)?, request, &self.config, &self.long_body_permits).await
            }
            (Transport::Polling, Some(_), _) => Err(Refused::SessionMethod),
        }
    }

    /// The packet that opens a session.
    fn open_packet(&self, link: &Link, upgrades: &str) -> Bytes {
        let Config { ping_interval, ping_timeout, max_body, .. } = &self.config;
        let (interval, timeout) = (ping_interval.as_millis(), ping_timeout.as_millis());
        format!(
            r#"0{{"sid":"{}","upgrades":[{upgrades}],"pingInterval":{interval},"pingTimeout":{timeout},"maxPayload":{max_body}}}"#,
            link.id
        )
        .into()
    }

    fn open_polling(self: &Arc<Self>, address: IpAddr) -> Result<Response<Body>, Refused> {
        let link = self.enter(address, Some(Box::default()))?;
        let open = self.open_packet(&link, r#""websocket""#);
        let engine = self.clone();
        let now = Instant::now();
        self.tasks.spawn(async move {
            let mut driver = Driver::new(&engine, link, now);
            let mut timer = pin!(sleep_until(now));
            // Boxed, since most of a session's life is on the WebSocket.
            match Box::pin(polling::run(&mut driver, timer.as_mut())).await {
                Ok(mut stream) => {
                    engine.counters.upgraded.fetch_add(1, Ordering::Relaxed);
                    let reason = websocket::run(&mut driver, &mut stream, timer).await;
                    driver.close(reason).await;
                    Box::pin(engine.linger(*stream)).await;
                }
                Err(reason) => driver.close(reason).await,
            }
        });
        Ok(text(Body::new(open, None)))
    }

    fn open_websocket<B>(
        self: &Arc<Self>,
        mut request: Request<B>,
        address: IpAddr,
    ) -> Result<Response<Body>, Refused> {
        let response = accept_websocket(&request)?;
        self.admit(&self.sessions.lock(), address)?;
        let upgrade = hyper::upgrade::on(&mut request);
        let engine = self.clone();
        self.tasks.spawn(async move {
            let Some(mut stream) = Box::pin(engine.take_over(upgrade)).await else { return };
            let now = Instant::now();
            let Some(mut driver) = engine.drive_websocket(address, now) else { return };
            let timer = pin!(sleep_until(now));
            let reason = websocket::run(&mut driver, &mut stream, timer).await;
            driver.close(reason).await;
            Box::pin(engine.linger(stream)).await;
        });
        Ok(response)
    }

    /// Opens a session on a WebSocket, unless there are too many by now.
    pub(super) fn drive_websocket(&self, address: IpAddr, now: Instant) -> Option<Driver<'_, P>> {
        let link = self.enter(address, None).ok()?;
        let open = self.open_packet(&link, "");
        // Nobody else knows the session yet: nothing can be in the way.
        let _ = link.push([Item::new(Content::Packet(open))]);
        Some(Driver::new(self, link, now))
    }

    /// Takes the connection out of hyper, so that nothing of hyper stays with it.
    async fn take_over(&self, upgrade: OnUpgrade) -> Option<FrameStream> {
        let upgraded = timeout(self.config.upgrade_timeout, upgrade);
        let upgraded: Upgraded = self.force_close.run_until_cancelled(upgraded).await?.ok()?.ok()?;
        match upgraded.downcast::<TokioIo<TcpStream>>() {
            Ok(Parts { io, read_buf, .. }) => Some(FrameStream::new(io.into_inner(), &read_buf)),
            Err(_) => {
                tracing::error!("a WebSocket needs a connection that hyper serves as TokioIo<TcpStream>");
                None
            }
        }
    }

    /// Lets the peer close a connection that the server has said goodbye on.
    async fn linger(&self, stream: FrameStream) {
        let closed = timeout(self.config.close_timeout, stream.closed());
        self.force_close.run_until_cancelled(closed).await;
    }

    fn upgrade<B>(
        self: &Arc<Self>,
        link: &Arc<Link>,
        mut request: Request<B>,
    ) -> Result<Response<Body>, Refused> {
        let response = accept_websocket(&request)?;
        let free = link
            .lock()
            .mailbox
            .as_mut()
            .is_some_and(|mailbox| !std::mem::replace(&mut mailbox.upgrading, true));
        let upgrade = hyper::upgrade::on(&mut request);
        let (engine, link) = (self.clone(), link.clone());
        self.tasks.spawn(async move {
            let stream = engine.take_over(upgrade).await;
            if !free {
                // A second connection for a session is closed, as the protocol wants it.
                if let Some(mut stream) = stream {
                    stream.goodbye(Reason::BadPacket, None).await;
                    engine.linger(stream).await;
                }
                return;
            }
            let mut state = link.lock();
            if let Some(mailbox) = &mut state.mailbox {
                mailbox.upgrading = stream.is_some();
                mailbox.upgrade = stream.map(Box::new);
                link.notify(state);
            }
        });
        Ok(response)
    }
}
