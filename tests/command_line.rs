//! The command `podsim`, run as its users run it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn podsim(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_podsim")).args(arguments).current_dir(root()).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A small eventful scenario: seconds to run, every kind of event in it.
const QUICK: &str = "scenarios/library/documented/quick.yaml";
const SHORT: [&str; 2] = ["--duration", "2h"];

/// Files of a folder with their bytes, `run.json` left out.
fn results(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(results(&path).into_iter().map(|(name, bytes)| (PathBuf::from(path.file_name().unwrap()).join(name), bytes)));
        } else if path.file_name().unwrap() != "run.json" {
            files.insert(path.file_name().unwrap().into(), fs::read(&path).unwrap());
        }
    }
    files
}

fn run_into(dir: &Path, extra: &[&str]) -> BTreeMap<PathBuf, Vec<u8>> {
    let out = dir.to_str().unwrap();
    let output = podsim(&[&["run", QUICK, "--quiet", "--out", out], &SHORT[..], extra].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    results(dir)
}

#[test]
fn without_arguments_the_first_line_is_the_command_of_the_main_job() {
    let output = podsim(&[]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).starts_with("podsim run scenarios/library/documented/quick.yaml"));
}

#[test]
fn a_run_leaves_the_whole_results_folder() {
    let dir = tempfile::tempdir().unwrap();
    let files = run_into(&dir.path().join("out"), &[]);
    for name in ["summary.json", "figures.csv", "timeseries.csv", "report.html", "plots/lifecycle.svg"] {
        assert!(files.contains_key(Path::new(name)), "{name} is missing among {:?}", files.keys());
    }
    assert!(dir.path().join("out/run.json").exists());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing else is left beside the folder");
}

#[test]
fn equal_runs_leave_equal_bytes_on_any_number_of_threads() {
    let dir = tempfile::tempdir().unwrap();
    let runs: Vec<_> = [["--jobs", "1"], ["--jobs", "2"], ["--jobs", "2"]]
        .iter()
        .enumerate()
        .map(|(number, jobs)| run_into(&dir.path().join(number.to_string()), &[&["--replications", "4"], &jobs[..]].concat()))
        .collect();
    for other in &runs[1..] {
        assert_eq!(runs[0].keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
        for (name, bytes) in &runs[0] {
            assert!(bytes == &other[name], "{} differs", name.display());
        }
    }
}

#[test]
fn an_audit_changes_no_result() {
    let dir = tempfile::tempdir().unwrap();
    let plain = run_into(&dir.path().join("1"), &["--replications", "2"]);
    let audited = run_into(&dir.path().join("2"), &["--replications", "2", "--audit=5000"]);
    assert!(plain == audited, "an audited run leaves other results");
}

#[test]
fn an_audit_says_how_often_it_has_looked() {
    let output = podsim(&[&["run", QUICK, "--audit=500"], &SHORT[..]].concat());
    let said = stderr(&output);
    let line = said.lines().find(|line| line.starts_with("audited: ")).expect("a line about the audit");
    let number = |word: usize| line.split(' ').nth(word).unwrap().parse::<u64>().unwrap();
    let (looks, events) = (number(1), number(4));
    assert!(looks == events / 500 + u64::from(!events.is_multiple_of(500)) && looks > 1, "{line}");
}

#[test]
fn another_seed_gives_other_results() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (run_into(&dir.path().join("1"), &["--seed", "1"]), run_into(&dir.path().join("2"), &["--seed", "2"]));
    assert_ne!(one[Path::new("figures.csv")], two[Path::new("figures.csv")]);
}

#[test]
fn a_folder_that_exists_is_not_overwritten_without_force() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("mine"), "precious").unwrap();
    let refused = podsim(&["run", QUICK, "--out", out.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("--force"));
    assert_eq!(fs::read_to_string(out.join("mine")).unwrap(), "precious");
    run_into(&out, &["--force"]);
    assert!(!out.join("mine").exists() && out.join("report.html").exists());
}

#[test]
fn bad_input_exits_with_2_says_where_and_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bad.yaml");
    fs::write(&file, "apiVersion: podsim/v1\nkind: Scenario\nmetadata: {name: bad}\nspec:\n  durration: 1d\n  seed: many\n").unwrap();
    let out = dir.path().join("out");
    let output = podsim(&["run", file.to_str().unwrap(), "--out", out.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains("bad.yaml:5:") && said.contains("duration") && said.contains("bad.yaml:6:"), "{said}");
    assert!(!out.exists());
}

