//! The requests of a session on polling, up to where its task takes them over.

use std::{
    net::IpAddr,
    pin::{Pin, pin},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::BodyExt;
use hyper::body::Body as HttpBody;
use tokio::{
    sync::oneshot,
    time::{Instant, sleep, timeout, timeout_at},
};

use super::{
    Link,
    bodies::{LongBodyPermits, Permit},
    mailbox::{Answer, Post},
    refused::Refused,
    response::{Body, text},
};
use crate::{Config, Reason};

/// The pause after each piece of a body that is thrown away.
const PAUSE: Duration = Duration::from_millis(2);

/// Answers a GET when there is something to say.
pub(super) async fn get(link: &Link) -> Result<Response<Body>, Refused> {
    match wait(link)?.await.map_err(|_| Refused::Session)? {
        Answer::Packets(payload, pulled) => Ok(text(Body::new(payload, Some(pulled)))),
        Answer::Last(packet) => Ok(text(Body::new(Bytes::from_static(packet.as_bytes()), None))),
        Answer::Ended { told, word } => Err(Refused::Ended { told, word }),
    }
}

fn wait(link: &Link) -> Result<oneshot::Receiver<Answer>, Refused> {
    let mut state = link.lock();
    let mailbox = state.mailbox.as_mut().ok_or(Refused::Moved)?;
    if mailbox.get.is_some() {
        drop(state);
        link.abort(Reason::PollingConflict);
        return Err(Refused::Conflict);
    }
    let (sender, answer) = oneshot::channel();
    mailbox.get = Some(sender);
    link.notify(state);
    Ok(answer)
}

/// Receives a body and answers when its packets are handled.
pub(super) async fn post<B>(
    link: &Link,
    request: Request<B>,
    config: &Config,
    permits: &LongBodyPermits,
) -> Result<Response<Body>, Refused>
where
    B: HttpBody<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
{
    let posting = Posting::begin(link)?;
    let most = if posting.allows_long_bodies { config.max_body } else { config.max_payload };
    let (head, body) = request.into_parts();
    let length = head.headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let mut body = pin!(body);
    let received = if length.is_some_and(|length| length > most as u64) {
        Err(Reason::PacketTooLarge)
    } else {
        let long = LongBody { permits, address: link.address(), longer_than: config.max_payload };
        receive(body.as_mut(), most, long, config.packet_timeout).await
    };
    let received = received.and_then(|(bytes, permit)| {
        String::from_utf8(bytes).map(|body| (body, permit)).map_err(|_| Reason::BadUtf8)
    });
    match received {
        Ok((body, permit)) => match posting.deliver(body, permit)?.await {
            Ok(Ok(())) => Ok(text(Body::new(Bytes::from_static(b"ok"), None))),
            Ok(Err(reason)) => Err(Refused::Closed(reason)),
            Err(_) => Err(Refused::Session),
        },
        Err(Reason::PacketTooLarge) => {
            posting.fail(Reason::PacketTooLarge);
            // What still comes is thrown away: else a client that is sending may see the connection break before
            // it sees the answer. Slowly, or it keeps a core busy with bytes that nobody wants.
            let rest = async {
                while let Some(Ok(_)) = body.frame().await {
                    sleep(PAUSE).await;
                }
            };
            let _ = timeout(config.close_timeout, rest).await;
            Err(Refused::TooLarge(most))
        }
        Err(reason) => {
            posting.fail(reason);
            Err(Refused::Closed(reason))
        }
    }
}

/// What a body needs to be longer than `longer_than` bytes: a permit of its address.
struct LongBody<'a> {
    permits: &'a LongBodyPermits,
    address: IpAddr,
    longer_than: usize,
}

/// Receives a body of at most `most` bytes within `patience`. The wait for a permit does not count, because a
/// client that waits for others is not late.
async fn receive<B>(
    mut body: Pin<&mut B>,
    most: usize,
    long: LongBody<'_>,
    patience: Duration,
) -> Result<(Vec<u8>, Option<Permit>), Reason>
where
    B: HttpBody<Data = Bytes>,
{
    let mut bytes = Vec::new();
    let mut permit = None;
    let mut deadline = Instant::now() + patience;
    while let Some(frame) = timeout_at(deadline, body.frame()).await.map_err(|_| Reason::PacketTimeout)? {
        let Ok(piece) = frame.map_err(|_| Reason::TransportError)?.into_data() else { continue };
        let length = bytes.len() + piece.len();
        if length > most {
            return Err(Reason::PacketTooLarge);
        }
        if length > long.longer_than && permit.is_none() {
            let since = Instant::now();
            permit = Some(long.permits.permit(long.address).await.ok_or(Reason::Aborted)?);
            deadline += since.elapsed();
        }
        bytes.extend_from_slice(&piece);
    }
    Ok((bytes, permit))
}

/// A body that is being received. One that does not come to its end ends the session, since nobody can know
/// what is missing; unless the session is on polling no more.
struct Posting<'a> {
    link: &'a Link,
    /// The body may be up to `max_body` long.
    allows_long_bodies: bool,
    failure: Option<Reason>,
}

impl<'a> Posting<'a> {
    fn begin(link: &'a Link) -> Result<Self, Refused> {
        let mut state = link.lock();
        let mailbox = state.mailbox.as_mut().ok_or(Refused::Moved)?;
        let allows_long_bodies = mailbox.allows_long_bodies;
        if std::mem::replace(&mut mailbox.posting, true) {
            drop(state);
            link.abort(Reason::PollingConflict);
            return Err(Refused::Conflict);
        }
        drop(state);
        // Dropped while the body is being received: the client has given up.
        Ok(Self { link, allows_long_bodies, failure: Some(Reason::PollingConflict) })
    }

    fn fail(mut self, reason: Reason) {
        self.failure = Some(reason);
    }

    fn deliver(
        mut self,
        body: String,
        permit: Option<Permit>,
    ) -> Result<oneshot::Receiver<Result<(), Reason>>, Refused> {
        self.failure = None;
        let (done, handled) = oneshot::channel();
        let mut state = self.link.lock();
        let mailbox = state.mailbox.as_mut().ok_or(Refused::Moved)?;
        mailbox.post = Some(Post { body, done, _permit: permit });
        self.link.notify(state);
        Ok(handled)
    }
}

impl Drop for Posting<'_> {
    fn drop(&mut self) {
        let polling = self.link.lock().mailbox.is_some();
        if let Some(reason) = self.failure.filter(|_| polling) {
            self.link.abort(reason);
        }
    }
}
