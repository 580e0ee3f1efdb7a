//! A server under a path of its host.

use serde_json::{Value, json};

use crate::testing::{Client, TestApp};

fn under_chat() -> TestApp {
    TestApp::builder().settings(|config| config.base_path = "/chat".parse().unwrap()).start()
}

#[test]
fn everything_is_under_the_path() {
    let app = under_chat();
    let [ann, bob] = ["ann", "bob"].map(|name| app.person(name));
    let mut socket = Client::open_at(app.address, "/chat/socket.io/", "");
    socket.connect(&json!({ "token": bob })).unwrap();
    socket.flush();
    let message = json!({ "receiver": "bob", "text": "Under a path" });
    let sent = app.call("POST", "/chat/api/messages", &ann, &message).ok();
    assert_eq!(socket.until_text("Under a path").last().unwrap().payload, sent);

    // Paths in JSON are below the path, as those of the API are in its description.
    let file = app.call("POST", "/chat/api/attachments?name=a.json", &ann, &json!("bytes")).ok();
    let url = file["url"].as_str().unwrap();
    assert_eq!(app.call("GET", &format!("/chat{url}"), &ann, &Value::Null).ok(), "bytes");
    let openapi = app.call("GET", "/chat/openapi.json", "", &Value::Null).ok();
    assert_eq!(openapi["servers"], json!([{ "url": "/chat" }]));
    let asyncapi = app.call("GET", "/chat/asyncapi.json", "", &Value::Null).ok();
    assert_eq!(asyncapi["servers"]["local"]["pathname"], "/chat/socket.io/");
    let docs = app.call("GET", "/chat/docs", "", &Value::Null).ok();
    let docs = docs.as_str().unwrap();
    assert!(docs.contains("href=\"/chat/docs/style.css\"") && docs.contains("href=\"/chat/openapi.json\""));
}

#[test]
fn what_lies_outside_is_told_the_path() {
    let app = under_chat();
    let ann = app.person("ann");
    for path in [
        "/",
        "/api/users/me",
        "/socket.io/?EIO=4&transport=polling",
        "/chatter",
        "/Chat/",
        "/ngsw.json",
        "/c/1",
    ] {
        let answer = app.call("GET", path, &ann, &Value::Null);
        assert_eq!((answer.status, &answer.body["code"]), (404, &json!("not_found")), "{path}");
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains("/chat/") && detail.contains("/chat/socket.io/"), "{detail}");
        assert!(answer.head.contains("x-content-type-options: nosniff"), "{}", answer.head);
    }
    // A socket at another path below it is told, too.
    let answer = app.call("GET", "/chat/other/?EIO=4&transport=polling", "", &Value::Null);
    assert_eq!(answer.status, 404);
    assert!(answer.body["detail"].as_str().unwrap().contains("/chat/socket.io/"), "{}", answer.body);
}

#[test]
fn the_path_without_its_slash_leads_to_the_page() {
    let app = under_chat();
    for (asked, led) in [("/chat", "/chat/"), ("/chat?open=new", "/chat/?open=new")] {
        let answer = app.call("GET", asked, "", &Value::Null);
        assert_eq!(answer.status, 307);
        assert!(answer.head.contains(&format!("location: {led}\r\n")), "{}", answer.head);
    }
}

#[test]
fn probes_are_answered_at_both_places() {
    let app = under_chat();
    for path in ["/livez", "/readyz", "/chat/livez", "/chat/readyz"] {
        assert_eq!(app.call("GET", path, "", &Value::Null).ok(), "ok", "{path}");
    }
    // Of a proxy that was not named only whether it lives is told.
    let named = "X-Forwarded-For: 192.0.2.1";
    for (path, status) in
        [("/livez", 200), ("/chat/livez", 200), ("/readyz", 421), ("/chat/", 421), ("/", 421)]
    {
        assert_eq!(app.call_with("GET", path, named).status, status, "{path}");
    }
}

#[test]
fn pages_of_other_sites_are_refused_inside_and_outside() {
    let app = under_chat();
    for path in ["/chat/auth/login", "/chat/socket.io/?EIO=4&transport=polling", "/livez", "/api"] {
        assert_eq!(app.call_with("GET", path, "Origin: https://evil.example").status, 403, "{path}");
    }
}

#[test]
fn a_server_without_a_path_is_as_it_was() {
    let app = TestApp::start();
    let ann = app.person("ann");
    assert_eq!(app.call("GET", "/api/users/me", &ann, &Value::Null).ok()["username"], "ann");
    let openapi = app.call("GET", "/openapi.json", "", &Value::Null).ok();
    assert_eq!(openapi["servers"], Value::Null);
}
