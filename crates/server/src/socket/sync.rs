//! `sync`: what a client lacks, when it asks.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use domain::Error;
use protocol::{Code, Sync, Synced};
use serde::de::IgnoredAny;
use socketio::Event;

use super::catch_up::AHEAD;
use super::reply::Reply;
use super::request::decode;
use crate::app::App;
use crate::client::Socket;
use crate::event::missed;

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

/// Emits a page behind the cursor.
async fn page(app: &App, socket: &Socket, cursor: &str, limit: Option<u32>) -> Result<Synced, Error> {
    let (syncs, user) = (&app.domain.syncs, socket.session().caller.person.id);
    let mut reader = syncs.reader_after(user, Some(cursor), limit).await?;
    while socket.is_connected()
        && let Some(page) = syncs.page(&mut reader).await?
    {
        for delivery in page.deliveries {
            if socket.pending_bytes() > AHEAD {
                socket.drained().await;
            }
            if let Some(event) = syncs.event(user, delivery).await? {
                let _ = socket.emit(&missed(&event));
            }
        }
    }
    Ok(Synced { cursor: syncs.cursor(reader.reached()), more: Some(!reader.is_done()) })
}

/// Answers with where a socket stands that has been sent everything: a cursor to keep.
async fn stand(app: &App, socket: &Socket, reply: Reply) {
    let client = socket.session();
    if !client.sync().await {
        return;
    }
    // Told to whoever was in the live stream: to this socket, too.
    let told = match app.domain.syncs.told().await {
        Ok(told) => told,
        Err(error) => {
            client.syncing.store(false, Ordering::Relaxed);
            client.not_synced(socket);
            return reply.error(&error);
        }
    };
    client.synced(socket, told, |reached| {
        // Before the answer: whoever has it may ask again.
        client.syncing.store(false, Ordering::Relaxed);
        reply.ok(Synced { cursor: app.domain.syncs.cursor(reached), more: Some(false) });
    });
}
