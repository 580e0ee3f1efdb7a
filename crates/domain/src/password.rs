//! Passwords: argon2id, on a bounded number of threads.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use protocol::{Code, limit};
use tokio::sync::Semaphore;

use crate::common_password;
use crate::error::Error;
use crate::random::{self, Random};

/// Hashes passwords with argon2id (RFC 9106; m = 19,456 KiB, t = 2, p = 1, as OWASP advises), which takes about 20 ms
/// of processor time each. A flood of logins waits in a queue here, and is refused when the queue is full, so that it
/// does not slow messages.
pub struct Passwords {
    threads: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    /// A hash that is verified when there is no account, so that the answer takes as long.
    decoy: String,
}

impl Passwords {
    /// At most `threads` passwords are hashed at a time, and `queue` more may wait.
    pub fn new(threads: usize, queue: usize) -> Self {
        let decoy = hash_now("", &[0; 16]).expect("argon2id accepts its own defaults");
        let [threads, queue] = [threads, threads + queue].map(|places| Arc::new(Semaphore::new(places)));
        Self { threads, queue, decoy }
    }

    /// Hashes a password; gives a PHC string for the store.
    pub async fn hash(&self, password: String, salt: [u8; 16]) -> Result<String, Error> {
        self.run(move || hash_now(&password, &salt)).await?
    }

    /// Whether the password is right. Takes the same time with no hash to compare with, and is false then.
    pub async fn verify(&self, password: String, stored: Option<String>) -> Result<bool, Error> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.decoy.clone());
        let right =
            self.run(move || Argon2::default().verify_password(password.as_bytes(), stored.as_str()).is_ok());
        Ok(right.await? && known)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let busy = || Error::new(Code::Overloaded, "Too many logins at once; try again in a moment.");
        let place = self.queue.clone().try_acquire_owned().map_err(|_| busy())?;
        let thread = self.threads.clone().acquire_owned().await.map_err(|_| busy())?;
        let done = tokio::task::spawn_blocking(move || {
            // Held until the work is done, even if the caller has gone.
            let _places = (place, thread);
            work()
        });
        let done = done.await;
        done.map_err(|_| Error::new(Code::Internal, "The password could not be checked."))
    }
}

/// Checks the rules for a new password. `field` is its name in the request.
pub(crate) fn check_password(field: &'static str, password: &str) -> Result<(), Error> {
    if !limit::PASSWORD.contains(&password.chars().count()) {
        return Err(Error::invalid(field, "A password has 8 to 256 characters."));
    }
    if common_password::is_common(password) {
        return Err(Error::invalid(
            field,
            "Many people use this password, so it is guessed first; choose another.",
        ));
    }
    Ok(())
}

/// Draws a password to hand over: 100 bits, in letters and digits that are not taken for each other.
pub(crate) fn draw(random: &dyn Random) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
    let letters =
        random::bytes::<20>(random).map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
    let groups: Vec<String> = letters.chunks(5).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

fn hash_now(password: &str, salt: &[u8; 16]) -> Result<String, Error> {
    let hashed = Argon2::default().hash_password_with_salt(password.as_bytes(), salt);
    let hashed = hashed.map_err(|_| Error::new(Code::Internal, "The password could not be hashed."))?;
    Ok(hashed.to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn tells_right_from_wrong() {
        let passwords = Passwords::new(1, 1);
        let stored = passwords.hash("correct horse".into(), [7; 16]).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(passwords.verify("correct horse".into(), Some(stored.clone())).await.unwrap());
        assert!(!passwords.verify("wrong horse".into(), Some(stored)).await.unwrap());
        assert!(!passwords.verify(String::new(), None).await.unwrap());
    }

    #[tokio::test]
    async fn refuses_past_its_queue() {
        let passwords = Passwords::new(1, 0);
        let _only = passwords.queue.try_acquire().unwrap();
        let refused = passwords.verify("x".into(), None).await.unwrap_err();
        assert_eq!(refused.code, Code::Overloaded);
    }

    #[tokio::test]
    async fn who_no_longer_waits_leaves_its_place_when_its_hash_is_done() {
        let passwords = Passwords::new(1, 0);
        let given_up = tokio::time::timeout(Duration::ZERO, passwords.verify("x".into(), None)).await;
        assert!(given_up.is_err());
        assert_eq!(passwords.verify("x".into(), None).await.unwrap_err().code, Code::Overloaded);
    }
}
