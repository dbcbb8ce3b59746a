//! What the process has used so far. Known on Linux; elsewhere nothing is claimed.

use std::fs;

/// Clock ticks a second of `/proc/self/stat`: fixed at 100 in the kernel's interface to user space.
const TICKS: f64 = 100.0;

/// CPU time of the process in seconds, user and system; 0 where it is not known.
pub(super) fn cpu_seconds() -> f64 {
    let ticks = || {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        // The second field is the program's name in brackets, which may hold spaces.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        Some(fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?)
    };
    ticks().map_or(0.0, |ticks| ticks / TICKS)
}

/// Peak memory of the process in bytes; 0 where it is not known.
pub(super) fn peak_memory() -> u64 {
    let peak = || {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
    };
    peak().map_or(0, |kib| kib * 1024)
}
