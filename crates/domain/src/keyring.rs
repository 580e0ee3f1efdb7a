//! The keys that sign access tokens: Ed25519, as JSON web signatures (RFC 7515, RFC 8037).
//!
//! Only tokens that Aldis itself issues are accepted: compact form, `alg` EdDSA, a key of this ring. That is little
//! enough to write here. General JWT libraries would bring RSA and the NIST curves with them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
pub use ed25519_dalek::SigningKey;
use ed25519_dalek::{Signature, Signer, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The key that signs new tokens, and all keys whose tokens are still accepted.
pub struct Keyring {
    signing: SigningKey,
    /// The encoded header of every new token.
    header: String,
    /// By key id.
    accepted: BTreeMap<String, VerifyingKey>,
}

/// The public keys, as `/.well-known/jwks.json` shows them (RFC 7517).
#[derive(Clone, Debug, Serialize)]
pub struct Jwks {
    /// One for each accepted key.
    pub keys: Vec<Jwk>,
}

/// A public key.
#[derive(Clone, Debug, Serialize)]
pub struct Jwk {
    kty: &'static str,
    crv: &'static str,
    alg: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
    kid: String,
    x: String,
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

impl Keyring {
    /// Signs with `current`. Still accepts tokens that the `former` keys signed.
    pub fn new(current: SigningKey, former: &[SigningKey]) -> Self {
        let kid = key_id(&current.verifying_key());
        let header = Header { alg: "EdDSA".into(), typ: "JWT".into(), kid };
        let header = serde_json::to_vec(&header).expect("strings are JSON");
        let accepted = former.iter().chain([&current]).map(SigningKey::verifying_key);
        Self {
            header: BASE64URL.encode(header),
            accepted: accepted.map(|key| (key_id(&key), key)).collect(),
            signing: current,
        }
    }

    /// The public keys.
    pub fn jwks(&self) -> Jwks {
        let keys = self.accepted.iter().map(|(kid, key)| Jwk {
            kty: "OKP",
            crv: "Ed25519",
            alg: "EdDSA",
            usage: "sig",
            kid: kid.clone(),
            x: BASE64URL.encode(key.as_bytes()),
        });
        Jwks { keys: keys.collect() }
    }

    /// Makes a signed token with this payload.
    pub(crate) fn sign(&self, payload: &impl Serialize) -> String {
        let payload = serde_json::to_vec(payload).expect("claims are JSON");
        let signed = format!("{}.{}", self.header, BASE64URL.encode(payload));
        let signature = self.signing.sign(signed.as_bytes());
        format!("{signed}.{}", BASE64URL.encode(signature.to_bytes()))
    }

    /// The payload of a token, if one of the accepted keys signed it.
    pub(crate) fn verify<T: for<'de> Deserialize<'de>>(&self, token: &str) -> Option<T> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&BASE64URL.decode(header).ok()?).ok()?;
        if header.alg != "EdDSA" {
            return None;
        }
        let signature = Signature::from_slice(&BASE64URL.decode(signature).ok()?).ok()?;
        self.accepted.get(&header.kid)?.verify_strict(signed.as_bytes(), &signature).ok()?;
        serde_json::from_slice(&BASE64URL.decode(payload).ok()?).ok()
    }
}

/// The id of a key, a digest of it: the same on every server.
fn key_id(key: &VerifyingKey) -> String {
    BASE64URL.encode(&Sha256::digest(key.as_bytes())[..12])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    #[test]
    fn accepts_what_it_signed_and_nothing_else() {
        let ring = Keyring::new(key(1), &[]);
        let token = ring.sign(&"payload");
        assert_eq!(ring.verify::<String>(&token).as_deref(), Some("payload"));
        assert_eq!(Keyring::new(key(2), &[]).verify::<String>(&token), None);
        for position in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[position] = if forged[position] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(ring.verify::<String>(&forged), None, "byte {position}");
        }
    }

    #[test]
    fn refuses_a_token_without_a_signature() {
        let ring = Keyring::new(key(1), &[]);
        let payload = BASE64URL.encode(br#""payload""#);
        for header in [r#"{"alg":"none","typ":"JWT","kid":""}"#, r#"{"alg":"HS256","typ":"JWT","kid":""}"#] {
            let token = format!("{}.{payload}.", BASE64URL.encode(header));
            assert_eq!(ring.verify::<String>(&token), None);
        }
    }

    #[test]
    fn a_rotated_key_is_still_accepted() {
        let token = Keyring::new(key(1), &[]).sign(&"payload");
        let rotated = Keyring::new(key(2), &[key(1)]);
        assert_eq!(rotated.verify::<String>(&token).as_deref(), Some("payload"));
        assert_eq!(rotated.jwks().keys.len(), 2);
    }
}
