//! Notices at the start that the database is another one, or an older copy of itself.
//!
//! The file `identity` beside the database says how far the database had come: its newest epoch, and its stamp, a
//! number that rises every few seconds. The database always commits a stamp before the file gets it, so even after a
//! power cut the file is never ahead. Example: the file says stamp 90 and the database has 70. Then the database was
//! put back from an older copy, or copied without its write-ahead log (WAL).
//!
//! The file also has a `base`: the stamp that was in the database file itself, without the WAL, when the WAL was last
//! copied whole. A database file whose stamp is below the base does not belong to the WAL beside it.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Error, ErrorKind, Write as _};
use std::path::Path;

use domain::store::{Epoch, Position};
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use rustix::fs::{Mode, OFlags, openat, renameat};

use super::OpenError;

/// The name of the file, beside the database.
pub(super) const FILE: &str = "identity";
/// The name under which it is written before it is renamed.
const DRAFT: &str = "identity.new";

/// The content of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// The first epoch of the database, which no other one has.
    pub(super) database: Epoch,
    /// The newest epoch of the database.
    pub(super) epoch: Epoch,
    pub(super) stamp: u64,
    /// The stamp in the database file itself, without the WAL.
    pub(super) base: u64,
    /// The position of the last entry.
    pub(super) position: Position,
}

impl Identity {
    fn to_text(&self) -> String {
        let Self { database, epoch, stamp, base, position: Position(position) } = self;
        let mut text =
            "# Binds the files of this folder to each other: copy all of them, or none.\n".to_owned();
        for (name, Epoch(bytes)) in [("database", database), ("epoch", epoch)] {
            let _ = write!(text, "{name} ");
            let _ = bytes.iter().try_for_each(|byte| write!(text, "{byte:02x}"));
            text.push('\n');
        }
        let _ = write!(text, "stamp {stamp}\nbase {base}\nposition {position}\n");
        text
    }

    fn parse(text: &str) -> Option<Self> {
        let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let number = |name| value(name)?.parse().ok();
        let epoch = |name| {
            let hex = value(name).filter(|hex| hex.len() == 16 && hex.is_ascii())?;
            u64::from_str_radix(hex, 16).ok().map(|number| Epoch(number.to_be_bytes()))
        };
        Some(Self {
            database: epoch("database")?,
            epoch: epoch("epoch")?,
            stamp: number("stamp")?,
            base: number("base")?,
            position: Position(number("position")?),
        })
    }

    pub(super) fn read(folder: &Path) -> Result<Option<Self>, OpenError> {
        let path = folder.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text.map_err(|error| OpenError::Identity(path.clone(), error))?,
        };
        let unreadable = || OpenError::Identity(path, Error::from(ErrorKind::InvalidData));
        Self::parse(&text).map(Some).ok_or_else(unreadable)
    }

    /// Replaces the file at once: after a crash it is either the old or the new one. `folder` is open, so a folder that
    /// was put in its place is not touched.
    pub(super) fn write(&self, folder: &File) -> Result<(), Error> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC;
        let mut file = File::from(openat(folder, DRAFT, flags, Mode::RUSR | Mode::WUSR)?);
        file.write_all(self.to_text().as_bytes())?;
        file.sync_all()?;
        Ok(renameat(folder, DRAFT, folder, FILE)?)
    }
}

/// What the database file says without the WAL.
#[derive(Default)]
struct DatabaseFile {
    stamp: u64,
    /// Whether the server that wrote it had not stopped.
    running: bool,
}

impl DatabaseFile {
    /// `None` if it cannot be read: while a checkpoint is copying, the file alone need not make sense.
    fn read(path: &Path) -> Option<Self> {
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let path = path.to_str()?.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
        let connection = Connection::open_with_flags(format!("file:{path}?immutable=1"), flags).ok()?;
        // Without this SQLite refuses a file that is shorter than its first page says.
        connection.pragma_update(None, "writable_schema", true).ok()?;
        let known = "SELECT count(*) FROM sqlite_schema WHERE name = 'identity'";
        if connection.query_row(known, [], |row| row.get::<_, i64>(0)).ok()? == 0 {
            return Some(Self::default());
        }
        let bare = |row: &rusqlite::Row<'_>| Ok(Self { stamp: row.get(0)?, running: row.get(1)? });
        connection.query_row("SELECT stamp, running FROM identity", [], bare).ok()
    }
}

