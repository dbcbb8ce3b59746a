//! The experiments on best practices: each shows its effect, with the right sign, through the mechanism that it is about.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::path::Path;

use podsim::experiment;
use podsim::reports::measure;
use podsim::scenarios::{Overrides, load_experiment};

/// Measures of an arm, by their names: the mean over replications, nothing where none observed it.
struct Arm(BTreeMap<&'static str, f64>);

impl Arm {
    fn get(&self, id: &str) -> f64 {
        *self.0.get(id).unwrap_or_else(|| panic!("{id} is measured"))
    }
}

/// Runs two replications of every arm of an experiment of the library, for a part of its time.
fn arms(scenario: &str, duration: &str) -> BTreeMap<String, Arm> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/library/practice").join(scenario);
    let overrides = Overrides { duration: Some(duration.into()), ..Overrides::default() };
    let loaded = load_experiment(&path, &overrides, &[], None).unwrap_or_else(|problems| panic!("{}", problems.plain()));
    assert!(loaded.measures.iter().all(|id| measure(id).is_some()), "{:?}", loaded.measures);
    let specs: Vec<_> = loaded.arms.iter().map(|arm| &arm.loaded.spec).collect();
    let outcomes = experiment::compare(&specs, 2, 2, |_| true).unwrap();
    let means = |outcomes: &Vec<_>| {
        let figures = podsim::reports::figures(outcomes).into_iter();
        Arm(figures.filter_map(|figure| Some((figure.id, figure.mean?))).collect())
    };
    loaded.arms.iter().zip(&outcomes).map(|(arm, outcomes)| (arm.name.clone(), means(outcomes))).collect()
}

/// Asserts that measures of one arm are above those of another.
fn above(arms: &BTreeMap<String, Arm>, table: &[(&str, &str, &str)]) {
    for (id, more, less) in table {
        let (more_of, less_of) = (arms[*more].get(id), arms[*less].get(id));
        assert!(more_of > less_of, "{id}: {more} has {more_of}, {less} has {less_of}");
    }
}

/// Asserts that something never happens in an arm.
fn never(arms: &BTreeMap<String, Arm>, table: &[(&str, &str)]) {
    for (arm, id) in table {
        assert!(arms[*arm].get(id).abs() < 1e-12, "{id} in {arm}: {}", arms[*arm].get(id));
    }
}

#[test]
fn a_limit_of_its_own_keeps_a_leak_to_the_sidecar_that_leaks() {
    let arms = arms("sidecar-limits.yaml", "6h");
    never(
        &arms,
        &[
            ("limited", "evictions.memory"),
            ("limited", "memory.oom.node"),
            ("limited", "memory.oom.main"),
            ("limited", "restarts.main"),
            ("limited", "nodes.memory_pressure"),
            ("unlimited", "memory.oom.limit"),
        ],
    );
    above(
        &arms,
        &[
            ("evictions.memory", "unlimited", "limited"),
            ("evictions.memory.bystanders", "unlimited", "limited"),
            ("nodes.memory_pressure", "unlimited", "limited"),
            ("containers.main.down", "unlimited", "limited"),
            ("memory.oom.sidecar", "limited", "unlimited"),
            // The price: a sidecar that is down takes its Pod's readiness.
            ("pods.unready", "limited", "unlimited"),
        ],
    );
    let limited = &arms["limited"];
    assert!((limited.get("memory.oom.sidecar") - limited.get("restarts.sidecar")).abs() < 3.0, "each kill is a restart");
}

#[test]
fn requests_keep_a_burst_in_the_queue_that_would_otherwise_overrun_its_nodes() {
    let arms = arms("requests-limits.yaml", "24h");
    never(
        &arms,
        &[
            ("requests", "evictions.memory"),
            ("requests", "memory.oom.node"),
            ("limits", "memory.oom.node"),
            ("requests", "cpu.throttled.containers"),
            ("nothing", "memory.oom.limit"),
        ],
    );
    above(
        &arms,
        &[
            ("memory.oom.node", "nothing", "requests"),
            ("evictions.memory", "nothing", "requests"),
            ("cpu.contended.nodes", "nothing", "requests"),
            ("cpu.stretched", "nothing", "requests"),
            ("scale.pods_per_node", "nothing", "requests"),
            ("controllers.jobs_completed", "requests", "nothing"),
            ("scheduler.wait.p99", "requests", "nothing"),
            ("memory.oom.limit", "limits", "requests"),
            ("cpu.throttled.containers", "limits", "requests"),
        ],
    );
}

#[test]
fn a_readiness_probe_hides_a_hang_and_a_liveness_probe_ends_it() {
    let arms = arms("probes.yaml", "24h");
    assert!(!arms["none"].0.contains_key("failures.hang_detection.mean"), "nobody notices");
    for arm in ["readiness", "liveness", "both", "startup"] {
        let noticed = arms[arm].get("failures.hang_detection.mean");
        // Three failures, 10 s apart, the last a second late.
        assert!((21.0..31.0).contains(&noticed), "{arm}: {noticed} s");
    }
    never(&arms, &[("none", "restarts.main"), ("readiness", "restarts.main")]);
    above(
        &arms,
        &[
            ("traffic.failed_share", "none", "liveness"),
            ("traffic.failed_share", "liveness", "both"),
            ("traffic.dead_endpoints", "none", "readiness"),
            ("recovery.mean", "readiness", "both"),
            ("pods.unready", "readiness", "both"),
            // Slow starts are killed as if they hung, unless a startup probe holds the liveness probe back.
            ("failures.probe_kills", "both", "startup"),
            ("startup.ready.p99", "readiness", "none"),
        ],
    );
}

#[test]
fn an_application_that_need_not_scale_is_paid_for_where_it_shares_a_pod() {
    let arms = arms("single-responsibility.yaml", "24h");
    above(
        &arms,
        &[
            ("resources.cpu.requested", "together", "split"),
            ("resources.memory.requested", "together", "split"),
            ("resources.memory.used", "together", "split"),
            ("scale.nodes.occupied", "together", "split"),
            ("containers.stranded", "together", "split"),
            ("traffic.failed_share", "together", "split"),
            ("pods.live", "split", "together"),
        ],
    );
    // What is not needed: by day eight searches in each of eight shops, 3 GiB each, for 740 minutes of 1440.
    let memory = arms["together"].get("resources.memory.requested") - arms["split"].get("resources.memory.requested");
    let want = 8.0 * 8.0 * 740.0 / 1440.0 * 3.0 * f64::from(1 << 30);
    assert!((memory / want - 1.0).abs() < 0.01, "{memory} bytes, not {want}");
}
