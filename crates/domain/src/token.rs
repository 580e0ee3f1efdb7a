//! Access tokens: signing and checking them.

use std::time::Duration;

use protocol::{AttachmentId, Code, SessionId, Timestamp};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::keyring::Keyring;
use crate::store::Hash;

/// Tokens kept in memory whose signature is known to be right, at about 100 bytes each.
const KNOWN: usize = 50_000;

/// The claims of an access token (RFC 7519).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The username.
    pub sub: String,
    /// The username again, as the first demo's clients read it.
    pub username: String,
    /// When it was issued, in seconds since the epoch.
    pub iat: i64,
    /// When it expires, in seconds since the epoch.
    pub exp: i64,
    /// The server that issued it; see [`crate::Settings::issuer`].
    pub iss: String,
    /// The server that is to accept it; see [`crate::Settings::audience`].
    pub aud: String,
    /// The token's own id, random.
    pub jti: String,
    /// The session behind it.
    pub sid: SessionId,
}

/// How long the key of a link to a file is accepted: a film is watched to its end.
const LINK: Duration = Duration::from_hours(1);
/// The audience of such a key. No access token has it, because those have more claims.
const LINK_AUDIENCE: &str = "attachment";

/// The claims of the key in a link to a file. It has neither `sub` nor `username`, so it is no access token.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkClaims {
    aud: String,
    /// The file.
    file: AttachmentId,
    /// The session behind it.
    sid: SessionId,
    /// When it expires, in seconds since the epoch.
    exp: i64,
}

/// What a token with a right signature grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    /// The session behind it.
    pub(crate) session: SessionId,
    /// When it expires, in seconds since the epoch.
    exp: i64,
}

/// Issues and checks access tokens.
pub(crate) struct Tokens {
    pub(crate) keyring: Keyring,
    issuer: String,
    audience: String,
    lifetime: Duration,
    /// Tokens that were issued here or checked before, by their digest. A client shows the same token many times, and
    /// its signature is checked once.
    known: Cache<Hash, Grant>,
}

impl Tokens {
    pub(crate) fn new(keyring: Keyring, issuer: String, audience: String, lifetime: Duration) -> Self {
        Self { keyring, issuer, audience, lifetime, known: Cache::new(KNOWN) }
    }

    /// Makes a token for a session; gives it with the time when it expires.
    pub(crate) fn issue(
        &self,
        username: &str,
        session: SessionId,
        now: Timestamp,
        jti: String,
    ) -> (String, Timestamp) {
        let expires_at = Timestamp::from_millis(now.plus(self.lifetime).as_seconds() * 1000);
        let claims = Claims {
            sub: username.into(),
            username: username.into(),
            iat: now.as_seconds(),
            exp: expires_at.as_seconds(),
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            jti,
            sid: session,
        };
        let token = self.keyring.sign(&claims);
        self.known.insert(digest(&token), Grant { session, exp: claims.exp });
        (token, expires_at)
    }

    /// Makes the key of a link to a file; gives it with the time when it expires.
    pub(crate) fn issue_link(
        &self,
        file: AttachmentId,
        session: SessionId,
        now: Timestamp,
    ) -> (String, Timestamp) {
        let expires_at = Timestamp::from_millis(now.plus(LINK).as_seconds() * 1000);
        let aud = LINK_AUDIENCE.into();
        let claims = LinkClaims { aud, file, sid: session, exp: expires_at.as_seconds() };
        (self.keyring.sign(&claims), expires_at)
    }

    /// Checks that this server made a key for this file, and gives what it grants. The key may have expired.
    pub(crate) fn read_link(&self, key: &str, file: AttachmentId) -> Result<Grant, Error> {
        let claims: LinkClaims = self.keyring.verify(key).ok_or_else(invalid)?;
        if claims.aud != LINK_AUDIENCE || claims.file != file {
            return Err(invalid());
        }
        Ok(Grant { session: claims.sid, exp: claims.exp })
    }

