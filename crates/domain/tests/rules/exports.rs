use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use domain::{Caller, Error, Export, ExportPart};
use protocol::{
    Attachment, Code, ConversationId, DeleteMessage, NewApiToken, NewGroup, OwnMessages, PutMember,
    SendMessage,
};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::support::{World, to};

/// The files of an export, by name.
type Files = BTreeMap<String, Vec<u8>>;

async fn read(export: Export) -> Result<Files, Error> {
    let (sender, mut parts) = mpsc::channel(1);
    let reading = tokio::spawn(export.run(sender));
    let (mut files, mut current) = (Files::new(), String::new());
    while let Some(part) = parts.recv().await {
        match part {
            ExportPart::File(name) => {
                assert!(files.insert(name.clone(), Vec::new()).is_none(), "{name} comes twice");
                current = name;
            }
            ExportPart::Bytes(bytes) => files.get_mut(&current).unwrap().extend(bytes),
        }
    }
    reading.await.unwrap().map(|()| files)
}

fn json(files: &Files, name: &str) -> Value {
    serde_json::from_slice(&files[name]).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn texts(files: &Files, conversation: ConversationId) -> Vec<String> {
    let lines = String::from_utf8(files[&format!("messages/{conversation}.jsonl")].clone()).unwrap();
    let messages = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    messages.map(|message| message["text"].as_str().unwrap().to_owned()).collect()
}

async fn upload(world: &World, caller: &Caller, name: &str, bytes: &'static [u8]) -> Attachment {
    let mut upload = world.domain.attachments.upload(caller, name, None, None).await.unwrap();
    upload.write(Bytes::from_static(bytes)).await.unwrap();
    upload.finish().await.unwrap()
}

#[tokio::test]
async fn an_export_has_what_its_person_may_see() {
    let world = World::new();
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    world.person("eve").await;
    world.domain.blocks.block(&ann, "eve").await.unwrap();
    let program = NewApiToken { name: "program".into(), expires_at: None };
    let token = world.domain.api_tokens.create(&ann, program).await.unwrap().token.unwrap();
    let unsent = upload(&world, &ann, "unsent?.txt", b"unsent").await;
    let theirs = upload(&world, &bob, "theirs.txt", b"theirs").await;
    let hidden = upload(&world, &bob, "hidden.txt", b"hidden").await;
    let own = upload(&world, &ann, "own.txt", b"own").await;

    let group = NewGroup { title: "Crew".into(), members: Vec::new(), history: None };
    let group = world.domain.groups.create(&bob, group).await.unwrap().id;
    let say = async |caller: &Caller, text: &str, attachments: Vec<&Attachment>| {
        let attachments = attachments.iter().map(|file| file.id).collect();
        let request = SendMessage {
            conversation_id: Some(group),
            text: text.into(),
            attachments,
            ..SendMessage::default()
        };
        world.send(caller, request).await.unwrap()
    };
    say(&bob, "before ann joined", vec![&hidden]).await;
    world.domain.groups.put_member(&bob, group, "ann", PutMember::default()).await.unwrap();
    say(&bob, "with a file", vec![&theirs]).await;
    say(&bob, "the same file", vec![&theirs]).await;
    say(&ann, "my file", vec![&own]).await;
    let gone = say(&bob, "deleted", Vec::new()).await.message;
    let delete = DeleteMessage { conversation_id: group, id: gone.id };
    world.sent(world.domain.messages.delete(&bob, delete, None).await).await.unwrap();
    let mut direct = None;
    for number in 0..250 {
        direct = Some(world.send(&ann, to("bob", &number.to_string())).await.unwrap().message);
    }
    let direct = direct.unwrap().conversation_id;

    let files = read(world.domain.exports.own(&ann).await.unwrap()).await.unwrap();
    assert_eq!(json(&files, "profile.json")["username"], "ann");
    assert_eq!(json(&files, "sessions.json")[0]["current"], true);
    assert_eq!(json(&files, "blocks.json")[0]["username"], "eve");
    assert_eq!(json(&files, "api-tokens.json")[0]["name"], "program");
    let listed = json(&files, "conversations.json");
    let mut ids: Vec<_> = listed.as_array().unwrap().iter().map(|one| one["id"].to_string()).collect();
    ids.sort();
    let mut expected = vec![format!("\"{group}\""), format!("\"{direct}\"")];
    expected.sort();
    assert_eq!(ids, expected);
    assert_eq!(texts(&files, group), ["with a file", "the same file", "my file", ""]);
    assert_eq!(texts(&files, direct), (0..250).map(|number| number.to_string()).collect::<Vec<_>>());
    let uploaded = |file: &Attachment, name: &str| format!("files/{}-{name}", file.id);
    for (file, name, bytes) in [
        (&unsent, "unsent_.txt", &b"unsent"[..]),
        (&own, "own.txt", b"own"),
        (&theirs, "theirs.txt", b"theirs"),
    ] {
        assert_eq!(files[&uploaded(file, name)], bytes);
    }
    assert_eq!(files.keys().filter(|name| name.starts_with("files/")).count(), 3);
    assert!(files["README.txt"].starts_with(b"This is a copy"));
    let all: Vec<u8> = files.into_values().flatten().collect();
    assert!(!all.windows(token.len()).any(|window| window == token.as_bytes()));
}

#[tokio::test]
async fn an_export_is_once_an_hour_and_for_a_login() {
    let world = World::new();
    let ann = world.person("ann").await;
    let code = async |caller: &Caller| world.domain.exports.own(caller).await.err().map(|error| error.code);
    let program = NewApiToken { name: "program".into(), expires_at: None };
    let token = world.domain.api_tokens.create(&ann, program).await.unwrap().token.unwrap();
    let program = world.domain.sessions.authenticate(&token).await.unwrap();
    assert_eq!(code(&program).await, Some(Code::Forbidden));
    assert_eq!(code(&ann).await, None);
    assert_eq!(code(&ann).await, Some(Code::RateLimited));
    world.clock.advance(Duration::from_hours(1));
    assert_eq!(code(&ann).await, None);
}

#[tokio::test]
async fn an_export_ends_with_its_session_and_with_its_reader() {
    let world = World::new();
    let ann = world.person("ann").await;
    let export = world.domain.exports.own(&ann).await.unwrap();
    world.domain.sessions.end(&ann, ann.session).await.unwrap();
    assert_eq!(read(export).await.unwrap_err().code, Code::SessionRevoked);
    let (sender, parts) = mpsc::channel(1);
    drop(parts);
    world.domain.exports.of("ann").await.unwrap().run(sender).await.unwrap();
}

#[tokio::test]
async fn who_runs_the_server_exports_for_somebody() {
    let world = World::new();
    let ann = world.person("ann").await;
    let files = read(world.domain.exports.of("ANN").await.unwrap()).await.unwrap();
    assert_eq!(json(&files, "profile.json")["username"], "ann");
    assert_eq!(files["conversations.json"], b"[]\n");
    world.domain.erasures.delete("ann", OwnMessages::Keep).await.unwrap();
    for name in ["ann", "nobody"] {
        assert_eq!(world.domain.exports.of(name).await.err().unwrap().code, Code::NotFound);
    }
    assert!(world.domain.exports.own(&ann).await.is_err());
}
