//! People of a host application, and how their sockets end.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use domain::SigningKey;
use ed25519_dalek::Signer;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::config::TrustedIssuer;
use crate::testing::{Client, TestApp, texts};

fn key() -> SigningKey {
    SigningKey::from_bytes(&[5; 32])
}

#[expect(clippy::disallowed_methods, reason = "the server has the clock of the machine")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// The `auth` of a person of the application.
fn auth(username: &str) -> Value {
    let claims = json!({"iss": "app", "aud": "chat", "sub": username, "iat": now(), "exp": now() + 600});
    let [header, claims] = [json!({"alg": "EdDSA"}), claims].map(|part| BASE64URL.encode(part.to_string()));
    let signed = format!("{header}.{claims}");
    let signature = BASE64URL.encode(key().sign(signed.as_bytes()).to_bytes());
    json!({ "token": format!("{signed}.{signature}") })
}

/// Servers on each store that trust the application, with the folder of its keys.
fn trusting() -> (TempDir, [TestApp; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let x = BASE64URL.encode(key().verifying_key().as_bytes());
    std::fs::write(&path, json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": x}]}).to_string()).unwrap();
    let table = format!("issuer = \"app\"\naudience = \"chat\"\njwks-file = {:?}\n", path.to_str().unwrap());
    let trusted: TrustedIssuer = toml::from_str(&table).unwrap();
    let builders = [TestApp::builder(), TestApp::builder().sqlite()];
    let apps = builders
        .map(|builder| builder.settings(|config| config.trusted_issuer = vec![trusted.clone()]).start());
    (folder, apps)
}

#[test]
fn a_person_who_is_logged_out_is_cut_on_all_devices_and_comes_back_with_a_newer_token() {
    let (_folder, apps) = trusting();
    for app in apps {
        let (early, bob) = (auth("ann"), auth("bob"));
        let [(phone, _), (laptop, _)] = [app.join(&early), app.join(&auth("ann"))];
        let (mut other, _) = app.join(&bob);
        app.log_out("ann");
        for device in [phone, laptop] {
            assert_eq!(device.closed().as_deref(), Some("session_revoked"));
        }
        let refused = Client::open(app.address, "").connect(&early).unwrap_err();
        assert_eq!(refused["message"], "session_revoked");
        let token = early["token"].as_str().unwrap();
        let refused = app.call("GET", "/api/users/me", token, &Value::Null);
        assert_eq!((refused.status, &refused.body["code"]), (401, &json!("session_revoked")));

        // Nobody else is cut, and what they write waits.
        other.ask("message", &json!({ "receiver": "ann", "text": "Come back" }));
        let logged_out = now();
        while now() == logged_out {
            // A token of the same second counts as an earlier one.
            std::thread::sleep(Duration::from_millis(20));
        }
        let (_, flushed) = app.join(&auth("ann"));
        assert_eq!(texts(&flushed), ["Come back"]);
    }
}

#[test]
fn a_file_is_opened_by_a_link_until_its_person_is_logged_out() {
    let (_folder, apps) = trusting();
    for app in apps {
        let auth = auth("ann");
        let token = auth["token"].as_str().unwrap();
        let uploaded = app.send("POST", "/api/attachments?name=a.txt", token, b"what it says").ok();
        let path = format!("/api/attachments/{}/link", uploaded["id"].as_str().unwrap());
        let link = app.call("POST", &path, token, &Value::Null).ok()["url"].as_str().unwrap().to_owned();
        assert_eq!(app.call("GET", &link, "", &Value::Null).bytes, b"what it says");
        app.log_out("ann");
        assert_eq!(app.call("GET", &link, "", &Value::Null).status, 401);
    }
}
