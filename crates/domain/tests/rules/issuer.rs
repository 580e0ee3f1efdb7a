//! A host application that signs tokens and publishes its keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use domain::{KeySource, TrustedIssuer};
use parking_lot::Mutex;
use protocol::Code;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use serde_json::{Value, json};

use crate::support::World;

pub(crate) const APP: &str = "https://app.example";
/// Of the clock that the tests move, in seconds.
pub(crate) const NOW: i64 = 1_800_000_000;

/// A key of an issuer.
pub(crate) enum Signer {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl Signer {
    pub(crate) fn ed25519(seed: u8) -> Self {
        Self::Ed25519(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
    }

    pub(crate) fn p256() -> Self {
        let (random, kind) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let key = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
        Self::P256(EcdsaKeyPair::from_pkcs8(kind, key.as_ref(), &random).unwrap())
    }

    pub(crate) fn rsa() -> Self {
        Self::Rsa(RsaKeyPair::from_der(include_bytes!("keys/rsa.der")).unwrap())
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "EdDSA",
            Self::P256(_) => "ES256",
            Self::Rsa(_) => "RS256",
        }
    }

    /// The public key, as the issuer publishes it.
    pub(crate) fn jwk(&self, kid: &str) -> Value {
        let text = |bytes: &[u8]| BASE64URL.encode(bytes);
        match self {
            Self::Ed25519(key) => {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": text(key.public_key().as_ref())})
            }
            Self::P256(key) => {
                let point = key.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": text(&point[1..33]), "y": text(&point[33..])})
            }
            Self::Rsa(key) => {
                let RsaPublicKeyComponents { n, e } = RsaPublicKeyComponents::<Vec<u8>>::from(key.public());
                json!({"kty": "RSA", "kid": kid, "n": text(&n), "e": text(&e)})
            }
        }
    }

    fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Ed25519(key) => key.sign(bytes).as_ref().to_vec(),
            Self::P256(key) => key.sign(&random, bytes).unwrap().as_ref().to_vec(),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, bytes, &mut signature).unwrap();
                signature
            }
        }
    }

    /// A token with this header and these claims.
    pub(crate) fn token_with(&self, header: &Value, claims: &Value) -> String {
        let signed = unsigned(header, claims);
        let signature = BASE64URL.encode(self.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    pub(crate) fn token(&self, kid: &str, claims: &Value) -> String {
        self.token_with(&json!({"alg": self.algorithm(), "typ": "JWT", "kid": kid}), claims)
    }
}

/// The part of a token that is signed.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    let [header, claims] = [header, claims].map(|part| BASE64URL.encode(part.to_string()));
    format!("{header}.{claims}")
}

/// Claims that are accepted, with those of `other` in place of theirs; `null` leaves one out.
pub(crate) fn claims(other: &Value) -> Value {
    let mut claims = json!({"iss": APP, "aud": "chat", "sub": "ann", "iat": NOW, "exp": NOW + 600});
    for (claim, value) in other.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(claim),
            value => claims.as_object_mut().unwrap().insert(claim.clone(), value.clone()),
        };
    }
    claims
}

/// Where an issuer publishes its keys.
#[derive(Default)]
pub(crate) struct Published {
    answer: Mutex<Option<String>>,
    /// How long an answer takes.
    pub(crate) delay: Mutex<Duration>,
    pub(crate) fetches: AtomicUsize,
}

impl Published {
    pub(crate) fn of(keys: &[Value]) -> Arc<Self> {
        let published = Arc::<Self>::default();
        published.publish(keys);
        published
    }

    pub(crate) fn publish(&self, keys: &[Value]) {
        self.answer(&json!({"keys": keys}).to_string());
    }

    pub(crate) fn answer(&self, body: &str) {
        *self.answer.lock() = Some(body.to_owned());
    }

    pub(crate) fn take_down(&self) {
        *self.answer.lock() = None;
    }

    pub(crate) fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    /// As an operator would trust it.
    pub(crate) fn trusted(self: &Arc<Self>) -> TrustedIssuer {
        TrustedIssuer {
            issuer: APP.into(),
            audience: "chat".into(),
            username_claim: "sub".into(),
            name_claim: None,
            create: true,
            keys: self.clone(),
        }
    }
}

#[async_trait]
impl KeySource for Published {
    async fn fetch(&self) -> Result<Vec<u8>, String> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        let delay = *self.delay.lock();
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        self.answer.lock().clone().map(String::into_bytes).ok_or_else(|| "nothing answers".into())
    }
}

/// A world that trusts one application, and the application's key.
pub(crate) fn trusting(change: impl FnOnce(&mut TrustedIssuer)) -> (World, Signer) {
    let key = Signer::ed25519(1);
    let mut issuer = Published::of(&[key.jwk("key")]).trusted();
    change(&mut issuer);
    (World::trusting(vec![issuer]), key)
}

pub(crate) fn token(key: &Signer, other: &Value) -> String {
    key.token("key", &claims(other))
}

/// Why a token is refused.
pub(crate) async fn refusal(world: &World, token: &str) -> (Code, String) {
    let error = world.domain.sessions.authenticate(token).await.unwrap_err();
    (error.code, error.detail.into_owned())
}
