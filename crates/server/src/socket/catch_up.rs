//! The flush after connecting: what the client lacks, oldest first, then `sync:done`, then live.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::store::{EntryKind, Position, Since};
use domain::{Caught, Cursor, Error};
use protocol::{ServerEvent, Synced};
use socketio::Reason;

use super::Socket;
use super::client::{self, mark};
use crate::app::App;
use crate::hub::payload;

/// Entries in a page.
const PAGE: usize = 256;
/// Bytes that may wait for the transport before the next entry.
pub(super) const AHEAD: usize = 64 * 1024;
/// The next page is read when fewer messages than this are not acknowledged.
const WINDOW: usize = 512;
/// How long a store that fails is given before the socket is closed: the client comes back by itself.
const PATIENCE: Duration = Duration::from_secs(1);

/// Catches a socket up, or closes it if the store fails: the client comes back and tries again.
pub(super) async fn run(app: Arc<App>, socket: Socket) {
    if let Err(error) = catch_up(&app, &socket).await {
        tracing::warn!(code = error.code.as_str(), cause = ?error.cause, "a socket could not be caught up");
        tokio::time::sleep(PATIENCE).await;
        socket.close(Reason::Application);
    }
}

async fn catch_up(app: &App, socket: &Socket) -> Result<(), Error> {
    let client = socket.session();
    let Some(start) = client.start() else { return Ok(()) };
    if let Some(error) = start.refused {
        let _ = socket.emit(&payload(ServerEvent::RequestError, &error.problem()));
    }
    let mut since = start.since;
    // A client with a cursor has told where it stands; one without has had its own messages acknowledged.
    let own = since != Since::Delivered;
    loop {
        let upto = app.domain.syncs.position();
        read(app, socket, since, upto, own).await?;
        let done = Synced { cursor: Cursor(upto).encode(), more: None };
        if !socket.is_connected() || client.go_live(socket, upto, &payload(ServerEvent::SyncDone, &done)) {
            return Ok(());
        }
        since = Since::Position(upto);
    }
}

/// Emits what is between `since` and `upto`, a page in flight.
async fn read(app: &App, socket: &Socket, since: Since, upto: Position, own: bool) -> Result<(), Error> {
    let client = socket.session();
    let user = client.caller.person.id;
    let mut reader = {
        let _turn = app.reading.acquire().await;
        app.domain.syncs.reader(user, since, upto).await?
    };
    while socket.is_connected() {
        let page = {
            let _turn = app.reading.acquire().await;
            reader.next(PAGE).await?
        };
        if page.is_empty() {
            return Ok(());
        }
        let mut passed = BTreeMap::new();
        for caught in &page {
            if (caught.own && !own) || client.sent(caught.position) {
                passed.insert(caught.conversation, caught.seq);
            } else {
                if socket.pending_bytes() > AHEAD {
                    socket.drained().await;
                }
                passed.remove(&caught.conversation);
                client.emit(socket, caught.kind, mark(caught.conversation, caught.seq), &encode(caught));
            }
        }
        if !passed.is_empty() {
            socket.drained().await;
        }
        client.fewer_unacked_than(socket, WINDOW).await;
        // What was passed over behind the last entry emitted is not to be looked at again.
        if socket.is_connected() && !client.acknowledges() {
            for (conversation, seq) in passed {
                client::delivered(app, socket, mark(conversation, seq));
            }
        }
    }
    Ok(())
}

/// The event that tells an entry.
pub(super) fn encode(caught: &Caught) -> socketio::Payload {
    let event = match caught.kind {
        EntryKind::Message => ServerEvent::Message,
        EntryKind::Edit | EntryKind::Delete => ServerEvent::MessageUpdated,
    };
    payload(event, &caught.message)
}
