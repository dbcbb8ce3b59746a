//! What a user sees for each kind of bad input.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use scenarios::{Code, Overrides, check, load};

/// The files of a folder in order.
fn files(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.is_file()).collect();
    files.sort();
    files
}

#[test]
fn each_bad_scenario_is_told_what_is_wrong_with_it() {
    let mut all = String::new();
    for file in files("tests/bad") {
        let problems = load(&file, &Overrides::default()).expect_err(&file.display().to_string());
        assert!(!problems.is_empty(), "{}", file.display());
        writeln!(all, "== {}\n{}\n", file.display(), problems.plain()).unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn each_bad_manifest_is_told_what_is_wrong_with_it() {
    let mut all = String::new();
    for file in files("tests/bad/manifests") {
        let checked = check(std::slice::from_ref(&file));
        assert!(!checked.problems.is_empty(), "{}", file.display());
        let notes: Vec<String> = checked.notes.iter().map(ToString::to_string).collect();
        writeln!(all, "== {}\n{}\n{}\n", file.display(), checked.problems.plain(), notes.join("\n")).unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn each_bad_scheduler_configuration_is_told_what_is_wrong_with_it() {
    let mut all = String::new();
    for file in files("tests/bad/schedulers") {
        let checked = check(std::slice::from_ref(&file));
        assert!(!checked.problems.is_empty(), "{}", file.display());
        writeln!(all, "== {}\n{}\n", file.display(), checked.problems.plain()).unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn what_of_a_scheduler_configuration_has_no_bearing_is_noted() {
    let checked = check(&["tests/good/scheduler.yaml".into()]);
    assert!(checked.problems.is_empty(), "{}", checked.problems.plain());
    let notes: Vec<String> = checked.notes.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(notes.join("\n"));
}

#[test]
fn files_that_are_none_are_diagnosed_too() {
    for (path, want) in
        [("tests/bad/absent.yaml", Code::FileMissing), ("tests/bad", Code::FileUnreadable), ("/dev/null", Code::FileUnreadable)]
    {
        let problems = load(Path::new(path), &Overrides::default()).unwrap_err();
        assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), [want], "{path}");
    }
}

#[test]
fn codes_have_names_of_their_own() {
    let mut names: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Code::ALL.len());
    assert!(Code::ALL.iter().all(|code| code.meaning().ends_with('.')));
}
