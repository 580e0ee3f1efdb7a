//! The body of a request that is a file, as it comes.

use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::BodyExt;
use protocol::Code;

use super::problem::Failure;
use crate::app::App;

/// How long what still comes of a refused file is thrown away: else who is sending it may see the connection break
/// before the answer.
const LINGER: Duration = Duration::from_secs(2);
/// The pause after each piece of it, which may have 400 kB. Without it, who sends on a fast network keeps a core busy with
/// bytes that nobody wants.
const PAUSE: Duration = Duration::from_millis(2);

pub(super) struct Incoming {
    headers: HeaderMap,
    body: Body,
    /// How long the next bytes may take.
    pause: Duration,
}

impl Incoming {
    pub(super) fn new(app: &App, request: Request) -> Self {
        let (head, body) = request.into_parts();
        Self { headers: head.headers, body, pause: app.config.upload_pause.0 }
    }

    /// Its `Content-Type`. A form is refused: stored as it is, it would be a file that nothing opens, with the metadata
    /// of the picture in it.
    pub(super) fn kind(&self) -> Result<Option<&str>, Failure> {
        let kind = self.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if kind.is_some_and(|kind| kind.starts_with("multipart/form-data")) {
            let detail = "Send the bytes of the file as the body, not a form.";
            return Err(Failure::new(Code::Malformed, detail));
        }
        Ok(kind)
    }

    /// How many bytes it has, if its sender says so.
    pub(super) fn size(&self) -> Option<u64> {
        self.headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }

    /// The next bytes; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        let late = |_| Failure::new(Code::Malformed, "The body took too long to arrive.");
        let broken = |_| Failure::new(Code::Malformed, "The body could not be read.");
        loop {
            let frame = tokio::time::timeout(self.pause, self.body.frame()).await.map_err(late)?;
            let Some(frame) = frame else { return Ok(None) };
            // A frame without data has trailers.
            if let Ok(bytes) = frame.map_err(broken)?.into_data() {
                // Each piece is hashed where it comes. On a fast network the next one is there already, and whoever
                // else waits on this core would wait for the whole file.
                tokio::task::yield_now().await;
                return Ok(Some(bytes));
            }
        }
    }

    /// Throws away what still comes.
    pub(super) fn end(mut self) {
        if !self.body.is_end_stream() {
            let rest = async move {
                while let Some(Ok(_)) = self.body.frame().await {
                    tokio::time::sleep(PAUSE).await;
                }
            };
            tokio::spawn(tokio::time::timeout(LINGER, rest));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use futures_util::stream;
    use tokio::time::sleep;

    use super::*;

    /// An endless body, all of which is there; `pieces` counts those that were taken.
    fn endless(pieces: &Arc<AtomicU64>) -> Incoming {
        let count = pieces.clone();
        let endless = stream::repeat_with(move || {
            count.fetch_add(1, Ordering::Relaxed);
            Ok::<_, std::io::Error>(Bytes::from_static(b"x"))
        });
        Incoming { headers: HeaderMap::new(), body: Body::from_stream(endless), pause: LINGER }
    }

    #[tokio::test]
    async fn between_two_pieces_of_a_file_others_have_their_turn() {
        let pieces = Arc::new(AtomicU64::new(0));
        let mut incoming = endless(&pieces);
        let upload = async {
            for _ in 0..10 {
                incoming.next().await.unwrap();
            }
        };
        let other = async {
            for turn in 1..=10 {
                assert_eq!(pieces.load(Ordering::Relaxed), turn);
                tokio::task::yield_now().await;
            }
        };
        tokio::join!(biased; upload, other);
    }

    #[tokio::test(start_paused = true)]
    async fn what_still_comes_of_a_refused_file_is_thrown_away_slowly_and_not_for_ever() {
        let pieces = Arc::new(AtomicU64::new(0));
        endless(&pieces).end();
        sleep(Duration::from_millis(100)).await;
        let most = |time: Duration| time.as_millis() / PAUSE.as_millis() + 1;
        let taken = || u128::from(pieces.load(Ordering::Relaxed));
        assert!((2..=most(Duration::from_millis(100))).contains(&taken()), "{}", taken());
        sleep(LINGER).await;
        let at_the_end = taken();
        assert!(at_the_end <= most(LINGER), "{at_the_end}");
        sleep(LINGER).await;
        assert_eq!(taken(), at_the_end);
    }
}
