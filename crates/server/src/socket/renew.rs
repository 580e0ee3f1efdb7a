//! How a socket of a host application's person lives on, and how it ends.

use std::sync::Arc;

use domain::Error;
use protocol::{Code, RenewAuth, RenewedAuth};
use socketio::Event;

use super::reply::Reply;
use super::request::decode;
use crate::app::App;
use crate::client::Socket;

pub(super) async fn renew(app: &App, socket: &Socket, event: &Event, reply: Reply) {
    reply.result(renewed(app, socket, event).await);
}

async fn renewed(app: &App, socket: &Socket, event: &Event) -> Result<RenewedAuth, Error> {
    let RenewAuth { token } = decode(event)?;
    let client = socket.session();
    let expires_at = app.domain.sessions.renew(&client.caller, &token).await?;
    let expires_at = client.expiry.as_ref().map_or(expires_at, |expiry| expiry.renew(expires_at));
    Ok(RenewedAuth { expires_at })
}

/// Cuts the socket once its token has expired and was not renewed.
pub(super) async fn cut_when_expired(app: Arc<App>, socket: Socket) {
    if let Some(expiry) = &socket.session().expiry
        && expiry.wait(&*app.clock).await
    {
        // Not after sending what waits: the token has expired.
        socket.abort_with(Code::TokenExpired.as_str());
    }
}
