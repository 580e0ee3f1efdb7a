//! The accounts that a run uses: registered, verified and logged in, or taken from a file.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, thread};

use protocol::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Common;
use crate::interrupt;
use crate::packet::Peer;
use crate::progress::Progress;
use crate::server::Server;

pub(crate) const PASSWORD: &str = "bench bench bench";

/// Requests at the same time. More would not hash passwords faster, and the server refuses too many.
const THREADS: usize = 4;

/// An account with its token.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Account {
    url: String,
    pub(crate) username: String,
    pub(crate) token: String,
    expires_at: Timestamp,
}

/// Returns `count` accounts. Uses those of the file first, and logs them in again if their tokens no longer work.
pub(crate) fn prepare(common: &Common, count: usize) -> Result<Vec<Account>, String> {
    let (server, file) = (&common.server, common.tokens.as_deref());
    let known = file.map(read).transpose()?.unwrap_or_default();
    let (mine, mut others): (Vec<_>, Vec<_>) =
        known.into_iter().partition(|account| account.url == server.url);
    if common.peer == Peer::Relay {
        let nobody = |number| account(server, &format!("{number}"), String::new(), 0);
        return Ok((0..count).map(nobody).collect());
    }
    let (accounts, failed) = all(common, count, &mine);
    if let Some(file) = file {
        others.extend(accounts.iter().cloned());
        others.extend(mine.into_iter().skip(count));
        let lines: String =
            others.iter().filter_map(|account| Some(serde_json::to_string(account).ok()? + "\n")).collect();
        fs::write(file, lines).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    failed.map_or(Ok(accounts), Err)
}

fn read(file: &Path) -> Result<Vec<Account>, String> {
    let failed = |error: String| format!("{}: {error}", file.display());
    match fs::read_to_string(file) {
        Ok(text) => text
            .lines()
            .map(|line| serde_json::from_str(line).map_err(|error| failed(error.to_string())))
            .collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// Prepares accounts on a few threads. Returns those that are ready, and the error if some are missing.
fn all(common: &Common, count: usize, known: &[Account]) -> (Vec<Account>, Option<String>) {
    let (next, done) = (AtomicUsize::new(0), Mutex::new((BTreeMap::new(), None)));
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return;
            }
            let one = interrupt::check().and_then(|()| one(common, number, known.get(number)));
            let mut done = done.lock().expect("no thread panics");
            match one {
                Ok(account) => drop(done.0.insert(number, account)),
                Err(error) => done.1 = Some(error),
            }
            if done.1.is_some() {
                return;
            }
        }
    };
    let mut progress = Progress::new();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        while !threads.iter().all(thread::ScopedJoinHandle::is_finished) {
            let ready = done.lock().expect("no thread panics").0.len();
            progress.show(|| format!("accounts: {ready} of {count}"));
            thread::sleep(std::time::Duration::from_millis(20));
        }
    });
    drop(progress);
    let (accounts, failed) = done.into_inner().expect("no thread panics");
    (accounts.into_values().collect(), failed)
}

fn one(common: &Common, number: usize, known: Option<&Account>) -> Result<Account, String> {
    let (server, run) = (&common.server, common.run);
    let username =
        known.map_or_else(|| format!("bench-{run:04x}-{number}"), |account| account.username.clone());
    if common.peer == Peer::Demo {
        return log_in(server, &username)?.map_err(|(status, body)| told("log in", status, &body));
    }
    if let Some(known) = known {
        // The session of a token may have ended, or the server may be another one on the same address.
        let soon = common.now().as_millis() + 10 * 60 * 1000;
        let accepted = || server.ask("GET", "/api/users/me", Some(&known.token), &Value::Null);
        if known.expires_at.as_millis() > soon && accepted()?.0 == 200 {
            return Ok(known.clone());
        }
        match log_in(server, &username)? {
            Ok(account) => return Ok(account),
            Err((_, body)) if body["code"] == "credentials_invalid" => {}
            Err((status, body)) => return Err(told("log in", status, &body)),
        }
    }
    let register = json!({ "username": username, "password": PASSWORD });
    let verify = json!({ "username": username, "otp": "123456" });
    for (path, body) in [("/auth/register", register), ("/auth/verify", verify)] {
        let (status, answer) = server.ask("POST", path, None, &body)?;
        if !(200..300).contains(&status) {
            return Err(told(path, status, &answer));
        }
    }
    log_in(server, &username)?.map_err(|(status, body)| told("log in", status, &body))
}

/// The account, or how the server refused.
fn log_in(server: &Server, username: &str) -> Result<Result<Account, (u16, Value)>, String> {
    let body = json!({ "username": username, "password": PASSWORD });
    let (status, answer) = server.ask("POST", "/auth/login", None, &body)?;
    let Some(token) = answer["token"].as_str().filter(|_| status == 200) else {
        return Ok(Err((status, answer)));
    };
    let expires_at = serde_json::from_value(answer["expiresAt"].clone()).map_or(0, Timestamp::as_millis);
    Ok(Ok(account(server, username, token.to_owned(), expires_at)))
}

fn account(server: &Server, username: &str, token: String, expires_at: i64) -> Account {
    let expires_at = Timestamp::from_millis(expires_at);
    Account { url: server.url.clone(), username: username.to_owned(), token, expires_at }
}

/// A refusal in one line, with the setting that may be raised.
fn told(what: &str, status: u16, body: &Value) -> String {
    let (code, detail) =
        (body["code"].as_str().unwrap_or_default(), body["detail"].as_str().unwrap_or_default());
    let hint = match code {
        "rate_limited" => "; raise the server's --registrations-per-hour and --failed-logins-per-hour",
        "otp_invalid" => "; the server needs --otp-channel fixed",
        "overloaded" => "; raise the server's --hash-queue",
        _ => "",
    };
    format!("{what}: {status} {code} {detail}{hint}")
}
