//! The comparison with the baseline.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::paths::PATHS;

/// What counts as a change, in percent.
const TOLERANCE: f64 = 2.0;
/// The baseline, from the root.
const FILE: &str = "bench/instructions.toml";

/// Counts, and what they depend on besides the code.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Baseline {
    /// Of the compiler.
    rustc: String,
    /// The architecture and system.
    host: String,
    /// It allocates and copies.
    libc: String,
    /// For each path, of one time.
    instructions: BTreeMap<String, u64>,
}

impl Baseline {
    fn measure() -> Result<Self, String> {
        let version = output("rustc", &["-vV"])?;
        let field = |name: &str| {
            let line = version.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or("unknown").trim().to_owned()
        };
        let libc = output("getconf", &["GNU_LIBC_VERSION"]).unwrap_or_else(|_| "unknown".to_owned());
        let mut instructions = BTreeMap::new();
        for &(path, most) in PATHS {
            let (all, few) = (count(path, most)?, count(path, most / 8)?);
            let times = u64::try_from(most - most / 8).unwrap_or(1);
            instructions.insert(path.to_owned(), all.saturating_sub(few) / times);
        }
        let libc = libc.trim().to_owned();
        Ok(Self { rustc: field("release:"), host: field("host:"), libc, instructions })
    }
}

/// Fails where a path got dearer than the baseline says.
pub(crate) fn check() -> Result<(), String> {
    let path = root().join(FILE);
    let text = fs::read_to_string(&path).map_err(|error| format!("{FILE}: {error}"))?;
    let baseline: Baseline = toml::from_str(&text).map_err(|error| format!("{FILE}: {error}"))?;
    let now = Baseline::measure()?;
    let (mut dearer, mut stale) = (Vec::new(), false);
    println!("{:<18} {:>10} {:>10} {:>8}", "instructions of", "baseline", "now", "change");
    for (name, &count) in &now.instructions {
        let Some(&before) = baseline.instructions.get(name) else {
            println!("{name:<18} {:>10} {count:>10}      new", "-");
            stale = true;
            continue;
        };
        let change = percent(before, count);
        let verdict = if change > TOLERANCE {
            dearer.push(name.as_str());
            "  dearer"
        } else if change < -TOLERANCE {
            stale = true;
            "  cheaper"
        } else {
            ""
        };
        println!("{name:<18} {before:>10} {count:>10} {change:>+7.2}%{verdict}");
    }
    let of = |it: &Baseline| format!("rustc {}, {}, {}", it.rustc, it.host, it.libc);
    if of(&baseline) != of(&now) {
        println!("The baseline is of {}, this is {}: not compared.", of(&baseline), of(&now));
        return Ok(());
    }
    if !dearer.is_empty() {
        let names = dearer.join(", ");
        return Err(format!(
            "dearer by more than {TOLERANCE} %: {names}. If it must be, say why and run `make instructions-update`"
        ));
    }
    if stale {
        println!("Run `make instructions-update`, so that what is cheaper or new stays so.");
    }
    Ok(())
}

/// Writes the baseline.
pub(crate) fn update() -> Result<(), String> {
    let baseline = toml::to_string(&Baseline::measure()?).map_err(|error| error.to_string())?;
    let text =
        format!("# Instructions of one time; `make instructions-update` writes this file.\n{baseline}");
    fs::write(root().join(FILE), &text).map_err(|error| format!("{FILE}: {error}"))?;
    print!("{text}");
    Ok(())
}

/// The instructions of a process that does `path` so often.
fn count(path: &str, times: usize) -> Result<u64, String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(this);
    valgrind.args(["run", path, &times.to_string()]);
    // The environment lies on the stack: a longer one would move everything.
    let search = std::env::var_os("PATH").unwrap_or_default();
    let done = valgrind.env_clear().env("PATH", search).output();
    let done = done.map_err(|error| format!("valgrind: {error}"))?;
    let report = String::from_utf8_lossy(&done.stderr);
    let collected = report.lines().find_map(|line| line.split_once("Collected : "));
    let collected = collected.and_then(|(_, count)| count.trim().parse().ok());
    collected.filter(|_| done.status.success()).ok_or_else(|| format!("{path} failed:\n{report}"))
}

fn output(program: &str, arguments: &[&str]) -> Result<String, String> {
    let done = Command::new(program).args(arguments).output();
    let done = done.map_err(|error| format!("{program}: {error}"))?;
    String::from_utf8(done.stdout).map_err(|error| format!("{program}: {error}"))
}

#[expect(clippy::cast_precision_loss, reason = "a percentage for people")]
fn percent(before: u64, now: u64) -> f64 {
    (now as f64 / before.max(1) as f64 - 1.0) * 100.0
}

fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
