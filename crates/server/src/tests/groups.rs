//! What the members of a group are told when it changes.

use serde_json::{Value, json};

use crate::testing::TestApp;

#[test]
fn an_event_says_what_changed_as_the_list_of_changes_does() {
    for app in TestApp::of_each_store() {
        let [ann, bob, cat] = ["Ann", "Bob", "Cat"].map(|name| app.person(name));
        let group = json!({ "title": "Crew", "members": ["bob"] });
        let group = app.call("POST", "/api/conversations", &ann, &group).ok();
        let conversation = format!("/api/conversations/{}", group["id"].as_str().unwrap());
        assert_eq!(group.get("changes"), None);
        let ([mut anns, mut bobs, mut cats], call) = (
            [&ann, &bob, &cat].map(|token| app.join(&json!({ "token": token })).0),
            |method, path: &str, body: &Value| app.call(method, &format!("{conversation}{path}"), &ann, body),
        );
        // Each is told before the next, because changes that wait are told together.
        let mut told = Vec::new();
        let steps = [
            ("PATCH", "", json!({ "title": "Harbour" })),
            ("PUT", "/members/cat", Value::Null),
            ("PUT", "/members/BOB", json!({ "role": "admin" })),
            ("DELETE", "/members/bob", Value::Null),
        ];
        for (method, path, body) in steps {
            call(method, path, &body).ok();
            let event = anns.until(|event| event.name == "conversation").pop().unwrap();
            let [change] = event.payload["changes"].as_array().unwrap().as_slice() else { panic!() };
            told.push(change.clone());
        }
        let changes = call("GET", "/changes?afterSeq=1", &Value::Null).ok();
        assert_eq!(Value::Array(told), changes["items"]);
        assert_eq!(
            (&changes["items"][1]["joined"], &changes["items"][3]["left"]),
            (&json!(["Cat"]), &json!(["Bob"]))
        );
        // Who joins is told of no earlier change, and who leaves of the group as it is without them.
        let first = cats.until(|event| event.name == "conversation").pop().unwrap();
        assert_eq!(first.payload["changes"][0]["seq"], 3);
        let last = bobs.until(|event| event.payload["changes"][0].get("left").is_some()).pop().unwrap();
        let names = last.payload["members"].as_array().unwrap().iter().map(|member| &member["username"]);
        assert_eq!(names.collect::<Vec<_>>(), ["Ann", "Cat"]);
    }
}
