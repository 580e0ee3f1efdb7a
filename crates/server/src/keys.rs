//! The keys that sign access tokens, in files that only the server's user can read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use domain::{Keyring, Random, SigningKey};
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey, spki::der::pem::LineEnding};
use protocol::Timestamp;

/// Why the keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("the key {0} cannot be read: {1}")]
    Unreadable(PathBuf, #[source] io::Error),
    #[error("the key {0} can be read by others (mode {1:o}); run: chmod 600 {0}")]
    Exposed(PathBuf, u32),
    #[error("the key {0} is not an Ed25519 key in PKCS#8 PEM")]
    NotAKey(PathBuf),
    #[error("a key cannot be written to {0}: {1}")]
    Unwritable(PathBuf, #[source] io::Error),
}

/// Loads the keys of a data folder. The newest one signs. If there is none, makes one.
pub(crate) fn load(data: &Path, random: &dyn Random, now: Timestamp) -> Result<Keyring, KeyError> {
    let folder = data.join("keys");
    let mut files = list(&folder)?;
    if files.is_empty() {
        files.push(create(data, random, now)?);
    }
    let mut keys = files.iter().map(|file| read(file)).collect::<Result<Vec<_>, _>>()?;
    let current = keys.pop().unwrap_or_else(|| fresh(random));
    Ok(Keyring::new(current, &keys))
}

/// Makes a new key, which signs after the next start of the server. Tokens of earlier keys are accepted until their
/// files are removed.
pub(crate) fn create(data: &Path, random: &dyn Random, now: Timestamp) -> Result<PathBuf, KeyError> {
    let folder = data.join("keys");
    // File names sort by time.
    let path = folder.join(format!("{:015}.pem", now.as_millis()));
    let failed = |error| KeyError::Unwritable(path.clone(), error);
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
    let pem = fresh(random).to_pkcs8_pem(LineEnding::LF).map_err(|error| failed(io::Error::other(error)))?;
    // Written under another name first, so that a crash cannot leave half a key under this one.
    let draft = path.with_extension("new");
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(pem.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, &path)?;
        File::open(&folder)?.sync_all()
    };
    write().map_err(failed)?;
    Ok(path)
}

/// A key that is not stored, for a server in memory.
pub(crate) fn ephemeral(random: &dyn Random) -> Keyring {
    Keyring::new(fresh(random), &[])
}

fn fresh(random: &dyn Random) -> SigningKey {
    let mut seed = [0; 32];
    random.fill(&mut seed);
    SigningKey::from_bytes(&seed)
}

/// The key files, oldest first.
fn list(folder: &Path) -> Result<Vec<PathBuf>, KeyError> {
    let failed = |error| KeyError::Unreadable(folder.to_owned(), error);
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    let mut paths = paths.map_err(failed)?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "pem"));
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<SigningKey, KeyError> {
    let failed = |error| KeyError::Unreadable(path.to_owned(), error);
    let mode = fs::metadata(path).map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed(path.to_owned(), mode));
    }
    let pem = fs::read_to_string(path).map_err(failed)?;
    SigningKey::from_pkcs8_pem(&pem).map_err(|_| KeyError::NotAKey(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemRandom;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    #[test]
    fn the_first_key_is_made_for_its_owner_alone_and_kept() {
        let data = tempfile::tempdir().unwrap();
        let first = load(data.path(), &SystemRandom, NOW).unwrap().jwks();
        let file = list(&data.path().join("keys")).unwrap().remove(0);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let again = load(data.path(), &SystemRandom, NOW).unwrap().jwks();
        assert_eq!(serde_json::to_value(first).unwrap(), serde_json::to_value(again).unwrap());
    }

    #[test]
    fn after_a_rotation_both_keys_are_accepted() {
        let data = tempfile::tempdir().unwrap();
        load(data.path(), &SystemRandom, NOW).unwrap();
        create(data.path(), &SystemRandom, Timestamp::from_millis(1_800_000_000_001)).unwrap();
        assert_eq!(load(data.path(), &SystemRandom, NOW).unwrap().jwks().keys.len(), 2);
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let data = tempfile::tempdir().unwrap();
        let path = create(data.path(), &SystemRandom, NOW).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let refused = load(data.path(), &SystemRandom, NOW).err().unwrap();
        assert!(
            refused.to_string().contains("mode 640") && refused.to_string().contains("chmod 600"),
            "{refused}"
        );
    }

    #[test]
    fn what_is_not_a_key_is_refused() {
        let data = tempfile::tempdir().unwrap();
        let path = create(data.path(), &SystemRandom, NOW).unwrap();
        fs::write(&path, "not a key").unwrap();
        assert!(matches!(load(data.path(), &SystemRandom, NOW), Err(KeyError::NotAKey(_))));
    }
}
