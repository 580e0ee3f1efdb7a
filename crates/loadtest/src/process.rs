//! What the kernel accounts for a process: processor time and memory.

use std::fs;
use std::time::Duration;

/// A process whose use is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process(pub(crate) u32);

/// The processor time that a process has used.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cpu {
    /// Time of all its threads, including those that ended, in steps of 10 ms (`/proc/PID/stat`).
    whole: Duration,
    /// Time of its living threads, in nanoseconds (`/proc/PID/task/*/schedstat`).
    threads: Duration,
}

/// The memory of a process, in bytes (`/proc/PID/smaps_rollup`).
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Memory {
    /// Resident memory (RSS).
    pub(crate) rss: u64,
    /// Resident memory, with only its share of shared pages (PSS).
    pub(crate) pss: u64,
    /// Resident memory that belongs to no file: what the process allocated.
    pub(crate) anonymous: u64,
}

impl Process {
    /// This process.
    pub(crate) fn own() -> Self {
        Self(std::process::id())
    }

    fn read(self, file: &str) -> Result<String, String> {
        let path = format!("/proc/{}/{file}", self.0);
        fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))
    }

    pub(crate) fn cpu(self) -> Result<Cpu, String> {
        // Behind the name, which may hold anything, the 12th and 13th fields are utime and stime.
        let stat = self.read("stat")?;
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
        let threads = fs::read_dir(format!("/proc/{}/task", self.0)).into_iter().flatten().flatten();
        let nanos = threads.filter_map(|thread| {
            let schedstat = fs::read_to_string(thread.path().join("schedstat")).ok()?;
            schedstat.split(' ').next()?.parse::<u64>().ok()
        });
        Ok(Cpu { whole: Duration::from_millis(ticks * 10), threads: Duration::from_nanos(nanos.sum()) })
    }

    pub(crate) fn memory(self) -> Result<Memory, String> {
        let rollup = self.read("smaps_rollup")?;
        let bytes = |name: &str| {
            let line = rollup.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
        };
        Ok(Memory { rss: bytes("Rss:"), pss: bytes("Pss:"), anonymous: bytes("Anonymous:") })
    }

    /// Resident memory in bytes, without the walk over all of it that the exact figures take.
    pub(crate) fn rss(self) -> Result<u64, String> {
        let statm = self.read("statm")?;
        let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0);
        Ok(pages * rustix::param::page_size() as u64)
    }
}

impl Cpu {
    /// What was used since an earlier time; exact unless threads ended meanwhile.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        let whole = self.whole.saturating_sub(earlier.whole);
        let threads = self.threads.saturating_sub(earlier.threads);
        if threads.abs_diff(whole) <= Duration::from_millis(25) { threads } else { whole }
    }
}

/// The machine, as far as figures depend on it.
pub(crate) fn machine() -> serde_json::Value {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let info = read("/proc/cpuinfo");
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    serde_json::json!({
        "cores": info.lines().filter(|line| line.starts_with("processor")).count(),
        "cpu": model.map_or("", |(_, name)| name.trim()),
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
    })
}

/// Each connection is a file: takes as many as the system allows.
pub(crate) fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // If the limit cannot be raised, connections past it fail with an error of their own.
    let _ = setrlimit(Resource::Nofile, limit);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_can_measure_oneself() {
        let own = Process::own();
        let before = own.cpu().unwrap();
        let memory = own.memory().unwrap();
        assert!(memory.rss >= memory.anonymous && memory.anonymous > 0);
        while own.cpu().unwrap().since(before).is_zero() {}
        assert!(Process(u32::MAX).cpu().unwrap_err().contains("/proc/4294967295/stat"));
    }
}
