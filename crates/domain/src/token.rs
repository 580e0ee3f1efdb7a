//! Access tokens: what they say and for how long.

use std::time::Duration;

use protocol::{Code, SessionId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::keyring::Keyring;

/// What an access token says (RFC 7519).
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
    /// Who issued it.
    pub iss: String,
    /// Who is to accept it.
    pub aud: String,
    /// Its own id.
    pub jti: String,
    /// The session behind it.
    pub sid: SessionId,
}

/// Issues and checks access tokens.
pub(crate) struct Tokens {
    pub(crate) keyring: Keyring,
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) lifetime: Duration,
}

impl Tokens {
    /// A token for a session, and when it expires.
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
        (self.keyring.sign(&claims), expires_at)
    }

    /// What a token says, if it is one of ours; it may have expired.
    pub(crate) fn read(&self, token: &str) -> Result<Claims, Error> {
        let claims: Claims = self.keyring.verify(token).ok_or_else(invalid)?;
        if claims.iss != self.issuer || claims.aud != self.audience {
            return Err(invalid());
        }
        Ok(claims)
    }
}

impl Claims {
    /// Refuses a token that has expired.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), Error> {
        if self.exp <= now.as_seconds() {
            return Err(Error::new(Code::TokenExpired, "Refresh the access token and try again."));
        }
        Ok(())
    }
}

fn invalid() -> Error {
    Error::new(Code::TokenInvalid, "Log in again.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::SigningKey;

    fn tokens(issuer: &str) -> Tokens {
        Tokens {
            keyring: Keyring::new(SigningKey::from_bytes(&[1; 32]), &[]),
            issuer: issuer.into(),
            audience: "aldis".into(),
            lifetime: Duration::from_hours(1),
        }
    }

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_500);
    const SESSION: SessionId = SessionId::from_bytes([3; 16]);

    #[test]
    fn is_good_until_it_expires() {
        let tokens = tokens("aldis");
        let (token, expires_at) = tokens.issue("ann", SESSION, NOW, "j".into());
        assert_eq!(expires_at, Timestamp::from_millis(1_800_003_600_000));
        let claims = tokens.read(&token).unwrap();
        assert_eq!((claims.sub.as_str(), claims.username.as_str(), claims.sid), ("ann", "ann", SESSION));
        claims.check(NOW).unwrap();
        assert_eq!(claims.check(expires_at).unwrap_err().code, Code::TokenExpired);
    }

    #[test]
    fn of_another_issuer_is_invalid() {
        let (token, _) = tokens("somebody else").issue("ann", SESSION, NOW, "j".into());
        assert_eq!(tokens("aldis").read(&token).unwrap_err().code, Code::TokenInvalid);
    }
}
