//! Where a setting comes from: a flag, else the environment, else the file, else the default.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches};
use serde::Deserialize;
use toml::{Table, Value};

use super::secret::IN_ENVIRONMENT;
use super::{Config, DEFAULTS};

/// The beginning of every environment variable.
const PREFIX: &str = "ALDIS_";
/// Variables of the example programs. They are allowed, because a server may be started in the same shell.
const OF_CLIENTS: [&str; 3] = ["token", "url", "password"];
/// The setting that is a list of tables. It is no flag, because a shell would have to quote it.
const TABLES: &str = "trusted-issuer";

/// The layer in which a value was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Default,
    File(PathBuf),
    Environment(String),
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// All settings, each with the layer in which it was found.
#[derive(Debug)]
pub(crate) struct Layers {
    values: BTreeMap<String, (Value, Source)>,
}

/// The flags: one for each setting, with its comment as help.
pub(crate) fn arguments() -> Vec<Arg> {
    let config = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .value_parser(clap::value_parser!(PathBuf))
        .help("A TOML file with settings [env: ALDIS_CONFIG]");
    let settings = defaults().into_iter().filter(|(key, _)| key != TABLES).map(|(key, default)| {
        let help = format!("{} [default: {}]", comment(&key), shown(&default));
        let argument = Arg::new(key.clone()).long(key).help(help);
        match default {
            Value::Boolean(_) => argument.num_args(0..=1).require_equals(true).default_missing_value("true"),
            Value::Array(_) => argument.action(ArgAction::Append).value_name("VALUE"),
            _ => argument.value_name("VALUE"),
        }
    });
    std::iter::once(config).chain(settings).collect()
}

impl Layers {
    /// Reads all layers. `environment` is the process's own but in tests.
    pub(crate) fn read(
        flags: &ArgMatches,
        environment: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, String> {
        let environment: BTreeMap<_, _> = environment
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .filter(|(name, _)| name.starts_with(PREFIX))
            .collect();
        let mut values: BTreeMap<_, _> =
            defaults().into_iter().map(|(key, value)| (key, (value, Source::Default))).collect();
        let file = flags.get_one::<PathBuf>("config").cloned();
        let file = file.or_else(|| environment.get("ALDIS_CONFIG").map(PathBuf::from));
        if let Some(path) = file {
            read_file(&path, &mut values)?;
        }
        read_environment(&environment, &mut values)?;
        read_flags(flags, &mut values)?;
        Ok(Self { values })
    }

    /// The settings, typed.
    pub(crate) fn config(&self) -> Result<Config, String> {
        let table: Table = self.values.iter().map(|(key, (value, _))| (key.clone(), value.clone())).collect();
        // One at a time first, so that the message can say where the bad value came from.
        let defaults: Table = defaults().into_iter().collect();
        for (key, (value, source)) in &self.values {
            let mut alone = defaults.clone();
            alone.insert(key.clone(), value.clone());
            Config::deserialize(alone).map_err(|error| format!("{key} ({source}): {}", error.message()))?;
        }
        Config::deserialize(table).map_err(|error| error.message().to_owned())
    }
}

/// Writes the settings as a TOML file, with the source of each value.
impl fmt::Display for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for key in keys() {
            if let Some((value, source)) = self.values.get(&key) {
                writeln!(f, "{:<50} # {source}", format!("{key} = {value}"))?;
            }
        }
        Ok(())
    }
}

fn defaults() -> Table {
    DEFAULTS.parse().expect("the embedded defaults are TOML")
}

/// In the order of the file.
fn keys() -> impl Iterator<Item = String> {
    DEFAULTS.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let (key, _) = line.split_once(" = ")?;
        Some(key.to_owned())
    })
}