    /// Checks that this server issued a token, and gives what it grants. The token may have expired.
    pub(crate) fn read(&self, token: &str) -> Result<Grant, Error> {
        let digest = digest(token);
        if let Some(grant) = self.known.get(&digest) {
            return Ok(grant);
        }
        let claims: Claims = self.keyring.verify(token).ok_or_else(invalid)?;
        if claims.iss != self.issuer || claims.aud != self.audience {
            return Err(invalid());
        }
        let grant = Grant { session: claims.sid, exp: claims.exp };
        self.known.insert(digest, grant);
        Ok(grant)
    }
}

impl Grant {
    pub(crate) fn expires_at(&self) -> Timestamp {
        Timestamp::from_millis(self.exp * 1000)
    }

    /// Refuses a token that has expired.
    pub(crate) fn check_expiry(&self, now: Timestamp) -> Result<(), Error> {
        if self.exp <= now.as_seconds() {
            return Err(Error::new(Code::TokenExpired, "Refresh the access token and try again."));
        }
        Ok(())
    }
}

/// What a token is known by; with 256 random bits or a signature in it, it needs no slow hash.
pub(crate) fn digest(token: &str) -> Hash {
    Sha256::digest(token).into()
}

fn invalid() -> Error {
    Error::new(Code::TokenInvalid, "Log in again.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::SigningKey;

    fn tokens(issuer: &str) -> Tokens {
        let keyring = Keyring::new(SigningKey::from_bytes(&[1; 32]), &[]);
        Tokens::new(keyring, issuer.into(), "aldis".into(), Duration::from_hours(1))
    }

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_500);
    const SESSION: SessionId = SessionId::from_bytes([3; 16]);

    #[test]
    fn is_good_until_it_expires() {
        let tokens = tokens("aldis");
        let (token, expires_at) = tokens.issue("ann", SESSION, NOW, "j".into());
        assert_eq!(expires_at, Timestamp::from_millis(1_800_003_600_000));
        // Also after a restart, when nothing is known.
        for tokens in [tokens, self::tokens("aldis")] {
            for _ in 0..2 {
                let grant = tokens.read(&token).unwrap();
                assert_eq!(grant.session, SESSION);
                grant.check_expiry(NOW).unwrap();
                assert_eq!(grant.check_expiry(expires_at).unwrap_err().code, Code::TokenExpired);
            }
        }
        let claims: Claims = self::tokens("aldis").keyring.verify(&token).unwrap();
        assert_eq!((claims.sub.as_str(), claims.username.as_str(), claims.sid), ("ann", "ann", SESSION));
    }

    #[test]
    fn is_not_good_for_what_resembles_it() {
        let tokens = tokens("aldis");
        let (token, _) = tokens.issue("ann", SESSION, NOW, "j".into());
        for other in [&token[1..], &token[..token.len() - 1], &format!("{token}="), &token.to_lowercase()] {
            assert_eq!(tokens.read(other).unwrap_err().code, Code::TokenInvalid);
        }
    }

    #[test]
    fn the_key_of_a_link_is_good_for_one_file_and_nothing_else() {
        let tokens = tokens("aldis");
        let [file, other] = [[1; 16], [2; 16]].map(AttachmentId::from_bytes);
        let (key, expires_at) = tokens.issue_link(file, SESSION, NOW);
        let grant = tokens.read_link(&key, file).unwrap();
        assert_eq!(grant.session, SESSION);
        grant.check_expiry(NOW).unwrap();
        assert_eq!(grant.check_expiry(expires_at).unwrap_err().code, Code::TokenExpired);
        let (token, _) = tokens.issue("ann", SESSION, NOW, "j".into());
        for refused in [tokens.read_link(&key, other), tokens.read_link(&token, file), tokens.read(&key)] {
            assert_eq!(refused.unwrap_err().code, Code::TokenInvalid);
        }
    }

    #[test]
    fn of_another_issuer_is_invalid() {
        let (token, _) = tokens("somebody else").issue("ann", SESSION, NOW, "j".into());
        assert_eq!(tokens("aldis").read(&token).unwrap_err().code, Code::TokenInvalid);
    }
}
