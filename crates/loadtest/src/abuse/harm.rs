//! The kinds of harm: each is prepared by a few accounts, and then one of them does it again and again. Refusals are what
//! is hoped for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::picture;
use crate::Common;
use crate::accounts::{Account, PASSWORD};
use crate::client::{Client, Turn};
use crate::fleet::Fleet;
use crate::frame::{self, Kind};

/// A kind of harm.
pub(super) struct Harm {
    pub(super) name: &'static str,
    /// What is done once, before the harm.
    pub(super) prepare: fn(&Common, &[Account]) -> Result<Load, String>,
}

/// What is done again and again.
pub(super) enum Load {
    /// Requests over HTTP, from so many threads.
    Requests(usize, Vec<Request>),
    /// An event emitted on so many sockets of the first account, again at each answer.
    Events(usize, Vec<(&'static str, Value)>),
}

/// A request over HTTP.
pub(super) struct Request {
    method: &'static str,
    path: String,
    /// The number of the account that sends it; none for a request without a token.
    from: Option<usize>,
    body: Body,
}

enum Body {
    Json(Value),
    Bytes(Vec<u8>),
}

const THREADS: usize = 16;
const SOCKETS: usize = 190;

pub(super) const ALL: &[Harm] = &[
    Harm { name: "presence of 1,000 names", prepare: |_, _| Ok(watch()) },
    Harm { name: "a page over many changes", prepare: changes },
    Harm { name: "blocks", prepare: |_, accounts| Ok(blocks(accounts)) },
    Harm { name: "sync over many conversations", prepare: sync },
    Harm { name: "a list of many conversations", prepare: list },
    Harm { name: "search for a short beginning", prepare: search },
    Harm { name: "@ and dots", prepare: dots },
    Harm { name: "control characters", prepare: control },
    Harm { name: "right passwords", prepare: |_, accounts| Ok(logins(accounts)) },
    Harm { name: "refresh", prepare: refresh },
    Harm { name: "verify", prepare: |_, accounts| Ok(verify(accounts)) },
    Harm { name: "mute", prepare: mute },
    Harm { name: "profile", prepare: |_, accounts| Ok(profile(accounts)) },
    Harm { name: "typing in many groups", prepare: typing },
    Harm { name: "groups of 256", prepare: |_, accounts| Ok(groups(accounts)) },
    Harm { name: "reactions", prepare: reactions },
    Harm { name: "pictures of 40 megapixels", prepare: |_, accounts| Ok(pictures(accounts)) },
    Harm { name: "small uploads", prepare: |_, accounts| Ok(uploads(accounts)) },
];

impl Load {
    pub(super) fn threads(&self) -> usize {
        match self {
            Self::Requests(threads, _) => *threads,
            Self::Events(..) => 1,
        }
    }

    /// Does it until `stop`; gives how often.
    pub(super) fn run(
        &self,
        common: &Common,
        accounts: &[Account],
        thread: usize,
        stop: &AtomicBool,
    ) -> Result<u64, String> {
        match self {
            Self::Requests(_, requests) => {
                let mut asked = 0;
                for request in requests.iter().cycle().skip(thread) {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    // The server may hang up on whoever asks too much.
                    let _ = request.send(common, accounts);
                    asked += 1;
                }
                Ok(asked)
            }
            Self::Events(sockets, events) => emit(common, accounts, *sockets, events, stop),
        }
    }
}

impl Request {
    fn new(method: &'static str, path: impl Into<String>, from: usize, body: Value) -> Self {
        Self { method, path: path.into(), from: Some(from), body: Body::Json(body) }
    }

    /// A request without a token.
    fn anonymous(path: &str, body: Value) -> Self {
        Self { method: "POST", path: path.into(), from: None, body: Body::Json(body) }
    }

    fn send(&self, common: &Common, accounts: &[Account]) -> Result<(u16, Value), String> {
        let token = self.from.map(|number| accounts[number].token.as_str());
        match &self.body {
            Body::Json(body) => common.server.ask(self.method, &self.path, token, body),
            Body::Bytes(bytes) => {
                common.server.send(self.method, &self.path, token, "application/octet-stream", bytes)
            }
        }
    }
}

/// Sockets of which each emits one of the events, and again at each answer.
struct Emitting<'a> {
    events: &'a [(&'static str, Value)],
    asked: u64,
}

impl Emitting<'_> {
    fn emit(&mut self, turn: &mut Turn<'_>) {
        let (name, payload) = &self.events[turn.number % self.events.len()];
        frame::write(Kind::Text, format!("420{}", json!([name, payload])).as_bytes(), turn.out);
        self.asked += 1;
    }
}