/// Checks the files before the database is opened, because opening it would already change them. Returns what
/// `identity` says. With `accept` an older database passes, but never a database and a WAL that do not belong together.
pub(super) fn check_files(folder: &Path, accept: bool) -> Result<Option<Identity>, OpenError> {
    let path = folder.join("aldis.db");
    let size = |path: &Path| path.metadata().map_or(0, |metadata| metadata.len());
    let (empty, has_wal) = (size(&path) == 0, size(&folder.join("aldis.db-wal")) > 0);
    let expected = Identity::read(folder)?;
    if empty && has_wal {
        return Err(OpenError::Mismatch(path));
    }
    let reached = expected.as_ref().map(|expected| expected.position.0);
    if empty {
        return match reached {
            Some(reached) if !accept => Err(OpenError::Missing(path, reached)),
            _ => Ok(expected),
        };
    }
    let Some(bare) = DatabaseFile::read(&path) else { return Ok(expected) };
    match &expected {
        Some(expected) if bare.stamp < expected.base && has_wal => Err(OpenError::Mismatch(path)),
        None if bare.running && !has_wal && !accept => Err(OpenError::WithoutWal(path)),
        _ => Ok(expected),
    }
}

/// Compares an open database with `identity`. True if the database is older or another one, and `accept` lets it pass.
pub(super) fn check_database(
    connection: &Connection,
    path: &Path,
    expected: Option<&Identity>,
    accept: bool,
) -> Result<bool, OpenError> {
    let Some(expected) = expected else { return Ok(false) };
    let known = "SELECT count(*) FROM sqlite_schema WHERE name = 'identity'";
    let known = connection.query_row(known, [], |row| row.get::<_, i64>(0))? > 0;
    let (database, has_epoch, stamp, at) = if known {
        let first = "SELECT id FROM epochs ORDER BY number LIMIT 1";
        let database = connection.query_row(first, [], |row| row.get(0).map(Epoch)).optional()?;
        let sql = "SELECT EXISTS (SELECT 1 FROM epochs WHERE id = ?), stamp FROM identity";
        let (has_epoch, stamp) =
            connection.query_row(sql, [expected.epoch.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        (database, has_epoch, stamp, super::message::last_position(connection)?)
    } else {
        (None, false, 0_u64, 0)
    };
    if has_epoch && stamp >= expected.stamp {
        return Ok(false);
    }
    if accept {
        tracing::warn!(
            at,
            reached = expected.position.0,
            "an older database is taken, as accept-older-database says"
        );
        return Ok(true);
    }
    let (path, reached) = (path.to_owned(), expected.position.0);
    Err(if database.is_some_and(|database| database != expected.database) {
        OpenError::Other(path)
    } else {
        OpenError::Older { path, at, reached }
    })
}

/// Forgets what the database noted about files of attachments, because the files beside it may belong to another
/// database. Also notes the age of the store at which this happened, unless the database is new.
pub(super) fn forget_notes(connection: &Connection) -> Result<(), rusqlite::Error> {
    let sql = "DELETE FROM unnamed_blobs; UPDATE attachments SET unused_since = NULL; \
               UPDATE identity SET doubted = age WHERE EXISTS (SELECT 1 FROM epochs)";
    connection.execute_batch(sql)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Identity::read(folder.path()).unwrap(), None);
        let identity = Identity {
            database: Epoch([0, 1, 2, 3, 4, 5, 6, 255]),
            epoch: Epoch([255; 8]),
            stamp: 7,
            base: 5,
            position: Position(1_000),
        };
        identity.write(&File::open(folder.path()).unwrap()).unwrap();
        assert_eq!(Identity::read(folder.path()).unwrap().unwrap(), identity);
        std::fs::write(folder.path().join(FILE), "stamp many").unwrap();
        assert!(matches!(Identity::read(folder.path()), Err(OpenError::Identity(..))));
    }
}
