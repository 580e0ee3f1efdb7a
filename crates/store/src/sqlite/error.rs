//! Why a store could not be opened, and what to do.

use std::path::{Path, PathBuf};

use super::health::is_damage;
use crate::folder::FolderError;
use crate::reserve::is_full;

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data folder, or a file in it, cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The database was written by another program.
    #[error("the database is not one of Aldis; use another data folder")]
    Foreign,
    /// The database was written by a later release.
    #[error("the database has version {found}, this release knows {known}; use a newer release of Aldis")]
    Newer {
        /// The version of the database.
        found: usize,
        /// The newest version that this program knows.
        known: usize,
    },
    /// No room for the files that a start needs.
    #[error("the disk of the data folder {0} is full ({1}); make room for at least 2 MiB, then start again")]
    Full(PathBuf, String),
    /// The database is not as SQLite left it.
    #[error("the database {0} is damaged ({1}); put back a copy of the whole data folder")]
    Damaged(PathBuf, String),
    /// The file `identity` cannot be read.
    #[error(
        "{0} cannot be read ({1}); put it back as it was, or remove it if all other files of the folder are those that \
         the server left"
    )]
    Identity(PathBuf, #[source] std::io::Error),
    /// There is no database, but `identity` says that there was one.
    #[error(
        "there is no {0}, though this folder had come to position {1}; put it back with its aldis.db-wal, or begin with \
         an empty one: --accept-older-database"
    )]
    Missing(PathBuf, u64),
    /// The write-ahead log beside the database does not belong to it.
    #[error(
        "{0} and {0}-wal do not belong together: the database was put back from an older copy, and the WAL \
         goes on from a newer one; put back the whole folder as it was copied. To go on from the older \
         database without what came after it, move {0}-wal away and start with --accept-older-database"
    )]
    Mismatch(PathBuf),
    /// The database was copied from a running server without its write-ahead log.
    #[error(
        "{0} was copied from a server that ran, without {0}-wal, where the newest messages are; copy the whole folder of \
         a server that is stopped. To go on from what it has: --accept-older-database"
    )]
    WithoutWal(PathBuf),
    /// The database is another one than `identity` says.
    #[error(
        "{0} is another database than the one this folder had; put that back, or use a folder of its own. To use it \
         here all the same: --accept-older-database"
    )]
    Other(PathBuf),
    /// The database is older than `identity` says.
    #[error(
        "{path} ends at position {at}, but this folder had come to position {reached}: it was copied without \
         aldis.db-wal, copied while a server ran, or put back from an older copy; put back the whole folder as it was \
         copied. To go on from the older state, without what came after it: --accept-older-database"
    )]
    Older {
        /// The path of the database.
        path: PathBuf,
        /// The last position in the database.
        at: u64,
        /// The position in `identity`.
        reached: u64,
    },
    /// SQLite failed for any other reason.
    #[error("the database cannot be opened: {0}")]
    Database(#[from] rusqlite::Error),
}

impl OpenError {
    /// Replaces an error of SQLite or of the file system by one that says what to do.
    pub(super) fn of(self, folder: &Path) -> Self {
        match self {
            Self::Database(error) if is_damage(&error) => {
                Self::Damaged(folder.join("aldis.db"), error.to_string())
            }
            Self::Database(error) if is_of_room(&error) => Self::Full(folder.to_owned(), error.to_string()),
            Self::Folder(FolderError::Unusable(folder, error)) if is_full(&error) => {
                Self::Full(folder, error.to_string())
            }
            other => other,
        }
    }
}

/// Whether there was no room for what SQLite needs to open a database.
fn is_of_room(error: &rusqlite::Error) -> bool {
    use rusqlite::ffi::{SQLITE_FULL, SQLITE_IOERR_SHMSIZE};
    error
        .sqlite_error()
        .is_some_and(|error| [SQLITE_FULL, SQLITE_IOERR_SHMSIZE].contains(&error.extended_code))
}
