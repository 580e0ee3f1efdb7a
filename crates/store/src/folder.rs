//! The data folder: used by one process at a time, and closed to other users of the machine.

use std::fs::{DirBuilder, File, Metadata, Permissions, TryLockError};
use std::io::{Error, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The permission bits of the group and of others.
const OTHERS: u32 = 0o077;
/// The bit of a folder that everybody may write into, such as `/tmp`.
const STICKY: u32 = 0o1000;
/// How the names of our files begin.
const FILES: [&str; 5] = ["aldis.db", "search.db", "lock", "identity", "reserve"];

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another process uses the folder.
    #[error("the data folder {0} is in use by another process; stop that one, or use another folder")]
    InUse(PathBuf),
    /// Other users can enter the folder or read a file in it, and we may not or cannot close it.
    #[error(
        "{0} is open to other users of this machine (mode {1:o}), and it cannot be closed from here; run chmod go= {0} \
         as its owner, or use a folder of its own, such as --data {0}/aldis"
    )]
    Exposed(PathBuf, u32),
    /// The folder or a file in it cannot be opened.
    #[error("the data folder {0} cannot be used: {1}")]
    Unusable(PathBuf, #[source] Error),
}

/// Locks a folder for this process, and closes it to other users. Makes the folder if it is missing. The lock lasts
/// until the returned file is closed, however the process ends.
pub(crate) fn lock(folder: &Path) -> Result<File, FolderError> {
    let failed = |error| FolderError::Unusable(folder.to_owned(), error);
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let mut closed = Vec::new();
    let metadata = folder.metadata().map_err(failed)?;
    if metadata.mode() & OTHERS != 0 {
        if metadata.mode() & STICKY != 0 || !may_restrict(folder).map_err(failed)? {
            return Err(FolderError::Exposed(folder.to_owned(), metadata.mode() & 0o7777));
        }
        restrict(folder, &metadata, &mut closed)?;
    }
    let path = folder.join("lock");
    let file =
        File::options().create(true).truncate(false).write(true).mode(0o600).open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(FolderError::InUse(folder.to_owned())),
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    restrict_inside(folder, &mut closed)?;
    if !closed.is_empty() {
        tracing::warn!(
            ?closed,
            "was open to other users of this machine; it is closed, and may have been read"
        );
    }
    Ok(file)
}

/// Makes an empty file that only its owner can read, if there is none. SQLite makes the files beside a database with
/// the mode of the database.
pub(crate) fn make_file(path: &Path) -> Result<(), Error> {
    // A file that exists is not opened: closing it would drop the locks that SQLite has on an open database.
    match File::options().create_new(true).write(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Paths of open files, with the device and inode that each should keep.
pub(crate) struct WatchedFiles(Vec<(PathBuf, (u64, u64))>);

impl WatchedFiles {
    pub(crate) fn of(paths: impl IntoIterator<Item = PathBuf>) -> Result<Self, Error> {
        let place = |path: PathBuf| {
            let metadata = path.metadata()?;
            Ok((path, (metadata.dev(), metadata.ino())))
        };
        paths.into_iter().map(place).collect::<Result<_, _>>().map(Self)
    }

    /// The first path where the file is missing or is another one.
    pub(crate) fn moved(&self) -> Option<&Path> {
        let moved = |(path, place): &&(PathBuf, (u64, u64))| match path.metadata() {
            Ok(metadata) => (metadata.dev(), metadata.ino()) != *place,
            // With any other error we cannot tell.
            Err(error) => error.kind() == ErrorKind::NotFound,
        };
        self.0.iter().find(moved).map(|(path, _)| path.as_path())
    }
}

/// Whether the folder may be closed to other users: it has a database of ours, or nothing foreign.
fn may_restrict(folder: &Path) -> Result<bool, Error> {
    if folder.join("aldis.db").try_exists()? {
        return Ok(true);
    }
    for entry in folder.read_dir()? {
        let name = entry?.file_name();
        if !["lost+found", "keys", "lock"].iter().any(|known| name == *known) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Closes our files and folders to other users. Files within our folders need not be closed, because nobody
/// else can enter the folder. (Key files that are open to others are refused when they are read.)
fn restrict_inside(folder: &Path, closed: &mut Vec<PathBuf>) -> Result<(), FolderError> {
    let failed = |error| FolderError::Unusable(folder.to_owned(), error);
    for entry in folder.read_dir().map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let ours =
            FILES.iter().any(|begin| name.starts_with(begin)) || ["keys", "attachments"].contains(&&*name);
        if !ours {
            continue;
        }
        match entry.path().metadata() {
            Ok(metadata) if metadata.mode() & OTHERS != 0 => restrict(&entry.path(), &metadata, closed)?,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(())
}

/// Removes the permissions of the group and of others.
fn restrict(path: &Path, metadata: &Metadata, closed: &mut Vec<PathBuf>) -> Result<(), FolderError> {
    let mode = metadata.mode() & 0o7777;
    let changed = std::fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS));
    // Some file systems have no modes and ignore the call without an error.
    let now = path.metadata().map_or(mode, |metadata| metadata.mode());
    if changed.is_err() || now & OTHERS != 0 {
        return Err(FolderError::Exposed(path.to_owned(), mode));
    }
    closed.push(path.to_owned());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().mode() & 0o7777
    }

    fn set(path: &Path, mode: u32) {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_is_ours_is_closed() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("data");
        drop(lock(&folder).unwrap());
        assert_eq!(mode(&folder), 0o700);
        set(&folder, 0o2775);
        for file in ["aldis.db", "aldis.db-wal", "notes.txt"] {
            std::fs::write(folder.join(file), "").unwrap();
            set(&folder.join(file), 0o644);
        }
        std::fs::create_dir(folder.join("attachments")).unwrap();
        set(&folder.join("attachments"), 0o755);
        drop(lock(&folder).unwrap());
        assert_eq!(mode(&folder) & 0o777, 0o700);
        assert_eq!(mode(&folder.join("attachments")), 0o700);
        let modes = ["aldis.db", "aldis.db-wal", "lock", "notes.txt"].map(|file| mode(&folder.join(file)));
        assert_eq!(modes, [0o600, 0o600, 0o600, 0o644]);
    }

    #[test]
    fn what_others_use_is_refused_and_left_as_it_is() {
        let outer = tempfile::tempdir().unwrap();
        set(outer.path(), 0o755);
        std::fs::write(outer.path().join("theirs"), "").unwrap();
        let refused = lock(outer.path()).unwrap_err();
        assert!(refused.to_string().contains("mode 755"), "{refused}");
        set(outer.path(), 0o1777);
        std::fs::write(outer.path().join("aldis.db"), "").unwrap();
        assert!(matches!(lock(outer.path()), Err(FolderError::Exposed(_, 0o1777))));
        assert_eq!(mode(outer.path()), 0o1777);
    }
}
