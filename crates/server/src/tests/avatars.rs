//! Pictures of people and groups.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};

use crate::testing::TestApp;

/// A picture of one grey.
fn grey(shade: u8) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let picture = DynamicImage::from(RgbImage::from_pixel(140, 120, Rgb([shade; 3])));
    picture.write_to(&mut bytes, ImageFormat::WebP).unwrap();
    bytes.into_inner()
}

/// The width of a JPEG.
fn width(bytes: &[u8]) -> u32 {
    assert_eq!(image::guess_format(bytes).unwrap(), ImageFormat::Jpeg);
    image::load_from_memory(bytes).unwrap().width()
}

#[test]
fn a_person_has_a_picture_that_everybody_sees() {
    const OWN: &str = "/api/users/me/picture";
    for app in TestApp::of_each_store() {
        let [ann, bob] = ["Ann", "Bob"].map(|name| app.person(name));
        let get = |path: &str| app.call("GET", path, &bob, &Value::Null);
        assert_eq!(get("/api/users/Ann/picture").status, 404);
        let me = app.send("PUT", OWN, &ann, &grey(100)).ok();
        let url = me["pictureUrl"].as_str().unwrap();
        assert_eq!(get("/api/users/ann").ok()["pictureUrl"], url);
        assert!(url.starts_with("/api/users/Ann/picture?v="), "{url}");

        // Who has blocked whom does not matter, as for the rest of a profile.
        app.call("PUT", "/api/blocks/bob", &ann, &Value::Null).ok();
        let large = get(url);
        assert_eq!((large.status, width(&large.bytes)), (200, 120));
        let small = get(&format!("{url}&size=96"));
        assert_eq!((small.status, width(&small.bytes)), (200, 96));
        for (name, value) in [
            ("content-type", "image/jpeg"),
            ("cache-control", "private, max-age=31536000, immutable"),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "sandbox; default-src 'none'"),
        ] {
            assert!(large.head.contains(&format!("{name}: {value}\r\n")), "{name} in {}", large.head);
        }
        let tag = large.head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
        let headers = format!("Authorization: Bearer {bob}\r\nIf-None-Match: {tag}");
        let again = app.call_with("GET", url, &headers);
        assert_eq!((again.status, again.bytes.len()), (304, 0));

        // Nobody keeps what may become another picture.
        for path in ["/api/users/Ann/picture", "/api/users/Ann/picture?v=0123456789abcdef"] {
            let opened = get(path);
            assert_eq!((opened.status, &opened.bytes), (200, &large.bytes));
            assert!(opened.head.contains("cache-control: private, no-cache\r\n"), "{}", opened.head);
        }
        let other = app.send("PUT", OWN, &ann, &grey(200)).ok();
        assert_ne!(other["pictureUrl"], url);
        assert!(get(url).head.contains("cache-control: private, no-cache\r\n"));

        for _ in 0..2 {
            assert_eq!(app.call("DELETE", OWN, &ann, &Value::Null).status, 204);
        }
        assert_eq!(get(url).status, 404);
        assert_eq!(get("/api/users/ann").ok().get("pictureUrl"), None);
    }
}

#[test]
fn what_is_no_picture_is_refused_in_words() {
    const OWN: &str = "/api/users/me/picture";
    let app = TestApp::start();
    let ann = app.person("ann");
    let refused = |bytes: &[u8]| app.send("PUT", OWN, &ann, bytes);
    let no_picture = refused(b"hello");
    assert_eq!((no_picture.status, &no_picture.body["code"]), (422, &json!("invalid")));
    assert_eq!(
        no_picture.body["detail"],
        "Send a JPEG, PNG or WebP picture; these bytes cannot be read as one."
    );
    let large = refused(&vec![0; (5 << 20) + 1]);
    assert_eq!((large.status, &large.body["code"]), (413, &json!("too_large")));
    assert_eq!(app.call("PUT", OWN, "", &Value::Null).status, 401);
    assert_eq!(app.call("GET", "/api/users/ann/picture", "", &Value::Null).status, 401);
    refused(&grey(1)).ok();
    for size in ["95", "0", "-1", "large"] {
        let path = format!("/api/users/ann/picture?size={size}");
        assert!([400, 422].contains(&app.call("GET", &path, &ann, &Value::Null).status), "{size}");
    }
    let form = format!("Authorization: Bearer {ann}\r\nContent-Type: multipart/form-data; boundary=x");
    let form = app.call_with("PUT", OWN, &form);
    assert_eq!((form.status, &form.body["code"]), (400, &json!("malformed")));
}

#[test]
fn a_group_has_a_picture_that_its_members_see() {
    for app in TestApp::of_each_store() {
        let [ann, bob, eve] = ["Ann", "Bob", "Eve"].map(|name| app.person(name));
        let (mut his, _) = app.join(&json!({ "token": bob }));
        let group = json!({ "title": "Crew", "members": ["bob"] });
        let group = app.call("POST", "/api/conversations", &ann, &group).ok();
        let own = format!("/api/conversations/{}/picture", group["id"].as_str().unwrap());
        assert_eq!(app.send("PUT", &own, &bob, &grey(1)).status, 403);
        assert_eq!(app.send("PUT", &own, &eve, &grey(1)).status, 404);
        let changed = app.send("PUT", &own, &ann, &grey(100)).ok();
        let url = changed["pictureUrl"].as_str().unwrap();
        let told = his.until(|event| event.name == "conversation" && event.payload["headSeq"] == 2);
        let told = &told.last().unwrap().payload;
        assert_eq!((&told["pictureUrl"], &told["changes"][0]["picture"]), (&json!(url), &json!(true)));
        let listed = app.call("GET", "/api/conversations", &bob, &Value::Null).ok();
        assert_eq!(listed["items"][0]["pictureUrl"], url);
        let small = app.call("GET", &format!("{url}&size=96"), &bob, &Value::Null);
        assert_eq!((small.status, width(&small.bytes)), (200, 96));
        assert!(small.head.contains("cache-control: private, max-age=31536000, immutable\r\n"));
        assert_eq!(app.call("GET", url, &eve, &Value::Null).status, 404);
        assert_eq!(app.call("DELETE", &own, &bob, &Value::Null).status, 403);
        assert_eq!(app.call("DELETE", &own, &ann, &Value::Null).status, 204);
        assert_eq!(app.call("GET", url, &bob, &Value::Null).status, 404);
        let told = his.until(|event| event.name == "conversation" && event.payload["headSeq"] == 3);
        let told = &told.last().unwrap().payload;
        assert_eq!((told.get("pictureUrl"), &told["changes"][0]["picture"]), (None, &json!(false)));
    }
}