/// The comment above a key.
fn comment(key: &str) -> String {
    let start = format!("{key} = ");
    let mut comment = Vec::new();
    for line in DEFAULTS.lines() {
        if line.starts_with(&start) {
            break;
        }
        match line.strip_prefix('#') {
            Some(text) => comment.push(text.trim()),
            None if line.is_empty() => comment.clear(),
            // Keys under one comment share it.
            None => {}
        }
    }
    comment.join(" ")
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn read_file(path: &Path, values: &mut BTreeMap<String, (Value, Source)>) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let table: Table = text.parse().map_err(|error| format!("{}: {error}", path.display()))?;
    for (key, value) in table {
        let slot = values.get_mut(&key).ok_or_else(|| unknown(&format!("{}: {key}", path.display())))?;
        *slot = (value, Source::File(path.to_owned()));
    }
    Ok(())
}

fn read_environment(
    environment: &BTreeMap<String, OsString>,
    values: &mut BTreeMap<String, (Value, Source)>,
) -> Result<(), String> {
    for (name, value) in environment {
        let key = name[PREFIX.len()..].to_ascii_lowercase().replace('_', "-");
        // Kubernetes sets such variables for a service of this name.
        let of_kubernetes = key.starts_with("service-") || key == "port" || key.starts_with("port-");
        let is_secret = IN_ENVIRONMENT.contains(&key.as_str());
        if key == "config" || of_kubernetes || is_secret || OF_CLIENTS.contains(&key.as_str()) {
            continue;
        }
        let slot = values.get_mut(&key).ok_or_else(|| unknown(name))?;
        let text = value.to_str().ok_or_else(|| format!("{name} is not UTF-8"))?;
        if key == TABLES {
            *slot = (
                tables(text).map_err(|error| format!("{name}: {error}"))?,
                Source::Environment(name.clone()),
            );
            continue;
        }
        let parts: Vec<_> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
        let value = match &slot.0 {
            Value::Array(_) => list(parts.into_iter()),
            like => scalar(text, like).map_err(|error| format!("{name}: {error}"))?,
        };
        *slot = (value, Source::Environment(name.clone()));
    }
    Ok(())
}

fn read_flags(flags: &ArgMatches, values: &mut BTreeMap<String, (Value, Source)>) -> Result<(), String> {
    for (key, slot) in values.iter_mut().filter(|(key, _)| *key != TABLES) {
        let Some(mut given) = flags.get_many::<String>(key) else { continue };
        let name = format!("--{key}");
        let value = match &slot.0 {
            Value::Array(_) => list(given.map(String::as_str)),
            like => {
                let text = given.next_back().map(String::as_str).unwrap_or_default();
                scalar(text, like).map_err(|error| format!("{name}: {error}"))?
            }
        };
        *slot = (value, Source::Flag(name));
    }
    Ok(())
}

fn unknown(what: &str) -> String {
    format!("{what}: there is no such setting; `aldis config` lists them all")
}

fn list<'a>(parts: impl Iterator<Item = &'a str>) -> Value {
    Value::Array(parts.map(|part| Value::String(part.to_owned())).collect())
}

/// Reads a list of tables, or one table, as JSON.
fn tables(json: &str) -> Result<Value, String> {
    let table: Result<Table, _> = serde_json::from_str(json);
    let tables = table.map(|table| vec![table]).or_else(|_| serde_json::from_str::<Vec<Table>>(json));
    let tables = tables.map_err(|error| format!("this is no JSON list of objects: {error}"))?;
    Ok(Value::Array(tables.into_iter().map(Value::Table).collect()))
}

