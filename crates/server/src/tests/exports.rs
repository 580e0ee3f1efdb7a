//! Copies of what the server has for somebody.

use serde_json::{Value, json};

use crate::testing::TestApp;

#[test]
fn an_export_is_an_archive() {
    for app in TestApp::of_each_store() {
        let [ann, _] = ["ann", "bob"].map(|name| app.person(name));
        app.call("POST", "/api/messages", &ann, &json!({ "receiver": "bob", "text": "hello" })).ok();
        app.send("POST", "/api/attachments?name=a.txt", &ann, &vec![b'x'; 300_000]).ok();
        let export = || app.call("GET", "/auth/export", &ann, &Value::Null);
        let exported = export();
        assert_eq!(exported.status, 200);
        let head = exported.head.to_ascii_lowercase();
        assert!(head.contains("content-type: application/zip"), "{head}");
        assert!(head.contains("content-disposition: attachment; filename=\"aldis-ann-20"), "{head}");
        assert!(head.contains("transfer-encoding: chunked") && !head.contains("content-encoding"), "{head}");
        let has = |part: &[u8]| exported.bytes.windows(part.len()).any(|window| window == part);
        for part in [&b"PK\x03\x04"[..], b"profile.json", b"\"text\":\"hello\"", b"-a.txt", b"PK\x05\x06"] {
            assert!(has(part), "{}", String::from_utf8_lossy(part));
        }
        let refused = export();
        assert_eq!((refused.status, &refused.body["code"]), (429, &json!("rate_limited")));
    }
}
