//! Asking somebody who does not let others add them to groups.

use serde_json::{Value, json};

use crate::testing::TestApp;

#[test]
fn whoever_is_to_be_asked_is_told_of_an_invitation_and_of_nothing_else() {
    for app in TestApp::of_each_store() {
        let [ann, bob] = ["Ann", "Bob"].map(|name| app.person(name));
        let me = app.call("PATCH", "/api/users/me", &ann, &json!({ "addMe": "nobody" })).ok();
        assert_eq!(me["addMe"], "nobody");
        assert_eq!(app.call("GET", "/api/users/Ann", &bob, &Value::Null).ok().get("addMe"), None);
        assert_eq!(app.call("GET", "/api/users/me", &bob, &Value::Null).ok()["addMe"], "everybody");
        assert_eq!(app.call("PATCH", "/api/users/me", &ann, &json!({ "addMe": "some" })).status, 422);

        let (mut hers, _) = app.join(&json!({ "token": ann }));
        let group = json!({ "title": "Crew", "members": ["ann"] });
        let group = app.call("POST", "/api/conversations", &bob, &group).ok();
        let id = group["id"].as_str().unwrap();
        assert_eq!((&group["memberCount"], &group["invited"]), (&json!(1), &json!(["Ann"])));
        let told = hers.until(|event| event.name == "invitation").pop().unwrap();
        let waiting = app.call("GET", "/api/invitations", &ann, &Value::Null).ok();
        let invitation = &waiting["items"][0];
        assert_eq!(told.payload, json!({ "conversationId": id, "invitation": invitation }));
        let mut keys: Vec<_> = invitation.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["by", "byName", "conversationId", "createdAt", "memberCount", "title"]);
        assert_eq!(
            (&invitation["by"], &invitation["byName"], &invitation["title"]),
            (&json!("Bob"), &json!("Bob"), &json!("Crew"))
        );

        let conversation = format!("/api/conversations/{id}");
        for path in ["", "/messages", "/members", "/changes", "/invitations"] {
            let path = format!("{conversation}{path}");
            assert_eq!(app.call("GET", &path, &ann, &Value::Null).status, 404, "{path}");
        }
        app.call("POST", &format!("{conversation}/messages"), &bob, &json!({ "text": "secret" })).ok();
        let again = app.call("PUT", &format!("{conversation}/members/aNN"), &bob, &Value::Null).ok();
        assert_eq!((&again["memberCount"], &again["invited"]), (&json!(1), &json!(["Ann"])));
        let invited = app.call("GET", &format!("{conversation}/invitations"), &bob, &Value::Null).ok();
        assert_eq!(
            (&invited["items"][0]["username"], &invited["items"][0]["by"]),
            (&json!("Ann"), &json!("Bob"))
        );

        // Accepted, and once more because the answer may have been lost. The join is an entry of the log.
        let accept = format!("/api/invitations/{id}");
        let accepted = app.call("POST", &accept, &ann, &Value::Null).ok();
        assert_eq!(
            (&accepted["memberCount"], &accepted["headSeq"], &accepted["unread"]),
            (&json!(2), &json!(3), &json!(0))
        );
        assert_eq!(app.call("POST", &accept, &ann, &Value::Null).ok()["headSeq"], 3);
        hers.until(|event| event.name == "invitation" && event.payload == json!({ "conversationId": id }));
        let changes = app.call("GET", &format!("{conversation}/changes"), &bob, &Value::Null).ok();
        let joined = changes["items"].as_array().unwrap().last().unwrap();
        assert_eq!((&joined["by"], &joined["joined"]), (&json!("Ann"), &json!(["Ann"])));
        app.call("POST", &format!("{conversation}/messages"), &ann, &json!({ "text": "here I am" })).ok();
        let read = app.call("GET", &format!("{conversation}/messages"), &ann, &Value::Null).ok();
        assert_eq!(read["items"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn an_invitation_is_declined_or_taken_back_once() {
    for app in TestApp::of_each_store() {
        let [ann, bob, cat] = ["ann", "bob", "cat"].map(|name| app.person(name));
        app.call("PATCH", "/api/users/me", &ann, &json!({ "addMe": "contacts" })).ok();
        let begin = || {
            let group = json!({ "title": "Crew", "members": ["ann", "cat"] });
            app.call("POST", "/api/conversations", &bob, &group).ok()["id"].as_str().unwrap().to_owned()
        };
        let (first, second) = (begin(), begin());
        let call = |method, path: &str, token: &str| app.call(method, path, token, &Value::Null);
        let count = || call("GET", "/api/invitations", &ann).ok()["items"].as_array().unwrap().len();
        assert_eq!(count(), 2);

        let decline = format!("/api/invitations/{first}");
        assert_eq!(
            (call("DELETE", &decline, &ann).status, call("DELETE", &decline, &ann).status),
            (204, 204)
        );
        assert_eq!(call("POST", &decline, &ann).body["code"], "not_found");
        let member = format!("/api/conversations/{first}/members/Ann");
        let refused = call("PUT", &member, &bob);
        assert_eq!((refused.status, &refused.body["code"]), (409, &json!("invitation_declined")));

        let member = format!("/api/conversations/{second}/members/ANN");
        assert_eq!(call("DELETE", &member, &cat).status, 403);
        assert_eq!(call("DELETE", &member, &bob).ok()["memberCount"], 2);
        assert_eq!(call("DELETE", &member, &bob).status, 404);
        assert_eq!((count(), call("DELETE", &format!("/api/invitations/{second}"), &ann).status), (0, 404));

        // Whom she writes to may add her.
        app.call("POST", "/api/messages", &ann, &json!({ "receiver": "bob", "text": "hello" })).ok();
        assert_eq!(call("PUT", &member, &bob).ok()["memberCount"], 3);
    }
}

#[test]
fn past_the_limit_of_an_hour_whoever_is_added_is_asked() {
    let app = TestApp::builder().settings(|config| config.added_to_groups_per_hour = 2).start();
    let [_, bob] = ["ann", "bob"].map(|name| app.person(name));
    let begin =
        || app.call("POST", "/api/conversations", &bob, &json!({ "title": "Crew", "members": ["ann"] })).ok();
    assert_eq!([begin(), begin()].map(|group| group["memberCount"].clone()), [2, 2]);
    let third = begin();
    assert_eq!((&third["memberCount"], &third["invited"]), (&json!(1), &json!(["ann"])));
}