/// Reads a text as a value of the same kind as the default.
fn scalar(text: &str, like: &Value) -> Result<Value, String> {
    match like {
        Value::Boolean(_) => match text {
            "true" | "1" | "yes" => Ok(Value::Boolean(true)),
            "false" | "0" | "no" => Ok(Value::Boolean(false)),
            _ => Err(format!("{text:?} is neither true nor false")),
        },
        Value::Integer(_) => {
            text.parse().map(Value::Integer).map_err(|_| format!("{text:?} is not a number"))
        }
        _ => Ok(Value::String(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::Origin;
    use super::*;

    fn read(flags: &[&str], environment: &[(&str, &str)]) -> Result<Layers, String> {
        let command = clap::Command::new("aldis").args(arguments());
        let matches =
            command.try_get_matches_from([&["aldis"], flags].concat()).map_err(|e| e.to_string())?;
        Layers::read(&matches, environment.iter().map(|(name, value)| (name.into(), value.into())))
    }

    #[test]
    fn defaults_are_whole() {
        let config = read(&[], &[]).unwrap().config().unwrap();
        assert_eq!(config.listen, "127.0.0.1:5000");
        assert_eq!(config.text_limit.bytes(), 16 * 1024);
        assert_eq!(keys().count(), defaults().len());
        for key in keys() {
            assert!(!comment(&key).is_empty(), "{key} is not explained");
        }
    }

    #[test]
    fn a_flag_wins_over_the_environment_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("aldis.toml");
        std::fs::write(&path, "text-limit = \"1KiB\"\notp-tries = 7\nlog = \"warn\"\n").unwrap();
        let file = path.to_str().unwrap();
        let environment = [
            ("ALDIS_OTP_TRIES", "8"),
            ("ALDIS_LOG", "debug"),
            ("HOME", "x"),
            ("ALDIS_PORT", "tcp://"),
            ("ALDIS_TOKEN", "x"),
        ];
        let layers = read(&["--config", file, "--log", "trace", "--memory"], &environment).unwrap();
        let config = layers.config().unwrap();
        assert_eq!((config.text_limit.bytes(), config.otp_tries, config.log.as_str()), (1024, 8, "trace"));
        assert!(config.memory);
        let printed = layers.to_string();
        for (key, source) in [
            ("text-limit = \"1KiB\"", format!("# file {file}")),
            ("otp-tries = 8", "# environment ALDIS_OTP_TRIES".into()),
            ("log = \"trace\"", "# flag --log".into()),
            ("ping-interval = \"25s\"", "# default".into()),
        ] {
            let line = printed.lines().find(|line| line.starts_with(key)).unwrap();
            assert!(line.ends_with(&source), "{line}");
        }
        // What is printed is a file that says the same.
        assert_eq!(printed.parse::<Table>().unwrap().len(), defaults().len());
    }

    #[test]
    fn lists_come_repeated_or_with_commas() {
        let layers =
            read(&["--allow-origin", "https://a.example", "--allow-origin=https://b.example"], &[]).unwrap();
        let config = layers.config().unwrap();
        let origins: Vec<_> = config.allow_origin.iter().map(Origin::as_str).collect();
        assert_eq!(origins, ["https://a.example", "https://b.example"]);
        let layers = read(&[], &[("ALDIS_TRUSTED_PROXY", "10.0.0.0/8, ::1")]).unwrap();
        assert_eq!(layers.config().unwrap().trusted_proxy.len(), 2);
    }

    #[test]
    fn what_is_unknown_or_bad_is_refused_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("aldis.toml");
        std::fs::write(&path, "txt-limit = 1\n").unwrap();
        assert!(read(&["--config", path.to_str().unwrap()], &[]).unwrap_err().contains("txt-limit"));
        assert!(read(&[], &[("ALDIS_TXT_LIMIT", "1")]).unwrap_err().contains("ALDIS_TXT_LIMIT"));
        assert!(read(&["--txt-limit", "1"], &[]).unwrap_err().contains("--txt-limit"));
        assert!(read(&["--otp-tries", "many"], &[]).unwrap_err().contains("--otp-tries"));
        for origin in ["foo", "*"] {
            let bad = read(&["--allow-origin", origin], &[]).unwrap().config().unwrap_err();
            assert!(bad.contains("allow-origin (flag --allow-origin)") && bad.contains("https://"), "{bad}");
        }
        let bad = read(&[], &[("ALDIS_PING_TIMEOUT", "soon")]).unwrap().config().unwrap_err();
        assert!(
            bad.contains("ping-timeout (environment ALDIS_PING_TIMEOUT)") && bad.contains("10s"),
            "{bad}"
        );
    }

    #[test]
    fn a_base_path_that_is_none_says_how_one_is_written() {
        let layers = read(&[], &[("ALDIS_BASE_PATH", "/chat/")]).unwrap();
        assert_eq!(layers.config().unwrap().base_path.as_str(), "/chat");
        let bad = read(&["--base-path", "chat?x"], &[]).unwrap().config().unwrap_err();
        assert!(bad.starts_with("base-path (flag --base-path): a base path is written as /chat"), "{bad}");
    }

    const TRUSTED: &str = r#"
        [[trusted-issuer]]
        issuer = "https://app.example"
        audience = "chat"
        jwks-url = "https://app.example/jwks.json"

        [[trusted-issuer]]
        issuer = "shop"
        audience = "chat"
        jwks-file = "shop.json"
        username-claim = "preferred_username"
        name-claim = "name"
        create = false
    "#;

    fn read_text(text: &str) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("aldis.toml");
        std::fs::write(&path, text).unwrap();
        let layers = read(&["--config", path.to_str().unwrap()], &[])?;
        // What is printed is a file that says the same.
        let printed: Table = layers.to_string().parse().unwrap();
        assert_eq!(printed[TABLES], layers.values[TABLES].0);
        layers.config()
    }

    #[test]
    fn host_applications_are_tables_of_the_file() {
        let config = read_text(TRUSTED).unwrap();
        let [app, shop] = &*config.trusted_issuer else { panic!("two tables") };
        assert_eq!((app.username_claim.as_str(), &app.name_claim, app.create), ("sub", &None, true));
        assert_eq!((shop.username_claim.as_str(), shop.create), ("preferred_username", false));
        assert_eq!(shop.name_claim.as_deref(), Some("name"));
        config.check("127.0.0.1:5000".parse().unwrap()).unwrap();
        for (good, bad, reason) in [
            ("create = false", "created = false", "created"),
            ("create = false", "create = 0", "trusted-issuer"),
            ("audience = \"chat\"", "", "audience"),
        ] {
            let error = read_text(&TRUSTED.replace(good, bad)).unwrap_err();
            assert!(error.contains(reason) && error.contains("aldis.toml"), "{error}");
        }
        for bad in ["trusted-issuer = 7", "trusted-issuer = [\"app\"]"] {
            assert!(read_text(bad).unwrap_err().contains("trusted-issuer"), "{bad}");
        }
    }

    #[test]
    fn host_applications_are_json_in_the_environment() {
        let app = r#"{"issuer": "https://app.example", "audience": "chat", "jwks-file": "keys.json"}"#;
        for json in [app, &format!("[{app}]")] {
            let config = read(&[], &[("ALDIS_TRUSTED_ISSUER", json)]).unwrap().config().unwrap();
            assert_eq!(config.trusted_issuer[0].issuer, "https://app.example");
        }
        let config = read(&[], &[("ALDIS_TRUSTED_ISSUER", "[]")]).unwrap().config().unwrap();
        assert!(config.trusted_issuer.is_empty());
        let bad = read(&[], &[("ALDIS_TRUSTED_ISSUER", "https://app.example")]).unwrap_err();
        assert!(bad.contains("ALDIS_TRUSTED_ISSUER") && bad.contains("JSON"), "{bad}");
        assert!(read(&["--trusted-issuer", "x"], &[]).is_err());
    }

    #[test]
    fn the_environment_may_be_a_duration() {
        let layers = read(&[], &[("ALDIS_PING_TIMEOUT", "5s")]).unwrap();
        assert_eq!(layers.config().unwrap().ping_timeout.0, Duration::from_secs(5));
    }
}
