//! The arrows of ARCHITECTURE.md: which room may know which.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms of `sim-core` and the rooms that each may name.
const ARROWS: [(&str, &[&str]); 15] = [
    ("units.rs", &[]),
    ("table.rs", &[]),
    ("engine", &["units"]),
    ("spec", &["engine", "table", "units"]),
    ("cluster", &["spec", "table", "units"]),
    ("measure", &["cluster", "spec", "table", "units"]),
    ("event.rs", &["cluster", "table"]),
    ("scheduler", &["engine", "spec", "table", "units"]),
    ("world.rs", &["cluster", "engine", "event", "measure", "spec", "table", "units"]),
    ("world", &["cluster", "engine", "event", "measure", "spec", "table", "units"]),
    ("kubelet", &["cluster", "engine", "event", "measure", "spec", "table", "units", "world"]),
    ("controllers", &["cluster", "engine", "event", "measure", "spec", "table", "units", "world"]),
    ("faults", &["cluster", "engine", "event", "measure", "spec", "table", "units", "world"]),
    ("traffic", &["cluster", "engine", "event", "measure", "spec", "table", "units", "world"]),
    (
        "simulation",
        &[
            "cluster",
            "controllers",
            "engine",
            "event",
            "faults",
            "kubelet",
            "measure",
            "scheduler",
            "spec",
            "table",
            "traffic",
            "units",
            "world",
        ],
    ),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Rust files below a folder, or the file itself.
fn sources(at: &Path) -> Vec<PathBuf> {
    if at.is_file() {
        return vec![at.to_owned()];
    }
    let mut files: Vec<PathBuf> = fs::read_dir(at).unwrap().flat_map(|entry| sources(&entry.unwrap().path())).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "rs"));
    files.sort();
    files
}

/// Rooms that a source names by `crate::room`, comments left out.
fn named(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let room = |rest: &str| rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect::<String>();
    let single = code.split("crate::").skip(1).filter(|rest| !rest.starts_with('{')).map(room);
    let grouped = code.split("crate::{").skip(1).flat_map(|rest| rest.split(',').map(|part| room(part.trim())).take(1));
    single.chain(grouped).filter(|name| !name.is_empty()).collect()
}

#[test]
fn rooms_of_the_core_know_only_the_rooms_below_them() {
    let core = root().join("sim-core/src");
    for (room, allowed) in ARROWS {
        let own = room.trim_end_matches(".rs");
        for file in sources(&core.join(room)) {
            for name in named(&fs::read_to_string(&file).unwrap()) {
                let known = name == own || allowed.contains(&name.as_str());
                assert!(known, "{} names `{name}`, which {room} must not know", file.display());
            }
        }
    }
}

#[test]
fn every_room_of_the_core_has_its_arrows() {
    for entry in fs::read_dir(root().join("sim-core/src")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "lib.rs" || ARROWS.iter().any(|(room, _)| *room == name), "{name} has no line in ARROWS");
    }
}

#[test]
fn scenarios_and_reports_do_not_know_each_other_and_the_core_knows_neither() {
    let manifest = |part: &str| fs::read_to_string(root().join(part).join("Cargo.toml")).unwrap();
    let names = |part: &str, other: &str| {
        manifest(part).lines().any(|line| line.starts_with(&format!("{other}.")) || line.starts_with(&format!("{other} ")))
    };
    for (part, other) in [("scenarios", "reports"), ("reports", "scenarios"), ("sim-core", "scenarios"), ("sim-core", "reports")] {
        assert!(!names(part, other), "{part} must not depend on {other}");
    }
}

#[test]
fn the_core_touches_no_file_clock_thread_or_terminal() {
    for file in sources(&root().join("sim-core/src")) {
        let text = fs::read_to_string(&file).unwrap();
        for word in ["std::fs", "std::env", "std::time", "std::thread", "std::net", "println!", "eprintln!"] {
            let used = text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word));
            assert!(!used, "{} uses {word}", file.display());
        }
    }
}
