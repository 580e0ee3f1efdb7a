//! The ports of `domain::store`, implemented in memory and in SQLite. Files of attachments are stored in
//! memory or in a folder.
//!
//! Each port says what its methods promise. The contract suite in `tests/contract` checks these promises in
//! every store.
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