impl Client for Emitting<'_> {
    fn ready(&mut self, mut turn: Turn<'_>) -> Result<(), String> {
        self.emit(&mut turn);
        Ok(())
    }

    fn acknowledged(&mut self, mut turn: Turn<'_>, _: Option<u64>) -> Result<(), String> {
        self.emit(&mut turn);
        Ok(())
    }

    fn declined(&mut self, mut turn: Turn<'_>, _: &str) -> Result<(), String> {
        self.emit(&mut turn);
        Ok(())
    }

    /// Others go on.
    fn closed(&mut self, _: usize, _: &str) -> Result<(), String> {
        Ok(())
    }
}

fn emit(
    common: &Common,
    accounts: &[Account],
    sockets: usize,
    events: &[(&'static str, Value)],
    stop: &AtomicBool,
) -> Result<u64, String> {
    let mut fleet = Fleet::new(common.peer, &common.server)?;
    let mut client = Emitting { events, asked: 0 };
    for number in 0..sockets {
        fleet.open(number, &accounts[0].token)?;
    }
    while !stop.load(Ordering::Relaxed) {
        fleet.poll(Duration::from_millis(50), &mut client)?;
    }
    fleet.close_all();
    Ok(client.asked)
}

/// Sends a request that has to succeed.
fn done(common: &Common, account: &Account, method: &str, path: &str, body: &Value) -> Result<Value, String> {
    let (status, answer) = common.server.ask(method, path, Some(&account.token), body)?;
    if (200..300).contains(&status) { Ok(answer) } else { Err(format!("{method} {path}: {status} {answer}")) }
}

fn text(answer: &Value, field: &str) -> Result<String, String> {
    answer[field].as_str().map(str::to_owned).ok_or_else(|| format!("an answer has no {field}"))
}

/// A group of all these accounts; gives its id.
fn group(common: &Common, accounts: &[Account]) -> Result<String, String> {
    let members: Vec<_> = accounts[1..].iter().map(|account| &account.username).collect();
    let body = json!({ "title": "abuse", "members": members });
    text(&done(common, &accounts[0], "POST", "/api/conversations", &body)?, "id")
}

fn watch() -> Load {
    let names: Vec<_> = (0..1000).map(|number| format!("nobody-{number}")).collect();
    Load::Events(SOCKETS, vec![("presence:watch", json!({ "usernames": names }))])
}

/// One message and thousands of changes of it, behind which the pages begin.
fn changes(common: &Common, accounts: &[Account]) -> Result<Load, String> {
    let id = group(common, accounts)?;
    let path = format!("/api/conversations/{id}/messages");
    let message = text(&done(common, &accounts[0], "POST", &path, &json!({ "text": "hi" }))?, "id")?;
    let reaction = format!("{path}/{message}/reactions/%F0%9F%91%8D");
    for account in accounts {
        for number in 0..800 {
            let method = if number % 2 == 0 { "PUT" } else { "DELETE" };
            done(common, account, method, &reaction, &Value::Null)?;
        }
    }
    Ok(Load::Requests(THREADS, vec![Request::new("GET", format!("{path}?limit=200"), 0, Value::Null)]))
}

fn blocks(accounts: &[Account]) -> Load {
    let path = format!("/api/blocks/{}", accounts[1].username);
    let [put, delete] = ["PUT", "DELETE"].map(|method| Request::new(method, path.clone(), 0, Value::Null));
    Load::Requests(THREADS, vec![put, delete, Request::new("GET", "/api/blocks", 0, Value::Null)])
}

/// Makes many conversations of one account.
fn many(common: &Common, account: &Account) -> Result<(), String> {
    for _ in 0..600 {
        let (status, _) = common.server.ask(
            "POST",
            "/api/conversations",
            Some(&account.token),
            &json!({ "title": "one of many", "members": [] }),
        )?;
        if status != 201 {
            break;
        }
    }
    Ok(())
}

fn sync(common: &Common, accounts: &[Account]) -> Result<Load, String> {
    let first = done(common, &accounts[0], "GET", "/api/sync", &Value::Null)?;
    many(common, &accounts[0])?;
    let path = format!("/api/sync?limit=1000&cursor={}", text(&first, "cursor")?);
    Ok(Load::Requests(THREADS, vec![Request::new("GET", path, 0, Value::Null)]))
}

fn list(common: &Common, accounts: &[Account]) -> Result<Load, String> {
    many(common, &accounts[1])?;
    Ok(Load::Requests(THREADS, vec![Request::new("GET", "/api/conversations", 1, Value::Null)]))
}

fn search(common: &Common, accounts: &[Account]) -> Result<Load, String> {
    let body = json!({ "receiver": accounts[1].username, "text": "a ab abc abd abe abf ".repeat(100) });
    for account in &accounts[2..] {
        for _ in 0..100 {
            done(common, account, "POST", "/api/messages", &body)?;
        }
    }
    Ok(Load::Requests(THREADS, vec![Request::new("GET", "/api/search?q=a", 1, Value::Null)]))
}

/// Sends a text to a group of all accounts.
fn say(common: &Common, accounts: &[Account], said: &str) -> Result<Load, String> {
    let path = format!("/api/conversations/{}/messages", group(common, accounts)?);
    Ok(Load::Requests(THREADS, vec![Request::new("POST", path, 0, json!({ "text": said }))]))
}

fn dots(common: &Common, accounts: &[Account]) -> Result<Load, String> {
    say(common, accounts, &format!("@{}", ".".repeat(16_383)))
}

fn control(common: &Common, accounts: &[Account]) -> Result<Load, String> {
    say(common, accounts, &format!("x{}", "\u{1}".repeat(5_400)))
}

fn logins(accounts: &[Account]) -> Load {
    let body = json!({ "username": accounts[0].username, "password": PASSWORD });
    Load::Requests(4, vec![Request::anonymous("/auth/login", body)])
}

fn refresh(common: &Common, accounts: &[Account]) -> Result<Load, String> {
    let body = json!({ "username": accounts[1].username, "password": PASSWORD });
    let (_, answer) = common.server.ask("POST", "/auth/login", None, &body)?;
    let body = json!({ "refreshToken": answer["refreshToken"] });
    Ok(Load::Requests(THREADS, vec![Request::anonymous("/auth/refresh", body)]))
}

fn verify(accounts: &[Account]) -> Load {
    let verify = |account: &Account| {
        Request::anonymous("/auth/verify", json!({ "username": account.username, "otp": "000000" }))
    };
    Load::Requests(THREADS, accounts.iter().map(verify).collect())
}

fn mute(common: &Common, accounts: &[Account]) -> Result<Load, String> {
    let path = format!("/api/conversations/{}", group(common, accounts)?);
    let mute = |number: usize| {
        let body = json!({ "muted": number.is_multiple_of(2) });
        Request::new("PATCH", path.clone(), 0, body)
    };
    Ok(Load::Requests(THREADS, (0..3).map(mute).collect()))
}

fn profile(_: &[Account]) -> Load {
    let change = |number: usize| {
        let body =
            json!({ "displayName": format!("Name {number}"), "hidePresence": number.is_multiple_of(2) });
        Request::new("PATCH", "/api/users/me", 0, body)
    };
    Load::Requests(THREADS, (0..3).map(change).collect())
}

fn typing(common: &Common, accounts: &[Account]) -> Result<Load, String> {
    let mut events = Vec::new();
    for _ in 0..20 {
        let id = group(common, accounts)?;
        for typing in [true, false] {
            events.push(("typing", json!({ "conversationId": id, "typing": typing })));
        }
    }
    Ok(Load::Events(SOCKETS, events))
}

fn groups(accounts: &[Account]) -> Load {
    let members: Vec<_> = accounts.iter().map(|account| &account.username).cycle().take(256).collect();
    let body = json!({ "title": "abuse", "members": members });
    Load::Requests(THREADS, vec![Request::new("POST", "/api/conversations", 0, body)])
}

fn reactions(common: &Common, accounts: &[Account]) -> Result<Load, String> {
    let path = format!("/api/conversations/{}/messages", group(common, accounts)?);
    let message = text(&done(common, &accounts[0], "POST", &path, &json!({ "text": "hi" }))?, "id")?;
    let react = |number: usize| {
        let method = if number.is_multiple_of(2) { "PUT" } else { "DELETE" };
        let path = format!("{path}/{message}/reactions/%F0%9F%91%8D");
        Request::new(method, path, 0, Value::Null)
    };
    Ok(Load::Requests(THREADS, (0..3).map(react).collect()))
}

fn pictures(_: &[Account]) -> Load {
    Load::Requests(4, vec![upload("picture.png", picture::png(8000, 5000))])
}

fn uploads(_: &[Account]) -> Load {
    Load::Requests(THREADS, vec![upload("a", b"x".to_vec())])
}

fn upload(name: &str, bytes: Vec<u8>) -> Request {
    let path = format!("/api/attachments?name={name}");
    Request { method: "POST", path, from: Some(0), body: Body::Bytes(bytes) }
}
