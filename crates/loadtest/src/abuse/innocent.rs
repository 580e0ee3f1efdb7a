//! People who use the server as always: send and read, log in, connect.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::until;
use crate::accounts::{Account, PASSWORD};
use crate::client::{Client, Turn};
use crate::fleet::Fleet;
use crate::histogram::Histogram;
use crate::{Common, interrupt};

/// The pause after each round, so that they are no load themselves.
const PAUSE: Duration = Duration::from_millis(10);
/// One round of so many has a login, because hashing a password is the machine's dearest work.
const LOGIN_EVERY: u64 = 16;
/// Logins of one account in a run. Its limit is a burst of 30, and preparing the accounts takes one.
const LOGINS: usize = 24;

/// What people waited.
pub(super) struct Waits {
    message: Histogram,
    read: Histogram,
    login: Histogram,
    handshake: Histogram,
}

impl Waits {
    fn new() -> Self {
        let [message, read, login, handshake] = [(); 4].map(|()| Histogram::new());
        Self { message, read, login, handshake }
    }

    pub(super) fn each(&self) -> [(&'static str, &Histogram); 4] {
        [
            ("message and acknowledgement", &self.message),
            ("read", &self.read),
            ("login", &self.login),
            ("handshake", &self.handshake),
        ]
    }
}

pub(super) struct Innocent<'a> {
    common: &'a Common,
    people: &'a [Account],
    /// Two of them talk in it.
    conversation: String,
    rounds: u64,
    logins: usize,
}

/// Waits for one connection to become ready.
struct Ready(bool);

impl Client for Ready {
    fn ready(&mut self, _: Turn<'_>) -> Result<(), String> {
        self.0 = true;
        Ok(())
    }
}

impl<'a> Innocent<'a> {
    pub(super) fn new(common: &'a Common, people: &'a [Account]) -> Result<Self, String> {
        let mut innocent = Self { common, people, conversation: String::new(), rounds: 0, logins: 0 };
        let message = innocent.send()?;
        let id = message["conversationId"].as_str().ok_or("a message has no conversationId")?;
        id.clone_into(&mut innocent.conversation);
        Ok(innocent)
    }

    /// Uses the server for some time.
    pub(super) fn measure(&mut self, span: Duration) -> Result<Waits, String> {
        let mut waits = Waits::new();
        let goes_on = until(span);
        while goes_on() {
            interrupt::check()?;
            timed(&mut waits.message, || self.send())?;
            timed(&mut waits.read, || self.read())?;
            timed(&mut waits.handshake, || self.connect())?;
            if self.rounds.is_multiple_of(LOGIN_EVERY) && self.logins < LOGINS * self.people.len() {
                timed(&mut waits.login, || self.log_in())?;
            }
            self.rounds += 1;
            thread::sleep(PAUSE);
        }
        Ok(waits)
    }

    fn send(&self) -> Result<Value, String> {
        let [from, to, ..] = self.people else { return Err("two people are needed".into()) };
        let body = json!({ "receiver": to.username, "text": "See you at the harbour." });
        self.ask("POST", "/api/messages", Some(&from.token), &body)
    }

    fn read(&self) -> Result<Value, String> {
        let path = format!("/api/conversations/{}/messages", self.conversation);
        self.ask("GET", &path, Some(&self.people[1].token), &Value::Null)
    }

    fn log_in(&mut self) -> Result<Value, String> {
        let person = &self.people[self.logins % self.people.len()];
        self.logins += 1;
        let body = json!({ "username": person.username, "password": PASSWORD });
        self.ask("POST", "/auth/login", None, &body)
    }

    fn connect(&self) -> Result<(), String> {
        let person = &self.people[2];
        let mut fleet = Fleet::new(self.common.peer, &self.common.server)?;
        let mut ready = Ready(false);
        fleet.open(0, &person.token)?;
        while !ready.0 {
            fleet.poll(Duration::from_millis(100), &mut ready)?;
            fleet.check_progress()?;
        }
        fleet.close(0);
        Ok(())
    }

    fn ask(&self, method: &str, path: &str, token: Option<&str>, body: &Value) -> Result<Value, String> {
        let (status, answer) = self.common.server.ask(method, path, token, body)?;
        if (200..300).contains(&status) {
            return Ok(answer);
        }
        Err(format!("somebody who does no harm was refused: {method} {path}: {status} {answer}"))
    }
}

fn timed<T>(waits: &mut Histogram, work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let begun = Instant::now();
    let done = work()?;
    waits.record(u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX));
    Ok(done)
}
