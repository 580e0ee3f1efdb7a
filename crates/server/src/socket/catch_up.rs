//! The flush after connecting: emits the entries that the client lacks, oldest first, then `sync:done`. Then the
//! socket is live.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::store::{Position, Since};
use domain::{Delivery, Error};
use protocol::{ServerEvent, Synced};
use socketio::Reason;

use crate::app::App;
use crate::client::{Proof, Socket, Start, mark};
use crate::event::{missed, payload};
use crate::log::Rare;

/// The next entry waits while more bytes than this wait for the transport.
pub(super) const AHEAD: usize = 64 * 1024;
/// The next page waits while this many messages or more are not acknowledged (`acks`).
const WINDOW: usize = 512;
/// Wait before closing the socket after the store failed. The client connects again by itself.
const CLOSE_DELAY: Duration = Duration::from_secs(1);

/// Catches a socket up. If the store fails, closes it: the client connects again and catches up then.
pub(super) async fn run(app: Arc<App>, socket: Socket) {
    static FAILED: Rare = Rare::new();
    if let Err(error) = catch_up(&app, &socket).await {
        if let Some(left_out) = FAILED.left_out() {
            let (code, cause) = (error.code.as_str(), &error.cause);
            tracing::warn!(code, ?cause, left_out, "a socket could not be caught up");
        }
        tokio::time::sleep(CLOSE_DELAY).await;
        socket.close(Reason::Application);
    }
}

async fn catch_up(app: &App, socket: &Socket) -> Result<(), Error> {
    let client = socket.session();
    let Some(Start { mut since, before, refused }) = client.start() else { return Ok(()) };
    if let Some(error) = refused {
        let _ = socket.emit(&payload(ServerEvent::RequestError, &error.problem()));
    }
    // A client without a cursor is not sent what its user sent before it connected. One with a cursor is, because its
    // cursor says what it has.
    let own_upto = if since == Since::Delivered { before } else { Position(0) };
    let mut flush = Flush { app, socket, own_upto, announced: before, in_doubt: false };
    loop {
        let upto = app.domain.syncs.position().await?;
        let done = Synced { cursor: app.domain.syncs.cursor(upto), more: None };
        if !flush.read(since, upto).await? {
            return Ok(());
        }
        if flush.in_doubt {
            // Before `sync:done`, so that a client that leaves right after it has proved what it has.
            socket.ask_proof();
        }
        if client.go_live(socket, upto, &payload(ServerEvent::SyncDone, &done)) {
            return Ok(());
        }
        since = Since::Position(upto);
    }
}

struct Flush<'a> {
    app: &'a App,
    socket: &'a Socket,
    /// The user's own messages up to this position are not emitted, whichever of their sockets sent them.
    own_upto: Position,
    /// Entries up to this position have been announced, so it is known which of them this socket sent.
    announced: Position,
    /// Whether something was emitted or passed over that only a pong proves.
    in_doubt: bool,
}

impl Flush<'_> {
    /// Emits the entries between `since` and `upto`, a page at a time. False if the socket closed meanwhile.
    async fn read(&mut self, since: Since, upto: Position) -> Result<bool, Error> {
        let (app, socket, client) = (self.app, self.socket, self.socket.session());
        let syncs = &app.domain.syncs;
        let mut reader = syncs.reader(client.caller.person.id, since, upto).await?;
        while socket.is_connected() {
            let Some(page) = syncs.page(&mut reader).await? else { return Ok(true) };
            let mut skipped = BTreeMap::new();
            for delivery in page.deliveries {
                let (conversation, seq, kind) = (delivery.conversation, delivery.seq, delivery.kind);
                if self.knows(&delivery).await? {
                    skipped.insert(conversation, seq);
                    continue;
                }
                skipped.remove(&conversation);
                if socket.pending_bytes() > AHEAD {
                    socket.drained().await;
                }
                let Some(event) = syncs.event(&client.caller, delivery).await? else { continue };
                let emitted = client.emit(socket, kind, mark(conversation, seq), &missed(&event));
                let Ok(proof) = emitted else { return Ok(false) };
                self.in_doubt |= proof == Proof::Pong;
            }
            // Moves the marks past entries that were not emitted, so that they are not read again next time.
            for (conversation, seq) in skipped.into_iter().chain(page.skipped) {
                let Ok(proof) = client.skip(socket, mark(conversation, seq)) else { return Ok(false) };
                self.in_doubt |= proof == Proof::Pong;
            }
            client.wait_below(socket, WINDOW).await;
        }
        Ok(false)
    }

    /// Whether it is a message of the user that the client knows, so that it is not emitted.
    async fn knows(&mut self, delivery: &Delivery) -> Result<bool, Error> {
        if !delivery.own {
            return Ok(false);
        }
        if delivery.position <= self.own_upto {
            return Ok(true);
        }
        if delivery.position > self.announced {
            // Perhaps committed and not announced yet. The announcement says whether this socket sent it.
            self.announced = self.app.domain.syncs.wait_until_announced().await?;
        }
        Ok(self.socket.session().has_sent(delivery.position))
    }
}
