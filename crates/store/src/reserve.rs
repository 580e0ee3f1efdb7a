//! A file of 1 MiB that is given up when the server starts on a full disk, so that the start has room for its own files
//! and stored messages can be read.

use std::fs::File;
use std::io::{Error, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The size of the reserve. A start needs a fraction of it for its own files.
const BYTES: u64 = 1 << 20;

pub(crate) struct Reserve(PathBuf);

impl Reserve {
    pub(crate) fn of(folder: &Path) -> Self {
        Self(folder.join("reserve"))
    }

    /// Makes sure that there is room for a start. If the disk is full, removes the reserve and returns true.
    pub(crate) fn open(&self) -> bool {
        if self.free().is_some_and(|free| free < BYTES) {
            // The file may be missing: an earlier start may have removed it.
            let _ = std::fs::remove_file(&self.0);
            return true;
        }
        // If this fails, there is room for the start but not for the reserve. The start goes on without one.
        let _ = self.recreate_if_room();
        false
    }

    /// Makes the reserve if it is missing. Not while less than 2 MiB is free, because the reserve takes half
    /// of that room and the server needs the other half.
    pub(crate) fn recreate_if_room(&self) -> Result<(), Error> {
        if self.free().is_some_and(|free| free < 2 * BYTES) {
            return Err(ErrorKind::StorageFull.into());
        }
        self.recreate()
    }

    /// Makes the reserve if it is missing, even if it takes the last room.
    pub(crate) fn recreate(&self) -> Result<(), Error> {
        if self.0.try_exists()? {
            return Ok(());
        }
        let draft = self.0.with_extension("new");
        let write = || {
            let mut file =
                File::options().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
            // Noise, because a file system that compresses would store zeros in no room.
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

    /// Bytes that this process may still write. `None` if the system does not say.
    fn free(&self) -> Option<u64> {
        let found = rustix::fs::statvfs(self.0.parent()?).ok()?;
        // Some blocks are reserved for root.
        let blocks = if rustix::process::geteuid().is_root() { found.f_bfree } else { found.f_bavail };
        Some(blocks.saturating_mul(found.f_frsize))
    }
}

/// Whether the error says that the disk or the quota is full.
pub(crate) fn is_full(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}
