//! What the server does, at its public door: HTTP and the socket.

mod acks;
mod admins;
mod avatars;
mod base_path;
mod cuts;
mod erasures;
mod exports;
mod flush;
mod groups;
mod host_accounts;
mod invitations;
mod limits;
mod races;
mod reactions;
