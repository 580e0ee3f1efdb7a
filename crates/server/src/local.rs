//! The socket in the data folder, through which the command line reaches a server that runs.
//!
//! Whoever may open it may also read the database beside it, so it asks for no log-in: the mode of the file decides.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::http;

/// Where the socket of a data folder is.
pub(crate) fn path(data: &Path) -> PathBuf {
    data.join("admin.sock")
}

/// Serves what is below `/admin` on the socket until `stop`. Without the socket the server still serves.
pub(crate) fn serve(app: &Arc<App>, tasks: &TaskTracker, stop: &CancellationToken) {
    if app.config.memory {
        return;
    }
    let path = path(&app.config.data);
    let listener = match listen(&path) {
        Ok(listener) => listener,
        Err(error) => {
            let path = path.display();
            tracing::warn!(%path, %error, "`aldis user` does not reach this server while it runs");
            return;
        }
    };
    let (router, stop) = (http::command_line(app.clone()), stop.clone());
    tasks.spawn(async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
        if let Err(error) = served.await {
            tracing::warn!(%error, "`aldis user` no longer reaches this server");
        }
        // The lock of the data folder is still held, so the file is this server's.
        let _ = std::fs::remove_file(path);
    });
}

/// Listens at a path. A socket that is there was left by a server that was killed: this one holds the folder's lock.
fn listen(path: &Path) -> io::Result<UnixListener> {
    // It gets its name when it has its mode, so that nobody else reaches it meanwhile.
    let fresh = path.with_extension("sock.new");
    match std::fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = StdListener::bind(&fresh)?;
    std::fs::set_permissions(&fresh, Permissions::from_mode(0o600))?;
    std::fs::rename(&fresh, path)?;
    listener.set_nonblocking(true)?;
    UnixListener::from_std(listener)
}
