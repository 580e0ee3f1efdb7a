//! Admins over HTTP and the sockets of those whom they shut out.

use serde_json::{Value, json};

use crate::testing::TestApp;

#[test]
fn who_is_shut_out_is_cut_at_once_and_has_nothing_of_it_back() {
    for app in TestApp::of_each_store() {
        let (root, ann) = (app.admin("root"), app.person("ann"));
        let bot = app.call("POST", "/auth/tokens", &ann, &json!({ "name": "bot" })).ok();
        let bot = bot["token"].as_str().unwrap().to_owned();
        let (by_session, _) = app.join(&json!({ "token": ann }));
        let (by_token, _) = app.join(&json!({ "token": bot }));
        let (mut of_root, _) = app.join(&json!({ "token": root }));

        let changed = app.call("PATCH", "/admin/users/ANN", &root, &json!({ "disabled": true })).ok();
        assert_eq!((&changed["username"], &changed["disabled"]), (&json!("ann"), &json!(true)));
        for socket in [by_session, by_token] {
            assert_eq!(socket.closed().as_deref(), Some("session_revoked"));
        }
        for token in [&ann, &bot] {
            assert_eq!(app.call("GET", "/api/users/me", token, &Value::Null).body["code"], "session_revoked");
        }
        let login = json!({ "username": "ann", "password": "correct horse" });
        let refused = app.call("POST", "/auth/login", "", &login);
        assert_eq!((refused.status, &refused.body["code"]), (403, &json!("account_disabled")));
        let wrong = json!({ "username": "ann", "password": "wrong horse" });
        assert_eq!(app.call("POST", "/auth/login", "", &wrong).body["code"], "credentials_invalid");
        // Others see her as somebody who is away: what they send waits.
        of_root.ask("message", &json!({ "receiver": "ann", "text": "you there?" }));
        let found = app.call("GET", "/api/users?query=an", &root, &Value::Null).ok();
        assert_eq!(found["items"], json!([]));
        let found = app.call("GET", "/admin/users?query=an", &root, &Value::Null).ok();
        assert_eq!(found["items"][0]["disabled"], true);

        app.call("PATCH", "/admin/users/ann", &root, &json!({ "disabled": false })).ok();
        for token in [&ann, &bot] {
            assert_eq!(app.call("GET", "/api/users/me", token, &Value::Null).status, 401);
        }
        let (_, flushed) = app.join(&json!({ "token": app.login("ann") }));
        assert_eq!(crate::testing::texts(&flushed), ["you there?"]);

        let audit = app.call("GET", "/admin/audit", &root, &Value::Null).ok();
        let done: Vec<_> = audit["items"].as_array().unwrap().iter().map(|entry| &entry["action"]).collect();
        assert_eq!(done, ["user_enabled", "user_disabled", "admin_added"]);
        assert_eq!(audit["items"][0]["by"], "root");
        assert_eq!(audit["items"][2].get("by"), None);
    }
}

#[test]
fn an_admin_logs_somebody_out_and_makes_somebody_an_admin() {
    for app in TestApp::of_each_store() {
        let (root, ann) = (app.admin("root"), app.person("ann"));
        let (socket, _) = app.join(&json!({ "token": ann }));
        assert_eq!(app.call("POST", "/admin/users/ann/logout", &root, &Value::Null).status, 204);
        assert_eq!(socket.closed().as_deref(), Some("session_revoked"));
        let ann = app.login("ann");
        assert_eq!(app.call("GET", "/admin/audit", &ann, &Value::Null).status, 403);
        let admin = json!({ "role": "admin" });
        assert_eq!(app.call("PATCH", "/admin/users/ann", &root, &admin).ok()["role"], "admin");
        assert_eq!(app.call("GET", "/api/users/me", &ann, &Value::Null).ok()["role"], "admin");
        // Others are not told of it.
        let seen = app.call("GET", "/api/users/root", &ann, &Value::Null).ok();
        assert_eq!(seen.get("role"), None);
        let member = json!({ "role": "member" });
        app.call("PATCH", "/admin/users/root", &ann, &member).ok();
        let refused = app.call("PATCH", "/admin/users/ann", &ann, &member);
        assert_eq!((refused.status, &refused.body["code"]), (409, &json!("last_admin")));
        assert_eq!(app.call("PATCH", "/admin/users/ann", &root, &member).status, 403);
        let added = app.call("POST", "/admin/users", &ann, &json!({ "username": "bob" }));
        assert_eq!(added.status, 201);
        let login = json!({ "username": "bob", "password": added.body["password"] });
        app.call("POST", "/auth/login", "", &login).ok();
        assert_eq!(app.call("GET", "/admin/users/nobody", &ann, &Value::Null).status, 404);
        // A program of an admin's may do none of it.
        let bot = app.call("POST", "/auth/tokens", &ann, &json!({ "name": "bot" })).ok();
        let refused = app.call("GET", "/admin/users", bot["token"].as_str().unwrap(), &Value::Null);
        assert_eq!((refused.status, &refused.body["code"]), (403, &json!("forbidden")));
    }
}
