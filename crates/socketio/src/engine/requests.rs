//! The requests of a session on polling, up to where its task takes them over.

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body as HttpBody;
use tokio::{sync::oneshot, time::timeout};

use super::{
    Link,
    http::{Body, Refused, text},
    polling::{Answer, Post},
};
use crate::{Config, Reason};

/// Answers a GET when there is something to say.
pub(super) async fn get(link: &Link) -> Result<Response<Body>, Refused> {
    let answer = wait(link)?.await.map_err(|_| Refused::Session)?;
    Ok(text(Body::new(answer.payload, answer.pulled)))
}

fn wait(link: &Link) -> Result<oneshot::Receiver<Answer>, Refused> {
    let mut state = link.lock();
    let mailbox = state.mailbox.as_mut().ok_or(Refused::Request)?;
    if mailbox.get.is_some() {
        drop(state);
        link.abort(Reason::PollingConflict);
        return Err(Refused::Request);
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
) -> Result<Response<Body>, Refused>
where
    B: HttpBody<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
{
    let mut posting = Posting::begin(link)?;
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > config.max_payload as u64) {
        return Err(posting.fail(Reason::PacketTooLarge));
    }
    let body = Limited::new(request.into_body(), config.max_payload).collect();
    let body = match timeout(config.packet_timeout, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(posting.fail(Reason::PacketTooLarge)),
        Ok(Err(_)) => return Err(posting.fail(Reason::TransportError)),
        Err(_) => return Err(posting.fail(Reason::PacketTimeout)),
    };
    let Ok(body) = String::from_utf8(body.into()) else {
        return Err(posting.fail(Reason::BadUtf8));
    };
    match posting.deliver(body)?.await {
        Ok(()) => Ok(text(Body::new(Bytes::from_static(b"ok"), None))),
        Err(_) => Err(Refused::Request),
    }
}

/// A body that is being received. One that does not come to its end ends the session, since nobody can know
/// what is missing; unless the session is on polling no more.
struct Posting<'a> {
    link: &'a Link,
    failure: Option<Reason>,
}

impl<'a> Posting<'a> {
    fn begin(link: &'a Link) -> Result<Self, Refused> {
        let mut state = link.lock();
        let mailbox = state.mailbox.as_mut().ok_or(Refused::Request)?;
        if std::mem::replace(&mut mailbox.posting, true) {
            drop(state);
            link.abort(Reason::PollingConflict);
            return Err(Refused::Request);
        }
        drop(state);
        // Dropped while the body is being received: the client has given up.
        Ok(Self { link, failure: Some(Reason::PollingConflict) })
    }

    fn fail(&mut self, reason: Reason) -> Refused {
        self.failure = Some(reason);
        if reason == Reason::PacketTooLarge { Refused::TooLarge } else { Refused::Request }
    }

    fn deliver(mut self, body: String) -> Result<oneshot::Receiver<()>, Refused> {
        self.failure = None;
        let (done, handled) = oneshot::channel();
        let mut state = self.link.lock();
        let mailbox = state.mailbox.as_mut().ok_or(Refused::Request)?;
        mailbox.post = Some(Post { body, done });
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
