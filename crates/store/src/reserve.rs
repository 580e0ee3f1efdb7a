//! Room that is kept for a start on a full disk, so that what is stored can be read.

use std::fs::File;
use std::io::{Error, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What a start needs for files of its own, several times over.
const BYTES: u64 = 1 << 20;

pub(crate) struct Reserve(PathBuf);

impl Reserve {
    pub(crate) fn of(folder: &Path) -> Self {
        Self(folder.join("reserve"))
    }

    /// Makes sure that there is room for a start: gives the reserve up where there is none. True if the disk is full.
    pub(crate) fn open(&self) -> bool {
        if self.free().is_some_and(|free| free < BYTES) {
            // It may have been given up before.
            let _ = std::fs::remove_file(&self.0);
            return true;
        }
        // In vain where there is just not enough for it.
        let _ = self.restore();
        false
    }

    /// Takes the room again, if as much is left beside it: what a start gave up alone is no room for others.
    pub(crate) fn restore(&self) -> Result<(), Error> {
        if self.free().is_some_and(|free| free < 2 * BYTES) {
            return Err(ErrorKind::StorageFull.into());
        }
        self.make()
    }

    /// Takes the room, if it is not taken.
    pub(crate) fn make(&self) -> Result<(), Error> {
        if self.0.try_exists()? {
            return Ok(());
        }
        let draft = self.0.with_extension("new");
        let write = || {
            let mut file =
                File::options().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
            // A file system may keep nothing of what is all the same.
            let mut noise = 1_u64;
            let mut bytes = Vec::new();
            for _ in 0..BYTES / 8 {
                noise ^= noise << 13;
                noise ^= noise >> 7;
                noise ^= noise << 17;
                bytes.extend_from_slice(&noise.to_le_bytes());
            }
            file.write_all(&bytes)?;
            file.sync_all()?;
            std::fs::rename(&draft, &self.0)
        };
        write().inspect_err(|_| drop(std::fs::remove_file(&draft)))
    }

    /// Bytes that this process may still write.
    fn free(&self) -> Option<u64> {
        let found = rustix::fs::statvfs(self.0.parent()?).ok()?;
        // Some are for root alone.
        let blocks = if rustix::process::geteuid().is_root() { found.f_bfree } else { found.f_bavail };
        Some(blocks.saturating_mul(found.f_frsize))
    }
}

/// Whether there is no room.
pub(crate) fn is_full(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}
