//! The flush after connecting: what the client lacks, oldest first, then `sync:done`, then live.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::store::{Position, Since};
use domain::{Delivery, Error};
use protocol::{ServerEvent, Synced};
use socketio::Reason;

use crate::app::App;
use crate::client::{Socket, Start, mark};
use crate::event::{missed, payload};
use crate::log::Rare;

/// Bytes that may wait for the transport before the next entry.
pub(super) const AHEAD: usize = 64 * 1024;
/// The next page is read when fewer messages than this are not acknowledged.
const WINDOW: usize = 512;
/// How long a store that fails is given before the socket is closed: the client comes back by itself.
const PATIENCE: Duration = Duration::from_secs(1);

/// Catches a socket up, or closes it if the store fails: the client comes back and tries again.
pub(super) async fn run(app: Arc<App>, socket: Socket) {
    static FAILED: Rare = Rare::new();
    if let Err(error) = catch_up(&app, &socket).await {
        if let Some(left_out) = FAILED.left_out() {
            let (code, cause) = (error.code.as_str(), &error.cause);
            tracing::warn!(code, ?cause, left_out, "a socket could not be caught up");
        }
        tokio::time::sleep(PATIENCE).await;
        socket.close(Reason::Application);
    }
}

async fn catch_up(app: &App, socket: &Socket) -> Result<(), Error> {
    let client = socket.session();
    let Some(Start { mut since, before, refused }) = client.start() else { return Ok(()) };
    if let Some(error) = refused {
        let _ = socket.emit(&payload(ServerEvent::RequestError, &error.problem()));
    }
    // A client with a cursor has told where it stands; one without has had its own messages acknowledged.
    let acknowledged = if since == Since::Delivered { before } else { Position(0) };
    let mut flush = Flush { app, socket, acknowledged, told: before, emitted: false };
    loop {
        let upto = app.domain.syncs.position().await?;
        let done = Synced { cursor: app.domain.syncs.cursor(upto), more: None };
        if !flush.read(since, upto).await? {
            return Ok(());
        }
        if flush.emitted && !client.acknowledges() {
            // Before it is told that this is all: a client that leaves then has proved that it has it.
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
    /// Up to here the user's own messages are passed over, whichever of their sockets sent them.
    acknowledged: Position,
    /// Of the messages up to here it is known whether this socket sent them.
    told: Position,
    /// Whether there was something to emit.
    emitted: bool,
}

impl Flush<'_> {
    /// Emits what is between `since` and `upto`, a page in flight. Says no if the socket closes meanwhile.
    async fn read(&mut self, since: Since, upto: Position) -> Result<bool, Error> {
        let (app, socket, client) = (self.app, self.socket, self.socket.session());
        let user = client.caller.person.id;
        let syncs = &app.domain.syncs;
        let mut reader = syncs.reader(user, since, upto).await?;
        while socket.is_connected() {
            let Some(page) = syncs.page(&mut reader).await? else { return Ok(true) };
            let mut passed = BTreeMap::new();
            for delivery in page.deliveries {
                let (conversation, seq, kind) = (delivery.conversation, delivery.seq, delivery.kind);
                if self.passes_over(&delivery).await? {
                    passed.insert(conversation, seq);
                    continue;
                }
                passed.remove(&conversation);
                if socket.pending_bytes() > AHEAD {
                    socket.drained().await;
                }
                let Some(told) = syncs.event(user, delivery).await? else { continue };
                if client.emit(socket, kind, mark(conversation, seq), &missed(&told)).is_err() {
                    return Ok(false);
                }
                self.emitted = true;
            }
            // Behind the last entry emitted, so that it is not looked at again.
            for (conversation, seq) in passed.into_iter().chain(page.passed) {
                if client.pass_over(socket, mark(conversation, seq)).is_err() {
                    return Ok(false);
                }
            }
            client.fewer_unacked_than(socket, WINDOW).await;
        }
        Ok(false)
    }

    /// Whether the client knows a message from its acknowledgement.
    async fn passes_over(&mut self, delivery: &Delivery) -> Result<bool, Error> {
        if !delivery.own {
            return Ok(false);
        }
        if delivery.position <= self.acknowledged {
            return Ok(true);
        }
        if delivery.position > self.told {
            // It may be committed and not told yet, and which socket sent it is told.
            self.told = self.app.domain.syncs.told().await?;
        }
        Ok(self.socket.session().sent(delivery.position))
    }
}
