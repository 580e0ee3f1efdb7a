//! Stores: the same few operations in memory and in SQLite, in files of the same name side by side.
//!
//! What each promises is written at the ports in `domain::store`, and held by the contract suite in
//! `tests/contract`, which runs on every store.
#![forbid(unsafe_code)]

mod files;
mod folder;
mod memory;
mod reserve;
mod sqlite;
mod tail;

pub use files::FileBlobs;
pub use folder::FolderError;
pub use memory::{MemoryBlobs, MemoryStore};
#[doc(hidden)]
pub use sqlite::Pause;
pub use sqlite::{OpenError, Options as SqliteOptions, SqliteStore};
