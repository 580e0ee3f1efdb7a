//! Which tokens of host applications are accepted, and why others are not.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use domain::TrustedIssuer;
use domain::store::AccountStore;
use hmac::{Hmac, KeyInit, Mac};
use protocol::Code;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::issuer::{APP, NOW, Published, Signer, claims, refusal, token, trusting, unsigned};
use crate::support::World;

#[tokio::test]
async fn what_a_token_may_say_differently() {
    let (world, key) = trusting(|_| {});
    for (header, other) in [
        (json!({"alg": "EdDSA"}), json!({})),
        (json!({"alg": "EdDSA", "kid": "key", "typ": "at+jwt"}), json!({})),
        (json!({"alg": "EdDSA", "kid": "key", "typ": "application/JWT"}), json!({})),
        (json!({"alg": "EdDSA", "kid": "key"}), json!({"aud": ["shop", "chat"]})),
        (json!({"alg": "EdDSA", "kid": "key"}), json!({"iat": null})),
        (json!({"alg": "EdDSA", "kid": "key"}), json!({"iat": NOW + 60, "nbf": NOW + 60})),
        (json!({"alg": "EdDSA", "kid": "key"}), json!({"exp": NOW + 86_460})),
        (json!({"alg": "EdDSA", "kid": "key"}), json!({"exp": 1_800_000_000.5})),
        (json!({"alg": "EdDSA", "kid": "key"}), json!({"roles": ["admin"], "nonce": {"a": 1}})),
    ] {
        let token = key.token_with(&header, &claims(&other));
        assert!(world.domain.sessions.authenticate(&token).await.is_ok(), "{header} {other}");
    }
}

#[tokio::test]
async fn claims_that_do_not_fit_are_refused_with_a_reason() {
    let (world, key) = trusting(|_| {});
    for (other, code, reason) in [
        (json!({"aud": "shop"}), Code::TokenInvalid, "aud"),
        (json!({"aud": ["shop"]}), Code::TokenInvalid, "aud"),
        (json!({"aud": null}), Code::TokenInvalid, "aud"),
        (json!({"exp": null}), Code::TokenInvalid, "exp"),
        (json!({"exp": "soon"}), Code::TokenInvalid, "exp"),
        (json!({"exp": -1}), Code::TokenInvalid, "exp"),
        (json!({"exp": 1e300}), Code::TokenInvalid, "exp"),
        (json!({"exp": NOW + 86_461}), Code::TokenInvalid, "24 hours"),
        (json!({"exp": NOW}), Code::TokenExpired, "new token"),
        (json!({"exp": 0}), Code::TokenExpired, "new token"),
        (json!({"nbf": NOW + 61}), Code::TokenInvalid, "nbf"),
        (json!({"iat": NOW + 61}), Code::TokenInvalid, "iat"),
        (json!({"sub": null}), Code::TokenInvalid, "sub"),
        (json!({"sub": 7}), Code::TokenInvalid, "sub"),
        (json!({"sub": ""}), Code::TokenInvalid, "sub"),
        (json!({"sub": "x".repeat(256)}), Code::TokenInvalid, "sub"),
        (json!({"sub": "ann@example.org"}), Code::TokenInvalid, "2 to 32"),
        (json!({"sub": "me"}), Code::TokenInvalid, "reserved"),
        (json!({"iss": "https://other.example"}), Code::TokenInvalid, "Log in"),
        (json!({"iss": "aldis", "aud": "aldis"}), Code::TokenInvalid, "Log in"),
        (json!({"iss": null}), Code::TokenInvalid, "Log in"),
    ] {
        let (refused, detail) = refusal(&world, &token(&key, &other)).await;
        assert_eq!(refused, code, "{other} {detail}");
        assert!(detail.contains(reason), "{other} {detail}");
    }
    assert!(world.store.account("ann").await.unwrap().is_none());
}

