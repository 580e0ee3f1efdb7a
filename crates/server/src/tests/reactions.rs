//! A message to which many people react.

use serde_json::{Value, json};

use crate::testing::TestApp;

#[test]
fn a_message_names_the_first_who_react_and_counts_the_others() {
    for app in TestApp::of_each_store() {
        let names: Vec<_> = (0..23).map(|number| format!("member{number:02}")).collect();
        let tokens: Vec<_> = names.iter().map(|name| app.person(name)).collect();
        let group = json!({ "title": "Crew", "members": names[1..] });
        let group = app.call("POST", "/api/conversations", &tokens[0], &group).ok();
        let messages = format!("/api/conversations/{}/messages", group["id"].as_str().unwrap());
        let (mut first, _) = app.join(&json!({ "token": tokens[0] }));
        let message = app.call("POST", &messages, &tokens[0], &json!({ "text": "cake" })).ok();
        let reactions = format!("{messages}/{}/reactions", message["id"].as_str().unwrap());

        let thumb = format!("{reactions}/%F0%9F%91%8D");
        for token in &tokens {
            app.call("PUT", &thumb, token, &Value::Null).ok();
        }
        let party = format!("{reactions}/%F0%9F%8E%89");
        let last = app.call("PUT", &party, &tokens[1], &Value::Null).ok();

        let named = json!({ "👍": names[..20], "🎉": [names[1]] });
        assert_eq!((&last["reactions"], &last["reactionCounts"]), (&named, &json!({ "👍": 23 })));
        let told = first.until(|event| event.payload["changeSeq"] == last["changeSeq"]);
        assert_eq!(told.last().unwrap().payload, last);
        // Whoever was away is told the message, with what it is now.
        let (_, flushed) = app.join(&json!({ "token": tokens[22] }));
        assert_eq!(flushed.iter().filter(|event| event.payload == last).count(), 2);
        assert_eq!(flushed.iter().filter(|event| event.name == "message:updated").count(), 1);

        let page = app.call("GET", &reactions, &tokens[5], &Value::Null).ok();
        let listed: Vec<_> = page["items"].as_array().unwrap().iter().collect();
        let all = [&names[1]].into_iter().chain(&names);
        let all: Vec<_> = all.map(|name| json!(name)).collect();
        assert_eq!(listed.iter().map(|item| item["username"].clone()).collect::<Vec<_>>(), all);
        assert_eq!((&listed[0]["emoji"], &listed[1]["emoji"]), (&json!("🎉"), &json!("👍")));
        assert!(page.get("next").is_none());

        // In the place of one who takes theirs back comes the next.
        let fewer = app.call("DELETE", &thumb, &tokens[0], &Value::Null).ok();
        assert_eq!(fewer["reactions"]["👍"], json!(names[1..21]));
        assert_eq!(fewer["reactionCounts"], json!({ "👍": 22 }));
    }
}
