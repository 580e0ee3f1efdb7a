//! What the server does, at its public door: HTTP and the socket.

mod acks;
mod admins;
mod avatars;
mod base_path;
mod cuts;
mod flush;
mod groups;
mod invitations;
mod limits;
mod races;
mod reactions;
