//! What the server does, at its public door: HTTP and the socket.

mod base_path;
mod cuts;
mod flush;
mod limits;
mod races;
mod reactions;
