//! Public keys of issuers (RFC 7517), and the signatures that they check.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;

/// A key that checks signatures of one algorithm. The key alone decides which, never the token: otherwise a token could
/// name an algorithm in which the public key is a secret.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PublicKey {
    kid: Option<String>,
    material: Material,
}

#[derive(Debug, PartialEq, Eq)]
enum Material {
    Ed25519(Vec<u8>),
    /// The point, not compressed.
    P256(Vec<u8>),
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
}

/// A set of keys as an issuer publishes it. Its members are read one by one, because a set may have keys of kinds that
/// are made later.
#[derive(Deserialize)]
struct Set {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    kid: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

/// Reads the keys of a set that can check tokens; all others, such as secrets and keys for encryption, are left out.
pub(crate) fn read_set(json: &[u8]) -> Result<Vec<PublicKey>, String> {
    let set: Set =
        serde_json::from_slice(json).map_err(|error| format!("this is no set of keys: {error}"))?;
    let keys = set.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok());
    Ok(keys.filter_map(PublicKey::read).collect())
}

impl PublicKey {
    fn read(jwk: Jwk) -> Option<Self> {
        let bytes = |text: Option<&String>| BASE64URL.decode(text?).ok();
        let material = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => Material::Ed25519(bytes(jwk.x.as_ref())?),
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes(jwk.x.as_ref())?, bytes(jwk.y.as_ref())?);
                if x.len() != 32 || y.len() != 32 {
                    return None;
                }
                Material::P256([&[4], x.as_slice(), y.as_slice()].concat())
            }
            ("RSA", None) => Material::Rsa { n: bytes(jwk.n.as_ref())?, e: bytes(jwk.e.as_ref())? },
            _ => return None,
        };
        let key = Self { kid: jwk.kid, material };
        let is_for_this = jwk.alg.is_none_or(|alg| alg == key.algorithm())
            && jwk.usage.is_none_or(|usage| usage == "sig")
            && jwk.key_ops.is_none_or(|allowed| allowed.iter().any(|operation| operation == "verify"));
        is_for_this.then_some(key)
    }

    /// The name by which tokens say that this key signed them.
    pub(crate) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The one algorithm of this key, as a token names it (RFC 7518, RFC 8037).
    pub(crate) fn algorithm(&self) -> &'static str {
        match self.material {
            Material::Ed25519(_) => "EdDSA",
            Material::P256(_) => "ES256",
            Material::Rsa { .. } => "RS256",
        }
    }

    /// Whether the owner of the key signed these bytes. An RSA key has 2,048 bits at least.
    pub(crate) fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        let verified = match &self.material {
            Material::Ed25519(point) => UnparsedPublicKey::new(&ED25519, point).verify(signed, signature),
            Material::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature)
            }
            Material::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
            }
        };
        verified.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 8037, appendix A.
    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn read(json: &str) -> Vec<PublicKey> {
        read_set(json.as_bytes()).unwrap()
    }

    #[test]
    fn checks_the_signature_of_the_example_of_the_standard() {
        let keys = read(&format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","x":"{X}"}}]}}"#));
        let signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = BASE64URL
            .decode("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg")
            .unwrap();
        assert!(keys[0].verifies(signed.as_bytes(), &signature));
        assert!(!keys[0].verifies(&signed.as_bytes()[1..], &signature));
        assert_eq!((keys[0].algorithm(), keys[0].kid()), ("EdDSA", None));
    }

    #[test]
    fn leaves_out_what_cannot_check_a_token() {
        let members = [
            r#"{"kty":"oct","k":"c2VjcmV0","alg":"HS256"}"#.to_owned(),
            format!(r#"{{"kty":"OKP","crv":"X25519","x":"{X}"}}"#),
            format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{X}","use":"enc"}}"#),
            format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{X}","key_ops":["sign"]}}"#),
            format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{X}","alg":"ES256"}}"#),
            r#"{"kty":"RSA","n":"AQAB","e":"AQAB","alg":"PS256"}"#.to_owned(),
            r#"{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}"#.to_owned(),
            r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#.to_owned(),
            r#"{"kty":"LATER"}"#.to_owned(),
            "7".to_owned(),
        ];
        let good =
            format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{X}","kid":"good","use":"sig","alg":"EdDSA"}}"#);
        let keys = read(&format!(r#"{{"keys":[{},{good}]}}"#, members.join(",")));
        assert_eq!(keys.iter().map(PublicKey::kid).collect::<Vec<_>>(), [Some("good")]);
        for broken in ["", "[]", "{}", r#"{"keys":{}}"#, "<html>"] {
            assert!(read_set(broken.as_bytes()).is_err(), "{broken}");
        }
    }
}
