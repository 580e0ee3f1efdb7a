//! `sync`: what a client lacks, when it asks.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use domain::Error;
use domain::store::Since;
use protocol::{Code, Sync, Synced, limit};
use serde::de::IgnoredAny;
use socketio::Event;

use super::catch_up::{AHEAD, is_outdated};
use super::reply::Reply;
use super::{Socket, decode};
use crate::app::App;
use crate::hub::read;

pub(super) async fn sync(app: &Arc<App>, socket: &Socket, event: &Event, reply: Reply) {
    // Everything in it is optional, and so is it.
    let none = event.first::<IgnoredAny>().is_err();
    match if none { Ok(Sync::default()) } else { decode(event) } {
        Ok(Sync { cursor: Some(cursor), limit }) => reply.result(page(app, socket, &cursor, limit).await),
        Ok(Sync { cursor: None, .. }) => {
            if socket.session().syncing.swap(true, Ordering::Relaxed) {
                let detail = "A sync is under way; wait for its answer.";
                return reply.error(&Error::new(Code::Overloaded, detail));
            }
            // Not waited for: while the socket catches up, its acknowledgements must be read.
            let (app, socket) = (app.clone(), socket.clone());
            app.clone().tasks.spawn(async move { stand(&app, &socket, reply).await });
        }
        Err(error) => reply.error(&error),
    }
}

/// Readings that bring nothing, of a part of the log that is hidden from the user, before a page ends.
pub(crate) const EMPTY: usize = 16;

/// Emits a page behind the cursor.
async fn page(app: &App, socket: &Socket, cursor: &str, limit: Option<u32>) -> Result<Synced, Error> {
    let limit = limit.unwrap_or(limit::SYNC_PAGE_DEFAULT);
    if !limit::SYNC_PAGE.contains(&limit) {
        return Err(Error::invalid("limit", "A page has 1 to 1,000 events."));
    }
    let since = app.domain.syncs.resume(cursor)?;
    let upto = app.domain.syncs.position();
    let user = socket.session().caller.person.id;
    let mut reader = app.domain.syncs.reader(user, Since::Position(since), upto).await?;
    let (mut left, mut empty) = (limit as usize, 0);
    while left > 0 && empty < EMPTY && !reader.is_done() && socket.is_connected() {
        let entries = reader.next(left.min(64)).await?;
        left -= entries.len();
        empty += usize::from(entries.is_empty());
        for (index, caught) in entries.iter().enumerate() {
            if socket.pending_bytes() > AHEAD {
                socket.drained().await;
            }
            if is_outdated(caught, &entries[index + 1..]) {
                continue;
            }
            if let Some(payload) = read(app, user, caught).await? {
                let _ = socket.emit(&payload);
            }
        }
    }
    Ok(Synced { cursor: app.domain.syncs.cursor(reader.reached()), more: Some(!reader.is_done()) })
}

/// Answers with where a socket stands that has been sent everything: a cursor to keep.
async fn stand(app: &App, socket: &Socket, reply: Reply) {
    let client = socket.session();
    if !client.sync().await {
        return;
    }
    // Told to whoever was in the live stream: to this socket, too.
    let told = app.domain.syncs.told().await;
    client.synced(socket, told, |reached| {
        // Before the answer: whoever has it may ask again.
        client.syncing.store(false, Ordering::Relaxed);
        reply.ok(Synced { cursor: app.domain.syncs.cursor(reached), more: Some(false) });
    });
}