/// A limit on the size of files stands in for a disk that is full: the write fails half-way in the same manner.
#[cfg(unix)]
#[test]
fn a_disk_that_fills_up_leaves_nothing_half_written() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let podsim = env!("CARGO_BIN_EXE_podsim");
    let command = format!("trap '' XFSZ; ulimit -f 16; exec '{podsim}' run {QUICK} --quiet --duration 2h --out '{}'", out.display());
    let output = Command::new("sh").args(["-c", &command]).current_dir(root()).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("cannot write"), "{}", stderr(&output));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_missing_file_an_unknown_verb_and_a_bad_number_exit_with_2() {
    for arguments in
        [&["run", "nowhere.yaml"][..], &["fly"], &["run", QUICK, "--replications", "0"], &["run", QUICK, "--set", "spec.nothing=1"]]
    {
        let output = podsim(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(!stderr(&output).is_empty());
    }
}

#[test]
fn a_summary_fits_100_columns_and_json_is_one_line() {
    let table = podsim(&[&["run", QUICK, "--quiet", "--replications", "2"], &SHORT[..]].concat());
    assert!(stdout(&table).lines().all(|line| line.chars().count() <= 100), "{}", stdout(&table));
    assert!(stdout(&table).contains("95 % CI"));
    let json = podsim(&[&["run", QUICK, "--quiet", "--format", "json"], &SHORT[..]].concat());
    assert_eq!(stdout(&json).lines().count(), 1);
    assert!(serde_json::from_str::<serde_json::Value>(&stdout(&json)).unwrap().is_object());
}

const CLUSTER: &str = "scenarios/library/scheduling/cluster.yaml";
const PODS: &str = "scenarios/library/scheduling/pods.yaml";

#[test]
fn pods_are_placed_and_explained_and_exit_1_says_that_one_was_not() {
    let placed = podsim(&["schedule", "--cluster", CLUSTER, "--pods", PODS, "--explain"]);
    assert_eq!(placed.status.code(), Some(0), "{}", stderr(&placed));
    let said = stdout(&placed);
    assert!(said.contains("3 of 3 Pods placed") && said.contains("untolerated taint {dedicated: batch}: node-b"), "{said}");
    assert!(said.lines().all(|line| line.chars().count() <= 100), "{said}");
    let dir = tempfile::tempdir().unwrap();
    let large = dir.path().join("large.yaml");
    fs::write(
        &large,
        "apiVersion: v1\nkind: Pod\nmetadata: {name: large}\nspec:\n  containers:\n  - {name: c, image: i, resources: {requests: {cpu: 100}}}\n",
    )
    .unwrap();
    let refused = podsim(&["schedule", "--cluster", CLUSTER, "--pods", large.to_str().unwrap(), "--format", "json"]);
    assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
    let line: serde_json::Value = serde_json::from_str(stdout(&refused).lines().next().unwrap()).unwrap();
    let message = line["message"].as_str().unwrap();
    assert!(message.contains("2 Insufficient cpu") && message.contains("1 node(s) had untolerated taint"), "{message}");
}

#[test]
fn records_that_are_none_exit_with_2_and_say_where() {
    let dir = tempfile::tempdir().unwrap();
    let records = dir.path().join("bad.jsonl");
    fs::write(&records, "{\"id\": \"one\", \"nodes\": 3}\nno json\n").unwrap();
    let output = podsim(&["conformance", records.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains("bad.jsonl:1:") && said.contains("nodes") && said.contains("bad.jsonl:2:1: json::syntax"), "{said}");
}

#[test]
fn completions_exist_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(stdout(&podsim(&["completions", shell])).contains("podsim"), "{shell}");
    }
}

/// Commands of the documentation that begin with `podsim`, without comments.
fn documented_commands() -> Vec<String> {
    let texts = [
        "README.md",
        "docs/compare.md",
        "docs/model.md",
        "docs/parameters.md",
        "docs/policies.md",
        "docs/scale.md",
        "scenarios/library/README.md",
    ]
    .map(|file| fs::read_to_string(root().join(file)).unwrap());
    let lines = texts.iter().flat_map(|text| text.lines());
    let command = |line: &str| line.strip_prefix("podsim ").or_else(|| line.strip_prefix("cargo run --release -- ")).map(str::to_owned);
    lines.filter_map(command).map(|line| line.split(" #").next().unwrap().trim().to_owned()).collect()
}

#[test]
fn every_command_of_the_documentation_works() {
    let commands = documented_commands();
    assert!(commands.len() >= 5, "{commands:?}");
    let dir = tempfile::tempdir().unwrap();
    for command in commands {
        // The full scale has a check of its own; here its scenario only has to be valid.
        let command = command.replace("run scenarios/library/documented/scale.yaml", "check scenarios/library/documented/scale.yaml");
        let words: Vec<&str> = command.split(" > ").next().unwrap().split_whitespace().collect();
        let checks = words[0] == "check";
        let mut words: Vec<&str> = words.into_iter().take_while(|word| !(checks && word.starts_with("--"))).collect();
        let out = dir.path().join("out");
        if let Some(place) = words.iter().position(|word| *word == "--out") {
            words[place + 1] = out.to_str().unwrap();
            words.push("--force");
        }
        if ["run", "compare"].contains(&words[0]) && !words.contains(&"--duration") {
            words.extend(SHORT);
        }
        let output = podsim(&words);
        assert_eq!(output.status.code(), Some(0), "podsim {command}: {}", stderr(&output));
    }
}
