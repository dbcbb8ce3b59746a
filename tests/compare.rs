//! Settings of a scenario compared in pairs, from the library and from the command line.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use podsim::experiment;
use podsim::reports::comparison::{Contrast, Verdict};
use podsim::reports::{ArmRun, Comparison, Notes, RunInfo, measure, measures};
use podsim::scenarios::{Overrides, load_experiment};

const INJECTED: &str = "scenarios/library/experiments/log-collector.yaml";
const PACKING: &str = "scenarios/library/policies/packing.yaml";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The scenario's arms, simulated for an hour.
fn compared(scenario: &str, arms: &[&str], replications: u32) -> Comparison {
    let overrides = Overrides { duration: Some("1h".into()), ..Overrides::default() };
    let arms: Vec<String> = arms.iter().map(ToString::to_string).collect();
    let loaded = load_experiment(&root().join(scenario), &overrides, &arms, None).unwrap_or_else(|problems| panic!("{}", problems.plain()));
    let specs: Vec<_> = loaded.arms.iter().map(|arm| &arm.loaded.spec).collect();
    let outcomes = experiment::compare(&specs, replications, 2, |_| true).unwrap();
    let about = |arm: &podsim::scenarios::Arm| RunInfo {
        version: String::new(),
        scenario: arm.loaded.spec.name.clone(),
        digest: arm.loaded.digest.clone(),
        seed: arm.loaded.spec.seed.0,
        replications,
        warmup: arm.loaded.spec.warmup,
        duration: arm.loaded.spec.duration,
        reproduce: String::new(),
        command: String::new(),
        wall_seconds: 0.0,
        cpu_seconds: 0.0,
        peak_memory: 0,
        threads: 2,
    };
    let run = about(&loaded.arms[loaded.baseline]);
    let arms = loaded.arms.iter().zip(outcomes).map(|(arm, outcomes)| ArmRun {
        name: arm.name.clone(),
        description: arm.description.clone(),
        settings: arm.settings.clone(),
        run: about(arm),
        outcomes,
        notes: Notes::default(),
    });
    Comparison { run, arms: arms.collect(), baseline: loaded.baseline, headlines: Vec::new(), warnings: Vec::new() }
}

fn contrast(comparison: &Comparison, id: &str, arm: usize) -> Contrast {
    comparison.row(measure(id).unwrap()).cells[arm].contrast.clone().unwrap()
}

#[test]
fn two_arms_of_equal_settings_differ_by_exactly_nothing() {
    let comparison = compared(PACKING, &["one", "other"], 3);
    for measure in measures() {
        let contrast = contrast(&comparison, measure.id, 1);
        if let Some(difference) = contrast.difference {
            assert_eq!((difference.mean, difference.half_width, contrast.verdict), (0.0, Some(0.0), Verdict::Identical), "{}", measure.id);
        }
    }
}

#[test]
fn an_arm_has_the_outcomes_of_its_own_run() {
    let comparison = compared(PACKING, &["one", "few=spec.cluster.nodePools.node.count=12"], 2);
    let overrides =
        Overrides { duration: Some("1h".into()), set: vec!["spec.cluster.nodePools.node.count=12".into()], ..Overrides::default() };
    let alone = podsim::scenarios::load(&root().join(PACKING), &overrides).unwrap();
    let alone = experiment::replicate(&alone.spec, 2, 1, |_| true).unwrap();
    assert_eq!(podsim::reports::figures(&alone), podsim::reports::figures(&comparison.arms[1].outcomes));
    assert_ne!(podsim::reports::figures(&alone), podsim::reports::figures(&comparison.arms[0].outcomes));
}

/// An injected collector asks for 64 Mi in each Pod of the fleet. How many Pods there are varies from replication to replication, and
/// alike in both arms: pairs tell the difference with a small part of the replications that independent runs would need.
#[test]
fn pairing_a_sidecar_injection_saves_replications() {
    let comparison = compared(INJECTED, &["plain", "container"], 5);
    let allocated = contrast(&comparison, "utilization.allocated.memory", 1);
    assert_eq!(allocated.verdict, Verdict::Higher);
    // 200 Pods of 64 Mi on nodes that have 768 Gi between them, the surge of rollouts aside.
    let want = 200.0 * 64.0 / (768.0 * 1024.0);
    assert!((allocated.difference.unwrap().mean / want - 1.0).abs() < 0.05, "{allocated:?}");
    assert!(allocated.variance_ratio.unwrap() > 10.0, "{allocated:?}");
    assert!(allocated.welch.unwrap().half_width > allocated.difference.unwrap().half_width.unwrap());
    assert_eq!(contrast(&comparison, "controllers.releases", 1).verdict, Verdict::Identical, "releases are drawn alike");
}

