//! The rules, on the memory store, with a clock that the tests move.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod accounts;
mod admins;
mod api_tokens;
mod attachments;
mod avatars;
mod blocks;
mod conversations;
mod credentials;
mod erasures;
mod exports;
mod faulty;
mod flushes;
mod groups;
mod host_accounts;
mod host_tokens;
mod invitations;
mod issuer;
mod issuer_keys;
mod members;
mod messages;
mod nodes;
mod presences;
mod receipts;
mod searches;
mod sessions;
mod support;
mod syncs;
mod typings;
mod users;
