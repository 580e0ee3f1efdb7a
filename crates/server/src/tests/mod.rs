//! What the server does, at its public door: HTTP and the socket.

mod acks;
mod cuts;
mod flush;
mod limits;
mod races;
mod reactions;