fn podsim(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_podsim")).args(arguments).current_dir(root()).output().unwrap()
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Files of a folder with their bytes, those called `run.json` left out.
fn results(dir: &Path, base: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(results(&path, base));
        } else if path.file_name().unwrap() != "run.json" {
            files.insert(path.strip_prefix(base).unwrap().to_owned(), fs::read(&path).unwrap());
        }
    }
    files
}

fn compare_into(out: &Path, jobs: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let arguments = ["compare", INJECTED, "--duration", "30m", "--replications", "2", "--jobs", jobs, "--quiet", "--out"];
    let output = podsim(&[&arguments[..], &[out.to_str().unwrap()]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output.stderr));
    results(out, out)
}

#[test]
fn a_comparison_leaves_equal_bytes_on_any_number_of_threads_and_every_arm_its_own_results() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (compare_into(&dir.path().join("1"), "1"), compare_into(&dir.path().join("2"), "2"));
    assert_eq!(one.keys().collect::<Vec<_>>(), two.keys().collect::<Vec<_>>());
    for (name, bytes) in &one {
        assert!(bytes == &two[name], "{} differs", name.display());
    }
    for name in ["comparison.csv", "comparison.json", "report.html", "plots/differences.svg", "arms/native/figures.csv"] {
        assert!(one.contains_key(Path::new(name)), "{name} is missing among {:?}", one.keys());
    }
    assert!(dir.path().join("1/run.json").exists() && dir.path().join("1/arms/plain/run.json").exists());
    // An arm alone leaves what it leaves beside others.
    let alone = dir.path().join("alone");
    let arguments = ["run", INJECTED, "--arm", "native", "--duration", "30m", "--seed", "1", "--replications", "2", "--quiet", "--out"];
    assert_eq!(podsim(&[&arguments[..], &[alone.to_str().unwrap()]].concat()).status.code(), Some(0));
    let (alone, arm) = (results(&alone, &alone), results(&dir.path().join("1/arms/native"), &dir.path().join("1/arms/native")));
    for name in ["figures.csv", "timeseries.csv", "plots/lifecycle.svg"] {
        assert!(alone[Path::new(name)] == arm[Path::new(name)], "{name} differs");
    }
}

#[test]
fn the_table_fits_100_columns_and_json_is_one_line() {
    let arms = ["compare", PACKING, "--arm", "all", "--arm", "few=spec.cluster.nodePools.node.count=12", "--duration", "1h", "--quiet"];
    let table = said(&podsim(&[&arms[..], &["--replications", "3"]].concat()).stdout);
    assert!(table.lines().all(|line| line.chars().count() <= 100), "{table}");
    assert!(table.contains("difference, paired CI") && table.contains("few: spec.cluster.nodePools.node.count=12"), "{table}");
    let chosen = said(&podsim(&[&arms[..], &["--replications", "2", "--measure", "scale.nodes,pods.created"]].concat()).stdout);
    assert!(chosen.contains("(scale.nodes)") && chosen.contains("(pods.created)") && !chosen.contains("(scheduler."), "{chosen}");
    let json = said(&podsim(&[&arms[..], &["--replications", "1", "--format", "json"]].concat()).stdout);
    assert_eq!(json.lines().count(), 1);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["measures"].as_array().unwrap().len(), measures().count());
    let verdicts: Vec<&str> =
        json["measures"].as_array().unwrap().iter().map(|measure| measure["arms"][1]["verdict"].as_str().unwrap()).collect();
    assert!(verdicts.contains(&"one replication: no interval") && !verdicts.contains(&"higher"), "{verdicts:?}");
}

#[test]
fn what_cannot_be_compared_exits_with_2_and_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    #[rustfmt::skip]
    let cases: [(&[&str], &str); 6] = [
        (&[PACKING],                                             "there are no arms to compare"),
        (&[PACKING, "--arm", "one"],                             "one arm cannot be compared"),
        (&[PACKING, "--arm", "a", "--arm", "a"],                 "two arms are called `a`"),
        (&[PACKING, "--arm", "a", "--arm", "b=spec.sede=1"],     "did you mean `seed`?"),
        (&[INJECTED, "--arm", "plain", "--arm", "nativ"],        "did you mean `native`?"),
        (&[INJECTED, "--measure", "restart.rate"],               "did you mean `restarts.rate`?"),
    ];
    for (arguments, want) in cases {
        let output = podsim(&[&["compare"], arguments, &["--out", out.to_str().unwrap()]].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(said(&output.stderr).contains(want), "{arguments:?}: {}", said(&output.stderr));
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    fs::create_dir(&out).unwrap();
    assert_eq!(podsim(&["compare", INJECTED, "--out", out.to_str().unwrap()]).status.code(), Some(2));
}
