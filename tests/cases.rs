//! The company cases of the library: their headline effects have the sign that their mechanism gives.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;

use podsim::experiment;
use podsim::reports::measure;
use podsim::scenarios::{Overrides, load_experiment};
use podsim::sim_core::measure::Outcome;

/// The replications of each arm of a case.
struct Case(Vec<(String, Vec<Outcome>)>);

impl Case {
    /// Runs all arms of a case for a while.
    fn run(name: &str, duration: &str, replications: u32) -> Self {
        let overrides = Overrides { duration: Some(duration.into()), ..Overrides::default() };
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/library/cases").join(name);
        let loaded = load_experiment(&path, &overrides, &[], None).unwrap_or_else(|problems| panic!("{}", problems.plain()));
        let specs: Vec<_> = loaded.arms.iter().map(|arm| &arm.loaded.spec).collect();
        let outcomes = experiment::compare(&specs, replications, 2, |_| true).unwrap();
        Self(loaded.arms.iter().map(|arm| arm.name.clone()).zip(outcomes).collect())
    }

    /// A measure of an arm in each replication.
    fn values(&self, arm: &str, id: &str) -> Vec<f64> {
        let (_, outcomes) = self.0.iter().find(|(name, _)| name == arm).unwrap();
        outcomes.iter().map(|outcome| (measure(id).unwrap().value)(outcome).unwrap()).collect()
    }

    /// A measure's mean over the replications of an arm.
    fn mean(&self, arm: &str, id: &str) -> f64 {
        let values = self.values(arm, id);
        values.iter().sum::<f64>() / values.len() as f64
    }

    /// True if a measure is greater in an arm than in another, in every pair.
    fn always_above(&self, id: &str, more: &str, less: &str) -> bool {
        self.values(more, id).iter().zip(self.values(less, id)).all(|(more, less)| *more > less)
    }
}

/// 480 service Pods with one collector of 64 Mi each, on 32 nodes with 32 Gi less 100 Mi; services have no other sidecar but 120 helpers.
#[test]
fn a_collector_in_every_pod_costs_the_memory_that_it_asks_for_and_a_container_more_to_start() {
    let case = Case::run("netflix-logging.yaml", "3h", 3);
    let added = case.mean("services", "utilization.allocated.memory") - case.mean("none", "utilization.allocated.memory");
    let want = 480.0 * 64.0 / (32.0 * (32.0 * 1024.0 - 100.0));
    assert!((added / want - 1.0).abs() < 0.03, "{added} for {want}");
    assert!(case.always_above("scale.nodes.occupied", "services", "none"));
    assert_eq!(case.values("services", "controllers.jobs_completed"), case.values("none", "controllers.jobs_completed"));
    // A native sidecar is waited for until a relist has seen it, up to a second later: half a second at the mean, and its start.
    assert!(case.always_above("startup.running.p50", "native", "none"));
}

/// A Job is complete when all regular containers of its Pod have ended, and the kubelet stops native sidecars then, nothing else.
#[test]
fn a_collector_that_is_a_regular_container_keeps_jobs_from_ever_completing() {
    let case = Case::run("netflix-logging.yaml", "6h", 2);
    assert!(case.mean("native", "controllers.jobs_completed") > 0.9 * case.mean("none", "controllers.jobs_completed"));
    assert!(case.mean("container", "controllers.jobs_completed").abs() < f64::EPSILON);
    assert!(case.mean("none", "pods.pending_at_end") < 5.0);
    assert!(case.mean("container", "pods.pending_at_end") > 100.0, "the nodes are full");
}

/// 100,000 entries by 500 requests a second: the hit rate is 0.8 after 200 s · ln(0.95 / 0.15).
#[test]
fn a_cold_cache_is_ready_when_the_curve_says_and_a_preloaded_one_when_its_init_container_is_done() {
    let case = Case::run("spotify-init-cache.yaml", "2d", 2);
    let cold = 200.0 * (0.95_f64 / 0.15).ln();
    for (arm, factor) in [("cold-fast", 0.5), ("cold", 1.0), ("cold-slow", 2.0)] {
        let ready = case.mean(arm, "startup.ready.mean");
        assert!((0.0..20.0).contains(&(ready - cold * factor)), "{arm}: {ready} for {}", cold * factor);
    }
    // The mean of lognormal(m, 0.3) is 4.6 % above m.
    let preload = case.mean("preload-slow", "startup.ready.mean") - case.mean("preload", "startup.ready.mean");
    assert!((preload / (67.0 * 1.046) - 1.0).abs() < 0.1, "{preload}");
    assert!(case.always_above("startup.ready.mean", "cold-fast", "preload"));
}

#[test]
fn a_proxy_costs_what_requests_cost_it_and_its_order_decides_what_is_lost_when_pods_go() {
    let case = Case::run("airbnb-proxy.yaml", "3d", 3);
    // 200 µs a request, and 2 millicores for 100 requests a second.
    let cpu = case.mean("native", "traffic.cpu.sidecars");
    assert!((cpu / 220e-6 - 1.0).abs() < 0.02, "{cpu}");
    assert!(case.mean("none", "traffic.cpu.sidecars").abs() < f64::EPSILON);
    // Its own crashes fail requests that nothing else fails.
    assert!(case.mean("native", "restarts.sidecar") > 0.0 && case.mean("none", "restarts.sidecar") == 0.0);
    assert!(case.always_above("traffic.failed_share", "native", "none"));
    // A regular container is down while the application still drains and clients still come.
    assert!(case.always_above("traffic.failed_share", "container", "native"));
    // Applications crash alike, whatever stands beside them.
    for arm in ["native", "container"] {
        assert_eq!(case.values(arm, "restarts.main"), case.values("none", "restarts.main"), "{arm}");
    }
    // A native one is up and passes its startup probe before the application starts.
    assert!(case.always_above("startup.ready.mean", "native", "none"));
    assert!(case.always_above("startup.running.p50", "native", "container"));
}
