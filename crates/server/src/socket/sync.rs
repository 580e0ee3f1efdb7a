//! The `sync` event: a client asks for the entries after its cursor, or for a new cursor.

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
    // All fields of the payload are optional, and so is the payload.
    let none = event.first::<IgnoredAny>().is_err();
    match if none { Ok(Sync::default()) } else { decode(event) } {
        Ok(Sync { cursor: Some(cursor), limit }) => reply.result(page(app, socket, &cursor, limit).await),
        Ok(Sync { cursor: None, .. }) => {
            if socket.session().syncing.swap(true, Ordering::Relaxed) {
                let detail = "A sync is under way; wait for its answer.";
                return reply.error(&Error::new(Code::Overloaded, detail));
            }
            // In a task of its own: while the socket catches up, its acknowledgements must be read.
            let (app, socket) = (app.clone(), socket.clone());
            app.clone().tasks.spawn(async move { present_cursor(&app, &socket, reply).await });
        }
        Err(error) => reply.error(&error),
    }
}

/// Emits the page of events after the cursor.
async fn page(app: &App, socket: &Socket, cursor: &str, limit: Option<u32>) -> Result<Synced, Error> {
    let (syncs, caller) = (&app.domain.syncs, &socket.session().caller);
    let mut reader = syncs.reader_after(caller.person.id, Some(cursor), limit).await?;
    while socket.is_connected()
        && let Some(page) = syncs.page(&mut reader).await?
    {
        for delivery in page.deliveries {
            if socket.pending_bytes() > AHEAD {
                socket.drained().await;
            }
            if let Some(event) = syncs.event(caller, delivery).await? {
                let _ = socket.emit(&missed(&event));
            }
        }
    }
    Ok(Synced { cursor: syncs.cursor(reader.reached()), more: Some(!reader.is_done()) })
}

/// Answers with the cursor of the socket's present place in the live stream.
async fn present_cursor(app: &App, socket: &Socket, reply: Reply) {
    let client = socket.session();
    if !client.hold_for_sync().await {
        return;
    }
    // All entries up to here have been announced to the live stream, and so to this socket.
    let told = match app.domain.syncs.wait_until_announced().await {
        Ok(told) => told,
        Err(error) => {
            client.syncing.store(false, Ordering::Relaxed);
            client.abort_sync(socket);
            return reply.error(&error);
        }
    };
    let mut reply = Some(reply);
    let mut answer = |reached| {
        let Some(reply) = reply.take() else { return };
        // Before the answer, because the client may ask again once it has it.
        client.syncing.store(false, Ordering::Relaxed);
        reply.ok(Synced { cursor: app.domain.syncs.cursor(reached), more: Some(false) });
    };
    while !client.finish_sync(socket, told, &mut answer) && socket.is_connected() {
        client.wait_until_emitted(socket).await;
    }
}
