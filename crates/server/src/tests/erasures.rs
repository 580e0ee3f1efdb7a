//! Accounts that are deleted.

use serde_json::{Value, json};

use crate::testing::TestApp;

#[test]
fn a_deleted_account_is_cut_and_its_messages_are_deleted_for_all() {
    for app in TestApp::of_each_store() {
        let [ann, bob] = ["ann", "bob"].map(|name| app.person(name));
        let (mut annes, _) = app.join(&json!({ "token": ann }));
        let (mut bobs, _) = app.join(&json!({ "token": bob }));
        let message = annes.ask("message", &json!({ "receiver": "bob", "text": "hello" }));
        bobs.until_text("hello");
        let delete = |token: &str, body: Value| app.call("DELETE", "/auth/account", token, &body);
        let refused = delete(&ann, json!({ "password": "wrong horse" }));
        assert_eq!((refused.status, &refused.body["code"]), (401, &json!("credentials_invalid")));
        let refused = delete(&ann, json!({ "password": "correct horse", "messages": "burn" }));
        assert_eq!((refused.status, &refused.body["field"]), (422, &json!("messages")));
        let deleted = delete(&ann, json!({ "password": "correct horse", "messages": "delete" }));
        assert_eq!(deleted.status, 204);
        annes.closed();
        let refused = delete(&ann, json!({ "password": "correct horse" }));
        assert_eq!((refused.status, &refused.body["code"]), (401, &json!("session_revoked")));
        let told =
            bobs.until(|event| event.name == "message:updated" && event.payload["id"] == message["id"]);
        let told = told.last().unwrap();
        assert_eq!((&told.payload["text"], told.payload["deletedAt"].is_string()), (&json!(""), true));
        let shown = app.call("GET", "/api/users/ann", &bob, &Value::Null).ok();
        assert_eq!((&shown["deleted"], &shown["displayName"]), (&json!(true), &json!("ann")));
        let refused = app.call("POST", "/api/messages", &bob, &json!({ "receiver": "ann", "text": "hello" }));
        assert_eq!((refused.status, &refused.body["code"]), (404, &json!("receiver_unknown")));
    }
}