#[tokio::test]
async fn tokens_that_the_issuer_did_not_sign_are_refused() {
    let (ed, ec, rsa) = (Signer::ed25519(1), Signer::p256(), Signer::rsa());
    let jwks = [ed.jwk("ed"), ec.jwk("ec"), rsa.jwk("rsa")];
    let world = World::trusting(vec![Published::of(&jwks).trusted()]);
    let claims = claims(&json!({}));
    let header = |alg: &str, kid: &str| json!({"alg": alg, "typ": "JWT", "kid": kid});
    let with_secret = |header: &Value, secret: &[u8]| {
        let signed = unsigned(header, &claims);
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
        mac.update(signed.as_bytes());
        format!("{signed}.{}", BASE64URL.encode(mac.finalize().into_bytes()))
    };
    let public = BASE64URL.decode(jwks[0]["x"].as_str().unwrap()).unwrap();
    let good = ed.token("ed", &claims);
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let other =
        unsigned(&header("EdDSA", "ed"), &json!({"iss": APP, "aud": "chat", "sub": "bob", "exp": NOW + 60}));
    let stranger = Signer::ed25519(9);
    let embedded = json!({"alg": "EdDSA", "kid": "ed", "jwk": stranger.jwk("ed")});
    for (what, token) in [
        ("none", format!("{}.", unsigned(&header("none", "ed"), &claims))),
        ("None", format!("{}.{signature}", unsigned(&header("None", "ed"), &claims))),
        ("no signature", format!("{signed}.")),
        ("HS256 with the public key", with_secret(&header("HS256", "ed"), &public)),
        ("HS256 as EdDSA", with_secret(&header("EdDSA", "ed"), &public)),
        ("HS256 with the JSON", with_secret(&header("HS256", "rsa"), jwks[2].to_string().as_bytes())),
        ("RSA offered as ES256", rsa.token_with(&header("ES256", "rsa"), &claims)),
        ("RSA offered as ES256 by the EC key's name", rsa.token_with(&header("ES256", "ec"), &claims)),
        ("EdDSA offered as RS256", ed.token_with(&header("RS256", "rsa"), &claims)),
        ("a key under another's name", ed.token_with(&header("EdDSA", "ec"), &claims)),
        ("PS256", rsa.token_with(&header("PS256", "rsa"), &claims)),
        ("RS512", rsa.token_with(&header("RS512", "rsa"), &claims)),
        ("another key of the same name", stranger.token("ed", &claims)),
        ("its own key in the header", stranger.token_with(&embedded, &claims)),
        ("an unknown name", ed.token("other", &claims)),
        ("no name among several keys", ed.token_with(&json!({"alg": "EdDSA"}), &claims)),
        ("other claims", format!("{other}.{signature}")),
        ("a signature cut short", good[..good.len() - 2].to_owned()),
        ("a signature with padding", format!("{good}=")),
        ("four parts", format!("{good}.{signature}")),
        (
            "an extension",
            ed.token_with(&json!({"alg": "EdDSA", "kid": "ed", "crit": ["b64"], "b64": true}), &claims),
        ),
        (
            "a logout token",
            ed.token_with(&json!({"alg": "EdDSA", "kid": "ed", "typ": "logout+jwt"}), &claims),
        ),
        ("a header that is none", format!("{}.{signature}", unsigned(&json!(7), &claims))),
        ("a long token", ed.token("ed", &crate::issuer::claims(&json!({"more": "x".repeat(9000)})))),
    ] {
        assert_eq!(refusal(&world, &token).await.0, Code::TokenInvalid, "{what}");
    }
    assert!(world.store.account("ann").await.unwrap().is_none());
    for (key, kid) in [(&ed, "ed"), (&ec, "ec"), (&rsa, "rsa")] {
        assert!(world.domain.sessions.authenticate(&key.token(kid, &claims)).await.is_ok(), "{kid}");
    }
}

#[tokio::test]
async fn a_key_signs_for_its_own_issuer_alone() {
    let (first, second) = (Signer::ed25519(1), Signer::ed25519(2));
    let other = "https://other.example";
    let of_other = TrustedIssuer { issuer: other.into(), ..Published::of(&[second.jwk("key")]).trusted() };
    let world = World::trusting(vec![Published::of(&[first.jwk("key")]).trusted(), of_other]);
    for (issuer, right, wrong) in [(APP, &first, &second), (other, &second, &first)] {
        let claims = json!({"iss": issuer, "sub": if issuer == APP { "ann" } else { "bob" }});
        assert_eq!(refusal(&world, &token(wrong, &claims)).await.0, Code::TokenInvalid, "{issuer}");
        assert!(world.domain.sessions.authenticate(&token(right, &claims)).await.is_ok(), "{issuer}");
    }
    // Each has its own people: neither comes in as the other's Ann.
    let (refused, _) = refusal(&world, &token(&second, &json!({"iss": other, "sub": "ann"}))).await;
    assert_eq!(refused, Code::AccountUnavailable);
}
